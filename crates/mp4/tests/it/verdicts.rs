//! Verdicts: which track of a film plays, what the film lacks, and who is wrong: the file or the reader.

use mp4::start_index::{Builder, StartIndex};
use mp4::{Engine, Error, Index, TrackKind, Unplayable, init};

use crate::mp4_writer::{self, Made, PLAIN, boxed};
use crate::playback;

/// A film of which parts are changed.
struct Film(Vec<u8>);

impl Film {
    fn of(tracks: &[Made]) -> Self {
        Self(mp4_writer::file(tracks, &PLAIN))
    }

    /// The bytes behind the type of the box or sample entry `kind` of track `number`.
    fn at(&mut self, kind: [u8; 4], number: usize) -> &mut [u8] {
        let moov = self.0.len() - playback::moov(&self.0).len();
        let found = self.0[moov..].windows(4).enumerate().filter(|(_, bytes)| *bytes == kind);
        let (at, _) = found.clone().nth(number).unwrap();
        &mut self.0[moov + at + 4..]
    }

    fn enabled(mut self, number: usize, is_enabled: bool) -> Self {
        self.at(*b"tkhd", number)[3] = u8::from(is_enabled);
        self
    }

    fn group(mut self, number: usize, group: u8) -> Self {
        self.at(*b"tkhd", number)[35] = group;
        self
    }

    fn language(mut self, number: usize, code: &str) -> Self {
        let packed =
            code.bytes().fold(0_u16, |packed, letter| packed << 5 | u16::from(letter & 31));
        self.at(*b"mdhd", number)[20..22].copy_from_slice(&packed.to_be_bytes());
        self
    }

    /// With another codec in the first entry of this type.
    fn renamed(mut self, from: [u8; 4], to: [u8; 4]) -> Self {
        let before = self.at(from, 0).as_ptr() as usize - self.0.as_ptr() as usize - 4;
        self.0[before..before + 4].copy_from_slice(&to);
        self
    }

    fn index(&self) -> Index<&[u8]> {
        Index::parse(playback::moov(&self.0)).unwrap()
    }

    fn audio(&self, languages: &[&str]) -> Option<usize> {
        let languages: Vec<_> = languages.iter().map(|&code| code.to_owned()).collect();
        self.index().default_track(TrackKind::Audio, &languages)
    }

    /// The audio track that a reader of the start index takes.
    fn stored(&self) -> Option<usize> {
        let index = self.index();
        let mut builder = Builder::new(&index).unwrap();
        while builder.next_pack().unwrap().is_some() {}
        let head = builder.head().unwrap();
        StartIndex::read(&head).unwrap().default_track(TrackKind::Audio)
    }
}

fn four_tracks() -> Film {
    let sound = mp4_writer::audio(90);
    let film = Film::of(&[mp4_writer::video(48, 24), sound.clone(), sound.clone(), sound]);
    (0..4).fold(film, |film, number| film.enabled(number, true))
}

#[test]
fn default_track_is_enabled_then_of_the_first_group_then_of_the_best_language() {
    assert_eq!(four_tracks().audio(&[]), Some(1));
    let disabled = four_tracks().enabled(1, false);
    assert_eq!((disabled.audio(&[]), disabled.stored()), (Some(2), Some(2)));
    // None enabled: all are alike.
    let film = disabled.enabled(2, false).enabled(3, false);
    assert_eq!((film.audio(&[]), film.stored()), (Some(1), Some(1)));
    let film = four_tracks().language(1, "eng").language(2, "deu").language(3, "fra");
    assert_eq!(film.audio(&["fra", "deu"]), Some(3));
    assert_eq!(film.audio(&["ita", "deu"]), Some(2));
    assert_eq!(film.audio(&["ita"]), Some(1));
    // A commentary in a group of its own is no alternative; a disabled one is not chosen.
    let film = film.group(1, 1).group(2, 1).group(3, 2);
    assert_eq!(film.audio(&["fra"]), Some(1));
    assert_eq!(film.enabled(2, false).audio(&["deu"]), Some(1));
}

#[test]
fn film_with_one_track_that_plays_is_playable_and_says_what_it_lacks() {
    let film = || Film::of(&[mp4_writer::video(48, 24), mp4_writer::audio(90)]);
    assert_eq!(film().index().missing(), []);
    let pcm = film().renamed(*b"mp4a", *b"twos");
    let index = pcm.index();
    assert_eq!(index.playable(), Ok(()));
    let [(TrackKind::Audio, why)] = index.missing()[..] else { panic!("{:?}", index.missing()) };
    assert_eq!(why.lack(), "PCM audio");
    assert_eq!(why.own_players(), [Engine::Chromium, Engine::WebKit]);
    let Err(error) = Builder::new(&index) else { panic!("a start index would hide the sound") };
    assert_eq!(error.violation, "no start index for a film of which something is missing");
    let prores = film().renamed(*b"avc1", *b"apch");
    let index = prores.index();
    let [(TrackKind::Video, why)] = index.missing()[..] else { panic!("{:?}", index.missing()) };
    assert_eq!((why.lack(), why.own_players()), ("ProRes", &[Engine::WebKit][..]));
    assert_eq!((index.playable(), index.default_audio()), (Ok(()), Some(1)));
    let neither = prores.renamed(*b"mp4a", *b"twos");
    let why = Unplayable::Codec { name: "ProRes", code: "apch".into() };
    assert_eq!(neither.index().playable(), Err(why));
}

#[test]
fn cover_in_front_of_sound_is_not_missed() {
    let cover = |pictures| {
        let film = Film::of(&[mp4_writer::video(pictures, 1), mp4_writer::audio(90)]);
        film.renamed(*b"avc1", *b"jpeg")
    };
    let film = cover(1);
    assert_eq!((film.index().missing(), film.index().playable()), (vec![], Ok(())));
    assert_eq!(film.stored(), Some(1));
    let film = cover(48);
    let index = film.index();
    let [(TrackKind::Video, why)] = index.missing()[..] else { panic!("{:?}", index.missing()) };
    assert_eq!(why.lack(), "JPEG");
}

#[test]
fn limits_of_the_reader_are_not_called_damage() {
    let moov = boxed(*b"moov", &[&boxed(*b"cmov", &[&[0; 9]])]);
    let error = Index::parse(&moov).unwrap_err();
    assert!(error.is_limit());
    let text = "moov/cmov: moov is compressed (cmov); not read by Firstframe (byte 8 of moov)";
    assert_eq!(error.to_string(), text);
    let error = init::write(&Film::of(&[mp4_writer::audio(9)]).index(), 7).unwrap_err();
    assert!(!error.is_limit());
    let damaged = |error: Error| Unplayable::Broken(error).text();
    assert!(damaged(error).starts_with("the track is damaged: "));
}

#[test]
fn violations_that_are_limits_say_so() {
    let limits = ["over ", "is over ", "past byte 2^53", "compressed"];
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for folder in ["boxes", "moov", "samples"] {
        for file in std::fs::read_dir(sources.join(folder)).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let text = line.split('"').nth(1).unwrap_or_default();
                // A rule that is named comes before a limit that is named with it.
                if limits.iter().any(|limit| text.contains(limit)) && !text.contains('§') {
                    assert!(text.ends_with("; not read by Firstframe"), "{text}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked >= 7, "{checked} violations are limits");
}
