//! When a person is free again, to the millisecond: the table of cool-downs, with a clock that is held.

use std::time::Duration;

use super::{Open, Writer};
use crate::clock::{Clock, UnixMillis};
use crate::ledger::broadcasts::{Broadcast, BroadcastKey, Which};
use crate::ledger::people::suppression::Suppression;
use crate::ledger::plan::PlanTerms;
use crate::ledger::spool::Spool;
use crate::ledger::state::State;
use crate::ledger::writer::{Claim, Finish, Outcome, Scope};
use crate::ledger::{Ledger, Watch};
use crate::times::{COOL_DOWN, MARGIN, REQUEST_TIMEOUT};

const BEGIN: UnixMillis = UnixMillis(1_800_000_000_000);
const MILLISECOND: Duration = Duration::from_millis(1);

fn broadcast(ledger: &mut Ledger, campaign: &str, now: UnixMillis) -> Broadcast {
    let key = BroadcastKey {
        split: None,
        page: "1",
        ad_account: "act_1",
        campaign,
        fingerprint: [7; 32],
        message: r#"{"text":"hello"}"#,
    };
    ledger.open_broadcast(&key, Which::default(), "http://127.0.0.1:1", now).unwrap()
}

/// One person's row in a broadcast of this campaign.
fn plan(ledger: &mut Ledger, campaign: &str, now: UnixMillis) -> Broadcast {
    let broadcast = broadcast(ledger, campaign, now);
    let mut spool = Spool::new(&std::env::temp_dir()).unwrap();
    spool.add("somebody", None).unwrap();
    let mut list = spool.finish().unwrap();
    let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
    ledger
        .plan(
            &broadcast,
            "list",
            &mut list,
            PlanTerms { now, end: None, ..PlanTerms::default() },
            &mut |_, _| Ok(()),
            &mut watch,
        )
        .unwrap();
    broadcast
}

fn scope(broadcast: Broadcast, run: i64) -> Scope {
    Scope {
        broadcast,
        run,
        listing: None,
        values: false,
        end: None,
        cool_down: COOL_DOWN,
        timeout: REQUEST_TIMEOUT,
        ceiling: None,
    }
}

fn blocked_until(ledger: &Ledger) -> UnixMillis {
    ledger
        .read(|conn| conn.query_row("select blocked_until from recipients", (), |row| row.get(0)))
        .map(UnixMillis)
        .unwrap()
}

/// What another campaign may claim at this moment, which is given back.
async fn claims_at(mut ledger: Ledger, clock: Clock, at: UnixMillis) -> (Ledger, usize) {
    tokio::time::advance(at.since(clock.now())).await;
    assert_eq!(clock.now(), at);
    let other = broadcast(&mut ledger, "78", at);
    let run = ledger.start_run(other.id, at, 8).unwrap();
    let mut writer = Writer::new(ledger, clock, scope(other, run.id), None);
    let done = writer.step(&[], 1, &mut Open).unwrap();
    let claims = done.claims.len();
    let back: Vec<Finish> = done.claims.into_iter().map(|claim| finish(claim, Outcome::Back, at)).collect();
    writer.step(&back, 0, &mut Open).unwrap();
    let mut ledger = writer.ledger;
    ledger.end_run(run, at, "exhausted", COOL_DOWN).unwrap();
    (ledger, claims)
}

fn finish(claim: Claim, outcome: Outcome, at: UnixMillis) -> Finish {
    Finish { claim, outcome, at, reason: None, http_status: None, code: None, subcode: None, fbtrace_id: None }
}

