//! How the pace follows what was told.

use proptest::prelude::*;

use super::*;

fn unlimited() -> Observed {
    Observed::nothing(Rate::Unlimited)
}

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
        fixed: None,
    });
    let (mut sent, mut highest, mut refused) = (vec![0; minutes], 0.0_f64, 0);
    let mut answers: std::collections::VecDeque<(i64, f64, f64)> = std::collections::VecDeque::new();
    for tick in 0..(minutes as i64 * 6000) {
        let now = UnixMillis(1_000_000 + tick * 10);
        level.points = (level.points - level.drain / 100.0).max(0.0);
        let mut observed = Observed::nothing(Rate::Auto);
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
        let mut observed = Observed::nothing(Rate::Auto);
        allowed += observed.allow(&mut row, UnixMillis(5_000_000 + tick * 10), 64).0;
    }
    assert!((595..=602).contains(&allowed), "{allowed}");
}

#[test]
fn two_processes_share_one_budget() {
    let mut row = None;
    let mut allowed = [0, 0];
    for tick in 0..6000 {
        let mut observed = Observed::nothing(Rate::Auto);
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
    let mut first = Observed { pause_until: Some(until), ..unlimited() };
    assert_eq!(first.allow(&mut row, now, 5), (0, Some(until)));
    for rate in [Rate::Auto, Rate::PerSecond(10.0), Rate::Unlimited] {
        let mut next = Observed::nothing(rate);
        assert_eq!(next.allow(&mut row, now.plus(Duration::from_secs(59)), 5), (0, Some(until)));
    }
    assert!(unlimited().allow(&mut row, until, 5).0 == 5);
}

#[test]
fn permits_that_were_not_used_come_back() {
    let mut row = None;
    let mut observed = Observed::nothing(Rate::Auto);
    assert_eq!(observed.allow(&mut row, UnixMillis(5_000_000), 1).0, 1);
    observed.unused(row.as_mut().unwrap(), 1);
    assert_eq!(observed.allow(&mut row, UnixMillis(5_000_001), 1).0, 1);
    assert_eq!(observed.allow(&mut row, UnixMillis(5_000_002), 1).0, 0);
}

fn row(rate: f64) -> Option<PaceRow> {
    Some(PaceRow {
        rate,
        usage: None,
        next_at: 0.0,
        paused_until: UnixMillis(0),
        refusals: 0,
        updated_at: UnixMillis(5_000_000),
        fixed: None,
    })
}

fn seen(usage: f64) -> Observed {
    Observed { usage: Some(usage), ..Observed::nothing(Rate::Auto) }
}

#[test]
fn one_block_that_many_requests_hear_of_halves_the_rate_once() {
    let mut kept = row(10.0);
    let now = UnixMillis(5_000_000);
    let refused = |at: UnixMillis| Observed { pause_until: Some(at), ..Observed::nothing(Rate::Auto) };
    for n in 0..64 {
        let at = now.plus(Duration::from_millis(n));
        refused(at.plus(Duration::from_secs(60))).allow(&mut kept, at, 1);
    }
    let row = kept.unwrap();
    assert_eq!((row.rate, row.refusals), (5.0, 1));
    assert_eq!(row.paused_until, now.plus(Duration::from_millis(63) + Duration::from_secs(60)));
    // The next block is another one.
    let later = row.paused_until;
    refused(later.plus(Duration::from_secs(60))).allow(&mut kept, later, 1);
    let row = kept.unwrap();
    assert_eq!(row.refusals, 2);
    assert!(row.rate <= 5.0, "{}", row.rate);
}

/// How many may leave in each minute when no answer has a header.
fn without_headers(kept: &mut Option<PaceRow>, minutes: usize) -> Vec<usize> {
    let begin = kept.map_or(5_000_000, |row| row.updated_at.0);
    let mut allowed = vec![0; minutes];
    for tick in 0..minutes * 6000 {
        let mut observed = Observed::nothing(Rate::Auto);
        allowed[tick / 6000] += observed.allow(kept, UnixMillis(begin + tick as i64 * 10), 64).0;
    }
    allowed
}

#[test]
fn without_headers_a_refusal_is_not_for_ever() {
    let mut kept = row(SLOWEST);
    let allowed = without_headers(&mut kept, 40);
    assert!(allowed[0] < 120 && allowed[39] > 590 && allowed[39] <= 602, "{allowed:?}");
    assert!(allowed.windows(2).all(|pair| pair[0] <= pair[1] + 1), "{allowed:?}");
}

#[test]
fn a_usage_that_is_not_told_again_drains() {
    let mut kept = row(10.0);
    seen(0.94).allow(&mut kept, UnixMillis(5_000_001), 1);
    let allowed = without_headers(&mut kept, 6);
    assert!(allowed[0] < 400 && allowed[5] >= 590, "{allowed:?}");
    // Nobody asked for as long as it takes.
    let mut kept = row(10.0);
    seen(0.94).allow(&mut kept, UnixMillis(5_000_001), 1);
    let later = UnixMillis(5_000_001).plus(DRAINED);
    assert_eq!(Observed::nothing(Rate::Auto).allow(&mut kept, later, 1).0, 1);
    assert_eq!(kept.unwrap().usage, None);
}

#[test]
fn a_rate_that_is_not_used_does_not_rise() {
    let mut kept = row(10.0);
    // A send every two seconds, each with its header; then nightly runs of one.
    for second in 0..3600 {
        let at = UnixMillis(5_000_000 + second * 2000);
        assert_eq!(Observed::nothing(Rate::Auto).allow(&mut kept, at, 1).0, 1);
        seen(0.1).allow(&mut kept, at.plus(Duration::from_millis(500)), 0);
    }
    for night in 1..60 {
        let at = UnixMillis(20_000_000 + night * 86_400_000);
        Observed::nothing(Rate::Auto).allow(&mut kept, at, 1);
        seen(0.1).allow(&mut kept, at.plus(Duration::from_millis(500)), 0);
    }
    assert!(kept.unwrap().rate < 10.5, "{}", kept.unwrap().rate);
    // Nor does one that somebody else's number holds.
    for second in 0..3600 {
        let at = UnixMillis(6_000_000_000_000 + second * 1000);
        Observed { rate: Rate::Unlimited, ..seen(0.1) }.allow(&mut kept, at, 64);
    }
    assert!(kept.unwrap().rate < 10.5, "{}", kept.unwrap().rate);
}

#[test]
fn a_rate_that_is_used_rises_while_usage_is_low_and_stands_from_the_half_on() {
    for (usage, rises) in [(0.49, true), (0.5, false), (0.75, false)] {
        let mut kept = row(10.0);
        for tick in 0..6000 {
            seen(usage).allow(&mut kept, UnixMillis(5_000_000 + tick * 10), 64);
        }
        let rate = kept.unwrap().rate;
        assert!(if rises { (20.0..40.0).contains(&rate) } else { rate == 10.0 }, "{usage}: {rate}");
    }
}

#[test]
fn a_rate_that_rose_does_not_wait_for_the_old_interval_and_a_stall_makes_no_burst() {
    let now = UnixMillis(5_000_000);
    let mut kept = row(10.0).map(|row| PaceRow { next_at: now.0 as f64 + 50_000.0, ..row });
    let observed = || Observed::nothing(Rate::Auto);
    assert_eq!(observed().allow(&mut kept, now, 1), (0, Some(now.plus(Duration::from_millis(100)))));
    // An hour of nothing: a twentieth of a second may be caught up.
    let mut kept = row(100.0);
    assert_eq!(observed().allow(&mut kept, now.plus(Duration::from_secs(3600)), 64).0, 6);
    // Nothing makes it faster or slower than the bounds.
    let (mut fast, mut slow) = (row(FASTEST), row(SLOWEST));
    for tick in 0..1000 {
        let at = UnixMillis(5_000_000 + tick * 10);
        seen(0.1).allow(&mut fast, at, 64);
        let pause_until = Some(at.plus(Duration::from_millis(1)));
        Observed { pause_until, ..observed() }.allow(&mut slow, at, 1);
    }
    assert_eq!((fast.unwrap().rate, slow.unwrap().rate), (500.0, 0.02));
}

#[test]
fn a_longer_pause_is_never_made_shorter() {
    let now = UnixMillis(5_000_000);
    let hour = now.plus(Duration::from_secs(3600));
    let mut kept = row(10.0);
    let pause = |until| Observed { pause_until: Some(until), ..Observed::nothing(Rate::Auto) };
    pause(hour).allow(&mut kept, now, 1);
    pause(now.plus(Duration::from_secs(60))).allow(&mut kept, now, 1);
    assert_eq!(kept.unwrap().paused_until, hour);
    seen(0.99).allow(&mut kept, now, 1);
    assert_eq!(kept.unwrap().paused_until, hour);
}

#[test]
fn at_95_percent_nothing_leaves_whatever_the_rate() {
    let now = UnixMillis(5_000_000);
    for rate in [Rate::Auto, Rate::PerSecond(10.0), Rate::Unlimited] {
        for told in [None, Some(Duration::from_secs(70))] {
            let mut kept = None;
            let until = now.plus(told.unwrap_or(UNTOLD));
            let mut full = Observed { rate, told, ..seen(0.95) };
            assert_eq!(full.allow(&mut kept, now, 5), (0, Some(until)), "{rate} {told:?}");
            let mut next = Observed::nothing(rate);
            assert_eq!(next.allow(&mut kept, until.minus(Duration::from_millis(1)), 5), (0, Some(until)));
            assert!(next.allow(&mut kept, until, 5).0 > 0);
        }
    }
    let mut below = Observed { rate: Rate::Unlimited, ..seen(0.949) };
    assert_eq!(below.allow(&mut None, now, 5), (5, None));
}

#[test]
fn a_reset_speaks_of_its_own_limit_only() {
    let minute = Some(Duration::from_secs(60));
    let told = |usage: Usage| {
        let mut observed = unlimited();
        observed.see(&usage);
        observed.told
    };
    let usage = Usage { account: Some(10.0), app: Some(96.0), reset: minute, ..Usage::default() };
    assert_eq!(told(usage), None);
    assert_eq!(told(Usage { account: Some(95.0), ..usage }), minute);
    let regain = Some(Duration::from_secs(180));
    assert_eq!(told(Usage { account: Some(95.0), regain, ..usage }), regain);
}

/// So many runs ask for one account, each at its own rate, for a minute after the first; how many sends each was allowed. Each asks every few
/// milliseconds for what its own pace leaves, whether it was told to wait or not.
fn share(kept: &mut Option<PaceRow>, rates: &[Rate], begin: i64) -> Vec<usize> {
    let mut allowed = vec![0; rates.len()];
    for tick in 0..60_000 / 3 {
        let at = begin + tick * 3;
        for (run, rate) in rates.iter().enumerate() {
            let own = match rate {
                Rate::PerSecond(rate) => ((at - begin) as f64 * rate / 1000.0) as usize + 1,
                _ => usize::MAX,
            };
            let want = own.saturating_sub(allowed[run]).min(16);
            allowed[run] += Observed::nothing(*rate).allow(kept, UnixMillis(at), want).0;
        }
    }
    allowed
}

#[test]
fn runs_of_one_rate_hold_it_together() {
    for rate in [0.5, 7.0, 300.0] {
        let mut kept = None;
        for runs in [1, 4] {
            let begin = 5_000_000 + i64::try_from(runs).unwrap() * 1_000_000;
            let allowed = share(&mut kept, &vec![Rate::PerSecond(rate); runs], begin);
            let all: usize = allowed.iter().sum();
            let most = rate * 60.0;
            assert!((0.99 * most..=most + 2.0 + rate * 0.06).contains(&(all as f64)), "{rate}: {allowed:?}");
        }
        assert_eq!(kept.unwrap().rate, FIRST_RATE, "a rate that was given is not learned");
    }
}

#[test]
fn of_two_rates_the_larger_is_that_of_the_account() {
    let mut kept = None;
    let allowed = share(&mut kept, &[Rate::PerSecond(20.0), Rate::PerSecond(100.0)], 5_000_000);
    assert!(allowed[0] > 500 && allowed[0] <= 1201 && allowed[1] <= 6001, "{allowed:?}");
    assert!((5940..=6030).contains(&(allowed[0] + allowed[1])), "{allowed:?}");
    // Once the faster one has ended, two slow ones are held by their own rate.
    let allowed = share(&mut kept, &[Rate::PerSecond(20.0); 2], 6_000_000);
    assert!((1188..=1225).contains(&(allowed[0] + allowed[1])), "{allowed:?}");
}

#[test]
fn a_learned_rate_is_held_within_one_that_was_given() {
    let mut kept = None;
    let allowed = share(&mut kept, &[Rate::Auto, Rate::PerSecond(15.0)], 5_000_000);
    assert!(allowed[0] <= 605 && allowed[1] <= 901, "{allowed:?}");
    assert!((890..=910).contains(&(allowed[0] + allowed[1])), "{allowed:?}");
    // And goes on by itself when that run has ended.
    let allowed = share(&mut kept, &[Rate::Auto], 6_000_000);
    assert!((595..=605).contains(&allowed[0]), "{allowed:?}");
}

#[test]
fn a_clock_that_was_set_back_does_not_hold_a_given_rate() {
    let mut kept = None;
    let mut observed = Observed::nothing(Rate::PerSecond(10.0));
    assert_eq!(observed.allow(&mut kept, UnixMillis(50_000_000), 1).0, 1);
    let (allowed, at) = observed.allow(&mut kept, UnixMillis(5_000_000), 1);
    assert_eq!((allowed, at), (0, Some(UnixMillis(5_001_100))));
    assert_eq!(observed.allow(&mut kept, at.unwrap(), 1).0, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn in_no_stretch_of_time_more_leave_than_the_larger_rate(
        rates in proptest::collection::vec(0.5..500.0_f64, 1..5),
        steps in proptest::collection::vec((0..4_usize, 0..200_i64, 1..40_usize, 0..40_usize), 1..80),
    ) {
        let mut kept = None;
        let mut now = 5_000_000;
        let largest = rates.iter().copied().fold(0.0, f64::max);
        let mut left: Vec<(i64, usize)> = Vec::new();
        for (run, pass, want, unused) in steps {
            now += pass;
            let mut observed = Observed::nothing(Rate::PerSecond(rates[run % rates.len()]));
            let (allowed, next) = observed.allow(&mut kept, UnixMillis(now), want);
            prop_assert!(allowed <= want);
            prop_assert_eq!(next.is_some(), allowed < want);
            prop_assert!(next.is_none_or(|at| at.0 > now), "it would ask in a circle");
            let unused = unused.min(allowed);
            observed.unused(kept.as_mut().unwrap(), unused);
            left.push((now, allowed - unused));
        }
        for (first, (begin, _)) in left.iter().enumerate() {
            let mut sent = 0;
            for (at, count) in &left[first..] {
                sent += count;
                let most = (at - begin) as f64 / 1000.0 * largest;
                // One that is due, and those of a late timer.
                let saved = 1.0 + largest * (CATCH_UP_MILLIS + ROUNDING_MILLIS) / 1000.0;
                prop_assert!(sent as f64 <= most + saved + 1e-6, "{sent} within {} ms at {largest}", at - begin);
            }
        }
    }
}
