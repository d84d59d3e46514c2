//! One voice: every list in every format, its columns, order and length; times, colours and characters as the reader's terminal has them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::common::emulator::Emulator;
use crate::common::fleet::{Fleet, name, page};
use crate::common::shop::{Shop, people};
use crate::common::{Env, Run};

/// Commands that print rows.
const LISTS: [&str; 13] = [
    "campaign list",
    "broadcast list",
    "unknown list",
    "audience list",
    "profile list",
    "tokens list",
    "status",
    "doctor",
    "config show",
    "message rules",
    "explain",
    "audit",
    "campaign insights",
];

/// A shop with some of everything.
fn stocked() -> Shop {
    // Insights count what was delivered, without waiting for it.
    let shop = Shop::with(|options| {
        (options.insights_lag, options.webhooks.delay) = (Duration::ZERO, Duration::ZERO);
    });
    shop.sandbox.error_tokens([(people(1)[0].clone(), "accepted-drop".to_owned())]);
    let _ = shop.send(&people(6), &[]).exits(11);
    for (name, size) in [("spring", 3), ("autumn", 2), ("winter", 1)] {
        let _ = shop.env.mmsg_reading(people(size).join("\n"), ["tokens", "import", "--audience", name]).exits(0);
    }
    let _ = shop.other_campaign();
    let _ = shop.env.mmsg(["tokens", "suppress", "--token", &people(6)[5], "--reason", "asked"]).exits(0);
    shop
}

fn run(env: &Env, list: &str, args: &[&str]) -> Run {
    env.mmsg(list.split(' ').chain(args.iter().copied()))
}

