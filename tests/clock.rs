//! Time: a wall clock that is stepped under a run, and the 12 hours across a change to or from daylight saving time.
//!
//! What a process reads as the wall clock is changed by a small library that is loaded before it, so that nothing in `mmsg` knows of
//! it. Graph's `Date` is the sandbox's, which is told how far off it is.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mmsg_sandbox::Zones;
use serde_json::{Value, json};

use crate::common::now;
use crate::common::preload::Preload;
use crate::common::shop::{Shop, people};

const COOL_DOWN: i64 = 12 * 3_600_000;
const MARGIN: i64 = 60_000;
/// From a claim until its person is free: the cool-down counts from the last moment at which the request could be accepted.
const FREE: i64 = 30_000 + COOL_DOWN + MARGIN;
const ZONE: &str = "Europe/Berlin";

/// A wall clock that can be set.
pub struct WallClock(Preload);

impl WallClock {
    pub fn new() -> Self {
        let clock = Self(Preload::compile("wall_clock"));
        clock.add(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.0.file("seconds")
    }

    /// So many seconds after the true time, from now on.
    pub fn add(&self, seconds: i64) {
        let new = self.0.file("new");
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, self.file()).unwrap();
    }

    /// Shows this moment now. A process takes a moment to start, so it is exact to a few seconds.
    pub fn show(&self, at: Timestamp) {
        self.add(at.as_second() - now() / 1000);
    }

    /// The shop's commands live by this clock, in this time zone.
    pub fn rules(&self, mut shop: Shop, zone: &str) -> Shop {
        shop.env =
            shop.env.set("LD_PRELOAD", self.0.path()).set("WALL_CLOCK", self.file().to_str().unwrap()).set("TZ", zone);
        shop
    }
}

fn times(shop: &Shop, sql: &str) -> Vec<i64> {
    shop.asks_ledger(sql).iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_clock_stepped_an_hour_back_and_forth_in_a_run_moves_no_cool_down() {
    let clock = WallClock::new();
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(20));
    let shop = clock.rules(shop, "UTC");
    let list = people(400);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "4", "-o", "json"]);
    let begin = now();
    let started = shop.env.start(&text, &words);
    for (sends, seconds) in [(50, -3600), (120, 3600), (200, -3600), (280, 0)] {
        shop.sandbox.wait_for_sends(sends);
        clock.add(seconds);
    }
    let totals = started.ends().exits(0).totals();
    let end = now();
    assert_eq!(totals["accepted"], 400, "{totals:#}");
    shop.assert_each_once(&list);
    let written = times(&shop, "select claimed_at from sends union all select finished_at from sends");
    assert!(written.iter().all(|at| (begin..=end).contains(at)), "{begin} {end} {written:?}");
    let blocked = times(&shop, "select blocked_until from recipients");
    let free = begin + FREE..=end + FREE;
    assert_eq!(blocked.len(), 400);
    assert!(blocked.iter().all(|until| free.contains(until)), "{free:?} {blocked:?}");
}

#[test]
fn a_clock_that_is_wrong_writes_nothing_not_even_that_a_run_died() {
    let clock = WallClock::new();
    let shop = Shop::with(|options| options.dials.latency = Duration::from_millis(100));
    let shop = clock.rules(shop, "UTC");
    let list = people(60);
    let text = list.join("\n");
    let words = shop.words(&["--concurrency", "4"]);
    let started = shop.env.start(&text, &words);
    shop.sandbox.wait_for_sends(10);
    started.kill();
    let picture = || {
        let rows = shop.asks_ledger("select state || ' ' || coalesce(finished_at, '') from sends order by id");
        let runs = shop.asks_ledger("select coalesce(ended_at, 'open') || ' ' || newest_at from runs, ledger");
        (rows, runs)
    };
    let before = picture();
    assert!(before.0.contains(&"1 ".to_owned()), "{before:?}");
    let resume = ["send", "--resume", "--rate", "unlimited", "-o", "json"];
    for seconds in [86_400, -86_400] {
        clock.add(seconds);
        let _ = shop.env.mmsg(resume).exits(3).says("clock says");
        let _ = shop.send(&list, &["-o", "json"]).exits(3).says("clock says");
        assert_eq!(picture(), before, "{seconds} s off");
    }
    clock.add(0);
    let totals = shop.env.mmsg(resume).exits(0).json();
    assert!(totals["this_run"]["found_unknown"].as_u64() > Some(0), "{totals:#}");
    shop.sandbox.assert_nobody_twice();
}

