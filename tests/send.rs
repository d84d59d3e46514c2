//! `mmsg send`: the main job. What was sent is counted at the sandbox, never in our own ledger alone.

use std::fs;

use serde_json::{Value, json};

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
    // Nothing new, no lines; the older unknown is told, and is no reason for 11.
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
fn the_cool_down_holds_in_another_campaign() {
    let shop = Shop::open();
    let list = people(10);
    let _ = shop.totals(&list, &[], 0);
    let other = shop.other_campaign();
    let more = people(12);
    // The rows that are put off are told, with their time.
    let run = shop.send(&more, &["--campaign", &other, "-o", "ndjson"]).exits(6);
    let put_off = run.rows().iter().filter(|row| row["state"] == "pending" && row["not_before"].is_string()).count();
    assert_eq!(put_off, 10, "{run:#?}");
    let totals = run.last_line();
    assert_eq!((&totals["accepted"], &totals["pending"]), (&json!(2), &json!(10)));
    assert!(totals["next_run_at"].is_string(), "{totals:#}");
    assert_eq!(shop.sandbox.requests().len(), 12, "a second request for somebody");
}

#[test]
fn the_cool_down_holds_in_another_profile_and_whatever_flag_asks() {
    let shop = Shop::open();
    let list = people(6);
    let _ = shop.totals(&list, &[], 0);
    shop.message("other.json", &json!({"text": "Something else"}));
    let totals = shop.totals(&list, &["--message", "other.json", "--new-message"], 6);
    assert_eq!(totals["pending"], 6);
    let totals = shop.totals(&list, &["--again"], 6);
    assert_eq!(totals["pending"], 6);
    let run = shop.env.mmsg(["send", "--resume", "--rate", "unlimited", "--allow-refusals"]);
    assert_eq!(run.code, 6, "{run:#?}");
    assert_eq!(shop.sandbox.requests().len(), 6, "a second request for somebody");
}

#[test]
fn after_the_cool_down_again_reaches_everybody_once_more() {
    let shop = Shop::with(|options| options.time_scale = 1e6);
    let list = people(6);
    let _ = shop.totals(&list, &[], 0);
    shop.let_hours_pass(6);
    let _ = shop.totals(&list, &["--again"], 6);
    let _ = shop.totals(&list, &["--again"], 6);
    assert_eq!(shop.sandbox.requests().len(), 6);
    shop.let_hours_pass(7);
    // The repeat that could not go out before is resumed, not opened anew.
    let totals = shop.totals(&list, &["--again"], 0);
    assert_eq!(totals["this_run"]["accepted"], 6);
    assert_eq!(shop.sandbox.accepted().len(), 12);
    // Without the flag it is done, however much time passes.
    shop.let_hours_pass(100);
    let _ = shop.totals(&list, &[], 0);
    assert_eq!(shop.sandbox.requests().len(), 12);
    assert_eq!(shop.asks_ledger("select count(*) from broadcasts"), ["2"]);
}

