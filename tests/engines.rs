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
    let begin = Instant::now();
    while shop.sandbox.accepted().len() < 60 {
        assert!(begin.elapsed() < Duration::from_secs(120), "it does not send");
        std::thread::sleep(Duration::from_millis(5));
    }
    at_work.kill();
    let run = shop.send(&list, &["-o", "json", "--concurrency", &concurrency]);
    let totals = run.totals();
    let unknown = totals["unknown"].as_u64().unwrap() as usize;
    assert!(unknown <= CONCURRENCY, "{totals:#}");
    run.exits(0);
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
