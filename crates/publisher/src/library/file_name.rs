//! What a file name says: the title, the season, the episode, the year. Pure and careful: a name
//! that is not clearly an episode is a film.

use std::cmp::Ordering;

/// What a name (without its extension) says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ParsedFileName {
    /// Of the film or of the show; empty where the name has only a number.
    pub(crate) title: String,
    /// From `S02E03` or `2x03`.
    pub(crate) season: Option<u32>,
    /// Number of the episode.
    pub(crate) number: Option<u32>,
    /// What stands behind the number.
    pub(crate) episode: Option<String>,
    /// From `(1968)`, or before a word such as `1080p`.
    pub(crate) year: Option<u16>,
}

/// Words at which the part of a name that people care about ends.
const TAGS: [&str; 14] = [
    "x264", "x265", "h264", "h265", "hevc", "bluray", "brrip", "bdrip", "webrip", "web-dl", "hdtv",
    "dvdrip", "remux", "4k",
];

/// Characters of an id that is made of a title: room for `.{number}` and `-{n}` below
/// `api::limits::ID_CHARS_MAX`, and still a URL that one can read.
const SLUG_CHARS_MAX: usize = 80;

/// Reads a file name without its extension.
pub(crate) fn parse(stem: &str) -> ParsedFileName {
    let (text, mut year) = without_brackets(stem);
    let spaced =
        if text.contains(' ') { text.replace('_', " ") } else { text.replace(['_', '.'], " ") };
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    if let Some(tag) = words.iter().skip(1).position(|word| is_tag(word)) {
        words.truncate(tag + 1);
        if words.len() > 1
            && let Some(found) = words.last().and_then(|word| year_of(word))
        {
            year = year.or(Some(found));
            words.pop();
        }
    }
    match marker(&words) {
        Some(found) => ParsedFileName {
            title: join(words.get(..found.start).unwrap_or_default()),
            season: found.season,
            number: Some(found.number),
            episode: Some(join(words.get(found.end..).unwrap_or_default()))
                .filter(|text| !text.is_empty()),
            year,
        },
        None => ParsedFileName { title: join(&words), year, ..ParsedFileName::default() },
    }
}

/// The title as a file name gives it, whatever it says of episodes.
pub(crate) fn plain(stem: &str) -> String {
    let (text, _) = without_brackets(stem);
    let words = text.replace('_', " ");
    let title = join(&words.split_whitespace().collect::<Vec<_>>());
    if title.is_empty() { stem.to_owned() } else { title }
}

