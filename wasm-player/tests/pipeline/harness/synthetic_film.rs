//! Writes small MP4 files box by box; the bytes of every sample are known.

#![expect(clippy::cast_possible_truncation, reason = "these films have a few megabytes")]
#![expect(clippy::similar_names, reason = "boxes are called as the standard calls them")]
#![expect(clippy::trivially_copy_pass_by_ref, reason = "`b\"moov\"` is a reference")]

/// Where `moov` lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moov {
    Head,
    Tail,
}

/// A film: the file, and the bytes of its samples by track.
pub(crate) struct SyntheticFilm {
    pub(crate) bytes: Vec<u8>,
    pub(crate) video: Vec<u8>,
    pub(crate) audio: Vec<u8>,
    pub(crate) moov: std::ops::Range<u64>,
}

/// A film of a minute and 2 MB.
pub(crate) fn minute(moov: Moov) -> SyntheticFilm {
    film(60, 1_500, moov)
}

/// A film of four minutes and 9 MB, with `moov` at its end.
pub(crate) fn four_minutes() -> SyntheticFilm {
    film(240, 1_500, Moov::Tail)
}

struct Track {
    handler: &'static [u8; 4],
    timescale: u32,
    delta: u32,
    stsd: Vec<u8>,
    sizes: Vec<u32>,
    /// First sample and count of each chunk.
    chunks: Vec<(usize, usize)>,
    offsets: Vec<u64>,
    key_every: Option<u32>,
    /// Length of the empty edit in front of the track, in milliseconds.
    delay_ms: u32,
}

/// A film of so many seconds at 24 frames a second with a key frame every 2 s, 48 kHz stereo, and
/// half a second of each track in turn. `frame_bytes` is the mean size of a frame.
pub(crate) fn film(seconds: u32, frame_bytes: u32, moov: Moov) -> SyntheticFilm {
    film_of([video_track(seconds, frame_bytes), audio_track(seconds)], seconds, moov)
}

/// A film of a minute whose audio starts late, by an empty edit.
pub(crate) fn late_audio(delay_ms: u32) -> SyntheticFilm {
    let audio = Track { delay_ms, ..audio_track(60) };
    film_of([video_track(60, 1_500), audio], 60, Moov::Tail)
}

/// A film whose pictures and whose sound have so many seconds.
pub(crate) fn of_lengths(video: u32, audio: u32) -> SyntheticFilm {
    film_of([video_track(video, 1_500), audio_track(audio)], video.max(audio), Moov::Head)
}

/// A film whose pictures, key frames all, last so many seconds each.
pub(crate) fn slides(count: u32, seconds: u32) -> SyntheticFilm {
    let mut video = video_track(count, 1_500);
    video.sizes.truncate(count as usize);
    (video.delta, video.key_every) = (24_000 * seconds, Some(1));
    video.chunks = chunks(count as usize, 1);
    let mut audio = audio_track(count * seconds);
    // A minute of sound lies behind each picture.
    audio.chunks = chunks(audio.sizes.len(), seconds as usize * 47);
    film_of([video, audio], count * seconds, Moov::Head)
}

fn film_of(mut tracks: [Track; 2], seconds: u32, moov: Moov) -> SyntheticFilm {
    let ftyp = boxed(b"ftyp", &[b"isom\0\0\x02\0isomiso2avc1mp41".as_slice()]);
    let mut start = ftyp.len() as u64 + 8;
    let moov_len = moov_box(&tracks, seconds).len() as u64;
    if moov == Moov::Head {
        start += moov_len;
    }
    let (mdat, samples) = write_media(&mut tracks, start);
    let moov_bytes = moov_box(&tracks, seconds);
    assert_eq!(moov_bytes.len() as u64, moov_len, "the index does not depend on the offsets");
    let mdat = boxed(b"mdat", &[&mdat]);
    let [video, audio] = samples;
    let parts = if moov == Moov::Head {
        [ftyp.clone(), moov_bytes, mdat]
    } else {
        [ftyp.clone(), mdat, moov_bytes]
    };
    let at = if moov == Moov::Head {
        ftyp.len() as u64
    } else {
        (parts[0].len() + parts[1].len()) as u64
    };
    SyntheticFilm { bytes: parts.concat(), video, audio, moov: at..at + moov_len }
}

