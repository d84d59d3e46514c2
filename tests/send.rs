//! `mmsg send`: the main job. What was sent is counted at the sandbox, never in our own ledger alone.

use std::fs;

use serde_json::{Value, json};

use crate::common::now;
use crate::common::sandbox::tokens_of;
use crate::common::shop::{Shop, people};

#[test]
fn everybody_of_a_list_gets_the_message_once() {
    let shop = Shop::open();
    let list = people(300);
    let totals = shop.totals(&list, &[], 0);
    assert_eq!((totals["accepted"].as_u64(), totals["this_run"]["requests"].as_u64()), (Some(300), Some(300)));
    assert_eq!((totals["exit"].as_str(), totals["next_run_at"].as_str()), (Some("done"), None));
    shop.assert_each_once(&list);
    for line in shop.sandbox.record() {
        assert_eq!(line["message"], json!({"text": "Half price this week"}));
        assert_eq!(line["message_id"], shop.campaign.as_str());
    }
    // The same line again: no request, and nothing waits.
    let again = shop.totals(&list, &[], 0);
    assert_eq!((again["accepted"].as_u64(), again["this_run"]["requests"].as_u64()), (Some(300), Some(0)));
    assert_eq!(shop.sandbox.requests().len(), 300);
}

#[test]
fn message_send_is_the_same_command() {
    let shop = Shop::open();
    let list = people(3);
    let mut words = shop.words(&[]);
    words.insert(0, "message");
    let run = shop.env.mmsg_reading(list.join("\n"), &words).exits(0);
    assert!(run.stdout.contains("accepted"), "{run:#?}");
    shop.assert_each_once(&list);
    let _ = shop.totals(&list, &[], 0);
    assert_eq!(shop.sandbox.requests().len(), 3);
}

#[test]
fn campaign_message_and_pace_may_come_from_the_profile() {
    let shop = Shop::open();
    let env = shop.sandbox.environment().profiles(&format!(
        "[profiles.default.send]\ncampaign = '{}'\nmessage = 'promo.json'\nrate = 'unlimited'\n",
        shop.campaign
    ));
    // A relative path starts at the profile file's folder.
    fs::copy(shop.env.path("promo.json"), env.profile_file().with_file_name("promo.json")).unwrap();
    let run = env.mmsg_reading(people(20).join("\n"), ["send", "-o", "json"]).exits(0);
    assert_eq!(run.json()["accepted"], 20);
    shop.assert_each_once(&people(20));
}

#[test]
fn one_line_for_each_row_and_the_totals_last() {
    let shop = Shop::open();
    let list = people(40);
    shop.sandbox.error_tokens([(list[5].clone(), "2300034".into()), (list[6].clone(), "accepted-drop".into())]);
    let run = shop.send(&list, &["-o", "ndjson"]).exits(11);
    let rows = run.rows();
    let mut tokens = tokens_of(&rows);
    tokens.sort();
    assert_eq!(tokens, list, "one line for each row");
    for row in &rows {
        let keys: Vec<_> = row.as_object().unwrap().keys().collect();
        let want = ["token", "state", "reason", "tracking_id", "code", "subcode", "fbtrace_id", "not_before", "at"];
        assert_eq!(keys, want);
        match row["token"].as_str().unwrap() {
            token if token == list[5] => {
                assert_eq!((&row["state"], &row["code"]), (&json!("refused"), &json!(2_300_034)))
            }
            token if token == list[6] => assert_eq!(row["state"], "unknown"),
            _ => assert_eq!((&row["state"], row["tracking_id"].is_string()), (&json!("accepted"), true)),
        }
    }
    // Tracking ids are the ones that Graph gave.
    for truth in shop.sandbox.record().iter().filter(|line| line["token"] != list[6].as_str()) {
        let row = rows.iter().find(|row| row["token"] == truth["token"]).unwrap();
        assert_eq!(row["tracking_id"], truth["tracking_id"]);
    }
    let totals = run.last_line();
    assert_eq!((&totals["accepted"], &totals["refused"], &totals["unknown"]), (&json!(38), &json!(1), &json!(1)));
    // Nothing new, no lines; the older unknown is told, and is not a reason for 11.
    let again = shop.send(&list, &["-o", "ndjson"]).exits(0).says("mmsg unknown list");
    assert_eq!(again.stdout, "");
}

