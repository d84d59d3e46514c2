//! At which hours a broadcast goes out. The judge is the sandbox's record, which has what the clock said where each person is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mmsg_sandbox::Zones;
use serde_json::Value;

use crate::clock::WallClock;
use crate::common::patience::Patience;
use crate::common::shop::{Shop, people};
use crate::common::{Run, now};

/// A shop at this moment, with subscribers in these zones, all of them fetched.
fn shop_at(clock: &WallClock, at: Timestamp, subscribers: u64, zones: &str) -> Shop {
    clock.show(at);
    let shop = Shop::with(|options| {
        options.clock_start = Some(at);
        options.subscribers = subscribers;
        options.crowd.zones = Zones::parse(zones).unwrap();
    });
    let shop = clock.rules(shop, "UTC");
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    shop
}

fn send(shop: &Shop, args: &[&str]) -> Run {
    shop.env.mmsg(shop.words(&[&["--audience", "subscribers", "-o", "json"], args].concat()))
}

/// The zone of each accepted message with the local hour and minute.
fn local_times(shop: &Shop) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    shop.sandbox.record().iter().map(|line| (text(line, "zone"), text(line, "local")[11..16].to_owned())).collect()
}

#[test]
fn nobody_gets_anything_in_their_quiet_hours_across_a_change_of_the_clocks() {
    let clock = WallClock::new();
    // 21:30 in Berlin, in the night in which clocks go forward; 02:00 in Kolkata, 16:30 in New York.
    let begin: Timestamp = "2027-03-27T20:30:00Z".parse().unwrap();
    let zones = "Europe/Berlin,Asia/Kolkata,Australia/Lord_Howe,America/New_York";
    let shop = shop_at(&clock, begin, 400, zones);
    let everybody = shop.sandbox.subscribers().len();
    let totals = send(&shop, &["--quiet-hours", "21:00-08:00", "--time-zone", "Europe/Berlin"]).exits(6).json();
    let zones: BTreeSet<String> = local_times(&shop).into_iter().map(|(zone, _)| zone).collect();
    assert_eq!(zones, BTreeSet::from(["America/New_York".to_owned()]), "{totals:#}");
    assert!(totals["next_run_at"].is_string(), "{totals:#}");
    // From cron, every half hour; the broadcast knows its hours.
    let mut at = begin;
    let mut code = 6;
    while code == 6 {
        at += SignedDuration::from_mins(30);
        assert!(at < begin + SignedDuration::from_hours(16), "somebody is never sent to");
        clock.show(at);
        shop.sandbox.set_clock(at);
        let run = shop.env.mmsg(["send", "--resume", "--rate", "unlimited"]);
        assert!(run.stderr.contains("not from 21:00 to 08:00") || run.code == 0, "{run:#?}");
        code = run.code;
    }
    assert_eq!(code, 0);
    let times = local_times(&shop);
    assert_eq!(times.len(), everybody, "nobody was left out");
    shop.sandbox.assert_nobody_twice();
    let mut first = BTreeMap::<String, String>::new();
    for (zone, time) in times {
        assert!(("08:00".."21:00").contains(&&*time), "{time} in {zone}");
        let least = first.entry(zone).or_insert_with(|| time.clone());
        *least = (*least).clone().min(time);
    }
    // Whoever waited got it in the first half hour of their day, to the minute at which cron came.
    for (zone, time) in first.iter().filter(|(zone, _)| *zone != "America/New_York") {
        assert!(("08:00".."08:30").contains(&&**time), "{time} in {zone}");
    }
    assert_eq!(shop.sandbox.requests().len(), everybody, "somebody was asked in vain");
}

