//! A few people first. The judge is the order of the sandbox's record: nobody else is asked before the canary has passed.

use std::collections::BTreeSet;
use std::time::Duration;

use mmsg_sandbox::Options;
use rustix::process::Signal;
use serde_json::Value;

use crate::common::receiver::{Receiver, environment, number};
use crate::common::shop::{Shop, people};
use crate::common::{Env, now};

const PEOPLE: usize = 200;
const FIRST: usize = 20;

/// A shop whose events go to a receiver with the same ledger.
fn heard(receiver: &Receiver<'_>, change: impl FnOnce(&mut Options)) -> Shop {
    let mut shop = Shop::with(|options| {
        options.webhooks.url = Some(receiver.url.clone());
        options.webhooks.delay = Duration::from_millis(50);
        options.webhooks.failed = 0.0;
        change(options);
    });
    let env = std::mem::replace(&mut shop.env, Env::new());
    shop.env = env.set("MMSG_LEDGER", receiver.ledger().to_str().unwrap());
    shop
}

/// The people of the canary, as the ledger has them.
fn chosen(shop: &Shop) -> BTreeSet<String> {
    let sql =
        "select r.token from canaries c join listing_rows l on l.listing = c.listing join sends s on s.id = l.send
               join recipients r on r.id = s.recipient";
    let ledger = shop.env.path(shop.env.variable("MMSG_LEDGER"));
    let conn = rusqlite::Connection::open(ledger).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn first(shop: &Shop, n: usize) -> BTreeSet<String> {
    shop.sandbox.accepted().into_iter().take(n).collect()
}

fn canary(totals: &Value) -> &Value {
    assert_eq!(totals["canaries"].as_array().unwrap().len(), 1, "{totals:#}");
    &totals["canaries"][0]
}

#[test]
fn a_canary_that_does_well_is_followed_by_everybody() {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let shop = heard(&receiver, |_| {});
    let list = people(PEOPLE);
    let run = shop.send(&list, &["--canary", "20", "-o", "json"]).exits(0);
    let run = run.says("20 people of broadcast 1 first").says("canary passed: 20 accepted").says("too small to tell");
    let totals = run.json();
    let told = canary(&totals);
    assert_eq!(
        (&told["state"], &told["people"], &told["accepted"]),
        (&"passed".into(), &20.into(), &20.into()),
        "{told:#}"
    );
    // All of them were heard of before the 21st was asked.
    assert!(told["echoed"].as_u64().unwrap() >= 20 - told["delivered"].as_u64().unwrap(), "{told:#}");
    assert_eq!(first(&shop, FIRST), chosen(&shop));
    shop.assert_each_once(&list);
    // Whoever comes later follows at once.
    let more = people(PEOPLE + 5);
    let _ = shop.totals(&more, &["--canary", "20"], 0);
    shop.assert_each_once(&more);
}

#[test]
fn a_canary_that_fails_stops_until_somebody_decides() {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let shop = heard(&receiver, |options| options.webhooks.failed = 1.0);
    let list = people(PEOPLE);
    let dry = |args: &[&str]| {
        let words = [&["--dry-run", "-o", "json"], args].concat();
        shop.send(&list, &words).exits(0).json()["canary"].clone()
    };
    let planned = dry(&["--canary", "10%"]);
    assert_eq!([&planned["state"], &planned["people"]], [&Value::from("planned"), &20.into()], "{planned:#}");
    assert_eq!(dry(&["--canary", "none"]), Value::Null);
    let said = shop.send(&list, &["--dry-run", "--canary", "30"]).exits(0).stdout;
    assert!(said.contains("30 people first, then"), "{said}");
    let run = shop.send(&list, &["--canary", "10%", "-o", "json"]).exits(5);
    let run = run.says("of the canary's").says("mmsg broadcast close 1 cancels");
    let totals = run.totals();
    let told = canary(&totals);
    let asked = shop.sandbox.accepted().len();
    let _ = run.says(&format!("{} other recipients were not sent to", PEOPLE - asked));
    assert_eq!((&told["state"], told["accepted"].as_u64()), (&"stopped".into(), Some(asked as u64)), "{told:#}");
    assert!(told["failed"].as_u64().unwrap() > 0 && asked < PEOPLE / 5, "{told:#}");
    assert_eq!(first(&shop, asked), chosen(&shop));
    assert_eq!(totals["pending"].as_u64().unwrap() as usize, PEOPLE - asked);
    // Whoever looks sees it: in a dry run, in the list of broadcasts, and at each person.
    let stopped = dry(&[]);
    assert_eq!([&stopped["state"], &stopped["people"]], [&Value::from("stopped"), &asked.into()], "{stopped:#}");
    let listed = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json()[0]["canary"].clone();
    assert_eq!([&listed["state"], &listed["accepted"]], [&Value::from("stopped"), &asked.into()], "{listed:#}");
    assert!(shop.env.mmsg(["broadcast", "list"]).exits(0).stdout.contains("stopped"));
    let _ = shop.env.mmsg(["broadcast", "show", "1"]).exits(0).says("with --canary none it sends to everybody");
    let of_canary = chosen(&shop);
    for token in &list[..40] {
        let told = shop.env.mmsg(["why", token]).exits(0).stdout;
        assert_eq!(told.contains("one of the canary"), of_canary.contains(token), "{told}");
    }
    // Neither the same command nor cron goes on.
    let _ = shop.send(&list, &["--canary", "10%"]).exits(5);
    shop.env.mmsg(["send", "--resume"]).exits(5).says("failed (");
    assert_eq!(shop.sandbox.accepted().len(), asked);
    shop.env.mmsg(["send", "--resume", "--canary-max-failed", "100%"]).exits(0).says("canary passed");
    shop.assert_each_once(&list);
}

#[test]
fn a_canary_that_is_refused_stops_without_events() {
    let shop = Shop::open();
    shop.sandbox.errors("2300004=50%");
    let list = people(PEOPLE);
    let run = shop.send(&list, &["--canary", "20", "--allow-refusals", "-o", "json"]).exits(5);
    let totals = run.totals();
    let told = canary(&totals);
    let (accepted, refused) = (told["accepted"].as_u64().unwrap(), told["refused"].as_u64().unwrap());
    assert!(accepted + refused == 20 && refused > 1, "{told:#}");
    assert_eq!(shop.sandbox.requests().len(), 20);
    // Mended, and nobody waits for the canary any more.
    shop.sandbox.errors("");
    shop.env.mmsg(["send", "--resume", "--canary", "none", "--retry-refused", "2300004"]).exits(0);
    shop.assert_each_once(&list);
}

#[test]
fn people_who_left_are_no_fault_of_the_message() {
    let shop = Shop::open();
    shop.sandbox.errors("2300034=50%");
    let list = people(PEOPLE);
    let totals = shop.totals(&list, &["--canary", "20", "--canary-without-events"], 0);
    let told = canary(&totals);
    assert_eq!((&told["state"], &told["refused"]), (&"passed".into(), &told["left"]), "{told:#}");
    assert!(told["left"].as_u64().unwrap() > 1, "{told:#}");
    assert_eq!(shop.sandbox.requests().len(), PEOPLE);
}

#[test]
fn a_canary_of_which_nothing_is_heard_stops_and_says_so() {
    let shop = Shop::open();
    let list = people(PEOPLE);
    let run = shop.send(&list, &["--canary", "20", "--canary-wait", "1s"]).exits(5).prints_nothing();
    let run = run.says("webhook events came for 0 within 1s").says("--canary-without-events");
    assert!(run.stderr.contains("180 other recipients were not sent to"), "{run:#?}");
    assert_eq!(shop.sandbox.accepted().len(), FIRST);
    let _ = shop.totals(&list, &["--canary-without-events"], 0);
    shop.assert_each_once(&list);
}

/// Interrupted while it waits: the wait goes on from where it began, in whatever process.
#[test]
fn the_wait_is_neither_skipped_nor_repeated() {
    let shop = Shop::open();
    let list = people(PEOPLE);
    let words = shop.words(&["--canary", "20", "--canary-wait", "1h"]);
    let begun = || shop.asks_ledger("select coalesce(sent_at, 0) from canaries");
    let mut waiting = shop.env.start(&(list.join("\n") + "\n"), &words);
    waiting.wait_for("waiting up to");
    let since = begun();
    assert_ne!(since, ["0"]);
    waiting.signal(Signal::INT);
    let _ = waiting.ends().exits(130);
    // Cron, meanwhile: it waits for the rest, and asks nobody else.
    let mut cron = shop.env.start("", &["send", "--resume"]);
    cron.wait_for("waiting up to");
    assert_eq!((begun(), shop.sandbox.accepted().len()), (since, FIRST));
    // An hour later it is over, for the process at work and for every later one.
    shop.changes_ledger("update canaries set sent_at = sent_at - 3600000");
    let _ = cron.ends().exits(5).says("webhook events came for 0");
    shop.env.mmsg(["send", "--resume"]).exits(5);
    assert_eq!(shop.sandbox.accepted().len(), FIRST);
}

#[test]
fn a_canary_that_is_killed_goes_on_where_it_stood() {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let shop = heard(&receiver, |options| options.dials.latency = Duration::from_millis(40));
    let list = people(PEOPLE);
    let words = shop.words(&["--canary", "20", "--concurrency", "1"]);
    let at_work = shop.env.start(&(list.join("\n") + "\n"), &words);
    shop.sandbox.wait_for_sends(6);
    at_work.kill();
    let asked = shop.sandbox.requests().len();
    assert!((6..FIRST).contains(&asked), "{asked}");
    // What was on the wire is unknown until its event comes.
    shop.sandbox.turn(|dials| dials.latency = Duration::ZERO);
    shop.env.mmsg(["send", "--resume", "--rate", "unlimited"]).exits(0).says("canary passed: 20 accepted");
    assert_eq!(first(&shop, FIRST), chosen(&shop));
    shop.assert_each_once(&list);
}

#[test]
fn two_processes_share_a_canary() {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let shop = heard(&receiver, |options| options.dials.latency = Duration::from_millis(20));
    let list = people(PEOPLE);
    let words = shop.words(&["--canary", "20", "--concurrency", "2"]);
    let stdin = list.join("\n") + "\n";
    let both = [shop.env.start(&stdin, &words), shop.env.start(&stdin, &words)];
    for process in both {
        // The one that finds nothing left while the other is at work ends with 6.
        let run = process.ends();
        assert!([0, 6].contains(&run.code), "{run:#?}");
    }
    assert_eq!(first(&shop, FIRST), chosen(&shop));
    assert_eq!(number(&receiver.ledger(), "select count(*) from canaries where passed_at is not null"), 1);
    shop.assert_each_once(&list);
}

/// By a file and by a server; and other people in the list change nothing.
#[test]
fn the_people_of_a_canary_are_the_same_everywhere() {
    let mut canaries = Vec::new();
    for (on_server, more) in [(false, 0), (true, 0), (false, 100)] {
        let mut shop = Shop::open();
        if on_server {
            shop.env = shop.env.on_server();
        }
        let args = ["--canary", "10%", "--canary-wait", "0s", "--campaign", &shop.campaign];
        shop.send(&people(PEOPLE + more), &args).exits(5).says("webhook events");
        canaries.push((shop.campaign.clone(), shop.sandbox.accepted().into_iter().collect::<BTreeSet<_>>()));
    }
    let ((campaign, file), (other, server)) = (&canaries[0], &canaries[1]);
    assert_eq!((campaign, file), (other, server));
    assert!((4..=36).contains(&file.len()), "{}", file.len());
    let known: BTreeSet<String> = people(PEOPLE).into_iter().collect();
    let of_more: BTreeSet<String> = canaries[2].1.intersection(&known).cloned().collect();
    assert_eq!(*file, of_more);
}

#[test]
fn who_can_only_be_asked_later_is_no_canary_yet() {
    let shop = Shop::open();
    let list = people(30);
    let begin = now();
    let args = ["--canary", "50%", "--canary-without-events", "--at", "2099-01-01T00:00:00Z"];
    // Nothing goes out before the campaign ends, which is refused; an hour from now it can.
    shop.send(&list, &args).exits(2).says("but nothing is sent after");
    let at = jiff::Timestamp::from_millisecond(begin + 3_600_000).unwrap().to_string();
    let totals = shop.totals(&list, &["--canary", "50%", "--canary-without-events", "--at", &at], 6);
    assert_eq!(canary(&totals)["state"], "planned", "{totals:#}");
    assert!(shop.sandbox.requests().is_empty());
    let totals = shop.totals(&list, &["--at", "now"], 0);
    assert_eq!(canary(&totals)["state"], "passed", "{totals:#}");
    shop.assert_each_once(&list);
}

#[test]
fn flags_about_a_canary_need_one() {
    let shop = Shop::open();
    let list = people(3);
    for args in [&["--canary-wait", "1m"][..], &["--canary-max-failed", "1%"], &["--canary-without-events"]] {
        shop.send(&list, args).fails(2, "need a canary");
    }
    for size in ["0", "0%", "100%", "1.5", "many"] {
        shop.send(&list, &["--canary", size]).exits(2);
    }
    assert!(shop.sandbox.requests().is_empty());
    assert_eq!(shop.asks_ledger("select count(*) from broadcasts"), ["0"]);
}