/// Makes everything in the ledger so many minutes older.
fn let_minutes_pass(shop: &Shop, minutes: i64) {
    let ms = minutes * 60_000;
    shop.changes_ledger(&format!(
        "update recipients set blocked_until = max(0, blocked_until - {ms});
         update sends set claimed_at = claimed_at - {ms}, finished_at = finished_at - {ms};
         update runs set started_at = started_at - {ms}, ended_at = ended_at - {ms};
         update listings set created_at = created_at - {ms}, planned_at = planned_at - {ms};
         update broadcasts set created_at = created_at - {ms};
         update ledger set newest_at = newest_at - {ms};"
    ));
}

#[test]
fn a_clock_9_minutes_off_ends_no_cool_down_early_and_locks_nobody_out() {
    const OFF: i64 = 9 * 60;
    // What the clock showed during the first message, and 11.9 hours later during the second.
    for (first, second) in [(0, OFF), (-OFF, 0), (-OFF, OFF), (OFF, -OFF)] {
        let case = format!("{first} {second}");
        let clock = WallClock::new();
        let shop = clock.rules(Shop::open(), "UTC");
        let list = people(50);
        clock.add(first);
        let begin = now();
        let _ = shop.totals(&list, &[], 0);
        shop.assert_each_once(&list);
        let blocked =
            times(&shop, "select min(blocked_until) from recipients union select max(blocked_until) from recipients");
        let free = begin + FREE - 2000..=now() + FREE + 2000;
        assert!(blocked.iter().all(|until| free.contains(until)), "{case}: {free:?} {blocked:?}");

        let_minutes_pass(&shop, 714);
        clock.add(second);
        let text = list.join("\n");
        let other = shop.other_campaign();
        let again = shop.words(&["--again", "-o", "json"]);
        let elsewhere = shop.words(&["--campaign", &other, "-o", "json"]);
        let both = [&again, &elsewhere].map(|words| shop.env.start(&text, words));
        for run in both {
            let totals = run.ends().exits(6).totals();
            assert_eq!(
                (&totals["pending"], &totals["this_run"]["requests"]),
                (&json!(50), &json!(0)),
                "{case}: {totals:#}"
            );
        }
        assert_eq!(shop.sandbox.requests().len(), 50, "{case}");
        shop.sandbox.assert_nobody_twice();

        // The right clock, at once: others get theirs.
        clock.add(0);
        let others: Vec<String> = people(60).split_off(50);
        let _ = shop.totals(&others, &["--campaign", &other], 0);
        assert_eq!(shop.sandbox.requests().len(), 60, "{case}");
        let newest = times(&shop, "select newest_at from ledger")[0];
        assert!((now() - newest).abs() < 10_000, "{case}: {newest}");
    }
}

#[test]
fn the_12_hours_are_12_hours_across_a_change_of_daylight_saving_time() {
    // By the clock on the wall 13 hours have passed in spring, and 11 in autumn.
    let zone = TimeZone::get(ZONE).unwrap();
    let changes: Vec<Timestamp> =
        zone.following(Timestamp::from_millisecond(now()).unwrap()).map(|at| at.timestamp()).take(2).collect();
    assert_eq!(changes.len(), 2);
    for change in changes {
        let clock = WallClock::new();
        let sent_at = change - SignedDuration::from_hours(6);
        let list = people(5);
        let shop = clock.rules(shop_at(sent_at, 0, 1), ZONE);
        clock.show(sent_at);
        let ledger = shop.ledger();
        let ledger = ledger.to_str().unwrap();
        let port = shop.sandbox.url().rsplit(':').next().unwrap().parse().unwrap();
        let _ = shop.totals(&list, &[], 0);
        shop.assert_each_once(&list);
        let blocked = times(&shop, "select max(blocked_until) from recipients")[0];
        let since = blocked - sent_at.as_millisecond() - COOL_DOWN - MARGIN;
        assert!((0..60_000).contains(&since), "free {since} ms after 12 hours and the margin");
        let first = shop;
        let mut first_sandbox = first.sandbox;
        first_sandbox.stop();

        // Another campaign of a Graph host at the same place, 12 hours later.
        let almost = Timestamp::from_millisecond(blocked - 60_000).unwrap();
        let shop = clock.rules(shop_at(almost, port, 2), ZONE);
        clock.show(almost);
        let totals = shop.totals(&list, &["--ledger", ledger], 6);
        assert_eq!((&totals["pending"], &totals["this_run"]["requests"]), (&json!(5), &json!(0)), "{totals:#}");
        let told: Timestamp = totals["next_run_at"].as_str().unwrap().parse().unwrap();
        assert!((blocked - told.as_millisecond()).abs() < 60_000, "{told}");
        for (until, later, skipped) in [(blocked + 120_000, 5, Value::Null), (blocked - 30_000, 0, json!(5))] {
            let until = on_the_wall(until);
            let words = ["--ledger", ledger, "--dry-run", "--until", &until, "-o", "json"];
            let dry = shop.send(&list, &words).exits(0).json();
            let found = (&dry["would_wait"], &dry["would_skip"]["ended"]);
            assert_eq!(found, (&json!(later), &skipped), "{until}: {dry:#}");
        }
        assert!(shop.sandbox.requests().is_empty());
        let mut second_sandbox = shop.sandbox;
        second_sandbox.stop();

        // Two seconds after the end of the cool-down, by both clocks.
        let free = Timestamp::from_millisecond(blocked + 2000).unwrap();
        let shop = clock.rules(shop_at(free, port, 3), ZONE);
        clock.show(free);
        let _ = shop.totals(&list, &["--ledger", ledger], 0);
        shop.assert_each_once(&list);
    }
}