#[test]
fn at_local_waits_for_each_persons_own_hour_and_at_for_one_moment() {
    let clock = WallClock::new();
    let begin: Timestamp = "2027-06-01T07:10:00Z".parse().unwrap();
    let shop = shop_at(&clock, begin, 200, "Asia/Kolkata,Europe/Berlin,America/New_York");
    let berlin = ["--time-zone", "Europe/Berlin"];
    let dry = send(&shop, &[&berlin[..], &["--at-local", "09:00", "--dry-run"]].concat()).exits(0).json();
    let hours: BTreeSet<&str> =
        dry["would_wait_until"].as_array().unwrap().iter().map(|part| part["hour"].as_str().unwrap()).collect();
    // 09:00 in New York today, in Kolkata and in Berlin tomorrow: it is 09:10 there.
    let wanted = ["2027-06-01T13:00:00Z", "2027-06-02T03:00:00Z", "2027-06-02T07:00:00Z"];
    assert_eq!(hours, BTreeSet::from(wanted), "{dry:#}");
    assert_eq!(dry["would_wait"], dry["would_wait_for"]["off_hours"], "{dry:#}");
    let totals = send(&shop, &[&berlin[..], &["--at-local", "09:00"]].concat()).exits(6).json();
    assert_eq!((&totals["next_run_at"], totals["accepted"].as_u64()), (&wanted[0].into(), Some(0)));
    for (at, people) in wanted.into_iter().zip(["America/New_York", "Asia/Kolkata", "Europe/Berlin"]) {
        let before = shop.sandbox.record().len();
        let at: Timestamp = at.parse().unwrap();
        // Half an hour into that hour, since Kolkata's is a half-hour zone. The same command again does not begin a new day.
        let at = at + SignedDuration::from_mins(31);
        clock.show(at);
        shop.sandbox.set_clock(at);
        let _ = send(&shop, &[&berlin[..], &["--at-local", "09:00"]].concat());
        let zones: BTreeSet<String> = local_times(&shop).split_off(before).into_iter().map(|(zone, _)| zone).collect();
        assert_eq!(zones, BTreeSet::from([people.to_owned()]));
    }
    assert_eq!(shop.sandbox.requests().len(), shop.sandbox.subscribers().len());
}

#[test]
fn hours_that_are_changed_hold_for_rows_that_wait() {
    let shop = Shop::open();
    let list = people(5);
    let at = Timestamp::from_millisecond(now()).unwrap() + SignedDuration::from_hours(30);
    let planned = shop.totals(&list, &["--at", &at.to_string(), "--min-gap", "1h"], 6);
    assert_eq!((planned["pending"].as_u64(), shop.sandbox.requests().len()), (Some(5), 0));
    shop.env.mmsg(["send", "--resume"]).exits(6).says(": not before 20");
    // Without flags nothing changes.
    let _ = shop.totals(&list, &[], 6);
    assert!(shop.sandbox.requests().is_empty());
    let _ = shop.totals(&list, &["--at", "now"], 0);
    shop.assert_each_once(&list);
    assert_eq!(shop.asks_ledger("select min_gap from broadcasts"), ["3600"]);
}

/// Whoever waits for an hour that does not come any more is told at once, not when it would have come.
#[test]
fn rows_that_wait_for_longer_than_the_broadcast_goes_out_are_skipped_at_once() {
    let shop = Shop::open();
    let list = people(5);
    let in_hours =
        |hours| (Timestamp::from_millisecond(now()).unwrap() + SignedDuration::from_hours(hours)).to_string();
    let planned = shop.totals(&list, &["--at", &in_hours(30), "--quiet-hours", "21:00-08:00", "--time-zone", "UTC"], 6);
    assert_eq!(planned["pending"], 5);
    let shown = shop.env.mmsg(["broadcast", "show", "1", "-o", "json"]).exits(0).json();
    assert_eq!((&shown["quiet_hours"], &shown["time_zone"]), (&"21:00-08:00".into(), &"UTC".into()));
    assert!(shown["at"].is_string() && shown["at_local"].is_null(), "{shown:#}");
    // Later than they wait for: nothing changes.
    let until = shop.totals(&list, &["--until", &in_hours(72)], 6);
    assert_eq!((&until["pending"], &until["next_run_at"]), (&5.into(), &planned["next_run_at"]), "{until:#}");
    let over = shop.send(&list, &["--until", &in_hours(1), "-o", "json"]).totals();
    assert_eq!((&over["pending"], &over["skipped_by_reason"]["ended"]), (&0.into(), &5.into()), "{over:#}");
    assert_eq!(over["next_run_at"], Value::Null, "{over:#}");
    shop.env.mmsg(["send", "--resume"]).exits(0);
    assert!(shop.sandbox.requests().is_empty());
    // With more time they wait again, until the campaign itself ends sooner.
    let again = shop.totals(&list, &["--until", "none"], 6);
    assert_eq!(again["next_run_at"], planned["next_run_at"], "{again:#}");
    let end = in_hours(24);
    let words = ["campaign", "edit", &shop.campaign, "--lifetime-budget", "4000", "--end-time", &end, "--yes"];
    shop.env.mmsg(words).exits(0);
    let totals = shop.env.mmsg(["send", "--resume", "-o", "json"]).totals();
    assert_eq!((&totals["pending"], &totals["skipped_by_reason"]["ended"]), (&0.into(), &5.into()), "{totals:#}");
    assert!(shop.sandbox.requests().is_empty());
}

