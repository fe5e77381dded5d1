//! What rclone, the AWS command line and boto3 do with the object store, each step as a person would
//! type it. `docs/s3.md` has the same settings.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Result;
use tests::{deployment::Deployment, process::workspace};

use crate::table::DONE;

/// Commands of one client. They run in a folder that has `film.mp4`, and the folder `tree` with
/// files of odd names.
pub(crate) struct Step {
    pub(crate) client: &'static str,
    pub(crate) what: &'static str,
    shell: &'static str,
}

const fn step(client: &'static str, what: &'static str, shell: &'static str) -> Step {
    Step { client, what, shell }
}

/// The tree, and how it is compared with a copy.
const PRELUDE: &str = "set -e
mkdir -p tree/a tree/'b c'; cd tree
printf one > a/1; printf two > 'b c/+&=%.txt'; printf three > 'ä.txt'; : > empty; cd ..
rm -rf back; mkdir back
";

pub(crate) const STEPS: [Step; 17] = [
    step("rclone", "lists the bucket", "rclone lsd ff: | grep -q firstframe"),
    step(
        "rclone",
        "copies a folder, checks it by MD5 and copies it back",
        "rclone copy tree ff:firstframe/r/tree && rclone check tree ff:firstframe/r/tree 2>log
         ! grep -q 'could not be checked' log
         rclone copy ff:firstframe/r/tree back && diff -r tree back",
    ),
    step(
        "rclone",
        "keeps the times of files, and sends nothing a second time",
        "touch -d 2020-02-02 tree/a/1 && rclone copy tree ff:firstframe/r/tree
         rclone lsf -F tp ff:firstframe/r/tree/a | grep -q ^2020-02-02
         rclone sync -v tree ff:firstframe/r/tree 2>&1 | grep -q 'nothing to transfer'",
    ),
    step(
        "rclone",
        "uploads in parts, also as to Minio, whose ETag it checks",
        "for provider in Other Minio; do
           RCLONE_CONFIG_FF_PROVIDER=$provider rclone copyto --s3-upload-cutoff 5M \
             --s3-chunk-size 5M film.mp4 ff:firstframe/r/film.mp4
           rclone copyto ff:firstframe/r/film.mp4 back/$provider && cmp film.mp4 back/$provider
         done",
    ),
    step(
        "rclone",
        "copies and moves within the store, whole and in parts",
        "rclone copyto ff:firstframe/r/film.mp4 ff:firstframe/r/copy.mp4
         rclone moveto --s3-copy-cutoff 5M ff:firstframe/r/copy.mp4 ff:firstframe/r/moved.mp4
         rclone copy ff:firstframe/r/moved.mp4 back && cmp film.mp4 back/moved.mp4
         ! rclone lsf ff:firstframe/r | grep -q ^copy.mp4",
    ),
    step(
        "rclone",
        "uploads a stream of unknown length",
        "cat film.mp4 | rclone rcat ff:firstframe/r/stream.mp4
         rclone cat ff:firstframe/r/stream.mp4 | cmp - film.mp4",
    ),
    step(
        "rclone",
        "makes a signed URL",
        "curl -sSf \"$(rclone link ff:firstframe/r/film.mp4)\" | cmp - film.mp4",
    ),
    step(
        "rclone",
        "deletes a folder",
        "rclone purge ff:firstframe/r && test -z \"$(rclone lsf ff:firstframe/r)\"",
    ),
    step("aws", "lists the bucket", "aws s3 ls | grep -q firstframe"),
    step(
        "aws",
        "copies a film there and back, in parts and with CRC64NVME",
        "aws s3 cp --quiet --checksum-algorithm CRC64NVME film.mp4 s3://firstframe/w/film.mp4
         aws s3 cp --quiet s3://firstframe/w/film.mp4 back/ && cmp film.mp4 back/film.mp4",
    ),
    step(
        "aws",
        "synchronizes a folder both ways, and sends nothing a second time",
        "aws s3 sync --quiet tree s3://firstframe/w/tree
         aws s3 sync --quiet s3://firstframe/w/tree back && diff -r tree back
         test -z \"$(aws s3 sync tree s3://firstframe/w/tree)\"",
    ),
    step(
        "aws",
        "moves a film within the store, in parts",
        "aws s3 mv --quiet s3://firstframe/w/film.mp4 s3://firstframe/w/moved.mp4
         aws s3 cp --quiet s3://firstframe/w/moved.mp4 back/ && cmp film.mp4 back/moved.mp4
         ! aws s3 ls s3://firstframe/w/film.mp4",
    ),
    step(
        "aws",
        "lists by version 1 with a delimiter, and reads metadata",
        "aws s3api put-object --bucket firstframe --key w/m --body tree/a/1 \
           --metadata a=b --cache-control no-store >/dev/null
         aws s3api head-object --bucket firstframe --key w/m | grep -q no-store
         aws s3api list-objects --bucket firstframe --prefix w/ --delimiter / | grep -q w/tree/
         aws s3api get-bucket-location --bucket firstframe >/dev/null",
    ),
    step(
        "aws",
        "signs a URL and deletes a folder",
        "curl -sSf \"$(aws s3 presign s3://firstframe/w/moved.mp4)\" | cmp - film.mp4
         aws s3 rm --quiet --recursive s3://firstframe/w/ && ! aws s3 ls s3://firstframe/w/",
    ),
    step(
        "boto3",
        "does all operations, conditions and checksums of its client",
        "python3 \"$WORKSPACE/tests/examples/clients/boto3_operations.py\"",
    ),
    step(
        "boto3",
        "writes through many connections at once",
        "python3 \"$WORKSPACE/tests/examples/clients/boto3_operations.py\" parallel",
    ),
    step(
        "curl --aws-sigv4",
        "uploads and downloads a film",
        "curl -sSf --aws-sigv4 aws:amz:us-east-1:s3 -u \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
           -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -T film.mp4 \"$ENDPOINT/firstframe/c/film.mp4\"
         curl -sSf --aws-sigv4 aws:amz:us-east-1:s3 -u \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
           -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \"$ENDPOINT/firstframe/c/film.mp4\" | cmp - film.mp4",
    ),
];

