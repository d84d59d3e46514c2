//! `mmsg send --resume` for many businesses at once. The judge is the sandbox's record of what it accepted.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::common::Env;
use crate::common::fleet::{Fleet, Profile, account, codes, name, page};
use crate::common::sandbox::Sandbox;

/// So many businesses …
const SHOPS: usize = 30;
/// … of which the first are broken, each in its own way, and the exit code by which each is named.
const BROKEN: [(&str, u64); 12] = [
    ("a dead access token", 4),
    ("a secret whose file is missing", 4),
    ("an account number that is none", 3),
    ("the account of another business", 5),
    ("another Graph host than the ledger's", 10),
    ("a ledger that is none", 10),
    ("a host that is gone", 7),
    ("a paused campaign", 5),
    ("a campaign deleted in Ads Manager", 5),
    ("a burst of refusals", 5),
    ("a burst of lost answers", 11),
    ("a daily budget that is used up", 6),
];
/// One answer to its people is lost: the send is unknown, and the exit code says so.
const WITH_DOUBT: usize = 12;
/// One of its people opted out: no failure.
const WITH_OPT_OUT: usize = 13;

#[test]
fn of_thirty_businesses_twelve_are_broken_in_twelve_ways_and_the_others_lose_nothing() {
    let is_burst = |shop: usize| matches!(BROKEN.get(shop), Some((way, _)) if way.starts_with("a burst"));
    let fleet = Fleet::of(SHOPS, |shop| if is_burst(shop) { 60 } else { 3 }, |_| {});
    let place = |way: &str| BROKEN.iter().position(|(other, _)| *other == way).unwrap();
    let tokens_of = |way: &str, fault: &'static str| {
        fleet.people[place(way)].iter().map(move |token| (token.clone(), fault.to_owned()))
    };
    let mut gone = Sandbox::with(|options| {
        options.ad_accounts = (0..SHOPS).map(account).collect();
        options.pages = (0..SHOPS).map(page).collect();
    });
    let own_ledger = fleet.env.path("own.db");
    fleet.profiles(SHOPS, |_, profile| {
        profile.insert("graph_url", format!("'{}'", gone.url()));
        profile.insert("ledger", format!("'{}'", own_ledger.display()));
    });
    let unreachable = place("a host that is gone");
    fleet.plan(unreachable, &fleet.people[unreachable]);
    fleet.sandbox.error_tokens(
        tokens_of("a burst of refusals", "2300004")
            .chain(tokens_of("a burst of lost answers", "drop"))
            .chain(tokens_of("a daily budget that is used up", "2300054"))
            .chain([
                (fleet.people[WITH_DOUBT][1].clone(), "drop".to_owned()),
                (fleet.people[WITH_OPT_OUT][0].clone(), "2300034".to_owned()),
            ]),
    );
    fleet.sandbox.switch(&fleet.campaigns[place("a paused campaign")], "PAUSED");
    fleet.sandbox.switch(&fleet.campaigns[place("a campaign deleted in Ads Manager")], "DELETED");
    let broken = |shop: usize, profile: &mut Profile| {
        let Some((way, _)) = BROKEN.get(shop) else { return };
        match *way {
            "a dead access token" => profile.insert("token", "'EAAdeadToken000000000000000000'".to_owned()),
            "a secret whose file is missing" => profile.insert("token", "{ file = '/nowhere/token' }".to_owned()),
            "an account number that is none" => profile.insert("ad_account", "'not an account'".to_owned()),
            "the account of another business" => profile.insert("ad_account", format!("'{}'", account(SHOPS - 1))),
            "another Graph host than the ledger's" => profile.insert("graph_url", format!("'{}'", gone.url())),
            "a ledger that is none" => {
                profile.insert("ledger", format!("'{}'", fleet.env.path("promo.json").display()))
            }
            "a host that is gone" => {
                profile.insert("graph_url", format!("'{}'", gone.url()));
                profile.insert("ledger", format!("'{}'", own_ledger.display()))
            }
            _ => None,
        };
    };
    fleet.profiles(SHOPS, broken);
    gone.stop();
    let run = fleet.resume(&["--all-profiles", "-o", "json"]);
    let totals = run.json();
    let mut expected: BTreeMap<_, _> = (0..SHOPS).map(|shop| (name(shop), 0)).collect();
    expected.extend(BROKEN.iter().enumerate().map(|(shop, (_, code))| (name(shop), *code)));
    expected.insert(name(WITH_DOUBT), 11);
    assert_eq!(codes(&totals), expected, "{totals:#}");
    assert_eq!((run.code, totals["exit_code"].as_u64()), (10, Some(10)), "the weightiest decides: {run:#?}");
    for (shop, (way, code)) in BROKEN.iter().enumerate() {
        let row = totals["profiles"].as_array().unwrap().iter().find(|row| row["profile"] == name(shop)).unwrap();
        assert!(row["reason"].is_string(), "{way}: {row:#}");
        // What only waits is no warning.
        let line = if *code == 6 { format!("{}: not yet", name(shop)) } else { format!("warning: {}: ", name(shop)) };
        assert!(run.stderr.contains(&line), "{way}: {run:#?}");
    }
    // By the server's record: all of the healthy ones, and nobody else.
    let reached = |shop: usize| {
        let lost = match shop {
            WITH_DOUBT => Some(1),
            WITH_OPT_OUT => Some(0),
            _ => None,
        };
        fleet.people[shop].iter().enumerate().filter(move |(place, _)| Some(*place) != lost).map(|(_, token)| token)
    };
    let mut wanted: Vec<String> = (BROKEN.len()..SHOPS).flat_map(reached).cloned().collect();
    let mut accepted = fleet.sandbox.accepted();
    wanted.sort();
    accepted.sort();
    assert_eq!(accepted, wanted, "nobody twice, nobody of the broken ones, and no healthy one less");
    // The sums are those of the rows.
    for key in ["accepted", "refused", "unknown", "pending"] {
        let rows = totals["profiles"].as_array().unwrap().iter();
        assert_eq!(rows.map(|row| row[key].as_u64().unwrap()).sum::<u64>(), totals[key].as_u64().unwrap(), "{key}");
    }
    // Mended, those that were stopped go on, and nobody else gets anything.
    fleet.profiles(SHOPS, |_, _| {});
    fleet.sandbox.error_tokens([]);
    fleet.sandbox.switch(&fleet.campaigns[place("a paused campaign")], "ACTIVE");
    let refused = fleet.resume(&["--profile", "shop-0[0-9]", "-o", "json"]);
    assert_eq!(refused.code, 3, "no such pattern: {refused:#?}");
    let mended: Vec<usize> = BROKEN
        .iter()
        .enumerate()
        .filter(|(_, (way, _))| !way.starts_with("a burst") && *way != "a campaign deleted in Ads Manager")
        .map(|(shop, _)| shop)
        .collect();
    let names: Vec<_> = mended.iter().flat_map(|shop| ["--profile".to_owned(), name(*shop)]).collect();
    let words: Vec<&str> = names.iter().map(String::as_str).chain(["-o", "json"]).collect();
    let totals = fleet.resume(&words).exits(0).json();
    assert_eq!(codes(&totals).len(), mended.len());
    wanted.extend(mended.iter().flat_map(|shop| fleet.people[*shop].clone()));
    wanted.sort();
    let mut accepted = fleet.sandbox.accepted();
    accepted.sort();
    assert_eq!(accepted, wanted);
}

