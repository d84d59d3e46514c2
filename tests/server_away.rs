//! A server that stands still, crashes, is full or is told to do something else while it is used. The judges are the sandbox's record and
//! what `psql` says.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::cluster::{Database, Start};
use crate::common::patience::Patience;
use crate::common::preload::Preload;
use crate::common::receiver::{Receiver, environment, notice, post};
use crate::common::shop::{Shop, people};
use crate::common::started::Started;
use crate::common::wire::Wire;
use crate::common::{APP_SECRET, Run};

const CONCURRENCY: usize = 8;

fn shop() -> Shop {
    Shop::with(|options| options.dials.latency = Duration::from_millis(20))
}

/// On a server of its own.
fn shop_alone(start: Start<'_>) -> Shop {
    let mut shop = shop();
    shop.env = shop.env.on(Database::started(start));
    shop
}

fn server(shop: &Shop) -> &Database {
    shop.env.database().unwrap()
}

/// The same list again, once all is well: nobody twice, and nobody is lost but those whose answers nobody could record.
#[track_caller]
fn the_rest(shop: &Shop, list: &[String]) {
    let run = shop.send(list, &["-o", "json", "--concurrency", "8"]);
    let totals = run.totals();
    let unknown = totals["unknown"].as_u64().unwrap() as usize;
    assert!(unknown <= 2 * CONCURRENCY, "{totals:#}");
    let once: BTreeSet<_> = shop.sandbox.accepted().into_iter().collect();
    assert_eq!(once.len(), shop.sandbox.accepted().len(), "somebody got two messages");
    let missing = list.iter().filter(|token| !once.contains(*token)).count();
    assert!(missing <= unknown, "{missing} people were lost: {totals:#}");
}

/// It ends itself, with what to do.
#[track_caller]
fn ended(run: Run) -> Run {
    let run = run.exits(10).says("the server").says("run the same command again");
    assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
    run
}

#[test]
fn a_server_that_stands_still_is_waited_for_with_a_word_and_ctrl_c_ends_that() {
    for is_quiet in [false, true] {
        let shop = shop_alone(Start::default());
        let list = people(400);
        let text = list.join("\n");
        let quiet: &[&str] = if is_quiet { &["--quiet"] } else { &[] };
        let words = shop.words(&[&["--concurrency", "8"][..], quiet].concat());
        let mut at_work = shop.env.start(&text, &words);
        shop.sandbox.wait_for_sends(60);
        let frozen = server(&shop).freeze();
        let begin = Instant::now();
        if is_quiet {
            // As long as the other one takes to say it.
            while begin.elapsed() < Duration::from_secs(6) {
                assert!(at_work.is_running(), "{}", at_work.stderr());
                std::thread::sleep(Duration::from_millis(50));
            }
            assert!(!at_work.stderr().contains("ledger's server"), "{}", at_work.stderr());
        } else {
            at_work.wait_for("the ledger's server has not answered for ");
        }
        let signal = Instant::now();
        at_work.signal(Signal::INT);
        let run = ended(at_work.ends());
        println!("told after {:?}, ended {:?} after the signal", signal - begin, signal.elapsed());
        // Without the signal it is more than a minute.
        assert!(signal.elapsed() < Duration::from_secs(20), "{:?}: {}", signal.elapsed(), run.stderr);
        drop(frozen);
        the_rest(&shop, &list);
    }
}

#[test]
fn a_server_that_stands_still_for_good_ends_the_run_and_one_that_goes_on_does_not() {
    let shop = shop_alone(Start::default());
    let list = people(400);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let at_work = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(60);
    let frozen = server(&shop).freeze();
    let begin = Instant::now();
    let _ = ended(at_work.ends());
    println!("ended after {:?}", begin.elapsed());
    let sent = shop.sandbox.accepted().len();
    // Nor does another one begin.
    let _ = ended(shop.send(&list, &["--ledger", &format!("{}&connect_timeout=1", server(&shop).address())]));
    assert_eq!(shop.sandbox.accepted().len(), sent);
    drop(frozen);
    let mut at_work = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(sent as u64 + 60);
    let frozen = server(&shop).freeze();
    at_work.wait_for("the ledger's server has not answered for ");
    drop(frozen);
    let run = at_work.ends();
    assert!([0, 11].contains(&run.code), "{run:?}");
    let _ = run.says("the ledger's server answers again");
    the_rest(&shop, &list);
}

