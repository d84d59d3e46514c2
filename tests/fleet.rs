//! `mmsg send --resume` for many businesses at once. The judge is the sandbox's record of what it accepted.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::common::Env;
use crate::common::emulator::Emulator;
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
        // What only waits is not a warning.
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
    assert_eq!(run.code, 0, "what died earlier is not unknown in this run: {run:#?}");
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
    let cells = |line| -> Vec<&str> { str::split(line, "  ").map(str::trim).filter(|cell| !cell.is_empty()).collect() };
    let lines: Vec<Vec<&str>> = run.stdout.lines().map(cells).collect();
    assert_eq!(lines[0][..3], ["profile", "Page", "accepted"], "{run:#?}");
    let begins = |n: usize| lines[n][..3].to_vec();
    assert_eq!(begins(1), ["shop-00", &format!("{} (Sandbox Page)", page(0)), "0"], "{run:#?}");
    assert_eq!(begins(3), ["shop-02", &format!("{} (Sandbox Page 3)", page(2)), "3"], "{run:#?}");
    assert_eq!(lines[4][..3], ["all 3", "-", "3"], "{run:#?}");
    fleet.assert_each_once([0, 1, 2]);
}

/// On the narrowest terminal too, what must be seen is whole, and no line is wider.
#[test]
fn the_bar_of_many_says_how_many_they_are_and_what_all_came_to() {
    let fleet = Fleet::of(3, |_| 20, |_| {});
    fleet.sandbox.turn(|dials| dials.latency = Duration::from_millis(100));
    let words = ["send", "--resume", "--all-profiles", "--yes", "--concurrency", "2"];
    let run = fleet.env.terminal(40, &words).end().exits(0);
    assert!(run.stdout.contains("3 profiles"), "{run:#?}");
    let counts = Regex::new(r"[1-9]\d* accepted, 0 unknown, 0 refused").unwrap();
    let shown = counts.find(&run.stdout).unwrap_or_else(|| panic!("{run:#?}"));
    let lines = Emulator::of(40, &run.stdout[..shown.end()]).lines();
    let [.., head, last] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(head.starts_with("3 profiles ") && counts.is_match(last), "{lines:?}");
    fleet.assert_each_once([0, 1, 2]);
}

#[test]
fn several_profiles_are_for_some_commands_and_named_in_one_way() {
    let env = Env::new().profiles("[profiles.one]\npage = '1'\n[profiles.two]\npage = '2'\n");
    let several = "several profiles can't be used with this command";
    for words in [
        &["campaign", "get", "1", "--profile", "one", "--profile", "two"][..],
        &["why", "x", "--profile", "*"],
        &["config", "show", "--profile", "*"],
        &["init", "--profile", "o*"],
    ] {
        let _ = env.mmsg(words).fails(2, several);
    }
    let _ = env.mmsg(["why", "x", "--all-profiles"]).fails(2, "--all-profiles can't be used with this command");
    for words in [&["send", "--all-profiles"][..], &["send", "--profile", "*", "list.csv"], &["send", "--test", "x"]] {
        let words = [words, &["--profile", "o*"][..if words.contains(&"--test") { 2 } else { 0 }]].concat();
        let _ = env
            .mmsg(words)
            .fails(2, "a list can't be sent with several profiles: its tokens belong to one Page")
            .says("--audience NAME")
            .says("--resume");
    }
    let audience = ["send", "--all-profiles", "--audience", "x", "--campaign", "1"];
    let _ = env.mmsg(audience).fails(2, "--campaign can't be used with several profiles").says("--campaign-name");
    let create = ["campaign", "create", "--all-profiles", "--lifetime-budget", "3000"];
    let _ = env.mmsg(create).fails(2, "campaign create for several profiles needs --if-absent");
    let _ = env
        .mmsg([&create[..], &["--if-absent", "--page", "1"]].concat())
        .fails(2, "--page can't be used with several profiles");
    let only = ["webhook", "subscribe", "--all-profiles", "--only"];
    let _ = env.mmsg(only).fails(2, "--only can't be used with several profiles");
    for words in [&["send", "--resume"][..], &["campaign", "list"], &["status"]] {
        let with = |more: &[&'static str]| env.mmsg([words, more].concat());
        let _ = with(&["--all-profiles", "--profile", "one"]).fails(2, "can't be used together");
        let _ = with(&["--profile", "x-*"]).fails(3, "no profile matches \"x-*\"");
        let run = with(&["--profile", "one", "--profile", "tow"]).fails(3, "unknown profile \"tow\"");
        assert!(run.stderr.contains("did you mean \"two\"?"), "{run:#?}");
    }
    for words in [
        &["report", "--all-profiles", "--html", "x.html"][..],
        &["report", "--all-profiles", "--campaign", "1"],
        &["report", "--all-profiles", "--all-pages"],
        &["broadcast", "list", "--all-profiles", "--all-pages"],
        &["unknown", "list", "--all-profiles", "--all-pages"],
    ] {
        let _ = env.mmsg(words).fails(2, "can't be used with several profiles");
    }
    let _ = Env::new().mmsg(["campaign", "list", "--all-profiles"]).fails(3, "there are no profiles");
}

/// The rows of `-o json`, by profile.
fn by_profile(rows: &Value) -> BTreeMap<String, Vec<Value>> {
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        found.entry(row["profile"].as_str().unwrap().to_owned()).or_default().push(row.clone());
    }
    found
}

