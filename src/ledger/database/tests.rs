pub mod engine;
mod history;

use std::sync::{LazyLock, Mutex, PoisonError};

use rusqlite::Connection;

use super::file::APPLICATION_ID;
use super::*;
use crate::ledger::cluster::Database;
use crate::ledger::error::Closed;
use crate::ledger::error::Failure;
use crate::ledger::gate;
use crate::ledger::schema::{self, FIRST_WITH_GATE};
use crate::ledger::sql::sql;
use crate::ledger::state::State;
use crate::ledger::tables::TABLES;

impl Ledger {
    /// A new ledger for a test: in memory, with its lock files in `folder`; or on a server, if this is what the test is about.
    pub fn in_memory(folder: &Path) -> Self {
        if engine::of_test() == engine::Engine::Postgres {
            let ledger = Self::open(address(&Database::like(MADE_ON_SERVER.name()))).unwrap().0;
            ledger.conn.execute_batch("update ledger set identity = md5(gen_random_uuid()::text)").unwrap();
            return ledger;
        }
        let mut ledger = Self::unwatched(Conn::in_memory(), &folder.join("memory"));
        MADE.lock().unwrap_or_else(PoisonError::into_inner).conn.copy_in_memory(&mut ledger.conn);
        // What a migration draws for each ledger.
        ledger.conn.execute_batch("update ledger set identity = lower(hex(randomblob(16)))").unwrap();
        ledger.folder = folder.to_owned();
        ledger.prepare().unwrap();
        ledger
    }
}

/// A ledger with all tables and no rows: to go through all migrations again costs a test of thousands of ledgers most of its time.
static MADE: LazyLock<Mutex<Ledger>> = LazyLock::new(|| {
    let mut ledger = Ledger::unwatched(Conn::in_memory(), Path::new("made"));
    ledger.prepare().unwrap();
    Mutex::new(ledger)
});

/// The same on a server.
static MADE_ON_SERVER: LazyLock<Database> = LazyLock::new(|| {
    let database = Database::new();
    assert_eq!(Ledger::open(address(&database)).unwrap().1, Opened::Made);
    database
});

/// Where a ledger is that is in this database.
pub fn address(database: &Database) -> Address {
    Address::of_server(&database.address(), &|_| None).unwrap().unwrap()
}

/// A session of somebody else.
pub fn connect(ledger: &Ledger) -> Conn {
    match ledger.address() {
        Address::Server(server) => Conn::connect(server).unwrap(),
        Address::File(_) => panic!("it is in a file"),
    }
}

fn ledger() -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::in_memory(folder.path());
    (folder, ledger)
}

#[test]
fn both_engines_have_the_same_tables_and_columns() {
    let (_folder, file) = ledger();
    let columns = "select t.name || '.' || c.name from sqlite_schema t join pragma_table_info(t.name) c
        where t.type = 'table' and t.name not like 'sqlite%' order by 1";
    let mut statement = file.conn.prepare_cached(columns).unwrap();
    let mut on_file: Vec<String> = statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    // SQLite has it in the file's head.
    on_file.push("ledger.schema".to_owned());
    // Where runs count at the same time.
    on_file.extend(["counters.run".to_owned(), "states.run".to_owned()]);
    on_file.sort();
    let database = Database::new();
    let address = address(&database);
    let (server, opened) = Ledger::open(&address).unwrap();
    assert_eq!(opened, Opened::Made);
    let columns = "select table_name || '.' || column_name from information_schema.columns c
        join pg_class t on t.relname = c.table_name where table_schema = 'public' and not t.relispartition";
    let mut on_server: Vec<_> = database.ask(columns).lines().map(str::to_owned).collect();
    on_server.sort();
    assert_eq!(on_server, on_file);
    let newest = schema::IN_A_FILE.last().map_or(0, |(number, _)| *number);
    assert_eq!(server.read(Conn::version).unwrap(), newest);
    assert_eq!(schema::ON_A_SERVER.last().map(|(number, _)| *number), Some(newest));
    assert_eq!(Ledger::open(&address).unwrap().1, Opened::Found);
}

