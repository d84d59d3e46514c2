//! Every duration on which more than one rule depends, what follows from it, and durations as people write them.

pub mod day;
pub mod hours;
pub mod moment;
pub mod zones;

use std::time::Duration;

use jiff::SpanRelativeTo;

/// Between two messages to one subscription token (documented: "once every 12 hours").
pub const COOL_DOWN: Duration = Duration::from_hours(12);

/// Added to every cool-down, for clocks that differ a little after they were corrected by Graph's.
pub const MARGIN: Duration = Duration::from_mins(1);

/// How far this clock and Graph's may be apart before a run refuses to plan or send. Below that the run goes by Graph's time, so this
/// is not part of a cool-down's margin: only what a correction may be off by is, which is less than one slow read takes (15 s).
pub const CLOCK_SKEW: Duration = Duration::from_mins(10);

/// How far ahead of this clock an event of Meta's may be dated; one dated later counts as of when it was received.
pub const EVENT_AHEAD: Duration = Duration::from_mins(5);

/// Events that are younger stay: Meta tells what was not taken again for 36 hours, and an event told twice has to be known.
pub const EVENTS_STAY: Duration = Duration::from_hours(7 * 24);

/// The longest that one send request may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A claim that has not left this long after its commit is given back.
pub const STALE_CLAIM: Duration = Duration::from_secs(5);

/// A campaign is young, and may answer "not yet", for this long after its creation (documented).
pub const YOUTH: Duration = Duration::from_hours(24);

/// From a claim's commit to Graph's last chance to accept the request: the time to leave, then the time to answer.
pub const ON_THE_WAY: Duration = REQUEST_TIMEOUT.saturating_add(STALE_CLAIM);

/// How far behind the ledger's newest time a clock may be: no further than every cool-down has on top.
pub const BEHIND_LEDGER: Duration = MARGIN;

/// `90s`, `30m`, `12h`, `1h 30m`, `2 days`; the reason why not otherwise.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("\"{text}\" is not a valid duration: use 90s, 30m, 12h or \"1h 30m\"");
    let span: jiff::Span = text.parse().map_err(|_| bad())?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
    Duration::try_from(span).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, seconds) in [("90s", 90), ("12h 30m", 45_000), ("2 days", 172_800), ("7d", 604_800)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "-1h", "12", "1x", "h", "1 month"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_depends_on_another_time_follows_it() {
        assert_eq!([COOL_DOWN.as_secs(), MARGIN.as_secs(), ON_THE_WAY.as_secs()], [43_200, 60, 35]);
        // A clock that is behind by what is allowed ends no cool-down early.
        assert!(BEHIND_LEDGER <= MARGIN);
    }
}