/// A shop whose Graph says that it is this time.
fn shop_at(at: Timestamp, port: u16, seed: u64) -> Shop {
    let skew = SignedDuration::from_millis(at.as_millisecond() - now());
    let mut shop = Shop::with(|options| (options.date_skew, options.port, options.seed) = (skew, port, seed));
    // A daily budget has no end.
    let created = shop.env.mmsg(["campaign", "create", "--daily-budget", "3000", "-o", "json"]).exits(0).json();
    shop.campaign = created["id"].as_str().unwrap().to_owned();
    shop
}

/// As the clock on the wall shows it, with its zone.
fn on_the_wall(at: i64) -> String {
    let at = Timestamp::from_millisecond(at).unwrap().in_tz(ZONE).unwrap();
    at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Passes requests on, and takes the header `Date` out of what comes back.
fn without_date(sandbox: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sandbox = sandbox.strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            let mut onward = TcpStream::connect(&sandbox).unwrap();
            onward.write_all(head.as_bytes()).unwrap();
            let mut answer = String::new();
            onward.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let kept: Vec<&str> = head.lines().filter(|line| !line.to_lowercase().starts_with("date:")).collect();
            assert!(kept.len() < head.lines().count(), "{head}");
            (&stream).write_all(format!("{}\r\n\r\n{body}", kept.join("\r\n")).as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn the_12_hours_pass_for_meta_and_the_ledger_by_one_clock_that_is_set_ahead() {
    let begin: Timestamp = "2027-03-14T06:30:00Z".parse().unwrap();
    let clock = WallClock::new();
    clock.show(begin);
    let shop = Shop::with(|options| {
        options.clock_start = Some(begin);
        options.crowd.zones = Zones::parse("America/New_York").unwrap();
    });
    let shop = clock.rules(shop, "UTC");
    let list = people(3);
    let _ = shop.totals(&list, &[], 0);
    let _ = shop.totals(&list, &["--again"], 6);
    let set = |hours: i64, minutes: i64| {
        let at = begin + SignedDuration::from_mins(hours * 60 + minutes);
        clock.show(at);
        shop.sandbox.set_clock(at);
    };
    let resume = ["send", "--resume", "--rate", "unlimited"];
    set(11, 50);
    let _ = shop.env.mmsg(resume).exits(6);
    assert_eq!(shop.sandbox.requested().len(), 3);
    set(12, 10);
    let _ = shop.env.mmsg(resume).exits(0);
    // In New York these hours were thirteen by the clock.
    let local: Vec<String> =
        shop.sandbox.record().iter().map(|send| send["local"].as_str().unwrap()[..13].to_owned()).collect();
    assert_eq!(local, [["2027-03-14T01"; 3], ["2027-03-14T14"; 3]].concat());
}

#[test]
fn where_graph_tells_no_time_nothing_is_planned_and_3_says_why() {
    let mut shop = Shop::open();
    let list = people(5);
    let _ = shop.totals(&list, &["--max-sends", "2"], 6);
    let url = without_date(&shop.sandbox.url());
    let other = shop.env.path("other.db").to_str().unwrap().to_owned();
    shop.env = shop.env.set("MMSG_GRAPH_URL", url).set("MMSG_LEDGER", other);
    shop.send(&list, &[]).fails(3, "has no Date");
    assert!(!shop.env.path("other.db").exists(), "a ledger was made");
    assert_eq!(shop.sandbox.requests().len(), 2);
}