#[test]
fn a_short_cool_down_of_a_rehearsal_ends_sooner() {
    let shop = Shop::with(|options| options.time_scale = 1e6);
    let env = &shop.env;
    fs::create_dir_all(env.profile_file().parent().unwrap()).unwrap();
    fs::write(env.profile_file(), "[profiles.default.send]\ncool_down = '1s'\n").unwrap();
    let list = people(3);
    let _ = shop.totals(&list, &[], 0);
    let free: i64 = shop
        .asks_ledger("select max(blocked_until - finished_at) from sends s join recipients r on r.id = s.recipient")[0]
        .parse()
        .unwrap();
    assert_eq!(free, 61_000, "a second, and the minute on top");
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
fn a_reformatted_message_is_the_same_broadcast() {
    let shop = Shop::open();
    let card = json!({"attachment": {"type": "template", "payload": {"template_type": "button", "text": "Half price",
        "buttons": [{"type": "web_url", "title": "Shop now", "url": "https://example.com/"}]}}});
    shop.message("promo.json", &card);
    let list = people(4);
    let _ = shop.totals(&list, &[], 0);
    fs::write(
        shop.env.path("promo.json"),
        "{ \"attachment\": {\n\t\"payload\": { \"buttons\": [ {\"url\": \"https:\\/\\/example.com\\/\", \"title\": \"Shop \\u006eow\",\n\
         \"type\": \"web_url\"} ], \"text\": \"Half price\", \"template_type\": \"button\" }, \"type\": \"template\" } }\n\n",
    )
    .unwrap();
    shop.let_hours_pass(13);
    let totals = shop.totals(&list, &[], 0);
    assert_eq!((&totals["accepted"], &totals["this_run"]["requests"]), (&json!(4), &json!(0)));
    assert_eq!(shop.sandbox.requests().len(), 4);
}

#[test]
fn an_edited_message_goes_only_to_those_whom_the_first_did_not_reach() {
    let shop = Shop::with(|options| options.time_scale = 1e6);
    let list = people(8);
    let _ = shop.totals(&list[..5], &[], 0);
    shop.message("promo.json", &json!({"text": "Half price this week!"}));
    // Long after the cool-down, too: a mended typo goes to nobody twice.
    shop.let_hours_pass(100);
    let totals = shop.totals(&list, &[], 8);
    assert_eq!((&totals["accepted"], &totals["skipped_by_reason"]["other_message"]), (&json!(3), &json!(5)));
    shop.assert_each_once(&list);
    let totals = shop.totals(&list, &["--new-message"], 0);
    assert_eq!(totals["accepted"], 8, "{totals:#}");
    assert_eq!(shop.sandbox.accepted().len(), 13);
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
fn refusals_end_with_8_but_people_who_left_with_0() {
    let shop = Shop::open();
    let list = people(40);
    let fault = |n: usize, fault: &str| (list[n].clone(), fault.to_owned());
    shop.sandbox.error_tokens([fault(1, "2300034"), fault(2, "2300037"), fault(3, "2300032")]);
    let totals = shop.totals(&list[..20], &[], 0);
    assert_eq!(totals["refused"], 3, "{totals:#}");
    shop.sandbox.error_tokens([fault(21, "2300004"), fault(22, "2300005"), fault(23, "2399999")]);
    let totals = shop.totals(&list, &[], 8);
    assert_eq!(totals["this_run"]["refused_by_code"], json!({"2300004": 1, "2300005": 1, "2399999": 1}));
    // They are not asked for again, until somebody says so.
    let requests = shop.sandbox.requests().len();
    let _ = shop.totals(&list, &[], 0);
    assert_eq!(shop.sandbox.requests().len(), requests);
    shop.sandbox.error_tokens([]);
    let totals = shop.totals(&list, &["--retry-refused", "2300004,2399999"], 0);
    assert_eq!((&totals["this_run"]["accepted"], &totals["refused"]), (&json!(2), &json!(4)), "{totals:#}");
    shop.sandbox.assert_nobody_twice();
    // Those who left stay out of every other broadcast.
    let other = shop.other_campaign();
    let totals = shop.totals(&list[1..4], &["--campaign", &other], 0);
    assert_eq!((&totals["skipped"], &totals["this_run"]["requests"]), (&json!(3), &json!(0)));
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
fn later_is_put_off_and_not_for_ever() {
    let shop = Shop::open();
    let list = people(3);
    shop.sandbox.error_tokens([(list[1].clone(), "2300052".into())]);
    for round in 1..=3 {
        let run = shop.send(&list, &["-o", "json"]);
        let totals = run.totals();
        if round < 3 {
            assert_eq!((run.code, &totals["pending"]), (6, &json!(1)), "{totals:#}");
            let _ = shop.totals(&list, &[], 6);
            assert_eq!(shop.sandbox.requests().len(), 2 + round, "it was tried before its time");
        } else {
            assert_eq!((run.code, &totals["skipped_by_reason"]["never_available"]), (0, &json!(1)), "{totals:#}");
        }
        shop.let_hours_pass(25);
    }
}

#[test]
fn an_unknown_is_listed_and_resolved_by_a_person_only() {
    let shop = Shop::with(|options| options.time_scale = 1e6);
    let list = people(6);
    let lost = [(list[1].clone(), "accepted-drop".to_owned()), (list[2].clone(), "drop".to_owned())];
    shop.sandbox.error_tokens(lost);
    let totals = shop.totals(&list, &[], 11);
    assert_eq!(totals["unknown"], 2);
    let rows = shop.env.mmsg(["unknown", "list", "-o", "json"]).exits(0).json();
    assert_eq!(tokens_of(rows.as_array().unwrap()), list[1..3]);
    shop.sandbox.error_tokens([]);
    // Never again by itself, not after the cool-down either.
    shop.let_hours_pass(30);
    let _ = shop.totals(&list, &[], 0);
    let _ = shop.env.mmsg(["send", "--resume"]).exits(0);
    assert_eq!(shop.sandbox.requests().len(), 6);
    shop.env.mmsg(["unknown", "resolve", "--as", "accepted", "--token", &list[1]]).fails(9, "--yes");
    shop.env.mmsg(["unknown", "resolve", "--as", "accepted", "--token", &list[1], "--yes"]).exits(0);
    shop.env.mmsg(["unknown", "resolve", "--as", "not-sent", "--token", &list[2], "--yes"]).exits(0);
    let totals = shop.totals(&list, &[], 0);
    assert_eq!((&totals["accepted"], &totals["unknown"]), (&json!(6), &json!(0)));
    shop.assert_each_once(&list);
}

#[test]
fn a_resolved_row_waits_for_the_cool_down() {
    let shop = Shop::open();
    let list = people(2);
    shop.sandbox.error_tokens([(list[1].clone(), "drop".to_owned())]);
    let _ = shop.totals(&list, &[], 11);
    shop.sandbox.error_tokens([]);
    shop.env.mmsg(["unknown", "resolve", "--as", "not-sent", "--all", "--yes"]).exits(0);
    let totals = shop.totals(&list, &[], 6);
    assert_eq!((&totals["pending"], shop.sandbox.requests().len()), (&json!(1), 2));
}

#[test]
fn the_rate_is_held() {
    let shop = Shop::open();
    let begin = std::time::Instant::now();
    let _ = shop.totals(&people(41), &["--rate", "20"], 0);
    assert!(begin.elapsed().as_secs_f64() > 1.95, "41 sends at 20 a second took {:?}", begin.elapsed());
    let times: Vec<i64> = shop.sandbox.requests().iter().map(|line| line["at"].as_i64().unwrap()).collect();
    let span = times[40] - times[0];
    assert!((1900..4000).contains(&span), "{span} ms for 40 gaps of 50 ms");
}

#[test]
fn a_header_without_rows_is_0() {
    let shop = Shop::open();
    let run = shop.env.mmsg_reading("token,name\n", shop.words(&["-o", "json"])).exits(0).says("nothing to add");
    assert_eq!(run.json()["rows"], 0);
    assert_eq!(shop.sandbox.requests().len(), 0);
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