/// The names of a table's columns: two spaces or more are between them.
fn header(run: &Run) -> Vec<String> {
    let line = run.stdout.lines().next().unwrap_or_default();
    line.split("  ").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_list_has_every_format_and_the_same_flags() {
    let shop = stocked();
    let env = shop.env.profiles("[profiles.default]\ncampaign_name = 'Spring'\n[profiles.other]\npage = '5'\n");
    for list in LISTS {
        let all = run(&env, list, &["-o", "json"]).exits(0).json();
        let all = all.as_array().unwrap_or_else(|| panic!("{list}: {all:#}"));
        assert!(!all.is_empty(), "{list}: nothing was proved");
        let keys: Vec<&String> = all[0].as_object().unwrap().keys().collect();
        let lines = run(&env, list, &["-o", "ndjson"]).exits(0).rows();
        // The disk has a bit more or less free each time.
        if list != "doctor" {
            assert_eq!(lines, *all, "{list}");
        }
        let csv = run(&env, list, &["-o", "csv"]).exits(0);
        let csv_header: Vec<&str> = csv.stdout.lines().next().unwrap().split(',').collect();
        assert_eq!(csv_header, keys, "{list}");

        // Two of its keys, the last first; one row.
        let (first, last) = (keys[0].as_str(), keys[keys.len() - 1].as_str());
        let picked = format!("{last},{first}");
        let some = run(&env, list, &["-o", "json", "--columns", &picked, "--limit", "1"]).exits(0).json();
        assert_eq!(some.as_array().unwrap().len(), 1, "{list}");
        let some: Vec<&String> = some[0].as_object().unwrap().keys().collect();
        assert_eq!(some, [last, first], "{list}");
        let csv = run(&env, list, &["-o", "csv", "--columns", &picked]).exits(0);
        assert_eq!(csv.stdout.lines().next(), Some(&*picked), "{list}");
        let lines = run(&env, list, &["-o", "ndjson", "--columns", first]).exits(0).rows();
        assert!(lines.iter().all(|row| row.as_object().unwrap().len() == 1), "{list}: {lines:#?}");

        // By a column of the table, and by a key that the table has not.
        let columns = header(&run(&env, list, &[]).exits(0));
        let table = run(&env, list, &["--columns", &format!("{last},{}", columns[0]), "--limit", "1"]).exits(0);
        assert_eq!((header(&table).len(), table.stdout.lines().count()), (2, 2), "{list}: {table:#?}");
        let none = run(&env, list, &["--limit", "0", "-o", "json"]).exits(0).json();
        assert_eq!(none, Value::Array(Vec::new()), "{list}");

        for flag in ["--columns", "--sort"] {
            let wrong = run(&env, list, &[flag, "nosuchcolumn"]);
            let _ = wrong.fails(2, "there is no column \"nosuchcolumn\" in this list").says("its columns are ");
        }
    }
}

#[test]
fn rows_are_sorted_either_way_in_every_format() {
    let shop = stocked();
    let names = |args: &[&str]| {
        let run = run(&shop.env, "audience list", args).exits(0);
        let words = |line: &str| line.split([' ', ',']).next().unwrap().to_owned();
        run.stdout.lines().skip(1).map(words).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--sort", "recipients"]), ["winter", "autumn", "spring"]);
    assert_eq!(names(&["--sort", "-recipients", "-o", "csv"]), ["spring", "autumn", "winter"]);
    assert_eq!(names(&["--sort=-audience", "--limit", "2"]), ["winter", "spring"]);
    let tokens = |args: &[&str]| {
        let rows =
            run(&shop.env, "tokens list", &[&["-o", "ndjson", "--columns", "token"], args].concat()).exits(0).rows();
        rows.iter().map(|row| row["token"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut all = people(6);
    assert_eq!(tokens(&["--sort", "token"]), all);
    all.reverse();
    assert_eq!(tokens(&["--sort", "-token"]), all);
    assert_eq!(tokens(&["--sort", "-token", "--limit", "2"]), all[..2]);
    assert_eq!(tokens(&["--limit", "2"]).len(), 2);
}

#[test]
fn tables_fit_eighty_columns_and_ids_stay_whole() {
    let shop = stocked();
    for list in LISTS {
        let screen = shop.env.terminal(80, &list.split(' ').collect::<Vec<_>>()).end();
        for line in screen.stdout.lines() {
            let plain = regex_lite::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(line, "").into_owned();
            assert!(plain.trim_end().chars().count() <= 80, "{list}: {line}\n{}", screen.stdout);
        }
    }
    // They are still tables: a header, and a line or more for each row.
    for (list, id) in
        [("campaign list", &shop.campaign), ("broadcast list", &shop.campaign), ("tokens list", &people(1)[0])]
    {
        let screen = shop.env.terminal(80, &list.split(' ').collect::<Vec<_>>()).end();
        assert!(screen.stdout.contains(id.as_str()), "{list}: {}", screen.stdout);
        let names = header(&screen);
        assert!(names.len() > 1, "{list} is not a table any more: {}", screen.stdout);
    }
    let narrow: BTreeSet<String> = header(&shop.env.terminal(80, &["broadcast", "list"]).end()).into_iter().collect();
    let wide: BTreeSet<String> = header(&run(&shop.env, "broadcast list", &[])).into_iter().collect();
    assert!(narrow.len() < wide.len(), "nothing was left out: {narrow:?}");
}

/// What stands on a terminal in the end.
fn drawn(env: &Env, columns: u16, words: &[&str]) -> String {
    Emulator::of(usize::from(columns), &env.terminal(columns, words).end().stdout).lines().join("\n")
}

#[test]
fn tables_stay_tables_whatever_is_named_how() {
    let fleet = Fleet::of(2, |_| 3, |options| options.subscribers = 3);
    let names = ["bakery-northern-district-berlin", "florist-southern-district-munich"];
    let env = &fleet.env;
    for (shop, long) in names.iter().enumerate() {
        env.mmsg(["profile", "rename", &name(shop), long]).exits(0);
        let one = |words: &[&str], code: i32| env.mmsg([words, &["--profile", long]].concat()).exits(code);
        let sale = "Spring sale for everybody who has not been here since last autumn";
        let _ = one(&["campaign", "edit", &fleet.campaigns[shop], "--name", sale, "--yes"], 0);
        let _ = one(&["tokens", "fetch", "--audience", "Everybody who has not been here since last autumn"], 0);
        let _ = one(&["webhook", "subscribe"], 0);
    }
    fleet.sandbox.error_tokens([(fleet.people[0][0].clone(), "accepted-drop".to_owned())]);
    let _ = fleet.resume(&["--all-profiles"]).exits(11);
    let (campaign, page) = (fleet.campaigns[0].as_str(), page(0));
    for (list, ids) in [
        ("campaign list", &[campaign][..]),
        ("broadcast list", &[campaign]),
        ("unknown list", &[&fleet.people[0][0]]),
        ("status", &[]),
        ("doctor", &[]),
        ("report", &[]),
        ("tokens fetch", &[]),
        ("webhook status", &[]),
        ("webhook subscribe", &[&page]),
        ("send --resume", &[]),
        ("campaign create --if-absent --name Autumn --lifetime-budget 3000", &[]),
        ("audience list", &[]),
        ("tokens list", &[]),
        ("audit", &[]),
        ("profile list", &[]),
        ("config show", &[]),
    ] {
        let is_of_one = ["audience", "tokens list", "audit", "config"].iter().any(|one| list.starts_with(one));
        let profiles: &[&str] = match list {
            "profile list" => &[],
            _ if is_of_one => &["--profile", names[0]],
            _ => &["--all-profiles"],
        };
        // What is said of a check and of a setting is long: with a profile's name in it, it takes a wide terminal.
        let widths: &[u16] = if ["doctor", "config show"].contains(&list) { &[120] } else { &[80, 120] };
        for &columns in widths {
            let words: Vec<&str> = list.split(' ').chain(profiles.iter().copied()).collect();
            let screen = drawn(env, columns, &words);
            // What is said besides is above and below it.
            let at =
                screen.lines().position(|line| line.split("  ").filter(|cell| !cell.trim().is_empty()).count() > 1);
            let table: Vec<&str> = screen.lines().skip(at.unwrap_or_default()).collect();
            assert!(at.is_some() && table.len() > 1, "{list} at {columns} is not a table:\n{screen}");
            let is_stacked = table[0]
                .split_once("  ")
                .is_some_and(|(name, _)| table[1..].iter().any(|line| line.starts_with(&format!("{name}  "))));
            assert!(!is_stacked, "{list} at {columns} is not a table:\n{screen}");
            let widest = table.iter().map(|line| line.trim_end().chars().count()).max().unwrap();
            assert!(widest <= usize::from(columns), "{list} at {columns} has {widest}:\n{screen}");
            for id in ids {
                assert!(screen.contains(id), "{list} at {columns} has no {id}:\n{screen}");
            }
        }
    }
}

#[test]
fn people_read_times_in_their_zone_and_machines_in_utc() {
    let shop = stocked();
    let time = |run: &Run| {
        let time = regex_lite::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)").unwrap();
        time.find(&run.stdout).unwrap_or_else(|| panic!("{run:#?}")).as_str().to_owned()
    };
    let list = |env: &Env, args: &[&str]| {
        time(&run(env, "broadcast list", &[&["--columns", "created"], args].concat()).exits(0))
    };
    let utc = list(&shop.env, &[]);
    assert!(utc.ends_with('Z'), "{utc}");
    let env = shop.env.set("TZ", "Asia/Kolkata");
    let local = list(&env, &[]);
    assert!(local.ends_with("+05:30"), "{local}");
    let moment = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(moment(&local), moment(&utc));
    assert_eq!(list(&env, &["--utc"]), utc);
    for format in ["json", "ndjson", "csv"] {
        let run = env.mmsg(["broadcast", "list", "-o", format]).exits(0);
        assert!(run.stdout.contains(&utc) && !run.stdout.contains("+05:30"), "{run:#?}");
    }
    // What is said on stderr, too, and what is shown can be typed.
    let person = &people(2)[1];
    let said = env.mmsg(["why", person]).exits(0);
    assert!(said.stderr.contains("in cool-down until ") && said.stderr.contains("+05:30"), "{said:#?}");
    let shown = env.mmsg(["unknown", "list", "--since", &local, "-o", "json"]).exits(0).json();
    assert_eq!(shown.as_array().unwrap().len(), 1);
}

#[test]
fn since_is_typed_as_people_say_it() {
    let shop = stocked();
    let unknown = |since: &str| run(&shop.env, "unknown list", &["--since", since, "-o", "json"]).exits(0).json();
    for (since, rows) in [("1d", 1), ("today", 1), ("yesterday", 1), ("2026-01-01", 1), ("0s", 0)] {
        assert_eq!(unknown(since).as_array().unwrap().len(), rows, "{since}");
    }
    let until = run(&shop.env, "unknown list", &["--until", "1h", "-o", "json"]).exits(0).json();
    assert_eq!(until, Value::Array(Vec::new()));
    let report =
        |args: &[&str]| run(&shop.env, "report", &[args, &["-o", "json", "--offline"]].concat()).exits(0).json();
    assert_eq!(report(&["--since", "1d"])["funnel"]["accepted"], 5);
    let _ = run(&shop.env, "campaign insights", &["--since", "7d", "-o", "json"]).exits(0);
    let _ = run(&shop.env, "report", &["--since", "someday"]).exits(2).says("use 1d (a day ago), today, yesterday");
}

#[test]
fn mistyped_words_are_answered_with_what_was_meant() {
    let shop = stocked();
    let env = shop.env.profiles("[profiles.shop]\npage = '5'\n");
    for (line, says) in [
        ("braodcast list", "broadcast"),
        ("broadcast lsit", "list"),
        ("tokens list --audience sprng", "did you mean \"spring\"?"),
        ("audience delete atumn --yes", "did you mean \"autumn\"?"),
        ("audience list --sort recipents", "did you mean recipients?"),
        ("config show --profile shp", "shop"),
        ("audience list --colums audience", "--columns"),
    ] {
        let run = env.mmsg(line.split(' '));
        assert!(matches!(run.code, 2 | 3) && run.stderr.contains(says), "{line}: {run:#?}");
    }
}

#[test]
fn colours_and_characters_are_those_of_the_terminal() {
    let shop = stocked();
    let report = |env: &Env| env.terminal(80, &["report", "--offline"]).end().exits(0).stdout;
    let has_colour = |text: &str| text.contains("\u{1b}[");
    assert!(has_colour(&report(&shop.env)) && report(&shop.env).contains('█'));
    let env = shop.env.set("NO_COLOR", "1");
    assert!(!has_colour(&report(&env)));
    let env = env.unset("NO_COLOR").set("TERM", "dumb");
    assert!(!has_colour(&report(&env)));
    let _ = env.terminal(80, &["report", "--watch"]).end().exits(2);
    let env = env.set("TERM", "xterm").set("LANG", "C");
    let ascii = report(&env);
    assert!(ascii.is_ascii() && ascii.contains('#'), "{ascii}");
    let piped = env.mmsg(["report", "--offline"]).exits(0);
    assert!(!has_colour(&piped.stdout), "{piped:#?}");
    let forced = env.set("CLICOLOR_FORCE", "1").mmsg(["report", "--offline"]).exits(0);
    assert!(has_colour(&forced.stdout), "{forced:#?}");
}
