//! Text from outside as a terminal may have it: a name of a file or a title can hold any character.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` without characters that a terminal obeys or that reorder what is around them: these are written
/// as Rust writes them in a string, such as `\u{1b}`. A line feed is one of them.
///
/// ```
/// assert_eq!(publisher::printable("Film\u{1b}[2J\n"), "Film\\u{1b}[2J\\n");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.extend(letter.escape_default()),
            _ if is_obeyed(letter) => drop(write!(out, "{}", letter.escape_unicode())),
            _ => out.push(letter),
        }
    }
    out.into()
}

/// Control characters; line and paragraph separators; embeddings, overrides and isolates of text in another
/// direction (UAX #9), which would go on behind the name.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_terminal_obeys_are_written_out_and_others_stay() {
        for (text, wanted) in [
            ("Ödön – 進撃 \u{1f3ac} עברית", "Ödön – 進撃 \u{1f3ac} עברית"),
            ("a\u{1b}]0;owned\u{7}", "a\\u{1b}]0;owned\\u{7}"),
            ("a\nb\rc\td", "a\\nb\\rc\\td"),
            ("\u{9b}31m\u{7f}\0", "\\u{9b}31m\\u{7f}\\u{0}"),
            ("film\u{202e}4pm.exe", "film\\u{202e}4pm.exe"),
            ("\u{2067}x\u{2028}y", "\\u{2067}x\\u{2028}y"),
        ] {
            assert_eq!(printable(text), wanted);
        }
    }
}
