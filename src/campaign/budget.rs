//! Budgets, and the minimum that an ad account accepts.

use std::time::Duration;

use crate::clock::UnixMillis;

/// Days that a campaign runs if no end is given (Meta: start plus 30 days for lifetime budgets).
pub const DEFAULT_DAYS: u64 = 30;

/// Meta accepts so many changes of a campaign's budget …
pub const CHANGES: usize = 4;
/// … within this time.
pub const CHANGES_IN: Duration = Duration::from_hours(1);

/// When Meta accepts the next change of a budget that was changed at these times, the oldest first. `None`: now.
pub fn next_change(changes: &[UnixMillis], now: UnixMillis) -> Option<UnixMillis> {
    let counts = changes.len().checked_sub(CHANGES)?;
    changes.get(counts).map(|oldest| oldest.plus(CHANGES_IN)).filter(|next| *next > now)
}

/// A campaign's budget in the currency's smallest unit, above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The average per day. Up to 175% of it may be spent on one day, at most seven times it in a week.
    Daily(u64),
    /// The total for the whole run.
    Lifetime(u64),
}

impl Budget {
    pub fn minor(self) -> u64 {
        match self {
            Self::Daily(minor) | Self::Lifetime(minor) => minor,
        }
    }

    /// The name of the parameter in Meta's API.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Daily(_) => "daily_budget",
            Self::Lifetime(_) => "lifetime_budget",
        }
    }

    /// The minimum budget of this kind, given the account's `min_daily` (`min_daily_budget_imp`) and the days of the run.
    pub fn least(self, min_daily: u64, days: u64) -> u64 {
        match self {
            Self::Daily(_) => min_daily,
            Self::Lifetime(_) => min_daily.saturating_mul(days),
        }
    }

    /// Parses a budget from a flag: a whole number of smallest units above 0. The error says what is wrong.
    pub fn parse_amount(text: &str) -> Result<u64, String> {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(0) => Err("the budget must be above 0".to_owned()),
            // Meta uses signed 64-bit numbers.
            Ok(minor) if plain && i64::try_from(minor).is_ok() => Ok(minor),
            _ => Err("the budget must be a whole number in the currency's smallest unit, such as 3000 for 30.00 USD"
                .to_owned()),
        }
    }
}

/// The days of a run, rounded up; [`DEFAULT_DAYS`] without an end.
pub fn run_days(run: Option<Duration>) -> u64 {
    run.map_or(DEFAULT_DAYS, |run| run.as_secs().div_ceil(24 * 60 * 60).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_whole_number_above_zero() {
        assert_eq!(Budget::parse_amount("3000"), Ok(3000));
        for text in ["", "0", "-1", "+5", "30.00", "3,000", "3e3", " 5", "99999999999999999999", "9223372036854775808"]
        {
            assert!(Budget::parse_amount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_fifth_change_waits_until_the_first_of_the_last_four_is_an_hour_old() {
        let at = |minutes: &[i64]| minutes.iter().map(|minute| UnixMillis(minute * 60_000)).collect::<Vec<_>>();
        for (changes, now, next) in [
            (&[][..], 0, None),
            (&[0, 1, 2], 3, None),
            (&[0, 1, 2, 3], 4, Some(60)),
            (&[0, 1, 2, 3], 59, Some(60)),
            (&[0, 1, 2, 3], 60, None),
            // More, by whoever did not ask first.
            (&[0, 1, 2, 3, 30], 31, Some(61)),
        ] {
            let next: Option<i64> = next;
            let found = next_change(&at(changes), UnixMillis(now * 60_000));
            assert_eq!(found, next.map(|minute| UnixMillis(minute * 60_000)), "{changes:?} {now}");
        }
    }

    #[test]
    fn the_least_lifetime_budget_grows_with_the_days() {
        let hours = |n: u64| Some(Duration::from_secs(n * 3600));
        assert_eq!((run_days(None), run_days(hours(1)), run_days(hours(24)), run_days(hours(25))), (30, 1, 1, 2));
        assert_eq!(Budget::Lifetime(1).least(100, 30), 3000);
        assert_eq!(Budget::Daily(1).least(100, 30), 100);
        assert_eq!(Budget::Lifetime(1).least(u64::MAX, 2), u64::MAX);
    }
}
