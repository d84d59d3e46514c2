//! One mistake must not go to a whole list: what many answers of one kind mean for the run.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::outcome::{Effect, Refusal, TOO_EARLY};

/// This many unclear answers in a row end the run …
const DOUBTS_IN_ROW: u32 = 20;
/// … and this many of the last [`WINDOW`].
const DOUBTS_IN_WINDOW: usize = 50;
const WINDOW: usize = 100;
/// Requests in flight after an unclear answer.
const DOUBTFUL_IN_FLIGHT: usize = 8;
/// This many probes must fail …
const FAILED_PROBES: u32 = 10;
/// … over at least this time, before Graph counts as unreachable.
const UNREACHABLE_AFTER: Duration = Duration::from_secs(60);
const LONGEST_PROBE_PAUSE: Duration = Duration::from_secs(10);
/// This many refusals of one kind end the run.
const REFUSALS: u32 = 20;
/// This many people who are refused as too early …
const TOO_EARLY_PEOPLE: u32 = 20;
/// … among the first answers of a command end it: a ledger that knew who was messaged would not have asked.
const FIRST_ANSWERS: u32 = 100;

/// Why a run ends by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Burst {
    /// Too many unknown sends.
    Doubt { in_row: bool },
    /// No request could be sent.
    Unreachable { probes: u32 },
    /// Refusals of one kind, with almost none accepted.
    Refusals { refusal: Refusal, count: u32 },
    /// Another sender, or an old copy of the ledger: so many people were refused as too early whom it took for free.
    TooEarly { people: u32 },
}

/// Watches the answers of one run.
#[derive(Clone, Debug, Default)]
pub struct Bursts {
    allow_refusals: bool,
    answered: bool,
    doubts_in_row: u32,
    window: VecDeque<bool>,
    doubts_in_window: usize,
    doubt_is_fresh: bool,
    probing: Option<Probing>,
    refusals: HashMap<Option<i64>, Kind>,
    beginning: Beginning,
}

/// The first answers of a command, which may have several turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beginning {
    pub answers: u32,
    pub too_early: u32,
}

impl Beginning {
    /// Counts one more answer; `true` ends the run.
    fn record(&mut self, effect: &Effect) -> bool {
        if self.answers >= FIRST_ANSWERS {
            return false;
        }
        self.answers += 1;
        if !matches!(effect, Effect::Later { code: Some(TOO_EARLY) }) {
            return false;
        }
        self.too_early += 1;
        self.too_early >= TOO_EARLY_PEOPLE
    }
}

#[derive(Clone, Copy, Debug)]
struct Probing {
    failed: u32,
    since: Instant,
    next: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    refused: u32,
    accepted: u32,
}

impl Bursts {
    /// `beginning`: what was answered in earlier turns of the command.
    pub fn new(allow_refusals: bool, beginning: Beginning) -> Self {
        Self { allow_refusals, beginning, ..Self::default() }
    }

    pub fn beginning(&self) -> Beginning {
        self.beginning
    }

    /// How many requests may be in flight. The first goes alone: a wrong message, campaign or token costs one request.
    pub fn in_flight_limit(&self, concurrency: usize) -> usize {
        if self.probing.is_some() || !self.answered {
            1
        } else if self.doubt_is_fresh {
            concurrency.min(DOUBTFUL_IN_FLIGHT)
        } else {
            concurrency
        }
    }

    /// When the next probe may go; `None`: nothing holds requests back.
    pub fn hold_until(&self) -> Option<Instant> {
        self.probing.map(|probing| probing.next)
    }

    /// Records an answer; `Some` ends the run.
    pub fn record(&mut self, effect: &Effect, now: Instant) -> Option<Burst> {
        if matches!(effect, Effect::NotSent) {
            return self.not_sent(now);
        }
        self.answered = true;
        self.probing = None;
        if self.beginning.record(effect) && !self.allow_refusals {
            return Some(Burst::TooEarly { people: self.beginning.too_early });
        }
        let doubt = matches!(effect, Effect::Doubt);
        if self.window.len() == WINDOW && self.window.pop_front() == Some(true) {
            self.doubts_in_window -= 1;
        }
        self.window.push_back(doubt);
        self.doubts_in_window += usize::from(doubt);
        if doubt {
            self.doubt_is_fresh = true;
            self.doubts_in_row += 1;
            if self.doubts_in_row >= DOUBTS_IN_ROW {
                return Some(Burst::Doubt { in_row: true });
            }
            return (self.doubts_in_window > DOUBTS_IN_WINDOW).then_some(Burst::Doubt { in_row: false });
        }
        self.doubts_in_row = 0;
        self.doubt_is_fresh = false;
        match effect {
            Effect::Accepted => self.accepted(),
            Effect::Refused(refusal) if refusal.counts_as_burst => return self.refused(*refusal),
            _ => {}
        }
        None
    }

