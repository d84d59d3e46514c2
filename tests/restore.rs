//! A backup that was put back: nobody gets anything twice by it, at once or 13 hours later. Graph refuses nobody here: its 12 hours are
//! over in a moment, so that its record alone is the judge.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::patience::wait_until;
use crate::common::shop::{Shop, people};
use crate::common::started::Started;
use crate::common::{Run, now};

const OLD: &str = "is older than what was sent from it";

pub fn forgetful_shop() -> Shop {
    Shop::with(|options| options.time_scale = 1e6)
}

/// A backup, whoever is writing.
pub fn back_up(shop: &Shop) -> PathBuf {
    shop.env.mmsg(["ledger", "backup", "backup.db", "--force"]).exits(0);
    shop.env.path("backup.db")
}

/// The backup takes the ledger's place.
pub fn put_back(shop: &Shop, backup: &Path) {
    let ledger = shop.ledger();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(ledger.with_file_name(format!("ledger.db{end}")));
    }
    let new = ledger.with_file_name("restoring");
    fs::copy(backup, &new).unwrap();
    fs::rename(new, ledger).unwrap();
}

/// A shop whose list was planned, backed up, sent, and forgotten.
fn restored(list: &[String]) -> Shop {
    let shop = forgetful_shop();
    let _ = shop.totals(list, &["--max-sends", "0"], 6);
    let backup = back_up(&shop);
    let _ = shop.totals(list, &[], 0);
    put_back(&shop, &backup);
    shop
}

pub fn accept(shop: &Shop) -> Run {
    let since = shop.asks_ledger("select newest_at / 1000 from ledger").remove(0);
    shop.env.mmsg(["ledger", "accept-restore", "--since", &since, "--yes", "-o", "json"])
}

/// The same command twice at once.
pub fn both(shop: &Shop, list: &[String], args: &[&str]) -> [Run; 2] {
    let (text, words) = (list.join("\n"), shop.words(args));
    [(); 2].map(|()| shop.env.start(&text, &words)).map(Started::ends)
}

/// How many rows are in a state for a reason.
fn rows(shop: &Shop, state: u8, reason: &str) -> usize {
    let sql = format!("select count(*) from sends where state = {state} and reason = '{reason}'");
    shop.asks_ledger(&sql)[0].parse().unwrap()
}

#[test]
fn a_restored_copy_asks_nobody_however_it_is_asked_until_somebody_accepts_it() {
    let list = people(40);
    let shop = restored(&list);
    let resume = ["send", "--resume", "--rate", "unlimited"];
    let link = shop.env.path("link.db");
    symlink(shop.ledger(), &link).unwrap();
    for hours in [0, 13] {
        shop.let_hours_pass(hours);
        for run in both(&shop, &list, &[]) {
            run.fails(11, OLD).says("mmsg ledger accept-restore --since 2");
        }
        let _ = shop.env.mmsg(resume).fails(11, OLD);
        let _ = shop.send(&list, &["--again"]).fails(11, OLD);
        let _ = shop.send(&list, &["--retry-refused", "2300004"]).fails(11, OLD);
        let _ = shop.send(&list, &["--ledger", link.to_str().unwrap()]).fails(11, OLD);
        let _ = shop.send(&list, &["--dry-run"]).fails(11, OLD);
        assert_eq!(shop.sandbox.requests().len(), 40, "{hours} hours later");
        // Whoever only looks is not held up.
        let _ = shop.env.mmsg(["broadcast", "list"]).exits(0);
        let _ = shop.env.mmsg(["report", "--offline"]).exits(0);
    }
    let accepted = accept(&shop).exits(0).says("mmsg unknown settle").json();
    assert_eq!(accepted["unknown"], 40, "{accepted:#}");
    for hours in [0, 13] {
        shop.let_hours_pass(hours);
        for run in both(&shop, &list, &[]) {
            assert_eq!(run.code, 0, "{run:#?}");
        }
        let _ = shop.env.mmsg(resume).exits(0);
        assert_eq!(rows(&shop, 5, "restored"), 40);
        shop.assert_each_once(&list);
    }
    // Only now, and only by an operator's word.
    let _ = shop.env.mmsg(["unknown", "resolve", "--as", "not-sent", "--all", "--yes"]).exits(0);
    let _ = shop.totals(&list, &[], 0);
    assert_eq!(shop.sandbox.accepted().len(), 80);
}

