//! Who gets messages: suppressions by the operator, and filters. The sandbox's record is the judge.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::common::engine::on_both;
use crate::common::shop::Shop;

fn set(tokens: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    tokens.into_iter().collect()
}

fn suppress(shop: &Shop, verb: &str, tokens: &[String], args: &[&str]) -> Value {
    let words = ["tokens", verb, "-o", "json"];
    shop.env.mmsg_reading(tokens.join("\n") + "\n", words.iter().chain(args)).exits(0).json()
}

fn whom_the_operator_suppresses_gets_nothing_until_the_operator_lifts_it() {
    let shop = Shop::with(|options| options.subscribers = 300);
    let list: Vec<String> = shop
        .sandbox
        .subscribers()
        .iter()
        .map(|row| row["notification_messages_token"].as_str().unwrap().to_owned())
        .collect();
    let (out, unseen) = (&list[..20], &"7000000000000000020".to_owned());
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let done =
        suppress(&shop, "suppress", &[out, std::slice::from_ref(unseen)].concat(), &["--reason", "asked by mail"]);
    assert_eq!([&done["rows"], &done["changed"], &done["never_seen"]], [21, 21, 1], "{done:#}");
    let told = shop.env.mmsg(["why", &out[0]]).exits(0);
    assert!(told.stdout.contains("operator: asked by mail"), "{told:#?}");
    told.says("nothing goes to this person: suppressed by mmsg tokens suppress");
    let again = suppress(&shop, "suppress", out, &[]);
    assert_eq!([&again["changed"], &again["unchanged"]], [0, 20], "{again:#}");
    // Another reason is a change, and a formula stays text for a spreadsheet.
    let other = suppress(&shop, "suppress", &out[19..], &["--reason", "=1+1"]);
    assert_eq!([&other["changed"], &other["unchanged"]], [1, 0], "{other:#}");
    let csv = shop.env.mmsg(["tokens", "export", "--suppressed"]).exits(0).stdout;
    assert!(csv.contains("'=1+1") && !csv.contains(",=1+1"), "{csv}");

    // A stop and a resume, an import and a fetch of the same people: none of them lifts it.
    shop.choice(&out[0], "STOP NOTIFICATIONS");
    shop.choice(&out[0], "RESUME NOTIFICATIONS");
    let import = ["tokens", "import", "--audience", "spring"];
    let _ = shop.env.mmsg_reading([&list[..], std::slice::from_ref(unseen)].concat().join("\n"), import).exits(0);
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    for audience in ["spring", "subscribers"] {
        let totals = shop.env.mmsg(shop.words(&["--audience", audience, "-o", "json"])).exits(0).json();
        let skipped = if audience == "spring" { 21 } else { 20 };
        assert_eq!(totals["skipped_by_reason"], json!({ "suppressed": skipped }), "{totals:#}");
    }
    assert_eq!(set(shop.sandbox.requested()), set(list[20..].to_vec()));

    // What the operator lifts is lifted; what a person chose is not.
    shop.choice(&out[1], "STOP NOTIFICATIONS");
    fs::write(shop.env.path("back.txt"), out[..10].join("\n")).unwrap();
    let run = shop.env.mmsg(["tokens", "unsuppress", "back.txt", "-o", "json"]).exits(0);
    let done = run.json();
    assert_eq!([&done["changed"], &done["unchanged"], &done["never_seen"]], [9, 1, 0], "{done:#}");
    run.says("1 recipient stays suppressed for another reason");
    let campaign = shop.other_campaign();
    let words = shop.words(&["--audience", "spring", "--campaign", &campaign, "-o", "json"]);
    let totals = shop.env.mmsg(words).exits(6).json();
    assert_eq!(totals["accepted"], 9, "{totals:#}");
    let requested = set(shop.sandbox.requested());
    assert!(out[..10].iter().all(|token| requested.contains(token) == (*token != out[1])));
    assert!(out[10..].iter().all(|token| !requested.contains(token)));
}

fn psid_of<'r>(rows: &'r [Value], token: &str) -> &'r Value {
    &rows.iter().find(|row| row["notification_messages_token"] == *token).unwrap()["recipient_id"]
}

fn a_suppression_holds_for_every_token_of_a_person() {
    let shop = Shop::with(|options| {
        options.subscribers = 400;
        options.crowd.doubled = 0.3;
    });
    let rows = shop.sandbox.subscribers();
    let token = |row: &Value| row["notification_messages_token"].as_str().unwrap().to_owned();
    // Somebody with two tokens: the second is the one that is suppressed.
    let (one, other) = rows
        .iter()
        .enumerate()
        .find_map(|(n, row)| {
            let first = rows[..n].iter().find(|first| first["recipient_id"] == row["recipient_id"])?;
            Some((token(first), token(row)))
        })
        .unwrap();
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let done = shop.env.mmsg(["tokens", "suppress", "--token", &other, "-o", "json"]).exits(0).json();
    let others = rows.iter().filter(|row| row["recipient_id"] == *psid_of(&rows, &one)).count() - 1;
    assert_eq!([&done["changed"], &done["other_tokens"]], [1, others], "{done:#}");
    let list = vec![one.clone(), other.clone()];
    let totals = shop.totals(&list, &[], 8);
    assert_eq!(totals["skipped"], 2, "{totals:#}");
    let done = shop.env.mmsg(["tokens", "unsuppress", "--token", &one, "-o", "json"]).exits(0).json();
    assert_eq!([&done["changed"], &done["other_tokens"]], [1, others], "{done:#}");
    assert!(shop.sandbox.requested().is_empty());
}

