//! The rows and columns of a list that is sent to, and what a message makes of them.

use std::fs;

use serde_json::json;

use crate::common::shop::{Shop, people};

#[test]
fn bad_rows_and_duplicates_are_counted_and_reported() {
    let shop = Shop::open();
    let mut list = people(5);
    list.insert(2, list[0].clone());
    list.insert(3, "1.23E+16".to_owned());
    list.insert(4, format!("{} x", list[0]));
    let totals = shop.totals(&list, &["--reject", "rejects.csv"], 0);
    let part = |name: &str| totals[name].as_u64().unwrap();
    assert_eq!((part("rejected"), part("duplicates"), part("accepted")), (2, 1, 5));
    shop.assert_each_once(&people(5));
    let rejects = fs::read_to_string(shop.env.path("rejects.csv")).unwrap();
    assert_eq!(rejects.lines().count(), 3);
    assert!(rejects.contains("\n4,") && rejects.contains("1.23E+16") && rejects.contains("\n5,"), "{rejects}");
    let strict = shop.send(&[&list[..], &["new one".to_owned()]].concat(), &["--strict"]);
    strict.fails(5, "--strict takes all or nothing");
    assert_eq!(shop.sandbox.requests().len(), 5);
}

#[test]
fn invalid_text_spoils_a_row_only_in_a_used_column() {
    let shop = Shop::open();
    let list = people(2);
    let csv = [b"token,name\n", list[0].as_bytes(), b",Andr\xe9\n", list[1].as_bytes(), b",B\n"].concat();
    let totals = shop.env.mmsg_reading(csv.clone(), shop.words(&["-o", "json"])).exits(0).json();
    assert_eq!(totals["accepted"], 2);
    shop.message("named.json", &json!({"text": "Hello ${name}"}));
    let words = shop.words(&["--message", "named.json", "--max-sends", "0", "-o", "json"]);
    let totals = shop.env.mmsg_reading(csv, words).exits(8).says("UTF-8").says("--new-message").json();
    assert_eq!(totals["rejected"], 1, "{totals:#}");
}

#[test]
fn an_audience_is_sent_to_with_its_values() {
    let shop = Shop::open();
    shop.message("named.json", &json!({"text": "Hello ${name}, you have ${points} points"}));
    let list = people(3);
    let csv = format!("token,name,points\n{},Ann,1\n{},\"Bo \"\"B\"\" \\\",2\n{},,3\n", list[0], list[1], list[2]);
    shop.env.mmsg_reading(csv, ["tokens", "import", "--audience", "spring"]).exits(0);
    let words = shop.words(&["--message", "named.json", "--audience", "spring", "-o", "json"]);
    let totals = shop.env.mmsg(&words).exits(0).json();
    assert_eq!((&totals["accepted"], &totals["skipped"]), (&json!(2), &json!(1)), "{totals:#}");
    let texts: Vec<_> = shop.sandbox.record().iter().map(|line| line["message"]["text"].clone()).collect();
    assert!(texts.contains(&json!("Hello Ann, you have 1 points")), "{texts:?}");
    assert!(texts.contains(&json!("Hello Bo \"B\" \\, you have 2 points")), "{texts:?}");
}

#[test]
fn planned_values_are_frozen_and_resume_needs_no_list() {
    let shop = Shop::open();
    shop.message("named.json", &json!({"text": "Hello ${name}"}));
    let list = people(4);
    let csv = |name: &str| {
        let rows: String = list.iter().map(|token| format!("{token},{name}\n")).collect();
        format!("token,name\n{rows}")
    };
    let plan = shop.words(&["--message", "named.json", "--max-sends", "0", "-o", "json"]);
    let totals = shop.env.mmsg_reading(csv("Ann"), &plan).exits(6).json();
    assert_eq!((&totals["pending"], shop.sandbox.requests().len()), (&json!(4), 0));
    let changed = shop.words(&["--message", "named.json", "--max-sends", "1", "-o", "json"]);
    let totals = shop.env.mmsg_reading(csv("Bob"), &changed).exits(6).json();
    assert_eq!(totals["changed_values"], 4);
    let totals = shop.env.mmsg(["send", "--resume", "--rate", "unlimited", "-o", "json"]).exits(0).json();
    assert_eq!(totals["accepted"], 4);
    shop.assert_each_once(&list);
    assert!(shop.sandbox.record().iter().all(|line| line["message"]["text"] == "Hello Ann"));
}

#[test]
fn a_header_without_rows_is_0() {
    let shop = Shop::open();
    let run = shop.env.mmsg_reading("token,name\n", shop.words(&["-o", "json"])).exits(0).says("nothing to add");
    assert_eq!(run.json()["rows"], 0);
    assert_eq!(shop.sandbox.requests().len(), 0);
}

#[test]
fn a_column_of_another_name_is_found_or_refused_before_planning() {
    let shop = Shop::open();
    shop.message("promo.json", &json!({"text": "Hi ${first_name}"}));
    let send = |list: &str| shop.env.mmsg_reading(list.to_owned(), shop.words(&[]));
    let refused = send("token,name\n71001,Anna\n71002,Ben\n").exits(5);
    refused.says("${first_name}").says("its other columns: name").says("${first_name:-text}");
    assert!(shop.sandbox.requests().is_empty());
    send("token,First_Name \n71001,Anna\n71002,NULL\n71003,Ben\n").says("1 row has a value such as NULL");
    let mut sent: Vec<String> = shop.sandbox.record().iter().map(|line| line["message"]["text"].to_string()).collect();
    sent.sort();
    assert_eq!(sent, ["\"Hi Anna\"", "\"Hi Ben\""]);
}

#[test]
fn a_column_that_the_first_object_lacks_is_found_in_later_ones() {
    let objects =
        [r#"{"token":"71001"}"#, r#"{"token":"71002","first_name":"Ben"}"#, r#"{"token":"71003","first_name":"Cyd"}"#];
    for list in [format!("[{}]", objects.join(",")), objects.join("\n")] {
        let shop = Shop::open();
        shop.message("promo.json", &json!({"text": "Hi ${first_name}"}));
        let run = shop.env.mmsg_reading(list.clone(), shop.words(&["-o", "json"])).exits(0);
        let totals = run.totals();
        assert_eq!(
            (&totals["rows"], &totals["accepted"], &totals["skipped"]),
            (&json!(3), &json!(2), &json!(1)),
            "{list}"
        );
        let mut sent: Vec<(String, String)> = shop
            .sandbox
            .record()
            .iter()
            .map(|line| {
                (line["token"].as_str().unwrap().to_owned(), line["message"]["text"].as_str().unwrap().to_owned())
            })
            .collect();
        sent.sort();
        assert_eq!(
            sent,
            [("71002".to_owned(), "Hi Ben".to_owned()), ("71003".to_owned(), "Hi Cyd".to_owned())],
            "{list}"
        );
    }
}
