//! `mmsg campaign`: created, listed, read by any of its ids, deleted; and what is not known when an answer is lost.

use mmsg_sandbox::Faults;
use serde_json::{Value, json};

use crate::common::between::{Between, error};
use crate::common::patience::wait_until;
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people, write_message};

#[test]
fn create_prints_what_graph_made_and_tells_the_warm_up() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    let run = env
        .mmsg(["campaign", "create", "--lifetime-budget", "3000"])
        .exits(0)
        .says("warms up for one to two and a half hours");
    assert!(run.stdout.contains("30.00 USD"), "{run:#?}");
    let run = env.mmsg(["campaign", "create", "--daily-budget", "500", "--name", "Spring", "-o", "json"]).exits(0);
    let made = run.json();
    // Graph's answer, its id first.
    assert!(run.stdout.trim_start_matches(['{', ' ', '\n']).starts_with("\"id\""), "{run:#?}");
    assert_eq!((made["name"].as_str(), made["daily_budget"].as_u64()), (Some("Spring"), Some(500)));
    assert_eq!(sandbox.count("created"), 2);
    let read = env.mmsg(["campaign", "get", made["id"].as_str().unwrap(), "-o", "json"]).exits(0).json();
    assert_eq!((read["name"].as_str(), read["daily_budget"].as_u64()), (Some("Spring"), Some(500)));
    assert_eq!(read["lifetime_budget"], Value::Null);
}

#[test]
fn all_that_create_is_given_reaches_graph() {
    let sandbox = Sandbox::with(|options| options.pages.push("777".to_owned()));
    let env = sandbox.environment();
    let start = jiff::Timestamp::from_second(1_900_000_000).unwrap();
    let far = env.mmsg(["campaign", "create", "--lifetime-budget", "9000", "--start-time", &start.to_string()]);
    far.fails(2, "more than 30 days away");
    let words = ["campaign", "create", "--lifetime-budget", "900000", "--name", "All of it", "--page", "777"];
    let more = ["--pixel-id", "42", "--end-time", "1900000000", "-o", "json"];
    let made = env.mmsg(words.iter().chain(&more)).exits(0).json();
    let read = env.mmsg(["campaign", "get", made["id"].as_str().unwrap(), "-o", "json"]).exits(0).json();
    assert_eq!(read["page_id"], "777");
    assert_eq!(read["pixel_id"], "42");
    assert_eq!(read["end_time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap(), start);
}

#[test]
fn money_is_shown_by_metas_offsets_and_the_minimum_counts_the_days() {
    // TWD has no smaller unit at Meta, though ISO 4217 gives it two decimals.
    let sandbox = Sandbox::with(|options| options.currency = "TWD".to_owned());
    let env = sandbox.environment();
    let run = env.mmsg(["campaign", "create", "--lifetime-budget", "9000"]).exits(0);
    assert!(run.stdout.contains("9000 TWD"), "{run:#?}");
    let created = sandbox.count("created");
    let run = env.mmsg(["campaign", "create", "--lifetime-budget", "1"]).fails(5, "too low");
    assert!(run.stderr.contains("for 30 days") && run.stderr.contains("TWD"), "{run:#?}");
    env.mmsg(["campaign", "create", "--daily-budget", "1"]).fails(5, "per day");
    assert_eq!(sandbox.count("created"), created, "a budget that is too low was asked for");
}

#[test]
fn list_shows_message_campaigns_of_all_pages_and_others_on_request() {
    let sandbox = Sandbox::with(|options| options.page_size = 3);
    let env = sandbox.environment();
    for n in 0..5 {
        env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "--name", &format!("no {n}")]).exits(0);
    }
    let listed = env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 5, "{listed:#}");
    assert!(listed.as_array().unwrap().iter().all(|row| row["lifetime_budget"] == 3000 && row["status"].is_string()));
    let page = env.mmsg(["campaign", "get", listed[0]["id"].as_str().unwrap(), "-o", "json"]).exits(0).json();
    assert!(
        page["page_id"].is_string() && listed.as_array().unwrap().iter().all(|row| row["page_id"] == page["page_id"])
    );
    let all = env.mmsg(["campaign", "list", "--all", "-o", "ndjson"]).exits(0).rows();
    assert_eq!(all.len(), 12, "seven ordinary ads beside");
    let table = env.mmsg(["campaign", "list"]).exits(0);
    assert!(table.stdout.contains("no 4") && table.stdout.contains("30.00 USD"), "{table:#?}");
}

