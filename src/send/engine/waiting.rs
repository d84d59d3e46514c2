//! When something may go out: permits, and every reason to wait.

use std::time::Duration;

use tokio::time::Instant;

use super::{Engine, MAX_BACKLOG, SHOWN_PAUSE};
use crate::clock::UnixMillis;
use crate::graph::ErrorFacts;
use crate::log::{Said, note};
use crate::send::job::{Deliver, Ending, Sink};
use crate::send::outcome::{Wait, WaitCause};
use crate::send::pace::LONGEST_PAUSE;

impl<D: Deliver, S: Sink> Engine<'_, D, S> {
    /// How many rows to claim now; their permits are taken.
    pub(super) fn permits(&mut self, now: Instant) -> usize {
        if self.ending.is_some() || self.exhausted || self.sink.backlog() > MAX_BACKLOG {
            return 0;
        }
        if self.bursts.hold_until().is_some_and(|until| now < until) || self.awaits_money() {
            return 0;
        }
        let room = self.places().saturating_sub(self.in_flight());
        let left = match self.limits.max_sends {
            Some(max) => {
                let left = max.saturating_sub(self.stats.requests + self.ready.len() as u64);
                if left == 0 {
                    self.end(Ending::MaxSends);
                }
                usize::try_from(left).unwrap_or(usize::MAX)
            }
            None => usize::MAX,
        };
        match room.min(left) {
            0 => 0,
            want => self.pace.take(now, want),
        }
    }

    /// How many requests may be in flight.
    pub(super) fn places(&self) -> usize {
        self.bursts.in_flight_limit(self.limits.concurrency)
    }

    /// Nothing can be claimed before an answer comes.
    pub(super) fn awaits_money(&self) -> bool {
        self.spent_up.is_some() && self.in_flight() > 0
    }

    pub(super) fn is_over(&self) -> bool {
        self.ending.is_some() || self.exhausted
    }

    /// When something may go out again, if only time prevents it.
    pub(super) fn next_chance(&mut self, now: Instant) -> Option<Instant> {
        if self.is_over() || self.awaits_money() {
            return None;
        }
        if self.sink.backlog() > MAX_BACKLOG {
            return Some(now + Duration::from_millis(20));
        }
        let held = self.bursts.hold_until().filter(|until| now < *until);
        let room = self.places() > self.in_flight();
        match (held, room) {
            (Some(until), _) => Some(until),
            (None, true) => self.pace.next_permit(now),
            (None, false) => None,
        }
    }

    /// The shared budget allows nothing before `at`. A long pause, known from an earlier run, ends this one.
    pub(super) fn hold(&mut self, at: UnixMillis) {
        let (at_clock, now) = (self.clock.now(), Instant::now());
        let pause = at.since(at_clock);
        if pause > LONGEST_PAUSE.max(self.wait_left) {
            self.end(Ending::NotYet(Wait {
                is_rate: true,
                of_broadcast: false,
                until: Some(at),
                next_day: false,
                cause: WaitCause::SharedLimit,
                facts: ErrorFacts::default(),
            }));
            return;
        }
        if pause > LONGEST_PAUSE {
            self.spend(pause);
        }
        note!(DEBUG, "held back", until = at, ms = pause, why = WaitCause::SharedLimit.name());
        if pause >= SHOWN_PAUSE {
            log_wait(at, &WaitCause::SharedLimit);
            self.sink.waiting(at, &WaitCause::SharedLimit);
        }
        self.pace.hold(now + pause);
    }

    /// Everybody waits: a pause if it is short or was asked for, otherwise the end of the run.
    pub(super) fn wait(&mut self, mut wait: Wait, at: UnixMillis, now: Instant) {
        let pause = match wait.until {
            Some(until) => until.since(at),
            None if wait.is_rate => self.pace.backoff(now, fastrand::f64()),
            None => return self.end(Ending::NotYet(wait)),
        };
        let until = at.plus(pause);
        wait.until = Some(until);
        if wait.is_rate {
            // Later runs wait, too.
            self.observed.pause_until = self.observed.pause_until.max(Some(until));
        }
        let paused = self.pace.paused_until().filter(|paused| *paused > now);
        let more = (now + pause).saturating_duration_since(paused.unwrap_or(now));
        // Requests in flight together are all told of the same wait.
        let is_new = paused.is_none() || more >= SHOWN_PAUSE;
        let own = wait.is_rate && pause <= LONGEST_PAUSE;
        if self.ending.is_some() || (is_new && !own && more > self.wait_left) {
            return self.end(Ending::NotYet(wait));
        }
        self.pace.pause(now + pause);
        if is_new {
            if !own {
                self.spend(more);
            }
            log_wait(until, &wait.cause);
            self.sink.waiting(until, &wait.cause);
        }
    }

    pub(super) fn spend(&mut self, wait: Duration) {
        self.wait_left = self.wait_left.saturating_sub(wait);
        self.stats.waited += wait;
    }
}

fn log_wait(until: UnixMillis, cause: &WaitCause) {
    note!(INFO, "wait", until = until, why = cause.name(), said = cause.text().map(Said));
}