#[test]
fn a_gap_is_asked_of_meta_for_every_row() {
    let shop = Shop::with(|options| {
        options.subscribers = 120;
        options.crowd.talking = 0.5;
    });
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let totals = send(&shop, &["--min-gap", "3h", "--allow-refusals"]).json();
    let refused = shop.sandbox.requests().len() - shop.sandbox.accepted().len();
    assert!(refused > 20 && shop.sandbox.accepted().len() > 20, "{totals:#}");
    let codes: BTreeSet<String> =
        shop.asks_ledger("select distinct code from sends where code is not null").into_iter().collect();
    assert_eq!(codes, BTreeSet::from(["2300052".to_owned()]), "{totals:#}");
    // The broadcast keeps it until it is lifted.
    let kept = || shop.asks_ledger("select min_gap from broadcasts where min_gap is not null");
    let _ = send(&shop, &["--max-sends", "0"]);
    assert_eq!(kept(), ["10800"]);
    let _ = send(&shop, &["--max-sends", "0", "--min-gap", "none"]);
    assert!(kept().is_empty(), "{:?}", kept());
}

#[test]
fn bad_times_are_refused_before_anything_is_planned() {
    let shop = Shop::open();
    let list = people(2);
    let zone = ["--time-zone", "Europe/Berlin"];
    let now = Timestamp::from_millisecond(now()).unwrap();
    let soon = [1, 2].map(|hours| (now + SignedDuration::from_hours(hours)).to_string());
    let soon = [&*soon[0], &*soon[1]];
    for (args, code, sentence) in [
        (&["--quiet-hours", "21:00-21:00"][..], 2, "has no length"),
        (&["--quiet-hours", "9pm-8am"], 2, "is not a time of day"),
        (&["--quiet-hours", "21:00-08:00", "--time-zone", "Berlin"], 2, "is not a known time zone"),
        (&["--quiet-hours", "21:00-08:00"], 3, "people whose time zone is not known need one"),
        (&["--at-local", "09:00"], 3, "people whose time zone is not known need one"),
        (&["--at", "tomorrow 09:00"], 3, "needs a time zone"),
        (&["--at", "someday", zone[0], zone[1]], 2, "is not a time"),
        (&["--at", "2020-01-01 09:00", zone[0], zone[1]], 2, "is in the past"),
        (&["--at", "2020-01-01T09:00:00Z"], 2, "is in the past"),
        (&["--at", "2099-01-01T09:00:00Z"], 2, ", when the campaign ends"),
        (&["--at", "2099-01-01T09:00:00Z"], 2, &format!("mmsg campaign edit {} --end-time TIME", shop.campaign)),
        (&["--at", soon[1], "--until", soon[0]], 2, "when --until passes"),
        (&["--at", soon[1], "--until", soon[0]], 2, "choose an earlier --at, or a later --until"),
        (&["--at-local", "25:00", zone[0], zone[1]], 2, "is not a time of day"),
        (&["--min-gap", "0s"], 2, "is too short or too long"),
        (&["--until", "tomorrow 18:00"], 3, "--until \"tomorrow 18:00\" needs a time zone"),
        (&["--until", "someday"], 2, "is not a time: use 'tomorrow 09:00'"),
        (&["--at", "now", "--at-local", "09:00", zone[0], zone[1]], 2, "cannot be used with"),
    ] {
        let run = shop.send(&list, args).exits(code).prints_nothing();
        assert!(run.stderr.contains(sentence), "{args:?}: {run:#?}");
        assert!(!shop.ledger().exists() || shop.asks_ledger("select count(*) from broadcasts") == ["0"], "{args:?}");
    }
    // An hour that clocks skip: it is said which one is taken. The campaign is over by then.
    let run = shop.send(&list, &["--at", "2099-03-29 02:30", zone[0], zone[1]]).exits(2);
    assert!(run.stderr.contains("does not exist on 2099-03-29 in Europe/Berlin"), "{run:#?}");
    assert!(run.stderr.contains("03:00 is taken"), "{run:#?}");
    // The end is typed as the beginning is.
    let _ = shop.totals(&list, &["--until", "2099-01-01 09:00", zone[0], zone[1], "--max-sends", "0"], 6);
    assert_eq!(shop.asks_ledger("select closes_at from broadcasts"), ["4070937600000"]);
    assert!(shop.sandbox.requests().is_empty());
}

