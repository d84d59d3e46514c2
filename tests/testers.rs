//! `send --test`: the message to a few named people first. The judge is the sandbox's record of who got what.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::common::engine::on_both;
use crate::common::shop::{Shop, people};
use crate::common::{Run, SUBSCRIPTION_TOKEN};

/// `send --test` of the shop's message to these, with the whole list on stdin, which nobody reads.
fn test(shop: &Shop, testers: &[&String], args: &[&str]) -> Run {
    let testers: Vec<&str> = testers.iter().map(|token| token.as_str()).collect();
    shop.send(&people(20), &[&["--test"], &testers[..], args].concat())
}

fn got(shop: &Shop) -> BTreeSet<String> {
    shop.sandbox.assert_nobody_twice();
    shop.sandbox.accepted().into_iter().collect()
}

fn testers_get_it_first_and_not_again_with_the_list() {
    let shop = Shop::open();
    let list = people(20);
    let testers = [&list[3], &list[7]];
    let run = test(&shop, &testers, &["-o", "json"]).exits(0);
    let run = run.says("test: only to 2 people: cana…03, cana…07; about 0.0");
    let totals = run.json();
    assert_eq!(
        (&totals["rows"], &totals["accepted"], &totals["pending"]),
        (&json!(2), &json!(2), &json!(0)),
        "{totals:#}"
    );
    assert_eq!(got(&shop), testers.into_iter().cloned().collect());
    let told = shop.sandbox.requests().len();
    assert_eq!(told, 2, "{:#?}", shop.sandbox.requests());
    // Once more: they have it.
    test(&shop, &testers, &[]).exits(0).says("nothing to send: 2 recipients have this message already");
    assert_eq!(shop.sandbox.requests().len(), told);
    // It is the broadcast that the list belongs to.
    let totals = shop.totals(&list, &[], 0);
    assert_eq!((&totals["broadcast"], &totals["this_run"]["requests"]), (&json!(1), &json!(18)), "{totals:#}");
    shop.assert_each_once(&list);
    let shown = shop.env.mmsg(["broadcast", "show", "1", "-o", "json"]).exits(0).json();
    let lists: Vec<_> =
        shown["lists"].as_array().unwrap().iter().map(|list| json!([list["source"], list["accepted"]])).collect();
    assert_eq!(lists, [json!(["test", 2]), json!(["-", 20])], "{shown:#}");
}

fn every_rule_holds_for_testers() {
    let shop = Shop::open();
    let list = people(20);
    let other = shop.other_campaign();
    let _ = shop.totals(&list[..1], &["--campaign", &other], 0);
    shop.env.mmsg(["tokens", "suppress", "--token", &list[1]]).exits(0);
    let before = shop.sandbox.requests().len();
    // One is in a cool-down, one suppressed, one named twice.
    let run = test(&shop, &[&list[0], &list[1], &list[2], &list[2]], &["-o", "json"]).exits(6);
    let totals = run.says("test: only to 4 people").says("1 of them now").json();
    let counts = ["rows", "duplicates", "accepted", "skipped", "pending"].map(|key| totals[key].as_u64().unwrap());
    assert_eq!(counts, [4, 1, 1, 1, 1], "{totals:#}");
    let asked: Vec<Value> = shop.sandbox.requests().split_off(before);
    assert_eq!(asked.iter().map(|line| line["token"].as_str().unwrap()).collect::<Vec<_>>(), [list[2].as_str()]);
    // Who has another message of this campaign is skipped, and it is said how to send it all the same.
    shop.message("mended.json", &json!({"text": "Half price this week!"}));
    let run = test(&shop, &[&list[2]], &["--message", "mended.json"]).exits(8);
    let _ = run.says("already got another message of this campaign (--new-message sends to them)");
    assert_eq!(shop.sandbox.requests().len(), before + 1);
    let _ = got(&shop);
}

fn a_canary_is_not_waited_for_and_has_other_people() {
    let shop = Shop::open();
    let list = people(20);
    let canary = ["--canary", "4", "--canary-without-events"];
    let _ = test(&shop, &[&list[0], &list[1]], &[]).exits(0);
    shop.sandbox.errors("2300004=100%");
    let stopped = shop.totals(&list, &canary, 5);
    assert_eq!((&stopped["canaries"][0]["people"], &stopped["canaries"][0]["state"]), (&json!(4), &json!("stopped")));
    let asked = shop.sandbox.requested();
    assert!(!asked[2..].contains(&list[0]) && !asked[2..].contains(&list[1]), "a tester was asked again: {asked:?}");
    assert_eq!(asked.len(), 6);
    // It holds the others, not whom somebody names.
    shop.sandbox.errors("");
    let free = list[2..].iter().find(|token| !asked.contains(token)).unwrap();
    let _ = test(&shop, &[free], &[]).exits(0);
    assert_eq!(shop.sandbox.requested().len(), 7);
    let _ = shop.totals(&list, &[], 5);
    assert_eq!(got(&shop), [&list[0], &list[1], free].into_iter().cloned().collect());
}

