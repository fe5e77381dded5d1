//! The query of a request for a film's start.

use mp4::{limits::OFFSET_MAX, plan::Cursor, start_index::StartPosition};

/// Windows in one answer: 80 seconds of film, in some 80 KB.
const WINDOWS_MAX: u32 = 8;

/// Which audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioChoice {
    /// What the film has first.
    Default,
    /// None.
    None,
    /// This track.
    Track(usize),
}

/// Where the film's bytes end, if not with the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Where a browser that plays has what it needs for the first picture.
    Picture,
    /// Where one that is paused has it.
    Still,
}

/// `at` or `from`, `audio`, `windows` and `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartQuery {
    /// Where to begin.
    pub from: StartPosition,
    /// With which audio.
    pub audio: AudioChoice,
    /// How many windows.
    pub windows: u32,
    /// Where the film's bytes end; none: with the window.
    pub until: Option<Until>,
}

impl StartQuery {
    /// One window from this time on.
    pub const fn at_ms(ms: u64) -> Self {
        Self { from: StartPosition::Time(ms), audio: AudioChoice::Default, windows: 1, until: None }
    }

    /// Reads a query; what it does not know is no concern of it.
    pub fn parse(query: &str) -> Result<Self, &'static str> {
        let mut parsed = Self::at_ms(0);
        let mut positions = 0;
        for (name, value) in query.split('&').filter_map(|part| part.split_once('=')) {
            match name {
                "at" => {
                    parsed.from = StartPosition::Time(ms(value).ok_or("`at` is decimal seconds")?);
                    positions += 1;
                }
                "from" => {
                    let cursor = cursor(value);
                    parsed.from =
                        StartPosition::Cursor(cursor.ok_or("`from` is five numbers by dots")?);
                    positions += 1;
                }
                "audio" if value == "none" => parsed.audio = AudioChoice::None,
                "audio" => {
                    let number = number(value).and_then(|number| usize::try_from(number).ok());
                    parsed.audio = AudioChoice::Track(
                        number.ok_or("`audio` is the number of a track, or none")?,
                    );
                }
                "windows" => {
                    let count = number(value).and_then(|count| u32::try_from(count).ok());
                    let count = count.filter(|count| (1..=WINDOWS_MAX).contains(count));
                    parsed.windows = count.ok_or("`windows` is 1 to 8")?;
                }
                "until" => {
                    parsed.until = Some(match value {
                        "picture" => Until::Picture,
                        "still" => Until::Still,
                        _ => return Err("`until` is picture or still"),
                    });
                }
                _ => {}
            }
        }
        if positions > 1 {
            return Err("a start has one of `at` and `from`");
        }
        Ok(parsed)
    }
}

/// Decimal seconds as milliseconds; digits beyond the third are dropped.
fn ms(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let only_digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths = fraction.bytes().chain([b'0'; 3]).take(3);
    let ms = thousandths.fold(0, |ms, digit| ms * 10 + u64::from(digit.wrapping_sub(b'0')));
    let seconds = number(seconds).filter(|_| only_digits)?;
    seconds.checked_mul(1000)?.checked_add(ms).filter(|ms| *ms <= OFFSET_MAX)
}

fn number(text: &str) -> Option<u64> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
    number.flatten().filter(|number| *number <= OFFSET_MAX)
}

fn cursor(text: &str) -> Option<Cursor> {
    let mut parts = text.split('.');
    let mut numbers = [0; 5];
    for slot in &mut numbers {
        *slot = number(parts.next()?)?;
    }
    parts.next().is_none().then(|| Cursor::from_numbers(numbers))
}

/// Milliseconds as [`StartQuery::parse`] reads seconds.
pub fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_asks_for_a_start() {
        let parse = |query: &str| StartQuery::parse(query).unwrap();
        assert_eq!(parse("e=1&k=a&s=0"), StartQuery::at_ms(0));
        assert_eq!(parse("at=12.5"), StartQuery::at_ms(12_500));
        assert_eq!(parse("at=5042"), StartQuery::at_ms(5_042_000));
        assert_eq!(parse("at=0.0019999"), StartQuery::at_ms(1));
        for ms in [0, 1, 999, 1000, 61_050] {
            assert_eq!(parse(&format!("at={}", seconds(ms))), StartQuery::at_ms(ms));
        }
        assert_eq!(parse("at=1&until=picture").until, Some(Until::Picture));
        assert_eq!(parse("at=1&until=still").until, Some(Until::Still));
        let from = StartPosition::Cursor(Cursor::from_numbers([0, 240, 0, 469, 3]));
        let parsed = parse("from=0.240.0.469.3&audio=2&windows=8");
        let audio = AudioChoice::Track(2);
        assert_eq!(parsed, StartQuery { from, audio, windows: 8, until: None });
        assert_eq!(StartQuery::parse("audio=none").unwrap().audio, AudioChoice::None);
    }

    #[test]
    fn invalid_queries_are_refused() {
        for query in [
            "at=",
            "at=-1",
            "at=1e3",
            "at=inf",
            "at=1.",
            "at=.5",
            "at=1.5.2",
            "at=99999999999999999",
            "at=1&at=2",
            "at=1&from=0.0.0.0.0",
            "from=1.2.3.4",
            "from=1.2.3.4.5.6",
            "from=1.2.3.4.x",
            "from=1.2.3.4.99999999999999999999",
            "audio=",
            "audio=-1",
            "audio=x",
            "windows=0",
            "windows=9",
            "windows=",
            "at=+1",
            "until=end",
        ] {
            assert!(StartQuery::parse(query).is_err(), "{query}");
        }
    }
}