#[test]
fn a_lost_server_is_waited_for_with_a_word_and_ctrl_c_ends_that() {
    let mut shop = shop();
    let database = Database::new();
    let wire = Wire::to(&database);
    shop.env = shop.env.on(database).set("MMSG_LEDGER", wire.address());
    let list = people(400);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let mut at_work = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(60);
    wire.lead_to_nobody();
    at_work.wait_for("the connection to the ledger's server was lost: waiting for it");
    let signal = Instant::now();
    at_work.signal(Signal::INT);
    let run = ended(at_work.ends());
    assert!(signal.elapsed() < Duration::from_secs(15), "{:?}: {}", signal.elapsed(), run.stderr);
    wire.lead_to(server(&shop));
    the_rest(&shop, &list);
    // Whoever comes back in time is told as well.
    let more = people(800).split_off(400);
    let text = more.join("\n");
    let mut at_work = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(shop.sandbox.accepted().len() as u64 + 60);
    wire.lead_to_nobody();
    at_work.wait_for("the connection to the ledger's server was lost");
    wire.lead_to(server(&shop));
    let _ = at_work.ends().exits(0).says("the ledger's server answers again");
    shop.sandbox.assert_nobody_twice();
}

/// What was not synced is lost in a crash, and only what was: the server's log is kept in its memory for as long as it can be.
const FORGETFUL: Start<'static> =
    Start::with(&["wal_writer_delay=10s", "wal_writer_flush_after=1GB", "wal_buffers=64MB"]);

/// Crashes the server once this query has so many rows. Whether it came to that.
fn crash_at(database: &Database, count: &str, rows: u64, at_work: &mut Started<'_>) -> bool {
    let (mut patience, mut is_made) = (Patience::of(Duration::from_secs(300)), false);
    while at_work.is_running() {
        is_made = is_made || database.ask("select to_regclass('sends') is not null") == "t";
        if is_made && database.ask(count).parse::<u64>().unwrap() >= rows {
            database.crash();
            return true;
        }
        assert!(patience.lasts(), "it does not get to {rows}");
    }
    false
}

#[test]
fn a_crash_in_the_middle_of_planning_or_an_import_loses_nobody() {
    const PEOPLE: usize = 60_000;
    let list = people(PEOPLE);
    let text = list.join("\n");
    for rows in [4_000, 30_000] {
        let shop = shop_alone(FORGETFUL);
        let database = server(&shop);
        let planning = shop.words(&["--max-sends", "0"]);
        let import = ["tokens", "import", "--audience", "all"];
        for (words, count, what) in [
            (
                &import[..],
                "select count(*) from audience_rows",
                "select count(*), min(rows) from audiences join audience_rows on audience = id",
            ),
            (
                &planning,
                "select count(*) from sends",
                "select count(*), min(rows) from sends join listings on listings.id = listing",
            ),
        ] {
            let mut at_work = shop.env.start(&text, words);
            assert!(crash_at(database, count, rows, &mut at_work), "it was too quick:\n{}", at_work.stderr());
            let run = at_work.ends();
            let whole = format!("{PEOPLE}|{PEOPLE}");
            if run.code == 10 {
                // It was in the middle of a commit: the same command does all of it.
                let again = shop.env.mmsg_reading(text.as_str(), words);
                assert!([0, 6].contains(&again.code), "{again:?}");
            } else {
                assert!([0, 6].contains(&run.code), "{run:?}");
            }
            assert_eq!(database.ask(what), whole, "{}", words.join(" "));
        }
        assert_eq!(database.ask("select count(*) from sends where state = 0"), PEOPLE.to_string());
    }
}

#[test]
fn a_crash_in_the_middle_of_a_fetch_loses_nobody() {
    let mut shop = Shop::with(|options| options.subscribers = 6000);
    shop.env = shop.env.on(Database::started(FORGETFUL));
    let database = server(&shop);
    let there = shop.sandbox.subscribers().len();
    let words = ["tokens", "fetch", "-o", "json"];
    let mut rows = 500;
    loop {
        let mut at_work = shop.env.start("", &words);
        let is_cut = crash_at(database, "select count(*) from audience_rows", rows, &mut at_work);
        let run = at_work.ends();
        rows += 1500;
        if run.code == 0 {
            break;
        }
        assert!(is_cut, "{run:?}");
        let _ = ended(run);
    }
    let known = "select count(*) from recipients where token <> ''";
    assert_eq!(database.ask(known), there.to_string());
    let held = "select (select count(*) from audience_rows) = min(rows) from audiences where imported_at is not null";
    assert_eq!(database.ask(held), "t");
}

