//! How fast an ad account may be sent to, learned from usage headers.
//!
//! Meta's limit is a level that sends fill and time drains (9000 points at full access, 30 a second; documented for the
//! Marketing API, inferred for sends). So the sender holds the level just under the limit: below half of it the rate rises
//! gently, from three quarters on it falls, at 95 % nothing leaves until the time told. Where rate and drain meet, the level
//! stays where it is and no pace is given away.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::graph::Usage;
use crate::ledger::pace::{Meter, PaceRow};

/// Where an account that was never sent to begins: what full access allows for good, as inferred.
const FIRST_RATE: f64 = 10.0;
const FASTEST: f64 = 500.0;
const SLOWEST: f64 = 0.02;
/// Below this usage the rate rises …
const LOW: f64 = 0.5;
/// … so much a second of those steps that saw a usage.
const RISE: f64 = 0.02;
/// From this usage on the rate falls …
const SLOW_FROM: f64 = 0.75;
/// … and here it is nothing.
const STOP_AT: f64 = 0.95;
/// What is left of the rate just below [`STOP_AT`].
const CRAWL: f64 = 0.02;
/// How fast the learned rate follows what the level allows, a second.
const FOLLOW: f64 = 0.003;
/// A usage told so long ago has drained (the documented decay).
const STALE: Duration = Duration::from_secs(300);
/// How long to stay away at [`STOP_AT`] when no time is told.
const UNTOLD: Duration = Duration::from_secs(10);
/// A late timer may catch up on so much time; more would be a burst.
const CATCH_UP_MILLIS: f64 = 50.0;

/// What a run saw since its last step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observed {
    /// Whether the rate is learned; otherwise only pauses are shared.
    pub auto: bool,
    /// The last usage of 1, and how long to stay away where that is told.
    pub usage: Option<f64>,
    pub told: Option<Duration>,
    /// A pause that this run makes for a rate refusal.
    pub pause_until: Option<UnixMillis>,
}

impl Observed {
    /// Takes in an answer's headers.
    pub fn see(&mut self, usage: &Usage) {
        if let Some(percent) = usage.percent() {
            self.usage = Some(percent / 100.0);
            self.told = usage.regain.or(usage.reset);
        }
    }
}

impl Meter for Observed {
    fn allow(&mut self, kept: &mut Option<PaceRow>, now: UnixMillis, want: usize) -> (usize, Option<UnixMillis>) {
        if !self.auto && self.pause_until.is_none() && kept.is_none() {
            return (want, None);
        }
        let row = kept.get_or_insert(PaceRow {
            rate: FIRST_RATE,
            usage: None,
            next_at: 0.0,
            paused_until: UnixMillis(0),
            refusals: 0,
            updated_at: now,
        });
        self.learn(row, now);
        if row.paused_until > now {
            return (0, Some(row.paused_until));
        }
        if !self.auto || want == 0 {
            return (want, None);
        }
        let interval = 1000.0 / allowed(row);
        let time = now.0 as f64;
        row.next_at = row.next_at.max(time - CATCH_UP_MILLIS);
        // A rate that rose since the last send was due must not wait for the old interval.
        row.next_at = row.next_at.min(time + interval);
        if row.next_at > time {
            return (0, Some(UnixMillis(row.next_at.ceil() as i64)));
        }
        let due = ((time - row.next_at) / interval).floor() as usize + 1;
        let allowed = due.min(want);
        row.next_at += allowed as f64 * interval;
        let next = (allowed < want).then_some(UnixMillis(row.next_at.ceil() as i64));
        (allowed, next)
    }

    fn unused(&mut self, row: &mut PaceRow, unused: usize) {
        if self.auto {
            row.next_at -= unused as f64 * 1000.0 / allowed(row);
        }
    }
}

impl Observed {
    fn learn(&self, row: &mut PaceRow, now: UnixMillis) {
        let passed = now.since(row.updated_at);
        let seconds = passed.as_secs_f64().min(10.0);
        if passed > STALE {
            row.usage = None;
        }
        row.updated_at = row.updated_at.max(now);
        if let Some(until) = self.pause_until {
            row.refusals += 1;
            row.paused_until = row.paused_until.max(until);
            row.rate = (row.rate / 2.0).max(SLOWEST);
        }
        let Some(usage) = self.usage else { return };
        row.usage = Some(usage);
        row.refusals = 0;
        if usage < LOW {
            row.rate = (row.rate * (1.0 + RISE * seconds)).min(FASTEST);
        } else if usage > SLOW_FROM {
            row.rate += (allowed(row) - row.rate) * FOLLOW * seconds;
        }
        row.rate = row.rate.clamp(SLOWEST, FASTEST);
        if usage >= STOP_AT {
            row.paused_until = row.paused_until.max(now.plus(self.told.unwrap_or(UNTOLD)));
        }
    }
}