#[test]
fn a_send_on_a_server_is_the_same_in_fewer_bytes() {
    const SMALLER: i32 = 24;
    let database = Database::new();
    let address = address(&database);
    let Address::Server(server) = &address else { panic!() };
    let old = Conn::connect(server).unwrap();
    for (number, sql) in schema::ON_A_SERVER.iter().filter(|(number, _)| *number < SMALLER) {
        old.execute_batch(sql).unwrap();
        old.execute("update ledger set schema = ?1", [*number]).unwrap();
    }
    drop(old);
    let columns = TABLES.iter().find(|table| table.name == "sends").unwrap().columns;
    // Each column has another value, and then is null where it may be.
    let kinds = "select string_agg(case when data_type = 'text' then quote_literal('t' || ordinal_position) else (100 + ordinal_position)::text end,
        ', ' order by array_position(string_to_array('COLUMNS', ', '), column_name::text))
        from information_schema.columns where table_name = 'sends'"
        .replace("COLUMNS", &columns.join(", "));
    database.ask(&format!("insert into sends ({}) values ({})", columns.join(", "), database.ask(&kinds)));
    let add = |recipient: i64| {
        database
            .ask(&format!("insert into sends (broadcast, recipient, listing) values (2, {recipient}, 3) returning id"))
    };
    let last: i64 = add(41).parse().unwrap();
    database.ask("delete from sends where recipient = 41");
    add(42);
    let all = format!("select {} from sends order by id", columns.join(", "));
    let before = database.ask(&all);
    assert_eq!(before.lines().count(), 2, "{before}");
    Ledger::open(&address).unwrap();
    assert_eq!(database.ask(&all), before);
    assert_eq!(add(43), (last + 2).to_string(), "no number is used twice");
    let once = "select count(*) from pg_index where indrelid = 'sends'::regclass and indisunique";
    assert_eq!(database.ask(once), "2");
}

#[test]
fn several_may_create_one_ledger_on_a_server_at_once() {
    let database = Database::new();
    let address = Address::of_server(&format!("{}&schema=of_mmsg", database.address()), &|_| None).unwrap().unwrap();
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                Ledger::open(&address).unwrap();
            });
        }
    });
    assert_eq!(database.ask("select schema from of_mmsg.ledger"), schema::IN_A_FILE.last().unwrap().0.to_string());
}

#[test]
fn what_may_not_be_a_ledger_on_a_server_is_told_apart() {
    let database = Database::new();
    let open = |end: &str| {
        let address = Address::of_server(&format!("{}{end}", database.address()), &|_| None).unwrap().unwrap();
        Ledger::open(&address).map(drop)
    };
    database.ask("create role reader login");
    for (end, expected) in [
        ("&dbname=none", Failure::NoDatabase),
        ("&host=/nowhere", Failure::Unreachable),
        ("&user=nobody", Failure::NotAdmitted),
        ("&user=reader", Failure::MayNotMake),
        ("&options=-c%20search_path%3Dnone", Failure::NoSchema),
        ("&options=-c%20default_transaction_read_only%3Don", Failure::ReadOnly),
    ] {
        let failed = open(end).unwrap_err();
        assert!(matches!(&failed, Error::Database { failure, .. } if *failure == expected), "{end}: {failed}");
    }
    open("").unwrap();
    database.ask("update ledger set schema = 999");
    assert!(matches!(open(""), Err(Error::NewerSchema { found: 999, .. })));
}

#[test]
fn partial_indexes_have_the_numbers_of_the_states() {
    let (_folder, ledger) = ledger();
    let sql = |index: &str| -> String {
        let find = "select sql from sqlite_schema where type = 'index' and name = ?1";
        ledger.conn.query_row(find, [index], |row| row.get(0)).unwrap()
    };
    for (index, state) in [
        ("sends_pending", State::Pending),
        ("sends_claimed", State::Claimed),
        ("sends_unknown", State::Unknown),
        ("sends_refused", State::Refused),
    ] {
        let sql = sql(index);
        assert!(sql.ends_with(&format!("where state = {}", state.number())), "{sql}");
    }
}

#[test]
fn queries_by_state_find_their_partial_index() {
    let (_folder, ledger) = ledger();
    for (query, index) in [
        (sql!("select id from sends where broadcast = 1 and state = {pending} and not_before = 0"), "sends_pending"),
        (sql!("select recipient from sends where run = 1 and state = {claimed}"), "sends_claimed"),
        (sql!("select id from sends where state = {unknown}"), "sends_unknown"),
        (sql!("select id from sends where broadcast = 1 and state = {refused} and claimed_at > 0"), "sends_refused"),
        ("select id from recipients where psid = '7' and page = '1' order by id", "recipients_of_person"),
    ] {
        let plan = ledger.conn.plan(query);
        assert!(plan[0].contains(index), "{query}: {plan:?}");
    }
}

/// A ledger as it was before this migration.
fn older(path: &Path, before: i32) -> Connection {
    let old = Connection::open(path).unwrap();
    for (number, sql) in schema::IN_A_FILE.iter().filter(|(number, _)| *number < before) {
        old.execute_batch(sql).unwrap();
        old.pragma_update(None, "user_version", number).unwrap();
    }
    old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    old
}

#[test]
fn a_backup_from_before_there_were_witnesses_is_a_copy_where_a_newer_ledger_had_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("ledger.db"), folder.path().join("backup.db"));
    for old in [&path, &backup] {
        older(old, FIRST_WITH_GATE).execute("update ledger set newest_at = 5", ()).unwrap();
    }
    let mut ledger = Ledger::open(&path).unwrap().0;
    assert_eq!(ledger.gate().unwrap(), gate::Gate::default(), "an update is not a restoring");
    ledger.write(|conn| Ok(witness::step(conn, Some(UnixMillis(9)))?)).unwrap();
    ledger.be_seen();
    drop(ledger);
    std::fs::rename(&backup, &path).unwrap();
    let (from, until) = (UnixMillis(5), UnixMillis(9));
    assert_eq!(Ledger::open(&path).unwrap().0.gate().unwrap().closed, Some(Closed::Restored { from, until }));
}