#[test]
fn the_profiles_zone_counts_where_no_other_is_known() {
    let shop = Shop::open();
    // Two hours around now in Kolkata, which are others everywhere else.
    let there = Timestamp::from_millisecond(now()).unwrap().in_tz("Asia/Kolkata").unwrap();
    let window = |from: i64, to: i64| {
        let at = |hours| (&there + SignedDuration::from_hours(hours)).strftime("%H:%M").to_string();
        format!("{}-{}", at(from), at(to))
    };
    let zone = ["--time-zone", "Asia/Kolkata"];
    let list = people(3);
    let _ = shop.totals(&list, &["--quiet-hours", &window(-1, 1), zone[0], zone[1]], 6);
    assert!(shop.sandbox.requests().is_empty());
    let _ = shop.totals(&list, &["--quiet-hours", &window(1, 3), zone[0], zone[1]], 0);
    shop.assert_each_once(&list);
}

#[test]
fn a_dry_run_tells_what_a_send_would_cost_by_what_is_billed() {
    let shop = Shop::with(|options| {
        options.subscribers = 300;
        options.cost = 2.0;
        options.money.cost_spread = 0.0;
    });
    let list = people(250);
    let dry = |list: &[String]| shop.send(list, &["--dry-run", "-o", "json"]).exits(0).json();
    let before = dry(&list[..200]);
    assert_eq!(before["cost_source"], "estimated", "{before:#}");
    // At two cents each, and nothing was spent of the 30 dollars.
    let near = |value: &Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 0.05 * wanted;
    assert!(near(&before["estimated_cost"], 4.0) && near(&before["budget_left"], 30.0), "{before:#}");
    let _ = shop.totals(&list[..200], &[], 0);
    // The bill comes with the deliveries.
    let mut patience = Patience::default();
    let after = loop {
        let after = dry(&list);
        if after["cost_source"] == "observed" && near(&after["budget_left"], 26.0) {
            break after;
        }
        assert!(patience.lasts(), "{after:#}");
    };
    assert_eq!(after["would_send"], 50);
    assert!(near(&after["cost_per_delivery"], 0.02) && near(&after["estimated_cost"], 1.0), "{after:#}");
    assert_eq!(after["currency"], "USD");
}

#[test]
fn a_broadcast_keeps_its_until_for_whoever_resumes_it() {
    let shop = Shop::open();
    let list = people(6);
    let end = Timestamp::from_millisecond(now()).unwrap() + SignedDuration::from_hours(2);
    let _ = shop.totals(&list, &["--until", &end.to_string(), "--max-sends", "2"], 6);
    // Two hours later, for the ledger alone.
    shop.changes_ledger("update broadcasts set closes_at = closes_at - 7200000");
    let dry = shop.send(&list, &["--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!((&dry["would_send"], &dry["would_skip"]), (&0.into(), &serde_json::json!({"ended": 4})), "{dry:#}");
    let totals = shop.env.mmsg(["send", "--resume", "--rate", "unlimited", "-o", "json"]).totals();
    assert_eq!((&totals["skipped"], &totals["pending"]), (&4.into(), &0.into()), "{totals:#}");
    // An end that is over is named.
    let past = ["--until", "2020-01-01T00:00:00Z", "--dry-run"];
    let _ = shop.send(&list, &past).exits(0).says("--until 2020-01-01T00:00:00Z is in the past");
    assert_eq!(shop.sandbox.requests().len(), 2, "somebody was asked after the end");
    // Lifted, the same list is judged anew.
    let _ = shop.totals(&list, &["--until", "none"], 0);
    shop.assert_each_once(&list);
}