#[test]
fn nobody_gets_anything_for_one_cool_down_whatever_is_sent() {
    let (list, others) = (people(10), people(25).split_off(10));
    let shop = restored(&list);
    let _ = accept(&shop).exits(0);
    // Graph names the second in which a campaign was created, by a clock of its own, which may be a little behind.
    let restored_at: i64 = shop.asks_ledger("select restored_at from ledger")[0].parse().unwrap();
    wait_until("another second has begun", || (now() - 500) / 1000 > restored_at / 1000);
    let campaign = shop.other_campaign();
    let elsewhere = ["--campaign", &campaign];
    for run in both(&shop, &[list.clone(), others.clone()].concat(), &elsewhere) {
        assert_eq!(run.code, 6, "{run:#?}");
    }
    let dry = shop.send(&others, &["--allow-restored", "--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!((&dry["would_send"], &dry["would_wait"]), (&json!(0), &json!(15)), "{dry:#}");
    shop.let_hours_pass(12);
    let _ = shop.env.mmsg(["send", "--resume", "--rate", "unlimited"]).exits(6);
    shop.assert_each_once(&list);
    // 12 hours have passed: the minute on top is left, and what a request may take.
    let margin: i64 = shop.asks_ledger("select nobody_before - restored_at from ledger")[0].parse().unwrap();
    assert_eq!(margin, 60_000 + 35_000);
    shop.let_hours_pass(1);
    for run in both(&shop, &[list.clone(), others.clone()].concat(), &elsewhere) {
        assert!(matches!(run.code, 0 | 6), "{run:#?}");
    }
    let record = shop.sandbox.record();
    assert_eq!(record.len(), 10 + 25, "{record:#?}");
    let again = |line: &&Value| line["campaign"] == campaign.as_str() || line["message_id"] == campaign.as_str();
    assert_eq!(record.iter().filter(again).count(), 25, "{:#?}", record[30]);
}

#[test]
fn a_list_that_the_copy_never_had_is_sent_again_only_with_the_flag() {
    let (known, lost) = (people(5), people(30).split_off(5));
    let shop = forgetful_shop();
    let _ = shop.totals(&known, &[], 0);
    let backup = back_up(&shop);
    let _ = shop.totals(&lost, &[], 0);
    put_back(&shop, &backup);
    for run in both(&shop, &lost, &[]) {
        run.fails(11, OLD);
    }
    let _ = accept(&shop).exits(0);
    shop.let_hours_pass(13);
    let all = [known, lost.clone()].concat();
    for args in [&[][..], &["--again"], &["--new-message"]] {
        for run in both(&shop, &lost, args) {
            run.exits(8).says("25 may have got this message before the ledger was restored").says("--allow-restored");
        }
        shop.assert_each_once(&all);
    }
    let totals = shop.totals(&lost, &[], 8);
    assert_eq!(totals["skipped_by_reason"]["restored"], 25, "{totals:#}");
    // Somebody who never got it.
    let new = vec!["canarySubscription987654321new".to_owned()];
    let _ = shop.totals(&new, &[], 8);
    let _ = shop.totals(&new, &["--allow-restored"], 0);
    shop.assert_each_once(&[all, new].concat());
}

#[test]
fn what_was_refused_before_is_not_retried_again() {
    let shop = forgetful_shop();
    let list = people(12);
    shop.sandbox.errors("2300004=100%");
    let _ = shop.totals(&list, &[], 8);
    let backup = back_up(&shop);
    shop.sandbox.errors("");
    let _ = shop.totals(&list, &["--retry-refused", "2300004"], 0);
    put_back(&shop, &backup);
    let _ = shop.send(&list, &["--retry-refused", "2300004"]).fails(11, OLD);
    let _ = accept(&shop).exits(0);
    shop.let_hours_pass(13);
    for run in both(&shop, &list, &["--retry-refused", "2300004"]) {
        run.says("12 rows are not retried: refused before the ledger was restored");
    }
    shop.assert_each_once(&list);
    // What was refused since is this ledger's own.
    shop.sandbox.errors("2300004=100%");
    let new = vec!["canarySubscription987654321new".to_owned()];
    let _ = shop.totals(&new, &["--allow-restored"], 8);
    shop.sandbox.errors("");
    let _ = shop.totals(&new, &["--retry-refused", "2300004"], 0);
    shop.assert_each_once(&[list, new].concat());
}

#[test]
fn a_copy_made_while_a_run_was_at_work_is_found_out_after_the_run_was_killed() {
    let shop = Shop::with(|options| {
        options.time_scale = 1e6;
        options.dials.latency = Duration::from_millis(20);
    });
    let list = people(400);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "4"]);
    let run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(40);
    let backup = back_up(&shop);
    // What is claimed is seen before it leaves, however soon the run is killed.
    shop.sandbox.wait_for_sends(shop.sandbox.requests().len() as u64 + 9);
    run.kill();
    put_back(&shop, &backup);
    let asked = shop.sandbox.requests().len();
    for run in both(&shop, &list, &[]) {
        run.fails(11, OLD);
    }
    assert_eq!(shop.sandbox.requests().len(), asked);
    let _ = accept(&shop).exits(0);
    shop.let_hours_pass(13);
    for run in both(&shop, &list, &[]) {
        assert_eq!(run.code, 0, "{run:#?}");
    }
    assert_eq!(shop.sandbox.requests().len(), asked);
    shop.sandbox.assert_nobody_twice();
}

#[test]
fn of_two_copies_in_one_folder_that_send_at_once_only_one_sends() {
    let shop = Shop::with(|options| {
        options.time_scale = 1e6;
        options.dials.latency = Duration::from_millis(20);
    });
    let list = people(120);
    let text = list.join("\n");
    let _ = shop.totals(&list, &["--max-sends", "0"], 6);
    let copy = shop.ledger().with_file_name("copy.db");
    fs::copy(shop.ledger(), &copy).unwrap();
    let names = [shop.ledger(), copy];
    let started = names.each_ref().map(|name| {
        let words = ["--concurrency", "4", "--ledger", name.to_str().unwrap()];
        shop.env.start(&text, &shop.words(&words))
    });
    let runs = started.map(Started::ends);
    let codes = runs.each_ref().map(|run| run.code);
    assert!(matches!(codes, [0, 11] | [11, 0]), "{runs:#?}");
    shop.assert_each_once(&list);
    assert_eq!(shop.sandbox.requests().len(), list.len(), "a second request for somebody");
    let late = usize::from(codes[0] == 0);
    shop.env.mmsg_reading(&*text, shop.words(&["--ledger", names[late].to_str().unwrap()])).fails(11, OLD);
}

#[test]
fn accepting_asks_first_and_only_while_nobody_sends() {
    let list = people(8);
    let shop = restored(&list);
    let words = ["ledger", "accept-restore", "--since", "2020-01-01T00:00:00Z"];
    shop.env
        .mmsg(words)
        .fails(9, "accepting a restored ledger")
        .says("8 pending rows become unknown")
        .says("but was in use until");
    shop.env.mmsg(["ledger", "accept-restore"]).exits(2).prints_nothing().says("--since");
    shop.env
        .mmsg(["ledger", "accept-restore", "--since", "2100-01-01T00:00:00Z", "--yes"])
        .fails(2, "is in the future");
    shop.env
        .mmsg(["ledger", "accept-restore", "--other-sender", "--yes"])
        .fails(2, "is an old copy, even if another program also sends");
    let mut terminal = shop.env.terminal(100, &words);
    terminal.wait_for("nobody gets a message before").wait_for("Accept this ledger?").type_keys("n\r");
    assert_eq!(terminal.end().code, 9);
    let _ = shop.send(&list, &[]).fails(11, OLD);
    assert_eq!(rows(&shop, 5, "restored"), 0);
    let audit = "select command || ': ' || what from audit";
    assert_eq!(shop.asks_ledger(audit), Vec::<String>::new());
    let _ = shop.env.mmsg([&words[..], &["--yes"]].concat()).exits(0);
    assert_eq!(shop.asks_ledger(audit).len(), 1);
    assert!(
        shop.asks_ledger(audit)[0].starts_with("ledger accept-restore: since 2020-01-01T00:00:00Z, nobody before 2")
    );
    shop.assert_each_once(&list);
}

#[test]
fn nothing_is_accepted_while_a_run_is_at_work() {
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(100));
    let list = people(100);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "2"]);
    let mut run = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(10);
    let accept = ["ledger", "accept-restore", "--since", "2020-01-01T00:00:00Z", "--yes"];
    shop.env.mmsg(accept).fails(10, "1 process is still sending from this ledger");
    assert!(run.is_running());
    assert_eq!(run.ends().code, 0);
    shop.assert_each_once(&list);
    // An operator may know what the ledger can't.
    shop.env.mmsg(accept).exits(0).says("shows no sign of being an old copy");
}

