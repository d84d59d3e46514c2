//! How many requests may be sent now: a steady rate, and the pauses that Graph asks for.

use std::time::Duration;

use tokio::time::Instant;

use crate::rate::Rate;

/// The longest pause that a run makes on its own.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// The first pause after a rate refusal that names no time; each further one is twice as long.
const FIRST_BACKOFF: Duration = Duration::from_secs(60);

/// A permit that lacks less than this counts as whole: sums of fractions are slightly off.
const ROUNDING: f64 = 1e-6;

/// Hands out permits.
#[derive(Clone, Debug)]
pub struct Pace {
    rate: Rate,
    credit: f64,
    counted_at: Instant,
    paused_until: Option<Instant>,
    /// Until when the ledger, where all processes share one budget, allows nothing.
    shared_until: Option<Instant>,
    refusals_in_row: u32,
}

impl Pace {
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, credit: 1.0, counted_at: now, paused_until: None, shared_until: None, refusals_in_row: 0 }
    }

    /// How many of `want` requests may be sent now. They count as sent until [`Pace::give_back`].
    pub fn take(&mut self, now: Instant, want: usize) -> usize {
        if self.paused_until.is_some_and(|until| now < until) {
            return 0;
        }
        self.paused_until = None;
        if self.shared_until.is_some_and(|until| now < until) {
            return 0;
        }
        self.shared_until = None;
        let Rate::PerSecond(rate) = self.rate else { return want };
        self.count(now, rate);
        let whole = (self.credit + ROUNDING).floor().max(0.0).min(want as f64);
        self.credit -= whole;
        whole as usize
    }

    /// Permits that were not used.
    pub fn give_back(&mut self, unused: usize) {
        if let Rate::PerSecond(rate) = self.rate {
            self.credit = (self.credit + unused as f64).min(burst(rate));
        }
    }

    /// When the next permit is available; `None`: now.
    pub fn next_permit(&mut self, now: Instant) -> Option<Instant> {
        if let Some(until) = self.paused_until.max(self.shared_until).filter(|until| now < *until) {
            return Some(until);
        }
        let Rate::PerSecond(rate) = self.rate else { return None };
        self.count(now, rate);
        (self.credit + ROUNDING < 1.0).then(|| now + Duration::from_secs_f64((1.0 - self.credit) / rate))
    }

    fn count(&mut self, now: Instant, rate: f64) {
        let passed = now.saturating_duration_since(self.counted_at).as_secs_f64();
        self.credit = (self.credit + passed * rate).min(burst(rate));
        self.counted_at = now;
    }

    /// Nothing is sent before `until`.
    pub fn pause(&mut self, until: Instant) {
        self.paused_until = Some(self.paused_until.map_or(until, |other| other.max(until)));
        self.credit = self.credit.min(1.0);
    }

    /// The ledger allows nothing before then.
    pub fn hold(&mut self, until: Instant) {
        self.shared_until = Some(until);
    }

    /// How long to pause after a rate refusal without a time: twice as long each time in a row, with jitter between half and all of
    /// it. Refusals of requests already in flight count once.
    pub fn backoff(&mut self, now: Instant, jitter: f64) -> Duration {
        if !self.is_paused(now) {
            self.refusals_in_row += 1;
        }
        let whole =
            FIRST_BACKOFF.saturating_mul(1 << self.refusals_in_row.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
        whole.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0)).max(FIRST_BACKOFF.min(whole))
    }

    pub fn is_paused(&self, now: Instant) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    pub fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// A request was not refused by the rate limit.
    pub fn passed(&mut self) {
        self.refusals_in_row = 0;
    }
}

