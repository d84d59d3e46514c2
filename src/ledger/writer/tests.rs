mod ahead;
mod claims;
mod cool_downs;
mod sharing;
mod spending;
mod together;

use std::time::Duration;

use super::*;
use crate::clock::{Clock, UnixMillis};
use crate::ledger::broadcasts::{BroadcastKey, Which};
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::error::{Error, Result};
use crate::ledger::pace::{Meter, PaceRow};
use crate::ledger::people::suppression::Suppression;
use crate::ledger::room::Reserve;

pub(super) const NOW: i64 = 1_764_000_000_000;

/// Allows everything.
pub(super) struct Open;

impl Meter for Open {
    fn allow(&mut self, _: &mut Option<PaceRow>, _: UnixMillis, want: usize) -> (usize, Option<UnixMillis>) {
        (want, None)
    }

    fn has_news(&self) -> bool {
        false
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn unused(&mut self, _: &mut PaceRow, _: usize) {}
}

/// A ledger and the only run that sends from it.
pub(super) struct Writer {
    pub ledger: Ledger,
    pub seat: Seat,
}

impl Writer {
    pub fn new(ledger: Ledger, clock: Clock, scope: Scope, reserve: Option<Reserve>) -> Self {
        Self { ledger, seat: Seat::new(clock, scope, reserve) }
    }

    pub fn step(&mut self, finishes: &[Finish], want: usize, meter: &mut dyn Meter) -> Result<Stepped> {
        step(&mut self.ledger, &mut Order { seat: &mut self.seat, finishes, want, meter })
    }
}

pub(super) fn writer(folder: &std::path::Path, people: i64) -> Writer {
    let mut ledger = Ledger::in_memory(folder);
    let key =
        BroadcastKey { split: None, page: "1", ad_account: "2", campaign: "3", fingerprint: [0; 32], message: "{}" };
    let broadcast = ledger.open_broadcast(&key, Which::default(), "http://host", UnixMillis(NOW)).unwrap();
    let run = ledger.start_run(broadcast.id, UnixMillis(NOW), 8).unwrap().id;
    let conn = &ledger.conn;
    conn.execute(
        "insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) values (1, 1, 'a', ?1, ?2, 1, 1)",
        (people, [0_u8]),
    )
    .unwrap();
    for person in 1..=people {
        let insert = "insert into recipients (id, key, token, page) values (?1, ?2, ?3, '1')";
        conn.execute(insert, (person, person.to_be_bytes(), format!("t{person}"))).unwrap();
        conn.execute("insert into sends (broadcast, recipient, listing) values (1, ?1, 1)", [person]).unwrap();
    }
    ledger.conn.execute("insert into states (broadcast, state, n) values (1, 0, ?1)", [people]).unwrap();
    let scope = Scope {
        broadcast,
        run,
        listing: None,
        values: false,
        end: None,
        cool_down: Duration::from_hours(12),
        timeout: Duration::from_secs(30),
        ceiling: None,
    };
    Writer::new(ledger, Clock::starting_at(UnixMillis(NOW)), scope, None)
}

pub(super) fn answer(claim: Claim, outcome: Outcome) -> Finish {
    let at = claim.at.plus(Duration::from_secs(1));
    Finish { claim, outcome, at, reason: None, http_status: Some(200), code: None, subcode: None, fbtrace_id: None }
}

pub(super) fn change(writer: &Writer, sql: &str) {
    writer.ledger.conn.execute_batch(sql).unwrap();
}

pub(super) fn text(writer: &Writer, sql: &str) -> String {
    let mut statement = writer.ledger.conn.prepare_cached(sql).unwrap();
    let rows = statement.query_map((), |row| Ok(row.words().join(" "))).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
}

on_both! {
fn an_answer_that_evidence_overtook_still_names_its_tracking_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 1);
    let claims = writer.step(&[], 9, &mut Open).unwrap().claims;
    assert_eq!(claims.len(), 1);
    writer.ledger.conn.execute("update sends set state = 2, reason = 'evidence'", ()).unwrap();
    for outcome in [Outcome::Back, Outcome::Accepted { tracking_id: Some("t9".to_owned()) }] {
        let done = writer.step(&[answer(claims[0].clone(), outcome)], 0, &mut Open).unwrap();
        assert_eq!((done.overtaken, done.settled.len()), (1, 0));
    }
    assert_eq!(
        text(&writer, "select state, reason, tracking_id from sends"),
        "Integer(2) Text(\"evidence\") Text(\"t9\")"
    );
}
}

