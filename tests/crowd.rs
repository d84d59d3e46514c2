//! A Page with many subscribers of every kind, from Meta's list to the last message, across a change of the clocks. The judge is the
//! sandbox's record.
//!
//! `MMSG_CROWD=250000 cargo test --release --test suite crowd::a_whole -- --nocapture` does it with so many, and prints how fast and in how
//! much memory; `MMSG_CROWD=1000000 … crowd::filters` how long filters take.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use mmsg_sandbox::Zones;
use serde_json::Value;

use crate::clock::WallClock;
use crate::common::patience::Patience;
use crate::common::shop::Shop;
use crate::common::started::Started;
use crate::common::{Run, now};

/// Whose zone is not known is taken to live here.
const FALLBACK: &str = "Europe/Berlin";
/// A debug build has large frames, and a preloaded library.
const MOST_KIB: u64 = 96 * 1024;

/// How many people were asked for.
#[expect(clippy::disallowed_methods, reason = "what the test runner was given")]
fn asked() -> Option<u64> {
    std::env::var("MMSG_CROWD").ok()?.parse().ok()
}

fn size() -> u64 {
    asked().unwrap_or(1200)
}

/// Whether it is about speed, and not only whether it is right.
fn is_measured() -> bool {
    asked().is_some()
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or_default()
}

fn token(row: &Value) -> &str {
    text(row, "notification_messages_token")
}

/// Runs a command, which may not take more memory than others; says how fast it was.
#[track_caller]
#[expect(clippy::print_stderr, reason = "figures, for whoever asks for them")]
fn measured(shop: &Shop, what: &str, words: &[&str], rows: u64) -> Run {
    let begin = Instant::now();
    let mut started = shop.env.start("", words);
    let peak = started.most_until_it_ends(Started::own_kib);
    let run = started.ends();
    let seconds = begin.elapsed().as_secs_f64();
    eprintln!("{what}: {rows} rows in {seconds:.1} s, {:.0} a second, {} MiB", rows as f64 / seconds, peak / 1024);
    assert!(peak < MOST_KIB, "{what} took {peak} KiB");
    run
}

