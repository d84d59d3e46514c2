//! Who is sent to a second time, and when: cool-downs, repeats, edited messages, refusals, and what a person resolves.

use std::fs;

use serde_json::json;

use crate::common::sandbox::tokens_of;
use crate::common::shop::{Shop, people};

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