/// Takes `[…]` and `{…}` away, and `(…)` where it holds a year or a tag.
fn without_brackets(stem: &str) -> (String, Option<u16>) {
    let mut out = String::with_capacity(stem.len());
    let mut year = None;
    let mut rest = stem;
    while let Some(open) = rest.find(['[', '{', '(']) {
        let (before, bracket) = rest.split_at(open);
        out.push_str(before);
        let close = match bracket.as_bytes().first() {
            Some(b'[') => ']',
            Some(b'{') => '}',
            _ => ')',
        };
        let Some(end) = bracket.find(close) else {
            rest = bracket;
            break;
        };
        let inner = bracket.get(1..end).unwrap_or_default().trim();
        if let Some(found) = year_of(inner).filter(|_| close == ')') {
            year = year.or(Some(found));
            out.push(' ');
        } else if close == ')' && !inner.split(' ').any(is_tag) {
            out.push_str(bracket.get(..=end).unwrap_or_default());
        } else {
            out.push(' ');
        }
        rest = bracket.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    (out.trim().to_owned(), year)
}

fn year_of(word: &str) -> Option<u16> {
    (word.len() == 4)
        .then(|| word.parse().ok())
        .flatten()
        .filter(|year| (1900..2100).contains(year))
}

fn is_tag(word: &str) -> bool {
    let lower = word.to_lowercase();
    let lines = lower.strip_suffix(['p', 'i']).unwrap_or_default();
    TAGS.iter().any(|tag| lower == *tag || lower.starts_with(&format!("{tag}-")))
        || (matches!(lines.len(), 3 | 4) && lines.bytes().all(|b| b.is_ascii_digit()))
}

/// Where in the words an episode is named: `start..end`.
struct Marker {
    start: usize,
    end: usize,
    season: Option<u32>,
    number: u32,
}

fn marker(words: &[&str]) -> Option<Marker> {
    (0..words.len()).find_map(|start| {
        let word = words.get(start)?.to_lowercase();
        let next = words.get(start + 1).map(|word| word.to_lowercase());
        let found = |end, season, number| Some(Marker { start, end, season, number });
        if let Some((season, number)) = season_and_number(&word) {
            return found(start + 1, Some(season), number);
        }
        if let Some(season) = word.strip_prefix('s').and_then(count)
            && let Some(number) = next.as_deref().and_then(|w| w.strip_prefix('e')).and_then(count)
        {
            return found(start + 2, Some(season), number);
        }
        if matches!(word.as_str(), "episode" | "ep" | "ep.")
            && let Some(number) = next.as_deref().and_then(count)
        {
            return found(start + 2, None, number);
        }
        if let Some(number) = word.strip_prefix("ep").or(word.strip_prefix('e')).and_then(count) {
            return found(start + 1, None, number);
        }
        let dash_or_end = |at: usize| words.get(at).is_none_or(|word| is_dash(word));
        if is_dash(&word) && dash_or_end(start + 2) {
            let number = next.as_deref().filter(|w| year_of(w).is_none()).and_then(count)?;
            return found(start + 2, None, number);
        }
        if start == 0 && words.get(1).is_none_or(|word| is_dash(word)) {
            let number = count(&word).filter(|_| year_of(&word).is_none())?;
            return found(1, None, number);
        }
        if start == 0 && words.len() > 1 {
            let number = word.strip_suffix('.').and_then(count)?;
            return found(1, None, number);
        }
        None
    })
}

/// `s01e02`, `s01e02-e03` (its first), `1x02`.
fn season_and_number(word: &str) -> Option<(u32, u32)> {
    let (season, number) = match word.strip_prefix('s') {
        Some(rest) => rest.split_once('e')?,
        // Longer numbers are a picture's size, such as 800x640.
        None => word
            .split_once('x')
            .filter(|(season, number)| season.len() <= 2 && matches!(number.len(), 2 | 3))?,
    };
    let number = number.split(['e', '-']).next()?;
    Some((count(season)?, count(number)?))
}

/// A number from 0 to 9999, with the `v2` of a second version.
fn count(word: &str) -> Option<u32> {
    let digits = word.split_once('v').map_or(word, |(digits, _)| digits);
    let fits = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.parse().ok()).flatten()
}

fn is_dash(word: &str) -> bool {
    matches!(word, "-" | "–" | "—")
}

fn join(words: &[&str]) -> String {
    words.join(" ").trim_matches(|c: char| c.is_whitespace() || "-–—.".contains(c)).to_owned()
}

/// An id made of a title. Where letters have no place in an id, a part of the title's hash keeps
/// titles apart that would look alike.
pub(crate) fn slug(title: &str) -> String {
    let mut slug = String::new();
    let mut lost = false;
    for letter in title.chars().flat_map(char::to_lowercase) {
        match latin(letter) {
            Some(ascii) => slug.push_str(ascii),
            None if letter.is_ascii_alphanumeric() => slug.push(letter),
            None => {
                lost |= letter.is_alphanumeric();
                let apostrophe = matches!(letter, '\'' | '’');
                if !apostrophe && !slug.is_empty() && !slug.ends_with('-') {
                    slug.push('-');
                }
            }
        }
    }
    lost |= slug.len() > SLUG_CHARS_MAX || slug.is_empty();
    slug.truncate(SLUG_CHARS_MAX);
    let slug = slug.trim_end_matches('-');
    if !lost {
        return slug.to_owned();
    }
    let hash = blake3::hash(title.as_bytes()).to_hex();
    let hash = hash.get(..8).unwrap_or_default();
    if slug.is_empty() { format!("title-{hash}") } else { format!("{slug}-{hash}") }
}

/// Latin letters with marks, as people write them without.
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