#[test]
fn a_whole_page_is_fetched_and_sent_to_at_the_right_hours_and_only_who_can_get_it() {
    let clock = WallClock::new();
    // 21:30 in Berlin, in the night in which clocks go forward; 02:00 in Kolkata, 16:30 in New York.
    let begin: Timestamp = "2027-03-27T20:30:00Z".parse().unwrap();
    clock.show(begin);
    let size = size();
    let page = (size / 30).clamp(10, 1000);
    let shop = Shop::with(|options| {
        options.clock_start = Some(begin);
        options.subscribers = size;
        options.custom_audience = 0.1;
        options.dials.latency = Duration::from_millis(2);
        let crowd = &mut options.crowd;
        crowd.token_page_size = usize::try_from(page).unwrap();
        crowd.zones = Zones::parse("Europe/Berlin,Asia/Kolkata,Australia/Lord_Howe,America/New_York").unwrap();
        (crowd.doubled, crowd.expired, crowd.no_expiry) = (0.1, 0.05, 0.05);
        (crowd.ineligible, crowd.stopped, crowd.reoptin_disabled) = (0.1, 0.05, 0.05);
    });
    let shop = clock.rules(shop, "UTC");
    let list = shop.sandbox.subscribers();
    let mut tokens_of = BTreeMap::<&str, Vec<&Value>>::new();
    for row in &list {
        let who = row["recipient_id"].as_str().unwrap_or(token(row));
        tokens_of.entry(who).or_default().push(row);
    }
    let everybody = tokens_of.len();

    // Killed on its way, and again.
    let pages = || shop.asks_ledger("select pages from fetches").first().map_or(0, |n| n.parse::<u64>().unwrap());
    let started = shop.env.start("", &["tokens", "fetch"]);
    let mut patience = Patience::of(Duration::from_secs(300));
    while !shop.ledger().exists() || shop.sandbox.count("requests") < 5 || pages() < size / page / 3 {
        assert!(patience.lasts(), "it does not fetch");
    }
    started.kill();
    let kept = pages() * page;
    assert!(kept < list.len() as u64, "it was done before it could be killed");
    let fetched = measured(&shop, "fetch", &["tokens", "fetch", "-o", "json"], list.len() as u64 - kept);
    let fetched = fetched.exits(0).says("continuing the fetch").json();
    assert_eq!([&fetched["rows"], &fetched["recipients"]], [list.len(), everybody], "{fetched:#}");

    let quiet = ["--audience", "subscribers", "--quiet-hours", "21:00-08:00", "--time-zone", FALLBACK, "-o", "json"];
    let dry = measured(&shop, "dry run", &shop.words(&[&quiet[..], &["--dry-run"]].concat()), everybody as u64);
    let dry = dry.exits(0).json();
    let sum = |part: &str| dry[part].as_u64().unwrap() as usize;
    let skipped: u64 = dry["would_skip"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(sum("would_send") + sum("would_wait") + skipped as usize, everybody, "{dry:#}");
    let first = measured(&shop, "send", &shop.words(&quiet), sum("would_send") as u64).exits(6).json();
    assert_eq!(first["accepted"], dry["would_send"], "{first:#}");

    // From cron, every half hour.
    let (mut at, mut code) = (begin, 6);
    while code == 6 {
        at += SignedDuration::from_mins(30);
        assert!(at < begin + SignedDuration::from_hours(40), "somebody is never sent to");
        clock.show(at);
        shop.sandbox.set_clock(at);
        code = shop.env.mmsg(["send", "--resume", "--rate", "unlimited"]).code;
    }
    assert_eq!(code, 0);

    let record = shop.sandbox.record();
    // The two clocks are a moment apart: whoever becomes eligible in that moment is told to wait, and gets it later.
    let requests = shop.sandbox.requests();
    let refused: Vec<_> = requests.iter().filter(|request| request["accepted"] != true).collect();
    let only_waits = refused.iter().all(|request| text(request, "outcome") == "2300035");
    assert!(
        only_waits && refused.len() as u64 <= size / 10_000,
        "somebody was asked who could not get it: {refused:#?}"
    );
    assert_eq!(requests.len() - refused.len(), record.len());
    shop.sandbox.assert_nobody_twice();
    let zone_of: BTreeMap<&str, &str> =
        list.iter().map(|row| (token(row), text(row, "notification_messages_timezone"))).collect();
    let who_has: BTreeMap<&str, &str> =
        tokens_of.iter().flat_map(|(who, rows)| rows.iter().map(|row| (token(row), *who))).collect();
    let mut asked = BTreeSet::new();
    for line in &record {
        let to = text(line, "token");
        assert!(asked.insert(who_has[to]), "somebody was asked with two tokens");
        let local = match (zone_of[to], text(line, "local")) {
            ("", _) => {
                let at = Timestamp::from_millisecond(line["at"].as_i64().unwrap()).unwrap();
                at.in_tz(FALLBACK).unwrap().strftime("%H:%M").to_string()
            }
            (_, local) => local[11..16].to_owned(),
        };
        assert!(("08:00".."21:00").contains(&&*local), "{local}: {line}");
    }
    // Whoever has a token that has not expired got it.
    let can = |row: &&&Value| match row["token_expiry_timestamp"].as_i64().unwrap_or(0) {
        0 => true,
        at => at > begin.as_millisecond(),
    };
    let wanted: BTreeSet<&str> =
        tokens_of.iter().filter(|(_, rows)| rows.iter().any(|row| can(&row))).map(|(who, _)| *who).collect();
    assert_eq!((asked.len(), asked == wanted), (wanted.len(), true));
    assert!(asked.len() < everybody && asked.len() < list.len(), "nobody was expired or doubled");
}

const DAY: i64 = 24 * 3_600_000;
const ZONES: [&str; 4] = ["Asia/Manila", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];

/// What is known of the people of a large ledger, by their numbers.
#[derive(Clone, Copy)]
struct Known(u64);

impl Known {
    fn has_expired(self) -> bool {
        self.0 % 10 == 3
    }

    fn expires_soon(self) -> bool {
        self.0 % 10 == 4
    }

    fn is_suppressed(self) -> bool {
        self.0 % 50 == 7
    }

    fn is_cooling_down(self) -> bool {
        self.0 % 25 == 6
    }

    fn is_eligible(self) -> bool {
        !self.has_expired() && !self.is_suppressed() && !self.is_cooling_down()
    }

    fn was_sent(self) -> bool {
        self.0.is_multiple_of(2)
    }

    fn has_read(self) -> bool {
        self.0.is_multiple_of(4)
    }

    fn has_clicked(self) -> bool {
        self.0.is_multiple_of(8)
    }

    fn zone(self) -> &'static str {
        ZONES[usize::try_from(self.0 % 4).unwrap()]
    }

    /// The same in SQL.
    fn write(shop: &Shop, now: i64) {
        let (past, soon, late) = (now - DAY, now + 3 * DAY, now + 90 * DAY);
        let zones: String = ZONES.iter().enumerate().fold(String::new(), |mut all, (n, zone)| {
            let _ = write!(all, "when {n} then '{zone}' ");
            all
        });
        let sent = now - 30 * DAY;
        // A long list is imported in the order of its keys: a person's ID says nothing.
        let number = "cast(substr(token, 2) as integer)";
        shop.changes_ledger(&format!(
            "update recipients set psid = 'p' || id, time_zone = case {number} % 4 {zones} end,
               expires_at = case {number} % 10 when 3 then {past} when 4 then {soon} else {late} end,
               suppressed = case when {number} % 50 = 7 then 'operator' end, suppressed_at = case when {number} % 50 = 7 then {past} end,
               blocked_until = case when {number} % 25 = 6 then {soon} else 0 end;
             insert into broadcasts (id, page, ad_account, campaign, fingerprint, message, created_at)
               select 1, page, '1', '1', x'01', '{{}}', {sent} from audiences limit 1;
             insert into listings (id, broadcast, source, rows, rows_hash, created_at, planned_at) values (1, 1, '-', 1, x'01', {sent}, {sent});
             insert into sends (broadcast, recipient, listing, state, claimed_at, finished_at, read_at, clicked_at)
               select 1, id, 1, 2, {sent}, {sent}, case when {number} % 4 = 0 then {past} end, case when {number} % 8 = 0 then {past} end
               from recipients where {number} % 2 = 0;
             insert into states (broadcast, state, n) select 1, 2, count(*) from sends;"
        ));
    }
}

