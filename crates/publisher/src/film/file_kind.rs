//! Kinds of files that are no films, by their first bytes.

/// The kind of a file that is neither MP4 nor Matroska, of those that are often named `.mp4`.
pub(super) fn other_kind(head: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &str); 7] = [
        (b"RIFF", "AVI or another RIFF file"),
        (b"OggS", "Ogg"),
        (b"FLV", "Flash video"),
        (b"%PDF", "a PDF"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"ID3", "MP3"),
        (&[0x00, 0x00, 0x01, 0xba], "an MPEG program stream"),
    ];
    if let Some((_, kind)) = magics.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(kind);
    }
    if head.first() == Some(&0x47) && head.get(188) == Some(&0x47) {
        return Some("an MPEG transport stream");
    }
    if head.iter().all(|byte| *byte == 0) {
        return Some("all zeros at its beginning");
    }
    let start = head.get(..512).unwrap_or(head);
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    // The cut may be in the middle of a letter; the text before it is still valid.
    let text = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    (text && start.iter().all(printable)).then_some("text")
}
