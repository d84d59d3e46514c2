use std::collections::HashSet;

use crate::ledger::address::Address;
use crate::ledger::address::server::Server;
use crate::ledger::cluster::Database;
use crate::ledger::db::error::Error;
use crate::ledger::db::{self, Ahead, Conn as Any};
use crate::ledger::error::Failure;

fn server(database: &Database) -> Server {
    Server::parse(&database.address(), &|_| None).unwrap()
}

fn any(database: &Database) -> Any {
    let conn = Any::connect(&server(database)).unwrap();
    conn.execute_batch("create table if not exists things (id int8 primary key, thing text, bytes bytea, small int2)")
        .unwrap();
    conn
}

#[test]
fn what_is_written_is_read() {
    let conn = any(&Database::new());
    conn.execute("insert into things values (?1, ?2, ?3, ?4)", (i64::MIN, "a\0b ä", [0_u8, 255], true)).unwrap();
    let read = |sql: &str| conn.query_row(sql, (), |row| Ok(row.words().join(" "))).unwrap();
    assert_eq!(read("select * from things"), format!("Integer({}) Text(\"ab ä\") Blob([0, 255]) Integer(1)", i64::MIN));
    assert_eq!(
        read("select null, true, cast(0.5 as float8), count(*) from things"),
        "Null Integer(1) Real(0.5) Integer(1)"
    );
    // U+0000 is left out of what is looked for as well.
    assert!(conn.prepare_cached("select 1 from things where thing = ?1").unwrap().exists(["ab\0 ä"]).unwrap());
    let too_large = conn.execute("update things set small = ?1", [70_000]).unwrap_err();
    assert!(!matches!(too_large, Error::NoRow), "{too_large}");
}

#[test]
fn many_values_are_one_parameter() {
    use crate::ledger::db::arrays::{blobs, ints, texts};
    let conn = any(&Database::new());
    let fill = "insert into things (id, small, thing, bytes)
        select * from unnest(cast(?1 as int8[]), cast(?2 as int8[]), cast(?3 as text[]), cast(?4 as bytea[]))";
    let values = (
        ints([1, 2, i64::MAX]),
        ints([Some(-1), None, Some(7)]),
        texts([Some("a,\"\0\\ä"), None, Some("")]),
        blobs([&[0_u8, 255], &[1, 2], &[3, 4]]),
    );
    assert_eq!(conn.execute(fill, values).unwrap(), 3);
    let none = (ints([0_i64; 0]), ints([0_i64; 0]), texts([]), blobs::<1>([]));
    assert_eq!(conn.execute(fill, none).unwrap(), 0);
    let mut all = conn.prepare_cached("select id, small, thing, bytes from things order by id").unwrap();
    let rows: Vec<String> = all.query_map((), |row| Ok(row.words().join(" "))).unwrap().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            "Integer(1) Integer(-1) Text(\"a,\\\"\\\\ä\") Blob([0, 255])".to_owned(),
            "Integer(2) Null Null Blob([1, 2])".to_owned(),
            format!("Integer({}) Integer(7) Text(\"\") Blob([3, 4])", i64::MAX),
        ]
    );
}

#[test]
fn rows_are_read_while_other_questions_are_asked() {
    let conn = any(&Database::new());
    conn.execute("insert into things (id) select n from generate_series(1, 5000) n", ()).unwrap();
    let mut all = conn.prepare_cached("select id from things order by id").unwrap();
    let mut rows = all.query(()).unwrap();
    let mut double = conn.prepare_cached("select ?1 * 2 from things where id = ?1").unwrap();
    let mut next = 1;
    while let Some(row) = rows.next().unwrap() {
        let id: i64 = row.get(0).unwrap();
        assert_eq!(id, next);
        if id % 1000 == 1 {
            assert_eq!(double.query_row([id], |row| row.get::<i64>(0)).unwrap(), id * 2);
        }
        next += 1;
    }
    assert_eq!(next, 5001);
}

