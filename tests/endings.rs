//! How a send ends, as an operator reads it: committed, as all errors are.

use std::time::Duration;

use serde_json::json;

use crate::common::session::Session;
use crate::common::shop::{Shop, people};

#[test]
fn the_committed_endings_of_sends_are_fresh() {
    let mut session = Session::default();
    let list = people(6).join("\n") + "\n";
    // How each kind of answer ends a run of six.
    for faults in [
        "190",
        "200",
        "10/1893063",
        "100",
        "100/33",
        "368",
        "2300001",
        "2300003",
        "2300004",
        "2300012",
        "2300024",
        "2300034",
        "2300035",
        "2",
        "7654321",
        "503-html",
        "drop",
        "accepted-drop",
    ] {
        let shop = Shop::open();
        shop.sandbox.errors(&format!("{faults}=100%"));
        session.0.push_str(&format!("Graph answers {faults}:\n"));
        session.run_reading(&shop.env, &list, &shop.words(&["--concurrency", "1"]));
    }
    // However long this takes, Meta has not reported any spend yet.
    let shop = Shop::with(|options| options.insights_lag = Duration::from_hours(1));
    let env = &shop.env;
    session.0.push_str("as it should be, then things that are off:\n");
    session.run_reading(env, &list, &shop.words(&["--max-sends", "2", "--concurrency", "1"]));
    session.run_reading(env, &list, &shop.words(&[]));
    session.run_reading(env, &list, &shop.words(&["--dry-run"]));
    session.run(env, &["send", "--resume"]);
    shop.message("other.json", &json!({"text": "Whole price"}));
    session.run_reading(env, &list, &shop.words(&["--message", "other.json"]));
    session.run_reading(env, &list, &shop.words(&["--again"]));
    session.run_reading(env, &list, &shop.words(&["--campaign", "999999999"]));
    session.run_reading(env, &list, &shop.words(&["--results", "no/where.csv"]));
    shop.message("values.json", &json!({"text": "Hello ${name}"}));
    session.run_reading(env, &list, &shop.words(&["--message", "values.json", "--new-message"]));
    session.run(env, &["campaign", "delete", &shop.campaign]);
    session.run(env, &["campaign", "delete", "../me"]);
    session.run(env, &["broadcast", "close", "1", "7"]);
    session.run(env, &["broadcast", "close", "2"]);
    session.run(env, &["unknown", "settle"]);
    session.run(env, &["unknown", "resolve", "--all", "--as", "accepted"]);
    session.run(env, &["unknown", "resolve", "--broadcast", "77", "--as", "accepted"]);
    session.run(env, &["unknown", "resolve", "--token", "12348141984909088", "--as", "accepted"]);
    session.run(env, &["why", "12348141984909088"]);
    session.run(env, &["webhook", "status"]);
    session.run(env, &["campaign", "delete", &shop.campaign, "--yes"]);
    session.run_reading(env, &list, &shop.words(&[]));
    let other = Shop::open();
    let ledger = shop.ledger().display().to_string();
    session.0.push_str("a ledger of another Graph host:\n");
    let run = other.env.mmsg_reading(list.as_str(), other.words(&["--ledger", &ledger]));
    session.add(env, "mmsg send --ledger FILE", &run);
    session.is_committed_as("sends");
}
