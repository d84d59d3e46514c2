//! `mmsg send --resume` for many businesses at once. The judge is the sandbox's record of what it accepted.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use mmsg_sandbox::Options;
use serde_json::{Value, json};

use crate::common::sandbox::Sandbox;
use crate::common::shop::write_message;
use crate::common::{Env, Run, SUBSCRIPTION_TOKEN, TOKEN};

fn account(shop: usize) -> String {
    format!("20000000000{shop:04}")
}

fn page(shop: usize) -> String {
    format!("30000000000{shop:04}")
}

fn name(shop: usize) -> String {
    format!("shop-{shop:02}")
}

/// Businesses with their own account, Page, campaign and people on one ledger, all planned and nothing sent.
struct Fleet {
    sandbox: Sandbox,
    env: Env,
    campaigns: Vec<String>,
    people: Vec<Vec<String>>,
}

/// A profile, line by line.
type Profile = BTreeMap<&'static str, String>;

impl Fleet {
    fn of(shops: usize, people: impl Fn(usize) -> usize, change: impl FnOnce(&mut Options)) -> Self {
        let sandbox = Sandbox::with(|options| {
            options.ad_accounts = (0..shops).map(account).collect();
            options.pages = (0..shops).map(page).collect();
            change(options);
        });
        let mut env = sandbox.environment();
        for variable in
            ["MMSG_TOKEN", "MMSG_PAGE_TOKEN", "MMSG_APP_SECRET", "MMSG_AD_ACCOUNT", "MMSG_PAGE", "MMSG_GRAPH_URL"]
        {
            env = env.unset(variable);
        }
        write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
        let mut fleet = Self { sandbox, env, campaigns: Vec::new(), people: Vec::new() };
        fleet.profiles(shops, |_, _| {});
        for shop in 0..shops {
            let tokens: Vec<_> =
                (0..people(shop)).map(|person| format!("{SUBSCRIPTION_TOKEN}{shop:03}{person:03}")).collect();
            let profile = name(shop);
            let created = ["campaign", "create", "--lifetime-budget", "3000", "-o", "json", "--profile", &profile];
            let campaign = fleet.env.mmsg(created).exits(0).json()["id"].as_str().unwrap().to_owned();
            let words =
                ["send", "--profile", &profile, "--campaign", &campaign, "--message", "promo.json", "--max-sends", "0"];
            let _ = fleet.env.mmsg_reading(tokens.join("\n"), words).exits(6);
            fleet.campaigns.push(campaign);
            fleet.people.push(tokens);
        }
        fleet
    }