#[test]
fn get_takes_any_of_the_three_ids() {
    let shop = Shop::open();
    let get = |id: &str| shop.env.mmsg(["campaign", "get", id, "-o", "json"]).exits(0).json();
    let first = get(&shop.campaign);
    for other in ["campaign_id", "adset_id"] {
        let id = first[other].as_str().unwrap();
        assert_ne!(id, shop.campaign);
        assert_eq!(get(id)["id"], shop.campaign.as_str(), "by {other}");
    }
    assert_eq!(first["page_id"], "104857600123457");
    assert!(first["adset_name"].is_string() && first["end_time"].is_string(), "{first:#}");
    shop.env.mmsg(["campaign", "get", "999999"]).fails(5, "999999");
}

#[test]
fn get_shows_the_status_of_all_three_objects() {
    let shop = Shop::open();
    let get = || shop.env.mmsg(["campaign", "get", &shop.campaign, "-o", "json"]).exits(0).json();
    let keys = ["message_status", "adset_status", "campaign_status", "status"];
    let shown = |row: &Value| keys.map(|key| row[key].as_str().unwrap().to_owned());
    let first = get();
    assert_eq!(shown(&first), ["ACTIVE"; 4]);
    assert_eq!(first["is_direct_send_campaign"], true);
    shop.sandbox.switch(first["adset_id"].as_str().unwrap(), "PAUSED");
    assert_eq!(shown(&get()), ["ACTIVE", "PAUSED", "ACTIVE", "ADSET_PAUSED"]);
    let table = shop.env.mmsg(["campaign", "get", &shop.campaign]).exits(0);
    assert!(table.stdout.contains("ad set status") && table.stdout.contains("ADSET_PAUSED"), "{table:#?}");
}

