//! How fast an ad account may send, learned from usage headers.
//!
//! Meta's limit is a level that sends fill and time drains (9000 points at full access, 30 per second; documented for the
//! Marketing API, inferred for sends). So the sender holds the level just under the limit: below half of it the rate rises
//! gently, from three quarters on it falls, at 95% nothing is sent until the time that Meta gives. When rate and drain are equal, the
//! level stays constant and no pace is lost.
//!
//! A rate that runs were given takes the place of what was learned. It is a budget of the account, too: runs that were given different ones
//! keep each its own (see [`super::pace`]), and together the larger one.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::graph::Usage;
use crate::ledger::pace::{Fixed, Meter, PaceRow};
use crate::rate::Rate;

/// Where a new account starts: what full access allows in the long run, as inferred.
const FIRST_RATE: f64 = 10.0;
const FASTEST: f64 = 500.0;
const SLOWEST: f64 = 0.02;
/// Below this usage the rate rises …
const LOW: f64 = 0.5;
/// … by this much per second of the steps that saw a usage.
const RISE: f64 = 0.02;
/// From this usage on the rate falls …
const SLOW_FROM: f64 = 0.75;
/// … and here it is zero.
const STOP_AT: f64 = 0.95;
/// What is left of the rate just below [`STOP_AT`].
const CRAWL: f64 = 0.02;
/// How fast the learned rate follows what the level allows, per second; or [`FIRST_RATE`], if no level is given.
const FOLLOW: f64 = 0.003;
/// A full level drains completely in this time (the documented decay).
const DRAINED: Duration = Duration::from_secs(300);
/// How long to pause at [`STOP_AT`] if no time is given.
const UNTOLD: Duration = Duration::from_secs(10);
/// A late timer may catch up on this much time; more would be a burst.
const CATCH_UP_MILLIS: f64 = 50.0;
/// Clocks are read in whole milliseconds: a send of a given rate may be so much early, which is no faster.
const ROUNDING_MILLIS: f64 = 1.0;
/// Who wants several sends of a given rate waits for them together, but no longer than this: runs that share it would otherwise all ask for
/// each of them.
const TOGETHER_MILLIS: f64 = 10.0;
/// When a given rate is forgotten that nobody asks for: after this, and some of its sends.
const FORGOTTEN: Duration = Duration::from_secs(5);
const FORGOTTEN_SENDS: f64 = 3.0;
/// How far ahead the next send of a given rate may be due, besides: more is of a clock that was set back.
const AHEAD_MILLIS: f64 = 1000.0;

/// Sends per second that a run may expect of an account, by what is kept of it.
pub fn expected_rate(kept: Option<&PaceRow>) -> f64 {
    kept.map_or(FIRST_RATE, |row| row.rate)
}

/// What a run saw since its last step.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// Learned, given, or none; pauses are shared in any case.
    pub rate: Rate,
    /// The last usage (1 is full), and how long to pause if that is given.
    pub usage: Option<f64>,
    pub told: Option<Duration>,
    /// A pause that this run makes for a rate refusal.
    pub pause_until: Option<UnixMillis>,
}

impl Observed {
    pub const fn nothing(rate: Rate) -> Self {
        Self { rate, usage: None, told: None, pause_until: None }
    }

    /// Records an answer's headers.
    pub fn see(&mut self, usage: &Usage) {
        if let Some(percent) = usage.percent() {
            self.usage = Some(percent / 100.0);
            let is_full = usage.account.is_some_and(|percent| percent / 100.0 >= STOP_AT);
            self.told = usage.regain.or(usage.reset.filter(|_| is_full));
        }
    }
}

impl Meter for Observed {
    fn allow(&mut self, kept: &mut Option<PaceRow>, now: UnixMillis, want: usize) -> (usize, Option<UnixMillis>) {
        let is_full = self.usage.is_some_and(|usage| usage >= STOP_AT);
        if self.rate == Rate::Unlimited && self.pause_until.is_none() && !is_full && kept.is_none() {
            return (want, None);
        }
        let row = kept.get_or_insert(PaceRow {
            rate: FIRST_RATE,
            usage: None,
            next_at: 0.0,
            paused_until: UnixMillis(0),
            refusals: 0,
            updated_at: now,
            fixed: None,
        });
        self.learn(row, now);
        if row.paused_until > now {
            return (0, Some(row.paused_until));
        }
        if self.rate == Rate::Unlimited || want == 0 {
            return (want, None);
        }
        let time = now.0 as f64;
        let [learned, fixed] = self.budgets(row, now);
        let due = [&learned, &fixed].into_iter().flatten().map(|budget| budget.due(time)).min().unwrap_or(want);
        let allowed = due.min(want);
        let mut next = None;
        for mut budget in [learned, fixed].into_iter().flatten() {
            let is_spent = budget.due(time) <= allowed;
            let at = budget.take(allowed, want - allowed);
            next = next.max(is_spent.then_some(UnixMillis((at.ceil() as i64).max(now.0 + 1))));
        }
        (allowed, next.filter(|_| allowed < want))
    }

