//! How fast an ad account may send, learned from usage headers.
//!
//! Meta's limit is a level that sends fill and time drains (9000 points at full access, 30 per second; documented for the
//! Marketing API, inferred for sends). So the sender holds the level just under the limit: below half of it the rate rises
//! gently, from three quarters on it falls, at 95% nothing is sent until the time that Meta gives. When rate and drain are equal, the
//! level stays constant and no pace is lost.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::graph::Usage;
use crate::ledger::pace::{Meter, PaceRow};

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

/// Sends per second that a run may expect of an account, by what is kept of it.
pub fn expected_rate(kept: Option<&PaceRow>) -> f64 {
    kept.map_or(FIRST_RATE, |row| row.rate)
}

/// What a run saw since its last step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observed {
    /// Whether the rate is learned; otherwise only pauses are shared.
    pub auto: bool,
    /// The last usage (1 is full), and how long to pause if that is given.
    pub usage: Option<f64>,
    pub told: Option<Duration>,
    /// A pause that this run makes for a rate refusal.
    pub pause_until: Option<UnixMillis>,
}

impl Observed {
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
        if !self.auto && self.pause_until.is_none() && !is_full && kept.is_none() {
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
        // A rate that rose since the last send must not wait for the old interval.
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

/// Sends per second at the last usage given.
fn allowed(row: &PaceRow) -> f64 {
    let Some(usage) = row.usage.filter(|usage| *usage > SLOW_FROM) else { return row.rate };
    let share = (STOP_AT - usage) / (STOP_AT - SLOW_FROM);
    (row.rate * share.max(CRAWL)).max(SLOWEST)
}

#[cfg(test)]
mod tests;
