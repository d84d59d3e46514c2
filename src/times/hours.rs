//! At which hours people may get a message, each in their own time zone.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::ON_THE_WAY;
use crate::clock::UnixMillis;

/// Longer than any name of the time zone database.
const LONGEST: usize = 40;
const MINUTES_PER_DAY: u16 = 24 * 60;

/// The name of a time zone, as it was told; empty if none was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Zone([u8; LONGEST]);

impl Default for Zone {
    fn default() -> Self {
        Self([0; LONGEST])
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Zone {
    /// A name that is too long for a time zone is none.
    pub fn named(name: &str) -> Self {
        let mut zone = Self::default();
        if let Some(place) = zone.0.get_mut(..name.len()) {
            place.copy_from_slice(name.as_bytes());
        }
        zone
    }

    /// A time zone that is known here; the reason why not otherwise.
    pub fn parse(name: &str) -> Result<Self, String> {
        let zone = Self::named(name.trim());
        match zone.time_zone() {
            Some(_) => Ok(zone),
            None => Err(format!("{name:?} is not a known time zone: use a name such as Europe/Berlin or Asia/Kolkata")),
        }
    }

    pub fn name(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(LONGEST);
        self.0.get(..end).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// `None` if nobody knows it.
    pub fn time_zone(&self) -> Option<TimeZone> {
        Some(self.name()).filter(|name| !name.is_empty()).and_then(|name| TimeZone::get(name).ok())
    }
}

/// A time of day, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(u16);

impl Minute {
    /// `9:00` or `21:30`; the reason why not otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is not a time of day: use 09:00 or 21:30");
        let (hour, minute) = text.trim().split_once(':').ok_or_else(bad)?;
        let digits = |part: &str, longest| part.len() <= longest && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(hour, 2) || minute.len() != 2 || !digits(minute, 2) {
            return Err(bad());
        }
        let (hour, minute): (u16, u16) = (hour.parse().map_err(|_| bad())?, minute.parse().map_err(|_| bad())?);
        if hour > 23 || minute > 59 {
            return Err(bad());
        }
        Ok(Self(hour * 60 + minute))
    }

    fn of(time: DateTime) -> Self {
        Self(u16::try_from(time.hour()).unwrap_or(0) * 60 + u16::try_from(time.minute()).unwrap_or(0))
    }

    /// This time of day on that date, whether or not it exists in a time zone.
    pub fn on(self, date: Date) -> DateTime {
        let (hour, minute) = (self.0 % MINUTES_PER_DAY / 60, self.0 % 60);
        date.at(i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0), 0, 0)
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// The hours in which nobody gets anything: from one time of day until another, perhaps past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    from: Minute,
    until: Minute,
}

impl Quiet {
    /// `21:00-08:00`; the reason why not otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (from, until) =
            text.split_once('-').ok_or_else(|| format!("{text:?} is not a window of hours: use 21:00-08:00"))?;
        // Midnight as people write the end of a day.
        let midnight = until.trim() == "24:00";
        let (from, until) = (Minute::parse(from)?, if midnight { Minute(0) } else { Minute::parse(until)? });
        if from == until && midnight {
            return Err(format!("{text:?} is the whole day: nothing would be sent"));
        }
        if from == until {
            return Err(format!("{text:?} has no length: the quiet hours end when they begin"));
        }
        Ok(Self { from, until })
    }

    /// The date on which the quiet hours of this local time end; `None` if it is none of them.
    fn ends_on(self, local: DateTime) -> Option<Date> {
        let now = Minute::of(local);
        let today = local.date();
        match () {
            () if self.from < self.until => (self.from <= now && now < self.until).then_some(today),
            () if now < self.until => Some(today),
            () if now >= self.from => today.tomorrow().ok(),
            () => None,
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.until)
    }
}

/// The first time after `since` that it is `minute` where the person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    pub minute: Minute,
    pub since: UnixMillis,
}

/// When the people of a broadcast may get its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    pub quiet: Option<Quiet>,
    /// Nobody gets anything before.
    pub not_before: UnixMillis,
    /// Nor before this time of day, each in their own zone.
    pub local: Option<Local>,
    /// The zone of people whose own is not known.
    pub fallback: Zone,
}