/// How many permits may be saved up: one, plus those of 50 ms, so that a late timer costs no pace and a stall causes no burst.
fn burst(rate: f64) -> f64 {
    1.0 + rate / 20.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Pass(u64),
        Take(usize),
        /// So much of what was taken last was not used.
        GiveBack(usize),
        Pause(u64),
        Hold(u64),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..3000_u64).prop_map(Step::Pass),
            4 => (1..200_usize).prop_map(Step::Take),
            1 => (1..200_usize).prop_map(Step::GiveBack),
            1 => (0..3000_u64).prop_map(Step::Pause),
            1 => (0..3000_u64).prop_map(Step::Hold),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn in_no_stretch_of_time_more_leave_than_the_rate_and_what_may_be_saved_up(
            rate in 0.5..500.0_f64,
            steps in proptest::collection::vec(any_step(), 1..60),
        ) {
            let begin = Instant::now();
            let mut now = begin;
            let mut pace = Pace::new(Rate::PerSecond(rate), begin);
            let (mut paused, mut held) = (begin, begin);
            // The model: how many left, and when.
            let mut left: Vec<(Instant, usize)> = Vec::new();
            for step in steps {
                match step {
                    Step::Pass(millis) => now += Duration::from_millis(millis),
                    Step::Take(want) => {
                        let next = pace.next_permit(now);
                        let taken = pace.take(now, want);
                        prop_assert!(taken <= want);
                        prop_assert!(taken == 0 || (now >= paused && now >= held), "a pause was broken");
                        prop_assert_eq!(taken > 0, next.is_none(), "a permit was told wrongly");
                        left.push((now, taken));
                    }
                    Step::GiveBack(unused) => {
                        if let Some((_, taken)) = left.last_mut() {
                            let unused = unused.min(*taken);
                            pace.give_back(unused);
                            *taken -= unused;
                        }
                    }
                    Step::Pause(millis) => {
                        paused = paused.max(now + Duration::from_millis(millis));
                        pace.pause(now + Duration::from_millis(millis));
                    }
                    Step::Hold(millis) => {
                        held = now + Duration::from_millis(millis);
                        pace.hold(held);
                    }
                }
            }
            for (first, (since, _)) in left.iter().enumerate() {
                let mut sum = 0;
                for (at, taken) in &left[first..] {
                    sum += taken;
                    let most = burst(rate) + (*at - *since).as_secs_f64() * rate;
                    prop_assert!(sum as f64 <= most + 0.001, "{sum} of {most} in {:?}", *at - *since);
                }
            }
        }
    }

    #[test]
    fn the_rate_is_held_over_time_and_never_passed() {
        for rate in [0.5, 1.0, 10.0, 333.0, 1280.0] {
            let begin = Instant::now();
            let mut pace = Pace::new(Rate::PerSecond(rate), begin);
            let mut now = begin;
            let mut taken = 0;
            while now < begin + Duration::from_secs(100) {
                taken += pace.take(now, 1000);
                // Timers come late by a millisecond or two.
                now = pace.next_permit(now).unwrap_or(now) + Duration::from_micros(1500);
            }
            let allowed = 1.0 + rate / 20.0 + 100.0 * rate;
            assert!(taken as f64 <= allowed + 1.0, "{rate}: {taken} of {allowed}");
            assert!(taken as f64 >= 0.995 * (100.0 * rate), "{rate}: {taken} of {allowed}");
        }
    }

    #[test]
    fn a_stall_makes_no_burst() {
        let begin = Instant::now();
        let mut pace = Pace::new(Rate::PerSecond(100.0), begin);
        assert_eq!(pace.take(begin + Duration::from_secs(3600), 1000), 6);
    }

    #[test]
    fn a_pause_is_a_pause_and_backoff_grows_to_the_longest() {
        let begin = Instant::now();
        let mut pace = Pace::new(Rate::Unlimited, begin);
        pace.pause(begin + Duration::from_secs(10));
        assert_eq!(pace.take(begin + Duration::from_secs(9), 5), 0);
        assert_eq!(pace.take(begin + Duration::from_secs(10), 5), 5);
        let mut now = begin + Duration::from_secs(20);
        let mut seen = Vec::new();
        for _ in 0..8 {
            let wait = pace.backoff(now, 1.0);
            pace.pause(now + wait);
            // Another refusal of the same moment does not double it.
            assert_eq!(pace.backoff(now, 1.0), wait);
            seen.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(seen, [60, 120, 240, 480, 900, 900, 900, 900]);
        // Whole processes that were refused together don't come back together, and none before a minute.
        assert_eq!([0.0, 0.5, 1.0].map(|jitter| pace.backoff(now, jitter).as_secs()), [450, 675, 900]);
        pace.passed();
        assert_eq!([0.0, 1.0].map(|jitter| pace.clone().backoff(now, jitter).as_secs()), [60, 60]);
        // A shorter pause does not end a longer one.
        pace.pause(now + Duration::from_secs(20));
        pace.pause(now + Duration::from_secs(10));
        assert_eq!(pace.next_permit(now), Some(now + Duration::from_secs(20)));
    }
}
