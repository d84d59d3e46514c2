//! Several messages, each to its share of the people. The judge is the sandbox's record of who got which.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::receiver::{Receiver, environment, heard_out};
use crate::common::shop::{Shop, people};
use crate::common::{Env, Run};

const PEOPLE: usize = 600;

/// A shop with the messages of two arms.
fn shop() -> Shop {
    let shop = Shop::open();
    shop.message("a.json", &json!({"text": "Half price"}));
    shop.message("b.json", &json!({"text": "Two for one"}));
    shop
}

fn send(shop: &Shop, list: &[String], split: &str, args: &[&str]) -> Run {
    let words = ["send", "--campaign", &shop.campaign, "--rate", "unlimited", "--split", split];
    shop.env.mmsg_reading(list.join("\n") + "\n", [&words[..], args].concat())
}

/// Who got which text, by the sandbox.
fn got(shop: &Shop) -> BTreeMap<String, String> {
    let text = |line: &Value, pointer: &str| line.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    shop.sandbox.assert_nobody_twice();
    shop.sandbox.record().iter().map(|line| (text(line, "/token"), text(line, "/message/text"))).collect()
}

/// Fails unless so many of `of` are within five standard deviations of this share.
#[track_caller]
fn assert_share(n: usize, of: usize, share: f64) {
    let (n, of) = (n as f64, of as f64);
    assert!((n - of * share).abs() < 5.0 * (of * share * (1.0 - share)).sqrt(), "{n} of {of} for {share}");
}

#[test]
fn each_arm_gets_its_message_and_the_holdout_nothing() {
    let shop = shop();
    let list = people(PEOPLE);
    let split = "a.json=50,b.json=30,holdout=20";
    let run = send(&shop, &list, split, &["-o", "ndjson", "--results", "results.csv"]).exits(0);
    let got = got(&shop);
    let with = |text: &str| got.values().filter(|other| *other == text).count();
    let held = PEOPLE - got.len();
    assert_share(with("Half price"), PEOPLE, 0.5);
    assert_share(with("Two for one"), PEOPLE, 0.3);
    assert_share(held, PEOPLE, 0.2);
    let totals = run.last_line();
    assert_eq!(
        (&totals["accepted"], &totals["skipped_by_reason"]),
        (&json!(got.len()), &json!({ "holdout": held })),
        "{totals:#}"
    );
    // Each row names its arm, and who is held out is said with the reason.
    let rows = run.rows();
    assert_eq!(rows.len(), PEOPLE);
    for row in &rows {
        let text = got.get(row["token"].as_str().unwrap()).map(String::as_str);
        let wanted = match text {
            Some("Half price") => json!(["a", "accepted", null]),
            Some(_) => json!(["b", "accepted", null]),
            None => json!(["holdout", "skipped", "holdout"]),
        };
        assert_eq!(json!([row["arm"], row["state"], row["reason"]]), wanted, "{row}");
    }
    let csv = std::fs::read_to_string(shop.env.path("results.csv")).unwrap();
    assert!(csv.starts_with("token,state,reason,tracking_id,code,subcode,fbtrace_id,not_before,at,arm\n"), "{csv}");
    assert_eq!(csv.lines().filter(|line| line.ends_with(",b")).count(), with("Two for one"));
    // The same again, in any order of the arms: nobody. Another message of the campaign: nobody who got one.
    for same in [split, "holdout=20,b.json=30.00,a.json=50%"] {
        let totals = send(&shop, &list, same, &["-o", "json"]).exits(0).json();
        assert_eq!(totals["this_run"]["requests"], 0, "{totals:#}");
    }
    let other = shop.send(&list, &["--message", "a.json", "-o", "json"]).json();
    assert_eq!(other["skipped_by_reason"], json!({ "other_message": got.len() }), "{other:#}");
    assert_eq!(other["accepted"], held, "{other:#}");
}

