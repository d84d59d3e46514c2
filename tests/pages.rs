//! One ledger, several Pages: nobody looks at nothing, or acts on another Page's rows, unawares.

use crate::common::shop::{Shop, people};
use crate::common::{Env, Run};

/// A shop with one send of three unknown, seen by somebody whose Page is another.
fn seen_from_another_page() -> (Shop, Env, Vec<String>) {
    let (shop, list) = (Shop::open(), people(3));
    shop.sandbox.error_tokens([(list[0].clone(), "accepted-drop".to_owned())]);
    let _ = shop.totals(&list, &["--max-sends", "2", "--concurrency", "1"], 11);
    let other = shop.sandbox.environment().set("MMSG_PAGE", "4711").set("MMSG_LEDGER", shop.ledger().to_str().unwrap());
    (shop, other, list)
}

#[test]
fn lists_are_narrowed_to_the_page_and_say_what_they_leave_out() {
    let (shop, other, list) = seen_from_another_page();
    for (what, hidden, rows) in
        [("unknown", "not shown: 1 unknown send of", 1), ("broadcast", "not shown: 1 broadcast of", 1)]
    {
        let run = other.mmsg([what, "list", "-o", "json"]).exits(0).says(hidden);
        assert_eq!(run.json().as_array().unwrap().len(), 0, "{run:#?}");
        let run = other.mmsg([what, "list", "-o", "json", "--all-pages"]).exits(0);
        let page = run.json()[0]["page"].as_str().unwrap().to_owned();
        assert_ne!(page, "4711");
        assert_eq!(run.json().as_array().unwrap().len(), rows);
        let table = other.mmsg([what, "list", "--all-pages"]).exits(0).stdout;
        assert!(table.contains("PAGE") || table.contains("Page"), "{table}");
        assert!(table.contains(&page), "{table}");
        let run = shop.env.mmsg([what, "list", "-o", "json"]).exits(0);
        assert_eq!(run.json().as_array().unwrap().len(), rows, "its own Page sees it");
        assert!(!run.stderr.contains("not shown"), "{run:#?}");
    }
    let settled = other.mmsg(["unknown", "settle", "--events-only", "-o", "json"]).exits(0).json();
    assert_eq!((&settled["of_other_pages"], &settled["in_doubt"]), (&1.into(), &0.into()));
    other.mmsg(["why", &list[1]]).fails(5, "belongs to Page");
    assert!(other.mmsg(["why", &list[1], "--all-pages", "-o", "json"]).exits(0).json().as_array().unwrap().len() > 1);
}

#[test]
fn nothing_of_another_page_is_changed() {
    let (shop, other, list) = seen_from_another_page();
    let states = || shop.asks_ledger("select state from sends order by id");
    let before = states();
    let resolve = |args: &[&str]| -> Run {
        let words = ["unknown", "resolve", "--as", "accepted", "--yes"];
        other.mmsg(words.iter().chain(args))
    };
    resolve(&["--all"]).exits(0).says("nothing was changed").says("not shown: 1 unknown send");
    resolve(&["--broadcast", "1"]).fails(5, "belongs to Page");
    resolve(&["--token", &list[0]]).fails(5, "belongs to Page");
    other.mmsg(["broadcast", "close", "1", "--yes"]).fails(5, "broadcast 1 belongs to Page");
    other.mmsg(["report", "--offline", "--campaign", &shop.campaign]).fails(5, "belongs to Page");
    other.mmsg(["report", "--offline", "--broadcast", "1"]).fails(5, "belongs to Page");
    other
        .mmsg(["campaign", "delete", &shop.campaign, "--yes"])
        .fails(5, "and the profile's Page is 4711; nothing was deleted");
    shop.env.mmsg(["campaign", "get", &shop.campaign]).exits(0);
    assert_eq!(states(), before);

    let accepted = |args: &[&str]| other.mmsg([&["report", "--offline", "-o", "json"], args].concat()).exits(0).json();
    assert_eq!(accepted(&[])["funnel"]["accepted"], 0);
    assert_eq!(accepted(&["--all-pages"])["funnel"]["accepted"], 1);
    let run = resolve(&["--all", "--all-pages"]).exits(0).says("resolved 1 send");
    assert!(run.stderr.contains("1 unknown send of Page "), "{run:#?}");
    other.mmsg(["broadcast", "close", "1", "--yes", "--all-pages"]).exits(0).says("canceled 1 row");
}

#[test]
fn nobody_is_told_that_all_is_well_of_a_profile_that_nobody_chose() {
    let env =
        Env::new().profiles("[profiles.one]\npage = '1'\n[profiles.two]\npage = '2'\nledger = '/elsewhere/two.db'\n");
    let asks: [&[&str]; 6] = [
        &["unknown", "list"],
        &["broadcast", "list"],
        &["why", "someone"],
        &["report", "--offline"],
        &["unknown", "settle", "--events-only"],
        &["unknown", "resolve", "--all", "--as", "accepted", "--yes"],
    ];
    for ask in asks {
        env.mmsg(ask).fails(3, "there are several profiles, and none is selected").says("one, two");
        env.mmsg([ask, &["--profile", "two"]].concat()).fails(10, "there is no ledger at /elsewhere/two.db");
    }
}

#[test]
fn a_resume_that_did_nothing_says_nothing_with_quiet() {
    let shop = Shop::open();
    let quiet = || {
        let run = shop.env.mmsg(["send", "--resume", "--quiet"]);
        assert_eq!((&*run.stdout, &*run.stderr), ("", ""));
        run.code
    };
    assert_eq!(quiet(), 0, "no ledger yet");
    let _ = shop.totals(&people(2), &[], 0);
    assert_eq!(quiet(), 0, "everything is done");
    shop.changes_ledger("update recipients set blocked_until = 0");
    assert!(
        shop.env.mmsg(["send", "--resume", "--quiet", "-o", "json"]).exits(0).json().is_object(),
        "scripts get their value"
    );
}

#[test]
fn the_next_run_is_now_or_later_and_never_in_1970() {
    let shop = Shop::open();
    let _ = shop.totals(&people(5), &["--max-sends", "2"], 6);
    for args in [
        ["broadcast", "list", "-o", "json"],
        ["broadcast", "list", "-o", "csv"],
        ["send", "--resume", "--max-sends=0", "-ojson"],
    ] {
        let run = shop.env.mmsg(args);
        assert!(!run.stdout.contains("1970-") && run.stdout.contains("next_run_at"), "{run:#?}");
    }
    let row = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json()[0].clone();
    let at: jiff::Timestamp = row["next_run_at"].as_str().unwrap().parse().unwrap();
    assert!((at.as_millisecond() - crate::common::now()).abs() < 60_000, "{row}");
    assert!(shop.env.mmsg(["broadcast", "list"]).exits(0).stdout.contains("now"));
}