#[test]
fn results_and_csv_hold_the_same_rows() {
    let shop = Shop::open();
    let list = people(10);
    let run = shop.send(&list, &["-o", "csv", "--results", "results.ndjson"]).exits(0);
    let header = "token,state,reason,tracking_id,code,subcode,fbtrace_id,not_before,at";
    assert_eq!(run.stdout.lines().next(), Some(header));
    assert_eq!(run.stdout.lines().count(), 11);
    let results = fs::read_to_string(shop.env.path("results.ndjson")).unwrap();
    assert_eq!(results.lines().count(), 10);
    assert!(results.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["state"] == "accepted"));
    use std::os::unix::fs::PermissionsExt;
    let mode = |file: &str| fs::metadata(shop.env.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("results.ndjson"), 0o600);
    assert_eq!((mode(".local/share/mmsg/ledger.db"), mode(".local/share/mmsg")), (0o600, 0o700));
    // A file goes on where it ended, with one header.
    let more = people(15);
    let _ = shop.totals(&more[..12], &["--results", "results.csv"], 0);
    let _ = shop.totals(&more, &["--results", "results.csv"], 0);
    let results = fs::read_to_string(shop.env.path("results.csv")).unwrap();
    assert_eq!(results.lines().filter(|line| *line == header).count(), 1);
    assert_eq!(results.lines().count(), 6);
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let shop = Shop::open();
    let list = people(7);
    let dry = shop.send(&list, &["--dry-run", "-o", "json"]).exits(0).says("nothing was sent or written").json();
    assert_eq!((&dry["rows"], &dry["would_send"]), (&json!(7), &json!(7)));
    assert!(!shop.ledger().exists(), "a dry run made a ledger");
    shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
    let _ = shop.totals(&list[..3], &[], 0);
    let before = fs::read(shop.ledger()).unwrap();
    let dry = shop.send(&list, &["--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!((&dry["would_send"], &dry["settled"]["accepted"]), (&json!(4), &json!(3)), "{dry:#}");
    // It puts no refused row back, and would tell too few.
    shop.send(&list, &["--dry-run", "--retry-refused", "2300004"]).exits(2).says("cannot be used with");
    assert!(fs::read(shop.ledger()).unwrap() == before, "a dry run wrote to the ledger");
    shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
    assert_eq!(shop.sandbox.requests().len(), 3);
}

#[test]
fn three_sends_at_once_share_the_work() {
    let shop = Shop::with(|options| options.dials.latency = std::time::Duration::from_millis(20));
    let list = people(400);
    let text = list.join("\n");
    let words = shop.words(&["-o", "json", "--concurrency", "8"]);
    let started: Vec<_> = (0..3).map(|_| shop.env.start(&text, &words)).collect();
    let runs: Vec<_> = started.into_iter().map(super::common::started::Started::ends).collect();
    let mut requests = 0;
    for run in &runs {
        assert!(matches!(run.code, 0 | 6), "{run:#?}");
        requests += run.json()["this_run"]["requests"].as_u64().unwrap();
    }
    assert!(runs.iter().any(|run| run.code == 0), "{runs:#?}");
    assert_eq!(requests, 400);
    assert!(runs.iter().filter(|run| run.json()["this_run"]["requests"].as_u64() > Some(0)).count() > 1, "{runs:#?}");
    shop.assert_each_once(&list);
    assert_eq!(shop.sandbox.requests().len(), 400);
}

#[test]
fn max_sends_ends_with_6_and_the_next_run_continues() {
    let shop = Shop::open();
    let list = people(30);
    let totals = shop.totals(&list, &["--max-sends", "0"], 6);
    assert_eq!((&totals["pending"], shop.sandbox.requests().len()), (&json!(30), 0));
    let totals = shop.totals(&list, &["--max-sends", "11"], 6);
    assert_eq!((&totals["accepted"], shop.sandbox.requests().len()), (&json!(11), 11));
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

#[test]
fn a_list_counts_alone_and_others_stay_pending() {
    let shop = Shop::open();
    let list = people(20);
    let _ = shop.totals(&list[..10], &["--max-sends", "0"], 6);
    let totals = shop.totals(&list[8..], &[], 0);
    assert_eq!((&totals["accepted"], &totals["pending_elsewhere"]), (&json!(12), &json!(8)));
    let mut got = shop.sandbox.accepted();
    got.sort();
    assert_eq!(got, list[8..], "somebody outside the list got it");
    let totals = shop.env.mmsg(["send", "--resume", "--rate", "unlimited", "-o", "json"]).exits(0).json();
    assert_eq!(totals["pending"], 0);
    shop.assert_each_once(&list);
}

#[test]
fn resume_works_through_all_unfinished_broadcasts_and_one_bad_campaign_ends_its_turn_only() {
    let shop = Shop::open();
    let list = people(9);
    let (second, third) = (shop.other_campaign(), shop.other_campaign());
    let _ = shop.totals(&list[..3], &["--max-sends", "0"], 6);
    let _ = shop.totals(&list[3..6], &["--max-sends", "0", "--campaign", &second], 6);
    let _ = shop.totals(&list[6..], &["--max-sends", "0", "--campaign", &third], 6);
    // The first broadcast's campaign goes away behind our back.
    let there = shop.sandbox.environment();
    there.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).exits(0);
    let run = shop.env.mmsg(["send", "--resume", "--rate", "unlimited", "-o", "json"]).exits(5);
    assert!(run.stderr.contains(&shop.campaign), "{run:#?}");
    let mut got = shop.sandbox.accepted();
    got.sort();
    assert_eq!(got, list[3..]);
    shop.env.mmsg(["broadcast", "close", "1"]).fails(9, "--yes");
    shop.env.mmsg(["broadcast", "close", "1", "--yes"]).exits(0);
    shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
}

#[test]
fn a_burst_of_dead_tokens_ends_the_run_unless_told_otherwise() {
    let shop = Shop::open();
    let list = people(200);
    shop.sandbox.errors("2300004=100%");
    let run = shop.send(&list, &[]).exits(5).says("the problem is probably the Page").says("--retry-refused 2300004");
    run.prints_nothing();
    let asked = shop.sandbox.requests().len();
    assert!((20..=20 + 64).contains(&asked), "{asked} requests for one mistake");
    let totals = shop.totals(&list, &["--allow-refusals"], 8);
    assert_eq!(totals["refused"], 200);
    assert_eq!(shop.sandbox.accepted().len(), 0);
    shop.sandbox.errors("");
    let _ = shop.totals(&list, &["--retry-refused", "2300004"], 0);
    shop.assert_each_once(&list);
}

#[test]
fn the_rate_is_held() {
    let shop = Shop::open();
    // From before the start: the first request may be late, and no other one earlier for that.
    let begin = now();
    let _ = shop.totals(&people(41), &["--rate", "20"], 0);
    let times = shop.sandbox.requests().iter().map(|line| line["at"].as_i64().unwrap()).collect::<Vec<_>>();
    let (first, last) = (times[0] - begin, times[40] - begin);
    assert!(last >= 1949, "40 gaps of 50 ms ended after {last} ms");
    assert!(last - first < 4000, "{} ms for 40 gaps of 50 ms", last - first);
}

#[test]
fn an_id_of_the_campaigns_other_objects_is_translated() {
    let shop = Shop::open();
    let read = shop.env.mmsg(["campaign", "get", &shop.campaign, "-o", "json"]).exits(0).json();
    let other = read["campaign_id"].as_str().unwrap();
    let list = people(3);
    let run = shop.send(&list, &["--campaign", other]).exits(0).says(&shop.campaign);
    assert!(run.stderr.contains("not a message ID"), "{run:#?}");
    assert!(shop.sandbox.record().iter().all(|line| line["message_id"] == shop.campaign.as_str()));
    let _ = shop.totals(&list, &[], 0);
    assert_eq!(shop.sandbox.requests().len(), 3, "one campaign under two ids is two broadcasts");
}

#[test]
fn a_new_ledger_is_announced_once_wherever_it_is_made() {
    let shop = Shop::open();
    shop.send(&people(1), &[]).exits(0).says("created a new, empty ledger");
    let again = shop.send(&people(1), &[]).exits(0);
    assert!(!again.stderr.contains("created a new, empty ledger"));
    // A slip in a path that was named makes one too.
    let named = shop.send(&people(1), &["--ledger", "mine.db", "--max-sends", "0"]).exits(6);
    let lines: Vec<_> = named.stderr.lines().filter(|line| line.contains("created a new, empty ledger")).collect();
    assert!(matches!(lines[..], [line] if line.ends_with("/mine.db (flag --ledger)")), "{named:#?}");
    let quiet = shop.send(&people(1), &["--ledger", "other.db", "--max-sends", "0", "--quiet"]).exits(6);
    assert!(!quiet.stderr.contains("new, empty ledger"), "{quiet:#?}");
    assert!(shop.env.path("mine.db").exists() && shop.env.path("other.db").exists());
}

#[test]
fn results_begin_a_new_line_after_a_torn_one_and_go_to_devices_too() {
    let shop = Shop::open();
    let torn = r#"{"token":"1","state":"acc"#;
    fs::write(shop.env.path("results.ndjson"), torn).unwrap();
    let list = people(2);
    let _ = shop.totals(&list[..1], &["--results", "results.ndjson"], 0);
    let _ = shop.totals(&list[1..], &["--results", "results.ndjson"], 0);
    let results = fs::read_to_string(shop.env.path("results.ndjson")).unwrap();
    let lines: Vec<&str> = results.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, torn));
    for (line, token) in lines[1..].iter().zip(&list) {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["token"], token.as_str());
    }
    let _ = shop.totals(&people(3)[2..], &["--results", "/dev/null"], 0);
    shop.assert_each_once(&people(3));
}
