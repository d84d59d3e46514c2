//! `mmsg tokens fetch`: Meta's list becomes an audience, and the right people of it get the message. The sandbox's records are the judge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use mmsg_sandbox::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::engine::{Engine, of_test, on_both};
use crate::common::patience::Patience;
use crate::common::sandbox::lines_of;
use crate::common::shop::Shop;
use crate::common::started::Started;
use crate::common::{Run, TOKEN, now};

/// A shop whose sandbox notes every call.
struct Recorded {
    shop: Shop,
    folder: TempDir,
}

impl Recorded {
    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let calls = folder.path().join("calls.ndjson");
        let shop = Shop::with(|options| {
            options.calls = Some(calls);
            change(options);
        });
        Self { shop, folder }
    }

    fn calls_file(&self) -> PathBuf {
        self.folder.path().join("calls.ndjson")
    }

    /// The queries of the list: each with its cursor and its status.
    fn queries(&self) -> Vec<(Option<String>, u64)> {
        let is_query = |call: &&Value| call["path"].as_str().unwrap().ends_with("/notification_message_tokens");
        lines_of(&self.calls_file())
            .iter()
            .filter(is_query)
            .map(|call| (call["query"]["after"].as_str().map(str::to_owned), call["status"].as_u64().unwrap()))
            .collect()
    }

    fn fetch(&self, args: &[&str]) -> Run {
        self.shop.env.mmsg(["tokens", "fetch", "-o", "json"].iter().chain(args))
    }
}

fn counts(run: &Run) -> [u64; 5] {
    let json = run.json();
    let part = |name: &str| json[name].as_u64().unwrap();
    assert_eq!(
        part("rows"),
        ["recipients", "duplicates", "other_tokens", "bad"].map(part).iter().sum::<u64>(),
        "rows were lost: {json:#}"
    );
    ["rows", "recipients", "other_tokens", "bad", "new"].map(part)
}

/// Everybody in Meta's list, with their tokens. Nobody knows the PSID of somebody from a custom audience.
fn persons(list: &[Value]) -> BTreeMap<String, Vec<&Value>> {
    let mut persons = BTreeMap::<String, Vec<&Value>>::new();
    for row in list {
        let who = row["recipient_id"].as_str().or(row["notification_messages_token"].as_str()).unwrap();
        persons.entry(who.to_owned()).or_default().push(row);
    }
    persons
}

fn token(row: &Value) -> String {
    row["notification_messages_token"].as_str().unwrap().to_owned()
}

/// The latest of these times of an entry, in milliseconds.
fn latest(row: &Value, names: &[&str]) -> i64 {
    let time = |name: &&str| match &row[*name] {
        Value::Number(seconds) => seconds.as_i64().unwrap(),
        _ => 0,
    };
    let at = names.iter().map(time).max().unwrap();
    if at < 100_000_000_000 { at * 1000 } else { at }
}

fn fetch_then_send_is_a_whole_campaign_without_a_file() {
    let recorded = Recorded::with(|options| {
        options.subscribers = 2500;
        options.custom_audience = 0.2;
        let crowd = &mut options.crowd;
        (crowd.doubled, crowd.expired, crowd.no_expiry) = (0.1, 0.05, 0.05);
        (crowd.ineligible, crowd.stopped, crowd.reoptin_disabled) = (0.1, 0.05, 0.05);
    });
    let shop = &recorded.shop;
    let list = shop.sandbox.subscribers();
    let persons = persons(&list);
    assert!(persons.len() < list.len() && list.len() < 2500, "no doubles, or nobody stopped");

    let fetched = recorded.fetch(&[]).exits(0);
    let [rows, recipients, others, bad, new] = counts(&fetched);
    assert_eq!([rows, recipients, new], [list.len() as u64, persons.len() as u64, list.len() as u64]);
    assert_eq!([others, bad], [(list.len() - persons.len()) as u64, 0]);

    let totals = shop.env.mmsg(shop.words(&["--audience", "subscribers", "-o", "json"])).exits(6).json();
    // Nobody was asked who could not get it, and everybody who could was asked with one token.
    let now = now();
    let expires = |row: &Value| match latest(row, &["token_expiry_timestamp"]) {
        0 => i64::MAX,
        at => at,
    };
    let eligible = |row: &Value| latest(row, &["next_eligible_time", "next_eligible_time_for_paid_messaging"]);
    let requested: BTreeSet<String> = shop.sandbox.requested().into_iter().collect();
    assert_eq!(requested.len(), shop.sandbox.requested().len(), "somebody was asked twice");
    let (mut asked, mut waiting, mut expired) = (0, 0, 0);
    for (who, tokens) in &persons {
        let with: Vec<&&Value> = tokens.iter().filter(|row| requested.contains(&token(row))).collect();
        assert!(with.len() <= 1, "{who} was asked with several tokens");
        let can: Vec<&&Value> = tokens.iter().filter(|row| expires(row) > now).collect();
        match with.first() {
            Some(row) => {
                asked += 1;
                assert!(expires(row) > now && eligible(row) <= now, "{row}");
            }
            None if can.is_empty() => expired += 1,
            None => {
                waiting += 1;
                assert!(can.iter().any(|row| eligible(row) > now), "{who} was left out: {tokens:?}");
            }
        }
    }
    assert!(waiting > 100 && expired > 50, "{waiting} wait, {expired} expired: nothing was proved");
    assert_eq!([&totals["accepted"], &totals["pending"]], [&json!(asked), &json!(waiting)], "{totals:#}");
    assert_eq!(totals["refused"], 0, "{totals:#}");
    assert_eq!(shop.sandbox.requested().len(), shop.sandbox.accepted().len(), "somebody was refused");
    // Time zones are known of everybody whose PSID is.
    let zones = list.iter().filter(|row| row["notification_messages_timezone"].is_string()).count().to_string();
    assert_eq!(shop.asks_ledger("select count(*) from recipients where time_zone is not null"), [zones]);
}

