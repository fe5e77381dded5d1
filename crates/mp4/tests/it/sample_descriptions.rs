//! Sample descriptions: carried as they are, renamed where Safari wants it, and switched where they
//! differ.

use mp4::plan::{self, Selection};
use mp4::{Index, Support, Unplayable, init};

use crate::fmp4;
use crate::mp4_writer::{self, PLAIN, boxed};
use crate::playback;

/// A sample entry for video with these boxes in it.
fn entry(kind: [u8; 4], boxes: &[Vec<u8>]) -> Vec<u8> {
    let mut fixed = vec![0; 78];
    fixed[7] = 1;
    fixed[24..28].copy_from_slice(&[5, 0, 2, 0xd0]);
    boxed(kind, &[&fixed, &boxes.concat()])
}

fn avcc(level: u8) -> Vec<u8> {
    boxed(*b"avcC", &[&[1, 0x64, 0, level, 0xff, 0xe0, 0]])
}

/// With these kinds of parameter sets.
fn hvcc(sets: &[u8]) -> Vec<u8> {
    let mut content = vec![1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
    content.extend([0; 9]);
    content.push(u8::try_from(sets.len()).unwrap());
    content.extend(sets.iter().flat_map(|kind| [*kind, 0, 1, 0, 1, 0xaa]));
    boxed(*b"hvcC", &[&content])
}

/// A film of 24 pictures, four in a chunk, with these descriptions; `described` says which one each
/// chunk has.
fn film(entries: &[Vec<u8>], described: &[u32]) -> Vec<u8> {
    let shape = mp4_writer::Shape { chunk: [4, 4], ..PLAIN };
    let file = mp4_writer::file(&[mp4_writer::video(24, 4)], &shape);
    let count = u32::try_from(entries.len()).unwrap().to_be_bytes();
    let stsd = boxed(*b"stsd", &[&[0; 4], &count, &entries.concat()]);
    let rows: Vec<u8> = (1_u32..)
        .zip(described)
        .flat_map(|(chunk, number)| [chunk, 4, *number].map(u32::to_be_bytes).concat())
        .collect();
    let rows_count = u32::try_from(described.len()).unwrap().to_be_bytes();
    let chunks = boxed(*b"stsc", &[&[0; 4], &rows_count, &rows]);
    let tkhd = |old: &[u8]| {
        let mut tkhd = old.to_vec();
        tkhd[48..84].copy_from_slice(&ROTATED);
        tkhd
    };
    // `moov` comes last: whatever size it gets, the media stays where it is.
    rebuilt(&file, &|kind, whole| match kind {
        b"stsd" => Some(stsd.clone()),
        b"stsc" => Some(chunks.clone()),
        b"tkhd" => Some(tkhd(whole)),
        _ => None,
    })
}

/// Turned by 90 degrees.
const ROTATED: [u8; 36] = [
    0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xd0, 0, 0, 0,
    0, 0, 0, 0x40, 0, 0, 0,
];

/// What stands instead of a box, by its kind and bytes.
type Replace<'a> = dyn Fn(&[u8; 4], &[u8]) -> Option<Vec<u8>> + 'a;

/// `bytes` with some boxes in it replaced.
fn rebuilt(bytes: &[u8], replace: &Replace<'_>) -> Vec<u8> {
    let inside = |kind: &[u8; 4], whole: &[u8]| match kind {
        b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" => {
            boxed(*kind, &[&rebuilt(&whole[8..], replace)])
        }
        _ => whole.to_vec(),
    };
    let boxes = fmp4::boxes(bytes).into_iter();
    boxes.flat_map(|(kind, _, b)| replace(&kind, b).unwrap_or_else(|| inside(&kind, b))).collect()
}