#[tokio::test(start_paused = true)]
async fn a_person_is_free_at_the_millisecond_that_the_table_tells_and_not_one_before() {
    let soon = BEGIN.plus(Duration::from_secs(10));
    // The machine was suspended meanwhile.
    let late = BEGIN.plus(REQUEST_TIMEOUT).plus(MILLISECOND);
    let later = soon.plus(Duration::from_secs(3600));
    let accepted = Outcome::Accepted { tracking_id: None };
    let after = |at: UnixMillis| at.plus(COOL_DOWN).plus(MARGIN);
    let table = [
        // As the claim left it.
        (accepted.clone(), soon, after(BEGIN.plus(REQUEST_TIMEOUT))),
        (accepted, late, after(late)),
        (Outcome::Unknown, soon, after(soon)),
        (Outcome::Later { until: later }, soon, later),
    ];
    for (outcome, answered, free_at) in table {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at(BEGIN);
        let mut ledger = Ledger::in_memory(folder.path());
        let first = plan(&mut ledger, "77", BEGIN);
        // Planned while everybody was free: only the claim is in the way.
        plan(&mut ledger, "78", BEGIN);
        let run = ledger.start_run(first.id, BEGIN, 8).unwrap();
        let mut writer = Writer::new(ledger, clock, scope(first, run.id), None);
        let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
        let claimed = blocked_until(&writer.ledger);
        assert_eq!(claimed, BEGIN.plus(REQUEST_TIMEOUT).plus(COOL_DOWN).plus(MARGIN), "{outcome:?}");
        tokio::time::advance(answered.since(BEGIN)).await;
        writer.step(&[finish(claim, outcome.clone(), answered)], 0, &mut Open).unwrap();
        let mut ledger = writer.ledger;
        ledger.end_run(run, answered, "exhausted", COOL_DOWN).unwrap();
        assert_eq!(blocked_until(&ledger), free_at, "{outcome:?}");

        let mut claims;
        for before in [free_at.minus(Duration::from_secs(1)), free_at.minus(MILLISECOND)] {
            (ledger, claims) = claims_at(ledger, clock, before).await;
            assert_eq!(claims, 0, "{outcome:?}: claimed {:?} early", free_at.since(before));
        }
        (_, claims) = claims_at(ledger, clock, free_at).await;
        assert_eq!(claims, 1, "{outcome:?}: not free when its time had come");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_who_got_nothing_is_as_free_as_before() {
    let answered = BEGIN.plus(Duration::from_secs(10));
    for outcome in [Outcome::Back, Outcome::Refused { suppress: None }] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at(BEGIN);
        let mut ledger = Ledger::in_memory(folder.path());
        let first = plan(&mut ledger, "77", BEGIN);
        plan(&mut ledger, "78", BEGIN);
        ledger
            .write(|conn| Ok(conn.execute("update recipients set blocked_until = ?1", [BEGIN.minus(MILLISECOND).0])?))
            .unwrap();
        let run = ledger.start_run(first.id, BEGIN, 8).unwrap();
        let mut writer = Writer::new(ledger, clock, scope(first, run.id), None);
        let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
        tokio::time::advance(answered.since(BEGIN)).await;
        writer.step(&[finish(claim, outcome.clone(), answered)], 0, &mut Open).unwrap();
        let mut ledger = writer.ledger;
        ledger.end_run(run, answered, "exhausted", COOL_DOWN).unwrap();
        assert_eq!(blocked_until(&ledger), BEGIN.minus(MILLISECOND), "{outcome:?}");
        let (_, claims) = claims_at(ledger, clock, answered).await;
        assert_eq!(claims, 1, "{outcome:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_of_a_run_that_died_blocks_from_the_moment_that_it_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::starting_at(BEGIN);
    let mut ledger = Ledger::in_memory(folder.path());
    let first = plan(&mut ledger, "77", BEGIN);
    plan(&mut ledger, "78", BEGIN);
    let run = ledger.start_run(first.id, BEGIN, 8).unwrap();
    let mut writer = Writer::new(ledger, clock, scope(first.clone(), run.id), None);
    assert_eq!(writer.step(&[], 1, &mut Open).unwrap().claims.len(), 1);
    let ledger = writer.ledger;
    run.crash();
    // Nobody has looked yet: the claim itself holds.
    let (mut ledger, claims) = claims_at(ledger, clock, BEGIN.plus(Duration::from_secs(3600))).await;
    assert_eq!(claims, 0);
    assert_eq!(ledger.bury_dead_runs(&clock, COOL_DOWN).unwrap(), 1);
    let free_at = clock.now().plus(COOL_DOWN).plus(MARGIN);
    assert_eq!(blocked_until(&ledger), free_at);
    assert_eq!(ledger.sends_of(first.id)[0].1, State::Unknown);
    let (ledger, claims) = claims_at(ledger, clock, free_at.minus(MILLISECOND)).await;
    assert_eq!(claims, 0);
    let (_, claims) = claims_at(ledger, clock, free_at).await;
    assert_eq!(claims, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_opted_out_is_never_free() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::starting_at(BEGIN);
    let mut ledger = Ledger::in_memory(folder.path());
    let first = plan(&mut ledger, "77", BEGIN);
    plan(&mut ledger, "78", BEGIN);
    let run = ledger.start_run(first.id, BEGIN, 8).unwrap();
    let mut writer = Writer::new(ledger, clock, scope(first, run.id), None);
    let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
    let out = Outcome::Refused { suppress: Some(Suppression::OptedOut) };
    writer.step(&[finish(claim, out, BEGIN)], 0, &mut Open).unwrap();
    let mut ledger = writer.ledger;
    ledger.end_run(run, BEGIN, "exhausted", COOL_DOWN).unwrap();
    let (_, claims) = claims_at(ledger, clock, BEGIN.plus(COOL_DOWN * 1000)).await;
    assert_eq!(claims, 0);
}
