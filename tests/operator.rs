//! What an operator reads in a hurry: the slip is named, nothing is made or changed by it, and the next line to type is there.

use std::fs;
use std::time::Duration;

use crate::common::shop::{Shop, people};

#[test]
fn the_bar_counts_to_what_this_run_may_send() {
    let shop = Shop::open();
    fs::write(shop.env.path("list.txt"), people(300).join("\n")).unwrap();
    let mut words = shop.words(&["--max-sends", "7", "list.txt"]);
    words.extend(["--concurrency", "1", "--yes"]);
    shop.sandbox.turn(|dials| dials.latency = Duration::from_millis(150));
    let mut terminal = shop.env.terminal(120, &words);
    terminal.wait_for("of 7 sends");
    let screen = terminal.end().exits(6).stdout;
    assert!(!screen.contains("of 300 sends"), "{screen}");
}

#[test]
fn a_code_with_a_slip_is_told_what_codes_look_like() {
    let shop = Shop::open();
    for codes in ["x", "2300004,", "2300004;2300005"] {
        let run = shop.send(&people(1), &["--retry-refused", codes]).exits(2).prints_nothing();
        assert!(
            run.stderr.contains("is not an error code: use numbers such as 2300004, separated by commas"),
            "{run:#?}"
        );
    }
}

#[test]
fn nobody_is_resolved_by_a_token_or_broadcast_with_a_slip_in_it() {
    let shop = Shop::open();
    let list = people(3);
    shop.sandbox.error_tokens([(list[0].clone(), "accepted-drop".to_owned())]);
    let _ = shop.totals(&list, &[], 11);
    let resolve = |args: &[&str]| {
        let words = ["unknown", "resolve", "--as", "accepted", "--yes"];
        shop.env.mmsg(words.iter().chain(args))
    };
    resolve(&["--token", "canarySubscription-wrong"]).fails(2, "is not in this ledger; nothing was changed");
    resolve(&["--token", &list[1]]).fails(2, "is not unknown; nothing was changed");
    resolve(&["--token", &list[0], "--why", "no such reason"])
        .fails(2, "is unknown, but does not match the other flags");
    resolve(&["--broadcast", "99"]).fails(2, "there is no broadcast 99");
    assert_eq!(shop.asks_ledger("select count(*) from sends where state = 5"), ["1"]);
    resolve(&["--token", &list[0]]).exits(0).says("resolved 1 send");
    // A set may be empty: a script that says it twice has what it wanted.
    resolve(&["--all"]).exits(0).says("nothing was changed");
    resolve(&["--broadcast", "1"]).exits(0).says("nothing was changed");
}

#[test]
fn a_ledger_that_is_not_there_is_never_made_by_asking() {
    let shop = Shop::open();
    let asks: [&[&str]; 9] = [
        &["report", "--offline"],
        &["why", "someone"],
        &["broadcast", "list"],
        &["broadcast", "close", "1", "--yes"],
        &["unknown", "list"],
        &["unknown", "settle"],
        &["unknown", "resolve", "--all", "--as", "accepted", "--yes"],
        &["webhook", "status"],
        &["send", "--resume"],
    ];
    for ask in asks {
        let words = [ask, &["--ledger", "slip.db"]].concat();
        shop.env.mmsg(&words).fails(10, "there is no ledger at");
        assert!(!shop.env.path("slip.db").exists(), "{ask:?} made one");
        // At its default place, too; only these may come before the first send.
        if ![["send", "--resume"], ["webhook", "status"]].contains(&[ask[0], ask[1]]) {
            shop.env.mmsg(ask).fails(10, "there is no ledger at");
        }
        assert!(!shop.ledger().exists(), "{ask:?} made one");
    }
    shop.env.mmsg(["send", "--resume"]).exits(0).says("there is no ledger yet at").says("nothing to resume");
}

#[test]
fn a_file_to_write_with_a_slip_in_its_path_is_told_before_anything_is_planned() {
    let shop = Shop::open();
    for flag in ["--results", "--reject"] {
        shop.send(&people(5), &[flag, "no such folder/file.csv"]).fails(2, "no such folder/file.csv");
        shop.send(&people(5), &[flag, "."]).fails(2, "can't write");
    }
    shop.env.mmsg(["send", "--resume", "--results", "."]).fails(2, "nothing was sent");
    assert!(!shop.ledger().exists(), "not even a ledger was made");
    assert!(shop.sandbox.requests().is_empty());
    let _ = shop.totals(&people(5), &[], 0);
    shop.assert_each_once(&people(5));
}