    /// Writes the profiles anew, changed.
    fn profiles(&self, shops: usize, change: impl Fn(usize, &mut Profile)) {
        let mut text = String::new();
        for shop in 0..shops {
            let mut profile = Profile::from([
                ("token", format!("'{TOKEN}'")),
                ("ad_account", format!("'{}'", account(shop))),
                ("page", format!("'{}'", page(shop))),
                ("graph_url", format!("'{}'", self.sandbox.url())),
            ]);
            change(shop, &mut profile);
            text.push_str(&format!("[profiles.{}]\n", name(shop)));
            profile.iter().for_each(|(key, value)| text.push_str(&format!("{key} = {value}\n")));
        }
        let file = self.env.profile_file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn resume(&self, args: &[&str]) -> Run {
        self.env.mmsg(["send", "--resume", "--rate", "unlimited"].iter().chain(args))
    }

    /// Fails unless the people of these businesses got one message each, and nobody else any.
    #[track_caller]
    fn assert_each_once(&self, shops: impl IntoIterator<Item = usize>) {
        let mut want: Vec<_> = shops.into_iter().flat_map(|shop| self.people[shop].clone()).collect();
        let mut got = self.sandbox.accepted();
        want.sort();
        got.sort();
        assert_eq!(got, want);
    }
}

/// The exit code of each profile.
fn codes(totals: &Value) -> BTreeMap<String, u64> {
    let rows = totals["profiles"].as_array().unwrap().iter();
    rows.map(|row| (row["profile"].as_str().unwrap().to_owned(), row["exit_code"].as_u64().unwrap())).collect()
}

#[test]
fn what_is_wrong_with_some_businesses_stops_only_these_and_each_is_named() {
    const SHOPS: usize = 20;
    let fleet = Fleet::of(SHOPS, |shop| if shop == 5 { 60 } else { 3 }, |_| {});
    let mut other = Sandbox::start();
    fleet.sandbox.error_tokens(
        fleet.people[5].iter().map(|token| (token.clone(), "2300004".to_owned())).chain([
            (fleet.people[8][1].clone(), "drop".to_owned()),
            (fleet.people[9][0].clone(), "2300034".to_owned()),
        ]),
    );
    fleet.sandbox.switch(&fleet.campaigns[3], "PAUSED");
    let deleted = fleet.campaigns[4].clone();
    let _ = fleet.env.mmsg(["campaign", "delete", &deleted, "--yes", "--profile", &name(4)]).exits(0);
    fleet.profiles(SHOPS, |shop, profile| match shop {
        0 => drop(profile.insert("token", "'EAAdeadToken000000000000000000'".to_owned())),
        1 => drop(profile.insert("token", "{ file = '/nowhere/token' }".to_owned())),
        // Another host than the ledger's.
        2 => drop(profile.insert("graph_url", format!("'{}'", other.url()))),
        6 => drop(profile.insert("ad_account", "'not an account'".to_owned())),
        // The account of another business: its campaigns are not this one's.
        7 => drop(profile.insert("ad_account", format!("'{}'", account(10)))),
        _ => {}
    });
    other.stop();
    let run = fleet.resume(&["--all-profiles", "-o", "json"]);
    let totals = run.json();
    let mut expected: BTreeMap<_, _> = (0..SHOPS).map(|shop| (name(shop), 0)).collect();
    // Shop 4 has nothing left: its campaign was deleted. Shop 9 lost a person who opted out, which is no failure.
    for (shop, code) in [(0, 4), (1, 4), (2, 10), (3, 5), (5, 5), (6, 3), (7, 5), (8, 11)] {
        expected.insert(name(shop), code);
    }
    assert_eq!(codes(&totals), expected, "{totals:#}");
    assert_eq!((run.code, totals["exit_code"].as_u64()), (10, Some(10)), "the weightiest decides: {run:#?}");
    for shop in [0, 1, 2, 3, 5, 6, 7] {
        assert!(run.stderr.contains(&format!("warning: {}: ", name(shop))), "{shop}: {run:#?}");
        let row = totals["profiles"].as_array().unwrap().iter().find(|row| row["profile"] == name(shop)).unwrap();
        assert!(row["reason"].is_string(), "{row:#}");
    }
    // By the server's record: all of the healthy ones, none of those that were stopped before.
    let accepted = fleet.sandbox.accepted();
    for shop in (10..SHOPS).chain([8, 9]) {
        let missing: Vec<_> = fleet.people[shop].iter().filter(|token| !accepted.contains(token)).collect();
        let lost = usize::from(shop == 8 || shop == 9);
        assert!(missing.len() <= lost, "{shop}: {missing:?}");
    }
    for shop in [0, 1, 2, 3, 4, 5, 6, 7] {
        assert!(fleet.people[shop].iter().all(|token| !accepted.contains(token)), "{shop}");
    }
    fleet.sandbox.assert_nobody_twice();
    // The sums are those of the rows.
    for key in ["accepted", "refused", "unknown", "pending"] {
        let rows = totals["profiles"].as_array().unwrap().iter();
        assert_eq!(rows.map(|row| row[key].as_u64().unwrap()).sum::<u64>(), totals[key].as_u64().unwrap(), "{key}");
    }
    // Mended, those that were stopped go on, and nobody else gets anything.
    fleet.profiles(SHOPS, |_, _| {});
    fleet.sandbox.switch(&fleet.campaigns[3], "ACTIVE");
    let before = fleet.sandbox.accepted().len();
    let mended = fleet.resume(&["--profile", "shop-0[0-9]", "-o", "json"]);
    assert_eq!(mended.code, 3, "no such pattern: {mended:#?}");
    let wanted: Vec<_> =
        [0, 1, 2, 3, 6, 7].map(name).into_iter().flat_map(|name| ["--profile".to_owned(), name]).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).chain(["-o", "json"]).collect();
    let totals = fleet.resume(&wanted).exits(0).json();
    assert_eq!(codes(&totals).len(), 6);
    assert_eq!(fleet.sandbox.accepted().len(), before + 6 * 3);
    fleet.sandbox.assert_nobody_twice();
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
