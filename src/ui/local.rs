//! Times for people: in the zone of this machine, with the zone, unless UTC is asked for. What is a time is told by its form, so that it does
//! not matter who wrote the text. With the zone it is still a time that flags take.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The zone; looked up when the first time is shown. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Local(Arc<OnceLock<TimeZone>>);

/// `2026-11-24T08:15:00Z`, digit by digit.
const FORM: &[u8; 20] = b"dddd-dd-ddTdd:dd:ddZ";

impl Local {
    pub fn utc() -> Self {
        Self::of(TimeZone::UTC)
    }

    fn of(zone: TimeZone) -> Self {
        Self(Arc::new(OnceLock::from(zone)))
    }

    /// UTC if the machine has no zone.
    pub fn zone(&self) -> &TimeZone {
        self.0.get_or_init(TimeZone::system)
    }

    /// The same text, with its times in the zone.
    pub fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut shown = String::new();
        let mut rest = text;
        while let Some(at) = first_time(rest) {
            let (before, after) = rest.split_at(at);
            let (time, after) = after.split_at(FORM.len());
            shown.push_str(before);
            match self.local(time) {
                Some(local) => shown.push_str(&local),
                None => shown.push_str(time),
            }
            rest = after;
        }
        if rest.len() == text.len() {
            return Cow::Borrowed(text);
        }
        shown.push_str(rest);
        Cow::Owned(shown)
    }

    fn local(&self, time: &str) -> Option<String> {
        let zone = self.zone();
        if is_utc(zone) {
            return None;
        }
        let at = time.parse::<Timestamp>().ok()?.to_zoned_datetime(zone.clone());
        Some(at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }
}

/// Not a zone that only happens to have the same time now.
fn is_utc(zone: &TimeZone) -> bool {
    zone.is_unknown()
        || zone.to_fixed_offset().is_ok_and(|offset| offset.is_zero())
        || zone
            .iana_name()
            .is_some_and(|name| matches!(name, "UTC" | "Etc/UTC" | "Etc/UCT" | "UCT" | "Zulu" | "Etc/Zulu"))
}

/// Where a time begins that is a word of its own.
fn first_time(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_alone = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (0..(bytes.len() + 1).saturating_sub(FORM.len())).find(|&at| {
        bytes
            .iter()
            .skip(at)
            .zip(FORM)
            .all(|(byte, form)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form })
            && is_alone(bytes.get(at + FORM.len()))
            && (at == 0 || is_alone(bytes.get(at - 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_text_are_shown_in_the_zone_and_nothing_else_is_touched() {
        let zone = |name: &str| Local::of(TimeZone::get(name).unwrap());
        let text = "run at 2026-11-24T18:15:00Z, or é2026-07-01T00:00:00Z";
        assert_eq!(zone("Asia/Bangkok").shown(text), "run at 2026-11-25T01:15:00+07:00, or é2026-07-01T07:00:00+07:00");
        // An hour more in summer, and not UTC in winter, though it looks like it.
        assert_eq!(
            zone("Europe/London").shown(text),
            "run at 2026-11-24T18:15:00+00:00, or é2026-07-01T01:00:00+01:00"
        );
        for utc in [Local::utc(), zone("Etc/UTC")] {
            assert!(
                matches!(utc.shown("at 2026-11-24T18:15:00Z"), Cow::Owned(text) if text == "at 2026-11-24T18:15:00Z")
            );
        }
        for other in [
            "",
            "Z",
            "2026-11-24",
            "x2026-11-24T18:15:00Z",
            "2026-11-24T18:15:00Zulu",
            "2026-13-45T99:15:00Z",
            "ééééééééééééééééé",
        ] {
            assert_eq!(zone("Asia/Bangkok").shown(other), other);
        }
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        let shown = Local::of(TimeZone::get("Asia/Kolkata").unwrap()).shown("2026-11-24T18:15:00Z").into_owned();
        assert_eq!(shown.parse::<Timestamp>().unwrap().to_string(), "2026-11-24T18:15:00Z");
    }
}
