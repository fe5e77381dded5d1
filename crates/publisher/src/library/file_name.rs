//! Parses a film's file name into title, season, episode and year. A name that is not clearly that of
//! an episode is taken for a film.

/// The parts of a file name, without its extension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ParsedFileName {
    /// Of the film or of the show; empty where the name has only a number.
    pub(crate) title: String,
    /// From `S02E03` or `2x03`.
    pub(crate) season: Option<u32>,
    /// Number of the episode.
    pub(crate) number: Option<u32>,
    /// Title of the episode: the words behind the number.
    pub(crate) episode: Option<String>,
    /// From `(1968)`, or before a word such as `1080p`.
    pub(crate) year: Option<u16>,
}

/// Words of release names: the title ends in front of the first one.
const TAGS: [&str; 14] = [
    "x264", "x265", "h264", "h265", "hevc", "bluray", "brrip", "bdrip", "webrip", "web-dl", "hdtv",
    "dvdrip", "remux", "4k",
];

/// Parses a file name without its extension.
pub(crate) fn parse(stem: &str) -> ParsedFileName {
    let (text, year) = without_brackets(stem);
    let spaced =
        if text.contains(' ') { text.replace('_', " ") } else { text.replace(['_', '.'], " ") };
    let mut words: Vec<&str> = spaced.split_whitespace().collect();
    let year_before_tags = drop_tags(&mut words);
    let year = year.or(year_before_tags);
    match episode_marker(&words) {
        Some(marker) => ParsedFileName {
            title: join(words.get(..marker.start).unwrap_or_default()),
            season: marker.season,
            number: Some(marker.number),
            episode: Some(join(words.get(marker.end..).unwrap_or_default()))
                .filter(|text| !text.is_empty()),
            year,
        },
        None => ParsedFileName { title: join(&words), year, ..ParsedFileName::default() },
    }
}

/// Drops the words from the first tag on, and the year in front of it, which it returns.
fn drop_tags(words: &mut Vec<&str>) -> Option<u16> {
    let tag = words.iter().skip(1).position(|word| is_tag(word))?;
    words.truncate(tag + 1);
    let year = words.last().and_then(|word| year_of(word)).filter(|_| words.len() > 1)?;
    words.pop();
    Some(year)
}

/// All words of a file name as a title, whether or not they name an episode.
pub(crate) fn whole_name(stem: &str) -> String {
    let (text, _) = without_brackets(stem);
    let words = text.replace('_', " ");
    let title = join(&words.split_whitespace().collect::<Vec<_>>());
    if title.is_empty() { stem.to_owned() } else { title }
}

/// Removes `[…]` and `{…}`, and `(…)` where it holds a year or a tag; the year is returned.
fn without_brackets(stem: &str) -> (String, Option<u16>) {
    let mut out = String::with_capacity(stem.len());
    let mut year = None;
    let mut rest = stem;
    while let Some((before, bracket)) = rest.find(['[', '{', '(']).map(|open| rest.split_at(open)) {
        out.push_str(before);
        let closing = match bracket.as_bytes().first() {
            Some(b'[') => ']',
            Some(b'{') => '}',
            _ => ')',
        };
        let Some(end) = bracket.find(closing) else {
            rest = bracket;
            break;
        };
        let inner = bracket.get(1..end).unwrap_or_default().trim();
        let found = year_of(inner).filter(|_| closing == ')');
        year = year.or(found);
        let stays = closing == ')' && found.is_none() && !inner.split(' ').any(is_tag);
        out.push_str(if stays { bracket.get(..=end).unwrap_or_default() } else { " " });
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

/// The words that name an episode: `start..end`.
struct EpisodeMarker {
    start: usize,
    end: usize,
    season: Option<u32>,
    number: u32,
}

fn episode_marker(words: &[&str]) -> Option<EpisodeMarker> {
    (0..words.len()).find_map(|start| {
        let (length, season, number) = marker_at(words, start)?;
        Some(EpisodeMarker { start, end: start + length, season, number })
    })
}

/// How many words name an episode from `start` on, and its season and number.
fn marker_at(words: &[&str], start: usize) -> Option<(usize, Option<u32>, u32)> {
    let word = words.get(start)?.to_lowercase();
    let next = words.get(start + 1).map(|word| word.to_lowercase());
    if let Some((season, number)) = season_and_number(&word) {
        return Some((1, Some(season), number));
    }
    if let Some(season) = word.strip_prefix('s').and_then(count)
        && let Some(number) = next.as_deref().and_then(|w| w.strip_prefix('e')).and_then(count)
    {
        return Some((2, Some(season), number));
    }
    if matches!(word.as_str(), "episode" | "ep" | "ep.")
        && let Some(number) = next.as_deref().and_then(count)
    {
        return Some((2, None, number));
    }
    if let Some(number) = word.strip_prefix("ep").or(word.strip_prefix('e')).and_then(count) {
        return Some((1, None, number));
    }
    bare_number_at(words, start, &word, next.as_deref())
}

/// The same for a number without a word: `- 02`, `02 - `, `02. `.
fn bare_number_at(
    words: &[&str],
    start: usize,
    word: &str,
    next: Option<&str>,
) -> Option<(usize, Option<u32>, u32)> {
    let is_dash_or_end = |at: usize| words.get(at).is_none_or(|word| is_dash(word));
    let not_a_year = |word: &str| year_of(word).is_none().then(|| count(word)).flatten();
    if is_dash(word) && is_dash_or_end(start + 2) {
        return Some((2, None, next.and_then(not_a_year)?));
    }
    if start == 0 && is_dash_or_end(1) {
        return Some((1, None, not_a_year(word)?));
    }
    if start == 0 && words.len() > 1 {
        return Some((1, None, word.strip_suffix('.').and_then(count)?));
    }
    None
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

/// A number from 0 to 9999; `v2` of a second version may follow it.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(stem: &str) -> (String, Option<u32>, Option<u32>, Option<String>) {
        let name = parse(stem);
        (name.title, name.season, name.number, name.episode)
    }

    #[test]
    fn names_of_episodes_are_parsed() {
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
            assert_eq!(parts(stem), wanted, "{stem}");
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
}
