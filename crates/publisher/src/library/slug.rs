//! Ids made from titles.

/// Characters of an id that is made from a title: room for `.{number}` and `-{n}` below
/// `api::limits::ID_CHARS_MAX`, and still a readable URL.
const SLUG_CHARS_MAX: usize = 80;

/// An id made from a title. Where the id cannot show every letter, it ends with a part of the title's
/// hash, so that titles that would look alike get ids that differ.
pub(crate) fn slug(title: &str) -> String {
    let (mut slug, mut is_lossy) = ascii_words(title);
    is_lossy |= slug.len() > SLUG_CHARS_MAX || slug.is_empty();
    slug.truncate(SLUG_CHARS_MAX);
    let slug = slug.trim_end_matches('-');
    if !is_lossy {
        return slug.to_owned();
    }
    let hash = blake3::hash(title.as_bytes()).to_hex();
    let hash = hash.get(..8).unwrap_or_default();
    if slug.is_empty() { format!("title-{hash}") } else { format!("{slug}-{hash}") }
}

/// The words of a title in lower-case ASCII, joined by hyphens; and whether letters were dropped.
fn ascii_words(title: &str) -> (String, bool) {
    let mut words = String::new();
    let mut is_lossy = false;
    for letter in title.chars().flat_map(char::to_lowercase) {
        match latin(letter) {
            Some(ascii) => words.push_str(ascii),
            None if letter.is_ascii_alphanumeric() => words.push(letter),
            None => {
                is_lossy |= letter.is_alphanumeric();
                let is_apostrophe = matches!(letter, '\'' | '’');
                if !is_apostrophe && !words.is_empty() && !words.ends_with('-') {
                    words.push('-');
                }
            }
        }
    }
    (words, is_lossy)
}

/// The ASCII letters that stand for a Latin letter with a diacritic, or for a ligature.
fn latin(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' | 'ä' => "a",
        'ç' | 'ć' | 'č' | 'ĉ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ė' => "e",
        'ğ' | 'ĝ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' | 'ö' => "o",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' | 'ü' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_from_titles_differ_as_titles_do() {
        assert_eq!(slug("Big Buck Bunny"), "big-buck-bunny");
        assert_eq!(slug("Ödön  első napja!"), "odon-elso-napja");
        assert_eq!(slug("Ocean’s 11"), "oceans-11");
        assert_ne!(slug("進撃の巨人"), slug("進撃の巨"));
        for title in ["進撃の巨人", "", "***", &"x".repeat(300), "Ж2"] {
            assert!(api::limits::is_id(&slug(title)), "{title}: {}", slug(title));
        }
    }
}
