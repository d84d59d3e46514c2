//! Graph refuses people as too early whom the ledger has free: another sender, or an old copy of the ledger on another machine.

use std::time::Duration;

use serde_json::json;

use crate::common::shop::{Shop, people};
use crate::restore::{accept, both, forgetful_shop};

/// A shop whose people got a message from a ledger that this machine does not have, a moment ago by Graph's time.
pub fn elsewhere(list: &[String]) -> Shop {
    let shop = forgetful_shop();
    let _ = shop.totals(list, &["--ledger", "elsewhere.db"], 0);
    shop.sandbox.errors("2300035=100%");
    shop
}

const REFUSED: &str = "is older than what was sent, or something else sends for this Page";

#[test]
fn twenty_who_are_too_early_end_the_run_and_close_the_ledger_for_everybody() {
    let list = people(300);
    let shop = elsewhere(&list);
    let run = shop.send(&list, &["--concurrency", "8", "-o", "json"]).exits(11);
    let run = run.says("20 people were refused as too early (2300035) whom this ledger has not messaged");
    let run = run.says("this ledger is older than what was sent, or something else sends for this Page");
    let totals = run.says("--other-sender").says("mmsg ledger accept-restore --since TIME").totals();
    let asked = shop.sandbox.requests().len() - 300;
    // What was in flight comes in.
    assert!((20..28).contains(&asked), "{asked}: {totals:#}");
    assert_eq!((&totals["pending"], &totals["exit_code"]), (&json!(300), &json!(11)), "{totals:#}");

    // 13 hours later Graph would take them all again, and cron is there.
    shop.sandbox.errors("");
    shop.let_hours_pass(13);
    let campaign = shop.other_campaign();
    let resume = ["send", "--resume", "--rate", "unlimited"];
    for run in both(&shop, &list, &[]) {
        run.fails(11, REFUSED).says("--other-sender");
    }
    let _ = shop.env.mmsg(resume).fails(11, REFUSED);
    let _ = shop.send(&list, &["--campaign", &campaign]).fails(11, REFUSED);
    let _ = shop.send(&list, &["--allow-refusals"]).fails(11, REFUSED);
    assert_eq!(shop.sandbox.requests().len(), 300 + asked);
    let accepted = accept(&shop).exits(0).json();
    assert_eq!(accepted["unknown"], 300, "{accepted:#}");
    for hours in [0, 13] {
        shop.let_hours_pass(hours);
        for run in both(&shop, &list, &[]) {
            assert_eq!(run.code, 0, "{run:#?}");
        }
        let _ = shop.env.mmsg(resume).exits(0);
        shop.assert_each_once(&list);
    }
}

#[test]
fn a_gate_that_closes_while_a_run_sends_says_how_many_it_sent() {
    let list = people(300);
    let shop = forgetful_shop();
    let words = shop.words(&["--rate", "20", "-o", "json"]);
    let run = shop.env.start(&list.join("\n"), &words);
    shop.sandbox.wait_for_sends(3);
    // As another run on this ledger does.
    let conn = rusqlite::Connection::open(shop.ledger()).unwrap();
    conn.busy_timeout(Duration::from_secs(30)).unwrap();
    conn.execute("update ledger set gate = 'refused'", ()).unwrap();
    let run = run.ends().exits(11);
    let sent = shop.sandbox.accepted().len();
    assert!((3..300).contains(&sent), "{sent}");
    let run = run.says(&format!("stopped after {sent} requests: the ledger ")).says(REFUSED);
    let run = run.says("whom it has not messaged; nothing more is sent");
    assert!(!run.stderr.contains("nothing was planned or sent"), "{run:#?}");
    assert_eq!(run.totals()["accepted"], sent);
}

#[test]
fn the_first_answers_are_those_of_the_command_however_many_broadcasts_it_works_through() {
    let list = people(36);
    let shop = elsewhere(&list);
    for part in list.chunks(12) {
        let campaign = shop.other_campaign();
        let _ = shop.totals(part, &["--campaign", &campaign, "--max-sends", "0"], 6);
    }
    let resume = ["send", "--resume", "--rate", "unlimited", "--concurrency", "1"];
    shop.env.mmsg(resume).exits(11).says("20 people were refused as too early");
    assert_eq!(shop.sandbox.requests().len(), 36 + 20);
    shop.env.mmsg(resume).fails(11, REFUSED);
}

#[test]
fn fewer_or_later_refusals_end_nothing_and_neither_do_they_where_they_are_allowed() {
    let list = people(160);
    let shop = elsewhere(&list);
    let totals = shop.totals(&list[..19], &[], 6);
    assert_eq!(totals["this_run"]["later"], 19, "{totals:#}");
    let totals = shop.send(&list[19..60], &["--allow-refusals", "-o", "json"]).exits(6);
    let totals = totals.says("Graph refused 41 recipients as too early").totals();
    assert_eq!(totals["this_run"]["later"], 41, "{totals:#}");
    // After a hundred other answers they are told, and end nothing.
    shop.sandbox.errors("");
    let strangers: Vec<String> = (0..100).map(|n| format!("canarySubscription987654321x{n:05}")).collect();
    let early = list[60..].iter().map(|token| (token.clone(), "2300035".to_owned()));
    shop.sandbox.error_tokens(early);
    let mixed = [strangers, list[60..].to_vec()].concat();
    let totals = shop.send(&mixed, &["--concurrency", "1", "-o", "json"]).exits(6);
    let totals = totals.says("Graph refused 100 recipients as too early").totals();
    assert_eq!((&totals["accepted"], &totals["pending"]), (&json!(100), &json!(100)), "{totals:#}");
}

#[test]
fn another_sender_is_an_operators_word_and_loses_nothing() {
    let list = people(40);
    let shop = elsewhere(&list);
    let _ = shop.totals(&list, &["--concurrency", "1"], 11);
    let words = ["ledger", "accept-restore", "--other-sender"];
    shop.env.mmsg(words).fails(9, "saying that the ledger is complete");
    let _ = shop.send(&list, &[]).fails(11, REFUSED);
    shop.env.mmsg([&words[..], &["--yes"]].concat()).exits(0).says("sends are possible again");
    shop.env.mmsg(words).exits(0).says("nothing was changed");
    assert_eq!(shop.asks_ledger("select what from audit"), ["another sender"]);
    // The others are asked, and nobody is forgotten.
    let totals = shop.totals(&list, &["--allow-refusals"], 6);
    assert_eq!((&totals["pending"], &totals["this_run"]["later"]), (&json!(40), &json!(20)), "{totals:#}");
}
