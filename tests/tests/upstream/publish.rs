//! `firstframe publish` of titles whose pictures lie with a provider.

use std::{fs, path::Path, process::Command};

use api::TitleDetail;
use tests::{
    fixture::{PNG, playing},
    http::Request,
    process::firstframe,
    upstream::PICTURE,
};

use crate::fixture::UpstreamFixture;

/// Publishes it; what was said.
fn publish(fixture: &UpstreamFixture, library: &Path) -> String {
    let data = fixture.folder.path().join("data");
    let mut command = Command::new(firstframe().expect("firstframe"));
    let run = command.arg("publish").arg(library).arg("--data").arg(data).output();
    let run = run.expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    said
}

#[test]
fn a_catalog_takes_up_pictures_of_a_provider() {
    let fixture = UpstreamFixture::new(&[]);
    let library = tempfile::tempdir().expect("a folder");
    let write = |name, bytes: &[u8]| fs::write(library.path().join(name), bytes).expect("a file");
    write("a.mp4", playing());
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
    let said = publish(&fixture, library.path());
    assert!(said.contains("picture a film of one: "), "{said}");
    assert!(said.contains("no provider is called nobody"), "{said}");
    assert!(said.contains("Published 2 titles"), "{said}");

    let title = |id: &str| {
        // An instance looks for another catalog every two seconds.
        let found = (0..50).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let answer = fixture.send(&Request::get(format!("/api/v2/catalog/{id}")));
            answer.envelope::<TitleDetail>().ok()?.data
        });
        found.expect("a title")
    };
    let good = title("good");
    for url in [&good.cover_image, good.banner_image.as_ref().expect("a banner")] {
        let picture = fixture.send(&Request::get(url.as_str()));
        assert!(picture.status == 200 && picture.body == PNG, "{url}: {}", picture.status);
    }
    assert_ne!(title("bad").cover_image, good.cover_image);
}
