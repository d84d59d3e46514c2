use super::*;
use crate::ledger::database::tests::engine::on_both;
use crate::ledger::sql::sql;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const HOUR: Duration = Duration::from_hours(1);

#[test]
fn nobody_is_free_before_the_last_request_that_may_be_on_its_way_has_cooled_down() {
    let restore = Restore { since: NOW.minus(HOUR * 24), now: NOW, cool_down: HOUR * 12 };
    assert_eq!(restore.nobody_before(), NOW.plus(ON_THE_WAY + HOUR * 12 + MARGIN));
}

/// A ledger with so many rows in each of two broadcasts, all pending but every tenth, which is accepted.
fn ledger(folder: &std::path::Path, rows: i64) -> Ledger {
    let mut ledger = Ledger::in_memory(folder);
    ledger
        .write(|conn| {
            let mut tally = Tally::default();
            for id in 0..2 * rows {
                let (broadcast, recipient) = (1 + id % 2, 1 + id / 2);
                let state = if id % 10 == 0 { State::Accepted } else { State::Pending };
                conn.execute(
                    "insert into sends (broadcast, recipient, listing, state, claimed_at) values (?1, ?2, 1, ?3, ?4)",
                    (
                        broadcast,
                        recipient,
                        state,
                        (id % 10 == 0 || id % 7 == 0).then_some(NOW.minus(HOUR * (id % 5) as u32)),
                    ),
                )?;
                tally.rows(broadcast, state, 1);
            }
            Ok(tally.write(conn)?)
        })
        .unwrap();
    ledger
}

fn number(ledger: &Ledger, sql: &str) -> i64 {
    ledger.conn.query_row(sql, (), |row| row.get(0)).unwrap()
}

on_both! {
fn every_pending_row_becomes_unknown_and_is_counted_however_many_transactions_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = ledger(folder.path(), 2000);
    let restore = Restore { since: NOW.minus(HOUR * 2), now: NOW, cool_down: HOUR * 12 };
    assert_eq!(ledger.pending_in_all().unwrap(), 3600);
    let restored = ledger.accept_restore(restore, "me", "ledger accept-restore").unwrap();
    assert_eq!(restored, Restored { unknown: 3600, nobody_before: restore.nobody_before(), erased_again: 0 });
    assert_eq!(ledger.pending_in_all().unwrap(), 0);
    for (sql, n) in [
        (sql!("select count(*) from sends where state = {unknown} and reason = 'restored'"), 3600),
        (sql!("select cast(sum(n) as bigint) from states where state = {unknown}"), 3600),
        ("select cast(sum(n) as bigint) from counters where what = 'unknown'", 3600),
        (sql!("select count(*) from sends where state = {accepted} and reason is null"), 400),
        // An event from then on may be about it.
        (sql!("select max(claimed_at) from sends where state = {unknown}"), restore.since.0),
        ("select restored_at from ledger", NOW.0),
        ("select newest_at from ledger", NOW.0),
    ] {
        assert_eq!(number(&ledger, sql), n, "{sql}");
    }
    let per_hour =
        "select count(*) from (select hour, sum(n) as n from counters where what = 'unknown' group by hour) c
        where n <> (select count(*) from sends where state = 5 and claimed_at / 3600000 = c.hour)";
    assert_eq!(number(&ledger, per_hour), 0);
    let gate = ledger.gate().unwrap();
    assert_eq!(gate, Gate { closed: None, restored_at: NOW, nobody_before: restore.nobody_before() });
}
}

#[test]
fn nothing_is_accepted_while_a_process_holds_a_lock_even_one_that_the_copy_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = ledger(folder.path(), 10);
    let lock = crate::ledger::locks::Locks::beside(folder.path()).unwrap().hold("of-the-lost-ledger").unwrap();
    let restore = Restore { since: NOW, now: NOW, cool_down: HOUR * 12 };
    assert!(matches!(
        ledger.accept_restore(restore, "me", "ledger accept-restore"),
        Err(Error::AtWork { processes: 1 })
    ));
    assert!(ledger.gate().unwrap().closed.is_some(), "nobody may start meanwhile");
    assert_eq!(ledger.pending_in_all().unwrap(), 18);
    drop(lock);
    assert_eq!(ledger.accept_restore(restore, "me", "ledger accept-restore").unwrap().unknown, 18);
}
