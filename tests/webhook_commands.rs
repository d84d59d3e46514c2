//! `mmsg webhook ingest`, `subscribe` and `status`: notices kept elsewhere, and Meta's side.

use std::fs;
use std::io::Write;

use serde_json::json;

use crate::common::receiver::{environment, notice};
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people};

#[test]
fn kept_notices_are_stored_once_and_bad_lines_are_named() {
    let env = environment();
    let lines = [
        notice(0..100),
        "not json".to_owned(),
        notice(100..150),
        String::new(),
        notice(0..100),
        "{\"x\":1}".to_owned(),
    ];
    fs::write(env.path("queue.ndjson"), lines.join("\n")).unwrap();
    let run = env.mmsg(["webhook", "ingest", "queue.ndjson", "-o", "json"]).exits(0);
    let run = run.says("queue.ndjson line 2: not a JSON object").says("queue.ndjson line 6: no event in it");
    let tally = run.json();
    for (key, n) in [
        ("bodies", 5),
        ("readable", 3),
        ("unreadable", 2),
        ("new", 150),
        ("duplicates", 100),
        ("foreign", 150),
        ("waiting", 0),
    ] {
        assert_eq!(tally[key], n, "{key}: {tally:#}");
    }
    assert_eq!(
        tally["unreadable_lines"][0],
        json!({"file": "queue.ndjson", "line": 2, "why": "not a JSON object: error at line 1 column 2"})
    );

    // One body spread over lines, gzip, stdin, all in one go, and nothing is new but one.
    let spread: serde_json::Value = serde_json::from_str(&notice(0..2)).unwrap();
    fs::write(env.path("body.json"), serde_json::to_string_pretty(&spread).unwrap()).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(notice(0..3).as_bytes()).unwrap();
    fs::write(env.path("body.gz"), packed.finish().unwrap()).unwrap();
    let words = ["webhook", "ingest", "body.json", "body.gz", "-", "-o", "json"];
    let tally = env.mmsg_reading(notice([150]), words).exits(0).json();
    assert_eq!((&tally["new"], &tally["duplicates"], &tally["bodies"]), (&json!(1), &json!(5), &json!(3)));

    fs::write(env.path("bad"), "x\ny\n").unwrap();
    let run = env.mmsg(["webhook", "ingest", "bad"]).exits(5).says("bad line 1").says("bad line 2");
    assert!(run.stdout.contains("unreadable"), "{run:#?}");
    env.mmsg(["webhook", "ingest", "nowhere"]).fails(2, "can't read nowhere");
    env.mmsg_reading("\n", ["webhook", "ingest", "-"]).exits(0).says("no events found");
}

#[test]
fn subscribing_keeps_what_others_live_on() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    let fields = |args: &[&str], code: i32| {
        let words = [&["webhook", "subscribe", "-o", "json"], args].concat();
        let rows = env.mmsg(words).exits(code).json();
        let pair =
            |row: &serde_json::Value| format!("{} {}", row["change"].as_str().unwrap(), row["field"].as_str().unwrap());
        rows.as_array().unwrap().iter().map(pair).collect::<Vec<_>>()
    };
    let status = env.mmsg(["webhook", "status", "-o", "json"]).exits(5).says("no app is subscribed to webhooks");
    assert_eq!(status.json()["missing"].as_array().unwrap().len(), 9);

    assert_eq!(fields(&["--fields", "messages,message_reads"], 0), ["added messages", "added message_reads"]);
    let all = fields(&[], 0);
    assert_eq!(all.iter().filter(|row| row.starts_with("added ")).count(), 9);
    assert_eq!(all[9..], ["kept message_reads", "kept messages"]);
    let again = env.mmsg(["webhook", "subscribe"]).exits(0).says("nothing was changed");
    assert!(again.stdout.contains("kept"), "{again:#?}");
    let status = env.mmsg(["webhook", "status", "-o", "json"]).exits(0).json();
    assert_eq!((&status["healthy"], &status["missing"], &status["unheard"]), (&json!(true), &json!([]), &json!(0)));

    // Something goes: it asks, and nobody is there to answer.
    env.mmsg(["webhook", "subscribe", "--only"]).fails(9, "removing webhook fields");
    let only = fields(&["--only", "--yes"], 0);
    assert_eq!(only[9..], ["removed message_reads", "removed messages"]);
    env.mmsg(["webhook", "subscribe", "--fields", "no_such_field"]).fails(5, "Graph refused");
    env.mmsg(["webhook", "subscribe", "--fields", "a&b"]).fails(2, "is not a webhook field");
}

#[test]
fn the_page_token_is_read_where_none_is_set_and_never_shown() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment().unset("MMSG_PAGE_TOKEN");
    env.mmsg(["webhook", "subscribe", "--verbose"]).exits(0);
    env.mmsg(["webhook", "status", "--verbose"]).exits(0);
}

#[test]
fn a_policy_notice_is_shown() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    env.mmsg(["webhook", "subscribe"]).exits(0);
    let page = env.mmsg(["webhook", "status", "-o", "json"]).exits(0).json()["page_id"].as_str().unwrap().to_owned();
    let body = json!({ "object": "page", "entry": [{ "id": page, "messaging": [{ "recipient": { "id": page },
        "timestamp": 1_764_000_000_000_i64, "policy_enforcement": { "action": "block", "reason": "Spam" } }] }] });
    let counts = env.mmsg_reading(body.to_string(), ["webhook", "ingest", "-", "-o", "json"]).exits(0).json();
    assert_eq!((&counts["policy"], &counts["unreadable_parts"]), (&json!(1), &json!(0)));
    let run = env.mmsg(["webhook", "status", "-o", "json"]).exits(0).says("sent a policy notice about Page");
    assert_eq!((&run.json()["policy"], &run.json()["healthy"]), (&json!("block: Spam"), &json!(true)));
}

#[test]
fn silence_after_accepted_sends_is_told() {
    let shop = Shop::open();
    shop.env.mmsg(["webhook", "subscribe"]).exits(0);
    shop.send(&people(3), &[]).exits(0);
    shop.env.mmsg(["webhook", "status"]).exits(0);
    let conn = rusqlite::Connection::open(shop.ledger()).unwrap();
    conn.execute("update counters set hour = hour - 3", ()).unwrap();
    let run = shop.env.mmsg(["webhook", "status", "-o", "json"]).exits(5).says("3 sends were accepted since");
    assert_eq!((&run.json()["healthy"], &run.json()["unheard"]), (&json!(false), &json!(3)));
    let heard = notice([1]);
    shop.env.mmsg_reading(heard, ["webhook", "ingest", "-"]).exits(0);
    let status = shop.env.mmsg(["webhook", "status", "-o", "json"]).exits(0).json();
    assert!(status["last_event_at"].is_string(), "{status:#}");
}
