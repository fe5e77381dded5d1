//! Names that downloads of a film get: the last segment of its URL, and `Content-Disposition` (RFC 6266).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Bytes of a name: file systems take 255, with the extension and the marks of a second copy.
const NAME_BYTES_MAX: usize = 200;
/// What a film's name says of it.
struct FilmType {
    /// As the catalog names it.
    container: &'static str,
    extension: &'static str,
    /// As browsers know it.
    media_type: &'static str,
}
const MP4: FilmType = FilmType { container: "mp4", extension: ".mp4", media_type: "video/mp4" };
const TYPES: [FilmType; 3] = [
    MP4,
    FilmType { container: "matroska", extension: ".mkv", media_type: "video/x-matroska" },
    FilmType { container: "webm", extension: ".webm", media_type: "video/webm" },
];
/// All but the unreserved characters of RFC 3986, which RFC 8187 leaves as they are too.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The last segment of a film's URL, percent-encoded: programs name a file after it.
pub fn segment(title: &str, container: &str) -> String {
    let found = TYPES.iter().find(|one| one.container == container);
    let extension = found.unwrap_or(&MP4).extension;
    let name = with_extension(title, extension).unwrap_or_else(|| format!("film{extension}"));
    utf8_percent_encode(&name, ENCODED).to_string()
}

/// `Content-Disposition` of a download at a URL whose last segment this is; without one, its name is
/// the source id.
pub fn attachment(segment: &str, id: &str) -> String {
    let name = percent_decode_str(segment).decode_utf8_lossy();
    let extension = of_name(&name).extension;
    let name = with_extension(&name, extension).unwrap_or_else(|| format!("{id}{extension}"));
    // For clients that do not know RFC 8187; some decode a percent sign (RFC 6266 appendix D).
    let plain = name.replace(|c: char| !c.is_ascii() || c == '%', "_");
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(&name, ENCODED)
    )
}

/// The media type of a film at a URL whose last segment this is.
pub fn media_type(segment: &str) -> &'static str {
    of_name(segment).media_type
}

fn of_name(name: &str) -> &'static FilmType {
    TYPES.iter().find(|one| name.ends_with(one.extension)).unwrap_or(&MP4)
}

/// A name that any file system takes and that reads as it is; none where nothing of it is left. It ends
/// with the extension, whatever it ended with.
fn with_extension(name: &str, extension: &str) -> Option<String> {
    let stem = name.strip_suffix(extension).unwrap_or(name);
    let readable = stem.replace(|c: char| "/\\:*?\"<>|".contains(c) || c.is_whitespace(), " ");
    let shown: String = readable.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let words: Vec<&str> = shown.split(' ').filter(|word| !word.is_empty()).collect();
    let stem = words.join(" ");
    let end = stem.floor_char_boundary(NAME_BYTES_MAX - extension.len());
    // A dot in front hides a file, and Windows drops dots at the end.
    let stem = stem.get(..end).unwrap_or_default().trim_matches(['.', ' ']);
    (!stem.is_empty()).then(|| format!("{stem}{extension}"))
}

/// Whether a character reorders others, or shows nothing: with them a name reads as another one.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_titles_that_every_file_system_takes() {
        for (title, expected) in [
            ("Night Train", "Night%20Train.mp4"),
            ("Alien: Romulus / \"cut\"", "Alien%20Romulus%20cut.mp4"),
            ("Größe", "Gr%C3%B6%C3%9Fe.mp4"),
            ("../../etc/passwd", "etc%20passwd.mp4"),
            ("film.mp4", "film.mp4"),
            ("abc\u{202e}4pm.exe", "abc4pm.exe.mp4"),
            ("\u{1b}[31mred\r\nX: y", "%5B31mred%20X%20y.mp4"),
            (" ... ", "film.mp4"),
            ("", "film.mp4"),
        ] {
            assert_eq!(segment(title, "mp4"), expected, "{title:?}");
        }
        let long = attachment(&segment(&"ü".repeat(500), "mp4"), "00ff");
        assert!(long.ends_with("%C3%BC.mp4") && long.len() < 1_000, "{long}");
    }

    #[test]
    fn films_are_named_after_their_container() {
        for (container, name, media_type) in [
            ("matroska", "Night%20Train.mkv", "video/x-matroska"),
            ("webm", "Night%20Train.webm", "video/webm"),
            ("mp4", "Night%20Train.mp4", "video/mp4"),
        ] {
            let segment = segment("Night Train", container);
            assert_eq!((segment.as_str(), super::media_type(&segment)), (name, media_type));
            assert!(attachment(&segment, "00ff").ends_with(name));
        }
    }

    #[test]
    fn attachments_have_the_name_of_the_url_in_both_forms() {
        for (segment, expected) in [
            ("", "attachment; filename=\"00ff.mp4\"; filename*=UTF-8''00ff.mp4"),
            (
                "Night%20Train.mp4",
                "attachment; filename=\"Night Train.mp4\"; filename*=UTF-8''Night%20Train.mp4",
            ),
            (
                "100%25%20%C3%BC",
                "attachment; filename=\"100_ _.mp4\"; filename*=UTF-8''100%25%20%C3%BC.mp4",
            ),
            (
                "a%22%0d%0aset-cookie:x",
                "attachment; filename=\"a set-cookie x.mp4\"; filename*=UTF-8''a%20set-cookie%20x.mp4",
            ),
            ("%ff", "attachment; filename=\"_.mp4\"; filename*=UTF-8''%EF%BF%BD.mp4"),
        ] {
            assert_eq!(attachment(segment, "00ff"), expected, "{segment}");
        }
    }
}