/// A part of the `stbl` of an initialization segment.
fn stsd(init: &[u8]) -> &[u8] {
    fmp4::find(init, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"]).unwrap()
}

#[test]
fn colour_aspect_stereo_and_rotation_are_copied() {
    let extras = [
        boxed(*b"colr", &[b"nclx\0\x09\0\x10\0\x09\x80"]),
        boxed(*b"mdcv", &[&[7; 24]]),
        boxed(*b"clli", &[&[3; 4]]),
        boxed(*b"pasp", &[&[0, 0, 0, 4, 0, 0, 0, 3]]),
        boxed(*b"fiel", &[&[2, 9]]),
        boxed(*b"st3d", &[&[0, 0, 0, 0, 2]]),
        boxed(*b"sv3d", &[&boxed(*b"svhd", &[&[0; 5]])]),
        boxed(*b"vexu", &[&boxed(*b"eyes", &[&[1; 9]])]),
    ];
    let boxes = [&[avcc(31)], &extras[..]].concat();
    let file = film(&[entry(*b"avc1", &boxes)], &[1]);
    let init = init::write(&Index::parse(playback::moov(&file)).unwrap(), 0).unwrap();
    assert_eq!(stsd(&init)[8..], entry(*b"avc1", &boxes));
    let tkhd = fmp4::find(&init, &[b"moov", b"trak", b"tkhd"]).unwrap();
    assert_eq!(tkhd[40..76], ROTATED);
}

/// The boxes in the only video entry of the initialization segment of a film with this entry.
fn written(kind: [u8; 4], lines: u8, boxes: &[Vec<u8>]) -> Vec<u8> {
    let mut entry = entry(kind, boxes);
    entry[8 + 24..8 + 28].copy_from_slice(&[2, 0x80, lines / 16, lines % 16 * 16]);
    let file = film(&[entry], &[1]);
    let init = init::write(&Index::parse(playback::moov(&file)).unwrap(), 0).unwrap();
    let (_, _, moov) = fmp4::boxes(&init)[1];
    assert_eq!(init.len(), fmp4::boxes(&init)[0].2.len() + moov.len());
    stsd(&init)[16 + 78..].to_vec()
}

#[test]
fn colours_are_those_of_the_own_player_where_a_film_states_none() {
    let colr = |content: &[u8]| boxed(*b"colr", &[content]);
    let bt_601 = colr(b"nclx\0\x06\0\x06\0\x06\0");
    let avc1 = |lines, boxes: &[Vec<u8>]| written(*b"avc1", lines, boxes);
    // Lines in sixteens.
    for (lines, colour) in [(15, &bt_601[..]), (36, &bt_601), (44, &bt_601), (45, &[]), (68, &[])] {
        assert_eq!(avc1(lines, &[avcc(31)]), [colour, &avcc(31)].concat(), "{lines}");
    }
    let stated = colr(b"nclx\0\x01\0\x01\0\x01\x80");
    let unknown = colr(b"nclx\0\x02\0\x02\0\x02\0");
    let profile = colr(b"prof\0\0\0\0");
    let quicktime = colr(b"nclc\0\x09\0\x01\0\x09");
    let translated = colr(b"nclx\0\x09\0\x01\0\x09\0");
    for (before, added) in [
        (&[stated.clone()][..], &[][..]),
        (&[profile.clone(), stated.clone()], &[]),
        (&[unknown], &bt_601),
        (&[profile], &bt_601),
        (&[quicktime], &translated),
    ] {
        let boxes = [before, &[avcc(31)]].concat();
        assert_eq!(avc1(36, &boxes), [added, &boxes.concat()].concat());
    }
    let vpcc = |matrix| boxed(*b"vpcC", &[&[1, 0, 0, 0, 0, 31, 0x82, 1, 1, matrix, 0, 0]]);
    for (lines, matrix, colour) in [(36, 2, &bt_601[..]), (68, 2, &bt_601), (36, 1, &[])] {
        assert_eq!(written(*b"vp09", lines, &[vpcc(matrix)]), [colour, &vpcc(matrix)].concat());
    }
    let av1c = boxed(*b"av1C", &[&[0x81, 5, 0x0c, 0]]);
    for (lines, before, added) in
        [(36, None, &bt_601[..]), (68, None, &bt_601), (36, Some(stated), &[])]
    {
        let boxes: Vec<Vec<u8>> = before.into_iter().chain([av1c.clone()]).collect();
        assert_eq!(written(*b"av01", lines, &boxes), [added, &boxes.concat()].concat());
    }
}

#[test]
fn hevc_entries_are_renamed_where_hvcc_has_all_parameter_sets() {
    let dovi = boxed(*b"dvvC", &[&[1, 0, 0x10, 0x35, 0x10], &[0; 19]]);
    for (kind, boxes, renamed, codec) in [
        (b"hev1", vec![hvcc(&[32, 33, 34])], b"hvc1", "hvc1.1.6.L93.B0"),
        (b"hev1", vec![hvcc(&[33, 34])], b"hev1", "hev1.1.6.L93.B0"),
        (b"hvc1", vec![hvcc(&[32, 33, 34])], b"hvc1", "hvc1.1.6.L93.B0"),
        (b"dvhe", vec![hvcc(&[32, 33, 34]), dovi.clone()], b"dvh1", "dvh1.08.06"),
        (b"hvc1", vec![hvcc(&[32, 33, 34]), dovi.clone()], b"hvc1", "hvc1.1.6.L93.B0"),
    ] {
        let file = film(&[entry(*kind, &boxes)], &[1]);
        let index = Index::parse(playback::moov(&file)).unwrap();
        assert_eq!(index.tracks()[0].codec, codec);
        assert!(matches!(index.tracks()[0].support, Support::Somewhere(_)));
        let init = init::write(&index, 0).unwrap();
        assert_eq!(stsd(&init)[8..], entry(*renamed, &boxes), "only the name differs");
    }
}

/// Of each fragment: its initialization segment's number, media type and `stsd`, and the number of the
/// sample description there.
fn descriptions(file: &[u8]) -> Vec<(u32, String, Vec<u8>, u32)> {
    let index = Index::parse(playback::moov(file)).unwrap();
    let selection = Selection { video: Some(0), audio: None };
    let (mut cursor, _) = plan::seek(&index, selection, 0).unwrap();
    let mut found = Vec::new();
    while let Some(window) = plan::next(&index, selection, cursor, 10_000).unwrap() {
        for fragment in window.fetches.iter().flat_map(|fetch| &fetch.fragments) {
            let tfhd = fmp4::find(
                &fragment.header[..fragment.header.len() - 8],
                &[b"moof", b"traf", b"tfhd"],
            )
            .unwrap();
            let number = if tfhd[3] & 2 == 0 { 1 } else { u32::from(tfhd[11]) };
            let init = init::write_for(&index, 0, fragment.init).unwrap();
            let mime = index.tracks()[0].mime_for(fragment.init);
            found.push((fragment.init, mime, stsd(&init)[4..].to_vec(), number));
        }
        cursor = window.next;
    }
    found
}

#[test]
fn changed_descriptions_get_their_own_initialization_segment() {
    let (low, high) = (entry(*b"avc1", &[avcc(30)]), entry(*b"avc1", &[avcc(40)]));
    let other = entry(*b"hev1", &[hvcc(&[32, 33, 34])]);
    let file = film(&[low.clone(), high.clone(), other], &[1, 1, 2, 3, 1, 2]);
    let one = |init: u32, codec: &str, entry: &[u8]| {
        let mime = format!("video/mp4; codecs=\"{codec}\"");
        (init, mime, [&[0, 0, 0, 1], entry].concat(), 1)
    };
    let renamed = entry(*b"hvc1", &[hvcc(&[32, 33, 34])]);
    let expected = [
        one(0, "avc1.64001e", &low),
        one(1, "avc1.640028", &high),
        one(2, "hvc1.1.6.L93.B0", &renamed),
        one(0, "avc1.64001e", &low),
        one(1, "avc1.640028", &high),
    ];
    assert_eq!(descriptions(&file), expected);
}

#[test]
fn equal_descriptions_share_an_initialization_segment() {
    let same = entry(*b"avc1", &[avcc(30)]);
    let file = film(&[same.clone(), same.clone()], &[1, 2, 1, 7, 2, 2]);
    let both = [&[0, 0, 0, 2][..], &same, &same].concat();
    // There is no seventh: the last is nearest.
    let expected = [1, 2, 1, 2, 2]
        .map(|number| (0, "video/mp4; codecs=\"avc1.64001e\"".to_owned(), both.clone(), number));
    assert_eq!(descriptions(&file), expected);
}

#[test]
fn tracks_are_playable_where_all_their_descriptions_are() {
    let avc = entry(*b"avc1", &[avcc(30)]);
    let file = film(&[avc.clone(), entry(*b"hvc1", &[hvcc(&[])])], &[1, 2]);
    let index = Index::parse(playback::moov(&file)).unwrap();
    assert!(matches!(index.tracks()[0].support, Support::Somewhere(why) if why.contains("HEVC")));
    let file = film(&[avc, entry(*b"mp4v", &[])], &[1, 2]);
    let index = Index::parse(playback::moov(&file)).unwrap();
    let why = Unplayable::Codec { name: "MPEG-4 Part 2 video", code: "mp4v".into() };
    assert_eq!(index.playable(), Err(why));
}

/// `esds` of AAC-LC with this `AudioSpecificConfig`.
fn esds(specific: [u8; 2]) -> Vec<u8> {
    let mut content = vec![0, 0, 0, 0, 3, 22, 0, 1, 0, 4, 17, 0x40, 0x15];
    content.extend([0; 11]);
    content.extend([5, 2]);
    content.extend(specific);
    boxed(*b"esds", &[&content])
}

/// A sound description of `QuickTime` in this version, with these numbers of channels and samples a second
/// where the version has them, and with boxes behind the fields.
fn sound_description(version: u8, channels: u8, rate: u32, boxes: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![0; 28];
    fields[7] = 1;
    fields[9] = version;
    let [high, low] = u16::try_from(rate).unwrap_or(1).to_be_bytes();
    let (channels_v1, rate_v1) = if version == 2 { (3, [0, 1]) } else { (channels, [high, low]) };
    fields[17] = channels_v1;
    // Version 1: variable bit rate. Version 2: always.
    fields[19..22].copy_from_slice(&[16, 0xff, 0xfe]);
    fields[24..26].copy_from_slice(&rate_v1);
    if version == 2 {
        fields.extend(72_u32.to_be_bytes());
        fields.extend(f64::from(rate).to_be_bytes());
        fields.extend([0, 0, 0, channels, 0x7f, 0, 0, 0]);
        fields.extend([0; 16]);
    } else {
        fields.extend([0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    }
    // An end of the list, as QuickTime writes it.
    boxed(*b"mp4a", &[&fields, &boxes.concat(), &[0; 4]])
}

/// `wave`, as ffmpeg and `QuickTime` write it.
fn wave(esds: &[u8]) -> Vec<u8> {
    let (frma, mp4a) = (boxed(*b"frma", &[b"mp4a"]), boxed(*b"mp4a", &[&[0; 4]]));
    boxed(*b"wave", &[&frma, &mp4a, esds, &[0, 0, 0, 8, 0, 0, 0, 0]])
}

/// The `stsd` of the initialization segment of a film with this sample entry for its sound.
fn written_for_sound(entry: &[u8]) -> (Vec<u8>, (u16, u32)) {
    let file = mp4_writer::file(&[mp4_writer::audio(20)], &PLAIN);
    let stsd_box = boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], entry]);
    let file = rebuilt(&file, &|kind, _| (kind == b"stsd").then(|| stsd_box.clone()));
    let index = Index::parse(playback::moov(&file)).unwrap();
    let track = &index.tracks()[0];
    let sound = (track.channels, track.sample_rate);
    (stsd(&init::write(&index, 0).unwrap())[8..].to_vec(), sound)
}