fn a_plain_list_with_several_tokens_of_a_person_asks_each_person_once() {
    let shop = Shop::with(|options| {
        options.subscribers = 400;
        options.crowd.doubled = 0.3;
    });
    let rows = shop.sandbox.subscribers();
    let persons = |tokens: &[String]| set(tokens.iter().map(|token| psid_of(&rows, token).to_string()));
    let list: Vec<String> =
        rows.iter().rev().map(|row| row["notification_messages_token"].as_str().unwrap().to_owned()).collect();
    let everybody = persons(&list);
    let others = list.len() - everybody.len();
    assert!(others > 60, "{others}");
    shop.env.mmsg(["tokens", "fetch"]).exits(0);

    let skipped = json!({ "other_token": others });
    let dry = shop.send(&list, &["--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!([&dry["would_send"], &dry["would_skip"]], [&json!(everybody.len()), &skipped], "{dry:#}");
    let totals = shop.totals(&list, &[], 0);
    assert_eq!([&totals["accepted"], &totals["skipped_by_reason"]], [&json!(everybody.len()), &skipped], "{totals:#}");
    let asked = shop.sandbox.requested();
    assert_eq!((asked.len(), persons(&asked)), (everybody.len(), everybody));

    // Nor by the others alone: not in this broadcast, not in another message of the campaign, and not before the cool-down has passed.
    let rest: Vec<String> = list.into_iter().filter(|token| !asked.contains(token)).collect();
    assert_eq!(shop.totals(&rest, &[], 0)["skipped_by_reason"], skipped);
    shop.message("other.json", &json!({"text": "Last days"}));
    let totals = shop.totals(&rest, &["--message", "other.json"], 8);
    assert_eq!(totals["skipped_by_reason"], json!({ "other_message": others }));
    let totals = shop.totals(&rest, &["--campaign", &shop.other_campaign()], 6);
    assert_eq!([&totals["pending"], &totals["accepted"]], [persons(&rest).len(), 0], "{totals:#}");
    assert_eq!(shop.sandbox.requested().len(), asked.len());
}

fn what_can_not_be_suppressed_is_said() {
    let shop = Shop::open();
    shop.env.mmsg(["tokens", "unsuppress", "--token", "123456789"]).fails(10, "there is no ledger");
    for args in [&["--reason", " "][..], &["--token", "a b"], &["--token", "1", "list.csv"]] {
        let run = shop.env.mmsg(["tokens", "suppress"].iter().chain(args));
        assert_eq!(run.code, 2, "{run:#?}");
    }
    // A token without its flag: the flag is named, and the token is not shown.
    let run = shop.env.mmsg(["tokens", "suppress", "7000000000000000020"]).exits(2).prints_nothing();
    assert!(run.stderr.contains("pass it with --token") && !run.stderr.contains("7000000000000000020"), "{run:#?}");
    shop.env.mmsg(["tokens", "suppress", "--token", "123456789"]).exits(0).says("1 token was never seen before");
    let run = shop.env.mmsg(["tokens", "unsuppress", "--token", "987654321", "-o", "json"]).exits(0);
    assert_eq!(run.json()["never_seen"], 1);
}

fn a_filter_chooses_the_people_of_a_broadcast() {
    let shop = Shop::with(|options| {
        options.subscribers = 300;
        options.crowd.ineligible = 0.2;
        options.crowd.doubled = 0.1;
    });
    let rows = shop.sandbox.subscribers();
    let token = |row: &Value| row["notification_messages_token"].as_str().unwrap().to_owned();
    let zone = |row: &Value| row["notification_messages_timezone"].as_str().unwrap_or_default().to_owned();
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let persons = |tokens: &BTreeSet<String>| set(tokens.iter().map(|token| psid_of(&rows, token).to_string()));
    // One row for each token; one person counts once, as in a send with the same filter.
    let listed = |args: &[&str]| {
        let run = shop.env.mmsg(["tokens", "list", "-o", "ndjson"].iter().chain(args)).exits(0);
        let tokens = set(run.rows().iter().map(|row| row["token"].as_str().unwrap().to_owned()));
        assert_eq!(tokens.len(), run.rows().len(), "{args:?}");
        let count = shop.env.mmsg(["tokens", "list", "--count"].iter().chain(args)).exits(0);
        let people = count.stdout.trim().parse::<usize>().unwrap();
        assert_eq!(people, persons(&tokens).len(), "{args:?}");
        assert_eq!(count.stderr.contains("each counts once"), people < tokens.len(), "{args:?}: {count:#?}");
        let dry = shop.env.mmsg(shop.words(&[&["--dry-run", "-o", "json"], args].concat())).exits(0);
        assert_eq!(dry.json()["rows"], people, "{args:?}: {dry:#?}");
        tokens
    };
    let send = |campaign: &str, args: &[&str]| {
        let before = shop.sandbox.requested().len();
        let words = ["--campaign", campaign, "-o", "json"];
        let totals = shop.env.mmsg(shop.words(&[&words[..], args].concat())).exits(0).json();
        let asked = shop.sandbox.requested().split_off(before);
        assert_eq!(totals["accepted"], asked.len(), "{args:?}: {totals:#}");
        set(asked)
    };
    // Of an audience that has only the second token of each person, they are not lost.
    let mut seen = BTreeSet::new();
    let second = set(rows.iter().filter(|row| !seen.insert(row["recipient_id"].to_string())).map(token));
    fs::write(shop.env.path("second.csv"), second.iter().fold("token\n".to_owned(), |list, token| list + token + "\n"))
        .unwrap();
    shop.env.mmsg(["tokens", "import", "second.csv", "--audience", "second"]).exits(0);
    let words = ["--audience", "second", "--eligible"];
    let able = listed(&words);
    assert!(able.len() > 5, "{able:?}");
    assert_eq!(persons(&send(&shop.other_campaign(), &words)), persons(&able));
    // By zone, of those who can: one token a person.
    let manila = set(rows.iter().filter(|row| zone(row) == "Asia/Manila").map(token));
    assert_eq!(listed(&["--zone", "Asia/Manila"]), manila);
    assert_eq!(listed(&["--zone", "asia/MANILA"]), manila);
    // By whichever of its names.
    let eastern = set(rows.iter().filter(|row| zone(row) == "America/New_York").map(token));
    assert!(!eastern.is_empty());
    assert_eq!(listed(&["--zone", "US/Eastern"]), eastern);
    let first = send(&shop.campaign, &["--zone", "Asia/Manila", "--eligible"]);
    assert!(first.len() > 20 && first.is_subset(&manila));
    let last = "select source from listings order by id desc limit 1";
    assert_eq!(shop.asks_ledger(last), ["people: --eligible --zone Asia/Manila"]);
    assert_eq!(persons(&first).len(), first.len(), "somebody was asked with two tokens");
    // Whoever can get one now, and was not asked yet.
    let campaign = shop.other_campaign();
    let rest = send(&campaign, &["--audience", "subscribers", "--never-sent", "--eligible"]);
    assert_eq!(shop.asks_ledger(last), ["audience subscribers: --eligible --never-sent"]);
    assert!(rest.len() > 100 && rest.is_disjoint(&first));
    assert!(persons(&rest).is_disjoint(&persons(&first)), "a person was asked again with another token");
    assert_eq!(listed(&["--never-sent", "--eligible", "--audience", "subscribers"]), BTreeSet::new());
    let got = set(shop.sandbox.accepted());
    let theirs = set(rows.iter().map(token).filter(|token| persons(&got).contains(&psid_of(&rows, token).to_string())));
    assert!(theirs.len() > got.len(), "nobody has several tokens");
    assert_eq!(listed(&["--not-read"]), theirs);
    for before in ["2020-01-01T00:00:00Z", "2020-01-01", "30d"] {
        assert_eq!(listed(&["--sent-before", before]), BTreeSet::new(), "{before}");
    }
    // Nobody is 0 with a note, and no request.
    let nobody = shop.env.mmsg(shop.words(&["--never-sent", "--eligible", "--audience", "subscribers"])).exits(0);
    nobody.says("nobody matches");
    shop.env.mmsg(["tokens", "list", "--clicked"]).exits(0).says("no people");
    shop.env.mmsg(["tokens", "list", "--zone", "Mars/Olympus"]).exits(2);
    fs::write(shop.env.path("list.csv"), "7000000000000000020\n").unwrap();
    shop.env.mmsg(shop.words(&["list.csv", "--eligible"])).fails(2, "filters can't be used with a list from a file");
    shop.env.mmsg(["send", "--resume", "--eligible"]).fails(2, "filters can't be used with --resume");

    // An export can be sent to again.
    let csv = shop.env.mmsg(["tokens", "export", "--zone", "Asia/Manila"]).exits(0).stdout;
    assert!(csv.starts_with("token,psid,"), "{csv}");
    let imported =
        shop.env.mmsg_reading(csv, ["tokens", "import", "--audience", "again", "-o", "json"]).exits(0).json();
    assert_eq!([&imported["recipients"], &imported["bad"]], [&json!(manila.len()), &json!(0)]);
}

on_both! {
    whom_the_operator_suppresses_gets_nothing_until_the_operator_lifts_it
    a_suppression_holds_for_every_token_of_a_person
    a_plain_list_with_several_tokens_of_a_person_asks_each_person_once
    what_can_not_be_suppressed_is_said
    a_filter_chooses_the_people_of_a_broadcast
}
