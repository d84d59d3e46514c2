//! A moment as it is typed: a time, a date, or one that depends on now.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::campaign::read_time;
use crate::clock::UnixMillis;
use crate::times::parse_duration;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    At(UnixMillis),
    /// `1d`, `90m`.
    Ago(Duration),
    /// `today` is 0, `yesterday` 1.
    DaysAgo(u8),
    Day(Date),
}

/// Reads it.
///
/// # Errors
/// What can be typed.
pub fn parse(text: &str) -> Result<When, String> {
    let word = text.trim().to_lowercase();
    // A date with a time would parse as a date, too.
    let date = || if word.len() == 10 { word.parse().ok() } else { None };
    match word.as_str() {
        "today" => Ok(When::DaysAgo(0)),
        "yesterday" => Ok(When::DaysAgo(1)),
        _ => date()
            .map(When::Day)
            .or_else(|| read_time(text).map(When::At))
            .or_else(|| parse_duration(&word).ok().map(When::Ago))
            .ok_or_else(|| {
                format!(
                    "{text:?} is not a valid time: use 1d (a day ago), today, yesterday, 2026-12-01, 2026-12-01T09:00:00Z or Unix seconds"
                )
            }),
    }
}

impl When {
    /// The moment, or the start of the day.
    pub fn begins(&self, now: UnixMillis, zone: &TimeZone) -> UnixMillis {
        match self.date(now, zone) {
            Some(date) => start(date, zone, now),
            None => self.moment(now),
        }
    }

    /// The moment, or the end of the day.
    pub fn ends(&self, now: UnixMillis, zone: &TimeZone) -> UnixMillis {
        match self.date(now, zone).map(|date| date.tomorrow().unwrap_or(date)) {
            Some(next) => start(next, zone, now),
            None => self.moment(now),
        }
    }

    /// The day that it is on.
    pub fn day(&self, now: UnixMillis, zone: &TimeZone) -> Date {
        self.date(now, zone).unwrap_or_else(|| zone.to_datetime(self.moment(now).timestamp()).date())
    }

    fn date(&self, now: UnixMillis, zone: &TimeZone) -> Option<Date> {
        match self {
            Self::Day(date) => Some(*date),
            Self::DaysAgo(days) => {
                let today = zone.to_datetime(now.timestamp()).date();
                (0..*days).try_fold(today, |date, _| date.yesterday()).ok()
            }
            Self::At(_) | Self::Ago(_) => None,
        }
    }

    fn moment(&self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::At(at) => *at,
            Self::Ago(time) => now.minus(*time),
            Self::DaysAgo(_) | Self::Day(_) => now,
        }
    }
}

fn start(date: Date, zone: &TimeZone, otherwise: UnixMillis) -> UnixMillis {
    date.to_zoned_datetime(zone.clone()).map_or(otherwise, |start| start.timestamp().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_typed_as_people_say_it() {
        let now = UnixMillis(1_796_083_200_000); // 2026-12-01T00:00:00Z
        let bangkok = TimeZone::get("Asia/Bangkok").unwrap();
        for (text, utc, local) in [
            ("1d", ["2026-11-30T00:00:00Z"; 2], ["2026-11-30T00:00:00Z"; 2]),
            ("90m", ["2026-11-30T22:30:00Z"; 2], ["2026-11-30T22:30:00Z"; 2]),
            ("2 days", ["2026-11-29T00:00:00Z"; 2], ["2026-11-29T00:00:00Z"; 2]),
            (
                "today",
                ["2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"],
                ["2026-11-30T17:00:00Z", "2026-12-01T17:00:00Z"],
            ),
            (
                "Yesterday",
                ["2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"],
                ["2026-11-29T17:00:00Z", "2026-11-30T17:00:00Z"],
            ),
            (
                "2026-11-01",
                ["2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"],
                ["2026-10-31T17:00:00Z", "2026-11-01T17:00:00Z"],
            ),
            ("2026-11-01T09:30:00+07:00", ["2026-11-01T02:30:00Z"; 2], ["2026-11-01T02:30:00Z"; 2]),
            ("1796083200", ["2026-12-01T00:00:00Z"; 2], ["2026-12-01T00:00:00Z"; 2]),
        ] {
            let when = parse(text).unwrap();
            let both = |zone: &TimeZone| [when.begins(now, zone), when.ends(now, zone)].map(|at| at.to_string());
            assert_eq!(
                (both(&TimeZone::UTC), both(&bangkok)),
                (utc.map(str::to_owned), local.map(str::to_owned)),
                "{text}"
            );
        }
        assert_eq!(parse("1d").unwrap().day(now, &bangkok).to_string(), "2026-11-30");
        for text in ["", "tomorrow", "2026-13-01", "2026-11-01T09:30:00", "99999999999999999", "-1d", "1x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
