//! Doubt and what settles it, held against what the sandbox accepted.

use crate::common::SUBSCRIPTION_TOKEN;
use crate::common::shop::{Shop, people};

/// A shop in which the answers of the first three people were lost after acceptance, and the next two requests before it.
fn in_doubt() -> (Shop, Vec<String>) {
    let (shop, list) = (Shop::open(), people(8));
    let faults = ["accepted-drop", "accepted-drop", "accepted-drop", "drop", "drop"];
    shop.sandbox.error_tokens(list.iter().cloned().zip(faults.map(str::to_owned)));
    let totals = shop.totals(&list, &["--concurrency", "1"], 11);
    assert_eq!(totals["unknown"], 5, "{totals:#}");
    shop.sandbox.error_tokens([]);
    (shop, list)
}

fn states(shop: &Shop) -> Vec<String> {
    shop.asks_ledger("select state || ' ' || coalesce(substr(reason, 1, 17), '') from sends order by id")
}

#[test]
fn settling_asks_when_each_person_may_be_sent_to_and_finds_the_truth() {
    let (shop, list) = in_doubt();
    let run = shop.env.mmsg(["unknown", "settle", "-o", "json", "--verbose"]).exits(0);
    let settled = run.json();
    assert_eq!((&settled["asked"], &settled["by_eligible_time"]), (&5.into(), &3.into()), "{settled:#}");
    assert_eq!((&settled["probably_not_sent"], &settled["in_doubt"]), (&0.into(), &2.into()));
    assert!(!run.stderr.contains(SUBSCRIPTION_TOKEN), "a token is in the log: {}", run.stderr);
    let accepted = shop.sandbox.accepted();
    for (token, state) in list.iter().zip(states(&shop)) {
        assert_eq!(state.starts_with('2'), accepted.contains(token), "{token}: {state}");
    }
    let audit = shop.asks_ledger("select what from audit where command = 'unknown settle'");
    assert_eq!(audit, ["3 sends proved accepted, 0 probably not sent"]);
    // What Graph said is kept, and nobody gets a message before it.
    let eligible = "select token from recipients where next_eligible_at > (select max(claimed_at) from sends) + 43000000 order by id";
    assert_eq!(shop.asks_ledger(eligible), list[..3]);
    assert_eq!(shop.asks_ledger("select count(*) from recipients where next_eligible_at is not null"), ["5"]);
    shop.changes_ledger("update recipients set blocked_until = 0");
    let first =
        "select strftime('%Y-%m-%dT%H:%M:%SZ', next_eligible_at / 1000, 'unixepoch') from recipients where id = 1";
    let until = shop.asks_ledger(first).remove(0);
    let why = shop.env.mmsg(["why", &list[0]]).exits(0);
    assert!(why.stderr.contains(&until), "not {until}: {}", why.stderr);

    // A day of silence later.
    shop.let_hours_pass(25);
    let run = shop.env.mmsg(["unknown", "settle", "-o", "json"]).exits(0);
    let settled = run.json();
    assert_eq!((&settled["probably_not_sent"], &settled["in_doubt"]), (&2.into(), &2.into()), "{settled:#}");
    assert!(run.stderr.contains("--why 'probably not sent'"), "{}", run.stderr);
    // Nothing goes out by that alone, not even when the cool-down is long over.
    shop.env.mmsg(["send", "--resume"]).exits(0);
    assert_eq!(shop.sandbox.accepted().len(), accepted.len());
    assert_eq!(states(&shop)[3..5], ["5 probably not sent", "5 probably not sent"]);

    // Asked again it says the same once.
    shop.env.mmsg(["unknown", "settle"]).exits(0);
    let reasons = shop.asks_ledger("select count(*) from sends where reason like '%probably%probably%'");
    assert_eq!(reasons, ["0"]);
    shop.env.mmsg(["unknown", "resolve", "--as", "not-sent", "--why", "probably not sent", "--yes"]).exits(0);
    assert_eq!(states(&shop)[3..5], ["0 resolved", "0 resolved"]);
}

#[test]
fn settling_by_events_only_asks_nobody() {
    let (mut shop, _) = in_doubt();
    shop.sandbox.stop();
    let settled = shop.env.mmsg(["unknown", "settle", "--events-only", "-o", "json"]).exits(0).json();
    assert_eq!((&settled["asked"], &settled["in_doubt"]), (&0.into(), &5.into()));
}

#[test]
fn a_host_that_can_t_be_asked_settles_nothing_and_says_so() {
    let (shop, _) = in_doubt();
    let before = states(&shop);
    let env = shop.env.set("MMSG_PAGE_TOKEN", "wrong");
    let shop = Shop { env, ..shop };
    let run = shop.env.mmsg(["unknown", "settle"]).exits(4);
    assert!(run.stderr.contains("can't read a subscription token"), "{}", run.stderr);
    assert_eq!(states(&shop), before);
}
