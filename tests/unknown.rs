//! Doubt and what settles it, held against what the sandbox accepted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::common::shop::{Shop, people};
use crate::common::started::held_by_permissions;
use crate::common::{SUBSCRIPTION_TOKEN, files_below};

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

/// A shop whose answers take a second, with a list for it.
fn slow() -> (Shop, Vec<String>) {
    let (shop, list) = (Shop::open(), people(20));
    shop.sandbox.turn(|dials| dials.latency = Duration::from_secs(1));
    (shop, list)
}

/// A shop whose run was killed with requests on the wire, and how many rows it had claimed.
fn killed() -> (Shop, Vec<String>, usize) {
    let (shop, list) = slow();
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let started = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(1);
    started.kill();
    shop.sandbox.turn(|dials| dials.latency = Duration::ZERO);
    let left = claimed(&shop);
    assert!(left > 0);
    (shop, list, left)
}

fn claimed(shop: &Shop) -> usize {
    states(shop).iter().filter(|state| state.starts_with('1')).count()
}

#[test]
fn whoever_looks_after_a_kill_sees_what_it_left() {
    type Look = fn(&Shop, usize);
    let looks: [Look; 6] = [
        |shop, left| {
            let rows = shop.env.mmsg(["unknown", "list", "-o", "json"]).exits(0).json();
            let rows = rows.as_array().unwrap();
            assert_eq!(rows.len(), left, "{rows:#?}");
            assert!(rows.iter().all(|row| row["reason"] == "killed"), "{rows:#?}");
        },
        |shop, left| {
            let settled = shop.env.mmsg(["unknown", "settle", "--events-only", "-o", "json"]).exits(0).json();
            assert_eq!(settled["in_doubt"].as_u64().or(settled["unknown"].as_u64()), Some(left as u64), "{settled:#}");
        },
        |shop, left| {
            let run = shop.env.mmsg(["unknown", "resolve", "--as", "accepted", "--all", "--yes"]).exits(0);
            assert!(run.stderr.contains(&format!("resolved {left} ")), "{run:#?}");
        },
        |shop, left| {
            let rows = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
            assert_eq!((&rows[0]["claimed"], &rows[0]["unknown"]), (&0.into(), &left.into()), "{rows:#}");
        },
        |shop, _| {
            let claimed =
                "select r.token from sends s join recipients r on r.id = s.recipient where s.state = 1 limit 1";
            let token = shop.asks_ledger(claimed).remove(0);
            let run = shop.env.mmsg(["why", &token]).exits(0);
            assert!(run.stdout.contains("killed"), "{run:#?}");
        },
        |shop, left| {
            let report = shop.env.mmsg(["report", "--offline", "-o", "json"]).exits(0).json();
            assert_eq!(report["funnel"]["unknown"].as_u64(), Some(left as u64), "{report:#}");
        },
    ];
    for look in looks {
        let (shop, _, left) = killed();
        let before = shop.asks_ledger("select newest_at from ledger");
        let blocked = "select count(*) from sends s join recipients r on r.id = s.recipient
                       where r.blocked_until >= s.claimed_at + 43290000";
        look(&shop, left);
        assert_eq!(claimed(&shop), 0);
        assert_eq!(shop.asks_ledger(blocked), [left.to_string()], "a cool-down was shortened");
        assert_eq!(shop.asks_ledger("select newest_at from ledger"), before, "an unchecked clock was written");
    }
}

#[test]
fn what_a_live_run_has_claimed_stays_its_own() {
    let (shop, list) = slow();
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "8"]);
    let started = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(1);
    let rows = shop.env.mmsg(["unknown", "list", "-o", "json"]).exits(0).json();
    assert_eq!(rows.as_array().unwrap().len(), 0, "{rows:#}");
    started.kill();
    assert!(claimed(&shop) > 0);
}

#[test]
fn a_ledger_that_can_only_be_read_is_shown_with_a_warning() {
    let (shop, list, left) = killed();
    let folder = shop.ledger().parent().unwrap().to_owned();
    let permit = |file: u32, folder_mode: u32| {
        permissions(&folder, 0o700);
        permissions(&folder.join("runs"), 0o700);
        for path in files_below(&folder) {
            permissions(&path, file);
        }
        permissions(&folder.join("runs"), folder_mode);
        permissions(&folder, folder_mode);
    };
    permit(0o400, 0o500);
    let looks: [&[&str]; 4] =
        [&["unknown", "list"], &["broadcast", "list"], &["why", &list[0]], &["report", "--offline"]];
    for words in looks {
        let run = shop.env.start_command("", held_by_permissions(&shop.env, words)).ends().exits(0);
        assert!(run.stderr.contains("left by a run that died"), "{words:?}: {run:#?}");
    }
    assert_eq!(claimed(&shop), left);
    // Nothing is open any more, and no other file is beside it.
    permit(0o600, 0o700);
    shop.env.mmsg(["unknown", "list"]).exits(0);
    permit(0o400, 0o500);
    for words in looks {
        let run = shop.env.start_command("", held_by_permissions(&shop.env, words)).ends().exits(0);
        assert!(!run.stderr.contains("died"), "{words:?}: {run:#?}");
    }
    permit(0o600, 0o700);
}

fn permissions(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
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