fn a_fetch_that_was_killed_goes_on_and_counts_as_a_whole() {
    let recorded = Recorded::with(|options| {
        options.subscribers = 2000;
        options.crowd.token_page_size = 50;
        options.crowd.doubled = 0.1;
        // To look at a server takes its time.
        options.dials.latency = Duration::from_millis(if of_test() == Some(Engine::Server) { 250 } else { 20 });
    });
    let shop = &recorded.shop;
    let pages = || shop.asks_ledger("select pages from fetches").first().map_or(0, |n| n.parse::<u64>().unwrap());
    for least in [3, 20] {
        let started = shop.env.start("", &["tokens", "fetch"]);
        let mut patience = Patience::default();
        let is_there = || shop.env.database().is_some() || shop.ledger().exists();
        while !is_there() || recorded.queries().len() < 3 || pages() < least {
            assert!(patience.lasts(), "{} pages so far", pages());
        }
        started.kill();
        shop.env.mmsg(shop.words(&["--audience", "subscribers"])).fails(2, "no audience \"subscribers\"");
    }
    let kept = pages();
    let asked = recorded.queries().len();
    let [rows, recipients, others, bad, _] =
        counts(&recorded.fetch(&[]).exits(0).says("continuing the fetch of").says(" so far"));
    assert_eq!([rows, bad], [2000, 0]);
    // A request of the killed one may still be noted: no page that was kept is asked for again.
    for (cursor, _) in &recorded.queries()[asked..] {
        let place =
            cursor.as_deref().and_then(|cursor| cursor.strip_prefix("QVFIT")).map(|n| n.parse::<u64>().unwrap());
        assert!(place.is_some_and(|place| place >= kept * 50), "{cursor:?} after {kept} pages");
    }
    let list = shop.sandbox.subscribers();
    assert_eq!([recipients, others], [persons(&list).len() as u64, 2000 - persons(&list).len() as u64]);
    assert_eq!(shop.asks_ledger("select count(*) from fetches"), ["0"]);
    // The next one begins anew, and knows everybody.
    assert_eq!(counts(&recorded.fetch(&[]).exits(0))[4], 0);
}

