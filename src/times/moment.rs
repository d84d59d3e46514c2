//! A moment as people write it: `tomorrow 09:00`.

use jiff::civil::{Date, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::hours::{Minute, Twice, moment};
use crate::clock::UnixMillis;

/// A moment, and what a person must know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: UnixMillis,
    /// Clocks skip the time that was asked for, or show it twice.
    pub note: Option<String>,
}

/// `09:00` (the next), `today 09:00`, `tomorrow 09:00`, `friday 09:00` (the next), `2026-12-01 09:00`, in this zone. `None`: not written like
/// that.
pub fn parse(text: &str, zone: &TimeZone, now: UnixMillis) -> Option<Moment> {
    let mut words = text.split_whitespace();
    let (first, second, None) = (words.next()?, words.next(), words.next()) else { return None };
    let (day, time) = second.map_or((None, first), |time| (Some(first), time));
    let minute = Minute::parse(time).ok()?;
    let today = zone.to_datetime(now.timestamp()).date();
    let date = match day {
        None => {
            let is_over = found(zone, minute, today).at <= now;
            if is_over { today.tomorrow().ok()? } else { today }
        }
        Some(day) => date_of(&day.to_lowercase(), today, |date| found(zone, minute, date).at <= now)?,
    };
    Some(found(zone, minute, date))
}

fn date_of(day: &str, today: Date, is_over: impl Fn(Date) -> bool) -> Option<Date> {
    let weekday = match day {
        "today" => return Some(today),
        "tomorrow" => return today.tomorrow().ok(),
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        date => return date.parse().ok(),
    };
    if today.weekday() == weekday && !is_over(today) {
        return Some(today);
    }
    today.nth_weekday(1, weekday).ok()
}

fn found(zone: &TimeZone, minute: Minute, date: Date) -> Moment {
    let local = minute.on(date);
    let at = moment(zone, local, Twice::First);
    let name = zone.iana_name().unwrap_or("this zone");
    let note = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some(format!(
            "{minute} does not exist on {date} in {name}, where clocks go forward: {} is taken",
            zone.to_datetime(at.timestamp()).strftime("%H:%M")
        )),
        AmbiguousOffset::Fold { .. } => {
            Some(format!("{minute} comes twice on {date} in {name}, where clocks go back: the first is taken"))
        }
    };
    Moment { at, note }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_the_zone() {
        let at = |text: &str| -> UnixMillis { text.parse::<jiff::Timestamp>().unwrap().into() };
        // A Tuesday, 23:30 in Berlin.
        let now = at("2026-12-01T22:30:00Z");
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (text, wanted, note) in [
            ("tomorrow 09:00", Some("2026-12-02T08:00:00Z"), None),
            ("Tomorrow  9:00", Some("2026-12-02T08:00:00Z"), None),
            ("today 23:45", Some("2026-12-01T22:45:00Z"), None),
            ("today 09:00", Some("2026-12-01T08:00:00Z"), None),
            ("09:00", Some("2026-12-02T08:00:00Z"), None),
            ("23:45", Some("2026-12-01T22:45:00Z"), None),
            ("friday 09:00", Some("2026-12-04T08:00:00Z"), None),
            ("tuesday 09:00", Some("2026-12-08T08:00:00Z"), None),
            ("tuesday 23:45", Some("2026-12-01T22:45:00Z"), None),
            ("2027-01-15 12:00", Some("2027-01-15T11:00:00Z"), None),
            ("2027-03-28 02:30", Some("2027-03-28T01:00:00Z"), Some("03:00 is taken")),
            ("2026-10-25 02:30", Some("2026-10-25T00:30:00Z"), Some("the first is taken")),
            ("someday 09:00", None, None),
            ("tomorrow", None, None),
            ("tomorrow 9", None, None),
            ("tomorrow 09:00 sharp", None, None),
            ("", None, None),
        ] {
            let found = parse(text, &zone, now);
            assert_eq!(found.as_ref().map(|found| found.at), wanted.map(at), "{text}");
            let told = found.and_then(|found| found.note);
            assert_eq!(told.is_some(), note.is_some(), "{text}: {told:?}");
            assert!(told.unwrap_or_default().contains(note.unwrap_or_default()), "{text}");
        }
    }
}
