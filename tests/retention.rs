//! `mmsg ledger retention`: what is old goes, and nobody gets anything by it. The sandbox's record is the judge.

use serde_json::{Value, json};

use crate::common::engine::on_both;
use crate::common::receiver::notice;
use crate::common::shop::{Shop, people};

const DAY: i64 = 24;

fn retention(shop: &Shop, args: &[&str]) -> crate::common::Run {
    let words = ["ledger", "retention", "--events-before", "30d", "--lists-before", "30d", "-o", "json"];
    shop.env.mmsg(words.iter().chain(args))
}

fn rows(printed: &Value) -> Vec<(&str, u64)> {
    let rows = printed.as_array().unwrap().iter();
    rows.map(|row| (row["what"].as_str().unwrap(), row["rows"].as_u64().unwrap())).collect()
}

fn what_is_old_goes_once_it_is_confirmed_and_nobody_is_asked_again() {
    let shop = Shop::open();
    shop.message("named.json", &json!({ "text": "Hello ${name}" }));
    let list = people(20);
    let csv = format!("token,name\n{}", list.iter().map(|token| format!("{token},Somebody\n")).collect::<String>());
    let import = |name: &str| {
        let _ = shop.env.mmsg_reading(&*csv, ["tokens", "import", "--audience", name]).exits(0);
    };
    import("spring");
    let send = |args: &[&str], code: i32| {
        let words = shop.words(&[&["--message", "named.json", "-o", "json"], args].concat());
        shop.env.mmsg(words).exits(code).totals()
    };
    assert_eq!(send(&["--audience", "spring"], 0)["accepted"], 20);
    let ingest = |body: &str| shop.env.mmsg_reading(body, ["webhook", "ingest", "-"]).exits(0);
    let _ = ingest(&notice([3, 4, 5]));
    let now = (crate::common::now() / 1000).to_string();
    let _ = ingest(&notice([6, 7]).replace("1764000000", &now).replace("120210000000000123", &shop.campaign));
    let report = || shop.env.mmsg(["report", "--offline", "-o", "json"]).exits(0).json()["funnel"].clone();
    let before = report();
    assert_eq!([&before["accepted"], &before["read"]], [20, 2], "{before:#}");
    let young = retention(&shop, &["--dry-run"]).exits(0).json();
    assert_eq!(rows(&young), [("events", 3), ("audiences", 0), ("values", 0), ("lists", 0)]);

    shop.let_hours_pass(60 * DAY);
    shop.changes_ledger(
        "update audiences set imported_at = imported_at - 5184000000; update counters set hour = hour - 1440 where broadcast > 0",
    );
    import("summer");
    let old = [("events", 3), ("audiences", 20), ("values", 20), ("lists", 20)];
    let dry = retention(&shop, &["--dry-run"]).exits(0).says("audience \"spring\" of Page").says("nothing was dropped");
    assert_eq!(rows(&dry.json()), old);
    let _ = retention(&shop, &[]).exits(9).prints_nothing().says("can't ask for confirmation before dropping old rows");
    let done = retention(&shop, &["--yes"]).exits(0).says("the oldest of 2025-11-24T");
    assert_eq!(done.json(), dry.json());
    let again = retention(&shop, &[]).exits(0).says("nothing is that old");
    assert_eq!(rows(&again.json()), old.map(|(what, _)| (what, 0)));

    // Figures and people stay, and so does what was sent to whom.
    assert_eq!(report(), before);
    let _ = shop.env.mmsg(["ledger", "check"]).exits(0);
    assert_eq!(shop.env.mmsg(["tokens", "list", "--count"]).exits(0).stdout.trim(), "20");
    let audiences = shop.env.mmsg(["audience", "list", "-o", "json"]).exits(0).json();
    assert_eq!(
        (audiences.as_array().unwrap().len(), &audiences[0]["audience"]),
        (1, &json!("summer")),
        "{audiences:#}"
    );
    let totals = send(&["--audience", "summer"], 0);
    assert_eq!([&totals["accepted"], &totals["rows"], &totals["changed_values"]], [20, 20, 0], "{totals:#}");
    shop.assert_each_once(&list);
    // An event that comes late is still of its send.
    let _ = ingest(&notice([8]).replace("1764000000", &now).replace("120210000000000123", &shop.campaign));
    assert_eq!(shop.asks_ledger("select count(*) from events where how is not null and how < 3"), ["3"]);
}

fn what_is_needed_is_refused_with_what_to_type() {
    let shop = Shop::open();
    let run = |args: &[&str]| shop.env.mmsg(["ledger", "retention", "--yes"].iter().chain(args));
    let _ = run(&["--lists-before", "90d"]).fails(10, "there is no ledger at");
    let _ = shop.totals(&people(3), &[], 0);
    let _ = run(&[]).exits(2).prints_nothing().says("--events-before");
    let _ = run(&["--events-before", "6d"]).fails(2, "events of the last 7 days stay");
    let _ = run(&["--lists-before", "2100-01-01T00:00:00Z"]).fails(2, "still to come");
    let _ = run(&["--lists-before", "lately"]).exits(2).prints_nothing().says("use 1d (a day ago)");
    let _ = run(&["--events-before", "2026-01-01", "--lists-before", "today"]).exits(0);
    let _ = run(&["--events-before", "7d 1m", "--lists-before", "0s"]).exits(0);
}

on_both! {
    what_is_old_goes_once_it_is_confirmed_and_nobody_is_asked_again
    what_is_needed_is_refused_with_what_to_type
}