#[test]
fn a_paused_campaign_is_told_before_planning_and_in_a_dry_run() {
    let shop = Shop::open();
    let list = people(3);
    let first = shop.env.mmsg(["campaign", "get", &shop.campaign, "-o", "json"]).exits(0).json();
    let planned = shop.totals(&list[..1], &["--max-sends", "0"], 6);
    assert_eq!(planned["pending"], 1, "{planned:#}");
    for (key, said) in [
        ("id", "is paused: its message (ad); nothing was planned or sent"),
        ("adset_id", "is paused: its message set (ad set); nothing was planned or sent"),
        ("campaign_id", "is paused; nothing was planned or sent"),
    ] {
        let id = first[key].as_str().unwrap();
        shop.sandbox.switch(id, "PAUSED");
        shop.send(&list, &[]).fails(5, said).prints_nothing().says("mmsg campaign get");
        let dry = shop.send(&list, &["--dry-run", "-o", "json"]).exits(0).says("is paused");
        assert_eq!(dry.json()["would_send"], 3, "{dry:#?}");
        let resumed = shop.env.mmsg(["send", "--resume"]).exits(5).says("is paused");
        assert!(resumed.stderr.contains("totals: pending 1"), "{resumed:#?}");
        shop.sandbox.switch(id, "ACTIVE");
    }
    assert!(shop.sandbox.requests().is_empty());
    assert_eq!(shop.asks_ledger("select count(*) from sends"), ["1"], "a list was planned");
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

#[test]
fn a_disapproved_or_unbilled_campaign_is_told_before_planning() {
    let shop = Shop::open();
    let list = people(2);
    for (status, said) in [
        ("DISAPPROVED", "is disapproved by Meta; nothing was planned or sent"),
        ("PENDING_BILLING_INFO", "waits for billing information of the ad account; nothing was planned or sent"),
    ] {
        shop.sandbox.review(&shop.campaign, status);
        shop.send(&list, &[]).fails(5, said).prints_nothing();
        shop.send(&list, &["--dry-run"]).exits(0).says("so nothing can be sent with it");
    }
    assert!(shop.sandbox.requests().is_empty());
    shop.sandbox.review(&shop.campaign, "");
    let _ = shop.totals(&list, &[], 0);
}

#[test]
fn a_pool_campaign_is_not_listed_sent_with_or_deleted() {
    let shop = Shop::with(|options| options.pool_campaigns = 1);
    let listed = shop.env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed:#}");
    let all = shop.env.mmsg(["campaign", "list", "--all", "-o", "json"]).exits(0).json();
    let pool = all.as_array().unwrap().iter().find(|row| row["name"] == "Pool campaign 1").unwrap();
    assert_eq!([&pool["is_message_campaign"], &pool["is_direct_send_campaign"]], [&json!(true), &json!(false)]);
    let id = pool["id"].as_str().unwrap();
    shop.send(&people(1), &["--campaign", id]).fails(5, "whose recipients Meta picks").prints_nothing();
    shop.env.mmsg(["campaign", "delete", id, "--yes"]).fails(5, "whose recipients Meta picks");
    assert_eq!((shop.sandbox.requests().len(), shop.sandbox.count("deleted")), (0, 0));
}

#[test]
fn a_campaign_that_was_just_turned_on_is_waited_for() {
    const TWO_DAYS: std::time::Duration = std::time::Duration::from_hours(48);
    for (resumed, code) in [(true, 6), (false, 5)] {
        let shop = Shop::with(|options| {
            options.campaign_age = TWO_DAYS;
            options.resume_delay = TWO_DAYS;
        });
        let list = people(3);
        if resumed {
            shop.sandbox.switch(&shop.campaign, "PAUSED");
            shop.sandbox.switch(&shop.campaign, "ACTIVE");
        } else {
            // The same answer of a campaign that nobody touched.
            shop.sandbox.errors("2300003=100%");
        }
        let totals = shop.totals(&list, &[], code);
        assert_eq!((&totals["pending"], shop.sandbox.requests().is_empty()), (&json!(3), false), "{totals:#}");
        if resumed {
            let next: jiff::Timestamp = totals["next_run_at"].as_str().unwrap().parse().unwrap();
            let wait = (next.as_millisecond() - crate::common::now()) / 1000;
            assert!((480..=600).contains(&wait), "{wait} s of the ten minutes");
        }
    }
}

#[test]
fn resume_skips_what_is_pending_of_a_campaign_that_has_ended() {
    let shop = Shop::open();
    let _ = shop.totals(&people(2), &["--max-sends", "0"], 6);
    let row = shop.env.mmsg(["campaign", "get", &shop.campaign, "-o", "json"]).exits(0).json();
    shop.sandbox.end(row["adset_id"].as_str().unwrap(), crate::common::now() / 1000 + 5);
    wait_until("the campaign has ended", || {
        shop.send(&people(2), &["--dry-run"]).exits(0).stderr.contains("ended at 20")
    });
    shop.send(&people(2), &[]).fails(5, "ended at").prints_nothing();
    shop.env.mmsg(["send", "--resume"]).exits(0).says("so nothing can be sent with it");
    let broadcasts = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
    assert_eq!((&broadcasts[0]["pending"], &broadcasts[0]["skipped"]), (&json!(0), &json!(2)), "{broadcasts:#}");
    assert!(shop.sandbox.requests().is_empty());
}

#[test]
fn a_campaign_that_has_ended_is_told_before_planning() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
    let end = (crate::common::now() / 1000 + 2).to_string();
    let made = env.mmsg(["campaign", "create", "--daily-budget", "500", "--end-time", &end, "-o", "json"]).exits(0);
    let made = made.json();
    let send = ["send", "--campaign", made["id"].as_str().unwrap(), "--message", "promo.json"];
    let dry = [&send[..], &["--dry-run"]].concat();
    wait_until("the campaign has ended", || {
        env.mmsg_reading("7000000000000001\n", &dry).exits(0).stderr.contains("ended at 20")
    });
    env.mmsg_reading("7000000000000001\n", send).fails(5, "nothing was planned or sent").says("ended at 20");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn delete_reads_back_asks_and_translates() {
    let shop = Shop::open();
    let other = shop.other_campaign();
    let of = |id: &str| shop.env.mmsg(["campaign", "get", id, "-o", "json"]).exits(0).json();
    let run = shop.env.mmsg(["campaign", "delete", &shop.campaign]).fails(9, "--yes");
    assert!(run.stderr.contains("104857600123457") && run.stderr.contains("spen"), "{run:#?}");
    assert_eq!(shop.sandbox.count("deleted"), 0);
    // One wrong id of several stops the command before anything goes.
    shop.env.mmsg(["campaign", "delete", &shop.campaign, "999999", "--yes"]).fails(5, "999999");
    assert_eq!(shop.sandbox.count("deleted"), 0);
    let adset = of(&other)["adset_id"].as_str().unwrap().to_owned();
    let run = shop.env.mmsg(["campaign", "delete", &shop.campaign, &adset, "--yes", "-o", "json"]).exits(0);
    let gone: Vec<_> =
        run.json().as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(gone, [shop.campaign.clone(), other]);
    assert_eq!(shop.sandbox.count("deleted"), 2);
    let left = shop.env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json();
    assert_eq!(left.as_array().unwrap().len(), 0, "{left:#}");
}

#[test]
fn an_ordinary_ad_is_never_deleted() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    let all = env.mmsg(["campaign", "list", "--all", "-o", "json"]).exits(0).json();
    let id = all[0]["id"].as_str().unwrap();
    env.mmsg(["campaign", "delete", id, "--yes"]).fails(5, "ordinary ad");
    assert_eq!(sandbox.count("deleted"), 0);
}

