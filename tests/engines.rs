//! The promises on each engine, from one source. The judge is the sandbox's record.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::common::cluster::Database;
use crate::common::number_of_this_process;
use crate::common::patience::{Patience, wait_until};
use crate::common::shop::{Shop, people};
use crate::common::wire::Wire;
use crate::failover;

/// A shop whose ledger is on this engine.
fn shop(on_server: bool, latency: Duration) -> Shop {
    let mut shop = Shop::with(|options| options.dials.latency = latency);
    if on_server {
        shop.env = shop.env.on_server();
    }
    shop
}

/// What is sent is sent again by nobody; a run that was killed goes on where it was, and what it had on the wire is unknown.
fn a_send_a_kill_and_the_rest(on_server: bool) {
    const CONCURRENCY: usize = 8;
    let shop = shop(on_server, Duration::from_millis(20));
    let list = people(300);
    let first = shop.totals(&list[..20], &[], 0);
    assert_eq!(first["accepted"], 20);
    // The same people with another message of the campaign: nobody.
    shop.message("other.json", &serde_json::json!({"text": "Another one"}));
    shop.totals(&list[..20], &["--message", "other.json", "--new-message"], 6);
    assert_eq!(shop.sandbox.accepted().len(), 20);

    let concurrency = CONCURRENCY.to_string();
    let words = shop.words(&["--concurrency", &concurrency]);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &words);
    wait_until_it_sends(&shop);
    at_work.kill();
    the_rest(&shop, &list, CONCURRENCY);
}

fn wait_until_it_sends(shop: &Shop) {
    wait_until("it sends", || shop.sandbox.count("accepted") >= 60);
}

/// The same list again, after a run that could not end: everybody once, but those whose answer nobody could record.
fn the_rest(shop: &Shop, list: &[String], in_flight: usize) {
    let concurrency = in_flight.to_string();
    let run = shop.send(list, &["-o", "json", "--concurrency", &concurrency]);
    let totals = run.totals();
    let unknown = totals["unknown"].as_u64().unwrap() as usize;
    assert!(unknown <= in_flight, "{totals:#}");
    let _ = run.exits(0);
    let accepted = shop.sandbox.accepted();
    let once: BTreeSet<_> = accepted.iter().collect();
    assert_eq!(once.len(), accepted.len(), "somebody got two messages");
    let missing = list.iter().filter(|token| !once.contains(token)).count();
    assert!(missing <= unknown, "{missing} people were lost, and only {unknown} are unknown: {totals:#}");
    assert_eq!(totals["accepted"].as_u64().unwrap() as usize + unknown, list.len(), "{totals:#}");
    // Nothing is left to do.
    let sent = accepted.len();
    let _ = shop.env.mmsg(["send", "--resume"]);
    assert_eq!(shop.sandbox.accepted().len(), sent);
}

#[test]
fn a_send_a_kill_and_the_rest_in_a_file() {
    a_send_a_kill_and_the_rest(false);
}

#[test]
fn a_send_a_kill_and_the_rest_on_a_server() {
    a_send_a_kill_and_the_rest(true);
}

