//! Dates of HTTP (RFC 9110 §5.6.7) and of signed URLs.

use std::time::{Duration, UNIX_EPOCH};

/// 9999-12-31: an HTTP date has four digits for the year.
const SECONDS_MAX: u64 = 253_402_300_799;

/// The date of a moment given in milliseconds since the Unix epoch.
pub fn write(moment_ms: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs((moment_ms / 1000).min(SECONDS_MAX)))
}

/// Seconds since the Unix epoch; none where this is no date.
pub fn parse(text: &str) -> Option<u64> {
    let moment = httpdate::parse_http_date(text.trim()).ok()?;
    Some(moment.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// `20260102T030405Z`, ISO 8601's basic form, of a moment in milliseconds since the Unix epoch.
pub fn write_basic(moment_ms: u64) -> String {
    let seconds = (moment_ms / 1000).min(SECONDS_MAX);
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    // Years begin in March; 400 of them have 146,097 days.
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, year) = (day - (153 * month + 2) / 5 + 1, year + era * 400);
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// `20260102T030405Z`, ISO 8601's basic form, in seconds since the Unix epoch.
pub fn parse_basic(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let number = |text: &str, from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    if date.len() != 8 || time.len() != 6 {
        return None;
    }
    let (year, month, day) = (number(date, 0, 4)?, number(date, 4, 6)?, number(date, 6, 8)?);
    let (hour, minute, second) = (number(time, 0, 2)?, number(time, 2, 4)?, number(time, 4, 6)?);
    let there = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !there || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Years begin in March, so that the day a leap year has more comes last.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 719,468 days from March of the year 0 to the epoch.
    Some((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_form_is_read_as_it_was_written() {
        assert_eq!(write_basic(1_369_353_600_000), "20130524T000000Z");
        // Every 37 hours and some until the year 2200.
        for seconds in (0..7_258_118_400).step_by(133_337) {
            assert_eq!(parse_basic(&write_basic(seconds * 1000)), Some(seconds));
        }
    }
}