#[test]
fn lists_name_the_profile_and_a_failure_stops_only_its_own_business() {
    let fleet = Fleet::of(4, |shop| shop + 1, |_| {});
    fleet.sandbox.error_tokens([(fleet.people[3][1].clone(), "drop".to_owned())]);
    let _ = fleet.resume(&["--all-profiles"]).exits(11);
    // The first has a dead token, which a look into the ledger does not need.
    fleet.profiles(4, |shop, profile| {
        if shop == 0 {
            profile.insert("token", "'EAAdeadToken000000000000000000'".to_owned());
        }
    });
    let healthy = [name(1), name(2), name(3)];
    let all = [&[name(0)], &healthy[..]].concat();
    let run = |words: &[&str], code: i32| fleet.env.mmsg([words, &["-o", "json"]].concat()).exits(code);
    let failed = |run: &crate::common::Run| {
        assert!(run.stderr.contains("warning: shop-00: "), "{run:#?}");
        assert_eq!(run.last_line()["message"], "1 of 4 profiles failed: shop-00", "{run:#?}");
        assert_eq!(run.last_line()["kind"], "credentials", "{run:#?}");
    };

    let campaigns = run(&["campaign", "list", "--all-profiles"], 4);
    failed(&campaigns);
    let rows = by_profile(&campaigns.json());
    assert!(rows.keys().eq(&healthy), "{rows:#?}");
    for (shop, profile) in healthy.iter().enumerate() {
        assert_eq!(rows[profile][0]["id"], fleet.campaigns[shop + 1], "{profile}");
    }
    let csv = fleet.env.mmsg(["campaign", "list", "--profile", "shop-0[12]", "-o", "csv"]).exits(3);
    assert_eq!(csv.stdout, "");
    let csv =
        fleet.env.mmsg(["campaign", "list", "--profile", "shop-01", "--profile", "shop-02", "-o", "csv"]).exits(0);
    assert!(csv.stdout.starts_with("profile,id,name,") && csv.stdout.contains("\nshop-02,"), "{csv:#?}");
    let table = fleet.env.mmsg(["campaign", "list", "--profile", "shop-0?"]).exits(4);
    assert!(table.stdout.starts_with("profile  id "), "{table:#?}");

    let broadcasts = by_profile(&run(&["broadcast", "list", "--all-profiles"], 0).json());
    assert!(broadcasts.keys().eq(&all), "{broadcasts:#?}");
    for (shop, profile) in all.iter().enumerate() {
        assert_eq!((broadcasts[profile].len(), &broadcasts[profile][0]["page"]), (1, &json!(page(shop))), "{profile}");
    }
    let unknown = by_profile(&run(&["unknown", "list", "--all-profiles"], 0).json());
    assert_eq!(unknown.keys().collect::<Vec<_>>(), [&name(3)]);
    assert_eq!(unknown[&name(3)][0]["token"], json!(fleet.people[3][1]));

    let reports = by_profile(&run(&["report", "--all-profiles", "--offline"], 0).json());
    for (shop, profile) in all.iter().enumerate() {
        let accepted = fleet.people[shop].len() - usize::from(shop == 3);
        assert_eq!(reports[profile][0]["funnel"]["accepted"], json!(accepted), "{profile}");
    }
    let table = fleet.env.mmsg(["report", "--all-profiles", "--offline"]).exits(0).says("1 send is unknown");
    let last: Vec<_> = table.stdout.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last[..4], ["all", "4", "-", "9"], "{table:#?}");

    let webhooks = run(&["webhook", "status", "--all-profiles"], 4);
    failed(&webhooks);
    assert!(by_profile(&webhooks.json()).keys().eq(&healthy), "{webhooks:#?}");
    let unsubscribed = run(&["webhook", "status", "--profile", "shop-01", "--profile", "shop-02"], 5);
    assert!(unsubscribed.stderr.contains("warning: shop-01: no app is subscribed"), "{unsubscribed:#?}");

    let fetched = run(&["tokens", "fetch", "--all-profiles"], 4);
    failed(&fetched);
    assert!(by_profile(&fetched.json()).keys().eq(&healthy), "{fetched:#?}");
}

