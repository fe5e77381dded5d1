//! `Scan`, and a start index of what it finds: any file of Matroska.
#![no_main]

use matroska::Scan;

libfuzzer_sys::fuzz_target!(|data: &[u8]| film(data));

/// The beginning of a Matroska file: H.264 as track 1, Opus as track 2.
const MATROSKA: &[u8] = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\
    \x16\x54\xae\x6b\xcc\
    \xae\xa7\xd7\x81\x01\x83\x81\x01\x86\x8fV_MPEG4/ISO/AVC\x63\xa2\x87\x01\x64\0\x1e\xff\xe1\0\
    \xe0\x80\
    \xae\xa1\xd7\x81\x02\x83\x81\x02\x86\x86A_OPUS\x63\xa2\x93OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0\
    \x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff\xe7\x81\0";

/// A stored film out of a Matroska file; half of the inputs are what follows a valid beginning.
fn film(data: &[u8]) {
    let whole = [MATROSKA, data].concat();
    let data = if data.first().is_some_and(|first| first & 1 == 1) { &whole } else { data };
    let mut scan = Scan::new(data.len() as u64);
    let mut before = None;
    while let Some(range) = scan.need() {
        assert!(before != Some(range), "what was fed is not needed again");
        before = Some(range);
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        let bytes = data.get(start..end).expect("only bytes of the file are needed");
        if scan.feed(range.start, bytes).is_err() {
            return;
        }
    }
    let Ok(moov) = scan.moov() else { return };
    mp4_fuzz::start_index_builder(&moov);
}