#[test]
fn a_host_that_cant_be_reached_and_a_ledger_that_cant_be_used_cost_no_other_ledger_anything() {
    let fleet = Fleet::of(3, |_| 4, |_| {});
    let mut gone = Sandbox::start();
    // The first has a ledger and a host of its own; the second a ledger that is none.
    let elsewhere = |shop: usize, profile: &mut Profile| {
        if shop == 0 {
            profile.insert("graph_url", format!("'{}'", gone.url()));
            profile.insert("ad_account", "'10153748269001475'".to_owned());
            profile.insert("page", "'104857600123457'".to_owned());
            profile.insert("ledger", format!("'{}'", fleet.env.path("own.db").display()));
        }
        if shop == 1 {
            profile.insert("ledger", format!("'{}'", fleet.env.path("promo.json").display()));
        }
    };
    fleet.profiles(3, elsewhere);
    let created = ["campaign", "create", "--lifetime-budget", "3000", "-o", "json", "--profile", "shop-00"];
    let campaign = fleet.env.mmsg(created).exits(0).json()["id"].as_str().unwrap().to_owned();
    let words =
        ["send", "--profile", "shop-00", "--campaign", &campaign, "--message", "promo.json", "--max-sends", "0"];
    let _ = fleet.env.mmsg_reading(fleet.people[0].join("\n"), words).exits(6);
    gone.stop();
    let run = fleet.resume(&["--all-profiles", "-o", "json"]);
    let totals = run.json();
    assert_eq!(codes(&totals), [(name(0), 7), (name(1), 10), (name(2), 0)].into(), "{totals:#}");
    assert_eq!(totals["profiles"][0]["pending"], 4, "{totals:#}");
    assert_eq!(run.code, 10);
    fleet.assert_each_once([2]);
}