#[test]
fn a_status_is_of_every_business_and_asks_nobody() {
    let mut fleet = Fleet::of(4, |shop| 10 * (shop + 1), |_| {});
    fleet.sandbox.error_tokens([
        (fleet.people[2][1].clone(), "drop".to_owned()),
        (fleet.people[2][2].clone(), "2399999".to_owned()),
    ]);
    let _ = fleet.resume(&["--profile", "shop-02"]).exits(11);
    fleet.profiles(4, |shop, profile| {
        if shop == 3 {
            profile.insert("ad_account", "'not an account'".to_owned());
        }
    });
    fleet.sandbox.stop();
    let run = fleet.env.mmsg(["status", "-o", "json"]).exits(3).says("warning: shop-03: ");
    let rows = by_profile(&run.json());
    assert!(rows.keys().eq(&[name(0), name(1), name(2)]), "{run:#?}");
    let figures = |shop: usize| {
        let row = &rows[&name(shop)][0];
        assert_eq!(row["page"], json!(page(shop)));
        ["active_campaigns", "pending", "unknown", "accepted_today", "refused_today"]
            .map(|key| row[key].as_u64().unwrap())
    };
    assert_eq!(
        [figures(0), figures(1), figures(2)],
        [[1, 10, 0, 0, 0], [1, 20, 0, 0, 0], [0, 0, 1, 28, 1]],
        "{run:#?}"
    );
    assert!(rows[&name(0)][0]["next_due_at"].is_string() && rows[&name(2)][0]["next_due_at"].is_null(), "{run:#?}");
    let table = fleet.env.mmsg(["status", "--profile", "shop-0[0]"]).exits(3);
    assert_eq!(table.stdout, "");
    let table = fleet.env.mmsg(["status", "--profile", "shop-00", "--profile", "shop-02"]).exits(0);
    let last: Vec<_> = table.stdout.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last, ["all", "2", "-", "1", "10", "now", "1", "28", "1", "-", "-"], "{table:#?}");
    // On a terminal of 80 columns a business is a line.
    let mut screen = fleet.env.terminal(80, &["status", "--profile", "shop-00", "--profile", "shop-02"]);
    screen.wait_for("all 2 ");
    screen.end().exits(0);
    let mut watched = fleet.env.terminal(80, &["status", "--watch"]);
    watched.wait_for("Ctrl-C stops this view").wait_for("shop-02").wait_for("1 of 4 profiles failed").type_keys("\x03");
    watched.end().exits(0);
    let _ = fleet.env.mmsg(["status", "--watch"]).fails(2, "--watch needs a terminal");
}

#[test]
fn a_status_without_profiles_is_of_what_the_environment_sets() {
    let env = Env::new().set("MMSG_PAGE", "1");
    let rows = env.mmsg(["status", "-o", "json"]).exits(0).json();
    assert_eq!((&rows[0]["profile"], &rows[0]["page"], &rows[0]["pending"]), (&json!(null), &json!("1"), &json!(0)));
    assert!(!env.path(".local/share/mmsg/ledger.db").exists());
}