#[test]
fn success_false_of_a_delete_is_an_error() {
    let shop = Shop::open();
    let faults = Faults::parse("success-false=100%").unwrap();
    shop.sandbox.turn(|dials| dials.write_errors = faults);
    let run = shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]);
    assert!(run.code != 0, "{run:#?}");
    let code = run.code;
    run.fails(code, &shop.campaign);
}

#[test]
fn a_create_whose_answer_is_lost_is_looked_up_by_its_name() {
    for (fault, takes_effect) in [
        ("accepted-drop", true),
        ("accepted-503-html", true),
        ("accepted-truncated", true),
        ("accepted-2", true),
        // An answer without an ID.
        ("accepted-bare", true),
        ("success-only", true),
        ("200-empty", false),
        ("no-op", false),
        ("drop", false),
    ] {
        let shop = Shop::open();
        let faults = Faults::parse(&format!("{fault}=100%")).unwrap();
        shop.sandbox.turn(|dials| dials.write_errors = faults);
        let (before, created) = (shop.sandbox.count("requests"), shop.sandbox.count("created"));
        let create = ["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring", "-o", "json"];
        let run = shop.env.mmsg(create);
        let made = shop.sandbox.count("created") - created;
        // Three reads (minimum budgets, currency, campaigns of the last hour), the write once, the list, the campaign read back, and what its
        // Page is called.
        let requests = shop.sandbox.count("requests") - before;
        if takes_effect {
            let made_id = run.exits(0).says("created just now").json()["id"].as_str().unwrap().to_owned();
            let read = shop.env.mmsg(["campaign", "get", &made_id, "-o", "json"]).exits(0).json();
            assert_eq!((read["name"].as_str(), made, requests), (Some("Spring"), 1, 7), "{fault}");
        } else {
            let run = run.exits(11).says("not sure whether").prints_nothing();
            assert!(run.stderr.contains("mmsg campaign list"), "{fault}: {run:#?}");
            assert_eq!((made, requests), (0, 5), "{fault}: a write was repeated");
        }
    }
}

const CREATE: [&str; 6] = ["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring"];

#[test]
fn a_look_up_takes_nothing_older_or_other_for_what_was_created() {
    let shop = Shop::open();
    let create = |budget: &str| shop.env.mmsg(["campaign", "create", "--lifetime-budget", budget, "--name", "Spring"]);
    create("4000").exits(0);
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("drop=100%").unwrap());
    // The same name, another budget.
    create("3000").fails(11, "not sure whether").prints_nothing();
    // Somebody else made one that fits, a moment before.
    shop.sandbox.turn(|dials| dials.write_errors = Faults::default());
    let theirs = shop.env.mmsg([&CREATE[..], &["-o", "json"]].concat()).exits(0).json();
    for fault in ["drop", "no-op", "200-empty"] {
        shop.sandbox.turn(|dials| dials.write_errors = Faults::parse(&format!("{fault}=100%")).unwrap());
        create("3000").fails(11, "not sure whether").says("not in the list of campaigns").prints_nothing();
    }
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("accepted-drop=100%").unwrap());
    let ours = shop.env.mmsg([&CREATE[..], &["-o", "json"]].concat()).exits(0).says("created just now").json();
    assert_ne!(ours["id"], theirs["id"]);
    assert_eq!(shop.sandbox.count("created"), 4);

    // Where Graph takes no filter, all are listed; where it lists nothing before, nothing is taken.
    let filter = error("400 Bad Request", "", r#"{"code":100,"message":"(#100) filtering"}"#);
    let between = Between::answers_to(&shop, "filtering=", vec![filter]);
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("drop=100%").unwrap());
    between.environment(&shop).mmsg(CREATE).fails(11, "not in the list of campaigns");
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("accepted-drop=100%").unwrap());
    between.environment(&shop).mmsg(CREATE).exits(0).says("created just now");
    assert_eq!(between.asked(), 2);
    let refused = error("403 Forbidden", "", r#"{"code":200,"message":"(#200) Permissions error"}"#);
    let between = Between::answers_to(&shop, "filtering=", vec![refused]);
    between.environment(&shop).mmsg(CREATE).fails(11, "not sure whether").says("check mmsg campaign list");
    assert_eq!(shop.sandbox.count("created"), 6);
}