#[test]
fn events_prove_what_was_sent_whether_they_came_before_the_copy_was_accepted_or_after() {
    let list = people(10);
    let shop = restored(&list);
    let record = shop.sandbox.record();
    let tell = |lines: &[Value]| {
        let changes: Vec<Value> = lines
            .iter()
            .map(|line| {
                let value = json!({
                    "page_id": "104857600123457", "message_id": shop.campaign, "messenger_subscription_token": line["token"],
                    "timestamp": line["at"].as_i64().unwrap() / 1000 + 1, "marketing_message_tracking_id": line["tracking_id"],
                });
                json!({ "field": "marketing_message_deliveries", "value": value })
            })
            .collect();
        let body = json!({ "object": "page", "entry": [{ "id": "104857600123457", "time": 1, "changes": changes }] });
        shop.env.mmsg_reading(body.to_string(), ["webhook", "ingest", "-", "-o", "json"]).exits(0).json()
    };
    let told = tell(&record[..4]);
    assert_eq!(told["foreign"], 4, "the copy knows nothing of them: {told:#}");
    let accepted = accept(&shop).exits(0).json();
    assert_eq!(accepted["unknown"], 10);
    let settled = shop.env.mmsg(["unknown", "settle", "--events-only", "-o", "json"]).exits(0).json();
    assert_eq!((&settled["by_events"], &settled["in_doubt"]), (&json!(4), &json!(6)), "{settled:#}");
    let told = tell(&record[4..7]);
    assert_eq!((&told["settled"], &told["foreign"]), (&json!(3), &json!(0)), "{told:#}");
    // Graph says of the others that something reached them since then, but not what.
    let settled = shop.env.mmsg(["unknown", "settle", "-o", "json"]).exits(0).json();
    assert_eq!(
        (&settled["asked"], &settled["by_eligible_time"], &settled["in_doubt"]),
        (&json!(3), &json!(0), &json!(3))
    );
    let report = shop.env.mmsg(["report", "--offline", "-o", "json"]).exits(0).json();
    let funnel = |what: &str| report["funnel"][what].as_u64().unwrap();
    assert_eq!((funnel("accepted"), funnel("delivered"), funnel("unknown")), (7, 7, 3), "{report:#}");
    assert_eq!(report["foreign_events"], 0, "{report:#}");
    let why = shop.env.mmsg(["why", record[9]["token"].as_str().unwrap()]).exits(0);
    assert!(why.stdout.contains("restored") && !why.stdout.contains("attempt"), "{why:#?}");
    shop.env.mmsg(["ledger", "check"]).exits(0);
}