#[test]
fn killed_in_the_middle_and_run_again_nobody_gets_it_twice() {
    let fleet = Fleet::of(8, |_| 40, |options| options.dials.latency = Duration::from_millis(15));
    let words = ["send", "--resume", "--rate", "unlimited", "--concurrency", "4", "--all-profiles", "-o", "json"];
    for kills in 1..=3 {
        let started = fleet.env.start("", &words);
        fleet.sandbox.wait_for_sends(kills * 40);
        started.kill();
    }
    let run = fleet.env.mmsg(words);
    assert_eq!(run.code, 0, "what died earlier is no doubt of this run: {run:#?}");
    let totals = run.json();
    let (accepted, unknown) = (totals["accepted"].as_u64().unwrap(), totals["unknown"].as_u64().unwrap());
    assert_eq!((accepted + unknown, totals["pending"].as_u64()), (8 * 40, Some(0)), "{totals:#}");
    assert!(unknown <= 3 * 8 * 4, "more unknown than were in flight: {totals:#}");
    fleet.sandbox.assert_nobody_twice();
    let mut requested = fleet.sandbox.requested();
    let all = requested.len();
    requested.sort();
    requested.dedup();
    assert_eq!(requested.len(), all, "somebody was asked twice");
}

#[test]
fn results_say_whose_they_are_and_the_table_has_a_line_for_each() {
    let fleet = Fleet::of(3, |shop| shop + 1, |_| {});
    let two = ["--profile", "shop-00", "--profile", "shop-01", "--profile", "shop-00"];
    let run = fleet.resume(&[&two[..], &["-o", "ndjson", "--results", "results.csv"]].concat()).exits(0);
    let mut rows: Vec<_> = run.rows().iter().map(|row| row["profile"].as_str().unwrap().to_owned()).collect();
    rows.sort();
    assert_eq!(rows, ["shop-00", "shop-01", "shop-01"]);
    assert_eq!(run.last_line()["profiles"].as_array().unwrap().len(), 2);
    let csv = fs::read_to_string(fleet.env.path("results.csv")).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",at,profile"), "{csv}");
    assert_eq!(csv.lines().filter(|line| line.ends_with(",shop-01")).count(), 2, "{csv}");
    fleet.assert_each_once([0, 1]);
    // A file of one profile's results has other columns.
    let words = ["--profile", "shop-02", "--results", "results.csv", "--max-sends", "0"];
    let refused = fleet.resume(&words).exits(2);
    assert!(refused.stderr.contains("is not a CSV of results"), "{refused:#?}");
    // The same by the command's other name.
    let run = fleet.env.mmsg(["message", "send", "--resume", "--profile", "shop-*"]).exits(0);
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..3], ["profile", "Page", "accepted"], "{run:#?}");
    let begins = |n: usize| lines[n][..3].to_vec();
    assert_eq!(begins(1), ["shop-00", &page(0), "0"], "{run:#?}");
    assert_eq!(begins(3), ["shop-02", &page(2), "3"], "{run:#?}");
    assert_eq!(lines[4][..4], ["all", "3", "-", "3"], "{run:#?}");
    fleet.assert_each_once([0, 1, 2]);
}

#[test]
fn several_profiles_are_for_resume_alone() {
    let env = Env::new().profiles("[profiles.one]\npage = '1'\n[profiles.two]\npage = '2'\n");
    let several = "several profiles can only be used with mmsg send --resume";
    for words in [
        &["campaign", "list", "--profile", "one", "--profile", "two"][..],
        &["send", "--profile", "*"],
        &["init", "--profile", "o*"],
    ] {
        let _ = env.mmsg(words).fails(2, several);
    }
    let _ = env.mmsg(["send", "--all-profiles"]).exits(2).says("--resume");
    let _ =
        env.mmsg(["send", "--resume", "--all-profiles", "--profile", "one"]).exits(2).says("can't be used together");
    let _ = env.mmsg(["send", "--resume", "--profile", "x-*"]).fails(3, "no profile matches \"x-*\"");
    let _ = env.mmsg(["send", "--resume", "--profile", "one", "--profile", "tow"]).fails(3, "unknown profile \"tow\"");
}