/// Sends a second at the last usage told.
fn allowed(row: &PaceRow) -> f64 {
    let Some(usage) = row.usage.filter(|usage| *usage > SLOW_FROM) else { return row.rate };
    let share = (STOP_AT - usage) / (STOP_AT - SLOW_FROM);
    (row.rate * share.max(CRAWL)).max(SLOWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meta's level: filled by sends, drained by time.
    struct Level {
        points: f64,
        full: f64,
        drain: f64,
        cost: f64,
    }

    impl Level {
        fn usage(&self) -> f64 {
            self.points / self.full
        }
    }

    /// Sends for `minutes`; the sends of each minute, the highest usage, and refusals. Answers come 100 ms late.
    fn simulate(mut level: Level, minutes: usize, rate: Option<f64>) -> (Vec<usize>, f64, usize) {
        let mut row = rate.map(|rate| PaceRow {
            rate,
            usage: None,
            next_at: 0.0,
            paused_until: UnixMillis(0),
            refusals: 0,
            updated_at: UnixMillis(0),
        });
        let (mut sent, mut highest, mut refused) = (vec![0; minutes], 0.0_f64, 0);
        let mut answers: std::collections::VecDeque<(i64, f64, f64)> = std::collections::VecDeque::new();
        for tick in 0..(minutes as i64 * 6000) {
            let now = UnixMillis(1_000_000 + tick * 10);
            level.points = (level.points - level.drain / 100.0).max(0.0);
            let mut observed = Observed { auto: true, ..Observed::default() };
            while answers.front().is_some_and(|(at, ..)| *at <= now.0) {
                let (_, usage, reset) = answers.pop_front().unwrap();
                observed.usage = Some(usage);
                observed.told = Some(Duration::from_secs_f64(reset));
            }
            let (allowed, _) = observed.allow(&mut row, now, 64);
            for _ in 0..allowed {
                if level.points + level.cost > level.full {
                    refused += 1;
                } else {
                    level.points += level.cost;
                    sent[tick as usize / 6000] += 1;
                }
                answers.push_back((now.0 + 100, level.usage(), level.points / level.drain));
            }
            highest = highest.max(level.usage());
        }
        (sent, highest, refused)
    }

    fn full() -> Level {
        Level { points: 0.0, full: 9000.0, drain: 30.0, cost: 3.0 }
    }

    #[test]
    fn full_access_is_held_at_98_percent_and_more_without_a_refusal() {
        let (sent, highest, refused) = simulate(full(), 60, None);
        assert_eq!(refused, 0);
        assert!(highest < 0.96, "{highest}");
        for (minute, sent) in sent.iter().enumerate().skip(1) {
            assert!(*sent as f64 >= 0.98 * 600.0, "minute {minute}: {sent} of 600");
        }
    }

    #[test]
    fn a_full_level_left_by_somebody_else_costs_no_refusal_and_the_pace_comes_back() {
        let (sent, _, refused) = simulate(Level { points: 7000.0, ..full() }, 30, Some(60.0));
        assert_eq!(refused, 0, "{sent:?}");
        let late: usize = sent[5..].iter().sum();
        assert!(late as f64 >= 0.98 * 600.0 * 25.0, "{sent:?}");
    }

    #[test]
    fn limited_access_is_never_refused() {
        let (sent, highest, refused) = simulate(Level { points: 0.0, full: 60.0, drain: 0.2, cost: 3.0 }, 60, None);
        assert_eq!(refused, 0, "{highest} {sent:?}");
        let all: usize = sent[10..].iter().sum();
        assert!(all as f64 >= 0.9 * 50.0 * 60.0 * 0.2 / 3.0, "{all}: {sent:?}");
    }

    #[test]
    fn without_headers_the_first_rate_stands() {
        let mut row = None;
        let mut allowed = 0;
        for tick in 0..6000 {
            let mut observed = Observed { auto: true, ..Observed::default() };
            allowed += observed.allow(&mut row, UnixMillis(5_000_000 + tick * 10), 64).0;
        }
        assert!((595..=602).contains(&allowed), "{allowed}");
    }

    #[test]
    fn two_processes_share_one_budget() {
        let mut row = None;
        let mut allowed = [0, 0];
        for tick in 0..6000 {
            let mut observed = Observed { auto: true, ..Observed::default() };
            allowed[tick % 2] += observed.allow(&mut row, UnixMillis(5_000_000 + tick as i64 * 10), 64).0;
        }
        let sum: usize = allowed.iter().sum();
        assert!((595..=602).contains(&sum), "{allowed:?}");
    }

    #[test]
    fn a_pause_holds_every_process_and_outlives_the_run() {
        let mut row = None;
        let now = UnixMillis(5_000_000);
        let until = now.plus(Duration::from_secs(60));
        let mut first = Observed { auto: false, pause_until: Some(until), ..Observed::default() };
        assert_eq!(first.allow(&mut row, now, 5), (0, Some(until)));
        for auto in [true, false] {
            let mut next = Observed { auto, ..Observed::default() };
            assert_eq!(next.allow(&mut row, now.plus(Duration::from_secs(59)), 5), (0, Some(until)));
        }
        assert!(Observed::default().allow(&mut row, until, 5).0 == 5);
    }

    #[test]
    fn permits_that_were_not_used_come_back() {
        let mut row = None;
        let mut observed = Observed { auto: true, ..Observed::default() };
        assert_eq!(observed.allow(&mut row, UnixMillis(5_000_000), 1).0, 1);
        observed.unused(row.as_mut().unwrap(), 1);
        assert_eq!(observed.allow(&mut row, UnixMillis(5_000_001), 1).0, 1);
        assert_eq!(observed.allow(&mut row, UnixMillis(5_000_002), 1).0, 0);
    }
}