#[test]
fn a_delete_whose_answer_is_lost_is_11_and_names_the_check() {
    for fault in ["accepted-drop", "accepted-503-html", "accepted-truncated", "accepted-2", "200-empty"] {
        let shop = Shop::open();
        let faults = Faults::parse(&format!("{fault}=100%")).unwrap();
        shop.sandbox.turn(|dials| dials.write_errors = faults);
        let run = shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).fails(11, "not sure whether");
        assert!(run.stderr.contains("mmsg campaign"), "{fault}: {run:#?}");
    }
}

#[test]
fn a_delete_that_graph_only_says_is_done_is_found_by_reading_it_back() {
    let shop = Shop::open();
    let _ = shop.totals(&people(2), &["--max-sends", "0"], 6);
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("no-op=100%").unwrap());
    let delete = ["campaign", "delete", &shop.campaign, "--yes"];
    let run = shop.env.mmsg(delete).fails(11, "not sure whether").prints_nothing();
    assert!(run.stderr.contains("still ACTIVE"), "{run:#?}");
    let broadcasts = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
    assert_eq!(broadcasts[0]["pending"], 2, "rows were canceled: {broadcasts:#}");
    shop.sandbox.turn(|dials| dials.write_errors = Faults::default());
    shop.env.mmsg(delete).exits(0);
    assert_eq!(shop.sandbox.count("deleted"), 1);
}

#[test]
fn what_graph_says_beside_the_id_is_shown() {
    let sandbox = Sandbox::start();
    let run = sandbox.environment().mmsg(["campaign", "create", "--lifetime-budget", "4500", "-o", "json"]).exits(0);
    assert!(run.stderr.contains("warning: Meta says: The budget is lower"), "{run:#?}");
    assert!(run.json()["warning"].is_string());
}

#[test]
fn deleting_a_campaign_calls_its_broadcasts_off() {
    let shop = Shop::open();
    let list = people(5);
    let _ = shop.totals(&list, &["--max-sends", "2"], 6);
    shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).exits(0);
    let broadcasts = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
    assert_eq!((broadcasts[0]["pending"].as_i64(), broadcasts[0]["skipped"].as_i64()), (Some(0), Some(3)));
    shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
    assert_eq!(shop.sandbox.requests().len(), 2);
}

/// Jobs of two machines, or a job that is started twice, look for the campaign before either has created it.
fn two_that_create_if_absent_at_once_create_one(on_server: bool) {
    let mut shop = Shop::with(|options| options.dials.latency = std::time::Duration::from_millis(100));
    if on_server {
        shop.env = shop.env.on_server();
    }
    let words =
        ["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring sale", "--if-absent", "-o", "json"];
    let before = shop.sandbox.count("created");
    let at_work: Vec<_> = (0..3).map(|_| shop.env.start("", &words)).collect();
    let ids: std::collections::BTreeSet<String> =
        at_work.into_iter().map(|run| run.ends().exits(0).json()["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(shop.sandbox.count("created") - before, 1);
    assert_eq!(ids.len(), 1, "they name different campaigns: {ids:?}");
}

#[test]
fn two_that_create_if_absent_at_once_create_one_in_a_file() {
    two_that_create_if_absent_at_once_create_one(false);
}

#[cfg(target_os = "linux")]
#[test]
fn two_that_create_if_absent_at_once_create_one_on_a_server() {
    two_that_create_if_absent_at_once_create_one(true);
}
