//! Steps on a server beside those of others.

use super::*;
use crate::ledger::database::tests::connect;
use crate::ledger::database::tests::engine::{Engine, on};

fn on_a_server(test: fn()) {
    on(Engine::Postgres, test);
}

#[test]
fn a_run_that_waits_for_anothers_rows_writes_nothing() {
    on_a_server(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 3);
        let other = connect(&writer.ledger);
        let locked = other.begin_to_look().unwrap();
        locked.execute_batch("select 1 from sends for update").unwrap();
        let stepped = writer.step(&[], 8, &mut Open).unwrap();
        assert_eq!((stepped.claims.len(), stepped.exhausted), (0, false));
        // A row has another number each time that it is written.
        let written = "select cast(xmin as text) from runs union all select cast(xmin as text) from pace
            union all select cast(xmin as text) from ledger";
        let before = text(&writer, written);
        for _ in 0..3 {
            let stepped = writer.step(&[], 8, &mut Open).unwrap();
            assert_eq!((stepped.claims.len(), stepped.exhausted), (0, false));
        }
        assert_eq!(text(&writer, written), before);
        drop(locked);
        assert_eq!(writer.step(&[], 8, &mut Open).unwrap().claims.len(), 3);
        assert!(writer.step(&[], 8, &mut Open).unwrap().exhausted);
    });
}

/// Goes by the pauses of others.
struct Looking;

impl Meter for Looking {
    fn allow(&mut self, row: &mut Option<PaceRow>, now: UnixMillis, want: usize) -> (usize, Option<UnixMillis>) {
        match row.map(|row| row.paused_until) {
            Some(until) if until > now => (0, Some(until)),
            _ => (want, None),
        }
    }

    fn has_news(&self) -> bool {
        false
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn unused(&mut self, _: &mut PaceRow, _: usize) {}
}

#[test]
fn a_pause_of_another_run_is_seen_with_the_claim_and_answers_count_all_the_same() {
    on_a_server(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 4);
        let claim = writer.step(&[], 1, &mut Looking).unwrap().claims.remove(0);
        let account = &writer.seat.scope.broadcast.ad_account;
        let pause = format!(
            "insert into pace (ad_account, rate, next_at, paused_until, refusals, updated_at)
             values ('{account}', 10, 0, {}, 1, {NOW})",
            NOW * 2
        );
        writer.ledger.conn.execute(&pause, ()).unwrap();
        let accepted = answer(claim, Outcome::Accepted { tracking_id: None });
        let paused = writer.step(&[accepted], 2, &mut Looking).unwrap();
        assert_eq!((paused.claims.len(), paused.settled.len(), paused.exhausted), (0, 1, false));
        assert_eq!(paused.permit_at, Some(UnixMillis(NOW * 2)));
        writer.ledger.conn.execute("delete from pace", ()).unwrap();
        assert_eq!(writer.step(&[], 4, &mut Looking).unwrap().claims.len(), 3);
        let states = text(&writer, "select state from sends order by id");
        assert_eq!(states, "Integer(2)\nInteger(1)\nInteger(1)\nInteger(1)");
    });
}

#[test]
fn claims_of_which_one_is_not_written_are_none() {
    on_a_server(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 3);
        let two = text(&writer, "select id from sends order by id limit 1 offset 1");
        let two = two.trim_start_matches("Integer(").trim_end_matches(')');
        for (table, id) in
            [("sends", two.to_owned()), ("recipients", format!("(select recipient from sends where id = {two})"))]
        {
            let of_one = format!(
                "create function leave_it() returns trigger language plpgsql as 'begin return null; end';
                 do $$ begin execute 'create trigger leave_it before update on {table} for each row
                   when (old.id = ' || {id} || ') execute function leave_it()'; end $$"
            );
            writer.ledger.conn.execute_batch(&of_one).unwrap();
            let failed = writer.step(&[], 3, &mut Open).unwrap_err();
            assert!(format!("{failed:?}").contains("source: Changed"), "{failed:?}");
            writer.ledger.conn.execute_batch("drop function leave_it cascade").unwrap();
            assert_eq!(text(&writer, "select distinct state from sends"), "Integer(0)");
            assert_eq!(text(&writer, "select count(*) from recipients where blocked_until > 0"), "Integer(0)");
        }
        assert_eq!(writer.step(&[], 3, &mut Open).unwrap().claims.len(), 3);
    });
}

#[test]
fn a_run_that_was_ended_records_what_it_asked_with_its_last_step() {
    on_a_server(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 3);
        let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
        let run = writer.seat.scope.run;
        connect(&writer.ledger)
            .execute_batch(&format!(
                "update runs set ended_at = 1 where id = {run}; update sends set state = 5 where run = {run}"
            ))
            .unwrap();
        let last = writer.step(&[answer(claim, Outcome::Accepted { tracking_id: None })], 2, &mut Open).unwrap();
        assert!(matches!(last.closed, Some(Error::TakenForDead { .. })), "{last:?}");
        assert_eq!((last.claims.len(), last.settled.len()), (0, 1));
        assert_eq!(text(&writer, "select state from sends order by id"), "Integer(2)\nInteger(0)\nInteger(0)");
    });
}

#[test]
fn a_server_whose_clock_was_set_gets_answers_and_no_claims() {
    on_a_server(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path(), 3);
        let claim = writer.step(&[], 1, &mut Open).unwrap().claims.remove(0);
        writer.seat.goes_by_server = true;
        let last = writer.step(&[answer(claim, Outcome::Accepted { tracking_id: None })], 2, &mut Open).unwrap();
        assert!(matches!(last.closed, Some(Error::ServerClock { .. })), "{last:?}");
        assert_eq!((last.claims.len(), last.settled.len()), (0, 1));
        assert_eq!(text(&writer, "select state from sends order by id"), "Integer(2)\nInteger(0)\nInteger(0)");
        // A clock that is the server's, as a run has it.
        let clock = writer.ledger.clock(writer.seat.clock).unwrap();
        let scope = writer.seat.scope.clone();
        writer.seat = Seat::new(clock, scope, None).by_server();
        assert_eq!(writer.step(&[], 2, &mut Open).unwrap().claims.len(), 2);
        let apart = "select max(abs(claimed_at - cast(extract(epoch from clock_timestamp()) * 1000 as int8))) < 60000 from sends where state = 1";
        assert_eq!(text(&writer, apart), "Integer(1)");
    });
}

#[test]
fn a_clock_may_be_off_by_what_a_cool_down_has_on_top() {
    for (now, server, is_fine) in
        [(0, 60_000, true), (0, 60_001, false), (60_000, 0, true), (60_001, 0, false), (5, 5, true)]
    {
        assert_eq!(fence::refuse_other_time(UnixMillis(now), UnixMillis(server)).is_ok(), is_fine, "{now} {server}");
    }
}