    fn not_sent(&mut self, now: Instant) -> Option<Burst> {
        let probing = match self.probing {
            // Requests that were in flight together fail together: one failure.
            Some(probing) if now < probing.next => return None,
            Some(probing) => Probing { failed: probing.failed + 1, ..probing },
            None => Probing { failed: 0, since: now, next: now },
        };
        if probing.failed >= FAILED_PROBES && now.saturating_duration_since(probing.since) >= UNREACHABLE_AFTER {
            return Some(Burst::Unreachable { probes: probing.failed });
        }
        let pause = Duration::from_millis(500).saturating_mul(1 << probing.failed.min(10)).min(LONGEST_PROBE_PAUSE);
        self.probing = Some(Probing { next: now + pause, ..probing });
        None
    }

    fn accepted(&mut self) {
        self.refusals.retain(|_, kind| {
            kind.accepted += 1;
            kind.accepted <= 1
        });
    }

    fn refused(&mut self, refusal: Refusal) -> Option<Burst> {
        let kind = self.refusals.entry(refusal.code).or_default();
        kind.refused += 1;
        let count = kind.refused;
        (count >= REFUSALS && !self.allow_refusals).then_some(Burst::Refusals { refusal, count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEAD: Effect = Effect::Refused(Refusal { code: Some(2_300_004), counts_as_burst: true });
    const OPTED_OUT: Effect = Effect::Refused(Refusal { code: Some(2_300_034), counts_as_burst: false });

    const EARLY: Effect = Effect::Later { code: Some(TOO_EARLY) };

    fn bursts(allow_refusals: bool) -> Bursts {
        Bursts::new(allow_refusals, Beginning::default())
    }

    fn feed(bursts: &mut Bursts, effects: &[(Effect, usize)]) -> Option<Burst> {
        let now = Instant::now();
        effects
            .iter()
            .flat_map(|(effect, n)| std::iter::repeat_n(effect, *n))
            .find_map(|effect| bursts.record(effect, now))
    }

    #[test]
    fn twenty_doubts_in_a_row_end_it_and_nineteen_do_not() {
        let mut bursts = bursts(false);
        assert_eq!(feed(&mut bursts, &[(Effect::Doubt, 19), (Effect::Accepted, 1), (Effect::Doubt, 19)]), None);
        assert_eq!(feed(&mut bursts, &[(Effect::Doubt, 1)]), Some(Burst::Doubt { in_row: true }));
    }

    #[test]
    fn more_than_half_of_the_last_hundred_doubts_end_it() {
        let pair = [(Effect::Doubt, 10), (Effect::Accepted, 10)];
        let mut bursts = bursts(false);
        for _ in 0..50 {
            assert_eq!(feed(&mut bursts, &pair), None, "half is not more than half");
        }
        let ended = feed(&mut bursts, &[(Effect::Doubt, 10), (Effect::Accepted, 9), (Effect::Doubt, 11)]);
        assert_eq!(ended, Some(Burst::Doubt { in_row: false }));
    }

    #[test]
    fn two_in_a_hundred_never_end_it() {
        let mut bursts = bursts(false);
        for _ in 0..1000 {
            assert_eq!(feed(&mut bursts, &[(Effect::Accepted, 49), (Effect::Doubt, 1)]), None);
        }
    }

    #[test]
    fn a_steady_two_percent_of_lost_replies_never_ends_it() {
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut bursts = bursts(false);
            for n in 0..5000 {
                let effect = if random.u8(..50) == 0 { Effect::Doubt } else { Effect::Accepted };
                assert_eq!(bursts.record(&effect, Instant::now()), None, "seed {seed}, send {n}");
            }
        }
    }

    #[test]
    fn twenty_dead_tokens_with_at_most_one_acceptance_end_it() {
        assert!(feed(&mut bursts(false), &[(DEAD, 19)]).is_none());
        assert!(feed(&mut bursts(false), &[(DEAD, 20)]).is_some());
        assert!(feed(&mut bursts(false), &[(DEAD, 10), (Effect::Accepted, 1), (DEAD, 10)]).is_some());
        assert!(feed(&mut bursts(false), &[(DEAD, 19), (Effect::Accepted, 2), (DEAD, 19)]).is_none());
        assert!(feed(&mut bursts(true), &[(DEAD, 1000)]).is_none());
        assert!(feed(&mut bursts(false), &[(OPTED_OUT, 1000)]).is_none());
    }

    #[test]
    fn twenty_too_early_among_the_first_hundred_end_it_whatever_comes_between() {
        let ended = Some(Burst::TooEarly { people: 20 });
        let other = Effect::Later { code: Some(2_300_036) };
        for (effects, expected) in [
            (&[(EARLY, 19)][..], &None),
            (&[(EARLY, 20)], &ended),
            (&[(Effect::Accepted, 80), (EARLY, 20)], &ended),
            (&[(Effect::Accepted, 40), (EARLY, 10), (OPTED_OUT, 40), (EARLY, 10)], &ended),
            (&[(Effect::Accepted, 81), (EARLY, 1000)], &None),
            (&[(EARLY, 19), (Effect::Accepted, 81), (EARLY, 1000)], &None),
            (&[(other, 100), (EARLY, 1000)], &None),
            // What did not leave was not answered.
            (&[(Effect::NotSent, 200), (EARLY, 20)], &ended),
        ] {
            assert_eq!(&feed(&mut bursts(false), effects), expected, "{effects:?}");
            assert_eq!(feed(&mut bursts(true), effects), None, "{effects:?}");
        }
        // Over the turns of one command.
        let mut first = bursts(false);
        assert_eq!(feed(&mut first, &[(EARLY, 12)]), None);
        let mut second = Bursts::new(false, first.beginning());
        assert_eq!(feed(&mut second, &[(Effect::Accepted, 80), (EARLY, 8)]), ended);
    }

    #[test]
    fn kinds_are_counted_apart() {
        let other = Effect::Refused(Refusal { code: Some(7), counts_as_burst: true });
        assert!(feed(&mut bursts(false), &[(DEAD, 19), (other.clone(), 19)]).is_none());
        assert!(feed(&mut bursts(false), &[(DEAD, 19), (other, 20)]).is_some());
    }

    #[test]
    fn the_first_request_goes_alone_and_fresh_doubt_holds_back() {
        let mut bursts = bursts(false);
        assert_eq!(bursts.in_flight_limit(64), 1);
        feed(&mut bursts, &[(Effect::Accepted, 1)]);
        assert_eq!(bursts.in_flight_limit(64), 64);
        feed(&mut bursts, &[(Effect::Doubt, 1)]);
        assert_eq!((bursts.in_flight_limit(64), bursts.in_flight_limit(4)), (8, 4));
        feed(&mut bursts, &[(OPTED_OUT, 1)]);
        assert_eq!(bursts.in_flight_limit(64), 64);
    }

    #[test]
    fn probes_go_one_at_a_time_with_growing_pauses_and_end_after_ten_and_a_minute() {
        let mut bursts = bursts(false);
        let begin = Instant::now();
        bursts.record(&Effect::Accepted, begin);
        let mut now = begin;
        // A whole flight fails at once: that is one failure.
        for _ in 0..64 {
            assert_eq!(bursts.record(&Effect::NotSent, now), None);
        }
        let mut pauses = Vec::new();
        let mut probes = 0;
        let ended = loop {
            assert_eq!(bursts.in_flight_limit(64), 1);
            let next = bursts.hold_until().unwrap();
            pauses.push(next - now);
            now = next;
            probes += 1;
            if let Some(burst) = bursts.record(&Effect::NotSent, now) {
                break burst;
            }
            assert!(probes < 50);
        };
        let tenths: Vec<_> = pauses.iter().map(|pause| pause.as_millis() / 100).collect();
        assert_eq!(tenths, [5, 10, 20, 40, 80, 100, 100, 100, 100, 100]);
        assert_eq!((now - begin, probes), (Duration::from_millis(65_500), 10));
        assert_eq!(ended, Burst::Unreachable { probes });
    }

    #[test]
    fn ten_probes_that_fail_within_a_minute_do_not_end_it() {
        let mut bursts = bursts(false);
        let begin = Instant::now();
        bursts.record(&Effect::NotSent, begin);
        // A probe may fail long after it may go, and several in flight fail one after the other.
        for n in 1..=59 {
            let at = begin + Duration::from_secs(n);
            let before = bursts.hold_until();
            assert_eq!(bursts.record(&Effect::NotSent, at), None, "after {n} s");
            assert!(bursts.hold_until() >= before);
        }
    }

    #[test]
    fn one_answer_ends_the_probing() {
        let mut bursts = bursts(false);
        let now = Instant::now();
        bursts.record(&Effect::NotSent, now);
        assert!(bursts.hold_until().is_some());
        bursts.record(&Effect::Accepted, now + Duration::from_secs(1));
        assert_eq!((bursts.hold_until(), bursts.in_flight_limit(64)), (None, 64));
    }
}