#[test]
fn events_of_an_older_ledger_keep_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let old = older(&path, 4);
    let mut insert = old
        .prepare(
            "insert into events (key, kind, recipient, occurred_at, received_at, how, raw)
             values (randomblob(16), ?1, 1, 1, 1, ?2, ?3)",
        )
        .unwrap();
    for (kind, how, raw) in [
        (4, Some(3), r#"{"error_message":"gone"}"#),
        (4, Some(3), "not JSON"),
        (5, None, r#"{"optin":{"notification_messages_status":"STOP NOTIFICATIONS"}}"#),
        (1, Some(4), r#"{"error_message":"of no interest"}"#),
    ] {
        insert.execute((kind, how, raw)).unwrap();
    }
    drop(insert);
    drop(old);
    let (ledger, _) = Ledger::open(&path).unwrap();
    let mut statement = ledger.conn.prepare_cached("select detail from events order by id").unwrap();
    let details: Vec<Option<String>> = statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(details, [Some("gone".to_owned()), None, Some("stop notifications".to_owned()), None]);
}

#[test]
fn choices_of_an_older_ledger_are_not_of_the_future() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let old = Connection::open(&path).unwrap();
    for (number, sql) in schema::IN_A_FILE.iter().filter(|(number, _)| *number < 6) {
        old.execute_batch(sql).unwrap();
        old.pragma_update(None, "user_version", number).unwrap();
    }
    old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    old.execute_batch(
        "insert into recipients (key, token, page, opt_at, opted_out, optin_at, suppressed_at) values
           (x'01', 'a', '1', 9000000000000, 0, 5, null), (x'02', 'b', '1', 5, 1, null, 5), (x'03', 'c', '1', null, null, null, null)",
    )
    .unwrap();
    drop(old);
    let (ledger, _) = Ledger::open(&path).unwrap();
    let times = "select opt_at < 8000000000000, optin_at, suppressed_at from recipients order by token";
    let times: Vec<[Option<i64>; 3]> = ledger
        .conn
        .prepare_cached(times)
        .unwrap()
        .query_map((), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(times, [[Some(1), Some(5), None], [Some(1), None, Some(5)], [None; 3]]);
}

#[test]
fn what_is_no_ledger_or_a_newer_one_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("create table theirs (x)").unwrap();
    assert!(matches!(Ledger::open(&path), Err(Error::NotALedger { .. })));
    let text = folder.path().join("notes.db");
    std::fs::write(&text, "not a database\n".repeat(600)).unwrap();
    let failed = Ledger::open(&text).err().unwrap();
    assert!(
        matches!(&failed, Error::Database { ledger, failure: Failure::Corrupt, .. } if *ledger == Address::from(&text)),
        "{failed}"
    );
    let newer = folder.path().join("newer.db");
    drop(Ledger::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert!(matches!(Ledger::open(&newer), Err(Error::NewerSchema { found: 999, .. })));
    assert!(matches!(Ledger::open_read_only(&newer), Err(Error::NewerSchema { found: 999, .. })));
    // As after an upgrade: whoever writes brings it up to date, and only then it is read.
    let older = folder.path().join("older.db");
    let old: Vec<_> = schema::IN_A_FILE[..schema::IN_A_FILE.len() - 1].iter().map(|(_, sql)| *sql).collect();
    let conn = Connection::open(&older).unwrap();
    conn.execute_batch(&old.concat()).unwrap();
    conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    conn.pragma_update(None, "user_version", schema::newest() - 1).unwrap();
    drop(conn);
    assert!(matches!(Ledger::open_read_only(&older), Err(Error::OlderSchema { .. })));
    drop(Ledger::open_to_look(&older).unwrap());
    assert!(Ledger::open_read_only(&older).unwrap().is_some());
    let (mut ledger, _) = Ledger::open(folder.path().join("mine.db")).unwrap();
    ledger.write(|conn| Ok(conn.execute_batch("update ledger set graph_host = 'http://a'")?)).unwrap();
    ledger.refuse_other_host("http://a").unwrap();
    let refused = ledger.refuse_other_host("http://b").unwrap_err();
    assert!(matches!(refused, Error::OtherHost { bound, host, .. } if bound == "http://a" && host == "http://b"));
}

#[test]
fn several_may_create_one_ledger_at_once() {
    for _ in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    let opened = Ledger::open(&path);
                    assert!(opened.is_ok(), "{}", opened.err().unwrap());
                });
            }
        });
    }
}