/// By Meta, or where Meta refuses it by when tokens were made: the same people.
#[test]
fn people_are_chosen_by_when_they_subscribed_whether_or_not_meta_knows_how() {
    let mut chosen = Vec::new();
    for served in [true, false] {
        let recorded = Recorded::with(|options| {
            options.subscribers = 900;
            options.custom_audience = 0.2;
            options.crowd.token_page_size = 100;
            options.crowd.token_filters = served;
        });
        let shop = &recorded.shop;
        let list = shop.sandbox.subscribers();
        let made = |row: &Value| row["creation_timestamp"].as_i64();
        let mut times: Vec<i64> = list.iter().filter_map(made).collect();
        times.sort_unstable();
        let at = |place: usize| times[place] / 1000;
        let (since, until) = (at(times.len() / 3), at(times.len() * 2 / 3));
        let wanted: BTreeSet<String> = list
            .iter()
            .filter(|row| made(row).is_some_and(|made| since * 1000 <= made && made < until * 1000))
            .map(token)
            .collect();
        assert!(wanted.len() > 100, "{}", wanted.len());
        let (since, until) = (since.to_string(), until.to_string());
        let window = ["--opted-in-since", &since, "--opted-in-until", &until];
        recorded.fetch(&window).exits(2).says("--audience");
        let run = recorded.fetch(&[&["--audience", "new"], &window[..]].concat()).exits(0);
        assert_eq!(run.stderr.contains("Meta refuses --opted-in-since"), !served, "{run:#?}");
        assert_eq!(counts(&run)[..2], [wanted.len() as u64; 2]);
        let _ = shop.env.mmsg(shop.words(&["--audience", "new"])).exits(0);
        assert_eq!(shop.sandbox.requested().into_iter().collect::<BTreeSet<_>>(), wanted);
        chosen.push(wanted.len());

        // Where only Meta knows, nothing else is fetched in its place.
        let by_ads = recorded.fetch(&["--audience", "ads", "--source", "ctm"]);
        match served {
            true => assert!((1..list.len() as u64 / 2).contains(&counts(&by_ads.exits(0))[1])),
            false => drop(by_ads.exits(5).prints_nothing().says("fetch without it")),
        }
        let lately = recorded.fetch(&["--audience", "lately", "--opted-in-since", "7d"]).exits(0);
        let week = now() / 3_600_000 * 3600 - 7 * 86_400;
        let newer = list.iter().filter(|row| made(row).is_some_and(|made| made >= week * 1000)).count() as u64;
        // The hour may have ended meanwhile.
        assert!(counts(&lately)[1].abs_diff(newer) <= 5, "{newer} {lately:#?}");
        let named = shop.env.mmsg(["audience", "list", "-o", "json"]).exits(0).json();
        let sources: Vec<&str> = named.as_array().unwrap().iter().filter_map(|row| row["source"].as_str()).collect();
        assert!(sources.iter().any(|source| source.contains("since 20")), "{named:#}");
        assert_eq!(sources.iter().any(|source| source.contains("by ctm")), served, "{named:#}");
    }
    assert_eq!(chosen[0], chosen[1]);
    let recorded = Recorded::with(|_| ());
    recorded.fetch(&["--audience", "x", "--source", "newspaper"]).exits(2).says("not a source of subscribers");
    let window = ["--opted-in-since", "1700000000", "--opted-in-until", "1700000000"];
    recorded.fetch(&[&["--audience", "x"], &window[..]].concat()).exits(2).says("is not before");
}

#[test]
fn it_stops_short_of_the_limit_of_queries_and_goes_on_later() {
    let recorded = Recorded::with(|options| {
        options.subscribers = 450;
        options.crowd.token_page_size = 25;
        options.crowd.token_queries = Some(10);
        // An hour takes two seconds.
        options.time_scale = 1800.0;
    });
    let stopped = recorded.fetch(&[]).exits(6).prints_nothing();
    let error = stopped.last_line();
    assert!(error["message"].as_str().unwrap().contains("225 tokens of 9 pages kept"), "{error:#}");
    assert!(error["next_run_at"].is_string(), "{error:#}");
    let mut patience = Patience::default();
    let whole = loop {
        let run = recorded.fetch(&[]);
        match run.code {
            6 => assert!(patience.lasts(), "{run:#?}"),
            _ => break run.exits(0),
        }
    };
    assert_eq!(counts(&whole)[..2], [450, 450]);
    // 400 is a query beyond the limit: of whoever comes too early, never in the middle of a fetch.
    let first: Vec<u64> = recorded.queries()[..9].iter().map(|(_, status)| *status).collect();
    assert_eq!(first, [200; 9]);
}

fn a_cursor_that_does_not_move_is_an_error_and_never_a_loop() {
    let recorded = Recorded::with(|options| {
        options.subscribers = 1000;
        options.crowd.token_page_size = 100;
        options.dials.stuck_cursor = Some(300);
    });
    recorded.fetch(&[]).exits(7).prints_nothing().says("the same page twice");
    let asked = recorded.queries().len();
    assert!(asked <= 5, "{asked} queries");
    recorded.fetch(&[]).exits(7).prints_nothing();
    assert!(recorded.queries().len() <= asked + 2, "{:?}", recorded.queries());
    recorded.shop.sandbox.turn(|dials| dials.stuck_cursor = None);
    assert_eq!(counts(&recorded.fetch(&[]).exits(0))[..2], [1000, 1000]);
    // A cursor that Meta has forgotten: from the start.
    recorded.shop.sandbox.turn(|dials| dials.stuck_cursor = Some(300));
    recorded.fetch(&[]).exits(7).prints_nothing();
    recorded.shop.sandbox.turn(|dials| dials.stuck_cursor = None);
    recorded.shop.changes_ledger("update fetches set cursor = 'forgotten'");
    let run = recorded.fetch(&[]).exits(0).says("starting again");
    assert_eq!(counts(&run)[..2], [1000, 1000]);
}

