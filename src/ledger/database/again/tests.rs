use std::cell::Cell;
use std::sync::Barrier;

use super::*;
use crate::ledger::cluster::Database;
use crate::ledger::database::tests::{address, connect};
use crate::ledger::db::Conn;
use crate::ledger::key::key;
use crate::ledger::people;

fn ledger(database: &Database) -> Ledger {
    Ledger::open(address(database)).unwrap().0
}

fn audit(conn: &Conn, what: &str) -> Result<()> {
    conn.execute("insert into audit (at, who, command, what) values (1, 'a', 'b', ?1)", [what])?;
    Ok(())
}

#[test]
fn what_others_made_the_server_take_back_is_done_again_a_few_times() {
    let database = Database::new();
    let mut ledger = ledger(&database);
    for code in ["40001", "40P01", "23505"] {
        let fails = format!("do $$ begin raise sqlstate '{code}'; end $$");
        let done = Cell::new(0);
        let work = |conn: &Conn, failing: u32| {
            audit(conn, code)?;
            done.set(done.get() + 1);
            if done.get() <= failing { Ok(conn.execute_batch(&fails)?) } else { Ok(()) }
        };
        ledger.write(|conn| work(conn, 3)).unwrap();
        assert_eq!(done.replace(0), 4);
        let failed = ledger.write(|conn| work(conn, u32::MAX)).unwrap_err();
        assert!(matches!(failed, Error::Database { failure: Failure::Conflict, .. }), "{failed}");
        assert_eq!(done.get(), MOST + 1);
    }
    assert_eq!(database.ask("select string_agg(what, ' ' order by id) from audit"), "40001 40P01 23505");
}

#[test]
fn of_two_who_wait_for_each_other_one_begins_again() {
    let database = Database::new();
    let mut ledger = ledger(&database);
    for what in ["one", "two"] {
        ledger.write(|conn| audit(conn, what)).unwrap();
    }
    let (both, done) = (Barrier::new(2), Barrier::new(2));
    let update = |conn: &Conn, what: &str| conn.execute("update audit set at = at + 1 where what = ?1", [what]);
    let tries = Cell::new(0);
    let other = connect(&ledger);
    std::thread::scope(|scope| {
        // The other one waits: it is this one that finds out.
        other.execute_batch("set deadlock_timeout = '10min'").unwrap();
        let (both, done) = (&both, &done);
        scope.spawn(move || {
            other.execute_batch("begin").unwrap();
            update(&other, "two").unwrap();
            both.wait();
            update(&other, "one").unwrap();
            other.execute_batch("commit").unwrap();
            done.wait();
        });
        ledger
            .write(|conn| {
                tries.set(tries.get() + 1);
                if tries.get() == 2 {
                    // What was taken back here is not yet the other's on a busy machine: taken again at once, both would wait once more.
                    done.wait();
                }
                update(conn, "one")?;
                if tries.get() == 1 {
                    both.wait();
                }
                update(conn, "two")?;
                Ok(())
            })
            .unwrap();
    });
    assert_eq!(tries.get(), 2);
    assert_eq!(database.ask("select string_agg(at::text, ' ') from audit"), "3 3");
}

#[test]
fn who_was_added_by_another_after_nobody_was_found_is_found_the_next_time() {
    let database = Database::new();
    let mut ledger = ledger(&database);
    let (other, person) = (connect(&ledger), key("token"));
    let tries = Cell::new(0);
    let found = ledger
        .beside_or_alone(|transaction| {
            tries.set(tries.get() + 1);
            let mut ids = people::ids_of(&transaction, [&person].into_iter())?;
            if tries.get() == 1 {
                assert!(ids.is_empty());
                people::arrive(&other, [(&person, "token")].into_iter(), "page")?;
            }
            if ids.is_empty() {
                ids = people::arrive(&transaction, [(&person, "token")].into_iter(), "page")?;
            }
            transaction.commit()?;
            Ok(ids.remove(&person))
        })
        .unwrap();
    assert_eq!(tries.get(), 2);
    assert_eq!(database.ask("select string_agg(id::text, ' ') from recipients"), found.unwrap().to_string());
}

#[test]
fn a_transaction_reads_what_others_committed_whatever_is_set() {
    let database = Database::new();
    database.ask(
        "do $$ begin execute 'alter database ' || current_database() || ' set default_transaction_isolation = serializable'; end $$",
    );
    let mut ledger = ledger(&database);
    let how = |conn: &Conn| -> Result<String> {
        Ok(conn.query_row("select current_setting('transaction_isolation')", (), |row| row.get(0))?)
    };
    assert_eq!(ledger.write(how).unwrap(), "read committed");
    let beside = ledger.begin_beside().unwrap();
    assert_eq!(how(&beside).unwrap(), "read committed");
}

/// A server that was lost may have crashed, and what it had not synced may be gone: in part, which nobody sees.
#[test]
fn work_that_is_not_synced_is_done_again_if_its_session_was_lost() {
    let database = Database::new();
    let mut ledger = ledger(&database);
    let end = "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    for lost_at in [None, Some(0), Some(1), Some(2)] {
        let tries = Cell::new(0);
        let done = ledger.unsynced(|ledger| {
            let is_first = tries.replace(tries.get() + 1) == 0;
            for part in 0..3 {
                if is_first && lost_at == Some(part) {
                    database.ask(end);
                }
                ledger.write(|conn| audit(conn, "part"))?;
            }
            Ok(tries.get())
        });
        assert_eq!(done.unwrap(), if lost_at.is_some() { 2 } else { 1 }, "{lost_at:?}");
    }
}

#[test]
fn a_lost_session_is_made_again_with_its_locks() {
    let database = Database::new();
    let (mut one, two) = (ledger(&database), ledger(&database));
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    let lock = one.read(|conn| conn.lock_row("runs", 7)).unwrap().unwrap();
    database.ask(end);
    // Also in a transaction that has begun; what was half done is done again as a whole.
    let cut = Cell::new(false);
    one.write(|conn| {
        audit(conn, "once")?;
        if !cut.replace(true) {
            database.ask(end);
        }
        audit(conn, "whole")
    })
    .unwrap();
    assert_eq!(database.ask("select string_agg(what, ' ' order by id) from audit"), "once whole");
    assert!(two.read(|conn| conn.locked_rows("runs")).unwrap().contains(&7));
    drop(lock);
    assert!(!two.read(|conn| conn.locked_rows("runs")).unwrap().contains(&7));
}

/// A process that was stopped in the middle of a transaction, and goes on after its time.
#[test]
fn work_whose_session_was_ended_for_being_idle_is_done_again() {
    let database = Database::new();
    let mut ledger = ledger(&database);
    let tries = Cell::new(0);
    ledger
        .write(|conn| {
            audit(conn, "first")?;
            if tries.replace(tries.get() + 1) == 0 {
                let own: i64 = conn.query_row("select pg_backend_pid()::int8", (), |row| row.get(0))?;
                conn.execute_batch("set local idle_in_transaction_session_timeout = '20ms'")?;
                let ended = format!(
                    "do $$ begin while exists (select from pg_stat_activity where pid = {own}) loop
                        perform pg_sleep(0.01), pg_stat_clear_snapshot(); end loop; end $$"
                );
                database.ask(&ended);
            }
            audit(conn, "second")
        })
        .unwrap();
    assert_eq!(tries.get(), 2);
    assert_eq!(database.ask("select string_agg(what, ' ' order by id) from audit"), "first second");
}