impl Step {
    /// Runs the commands. Returns [`DONE`], or what the last of them said.
    pub(crate) fn run(&self, deployment: &Deployment, folder: &Path) -> String {
        self.output(deployment, folder).unwrap_or_else(|error| format!("{error:#}"))
    }

    fn output(&self, deployment: &Deployment, folder: &Path) -> Result<String> {
        let server = deployment.server()?;
        let (keys, endpoint) = (&server.keys, &server.runtime.s3_endpoint);
        let mut shell = Command::new("timeout");
        shell.args(["180", "bash", "-c"]).arg(format!("{PRELUDE}{}", self.shell));
        shell.current_dir(folder).stdin(Stdio::null()).env("HOME", folder);
        // Debian's rclone cannot combine this variable with its own HTTP client.
        shell.env_remove("AWS_CA_BUNDLE");
        let settings = [
            ("WORKSPACE", workspace().to_string_lossy().into_owned()),
            ("ENDPOINT", endpoint.clone()),
            ("AWS_ENDPOINT_URL", endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", keys.s3_access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", keys.s3_secret_key.clone()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("RCLONE_CONFIG", "/dev/null".to_owned()),
            ("RCLONE_CONFIG_FF_TYPE", "s3".to_owned()),
            ("RCLONE_CONFIG_FF_PROVIDER", "Other".to_owned()),
            ("RCLONE_CONFIG_FF_ENDPOINT", endpoint.clone()),
            ("RCLONE_CONFIG_FF_ACCESS_KEY_ID", keys.s3_access_key.clone()),
            ("RCLONE_CONFIG_FF_SECRET_ACCESS_KEY", keys.s3_secret_key.clone()),
        ];
        let output = shell.envs(settings).output()?;
        if output.status.success() {
            return Ok(DONE.to_owned());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Ok(format!("{}: {last}", output.status))
    }
}