#[test]
fn a_system_users_token_in_place_of_the_pages_is_named() {
    let recorded = Recorded::with(|_| ());
    let env = recorded.shop.sandbox.environment().set("MMSG_PAGE_TOKEN", TOKEN);
    let run = env.mmsg(["tokens", "fetch"]).fails(4, "Page Access Token");
    assert!(run.stderr.contains("page_token") && run.stderr.contains("MMSG_PAGE_TOKEN"), "{run:#?}");
    // Without one it is read with the access token.
    let env = recorded.shop.sandbox.environment().unset("MMSG_PAGE_TOKEN");
    assert_eq!(counts(&env.mmsg(["tokens", "fetch", "-o", "json"]).exits(0))[0], 250);
}

fn a_custom_audience_is_fetched_alone_and_only_if_it_is_of_the_page() {
    let recorded = Recorded::with(|options| {
        options.subscribers = 1000;
        options.custom_audience = 0.5;
        options.crowd.audiences = 3;
    });
    let shop = &recorded.shop;
    let list = shop.sandbox.subscribers();
    let mut by_audience = BTreeMap::<String, BTreeSet<String>>::new();
    for row in &list {
        for id in row["custom_audience_ids"].as_array().into_iter().flatten() {
            by_audience.entry(id.as_str().unwrap().to_owned()).or_default().insert(token(row));
        }
    }
    assert_eq!(by_audience.len(), 3);
    let ids: Vec<&String> = by_audience.keys().collect();
    recorded.fetch(&["--custom-audience", ids[0]]).exits(2);
    let args = ["--audience", "some", "--custom-audience", ids[1], "--custom-audience", ids[0]];
    let fetched = counts(&recorded.fetch(&args).exits(0));
    let wanted: BTreeSet<String> = by_audience[ids[0]].union(&by_audience[ids[1]]).cloned().collect();
    assert_eq!(fetched[..2], [wanted.len() as u64; 2]);
    shop.env.mmsg(shop.words(&["--audience", "some"])).exits(0);
    assert_eq!(shop.sandbox.accepted().into_iter().collect::<BTreeSet<_>>(), wanted);
    // Nobody's, and one that is not for messages.
    recorded.fetch(&["--audience", "x", "--custom-audience", "1"]).exits(5).prints_nothing();
}

fn an_empty_list_does_not_empty_an_audience() {
    let recorded = Recorded::with(|options| options.subscribers = 120);
    recorded.fetch(&[]).exits(0);
    let dials = |stopped: bool| {
        recorded.shop.sandbox.turn(|dials| {
            dials.read_errors = mmsg_sandbox::Faults::parse(if stopped { "2=100%" } else { "" }).unwrap();
        });
    };
    dials(true);
    let failed = recorded.fetch(&["--restart"]);
    assert!(matches!(failed.code, 6 | 7), "{failed:#?}");
    dials(false);
    assert_eq!(recorded.shop.asks_ledger("select rows from audiences where imported_at is not null"), ["120"]);
    assert_eq!(counts(&recorded.fetch(&["--restart"]).exits(0).says("had 120 recipients, now 120"))[1], 120);
}

#[test]
fn memory_is_flat_however_many_subscribers() {
    let recorded = Recorded::with(|options| options.subscribers = 30_000);
    let mut started = recorded.shop.env.start("", &["tokens", "fetch"]);
    let peak = started.most_until_it_ends(Started::own_kib);
    started.ends().exits(0);
    assert!((1..64 * 1024).contains(&peak), "{peak} KiB");
}

on_both! {
    fetch_then_send_is_a_whole_campaign_without_a_file
    a_fetch_that_was_killed_goes_on_and_counts_as_a_whole
    a_cursor_that_does_not_move_is_an_error_and_never_a_loop
    a_custom_audience_is_fetched_alone_and_only_if_it_is_of_the_page
    an_empty_list_does_not_empty_an_audience
}