#[test]
fn filters_find_the_right_people_of_many_and_cost_no_more_than_a_file() {
    let shop = Shop::open();
    let size = if is_measured() { size() } else { 3000 };
    let list: String = (1..=size).fold(String::new(), |mut list, n| {
        let _ = writeln!(list, "7{n:015}");
        list
    });
    fs::write(shop.env.path("list.txt"), list).unwrap();
    let _ = shop.env.mmsg(["tokens", "import", "list.txt", "--audience", "all"]).exits(0);
    Known::write(&shop, now());

    let yesterday = Timestamp::from_millisecond(now() - DAY).unwrap().to_string();
    type Holds = fn(Known) -> bool;
    let filters: [(&[&str], Holds); 13] = [
        (&[], |_| true),
        (&["--eligible"], Known::is_eligible),
        (&["--never-sent"], |known| !known.was_sent()),
        (&["--sent-before", &yesterday], Known::was_sent),
        (&["--not-read"], |known| known.was_sent() && !known.has_read()),
        (&["--clicked"], Known::has_clicked),
        (&["--expired"], Known::has_expired),
        (&["--expires-within", "7d"], Known::expires_soon),
        (&["--suppressed"], Known::is_suppressed),
        (&["--audience", "all"], |_| true),
        (&["--zone", "Asia/Manila,Asia/Kolkata"], |known| known.zone().starts_with("Asia")),
        (&["--audience", "all", "--eligible", "--never-sent", "--zone", "Europe/Berlin"], |known| {
            known.is_eligible() && !known.was_sent() && known.zone() == "Europe/Berlin"
        }),
        (&["--eligible", "--sent-before", &yesterday, "--not-read"], |known| {
            known.is_eligible() && known.was_sent() && !known.has_read()
        }),
    ];
    let mut slow = Vec::new();
    for (words, holds) in filters {
        let begin = Instant::now();
        let count = shop.env.mmsg(["tokens", "list", "--count"].iter().chain(words)).exits(0).stdout;
        let took = begin.elapsed();
        let wanted = (1..=size).filter(|n| holds(Known(*n))).count();
        assert_eq!(count.trim(), wanted.to_string(), "{words:?}");
        eprintln!("{words:?}: {wanted} of {size} in {} ms", took.as_millis());
        if took > Duration::from_secs(1) {
            slow.push((words, took));
        }
    }

    // The same people by a filter and by a file.
    let chosen: String = (1..=size).filter(|n| Known(*n).is_eligible()).fold(String::new(), |mut list, n| {
        let _ = writeln!(list, "7{n:015}");
        list
    });
    fs::write(shop.env.path("chosen.txt"), chosen).unwrap();
    let plan = |words: &[&str]| {
        let campaign = shop.other_campaign();
        let all = [&["--campaign", &campaign, "--max-sends", "0", "-o", "json"], words].concat();
        let begin = Instant::now();
        let totals = shop.env.mmsg(shop.words(&all)).exits(6).totals();
        (totals["pending"].as_u64().unwrap(), begin.elapsed().as_secs_f64())
    };
    // In turns, and the faster of two: the machine has other things to do.
    let (mut of_file, mut of_filter) = (f64::MAX, f64::MAX);
    let by_file = plan(&["chosen.txt"]).0;
    for _ in 0..2 {
        of_filter = of_filter.min(plan(&["--eligible"]).1);
        of_file = of_file.min(plan(&["chosen.txt"]).1);
    }
    assert_eq!(plan(&["--eligible"]).0, by_file);
    eprintln!(
        "plan of {by_file}: {of_file:.2} s from a file, {of_filter:.2} s by a filter, ratio {:.2}",
        of_filter / of_file
    );
    if is_measured() {
        assert!(slow.is_empty(), "{slow:?}");
        assert!(of_filter < 1.1 * of_file, "{of_filter} s against {of_file} s");
    }
}