fn a_message_with_values_takes_them_from_the_command() {
    let shop = Shop::open();
    let list = people(20);
    shop.message("promo.json", &json!({"text": "For you, ${name}: ${size:-M}"}));
    test(&shop, &[&list[0]], &[]).fails(2, "the message uses ${name}").says("--value name=TEXT");
    test(&shop, &[&list[0]], &["--value", "nam=x"]).fails(2, "the message has no ${nam}");
    assert!(shop.sandbox.requests().is_empty());
    test(&shop, &[&list[0], &list[1]], &["--value", "Name=Test & Co"]).exits(0);
    let text = |line: &Value| line["message"]["text"].as_str().unwrap().to_owned();
    assert_eq!(shop.sandbox.record().iter().map(text).collect::<Vec<_>>(), ["For you, Test & Co: M"; 2]);
    // The list has their own: they have the message, and nobody gets a second one.
    let rows: String = list.iter().map(|token| format!("{token},Person\n")).collect();
    let run = shop.env.mmsg_reading(format!("token,name\n{rows}"), shop.words(&["-o", "json"])).exits(0);
    assert_eq!((&run.json()["accepted"], &run.json()["this_run"]["requests"]), (&json!(20), &json!(18)));
    shop.assert_each_once(&list);
}

on_both! {
    testers_get_it_first_and_not_again_with_the_list
    every_rule_holds_for_testers
    a_canary_is_not_waited_for_and_has_other_people
    a_message_with_values_takes_them_from_the_command
}

#[test]
fn what_is_no_tester_is_refused_before_anything_is_sent() {
    let shop = Shop::open();
    let list = people(20);
    fs::write(shop.env.path("list.txt"), list.join("\n")).unwrap();
    let many: Vec<&String> = list[..11].iter().collect();
    test(&shop, &many, &[]).fails(2, "--test takes at most 10 tokens, and these are 11");
    test(&shop, &[&list[0]], &["list.txt"]).fails(2, "list.txt is a file; nothing was sent");
    for args in [
        &["--audience", "spring"][..],
        &["--never-sent"],
        &["--canary", "1%"],
        &["--canary-wait", "1m"],
        &["--retry-refused", "2300004"],
        &["--token-column", "token"],
        &["--reject", "bad.csv"],
    ] {
        test(&shop, &[&list[0]], args).exits(2).prints_nothing().says("cannot be used with");
    }
    let words = shop.words(&["list.txt", "--test", &list[0]]);
    shop.env.mmsg(words).exits(2).prints_nothing().says("cannot be used with");
    shop.env.mmsg(["send", "--resume", "--test", &list[0]]).exits(2).prints_nothing().says("cannot be used with");
    shop.env.mmsg(shop.words(&["--value", "name=x"])).exits(2).prints_nothing().says("--test");
    test(&shop, &[&"1.23E+16".to_owned()], &[]).exits(2).prints_nothing().says("a spreadsheet turned");
    assert!(shop.sandbox.requests().is_empty() && !shop.ledger().exists());
    // A dry run shows what would happen.
    let dry = test(&shop, &[&list[0], &list[1]], &["--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!((&dry["rows"], &dry["would_send"]), (&json!(2), &json!(2)));
    assert!(shop.sandbox.requests().is_empty() && !shop.ledger().exists());
}

#[test]
fn a_person_sees_who_the_testers_are_and_says_yes() {
    let shop = Shop::open();
    let list = people(2);
    let words = shop.words(&["--test", &list[0], &list[1], "--rate", "100"]);
    for (keys, code, sent) in [("n\n", 9, 0), ("y\n", 0, 2)] {
        let mut terminal = shop.env.terminal(120, &words);
        terminal
            .wait_for("people    2 now")
            .wait_for("testers   2 people: cana…00, cana…01")
            .wait_for("cost      about 0.0");
        terminal.wait_for("Send 2 messages? [y/N]");
        assert!(shop.sandbox.requests().is_empty(), "sent before the answer");
        terminal.type_keys(keys);
        let screen = terminal.end().exits(code).stdout;
        assert!(!screen.contains(SUBSCRIPTION_TOKEN), "{screen}");
        assert_eq!(got(&shop).len(), sent);
    }
}