fn video_track(seconds: u32, frame_bytes: u32) -> Track {
    let frames = seconds * 24;
    let sizes = (0..frames).map(|n| frame_bytes / 2 + n * 7919 % frame_bytes.max(1) + 1).collect();
    Track {
        handler: b"vide",
        timescale: 24_000,
        delta: 1_000,
        stsd: avc1(),
        sizes,
        chunks: chunks(frames as usize, 12),
        offsets: Vec::new(),
        key_every: Some(48),
        delay_ms: 0,
    }
}

fn audio_track(seconds: u32) -> Track {
    let frames = seconds * 48_000 / 1_024;
    Track {
        handler: b"soun",
        timescale: 48_000,
        delta: 1_024,
        stsd: mp4a(),
        sizes: (0..frames).map(|n| 100 + n * 31 % 60).collect(),
        chunks: chunks(frames as usize, 23),
        offsets: Vec::new(),
        key_every: None,
        delay_ms: 0,
    }
}

fn chunks(samples: usize, per_chunk: usize) -> Vec<(usize, usize)> {
    (0..samples).step_by(per_chunk).map(|at| (at, per_chunk.min(samples - at))).collect()
}

fn write_media(tracks: &mut [Track; 2], start: u64) -> (Vec<u8>, [Vec<u8>; 2]) {
    let mut all = Vec::new();
    let mut each = [Vec::new(), Vec::new()];
    for turn in 0..tracks[0].chunks.len().max(tracks[1].chunks.len()) {
        for (track, own) in tracks.iter_mut().zip(&mut each) {
            let Some(&(first, count)) = track.chunks.get(turn) else { continue };
            track.offsets.push(start + all.len() as u64);
            for sample in first..first + count {
                let bytes = sample_bytes(track.handler[0], sample, track.sizes[sample]);
                all.extend_from_slice(&bytes);
                own.extend_from_slice(&bytes);
            }
        }
    }
    (all, each)
}