impl Hours {
    /// From `at` on, the first moment at which somebody in this zone may get the message. A request that leaves shortly before the quiet
    /// hours could arrive in them.
    pub fn open_at(&self, zone: Zone, at: UnixMillis) -> UnixMillis {
        let mut at = at.max(self.not_before);
        if self.quiet.is_none() && self.local.is_none() {
            return at;
        }
        let zone = zone.time_zone().or_else(|| self.fallback.time_zone()).unwrap_or(TimeZone::UTC);
        let local = |at: UnixMillis| zone.to_datetime(at.timestamp());
        if let Some(Local { minute, since }) = self.local {
            let today = local(since).date();
            let dates = [Some(today), today.tomorrow().ok()].into_iter().flatten();
            let first = dates.map(|date| moment(&zone, minute.on(date), Twice::First)).find(|first| *first >= since);
            at = at.max(first.unwrap_or(at));
        }
        let end = |quiet: Quiet, at| quiet.ends_on(local(at)).map(|date| (quiet.until, date));
        match self.quiet.and_then(|quiet| end(quiet, at).or_else(|| end(quiet, at.plus(ON_THE_WAY)))) {
            Some((until, date)) => at.max(moment(&zone, until.on(date), Twice::Second)),
            None => at,
        }
    }
}

/// Which of two moments is meant where clocks go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twice {
    First,
    Second,
}