/// By whatever process, on a file and on a server, in pieces, with other people and from another order of the arms.
#[test]
fn everybody_keeps_the_arm() {
    let list = people(PEOPLE);
    let mut all = Vec::new();
    for (on_server, split) in [
        (false, "a.json=40,b.json=40,holdout=20"),
        (true, "a.json=40,b.json=40,holdout=20"),
        (false, "holdout=20,b.json=40,a.json=40"),
    ] {
        let mut shop = shop();
        if on_server {
            let [a, b] = ["a.json", "b.json"].map(|file| std::fs::read(shop.env.path(file)).unwrap());
            shop.env = shop.env.on_server();
            std::fs::write(shop.env.path("a.json"), a).unwrap();
            std::fs::write(shop.env.path("b.json"), b).unwrap();
        }
        // A hundred of half the list, the rest without it, and then everybody.
        let _ = send(&shop, &list[..PEOPLE / 2], split, &["--max-sends", "100"]).exits(6);
        shop.env.mmsg(["send", "--resume", "--rate", "unlimited"]).exits(0);
        let half = got(&shop);
        let _ = send(&shop, &list, split, &[]).exits(0);
        let whole = got(&shop);
        assert!(half.iter().all(|(token, text)| whole.get(token) == Some(text)));
        let known: BTreeSet<&String> = list[..PEOPLE / 2].iter().collect();
        assert_eq!(whole.keys().filter(|token| known.contains(token)).count(), half.len(), "somebody left the holdout");
        all.push((shop.campaign.clone(), whole));
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn a_repeat_keeps_the_arms_and_cool_downs_hold() {
    let shop = shop();
    let list = people(60);
    let split = "a.json=50,b.json=50";
    let _ = send(&shop, &list, split, &[]).exits(0);
    let first = got(&shop);
    let _ = send(&shop, &list, split, &["--again"]).exits(6);
    assert_eq!(shop.sandbox.accepted().len(), 60);
    // Other shares of the same messages are another broadcast, whose people have got one.
    let totals = send(&shop, &list, "a.json=60,b.json=40", &["-o", "json"]).exits(8).json();
    assert_eq!(totals["skipped_by_reason"], json!({ "other_message": 60 }), "{totals:#}");
    let arms =
        "select r.token || ' ' || s.arm from sends s join recipients r on r.id = s.recipient where s.broadcast = ";
    let arms_of = |broadcast: i64| shop.asks_ledger(&format!("{arms}{broadcast} order by 1"));
    assert_eq!(arms_of(1), arms_of(2));
    let wanted: Vec<String> =
        first.iter().map(|(token, text)| format!("{token} {}", u8::from(text == "Two for one"))).collect();
    assert_eq!(arms_of(1), wanted);
}

#[test]
fn values_are_those_of_the_arm_and_missing_ones_cost_only_its_people() {
    let shop = shop();
    shop.message("b.json", &json!({"text": "For you, ${name}"}));
    let list = people(100);
    let rows = |name: &dyn Fn(usize) -> String| {
        let lines: Vec<_> = list.iter().enumerate().map(|(n, token)| format!("{token},{}", name(n))).collect();
        format!("token,name\n{}\n", lines.join("\n"))
    };
    let words =
        ["send", "--campaign", &shop.campaign, "--rate", "unlimited", "--split", "a.json=50,b.json=50", "-o", "json"];
    shop.env.mmsg_reading(list.join("\n"), words).exits(5).says("but the list has no such column");
    assert_eq!(shop.asks_ledger("select count(*) from broadcasts"), ["0"]);
    let names = rows(&|n| if n % 2 == 0 { String::new() } else { format!("N{n}") });
    let totals = shop.env.mmsg_reading(names, words).json();
    let missing = totals["skipped_by_reason"]["missing_value"].as_u64().unwrap() as usize;
    let got = got(&shop);
    assert_eq!(got.len() + missing, 100, "{totals:#}");
    for (n, token) in list.iter().enumerate() {
        match got.get(token).map(String::as_str) {
            Some("Half price") => {}
            Some(text) => assert_eq!(text, format!("For you, N{n}")),
            None => assert_eq!(n % 2, 0, "{token} has a name"),
        }
    }
    assert!(missing > 10 && got.values().any(|text| text.starts_with("For you")), "{totals:#}");
}

#[test]
fn what_cannot_be_a_split_is_refused_before_anything_is_planned() {
    let shop = shop();
    let list = people(3);
    shop.message("bad.json", &json!({"text": "x".repeat(700)}));
    for (split, code, sentence) in [
        ("a.json=50,b.json=40", 2, "the shares add up to 90, not to 100"),
        ("a.json=70,b.json=40", 2, "the shares add up to 110, not to 100"),
        ("a.json=50,a.json=50", 2, "is given twice"),
        ("a.json=50,b.json", 2, "has no share"),
        ("a.json=50,none.json=50", 2, "can't read none.json"),
        ("a.json=50,bad.json=50", 5, "Meta would refuse the message of arm bad"),
    ] {
        send(&shop, &list, split, &[]).exits(code).prints_nothing().says(sentence);
    }
    shop.send(&list, &["--split", "a.json=50,b.json=50"]).exits(2).says("cannot be used with");
    assert!(shop.sandbox.requests().is_empty() && !shop.ledger().exists());
}

#[test]
fn a_dry_run_counts_each_arm() {
    let shop = shop();
    let list = people(PEOPLE);
    let split = "a.json=50,b.json=30,holdout=20";
    let dry = send(&shop, &list, split, &["--dry-run", "-o", "json"]).exits(0).json();
    let _ = send(&shop, &list, split, &[]).exits(0);
    let mut wanted = BTreeMap::new();
    got(&shop).values().for_each(|text| *wanted.entry(if text == "Half price" { "a" } else { "b" }).or_insert(0) += 1);
    assert_eq!(dry["arms"], json!(wanted), "{dry:#}");
    assert_eq!(dry["would_skip"]["holdout"], PEOPLE - wanted.values().sum::<usize>(), "{dry:#}");
}

#[test]
fn a_canary_has_people_of_every_arm() {
    let shop = shop();
    let list = people(PEOPLE);
    let _ = send(&shop, &list, "a.json=50,b.json=50", &["--canary", "100", "--canary-without-events"]).exits(0);
    let canary: BTreeSet<String> = shop.sandbox.accepted().into_iter().take(100).collect();
    let got = got(&shop);
    assert_eq!(got.len(), PEOPLE);
    let half = canary.iter().filter(|token| got[*token] == "Half price").count();
    assert_share(half, 100, 0.5);
}

/// Sends to two arms, of which people read as the sandbox is told; the report once all was heard, after a look at its counts.
fn report_of(read_of_b: f64) -> Value {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    let mut shop = Shop::with(|options| {
        let hooks = &mut options.webhooks;
        hooks.url = Some(receiver.url.clone());
        hooks.truth = Some(truth.clone());
        hooks.delay = Duration::from_millis(50);
        hooks.read = 0.4;
        hooks.variant_mark = Some("Two for one".to_owned());
        hooks.variant_read = Some(read_of_b);
    });
    let env = std::mem::replace(&mut shop.env, Env::new());
    shop.env = env.set("MMSG_LEDGER", receiver.ledger().to_str().unwrap());
    shop.message("a.json", &json!({"text": "Half price"}));
    shop.message("b.json", &json!({"text": "Two for one"}));
    // One after the other: who reads it depends on the order, too.
    let _ = send(&shop, &people(PEOPLE), "a.json=45,b.json=45,holdout=10", &["--concurrency", "1"]).exits(0);
    let texts = got(&shop);
    let lines = heard_out(&shop.sandbox, &truth, texts.len(), Duration::from_secs(300));
    let report = shop.env.mmsg(["report", "--offline", "-o", "json"]).exits(0).json();
    let split = report["splits"][0].clone();
    for (arm, text) in [(0, "Half price"), (1, "Two for one")] {
        let of_arm: BTreeSet<&str> =
            texts.iter().filter(|(_, other)| *other == text).map(|(token, _)| token.as_str()).collect();
        assert_eq!(split["arms"][arm]["accepted"], of_arm.len(), "{split:#}");
        for (stage, key) in [("delivered", "delivered"), ("read", "read"), ("clicked", "clicked")] {
            let told: BTreeSet<&str> = lines
                .iter()
                .filter(|line| line["kind"] == stage)
                .filter_map(|line| line["token"].as_str())
                .filter(|token| of_arm.contains(token))
                .collect();
            assert_eq!(split["arms"][arm][key], told.len(), "{text} {stage}: {split:#}");
        }
    }
    assert_eq!((&split["arms"][2]["holdout"], &split["arms"][2]["accepted"]), (&json!(true), &json!(0)));
    // Whoever was held out is counted, but for a range of hours, to none of which they belong.
    let held_out = PEOPLE - texts.len();
    assert_eq!((&split["arms"][2]["held_out"], &split["arms"][0]["held_out"]), (&json!(held_out), &json!(null)));
    let range = ["report", "--offline", "--since", "2020-01-01T00:00:00Z", "-o", "json"];
    assert_eq!(shop.env.mmsg(range).exits(0).json()["splits"][0]["arms"][2]["held_out"], json!(null));
    // The same for people and as a page.
    let told = shop.env.mmsg(["report", "--offline", "--html", "report.html"]).exits(0).stdout;
    let page = std::fs::read_to_string(shop.env.path("report.html")).unwrap();
    let arm = split["arms"][1]["accepted"].to_string();
    for shown in [&told, &page] {
        assert!(
            shown.contains("Split of broadcast 1")
                && shown.contains(&format!("{held_out} held out"))
                && shown.contains("b against a: delivered")
                && shown.contains(&arm),
            "{shown}"
        );
    }
    split
}

#[test]
fn an_arm_that_truly_reads_more_is_found() {
    let split = report_of(0.65);
    let read = &split["arms"][1]["against_first"]["read"];
    assert_eq!(read["verdict"], "more", "{split:#}");
    assert!((0.1..0.4).contains(&read["difference"].as_f64().unwrap()), "{split:#}");
    let rate = &split["arms"][1]["rates"]["read_of_delivered"];
    let part = |key: &str| rate[key].as_f64().unwrap();
    assert!(
        part("low") < part("rate") && part("rate") < part("high") && part("high") - part("low") < 0.15,
        "{split:#}"
    );
}

#[test]
fn an_arm_that_does_not_is_noise() {
    let split = report_of(0.4);
    assert_eq!(split["arms"][1]["against_first"]["read"]["verdict"], "noise", "{split:#}");
}
