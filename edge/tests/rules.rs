//! The smaller rules: keys, encodings, pictures, what to play.

use api::SelectionReason;
use catalog::Source;
use edge::rules::{header_values, picture, selection};

#[test]
fn admin_key_must_match_whole() {
    for (header, lets_in) in [
        (Some("Bearer secret"), true),
        (Some("bearer secret"), true),
        (Some("Bearer  secret "), true),
        (Some("Bearer secre"), false),
        (Some("Bearer secrets"), false),
        (Some("Bearer SECRET"), false),
        (Some("Bearer"), false),
        (Some("Bearer "), false),
        (Some("Basic secret"), false),
        (Some("secret"), false),
        (Some(""), false),
        (None, false),
    ] {
        let name = lets_in.then_some("admin");
        assert_eq!(header_values::admin_key_name(header, "secret"), name, "{header:?}");
    }
}

#[test]
fn empty_admin_key_matches_nothing() {
    for header in [None, Some(""), Some("Bearer "), Some("Bearer  ")] {
        for setting in ["", "a:", "a:,b:", ",", ":"] {
            assert_eq!(header_values::admin_key_name(header, setting), None, "{header:?}");
        }
    }
}

#[test]
fn each_of_several_admin_keys_is_known_by_its_name() {
    let name = |sent: &str, setting| {
        header_values::admin_key_name(Some(&format!("Bearer {sent}")), setting)
    };
    let setting = "ci:one, laptop:two";
    assert_eq!((name("one", setting), name("two", setting)), (Some("ci"), Some("laptop")));
    for wrong in ["ci", "ci:one", "on", "one, laptop:two", "", ":"] {
        assert_eq!(name(wrong, setting), None, "{wrong}");
    }
    // A single key of today may look like several.
    for single in ["a:b", "one,two", "ci:one, laptop:two"] {
        assert!(name(single, single).is_some(), "{single}");
    }
    assert_eq!(name("two", "one,two"), None, "a key without a name stands alone");
    assert_eq!(name("six", "a:1,b:2,c:3,d:4,e:six"), None, "a limited number of keys");
}

#[test]
fn page_is_wanted_by_browsers_that_open_an_address() {
    for (header, wanted) in [
        (Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), true),
        (Some("application/json, TEXT/HTML ; q=0.5"), true),
        (Some("*/*"), false),
        (Some("application/json"), false),
        (Some("text/html;q=0, */*"), false),
        (Some(""), false),
        (None, false),
    ] {
        assert_eq!(header_values::wants_page(header), wanted, "{header:?}");
    }
}

#[test]
fn gzip_is_sent_to_clients_that_accept_it_as_12_5_3_says() {
    for (header, accepts) in [
        (None, false),
        (Some(""), false),
        (Some("gzip"), true),
        (Some("GZIP"), true),
        (Some("x-gzip"), true),
        (Some("br, gzip;q=0.5"), true),
        (Some("gzip; q=0"), false),
        (Some("gzip;q=0.000, *"), false),
        (Some("*"), true),
        (Some("*;q=0"), false),
        (Some("identity"), false),
        (Some("br"), false),
    ] {
        assert_eq!(header_values::accepts_gzip(header), accepts, "{header:?}");
    }
}

#[test]
fn etag_is_strong_and_depends_on_every_byte() {
    let tag = header_values::entity_tag(b"one");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() == 34, "{tag}");
    assert_ne!(tag, header_values::entity_tag(b"ons"));
    assert_eq!(tag, header_values::entity_tag(b"one"));
}

#[test]
fn picture_type_is_found_by_the_first_bytes() {
    for (head, media_type) in [
        (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], Some("image/jpeg")),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some("image/png")),
        (b"GIF89a\x01\0\x01\0", Some("image/gif")),
        (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", Some("image/avif")),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1", Some("image/avif")),
        // Scripts in a picture's clothes, and films.
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2", None),
        (b"RIFF\x24\0\0\0WAVEfmt ", None),
        (b"GIF8", None),
        (b"<!doctype html>", None),
        (b"\xff\xd8", None),
        (b"", None),
    ] {
        assert_eq!(picture::media_type(head), media_type, "{head:?}");
    }
}

fn source(container: &str, height: Option<u32>, playable: bool) -> Source {
    let id = format!("{container}-{}", height.unwrap_or(0));
    Source { id, container: container.into(), height, playable, ..Source::default() }
}

#[test]
fn the_preferred_file_is_the_one_that_starts_quickly_everywhere() {
    let mp4 = |height| source("mp4", Some(height), true);
    for (sources, best, reason) in [
        (vec![mp4(1080), mp4(720), mp4(480)], "720p", SelectionReason::Preferred720pDirectMp4),
        (vec![mp4(480), mp4(1080), mp4(2160)], "1080p", SelectionReason::PreferredDirectMp4),
        (vec![mp4(2160), mp4(480), mp4(360)], "480p", SelectionReason::PreferredDirectMp4),
        (vec![source("mp4", None, true)], "unknown", SelectionReason::PreferredDirectMp4),
        (
            vec![source("mkv", Some(720), true), mp4(480)],
            "480p",
            SelectionReason::PreferredDirectMp4,
        ),
        (
            vec![source("mp4", Some(720), false), source("mkv", Some(480), false)],
            "720p",
            SelectionReason::HighestRankedCandidate,
        ),
    ] {
        let (candidates, why) = selection::choose(&sources);
        assert_eq!((candidates[0].quality.as_str(), why), (best, reason), "{sources:?}");
        let ranks: Vec<u32> = candidates.iter().map(|c| c.estimated_priority).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}

#[test]
fn mp4_files_are_offered_alone_where_one_plays_and_each_height_once() {
    let sources = [
        source("mp4", Some(720), true),
        source("mp4", Some(720), true),
        source("mp4", Some(1080), true),
        source("mkv", Some(720), true),
    ];
    let (candidates, _) = selection::choose(&sources);
    let offered: Vec<&str> = candidates.iter().map(|c| c.url.as_str()).collect();
    assert_eq!(offered, ["/api/v2/media/mp4-720", "/api/v2/media/mp4-1080"]);
}

#[test]
fn an_episode_without_files_has_no_candidate() {
    assert_eq!(selection::choose(&[]), (Vec::new(), SelectionReason::NoCandidate));
}

#[test]
fn candidates_are_capped() {
    let sources: Vec<Source> = (1..200).map(|h| source("mp4", Some(h), true)).collect();
    assert_eq!(selection::choose(&sources).0.len(), 32);
}
