//! A broadcast in detail. What it says is held against the sandbox's record.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::engine::on_both;
use crate::common::shop::{Shop, people};
use crate::common::{Run, SUBSCRIPTION_TOKEN};

fn show(shop: &Shop, args: &[&str]) -> Run {
    shop.env.mmsg([&["broadcast", "show"], args].concat())
}

fn detail(shop: &Shop, id: &str) -> Value {
    show(shop, &[id, "-o", "json"]).exits(0).json()
}

/// How many of these people have the message, by the sandbox.
fn reached(shop: &Shop, list: &[String]) -> usize {
    let got: BTreeSet<String> = shop.sandbox.accepted().into_iter().collect();
    shop.sandbox.assert_nobody_twice();
    list.iter().filter(|token| got.contains(*token)).count()
}

fn a_broadcast_is_shown_as_it_was_sent() {
    let shop = Shop::open();
    let list = people(30);
    let fault = |n: usize, fault: &str| (list[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([
        fault(1, "2300034"),
        fault(2, "2300034"),
        fault(3, "2300004"),
        fault(4, "2399999"),
        fault(5, "accepted-drop"),
    ]);
    let _ = shop.totals(&list[..20], &[], 11);
    shop.env.mmsg(["tokens", "suppress", "--token", &list[25]]).exits(0);
    let _ = shop.totals(&list[10..], &[], 0);

    let shown = detail(&shop, "1");
    // The reply to one of these was lost: nobody here knows that it has the message.
    let (all, first, second) = (reached(&shop, &list), reached(&shop, &list[..20]), reached(&shop, &list[10..]));
    assert_eq!((all, first, second), (25, 16, 19), "the sandbox has other people than this test is about");
    let counts = |value: &Value| {
        ["accepted", "refused", "skipped", "unknown", "claimed", "pending"]
            .map(|key| value[key].as_u64().unwrap() as usize)
    };
    assert_eq!(counts(&shown), [all - 1, 4, 1, 1, 0, 0], "{shown:#}");
    let lists = shown["lists"].as_array().unwrap();
    assert_eq!(lists.len(), 2, "{shown:#}");
    assert_eq!(counts(&lists[0]), [first - 1, 4, 0, 1, 0, 0], "{shown:#}");
    assert_eq!(counts(&lists[1]), [second, 0, 1, 0, 0, 0], "{shown:#}");
    assert_eq!((&lists[0]["rows"], &lists[1]["recipients"]), (&json!(20), &json!(20)));
    let runs: Vec<_> = shown["runs"].as_array().unwrap().iter().map(|run| (&run["end"], &run["accepted"])).collect();
    let ended = json!("exhausted");
    assert_eq!(runs, [(&ended, &json!(first - 1)), (&ended, &json!(all - first))], "{shown:#}");
    let reasons = shown["reasons"].as_array().unwrap().iter().map(|row| {
        json!([
            row["state"],
            row["recipients"],
            row["code"],
            if row["state"] == "skipped" { &row["reason"] } else { &Value::Null }
        ])
    });
    let reasons = reasons.collect::<Vec<_>>();
    assert_eq!(
        reasons,
        [
            json!(["refused", 2, 2_300_034, null]),
            json!(["refused", 1, 2_300_004, null]),
            json!(["refused", 1, 2_399_999, null]),
            json!(["skipped", 1, null, "suppressed"]),
            json!(["unknown", 1, null, null]),
        ],
        "{shown:#}"
    );
    for row in shown["reasons"].as_array().unwrap() {
        assert!(row["next"].as_str().is_some_and(|next| next.len() > 10), "nothing to do: {row:#}");
    }
    // As the sandbox got it.
    let message = &shown["messages"][0]["message"];
    assert_eq!(message, &shop.sandbox.record()[0]["message"]);
    let of_list = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
    for (key, value) in of_list[0].as_object().unwrap() {
        assert_eq!(&shown[key], value, "{key}");
    }

    let screen = show(&shop, &["1"]).exits(0).stdout;
    for part in [
        "Broadcast 1\n",
        "Half price this week",
        &format!("{} (", shop.campaign),
        "--retry-refused 2399999",
        "mmsg unknown settle",
        "mmsg tokens unsuppress",
        "nothing more was due",
        "stdin",
    ] {
        assert!(screen.contains(part), "no {part:?}:\n{screen}");
    }
    assert!(!screen.contains(SUBSCRIPTION_TOKEN), "{screen}");
    for columns in [40, 80, 120] {
        let screen = shop.env.terminal(columns, &["broadcast", "show", "1", "--color", "never"]).end().exits(0).stdout;
        let widest = screen.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
        assert!(widest <= usize::from(columns), "{widest} of {columns}:\n{screen}");
    }
}

fn a_broadcast_that_goes_on_says_how_far_it_is() {
    let shop = Shop::open();
    let list = people(24);
    let _ = shop.totals(&list, &["--max-sends", "16", "--rate", "8"], 6);
    let shown = detail(&shop, "1");
    assert_eq!(reached(&shop, &list), 16);
    assert_eq!((&shown["accepted"], &shown["pending"], &shown["finished"]), (&json!(16), &json!(8), &json!(false)));
    let run = &shown["runs"][0];
    assert_eq!((&run["end"], &run["accepted"]), (&json!("max_sends"), &json!(16)), "{shown:#}");
    // About as fast as the sandbox saw it.
    let times: Vec<i64> = shop.sandbox.record().iter().map(|line| line["at"].as_i64().unwrap()).collect();
    let seen = 15_000.0 / (times[15] - times[0]) as f64;
    let rate = run["sends_per_second"].as_f64().unwrap();
    assert!((seen / 2.0..seen * 2.0).contains(&rate), "{rate}, and the sandbox saw {seen}");
    show(&shop, &["1"]).exits(0).says("mmsg send --resume --campaign");
    shop.env.mmsg(["broadcast", "close", "1", "--yes"]).exits(0);
    let closed = detail(&shop, "1");
    assert_eq!((&closed["pending"], &closed["reasons"][0]["reason"]), (&json!(0), &json!("closed")), "{closed:#}");
    assert!(closed["closed_at"].is_string(), "{closed:#}");
}

fn each_arm_is_shown_and_other_pages_are_not() {
    let shop = Shop::open();
    shop.message("other.json", &json!({"text": "Two for one"}));
    let split = ["--split", "promo.json=50,other.json=30,holdout=20", "--max-sends", "0"];
    let words = [&["send", "--campaign", &shop.campaign], &split[..]].concat();
    shop.env.mmsg_reading(people(10).join("\n"), words).exits(6);
    let shown = detail(&shop, "1");
    let arms = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!([one["arm"], one["share"], one["message"]["text"]]));
    let arms = arms.collect::<Vec<_>>();
    assert_eq!(
        arms,
        [
            json!(["promo", 0.5, "Half price this week"]),
            json!(["other", 0.3, "Two for one"]),
            json!(["holdout", 0.2, null]),
        ]
    );
    let screen = show(&shop, &["1"]).exits(0).stdout;
    assert!(screen.contains("Message of arm other (30% of the recipients)"), "{screen}");
    assert!(screen.contains("Arm holdout (20% of the recipients)\nnothing is sent"), "{screen}");

    show(&shop, &["9"]).fails(2, "there is no broadcast 9");
    show(&shop, &["first"]).exits(2).prints_nothing().says("is not a broadcast number");
    let ledger = shop.env.ledger_at(".local/share/mmsg/ledger.db");
    let other = shop.sandbox.environment().set("MMSG_LEDGER", ledger).set("MMSG_PAGE", "777");
    other.mmsg(["broadcast", "show", "1"]).fails(5, "broadcast 1 belongs to Page 104857600123457");
    assert_eq!(other.mmsg(["broadcast", "show", "1", "--all-pages", "-o", "json"]).exits(0).json()["id"], 1);
}

fn a_label_stays_with_its_broadcast_and_chooses_what_is_reported() {
    let shop = Shop::open();
    let list = people(12);
    shop.message("other.json", &json!({"text": "Two for one"}));
    let said = shop.send(&list[..5], &["--label", " Black Friday "]).exits(0);
    assert!(!said.stderr.contains("labeled"), "{said:#?}");
    let _ = shop.totals(&list[5..9], &["--message", "other.json"], 0);
    let labels = || {
        let rows = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
        rows.as_array().unwrap().iter().map(|row| row["label"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(labels(), [json!("Black Friday"), Value::Null]);
    assert_eq!(detail(&shop, "1")["label"], "Black Friday");
    // The same command without one, a dry run, and one that is refused leave it.
    let _ = shop.totals(&list[..5], &[], 0);
    shop.send(&list[..5], &["--dry-run", "--label", "Sunday"]).exits(0);
    shop.send(&list[..5], &["--label", "two\nlines"]).exits(2).prints_nothing().says("no line breaks");
    assert_eq!(labels(), [json!("Black Friday"), Value::Null]);

    let report = |args: &[&str]| {
        let report = shop.env.mmsg([&["report", "--offline", "-o", "json"], args].concat()).exits(0).json();
        (
            report["funnel"]["accepted"].as_u64().unwrap() as usize,
            report["label"].clone(),
            report["foreign_events"].clone(),
        )
    };
    let with = |text: &str| shop.sandbox.record().iter().filter(|line| line["message"]["text"] == text).count();
    let of_label = report(&["--label", "Black Friday"]);
    assert_eq!(of_label, (with("Half price this week"), json!("Black Friday"), Value::Null));
    assert_eq!(report(&["--broadcast", "1"]), of_label);
    assert_eq!(report(&["--broadcast", "2"]).1, Value::Null);
    assert_eq!(report(&["--campaign", &shop.campaign, "--label", "Black Friday"]), of_label);
    assert_eq!(report(&[]).0, shop.sandbox.record().len());
    let screen = shop.env.mmsg(["report", "--offline", "--broadcast", "1"]).exits(0).stdout;
    assert!(screen.starts_with("Broadcast 1 (Black Friday)\n"), "{screen}");
    let screen = shop.env.mmsg(["report", "--offline", "--label", "Black Friday"]).exits(0).stdout;
    assert!(screen.starts_with("Black Friday\n"), "{screen}");

    // Another one renames it, and nobody gets anything for that.
    let sent = shop.sandbox.record().len();
    let renamed = "broadcast 1 was labeled \"Black Friday\"; it is labeled \"Cyber Monday\" now";
    shop.send(&list[..5], &["--label", "Cyber Monday"]).exits(0).says(renamed);
    assert_eq!((labels(), shop.sandbox.record().len()), (vec![json!("Cyber Monday"), Value::Null], sent));
    let fails = |args: &[&str], says: &str| {
        shop.env
            .mmsg([&["report", "--offline", "--label"], args].concat())
            .fails(2, says)
            .says("mmsg broadcast list shows the labels")
    };
    fails(&["Black Friday"], "there is no broadcast labeled \"Black Friday\" here");
    fails(&["Cyber Mondai"], "labeled \"Cyber Mondai\"").says("did you mean \"Cyber Monday\"?");
    fails(&["Cyber Monday", "--broadcast", "2"], "labeled \"Cyber Monday\"");

    // A copy has it, too.
    let ledger = shop.env.ledger_at(".local/share/mmsg/ledger.db");
    shop.env.mmsg(["ledger", "copy", ledger.as_str(), "new/folder/copy.db", "--yes"]).exits(0);
    let copied =
        shop.env.mmsg(["broadcast", "show", "1", "-o", "json", "--ledger", "new/folder/copy.db"]).exits(0).json();
    assert_eq!(copied["label"], "Cyber Monday");
}

on_both! {
    a_label_stays_with_its_broadcast_and_chooses_what_is_reported
    a_broadcast_is_shown_as_it_was_sent
    a_broadcast_that_goes_on_says_how_far_it_is
    each_arm_is_shown_and_other_pages_are_not
}