/// How many rows are in each state, by what runs counted.
const SUMS: &str = "select state, cast(sum(n) as bigint) from states group by state having sum(n) <> 0";

/// The person: until when held, and what it was before a claim.
const PERSON: &str = "select blocked_until, blocked_until_before_claim from recipients";

on_both! {
fn an_answer_that_comes_after_another_claimed_the_person_frees_nobody() {
    let other = NOW * 2;
    let late = NOW + 1000 + 12 * 3_600_000 + 60_000;
    for (outcome, before) in [
        (Outcome::Back, 5),
        (Outcome::Refused { suppress: None }, 5),
        (Outcome::Later { until: UnixMillis(NOW + 1) }, NOW + 1),
        (Outcome::Accepted { tracking_id: None }, late),
        (Outcome::Unknown, late),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 1);
        let mut claim = writer.step(&[], 9, &mut Open).unwrap().claims.remove(0);
        // The process was stopped for longer than the cool-down, and another broadcast's request is on the wire.
        claim.at = UnixMillis(NOW);
        let conn = &writer.ledger.conn;
        conn.execute("update sends set claimed_at = ?1", [NOW]).unwrap();
        conn.execute("update recipients set blocked_until = ?1, blocked_until_before_claim = 5", [other]).unwrap();
        writer.step(&[answer(claim, outcome.clone())], 0, &mut Open).unwrap();
        assert_eq!(text(&writer, PERSON), format!("Integer({other}) Integer({before})"), "{outcome:?}");
    }
}
}

on_both! {
fn an_answer_that_says_accepted_knows_better_than_a_person_who_said_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 1);
    let claim = writer.step(&[], 9, &mut Open).unwrap().claims.remove(0);
    writer
        .ledger
        .conn
        .execute_batch("update sends set state = 5; update states set state = 5 where state = 1")
        .unwrap();
    let resolution = crate::ledger::unknown::Resolution::NotSent;
    assert_eq!(writer.ledger.resolve_unknown(&[claim.send], resolution, UnixMillis(NOW)).unwrap(), 1);
    // Only what was accepted is news.
    let done = writer.step(&[answer(claim.clone(), Outcome::Unknown)], 0, &mut Open).unwrap();
    assert_eq!(done.overtaken, 1);
    assert_eq!(text(&writer, "select state from sends"), "Integer(0)");
    let accepted = Outcome::Accepted { tracking_id: Some("t9".to_owned()) };
    let done = writer.step(&[answer(claim.clone(), accepted.clone())], 0, &mut Open).unwrap();
    assert_eq!((done.overtaken, done.settled.len()), (0, 1));
    assert_eq!(text(&writer, "select state, tracking_id from sends"), "Integer(2) Text(\"t9\")");
    assert_eq!(text(&writer, SUMS), "Integer(2) Integer(1)");
    // A later claim of the same row is not this answer's.
    let again = "update sends set state = 1, run = ?1, claimed_at = claimed_at + 1";
    writer.ledger.conn.execute(again, [writer.seat.scope.run]).unwrap();
    assert_eq!(writer.step(&[answer(claim, accepted)], 0, &mut Open).unwrap().overtaken, 1);
    assert_eq!(text(&writer, "select state from sends"), "Integer(1)");
}
}

on_both! {
fn what_a_person_says_was_not_sent_does_not_go_out_by_a_closed_broadcast() {
    for closed_first in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 1);
        let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
        writer.step(&[answer(claim.clone(), Outcome::Unknown)], 0, &mut Open).unwrap();
        let close = |writer: &mut Writer| writer.ledger.close_broadcast(1, UnixMillis(NOW)).unwrap();
        let mut closed = if closed_first { close(&mut writer) } else { 0 };
        let resolution = crate::ledger::unknown::Resolution::NotSent;
        assert_eq!(writer.ledger.resolve_unknown(&[claim.send], resolution, UnixMillis(NOW)).unwrap(), 1);
        closed += if closed_first { 0 } else { close(&mut writer) };
        assert_eq!(closed, u64::from(!closed_first));
        assert_eq!(text(&writer, "select state, reason from sends order by id"), r#"Integer(4) Text("closed")"#);
        assert_eq!(text(&writer, SUMS), "Integer(4) Integer(1)");
        // The answer that was given up comes after all.
        let accepted = Outcome::Accepted { tracking_id: Some("t9".to_owned()) };
        assert_eq!(writer.step(&[answer(claim, accepted)], 0, &mut Open).unwrap().overtaken, 0);
        assert_eq!(text(&writer, "select state, tracking_id from sends"), r#"Integer(2) Text("t9")"#);
        assert_eq!(text(&writer, SUMS), "Integer(2) Integer(1)");
    }
}
}

