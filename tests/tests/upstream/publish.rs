//! `firstframe publish` of titles whose pictures are a provider's.

use std::{fs, path::Path, thread, time::Duration};

use api::TitleDetail;
use tests::{
    fixture::{PNG, playable_film},
    http::Request,
    process::firstframe_command,
    upstream::PICTURE,
};

use crate::fixture::UpstreamFixture;

/// Publishes a folder and returns what `publish` printed.
fn publish(fixture: &UpstreamFixture, library: &Path) -> String {
    let data = fixture.folder.path().join("data");
    let mut command = firstframe_command().expect("firstframe");
    let run = command.arg("publish").arg(library).arg("--data").arg(data).output();
    let run = run.expect("it runs");
    let stdout = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{stdout}{}", String::from_utf8_lossy(&run.stderr));
    stdout
}

fn title(fixture: &UpstreamFixture, id: &str) -> TitleDetail {
    // An instance reads the root every two seconds.
    let title = (0..50).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        let response = fixture.send(&Request::get(format!("/api/v2/catalog/{id}")));
        response.envelope::<TitleDetail>().ok()?.data
    });
    title.expect("a title")
}

#[test]
fn publish_ingests_pictures_of_a_provider_and_reports_those_it_cannot() {
    let fixture = UpstreamFixture::new(&[]);
    let library = tempfile::tempdir().expect("a folder");
    let write = |name, bytes: &[u8]| fs::write(library.path().join(name), bytes).expect("a file");
    write("a.mp4", playable_film());
    let catalog = format!(
        r#"
        [[titles]]
        title = "Good"
        file = "a.mp4"
        cover = {{ provider = "one", file = "{PICTURE}" }}
        banner = {{ provider = "one", file = "{PICTURE}" }}
        [[titles]]
        title = "Bad"
        file = "a.mp4"
        cover = {{ provider = "one", file = "a film" }}
        banner = {{ provider = "nobody", file = "{PICTURE}" }}
        "#
    );
    write("catalog.toml", catalog.as_bytes());
    let stdout = publish(&fixture, library.path());
    assert!(stdout.contains("picture a film of one: "), "{stdout}");
    assert!(stdout.contains("the setting providers has no `nobody`"), "{stdout}");
    assert!(stdout.contains("Published 2 titles"), "{stdout}");

    let good = title(&fixture, "good");
    for url in [&good.cover_image, good.banner_image.as_ref().expect("a banner")] {
        let picture = fixture.send(&Request::get(url.as_str()));
        assert!(picture.status == 200 && picture.body == PNG, "{url}: {}", picture.status);
    }
    assert_ne!(title(&fixture, "bad").cover_image, good.cover_image);
}