/// `e2` before `e10`, whatever the case.
pub(crate) fn natural_order(left: &str, right: &str) -> Ordering {
    let (left_parts, right_parts) = (parts(left), parts(right));
    left_parts.cmp(&right_parts).then_with(|| left.cmp(right))
}

/// A run of digits (its length without zeros in front, then the digits), or other letters.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Digits(usize, String),
    Text(String),
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        parts.push(if digits {
            let run = run.trim_start_matches('0');
            Part::Digits(run.len(), run.to_owned())
        } else {
            Part::Text(run.to_lowercase())
        });
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(stem: &str) -> (String, Option<u32>, Option<u32>, Option<String>) {
        let name = parse(stem);
        (name.title, name.season, name.number, name.episode)
    }

    #[test]
    fn names_of_episodes_are_read() {
        let name = |title: &str, season, number, episode: Option<&str>| {
            (title.to_owned(), season, Some(number), episode.map(str::to_owned))
        };
        for (stem, wanted) in [
            ("Show S01E02 Pilot", name("Show", Some(1), 2, Some("Pilot"))),
            ("Show.s1e2.1080p.WEB-DL.x264-GRP", name("Show", Some(1), 2, None)),
            ("Show - S01E02-E03", name("Show", Some(1), 2, None)),
            ("Show S01 E02", name("Show", Some(1), 2, None)),
            ("Show 2x05 - ParsedFileName", name("Show", Some(2), 5, Some("ParsedFileName"))),
            ("Show - 02", name("Show", None, 2, None)),
            ("Show - 02 - The ParsedFileName", name("Show", None, 2, Some("The ParsedFileName"))),
            ("[Grp] Title - 07v2 [1080p][ABCD1234]", name("Title", None, 7, None)),
            ("One Piece - 1003", name("One Piece", None, 1003, None)),
            ("My Show Episode 3", name("My Show", None, 3, None)),
            ("My Show Ep12", name("My Show", None, 12, None)),
            ("24 S01E01", name("24", Some(1), 1, None)),
            ("02 - The Second", name("", None, 2, Some("The Second"))),
            ("02. The Second", name("", None, 2, Some("The Second"))),
            ("07", name("", None, 7, None)),
        ] {
            assert_eq!(says(stem), wanted, "{stem}");
        }
    }

    #[test]
    fn names_of_films_are_not_taken_for_episodes() {
        for (stem, title, year) in [
            ("Big Buck Bunny", "Big Buck Bunny", None),
            ("1917", "1917", None),
            ("Blade Runner 2049", "Blade Runner 2049", None),
            ("2001 A Space Odyssey (1968)", "2001 A Space Odyssey", Some(1968)),
            ("The.Matrix.1999.1080p.BluRay.x264-GROUP", "The Matrix", Some(1999)),
            ("androidx__sample_simple", "androidx sample simple", None),
            ("video (1)", "video (1)", None),
            ("Film (1080p)", "Film", None),
            ("Mission - 1999", "Mission - 1999", None),
            ("S", "S", None),
            ("Se7en", "Se7en", None),
            ("bbb_800x640_30fps_vp9", "bbb 800x640 30fps vp9", None),
            ("Unclosed [bracket", "Unclosed [bracket", None),
        ] {
            let name = parse(stem);
            assert_eq!(
                (name.title.as_str(), name.number, name.year),
                (title, None, year),
                "{stem}"
            );
        }
    }

    #[test]
    fn ids_are_made_of_titles_and_stay_apart() {
        assert_eq!(slug("Big Buck Bunny"), "big-buck-bunny");
        assert_eq!(slug("Ödön  első napja!"), "odon-elso-napja");
        assert_eq!(slug("Ocean’s 11"), "oceans-11");
        assert_ne!(slug("進撃の巨人"), slug("進撃の巨"));
        for title in ["進撃の巨人", "", "***", &"x".repeat(300), "Ж2"] {
            assert!(api::limits::is_id(&slug(title)), "{title}: {}", slug(title));
        }
    }

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let mut names = vec!["e10", "E2", "e1", "e02b", "a"];
        names.sort_by(|left, right| natural_order(left, right));
        assert_eq!(names, ["a", "e1", "E2", "e02b", "e10"]);
    }
}
