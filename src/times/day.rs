//! Days of a time zone.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::hours::Zone;
use crate::clock::UnixMillis;

/// One day, from its first moment to that of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    pub begins: UnixMillis,
    pub ends: UnixMillis,
}

impl Day {
    /// The day that it is in this zone; in UTC if nobody knows the zone.
    pub fn at(now: UnixMillis, zone: Zone) -> Self {
        let here = now.timestamp().to_zoned_datetime(zone.time_zone().unwrap_or(TimeZone::UTC));
        let begin = |days: i64| {
            let day = here.checked_add(days.days()).and_then(|day| day.start_of_day());
            day.map_or(now, |day| day.timestamp().into())
        };
        Self { date: here.date(), begins: begin(0), ends: begin(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_as_long_as_it_is_there() {
        for (now, zone, begins, ends) in [
            ("2027-03-27T12:00:00Z", "", "2027-03-27T00:00:00Z", "2027-03-28T00:00:00Z"),
            ("2027-03-27T20:00:00Z", "Asia/Kolkata", "2027-03-27T18:30:00Z", "2027-03-28T18:30:00Z"),
            ("2027-03-28T12:00:00Z", "Europe/Berlin", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z"),
            ("2027-03-28T00:00:00Z", "UTC", "2027-03-28T00:00:00Z", "2027-03-29T00:00:00Z"),
        ] {
            let at = |text: &str| UnixMillis::from(text.parse::<jiff::Timestamp>().unwrap());
            let day = Day::at(at(now), Zone::named(zone));
            assert_eq!((day.begins, day.ends), (at(begins), at(ends)), "{zone}");
        }
    }
}
