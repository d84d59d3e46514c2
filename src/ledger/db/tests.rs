use super::*;
use crate::clock::UnixMillis;
use crate::ledger::error::{Error as LedgerError, Failure};
use crate::ledger::state::State;

fn conn() -> Conn {
    let conn = Conn::in_memory();
    conn.execute_batch("create table things (id integer primary key, thing)").unwrap();
    conn
}

/// What a value is once it was in a table.
fn back<T: FromColumn>(value: impl ToValue) -> Result<T> {
    let conn = conn();
    conn.execute("insert into things (thing) values (?1)", [value])?;
    conn.query_row("select thing from things", (), |row| row.get(0))
}

#[test]
fn what_is_written_is_read_and_nothing_else_is() {
    assert_eq!(back::<i64>(i64::MIN).unwrap(), i64::MIN);
    assert_eq!(back::<Option<i64>>(None::<i64>).unwrap(), None);
    assert_eq!(back::<Option<i64>>(Some(7)).unwrap(), Some(7));
    assert_eq!(back::<f64>(0.25).unwrap().to_bits(), 0.25_f64.to_bits());
    assert_eq!(back::<f64>(3).unwrap().to_bits(), 3.0_f64.to_bits());
    assert!(back::<bool>(true).unwrap() && !back::<bool>(0).unwrap());
    assert_eq!(back::<String>("ä\0ö").unwrap(), "ä\0ö");
    assert_eq!(back::<[u8; 3]>([0, 255, 1]).unwrap(), [0, 255, 1]);
    assert_eq!(back::<UnixMillis>(UnixMillis(5)).unwrap(), UnixMillis(5));
    for state in State::ALL {
        assert_eq!(back::<State>(state).unwrap(), state);
    }
    let wrong = [
        back::<i64>("7").map(drop),
        back::<i64>(None::<i64>).map(drop),
        back::<u16>(-1).map(drop),
        back::<String>(7).map(drop),
        back::<String>([b'a']).map(drop),
        back::<[u8; 2]>([1, 2, 3]).map(drop),
        back::<State>(State::ALL.len() as i64).map(drop),
    ];
    for (place, read) in wrong.into_iter().enumerate() {
        assert!(matches!(read, Err(Error::Column { column: 0 })), "{place}: {read:?}");
    }
}

#[test]
fn a_text_that_is_no_text_is_a_column_of_another_kind() {
    let conn = conn();
    conn.execute_batch("insert into things (thing) values (cast(x'ff' as text))").unwrap();
    let read = conn.query_row("select id, thing from things", (), |row| row.get::<String>(1));
    assert!(matches!(read, Err(Error::Column { column: 1 })), "{read:?}");
}

#[test]
fn too_few_or_too_many_parameters_are_refused_and_none_stays_from_before() {
    let conn = conn();
    let mut insert = conn.prepare_cached("insert into things (id, thing) values (?1, ?2)").unwrap();
    insert.execute((1, "one")).unwrap();
    for refused in [insert.execute([2]), insert.execute((2, "two", 2)), insert.execute(())] {
        let error = LedgerError::from(refused.unwrap_err());
        assert!(matches!(error, LedgerError::Database { failure: Failure::Other, .. }), "{error}");
    }
    assert_eq!(conn.query_row("select count(*) from things", (), |row| row.get::<i64>(0)).unwrap(), 1);
}

#[test]
fn a_missing_row_is_an_error_unless_it_is_optional() {
    let conn = conn();
    let ask = || conn.query_row("select thing from things where id = ?1", [1], |row| row.get::<i64>(0));
    assert!(matches!(ask(), Err(Error::NoRow)));
    assert_eq!(ask().optional().unwrap(), None);
    conn.execute("insert into things values (1, 2)", ()).unwrap();
    assert_eq!(ask().optional().unwrap(), Some(2));
    let mut any = conn.prepare_cached("select 1 from things where thing = ?1").unwrap();
    assert!(any.exists([2]).unwrap() && !any.exists([3]).unwrap());
}

#[test]
fn a_transaction_counts_once_it_is_committed() {
    let conn = conn();
    let things = || -> Vec<i64> {
        let mut all = conn.prepare_cached("select id from things order by id").unwrap();
        all.query_map((), |row| row.get(0)).unwrap().collect::<Result<_>>().unwrap()
    };
    let insert = |id: i64, commit: bool| {
        let transaction = conn.begin().unwrap();
        transaction.execute("insert into things (id) values (?1)", [id]).unwrap();
        if commit {
            transaction.commit().unwrap();
        }
    };
    insert(1, true);
    insert(2, false);
    insert(3, true);
    assert_eq!(things(), [1, 3]);
    // One that can't be committed is taken back.
    conn.execute_batch(
        "pragma foreign_keys = 1;
         create table parts (thing references things deferrable initially deferred)",
    )
    .unwrap();
    let transaction = conn.begin().unwrap();
    transaction.execute("insert into parts values (9)", ()).unwrap();
    transaction.commit().unwrap_err();
    insert(4, true);
    assert_eq!(things(), [1, 3, 4]);
    assert!(!conn.prepare_cached("select 1 from parts").unwrap().exists(()).unwrap());
}

#[test]
fn a_statement_is_planned_once_whatever_its_values() {
    const SQL: &str = "select id from things where id > ?1 order by id limit ?2";
    let conn = conn();
    for limit in [1, 64, 7] {
        conn.prepare_cached(SQL).unwrap().exists((0, limit)).unwrap();
    }
    let Conn::Sqlite(conn) = &conn else { unreachable!() };
    assert_eq!(sqlite::planned_anew(conn, SQL), 0);
}
