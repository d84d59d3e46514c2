//! The promises on each engine, from one source. The judge is the sandbox's record.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::common::shop::{Shop, people};

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
    let begin = Instant::now();
    while shop.sandbox.accepted().len() < 60 {
        assert!(begin.elapsed() < Duration::from_secs(120), "it does not send");
        std::thread::sleep(Duration::from_millis(5));
    }
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

/// The server ends the sessions of a run at work: exit 10, with what to do, and nobody twice afterwards.
#[test]
fn a_connection_that_is_lost_ends_the_run_and_the_same_command_continues_it() {
    const CONCURRENCY: usize = 8;
    let shop = shop(true, Duration::from_millis(20));
    let list = people(300);
    let concurrency = CONCURRENCY.to_string();
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--concurrency", &concurrency]));
    wait_until_it_sends(&shop);
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    assert_ne!(shop.env.database().unwrap().ask(end), "0");
    let run = at_work.ends().exits(10);
    assert!(run.stderr.contains("the connection to the server was lost"), "{}", run.stderr);
    assert!(run.stderr.contains("run the same command again"), "{}", run.stderr);
    the_rest(&shop, &list, 2 * CONCURRENCY);
}

/// Four processes at once on one broadcast, of which some are killed: nobody gets two messages, and nobody is forgotten.
#[test]
fn processes_that_share_a_broadcast_on_a_server_send_to_everybody_once() {
    const CONCURRENCY: usize = 8;
    const PROCESSES: usize = 4;
    const KILLED: usize = 3;
    let mut shop = Shop::with(|options| {
        options.dials.latency = Duration::from_millis(5);
        options.dials.lost_replies = 0.02;
    });
    shop.env = shop.env.on_server();
    let list = people(2000);
    let text = list.join("\n") + "\n";
    let concurrency = CONCURRENCY.to_string();
    let words = shop.words(&["--concurrency", &concurrency]);
    let mut at_work: Vec<_> = (0..PROCESSES).map(|_| shop.env.start(&text, &words)).collect();
    for killed in 1..=KILLED {
        let begin = Instant::now();
        while shop.sandbox.accepted().len() < killed * 300 {
            assert!(begin.elapsed() < Duration::from_secs(120), "it does not send");
            std::thread::sleep(Duration::from_millis(5));
        }
        at_work.remove(0).kill();
        at_work.push(shop.env.start(&text, &words));
    }
    for process in at_work {
        let run = process.ends();
        // 11: some are unknown.
        assert!([0, 11].contains(&run.code), "{run:?}");
    }
    let last = shop.send(&list, &["-o", "json"]).totals();
    let accepted = shop.sandbox.accepted();
    let once: BTreeSet<_> = accepted.iter().collect();
    assert_eq!(once.len(), accepted.len(), "somebody got two messages: {last:#}");
    let open = "select count(*) from sends where state in (0, 1)";
    assert_eq!(shop.asks_ledger(open), ["0"], "{last:#}");
    let unknown: usize = shop.asks_ledger("select count(*) from sends where state = 5")[0].parse().unwrap();
    let missing = list.iter().filter(|token| !once.contains(token)).count();
    assert!(missing <= unknown, "{missing} people were lost, and only {unknown} are unknown: {last:#}");
    // What runs counted is what there is, and was put together as they ended.
    let counted = "select state || ':' || sum(n) from states group by state having sum(n) <> 0 order by state";
    let there = "select state || ':' || count(*) from sends group by state order by state";
    assert_eq!(shop.asks_ledger(counted), shop.asks_ledger(there));
    assert_eq!(shop.asks_ledger("select distinct run from states"), ["0"]);
}