#[test]
fn what_a_receiver_acknowledged_survives_crashes_of_the_server() {
    let env = environment().on(Database::started(FORGETFUL));
    let database = env.database().unwrap();
    let receiver = Receiver::start(&env, &[]);
    let mut acknowledged = BTreeSet::new();
    let mut n = 0;
    for round in 1..=3 {
        let crash = std::thread::spawn({
            let database = database.clone();
            move || database.crash()
        });
        // As Meta does: what was not answered with 200 is told again.
        while acknowledged.len() < round * 40 || !crash.is_finished() {
            let mut client = receiver.connect();
            client.send(&post(&notice(n..n + 10), APP_SECRET));
            if let Some((200, _)) = client.answer() {
                acknowledged.insert(n);
                n += 10;
            }
        }
        crash.join().unwrap();
    }
    receiver.process.signal(Signal::TERM);
    let _ = receiver.process.ends().exits(0);
    assert_eq!(database.ask("select count(*) from events"), (acknowledged.len() * 10).to_string());
}

#[test]
fn a_server_whose_disk_is_full_ends_the_run_and_nobody_is_asked_twice() {
    let library = Preload::compile("server_disk");
    let file = library.path();
    let shop = shop_alone(Start::behind(file.as_ref()));
    let database = server(&shop);
    let list = people(1500);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let mut sent = 0;
    for _ in 0..2 {
        let at_work = shop.env.start(&text, &words);
        shop.sandbox.wait_for_sends(sent + 60);
        fs::write(database.folder().join("full"), "").unwrap();
        let run = ended(at_work.ends()).says("the server's disk is full");
        assert!(run.stderr.contains("No space left on device"), "{}", run.stderr);
        sent = shop.sandbox.accepted().len() as u64;
        // Nor does another one send.
        let more = people(30_000).split_off(29_000);
        let _ = shop.send(&more, &[]).exits(10).says("the server's disk is full");
        let _ = shop.env.mmsg_reading(text.as_str(), ["tokens", "import", "--audience", "all"]).exits(10);
        assert_eq!(shop.sandbox.accepted().len() as u64, sent);
        fs::remove_file(database.folder().join("full")).unwrap();
    }
    the_rest(&shop, &list);
}

/// A server that can't write its log ends with all its sessions, and does not come back before it has room.
#[test]
fn a_server_without_room_for_its_log_ends_the_run_and_nobody_is_asked_twice() {
    let library = Preload::compile("server_disk");
    let file = library.path();
    let shop = shop_alone(Start::behind(file.as_ref()));
    let database = server(&shop);
    let list = people(1500);
    let mut at_work = shop.env.start(&list.join("\n"), &shop.words(&["--concurrency", "8"]));
    shop.sandbox.wait_for_sends(60);
    let full = database.folder().join("full");
    fs::write(&full, "/data/pg_wal/").unwrap();
    while at_work.is_running() {
        // What is written next needs a new file.
        let _ = database.psql(database.folder()).args(["-c", "select pg_switch_wal()"]).output().unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    let _ = ended(at_work.ends());
    let log = fs::read_to_string(database.folder().join("server.log")).unwrap();
    assert!(log.contains("PANIC") && log.contains("No space left on device"), "{log}");
    fs::remove_file(full).unwrap();
    let mut patience = Patience::default();
    while !database.psql(database.folder()).args(["-c", "select 1"]).output().unwrap().status.success() {
        assert!(patience.lasts(), "the server does not come back");
    }
    the_rest(&shop, &list);
}

/// Limits that somebody set for everybody are not for a ledger: its own are in their place.
#[test]
fn time_limits_of_the_role_end_no_run_and_a_cancelled_statement_does() {
    let database = Database::alone();
    database.ask("create role sender login; grant all on schema public to sender");
    for limit in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"] {
        database.ask(&format!("alter role sender set {limit} = '2s'"));
    }
    let mut shop = shop();
    shop.env = shop.env.set("MMSG_LEDGER", format!("{}&user=sender", database.address()));
    let list = people(300);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let at_work = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(60);
    // Somebody holds what each step needs, for longer than any of these.
    database.ask("begin; lock table sends in exclusive mode; select pg_sleep(5); commit");
    let _ = at_work.ends().exits(0);
    shop.assert_each_once(&list);

    let more = people(600).split_off(300);
    let text = more.join("\n");
    let at_work = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(300 + 60);
    let cancel = "begin; lock table sends in exclusive mode; select pg_sleep(1);
        select count(pg_cancel_backend(pid)) from pg_stat_activity where usename = 'sender' and wait_event_type = 'Lock'; commit";
    assert_eq!(database.ask(cancel).lines().last(), Some("1"));
    let _ = ended(at_work.ends()).says("a statement was cancelled on the server");
    shop.env = shop.env.set("MMSG_LEDGER", database.address());
    the_rest(&shop, &more);
}