/// When it is this time in a zone. A time that clocks skip is the moment at which they go forward.
pub fn moment(zone: &TimeZone, local: DateTime, twice: Twice) -> UnixMillis {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let offset = ambiguous.offset();
    let found = match (offset, twice) {
        (AmbiguousOffset::Fold { .. }, Twice::First) => ambiguous.earlier(),
        _ => ambiguous.later(),
    };
    let Ok(found) = found else { return UnixMillis(i64::MAX) };
    match offset {
        AmbiguousOffset::Gap { .. } => zone.preceding(found).next().map_or(found, |change| change.timestamp()).into(),
        _ => found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn quiet_hours_end_at_their_end_in_the_persons_zone() {
        // The window, the zone, a moment, and the first one from it on that is not quiet.
        for (quiet, zone, now, open) in [
            ("21:00-08:00", "UTC", "2026-12-01T20:58:00Z", "2026-12-01T20:58:00Z"),
            ("21:00-08:00", "UTC", "2026-12-01T20:59:50Z", "2026-12-02T08:00:00Z"),
            ("21:00-08:00", "UTC", "2026-12-01T21:00:00Z", "2026-12-02T08:00:00Z"),
            ("21:00-08:00", "UTC", "2026-12-02T07:59:59Z", "2026-12-02T08:00:00Z"),
            ("21:00-08:00", "UTC", "2026-12-02T08:00:00Z", "2026-12-02T08:00:00Z"),
            ("12:00-14:00", "UTC", "2026-12-02T13:00:00Z", "2026-12-02T14:00:00Z"),
            ("21:00-00:00", "UTC", "2026-12-01T22:00:00Z", "2026-12-02T00:00:00Z"),
            ("21:00-24:00", "UTC", "2026-12-01T22:00:00Z", "2026-12-02T00:00:00Z"),
            // Half-hour and quarter-hour zones.
            ("21:00-08:00", "Asia/Kolkata", "2026-12-01T15:29:00Z", "2026-12-01T15:29:00Z"),
            ("21:00-08:00", "Asia/Kolkata", "2026-12-01T15:30:00Z", "2026-12-02T02:30:00Z"),
            ("21:00-08:00", "Asia/Kathmandu", "2026-12-01T16:00:00Z", "2026-12-02T02:15:00Z"),
            // A night of 10 hours and one of 12.
            ("21:00-08:00", "Europe/Berlin", "2027-03-27T20:00:00Z", "2027-03-28T06:00:00Z"),
            ("21:00-08:00", "Europe/Berlin", "2026-10-24T19:00:00Z", "2026-10-25T07:00:00Z"),
            // An end that clocks skip, and one that they show twice.
            ("21:00-02:30", "Europe/Berlin", "2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z"),
            ("21:00-02:30", "Europe/Berlin", "2026-10-25T00:10:00Z", "2026-10-25T01:30:00Z"),
            ("21:00-02:30", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"),
            // Half an hour of summer time.
            ("21:00-08:00", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T21:00:00Z"),
        ] {
            let hours = Hours { quiet: Some(Quiet::parse(quiet).unwrap()), ..Hours::default() };
            assert_eq!(hours.open_at(Zone::parse(zone).unwrap(), at(now)), at(open), "{quiet} {zone} {now}");
            // The same for whoever has no zone of their own, or one that nobody knows.
            let fallback = Hours { fallback: Zone::named(zone), ..hours };
            for own in ["", "Mars/Olympus", &"x".repeat(80)] {
                assert_eq!(fallback.open_at(Zone::named(own), at(now)), at(open), "{quiet} {zone} {now} {own}");
            }
        }
    }

    #[test]
    fn no_moment_that_is_open_is_quiet() {
        let quiet = Quiet::parse("21:00-08:00").unwrap();
        let hours = Hours { quiet: Some(quiet), ..Hours::default() };
        for name in ["America/New_York", "Asia/Kolkata", "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe"] {
            let zone = Zone::parse(name).unwrap();
            for minutes in (0..400 * 24 * 60).step_by(37) {
                let now = UnixMillis(at("2026-09-01T00:00:00Z").0 + minutes * 60_000);
                let open = hours.open_at(zone, now);
                let local = zone.time_zone().unwrap().to_datetime(open.timestamp());
                assert!(open >= now && (8..21).contains(&local.hour()), "{name} {now} {open}");
                assert!(open.since(now).as_secs() <= 12 * 3600 + 60, "{name} {now} {open}");
                assert_eq!(hours.open_at(zone, open), open);
            }
        }
    }

    #[test]
    fn a_local_time_is_the_first_of_its_kind_since_it_was_asked_for() {
        let since = at("2026-12-01T07:00:00Z");
        let local = Some(Local { minute: Minute::parse("9:00").unwrap(), since });
        let hours = Hours { local, fallback: Zone::named("Europe/Berlin"), ..Hours::default() };
        for (zone, first) in [
            ("UTC", "2026-12-01T09:00:00Z"),
            ("Europe/Berlin", "2026-12-01T08:00:00Z"),
            ("", "2026-12-01T08:00:00Z"),
            // It is 12:30 there already.
            ("Asia/Kolkata", "2026-12-02T03:30:00Z"),
            ("America/New_York", "2026-12-01T14:00:00Z"),
        ] {
            let zone = Zone::named(zone);
            assert_eq!(hours.open_at(zone, since), at(first), "{zone:?}");
            // From then on it says nothing more.
            assert_eq!(hours.open_at(zone, at("2026-12-05T23:00:00Z")), at("2026-12-05T23:00:00Z"));
            // Quiet hours count besides, and so does a fixed time.
            let quiet = Some(Quiet::parse("08:00-10:00").unwrap());
            assert_eq!(
                Hours { quiet, ..hours }.open_at(zone, since),
                at(first).plus(std::time::Duration::from_hours(1))
            );
            let not_before = at("2026-12-03T12:00:00Z");
            assert_eq!(Hours { not_before, ..hours }.open_at(zone, since), not_before);
        }
    }

    #[test]
    fn what_is_no_time_zone_or_window_is_refused() {
        for (text, why) in [
            ("21:00", "is not a window"),
            ("21:00-21:00", "has no length"),
            ("9:00-09:00", "has no length"),
            ("00:00-24:00", "is the whole day"),
            ("24:00-08:00", "is not a time of day"),
            ("21:60-08:00", "is not a time of day"),
            ("21-08", "is not a time of day"),
            ("+1:00-08:00", "is not a time of day"),
            ("21:0-08:00", "is not a time of day"),
        ] {
            assert!(Quiet::parse(text).unwrap_err().contains(why), "{text}");
        }
        for text in ["21:00-08:00", "09:30-10:00"] {
            assert_eq!(Quiet::parse(text).unwrap().to_string(), text);
        }
        for name in ["", "Berlin", "Europe/Atlantis", "UTC+2", "../etc/passwd"] {
            assert!(Zone::parse(name).unwrap_err().contains("is not a known time zone"), "{name}");
        }
        assert_eq!(Zone::parse("America/Argentina/ComodRivadavia").unwrap().name(), "America/Argentina/ComodRivadavia");
    }
}
