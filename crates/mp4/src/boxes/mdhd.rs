//! `mdhd`: the language, which mp4parse does not report (§ 8.4.2).

use super::{BoxAt, be16};

/// The ISO 639-2/T code, unless it is undetermined or a `QuickTime` number.
pub(crate) fn language(data: &[u8], b: BoxAt) -> Option<String> {
    let body = b.content(data);
    let at = if body.first() == Some(&1) { 32 } else { 20 };
    let packed = be16(body, at)?;
    let letter = |shift: u16| u8::try_from(packed >> shift & 31).map_or(0, |l| l + 0x60);
    let code = [letter(10), letter(5), letter(0)];
    let real = code.iter().all(u8::is_ascii_lowercase) && &code != b"und";
    real.then(|| code.iter().map(|l| char::from(*l)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undetermined_languages_are_left_out() {
        let read = |packed: u16| {
            let mut data = vec![0; 28];
            data.extend(packed.to_be_bytes());
            data.extend([0; 2]);
            language(&data, BoxAt { kind: *b"mdhd", start: 0, body: 8, end: data.len() })
        };
        assert_eq!(read(0x15c7).as_deref(), Some("eng"));
        assert_eq!(read(0x55c4), None);
        assert_eq!(read(0), None);
    }
}