#[test]
fn a_transaction_in_which_something_failed_is_not_committed_and_the_next_one_is() {
    let conn = any(&Database::new());
    let transaction = conn.begin().unwrap();
    transaction.execute("insert into things (id) values (1)", ()).unwrap();
    transaction.execute("insert into things (id) values (1)", ()).unwrap_err();
    assert!(matches!(transaction.commit(), Err(Error::Spoiled)));
    // A failure that nobody read.
    let transaction = conn.begin().unwrap();
    transaction.execute("insert into things (id) select n from generate_series(1, 9) n", ()).unwrap();
    let mut fails = transaction.prepare_cached("select 1 / (n - 9) from generate_series(1, 9) n").unwrap();
    fails.query_row((), |row| row.get::<i64>(0)).unwrap();
    drop(fails);
    assert!(matches!(transaction.commit(), Err(Error::Spoiled)));
    let transaction = conn.begin().unwrap();
    transaction.execute("insert into things (id) values (2)", ()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(conn.query_row("select count(*) from things", (), |row| row.get::<i64>(0)).unwrap(), 1);
}

const FILL: &str = "insert into things (id) select n from generate_series(1, cast(?1 as int8)) n returning id";
const COUNT: &str = "select count(*) from things";

fn count(conn: &Any) -> i64 {
    conn.query_row(COUNT, (), |row| row.get(0)).unwrap()
}

fn ahead(questions: &[(&str, i64)]) -> Ahead {
    let mut ahead = Ahead::default();
    questions.iter().for_each(|(sql, value)| ahead.ask(*sql, [*value]));
    ahead
}

#[test]
fn what_is_asked_ahead_is_answered_once_and_in_order_whatever_is_asked_between() {
    let conn = any(&Database::new());
    let up_to = "select count(*) from things where id <= ?1";
    let transaction = conn.begin_asking(&ahead(&[(FILL, 3000), (up_to, 20)])).unwrap();
    let mut fill = transaction.prepare_cached(FILL).unwrap();
    let mut rows = fill.query([3000_i64]).unwrap();
    let mut read = 0;
    while let Some(row) = rows.next().unwrap() {
        read += 1;
        assert_eq!(row.get::<i64>(0).unwrap(), read);
        if read == 1000 {
            // In another order than it was asked ahead, it is asked anew.
            assert_eq!(count(&transaction), 3000);
        }
    }
    assert_eq!(read, 3000);
    drop(rows);
    drop(fill);
    transaction.execute("delete from things where id > 10", ()).unwrap();
    // What was asked ahead is as it was then.
    assert_eq!(transaction.query_row(up_to, [20_i64], |row| row.get::<i64>(0)).unwrap(), 20);
    assert_eq!(transaction.query_row(up_to, [20_i64], |row| row.get::<i64>(0)).unwrap(), 10);
    transaction.commit().unwrap();
    assert_eq!(count(&conn), 10);
}

#[test]
fn nothing_is_committed_of_which_something_asked_ahead_was_not_wanted_or_failed() {
    let conn = any(&Database::new());
    let fill = |conn: &Any, n: i64| conn.query_row(FILL, [n], |row| row.get::<i64>(0));
    conn.begin_asking(&ahead(&[(FILL, 3)])).unwrap().commit().unwrap_err();
    assert_eq!(count(&conn), 0);
    // Asked otherwise, it is another question.
    let transaction = conn.begin_asking(&ahead(&[(FILL, 3)])).unwrap();
    fill(&transaction, 4).unwrap_err();
    assert!(matches!(transaction.commit(), Err(Error::Spoiled)));
    let fails = "select 1 / ?1";
    let transaction = conn.begin_asking(&ahead(&[(fails, 0), (FILL, 3)])).unwrap();
    let failed = transaction.query_row(fails, [0_i64], |row| row.get::<i64>(0)).unwrap_err();
    assert!(matches!(failed, Error::Changed), "{failed}");
    fill(&transaction, 3).unwrap_err();
    assert!(matches!(transaction.commit(), Err(Error::Spoiled)));
    assert_eq!(count(&conn), 0);
    let transaction = conn.begin_asking(&ahead(&[(FILL, 3)])).unwrap();
    fill(&transaction, 3).unwrap();
    transaction.commit().unwrap();
    assert_eq!(count(&conn), 3);
}

#[test]
fn what_is_asked_ahead_of_a_transaction_that_does_not_begin_does_nothing() {
    let database = Database::new();
    let (one, two) = (any(&database), any(&database));
    let transaction = one.begin().unwrap();
    two.busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    let failed = two.begin_asking(&ahead(&[(FILL, 3)])).map(drop).unwrap_err();
    assert!(matches!(failed, Error::Failed { failure: Failure::Busy, .. }), "{failed}");
    transaction.commit().unwrap();
    assert_eq!(count(&two), 0);
}

#[test]
fn what_is_told_is_in_the_commit_or_takes_it_back() {
    let database = Database::new();
    let conn = any(&database);
    let insert = "insert into things (id) values (?1)";
    let tell = |ids: &[i64]| {
        let transaction = conn.begin().unwrap();
        ids.iter().for_each(|id| transaction.prepare_cached(insert).unwrap().tell([*id]).unwrap());
        transaction.commit()
    };
    tell(&[1, 2]).unwrap();
    let failed = tell(&[3, 1, 4]).unwrap_err();
    assert!(failed.to_string().contains("duplicate key"), "{failed}");
    assert_eq!(count(&conn), 2);
    tell(&[3]).unwrap();
    // Whatever is asked after it, it is the first failure that is heard.
    let transaction = conn.begin().unwrap();
    transaction.prepare_cached(insert).unwrap().tell([3_i64]).unwrap();
    let failed = transaction.query_row("select 7", (), |row| row.get::<i64>(0)).unwrap_err();
    assert!(failed.to_string().contains("duplicate key"), "{failed}");
    assert!(matches!(transaction.commit(), Err(Error::Spoiled)));
    // Of a session that is lost nobody knows what it committed.
    let transaction = conn.begin().unwrap();
    let pid: i64 = transaction.query_row("select pg_backend_pid()", (), |row| row.get(0)).unwrap();
    transaction.prepare_cached(insert).unwrap().tell([4_i64]).unwrap();
    database.ask(&format!("select pg_terminate_backend({pid}, 10000)"));
    let failed = transaction.commit().unwrap_err();
    assert!(matches!(failed, Error::Failed { failure: Failure::Unanswered, .. }), "{failed}");
    assert_eq!(database.ask(COUNT), "3");
}

#[test]
fn a_transaction_waits_for_another_machines() {
    let database = Database::new();
    let (one, two) = (any(&database), any(&database));
    let transaction = one.begin().unwrap();
    two.busy_timeout(std::time::Duration::from_millis(20)).unwrap();
    let failed = two.begin().map(drop).unwrap_err();
    assert!(matches!(failed, Error::Failed { failure: Failure::Busy, .. }), "{failed}");
    transaction.commit().unwrap();
    two.begin().unwrap().commit().unwrap();
}

#[test]
fn a_lock_is_anothers_until_its_session_ends_however_that_is() {
    let database = Database::new();
    let (one, two) = (any(&database), any(&database));
    let lock = one.lock_row("things", 7).unwrap().unwrap();
    // Not even the same session gets it twice: its own runs are not dead.
    for conn in [&one, &two] {
        assert!(conn.lock_row("things", 7).unwrap().is_none());
    }
    assert_eq!(two.locked_rows("things").unwrap(), HashSet::from([7]));
    drop(lock);
    let lock = two.lock_row("things", 7).unwrap().unwrap();
    let pid: i64 = two.query_row("select pg_backend_pid()", (), |row| row.get(0)).unwrap();
    database.ask(&format!("select pg_terminate_backend({pid}, 10000)"));
    let lost = two.query_row("select 1", (), |row| row.get::<i64>(0)).unwrap_err();
    assert!(matches!(lost, Error::Failed { failure: Failure::Lost, .. }), "{lost}");
    let took = one.lock_row("things", 7).unwrap();
    assert!(took.is_some());
    drop(lock);
    assert!(one.locked_rows("things").unwrap().contains(&7), "a lost session frees nothing");
}

#[test]
fn a_commit_is_synced_whatever_is_set() {
    let database = Database::new();
    database
        .ask("do $$ begin execute 'alter database ' || current_database() || ' set synchronous_commit = off'; end $$");
    let conn = any(&database);
    let how =
        || conn.query_row("select current_setting('synchronous_commit')", (), |row| row.get::<String>(0)).unwrap();
    assert_eq!(how(), "on");
    conn.sync_commits(false).unwrap();
    assert_eq!(how(), "off");
    conn.sync_commits(true).unwrap();
    assert_eq!(how(), "on");
}

#[test]
fn two_connections_are_two_sessions_here() {
    let database = Database::new();
    let (one, two) = (any(&database), any(&database));
    assert!(!one.is_pooled(&two).unwrap());
    // As with a pooler, which hands both the same.
    assert!(one.is_pooled(&one).unwrap());
}

#[test]
fn a_password_is_asked_for_and_never_told() {
    let address = Address::of_server("postgres://a:hush-hush@localhost:1/x", &|_| None).unwrap().unwrap();
    let failed = db::Conn::connect(match &address {
        Address::Server(server) => server,
        Address::File(_) => panic!(),
    });
    let Err(Error::Failed { failure: Failure::Unreachable, source }) = failed.map(drop) else { panic!() };
    assert!(!format!("{source} {source:?}").contains("hush"));
}

#[test]
fn more_than_a_socket_holds_goes_and_comes() {
    let conn = any(&Database::new());
    let large = "ä".repeat(4 << 20);
    let transaction = conn.begin().unwrap();
    let mut insert = transaction.prepare_cached("insert into things (id, thing) values (?1, ?2)").unwrap();
    // The server is at the first one, and takes nothing more for a while.
    (1..=3).for_each(|id| insert.tell((id, large.as_str())).unwrap());
    drop(insert);
    transaction.commit().unwrap();
    let mut all = conn.prepare_cached("select thing from things").unwrap();
    let read: Vec<String> = all.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(read.iter().all(|read| *read == large) && read.len() == 3);
}

#[test]
fn a_session_ends_with_its_connection() {
    let database = Database::new();
    let conn = any(&database);
    let pid: i64 = conn.query_row("select pg_backend_pid()", (), |row| row.get(0)).unwrap();
    let is_there = || database.ask(&format!("select count(*) from pg_stat_activity where pid = {pid}")) == "1";
    assert!(is_there());
    drop(conn);
    let begun = std::time::Instant::now();
    while is_there() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "the server has it still");
    }
}
