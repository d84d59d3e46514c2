//! Every duration on which more than one rule depends, and what follows from it.

use std::time::Duration;

/// Between two messages to one subscription token (documented: "once every 12 hours").
pub const COOL_DOWN: Duration = Duration::from_hours(12);

/// Added to every cool-down, for clocks that differ a little.
pub const MARGIN: Duration = Duration::from_mins(1);

/// How far this clock and Graph's may be apart before a run refuses to plan or send.
pub const CLOCK_SKEW: Duration = Duration::from_mins(10);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_another_time_follows_it() {
        assert_eq!([COOL_DOWN.as_secs(), MARGIN.as_secs(), ON_THE_WAY.as_secs()], [43_200, 60, 35]);
        // A clock that is behind by what is allowed ends no cool-down early.
        assert!(BEHIND_LEDGER <= MARGIN);
    }
}
