//! A small catalog whose every byte the tests know, and how a test publishes it to a deployment.

use anyhow::{Context as _, Result, ensure};
use api::{CatalogRoot, IngestedFile, RootUpdate, Stream};
use catalog::{BuiltCatalog, Episode, Source, Title};

pub use crate::bytes::{CLIP_BYTES, CLIP_SEED, PNG};
use crate::{bytes, deployment::Deployment, http::Request};

/// Id of a title with one episode, two files and a poster.
pub const FILM: &str = "night-train";
/// Id of a title with three episodes. There is a dot in it, and its last episode does not play.
pub const SERIES: &str = "north.and.south";
/// Id of a title whose episode has no file.
pub const EMPTY_TITLE: &str = "to-come";
/// Id of the title that only [`titles_and_one_more`] has.
pub const ONE_MORE: &str = "zebra";

/// Id of a source of 1000 bytes, which the cases about ranges read.
pub const CLIP: &str = "0123456789abcdef0123456789abcdef";
/// Id of a source of several chunks.
pub const LONG: &str = "00112233445566778899aabbccddeeff";
/// Bytes of [`LONG`].
pub const LONG_BYTES: usize = 3_000_001;
/// Id of a source of no bytes.
pub const EMPTY: &str = "ffffffffffffffffffffffffffffffff";
/// Id of a source that plays, the second episode of [`SERIES`]. Its bytes are [`playable_film`].
pub const PLAYABLE: &str = "beefbeefbeefbeefbeefbeefbeefbeef";
/// Id of a picture.
pub const POSTER: &str = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

/// Seed of the content of [`LONG`].
pub const LONG_SEED: u64 = 2;

/// The bytes of [`PLAYABLE`]: the demo's clip of sixteen seconds.
pub fn playable_film() -> &'static [u8] {
    include_bytes!("../../local-runtime/demo/clip.mp4")
}

/// The titles of the catalog.
pub fn titles() -> Vec<Title> {
    let film = Title {
        id: FILM.into(),
        title: "Night Train".into(),
        synopsis: "A train, at night. \u{2014} \"Quoted\" & <tagged>.".into(),
        genres: vec!["Drama".into(), "Railway".into()],
        metadata: [("year".to_owned(), "1959".to_owned())].into(),
        cover: Some(POSTER.into()),
        banner: None,
        added_at_ms: 3_000,
        episodes: vec![Episode {
            number: 1,
            title: "Night Train".into(),
            duration_ms: Some(60_000),
            sources: vec![
                source(LONG, LONG_BYTES, 1080, Ok("avc1.640028, mp4a.40.2")),
                source(CLIP, CLIP_BYTES, 720, Ok("avc1.64001f, mp4a.40.2")),
            ],
            ..Episode::default()
        }],
        ..Title::default()
    };
    let reason = "no browser plays ac-3 in MP4";
    let series = Title {
        id: SERIES.into(),
        title: "North and South".into(),
        added_at_ms: 2_000,
        episodes: vec![
            episode(1, vec![source(LONG, LONG_BYTES, 1080, Ok("avc1.640028"))]),
            episode(2, vec![source(PLAYABLE, playable_film().len(), 480, Ok("avc1.42c01e"))]),
            episode(3, vec![source(EMPTY, 0, 0, Err(reason))]),
        ],
        ..Title::default()
    };
    vec![film, series, single(EMPTY_TITLE, vec![])]
}

/// The same titles and [`ONE_MORE`]. A test that reads the first catalog finds all of it in this.
pub fn titles_and_one_more() -> Vec<Title> {
    let mut titles = titles();
    titles.push(single(ONE_MORE, vec![source(CLIP, CLIP_BYTES, 720, Ok("avc1.64001f"))]));
    titles
}

fn single(id: &str, sources: Vec<Source>) -> Title {
    let episodes = vec![episode(1, sources)];
    Title { id: id.into(), title: id.into(), added_at_ms: 1_000, episodes, ..Title::default() }
}

fn episode(number: u32, sources: Vec<Source>) -> Episode {
    Episode {
        number,
        title: format!("Part {number}"),
        released_at: Some(format!("2026-01-0{number}")),
        duration_ms: Some(60_000),
        sources,
        ..Episode::default()
    }
}

fn source(id: &str, size: usize, height: u32, codec: Result<&str, &str>) -> Source {
    Source {
        id: id.into(),
        size_bytes: size as u64,
        container: "mp4".into(),
        height: (height > 0).then_some(height),
        codec: codec.ok().map(Into::into),
        missing: Vec::new(),
        playable: codec.is_ok(),
        reason: codec.err().map(Into::into),
        duration_ms: Some(60_000),
    }
}