/// Four processes at once on one broadcast, of which some are killed; the server is killed and started again twice, and then a synchronous
/// standby takes its place: nobody gets two messages, and nobody is forgotten.
#[test]
fn processes_that_share_a_broadcast_on_a_server_send_to_everybody_once() {
    const CONCURRENCY: usize = 8;
    const PROCESSES: usize = 4;
    let mut shop = Shop::with(|options| {
        options.dials.latency = Duration::from_millis(5);
        options.dials.lost_replies = 0.02;
    });
    let first = Database::alone();
    let second = first.follower();
    failover::wait_for_follower(&first);
    let wire = Wire::to(&first);
    shop.env = shop.env.set("MMSG_LEDGER", wire.address());
    let size = number_of_this_process("MMSG_TEST_PEOPLE").unwrap_or(20_000);
    let list = people(size as usize);
    let text = list.join("\n") + "\n";
    let concurrency = CONCURRENCY.to_string();
    let words = shop.words(&["--concurrency", &concurrency]);
    let start = || shop.env.start(&text, &words);
    let mut at_work: Vec<_> = (0..PROCESSES).map(|_| start()).collect();
    let mut started = PROCESSES;
    // After so many of a hundred requests.
    let events =
        [(10, "kill"), (20, "crash"), (30, "kill"), (40, "crash"), (50, "kill"), (60, "fail over"), (70, "kill")];
    for (part, event) in events {
        let wait_for = |what: &dyn Fn() -> bool| {
            let mut patience = Patience::of(Duration::from_secs(600));
            while !what() {
                assert!(patience.lasts(), "{event} after {part} %");
            }
        };
        wait_for(&|| shop.sandbox.count("sends") >= size * part / 100);
        if event == "kill" {
            at_work.remove(0).kill();
            at_work.push(start());
            started += 1;
            continue;
        }
        // Whoever finds no server when it begins ends at once; those that send go on once it is back.
        wait_for(&|| first.ask("select count(*) from runs") == started.to_string());
        if event == "crash" {
            first.crash();
        } else {
            first.die();
            second.promote();
            wire.lead_to(&second);
        }
    }
    for process in at_work {
        let run = process.ends_within(Duration::from_secs(600));
        // 11: some are unknown.
        assert!([0, 11].contains(&run.code), "{run:?}");
    }
    shop.env = shop.env.on(second).set("MMSG_LEDGER", wire.address());
    let last = shop.send(&list, &["-o", "json"]).totals();
    let accepted = shop.sandbox.accepted();
    let once: BTreeSet<_> = accepted.iter().collect();
    assert_eq!(once.len(), accepted.len(), "somebody got two messages: {last:#}");
    assert_eq!(shop.asks_ledger("select count(*) from sends where state in (0, 1)"), ["0"], "{last:#}");
    let unknown =
        shop.asks_ledger("select r.token from sends s join recipients r on r.id = s.recipient where s.state = 5");
    let lost: Vec<_> = list.iter().filter(|token| !once.contains(token) && !unknown.contains(token)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    // What runs counted is what there is, and was put together as they ended.
    let counted = "select state || ':' || sum(n) from states group by state having sum(n) <> 0 order by state";
    let there = "select state || ':' || count(*) from sends group by state order by state";
    assert_eq!(shop.asks_ledger(counted), shop.asks_ledger(there));
    assert_eq!(shop.asks_ledger("select distinct run from states"), ["0"]);
}

/// What an administrator does to a run at work: it ends soon, says what to do, and nobody gets a second message afterwards.
#[test]
fn a_role_that_may_not_write_any_more_ends_the_run_and_nobody_is_asked_twice() {
    let database = Database::alone();
    database.ask("create role sender login; grant all on schema public to sender");
    let address = format!("{}&user=sender", database.address());
    for (code, forbid, allow) in [
        (
            10,
            "alter table sends owner to postgres; grant select, insert, delete on sends to sender",
            "grant update on sends to sender",
        ),
        (
            10,
            "alter role sender set default_transaction_read_only = on;
             select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'sender'",
            "alter role sender reset default_transaction_read_only",
        ),
    ] {
        let mut shop = Shop::with(|options| options.dials.latency = Duration::from_millis(20));
        shop.env = shop.env.set("MMSG_LEDGER", &address);
        let list = people(400);
        let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", "8"]));
        wait_until_it_sends(&shop);
        database.ask(forbid);
        let run = at_work.ends_within(Duration::from_secs(60)).exits(code);
        assert!(run.stderr.contains("\nhint: "), "{}", run.stderr);
        let sent = shop.sandbox.accepted().len();
        // Nor does another one begin.
        let _ = shop.send(&list, &[]).exits(code);
        assert_eq!(shop.sandbox.accepted().len(), sent);
        database.ask(allow);
        let _ = shop.send(&list, &[]);
        let accepted = shop.sandbox.accepted();
        let once: BTreeSet<_> = accepted.iter().collect();
        assert_eq!(once.len(), accepted.len(), "somebody got two messages");
        assert!(accepted.len() + 2 * 8 >= list.len(), "{} of {}", accepted.len(), list.len());
        database.ask("drop schema public cascade; create schema public; grant all on schema public to sender");
    }
}