on_both! {
fn a_row_at_work_when_its_broadcast_is_closed_does_not_come_back() {
    let until = UnixMillis(NOW + 1);
    for outcome in [Outcome::Back, Outcome::Later { until }, Outcome::Accepted { tracking_id: None }] {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 2);
        let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
        assert_eq!(writer.ledger.close_broadcast(1, UnixMillis(NOW)).unwrap(), 1);
        let done = writer.step(&[answer(claim, outcome.clone())], 9, &mut Open).unwrap();
        assert_eq!((done.claims.len(), done.settled.len()), (0, 1), "{outcome:?}");
        let states = text(&writer, "select state, reason from sends order by id");
        let closed = r#"Integer(4) Text("closed")"#;
        match outcome {
            Outcome::Accepted { .. } => assert_eq!(states, format!("Integer(2) Null\n{closed}")),
            _ => assert_eq!(states, format!("{closed}\n{closed}"), "{outcome:?}"),
        }
        assert_eq!(text(&writer, "select cast(sum(n) as bigint) from states where state in (0, 1)"), "Integer(0)");
    }
    // Open again, rows come back as ever.
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 2);
    let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
    writer.ledger.close_broadcast(1, UnixMillis(NOW)).unwrap();
    writer.ledger.retry_refused(1, &[1]).unwrap();
    writer.step(&[answer(claim, Outcome::Back)], 0, &mut Open).unwrap();
    assert_eq!(text(&writer, "select state from sends where id = 1"), "Integer(0)");
}
}

on_both! {
fn a_row_that_another_process_took_is_neither_claimed_nor_blocked() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 3);
    // The first step reads ahead; then another process closes one row and sends another.
    assert_eq!(writer.step(&[], 1, &mut Open).unwrap().claims.len(), 1);
    let conn = &writer.ledger.conn;
    conn.execute("update sends set state = 4 where id = 2", ()).unwrap();
    conn.execute("update sends set state = 2 where id = 3", ()).unwrap();
    conn.execute("update recipients set blocked_until = ?1 where id = 3", [i64::MAX]).unwrap();
    let done = writer.step(&[], 9, &mut Open).unwrap();
    assert_eq!((done.claims.len(), done.settled.len()), (0, 0));
    assert_eq!(
        text(&writer, "select blocked_until, blocked_until_before_claim from recipients where id = 2"),
        "Integer(0) Null"
    );
    assert_eq!(text(&writer, "select state from sends where id > 1 order by id"), "Integer(4)\nInteger(2)");
}
}

/// Rows that got a time or a state, and the steps that it took, until the run knows that nothing may go out.
fn steps_until_exhausted(writer: &mut Writer) -> (usize, u64) {
    let mut settled = 0;
    for step in 1_u64..100_000 {
        let done = writer.step(&[], 1, &mut Open).unwrap();
        assert!(done.claims.is_empty());
        settled += done.settled.len();
        if done.exhausted {
            return (settled, step);
        }
    }
    panic!("no end");
}

#[test]
fn a_broadcast_whose_people_all_have_to_wait_does_not_hold_the_lock_for_its_whole_length() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 30_000);
    writer.ledger.conn.execute("update recipients set blocked_until = ?1", [NOW * 2]).unwrap();
    let (settled, steps) = steps_until_exhausted(&mut writer);
    assert_eq!(settled, 30_000);
    assert!(steps > 1, "all in one transaction");
    assert_eq!(text(&writer, "select count(*) from sends where not_before > 0 and state = 0"), "Integer(30000)");
}