/// Puts the objects and the catalog into a deployment, and makes the catalog current.
pub fn install(deployment: &Deployment) -> Result<BuiltCatalog> {
    let media = |id: &str| api::paths::media_key(id);
    deployment.put_object(&media(CLIP), &bytes::content(CLIP_SEED, 0, CLIP_BYTES))?;
    deployment.put_object(&media(LONG), &bytes::content(LONG_SEED, 0, LONG_BYTES))?;
    deployment.put_object(&media(EMPTY), &[])?;
    deployment.put_object(&media(PLAYABLE), playable_film())?;
    deployment.put_object(&api::paths::image_key(POSTER), PNG)?;
    let build = catalog::build(titles())?;
    put_packs(deployment, &build)?;
    let current = root(deployment)?.map(|root| root.manifest);
    flip(deployment, &build, current)?;
    Ok(build)
}

/// Ingests a film of the provider `one` by its name there.
pub fn ingest(deployment: &Deployment, file: &str) -> Result<IngestedFile> {
    let body = serde_json::json!({"provider": "one", "file": file}).to_string();
    let request = deployment.admin(Request::post(api::paths::ADMIN_SOURCES, body));
    let response = request.send(&deployment.origin)?;
    let text = String::from_utf8_lossy(&response.body).into_owned();
    ensure!(response.status == 201, "ingesting {file}: {} {text}", response.status);
    response.envelope()?.data.ok_or_else(|| anyhow::anyhow!("ingesting {file}: {text}"))
}

/// Publishes a catalog of one title whose episodes have these sources.
pub fn publish_title(deployment: &Deployment, title: &str, films: &[IngestedFile]) -> Result<()> {
    let episode = |(number, film): (u32, &IngestedFile)| Episode {
        number,
        sources: vec![Source {
            id: film.id.clone(),
            size_bytes: film.size_bytes,
            container: "mp4".into(),
            playable: true,
            ..Source::default()
        }],
        ..Episode::default()
    };
    let episodes = (1..).zip(films).map(episode).collect();
    let build = catalog::build(vec![Title { id: title.into(), episodes, ..Title::default() }])?;
    put_packs(deployment, &build)?;
    let current = root(deployment)?.map(|root| root.manifest);
    flip(deployment, &build, current).map(drop)
}

/// The signed media URL of an episode, such as `title.1`.
pub fn media_url(deployment: &Deployment, episode: &str) -> Result<String> {
    let response = Request::get(format!("/api/v2/stream/{episode}")).send(&deployment.origin)?;
    let stream = response.envelope::<Stream>()?.data.and_then(|stream| stream.preferred_stream);
    Ok(stream.with_context(|| format!("{episode} has no stream: {}", response.status))?.url)
}

/// Splits a start into its boxes and the film's bytes, which are in the last one, `byte`.
pub fn split_start(start: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let rest = start.get(at..)?;
        if rest.get(4..8)? == b"byte" {
            return Some((start.get(..at)?, rest.get(8..)?));
        }
        at += u32::from_be_bytes(*rest.first_chunk()?).max(8) as usize;
    }
}

/// Stores every pack of a catalog.
pub fn put_packs(deployment: &Deployment, build: &BuiltCatalog) -> Result<()> {
    for pack in build.packs.iter().chain([&build.manifest]) {
        let request =
            Request::put(format!("{}{}", api::paths::ADMIN_PACKS, pack.hash), &*pack.bytes);
        let response = deployment.admin(request).send(&deployment.origin)?;
        let text = String::from_utf8_lossy(&response.body);
        ensure!(matches!(response.status, 200 | 201), "pack: {} {text}", response.status);
    }
    Ok(())
}

/// The root: which catalog is current.
pub fn root(deployment: &Deployment) -> Result<Option<CatalogRoot>> {
    let request = deployment.admin(Request::get(api::paths::ADMIN_ROOT));
    let response = request.send(&deployment.origin)?;
    ensure!(response.status == 200, "reading the root: {}", response.status);
    Ok(response.envelope::<CatalogRoot>()?.data)
}

/// Makes a catalog current.
pub fn flip(
    deployment: &Deployment,
    build: &BuiltCatalog,
    previous: Option<String>,
) -> Result<CatalogRoot> {
    let flip = RootUpdate { manifest: build.manifest.hash.clone(), previous };
    let request = Request::put(api::paths::ADMIN_ROOT, serde_json::to_vec(&flip)?);
    let response = deployment.admin(request).send(&deployment.origin)?;
    let text = String::from_utf8_lossy(&response.body).into_owned();
    ensure!(response.status == 200, "flip: {} {text}", response.status);
    response.envelope()?.data.ok_or_else(|| anyhow::anyhow!("flip: {text}"))
}
