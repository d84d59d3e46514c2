//! Looking after a ledger: check, backup, copy.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::common::shop::{Shop, people};

const CHECK: [&str; 4] = ["ledger", "check", "-o", "json"];

/// The ledger and its folder, with sizes and when each was changed; without what SQLite keeps for whoever reads.
fn files(shop: &Shop) -> Vec<(std::path::PathBuf, u64, std::time::SystemTime)> {
    let mut found: Vec<_> = crate::common::files_below(shop.ledger().parent().unwrap())
        .into_iter()
        .filter(|path| !["ledger.db-wal", "ledger.db-shm"].iter().any(|name| path.ends_with(name)))
        .map(|path| {
            let data = fs::metadata(&path).unwrap();
            (path, data.len(), data.modified().unwrap())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_ledger_that_is_whole_is_told_so_and_stays_as_it_is() {
    let shop = Shop::open();
    let list = people(30);
    shop.env.mmsg(CHECK).exits(10).says("there is no ledger at");
    shop.sandbox.errors("2300034=20%,2300036=20%");
    let _ = shop.send(&list, &["--max-sends", "20"]);
    let before = files(&shop);
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!((&told["healthy"], &told["faults"]), (&json!(true), &json!([])), "{told:#}");
    assert_eq!((&told["rows"]["sends"], &told["rows"]["recipients"]), (&json!(30), &json!(30)), "{told:#}");
    assert_eq!((&told["at_work"], &told["dead_runs"]), (&json!(0), &json!(0)), "{told:#}");
    assert!(told["steps"].as_i64().unwrap() > 0 && told["steps"] == told["steps_seen"], "{told:#}");
    assert!(told["bytes"].as_u64().unwrap() > 0 && told["free_bytes"].as_u64().unwrap() > 0, "{told:#}");
    let table = shop.env.mmsg(["ledger", "check"]).exits(0).stdout;
    assert!(table.contains("recipients 30") && table.contains("sends 30"), "{table}");
    assert_eq!(files(&shop), before);
}

#[test]
fn a_ledger_in_use_is_checked_and_a_run_that_died_is_counted() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(100));
    let list = people(200);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "4"]);
    let mut run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(4);
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!(
        (&told["at_work"], &told["dead_runs"], &told["left_claimed"]),
        (&json!(1), &json!(0), &json!(0)),
        "{told:#}"
    );
    assert!(run.is_running(), "the run was not at work any more");
    run.kill();
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!((&told["at_work"], &told["dead_runs"], &told["unknown"]), (&json!(0), &json!(1), &json!(0)), "{told:#}");
    let left = told["left_claimed"].as_u64().unwrap();
    assert!((1..=4).contains(&left), "{told:#}");
    // It was only looked at: the next command that shows the ledger makes them unknown.
    let _ = shop.env.mmsg(["unknown", "list"]).exits(0);
    let told = shop.env.mmsg(CHECK).exits(0).json();
    assert_eq!((&told["dead_runs"], &told["unknown"]), (&json!(0), &json!(left)), "{told:#}");
}

#[test]
fn what_is_wrong_is_said_with_what_to_type_next() {
    let shop = Shop::open();
    let _ = shop.totals(&people(20), &[], 0);
    let counted = "update states set n = n + 1 where state = 2";
    shop.changes_ledger(counted);
    let run = shop.env.mmsg(CHECK).exits(10).says("counts the rows of broadcast 1 wrongly");
    assert_eq!(run.json()["faults"][0]["kind"], "states", "{run:#?}");
    shop.changes_ledger(
        "update states set n = n - 1 where state = 2; update recipients set token = token || 'x' where id = 3",
    );
    let run = shop
        .env
        .mmsg(CHECK)
        .exits(10)
        .says("1 recipient would not be found by their token and could get a message twice");
    run.says("restore the latest backup, then run mmsg ledger accept-restore --since TIME");
    shop.changes_ledger("update ledger set gate = 'refused'");
    let run = shop
        .env
        .mmsg(["ledger", "check"])
        .exits(10)
        .says("would not be found")
        .says("or something else sends for this Page");
    assert!(run.stdout.contains("healthy"), "{run:#?}");
    // A page of the file that is not what it was.
    let conn = rusqlite::Connection::open(shop.ledger()).unwrap();
    conn.query_row("pragma wal_checkpoint(truncate)", (), |_| Ok(())).unwrap();
    let page: u64 = conn
        .query_row("select rootpage from sqlite_schema where name = 'sends_once'", (), |row| row.get::<_, i64>(0))
        .unwrap() as u64;
    drop(conn);
    let mut bytes = fs::read(shop.ledger()).unwrap();
    let at = (page as usize - 1) * 4096;
    bytes[at + 4000..at + 4096].fill(0);
    fs::write(shop.ledger(), bytes).unwrap();
    let run = shop.env.mmsg(CHECK).exits(10).says("is damaged");
    run.says("restore the latest backup");
}
