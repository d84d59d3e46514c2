//! When an order waits for more answers, so that it shares its commit with them.
//!
//! A commit costs nearly the same for one row as for sixteen. Where the ledger is at work most of the time, and answers come so fast that a
//! part of the places is free sooner than a commit takes, that part is waited for while the other requests are on the wire. Where answers
//! come one by one, or the ledger has time between them, a wait would only leave places empty.

use std::time::Duration;

use tokio::time::Instant;

/// This part of the places. Measured: with a half, the ledger waits for requests; without waiting, commits are many and small.
const PART: usize = 4;
/// A part that is free within so many commits is waited for.
const FEW: u32 = 4;
/// Over about so many commits it is measured how long the ledger is at work.
const SPAN: u32 = 16;

/// How fast answers and commits have been.
pub struct Company {
    /// When the last order was given, …
    ordered: Instant,
    /// … when it was done, …
    stepped: Instant,
    /// … and how long its commit took.
    took: Duration,
    /// For how long the ledger was at work lately …
    busy: Duration,
    /// … and for how long it was not.
    idle: Duration,
}

impl Company {
    pub fn new(now: Instant) -> Self {
        Self { ordered: now, stepped: now, took: Duration::ZERO, busy: Duration::ZERO, idle: Duration::ZERO }
    }

    pub fn ordered(&mut self, now: Instant) {
        self.ordered = now;
        self.idle = lately(self.idle) + now.saturating_duration_since(self.stepped);
    }

    pub fn stepped(&mut self, now: Instant) {
        self.stepped = now;
        self.took = now.saturating_duration_since(self.ordered);
        self.busy = lately(self.busy) + self.took;
    }

    /// Until when the next order waits for answers: `flights` of so many `places` are not back, and `back` are since the last order.
    /// `None`: it is given now.
    pub fn until(&self, now: Instant, places: usize, flights: usize, back: usize) -> Option<Instant> {
        let missing = (places / PART).saturating_sub(places.saturating_sub(flights));
        if missing == 0 || self.busy < self.idle {
            return None;
        }
        // At the pace of those that are back, the missing ones take a few commits when this has passed for these.
        let patience = self.took.saturating_mul(FEW * whole(back)) / whole(missing);
        Some(self.ordered + patience).filter(|until| now < *until)
    }
}

/// What is left of a time when another commit's is added.
fn lately(time: Duration) -> Duration {
    time - time / SPAN
}

fn whole(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: Duration = Duration::from_millis(5);

    /// How long after the last order the next one is given at the latest, if nothing more comes back; `None`: at once.
    fn patience(places: usize, flights: usize, back: usize) -> Option<Duration> {
        let begin = Instant::now();
        let mut company = Company::new(begin);
        company.stepped(begin + COMMIT);
        company.until(begin + COMMIT, places, flights, back).map(|until| until - begin)
    }

    #[test]
    fn answers_that_come_faster_than_a_commit_are_waited_for() {
        // The part is free already, or more.
        assert_eq!(patience(64, 48, 16), None);
        assert_eq!(patience(64, 0, 64), None);
        // 12 came within a commit: the 4 that are missing are awaited for longer than that takes, in case the next ones are late.
        assert_eq!(patience(64, 52, 12), Some(COMMIT * 4 * 3));
        assert_eq!(patience(64, 60, 4), Some(COMMIT * 4 / 3));
        // They come one by one, or not at all.
        assert_eq!(patience(64, 61, 3), None);
        assert_eq!(patience(64, 63, 1), None);
        assert_eq!(patience(64, 64, 0), None);
        // So few places have no part.
        assert_eq!(patience(3, 3, 0), None);
    }

    #[test]
    fn a_ledger_that_has_time_between_commits_is_not_waited_for() {
        let begin = Instant::now();
        let mut company = Company::new(begin);
        let mut now = begin;
        // Whether the next order waits after a commit that came after such a pause.
        let mut waits = |pause: Duration| {
            now += pause;
            company.ordered(now);
            now += COMMIT;
            company.stepped(now);
            company.until(now, 64, 52, 12).is_some()
        };
        // Answers come together: after a round trip, and then faster than commits.
        for _ in 0..20 {
            waits(COMMIT * 50);
            for _ in 0..3 {
                assert!(!waits(COMMIT / 10));
            }
        }
        // Now they come all the time. It is waited for, however long that pauses the ledger for less than a commit.
        let first = (1..1000).find(|_| waits(COMMIT / 2)).unwrap();
        assert!(first < 100, "{first}");
        assert!((0..1000).all(|_| waits(COMMIT * 9 / 10)));
    }

    #[test]
    fn nothing_is_waited_for_before_a_commit_was_seen() {
        let begin = Instant::now();
        let company = Company::new(begin);
        assert_eq!(company.until(begin, 64, 52, 12), None);
    }
}