    fn has_news(&self) -> bool {
        self.usage.is_some() || self.pause_until.is_some()
    }

    fn only_looks(&self) -> bool {
        self.rate == Rate::Unlimited && !self.has_news()
    }

    fn unused(&mut self, row: &mut PaceRow, unused: usize) {
        let now = row.updated_at;
        for mut budget in self.budgets(row, now).into_iter().flatten() {
            budget.give_back(unused);
        }
    }
}

/// Sends that are due one after the other.
struct Budget<'r> {
    next_at: &'r mut f64,
    interval: f64,
    early: f64,
    together: f64,
}

impl Budget<'_> {
    fn due(&self, time: f64) -> usize {
        let ahead = *self.next_at - time - self.early;
        if ahead > 0.0 { 0 } else { (-ahead / self.interval).floor() as usize + 1 }
    }

    /// When to ask for so many more.
    fn take(&mut self, sends: usize, more: usize) -> f64 {
        *self.next_at += sends as f64 * self.interval;
        *self.next_at + (self.interval * more.saturating_sub(1) as f64).min(self.together)
    }

    fn give_back(&mut self, sends: usize) {
        *self.next_at -= sends as f64 * self.interval;
    }
}

impl Observed {
    /// What was learned, for whoever goes by that; and the rate that was given, if one counts.
    fn budgets<'r>(&self, row: &'r mut PaceRow, now: UnixMillis) -> [Option<Budget<'r>>; 2] {
        let time = now.0 as f64;
        let interval = 1000.0 / allowed(row);
        let given = if let Rate::PerSecond(rate) = self.rate { Some(rate) } else { None };
        let fixed = largest(&mut row.fixed, given, now).map(|fixed| {
            let interval = 1000.0 / fixed.rate;
            fixed.next_at = fixed.next_at.max(time - CATCH_UP_MILLIS).min(time + interval + AHEAD_MILLIS);
            Budget { next_at: &mut fixed.next_at, interval, early: ROUNDING_MILLIS, together: TOGETHER_MILLIS }
        });
        if self.rate != Rate::Auto {
            return [None, fixed];
        }
        // A rate that rose since the last send must not wait for the old interval.
        row.next_at = row.next_at.max(time - CATCH_UP_MILLIS).min(time + interval);
        [Some(Budget { next_at: &mut row.next_at, interval, early: 0.0, together: 0.0 }), fixed]
    }

    fn learn(&self, row: &mut PaceRow, now: UnixMillis) {
        let passed = now.since(row.updated_at);
        let seconds = passed.as_secs_f64().min(10.0);
        row.updated_at = row.updated_at.max(now);
        if let Some(until) = self.pause_until {
            // One block refuses everything in flight: it counts once.
            if row.paused_until <= now {
                row.refusals += 1;
                row.rate = (row.rate / 2.0).max(SLOWEST);
            }
            row.paused_until = row.paused_until.max(until);
        }
        let Some(usage) = self.usage else {
            row.usage = row.usage.map(|usage| usage - passed.div_duration_f64(DRAINED)).filter(|usage| *usage > 0.0);
            if row.usage.is_none() && row.rate < FIRST_RATE && self.pause_until.is_none() {
                row.rate += (FIRST_RATE - row.rate) * FOLLOW * seconds;
            }
            return;
        };
        row.usage = Some(usage);
        row.refusals = 0;
        // An unused rate has proved nothing: the next run would start with a burst.
        let is_used = row.next_at >= now.0 as f64 - CATCH_UP_MILLIS;
        if usage < LOW && is_used {
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

/// The largest rate of the runs at work, with this one's.
fn largest(fixed: &mut Option<Fixed>, given: Option<f64>, now: UnixMillis) -> Option<&mut Fixed> {
    let counts = |fixed: &Fixed| {
        let sends = Duration::try_from_secs_f64(FORGOTTEN_SENDS / fixed.rate).unwrap_or(Duration::MAX);
        now.since(fixed.asked_at) <= FORGOTTEN.saturating_add(sends)
    };
    *fixed = match (fixed.filter(counts), given) {
        (Some(fixed), Some(rate)) if rate < fixed.rate => Some(fixed),
        (Some(fixed), Some(rate)) if rate <= fixed.rate => Some(Fixed { asked_at: now, ..fixed }),
        (before, Some(rate)) => {
            // A rate that rose must not wait for the old interval.
            let soon = now.0 as f64 + 1000.0 / rate;
            Some(Fixed { rate, asked_at: now, next_at: before.map_or(0.0, |before| before.next_at.min(soon)) })
        }
        (before, None) => before,
    };
    fixed.as_mut()
}

/// Sends per second at the last usage given.
fn allowed(row: &PaceRow) -> f64 {
    let Some(usage) = row.usage.filter(|usage| *usage > SLOW_FROM) else { return row.rate };
    let share = (STOP_AT - usage) / (STOP_AT - SLOW_FROM);
    (row.rate * share.max(CRAWL)).max(SLOWEST)
}

#[cfg(test)]
mod tests;