#[test]
fn accepting_that_is_cut_off_at_any_commit_is_done_again_or_was_done() {
    let list = people(8);
    let mut cut = 0;
    for point in ["write.before", "write.after"] {
        for pass in 1.. {
            let shop = restored(&list);
            let since = shop.asks_ledger("select newest_at / 1000 from ledger").remove(0);
            let words = ["ledger", "accept-restore", "--since", &since, "--yes"];
            // The copy is found out by this command, or was before.
            let mut command = shop.env.command(words);
            command.env("MMSG_FAILPOINT", format!("{point}:abort@{pass}"));
            let run = shop.env.start_command("", command).ends();
            if run.code == 0 {
                break;
            }
            assert_eq!(run.code, 134, "{run:#?}");
            cut += 1;
            let sends = both(&shop, &list, &[]);
            let is_done = shop.asks_ledger("select count(*) from audit") == ["1"];
            assert!(sends.iter().all(|send| send.code == if is_done { 0 } else { 11 }), "{point}@{pass}: {sends:#?}");
            let _ = shop.env.mmsg(words).exits(0);
            assert_eq!(rows(&shop, 5, "restored"), 8, "{point}@{pass}");
            shop.let_hours_pass(13);
            let _ = shop.totals(&list, &[], 0);
            shop.assert_each_once(&list);
        }
    }
    assert!(cut >= 8, "{cut}");
}