/// A sample entry as ISO/IEC 14496-12 has it.
fn iso(channels: u8, rate: [u8; 2], boxes: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![0; 28];
    fields[7] = 1;
    fields[17] = channels;
    fields[19] = 16;
    fields[24..26].copy_from_slice(&rate);
    boxed(*b"mp4a", &[&fields, &boxes.concat()])
}

#[test]
fn sound_descriptions_of_quicktime_become_entries_of_iso() {
    let (esds, chan) = (esds([0x11, 0x90]), boxed(*b"chan", &[&[0; 16]]));
    let only = std::slice::from_ref(&esds);
    let cd = 48_000_u16.to_be_bytes();
    for (entry, wanted) in [
        (sound_description(1, 2, 48_000, &[wave(&esds)]), iso(2, cd, only)),
        (
            sound_description(1, 1, 48_000, &[wave(&esds), chan.clone()]),
            iso(1, cd, &[esds.clone(), chan.clone()]),
        ),
        // The configuration lies in front of `wave` too: one copy is enough.
        (sound_description(1, 2, 48_000, &[esds.clone(), wave(&esds)]), iso(2, cd, only)),
        (sound_description(2, 6, 48_000, only), iso(6, cd, only)),
        // 16 bits do not hold this rate.
        (sound_description(2, 2, 96_000, &[wave(&esds)]), iso(2, [0, 0], only)),
        (iso(2, cd, &[esds.clone(), chan.clone()]), iso(2, cd, &[esds.clone(), chan])),
    ] {
        assert_eq!(written_for_sound(&entry).0, wanted);
    }
    let (_, sound) = written_for_sound(&sound_description(2, 6, 44_100, only));
    assert_eq!(sound, (2, 48_000), "those of the configuration, which decoders follow");
}

#[test]
fn sound_without_a_configuration_of_aac_has_the_fields_of_version_2() {
    let mp3 = boxed(*b"esds", &[&[0, 0, 0, 0, 3, 18, 0, 1, 0, 4, 13, 0x6b, 0x15], &[0; 11]]);
    let entry = sound_description(2, 2, 44_100, &[mp3]);
    assert_eq!(written_for_sound(&entry).1, (2, 44_100));
}

#[test]
fn zeros_at_the_end_of_an_entry_are_left_out() {
    let mut ended = entry(*b"avc1", &[avcc(31)]);
    ended.extend([0; 4]);
    ended[3] += 4;
    let file = film(&[ended], &[1]);
    let init = init::write(&Index::parse(playback::moov(&file)).unwrap(), 0).unwrap();
    assert_eq!(stsd(&init)[8..], entry(*b"avc1", &[avcc(31)]));
}
