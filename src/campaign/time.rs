//! Parses times from flags and from Graph's responses.

use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::clock::UnixMillis;

/// A time from a flag: ISO 8601 with a time zone, or Unix seconds. The error says what is wrong.
pub fn parse_time(text: &str) -> Result<UnixMillis, String> {
    read_time(text).ok_or_else(|| {
        format!("{text:?} is not a valid time: use 2026-12-01T09:00:00Z, 2026-12-01T09:00:00+07:00 or Unix seconds")
    })
}

/// A time in any form that Graph uses: `2026-12-01T09:00:00+0000`, with `Z` or `+00:00`, or Unix seconds or
/// milliseconds, told apart by the number of digits.
pub fn read_time(text: &str) -> Option<UnixMillis> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        let at = Timestamp::from_second(number).or_else(|_| Timestamp::from_millisecond(number)).ok()?;
        return Some(at.into());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.into());
    }
    let parsed = strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?;
    Some(parsed.to_timestamp().ok()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_one_moment_is_the_same() {
        let want = UnixMillis(1_796_083_200_000);
        for text in [
            "2026-12-01T00:00:00Z",
            "2026-12-01T00:00:00+0000",
            "2026-12-01T07:00:00+07:00",
            "2026-11-30T16:00:00-0800",
            "2026-12-01 00:00Z",
            "1796083200",
            "1796083200000",
        ] {
            assert_eq!(parse_time(text), Ok(want), "{text}");
        }
        for text in
            ["", "tomorrow", "2026-12-01", "2026-12-01T00:00:00", "-5", "99999999999999999", "2026-13-01T00:00:00Z"]
        {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