#[test]
fn rows_of_another_list_are_passed_over_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 1);
    writer
        .ledger
        .conn
        .execute_batch(
            "with recursive n (n) as (select 2 union all select n + 1 from n where n < 400000)
             insert into recipients (id, key, token, page) select n, cast(n as blob), 't' || n, '1' from n;
             insert into sends (broadcast, recipient, listing) select 1, id, 1 from recipients where id > 1;
             insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) values (2, 1, 'b', 1, x'01', 1, 1);
             insert into listing_rows (listing, send) select 2, max(id) from sends;",
        )
        .unwrap();
    writer.seat.scope.listing = Some(2);
    let mut steps = 0;
    let claims = loop {
        let done = writer.step(&[], 1, &mut Open).unwrap();
        steps += 1;
        if !done.claims.is_empty() {
            break done.claims;
        }
        assert!(!done.exhausted, "the row was not found");
    };
    assert_eq!(claims[0].token, "t400000");
    assert!(steps > 1, "all in one transaction");
}

on_both! {
fn an_opt_out_that_graph_tells_again_outlives_an_older_resume_and_gives_way_to_a_newer() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 2);
    let claims = writer.step(&[], 9, &mut Open).unwrap().claims;
    let conn = &writer.ledger.conn;
    conn.execute("update recipients set suppressed = 'opted_out', suppressed_at = 5 where id = 1", ()).unwrap();
    conn.execute("update recipients set opted_out = 0, opt_at = ?1 where id = 2", [i64::MAX]).unwrap();
    let refused = Outcome::Refused { suppress: Some(Suppression::OptedOut) };
    let finishes: Vec<Finish> = claims.into_iter().map(|claim| answer(claim, refused.clone())).collect();
    writer.step(&finishes, 0, &mut Open).unwrap();
    let told = text(&writer, "select suppressed, suppressed_at > 5 from recipients order by id");
    assert_eq!(told, "Text(\"opted_out\") Integer(1)\nNull Null");
    assert_eq!(text(&writer, "select what, n from counters"), "Text(\"refused\") Integer(2)");
}
}

on_both! {
fn every_request_of_a_row_is_told_in_the_persons_story() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 1);
    writer.ledger.conn.execute("update recipients set key = ?1 where id = 1", [crate::ledger::key::key("t1")]).unwrap();
    let until = UnixMillis(NOW + 1);
    let outcomes = [Outcome::Back, Outcome::Later { until }, Outcome::Unknown];
    for (outcome, code) in outcomes.into_iter().zip([4, 2_300_036, 2]) {
        std::thread::sleep(Duration::from_millis(3));
        let claims = writer.step(&[], 9, &mut Open).unwrap().claims;
        let mut finish = answer(claims[0].clone(), outcome);
        (finish.code, finish.reason) = (Some(code), Some("so".to_owned()));
        writer.step(&[finish], 0, &mut Open).unwrap();
    }
    let told = |writer: &Writer| -> Vec<String> {
        let story = writer.ledger.story("t1").unwrap().unwrap();
        story.chapters.iter().map(|chapter| format!("{}: {}", chapter.what, chapter.detail)).collect()
    };
    let requests = [
        "claimed: attempt 1",
        "back: so, code 4",
        "claimed: attempt 2",
        "later: so, code 2300036",
        "claimed: attempt 3",
        "unknown: so, code 2",
    ];
    let told_in_doubt = told(&writer);
    for request in requests {
        assert_eq!(told_in_doubt.iter().filter(|told| *told == request).count(), 1, "{request}: {told_in_doubt:#?}");
    }
    // A person puts it back: the doubt stays in the story.
    let resolution = crate::ledger::unknown::Resolution::NotSent;
    assert_eq!(writer.ledger.resolve_unknown(&[1], resolution, UnixMillis(NOW + 5000)).unwrap(), 1);
    let told_after = told(&writer);
    assert!(requests.iter().all(|request| told_after.iter().any(|told| told == request)), "{told_after:#?}");
    assert!(told_after.last().unwrap().starts_with("pending: not before "), "{told_after:#?}");
}
}

on_both! {
fn a_run_that_somebody_ended_claims_nothing_and_its_answer_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(folder.path(), 2);
    let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
    writer.ledger.conn.execute("update runs set ended_at = 1", ()).unwrap();
    let refused = writer.step(&[], 1, &mut Open);
    assert!(matches!(refused, Err(Error::TakenForDead { .. })), "{refused:?}");
    assert_eq!(text(&writer, "select count(*) from sends where state = 1"), "Integer(1)");
    writer.step(&[answer(claim, Outcome::Accepted { tracking_id: None })], 0, &mut Open).unwrap();
    assert_eq!(text(&writer, "select state from sends order by id"), "Integer(2)\nInteger(0)");
}
}
