use super::*;
use crate::clock::{Clock, UnixMillis};
use crate::ledger::broadcasts::{BroadcastKey, Which};
use crate::ledger::plan::PlanTerms;
use crate::ledger::spool::Spool;
use crate::ledger::writer::{Outcome, Scope};
use crate::ledger::{Ledger, Watch};
use crate::rate::Rate;
use crate::times::{COOL_DOWN, REQUEST_TIMEOUT};

const PEOPLE: usize = 12;

/// A ledger on which so many runs send, each to its own people.
fn set_up(folder: &std::path::Path, runs: usize) -> (Ledger, Vec<Seat>) {
    let clock = Clock::starting_at(UnixMillis(1_800_000_000_000));
    let mut ledger = Ledger::in_memory(folder);
    let mut seats = Vec::new();
    for run in 0..runs {
        let campaign = run.to_string();
        let key = BroadcastKey {
            split: None,
            page: "1",
            ad_account: "act_1",
            campaign: &campaign,
            fingerprint: [0; 32],
            message: "{}",
        };
        let broadcast = ledger.open_broadcast(&key, Which::default(), "http://127.0.0.1:1", clock.now()).unwrap();
        let mut spool = Spool::new(folder).unwrap();
        for row in 0..PEOPLE {
            spool.add(&format!("run{run}row{row}"), None).unwrap();
        }
        let terms = PlanTerms { now: clock.now(), end: None, ..PlanTerms::default() };
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        ledger.plan(&broadcast, "list", &mut spool.finish().unwrap(), terms, &mut |_, _| Ok(()), &mut watch).unwrap();
        let started = ledger.start_run(broadcast.id, clock.now(), 8).unwrap();
        let scope = Scope {
            broadcast,
            run: started.id,
            listing: None,
            values: false,
            end: None,
            cool_down: COOL_DOWN,
            timeout: REQUEST_TIMEOUT,
            ceiling: None,
        };
        std::mem::forget(started);
        seats.push(Seat::new(clock, scope, None));
    }
    (ledger, seats)
}

#[tokio::test]
async fn many_runs_share_one_thread_and_each_gets_its_own_people_once() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, seats) = set_up(folder.path(), 30);
    let thread = LedgerThread::open(ledger).unwrap();
    let runs = seats.into_iter().enumerate().map(|(run, seat)| {
        let mut writer = thread.desk().writer(seat);
        let desk = thread.desk().clone();
        async move {
            let (mut got, mut finishes) = (Vec::new(), Vec::new());
            loop {
                writer.order(std::mem::take(&mut finishes), 2, Observed::nothing(Rate::Unlimited));
                assert!(writer.is_busy());
                let stepped = writer.answer().await.unwrap();
                assert!(!writer.is_busy());
                if stepped.exhausted && stepped.claims.is_empty() {
                    return got;
                }
                // Other work finds its place between the steps.
                let sends = desk.ask(move |ledger| ledger.standing_of_broadcast(run as i64 + 1)).await.unwrap();
                assert_eq!(sends.claimed, stepped.claims.len() as u64);
                for claim in stepped.claims {
                    got.push(claim.token.clone());
                    finishes.push(finish(claim));
                }
            }
        }
    });
    for (run, got) in futures_util::future::join_all(runs).await.into_iter().enumerate() {
        let wanted: Vec<String> = (0..PEOPLE).map(|row| format!("run{run}row{row}")).collect();
        assert_eq!(got, wanted);
    }
    let ledger = thread.close().unwrap();
    for run in 1..=30 {
        assert_eq!(ledger.standing_of_broadcast(run).unwrap().accepted, PEOPLE as u64);
    }
}

fn finish(claim: crate::ledger::writer::Claim) -> Finish {
    Finish {
        at: claim.at,
        claim,
        outcome: Outcome::Accepted { tracking_id: None },
        reason: None,
        http_status: None,
        code: None,
        subcode: None,
        fbtrace_id: None,
    }
}

#[tokio::test]
async fn when_the_thread_is_gone_everybody_hears_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, mut seats) = set_up(folder.path(), 2);
    let thread = LedgerThread::open(ledger).unwrap();
    let mut writers: Vec<_> = seats.drain(..).map(|seat| thread.desk().writer(seat)).collect();
    let gone = thread.desk().ask(|_| -> Result<()> { panic!("a test's panic") }).await;
    assert!(matches!(gone, Err(Error::ThreadGone)), "{gone:?}");
    for writer in &mut writers {
        // Again and again, as an engine does that still has answers to record.
        for _ in 0..2 {
            writer.order(Vec::new(), 1, Observed::nothing(Rate::Unlimited));
            let gone = writer.answer().await;
            assert!(matches!(gone, Err(Error::ThreadGone)), "{gone:?}");
            assert!(!writer.is_busy());
        }
    }
    drop(writers);
    assert!(matches!(thread.close(), Err(Error::ThreadGone)));
}

#[test]
fn the_orders_of_one_run_never_wait_and_those_of_many_only_a_moment() {
    for (runs, micros) in [(0, 0), (1, 0), (2, 100), (21, 2000), (201, 20_000), (202, 20_000), (usize::MAX, 20_000)] {
        assert_eq!(company(runs), Duration::from_micros(micros), "{runs}");
    }
}

#[test]
fn a_run_counts_as_long_as_it_has_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, seats) = set_up(folder.path(), 3);
    let thread = LedgerThread::open(ledger).unwrap();
    let runs = || thread.desk().runs.load(Ordering::Relaxed);
    let mut writers: Vec<_> = seats.into_iter().map(|seat| thread.desk().writer(seat)).collect();
    for left in (0..3).rev() {
        assert_eq!(runs(), left + 1);
        writers.pop();
        assert_eq!(runs(), left);
    }
}