fn sample_bytes(track: u8, sample: usize, size: u32) -> Vec<u8> {
    let mut state = (sample as u32).wrapping_mul(2_654_435_761) ^ u32::from(track);
    (0..size)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

fn moov_box(tracks: &[Track; 2], seconds: u32) -> Vec<u8> {
    let mut mvhd = Vec::new();
    push(&mut mvhd, &[0, 0, 1000, seconds * 1000, 0x1_0000, 0x0100_0000, 0, 0]);
    push(&mut mvhd, &MATRIX);
    push(&mut mvhd, &[0, 0, 0, 0, 0, 0, 3]);
    let traks: Vec<u8> =
        (1..).zip(tracks).flat_map(|(id, track)| trak(id, track, seconds)).collect();
    boxed(b"moov", &[&full(b"mvhd", 0, &mvhd), &traks])
}

const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn trak(id: u32, track: &Track, seconds: u32) -> Vec<u8> {
    let is_video = track.handler == b"vide";
    let mut tkhd = Vec::new();
    push(&mut tkhd, &[0, 0, id, 0, seconds * 1000, 0, 0, 0, u32::from(!is_video) << 24]);
    push(&mut tkhd, &MATRIX);
    push(&mut tkhd, if is_video { &[640 << 16, 360 << 16] } else { &[0, 0] });
    let duration = track.sizes.len() as u32 * track.delta;
    let mut mdhd = Vec::new();
    push(&mut mdhd, &[0, 0, track.timescale, duration, 0x55c4_0000]);
    let mut hdlr = vec![0; 4];
    hdlr.extend_from_slice(track.handler);
    hdlr.extend_from_slice(&[0; 13]);
    let media_header = if is_video { full(b"vmhd", 1, &[0; 8]) } else { full(b"smhd", 0, &[0; 4]) };
    let dref = full(b"dref", 0, &[[0, 0, 0, 1].as_slice(), &full(b"url ", 1, &[])].concat());
    let minf = boxed(b"minf", &[&media_header, &boxed(b"dinf", &[&dref]), &sample_table(track)]);
    let mdia = boxed(b"mdia", &[&full(b"mdhd", 0, &mdhd), &full(b"hdlr", 0, &hdlr), &minf]);
    let mut elst = Vec::new();
    push(&mut elst, &[2, track.delay_ms, u32::MAX, 0x1_0000, seconds * 1000, 0, 0x1_0000]);
    let edts = boxed(b"edts", &[&full(b"elst", 0, &elst)]);
    let edits = if track.delay_ms > 0 { edts } else { Vec::new() };
    boxed(b"trak", &[&full(b"tkhd", 3, &tkhd), &edits, &mdia])
}

fn sample_table(track: &Track) -> Vec<u8> {
    let count = track.sizes.len() as u32;
    let table = |kind: &[u8; 4], numbers: &[u32]| {
        let mut body = Vec::new();
        push(&mut body, numbers);
        full(kind, 0, &body)
    };
    let mut stsc = vec![0];
    for (n, (_, samples)) in track.chunks.iter().enumerate() {
        if n == 0 || track.chunks[n - 1].1 != *samples {
            stsc.extend([n as u32 + 1, *samples as u32, 1]);
            stsc[0] += 1;
        }
    }
    let stsz: Vec<u32> = [0, count].into_iter().chain(track.sizes.iter().copied()).collect();
    let mut stco: Vec<u32> = vec![track.chunks.len() as u32];
    stco.extend(track.offsets.iter().map(|offset| u32::try_from(*offset).unwrap()));
    stco.resize(track.chunks.len() + 1, 0);
    let mut boxes = vec![
        full(b"stsd", 0, &[[0, 0, 0, 1].as_slice(), &track.stsd].concat()),
        table(b"stts", &[1, count, track.delta]),
        table(b"stsc", &stsc),
        table(b"stsz", &stsz),
        table(b"stco", &stco),
    ];
    if let Some(every) = track.key_every {
        let keys: Vec<u32> = (0..count).step_by(every as usize).map(|n| n + 1).collect();
        let stss: Vec<u32> = [keys.len() as u32].into_iter().chain(keys).collect();
        boxes.push(table(b"stss", &stss));
    }
    boxed(b"stbl", &[&boxes.concat()])
}

fn avc1() -> Vec<u8> {
    let mut entry = vec![0, 0, 0, 0, 0, 0, 0, 1];
    entry.extend_from_slice(&[0; 16]);
    entry.extend_from_slice(&[2, 0x80, 1, 0x68, 0, 0x48, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 1]);
    entry.extend_from_slice(&[0; 32]);
    entry.extend_from_slice(&[0, 0x18, 0xff, 0xff]);
    let sps = [
        0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0xa0, 0x2f, 0xf9, 0x70, 0x11, 0x00, 0x00, 0x03,
        0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x30, 0x0f, 0x18, 0x31, 0x96,
    ];
    let pps = [0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0];
    let mut avcc = vec![1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, sps.len() as u8];
    avcc.extend_from_slice(&sps);
    avcc.extend_from_slice(&[1, 0, pps.len() as u8]);
    avcc.extend_from_slice(&pps);
    avcc.extend_from_slice(&[0xfd, 0xf8, 0xf8, 0]);
    boxed(b"avc1", &[&entry, &boxed(b"avcC", &[&avcc])])
}

fn mp4a() -> Vec<u8> {
    let mut entry = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    entry.extend_from_slice(&[0, 2, 0, 16, 0, 0, 0, 0, 0xbb, 0x80, 0, 0]);
    let specific = [5, 2, 0x11, 0x90];
    let mut config = vec![4, 13 + specific.len() as u8, 0x40, 0x15, 0, 0, 0];
    config.extend_from_slice(&[0, 1, 0xf4, 0, 0, 1, 0xf4, 0]);
    config.extend_from_slice(&specific);
    let mut es = vec![3, 3 + config.len() as u8 + 3, 0, 2, 0];
    es.extend_from_slice(&config);
    es.extend_from_slice(&[6, 1, 2]);
    boxed(b"mp4a", &[&entry, &full(b"esds", 0, &es)])
}

fn push(target: &mut Vec<u8>, numbers: &[u32]) {
    target.extend(numbers.iter().flat_map(|n| n.to_be_bytes()));
}

fn full(kind: &[u8; 4], flags: u32, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&flags.to_be_bytes(), body])
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32 + 8).to_be_bytes(), kind.as_slice(), &body].concat()
}
