//! `mmsg send` to an audience that each of many Pages has, and what makes campaigns and webhooks for all of them. The judge is the
//! sandbox's record.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::json;

use crate::common::fleet::{Fleet, Profile, account, codes, name, page};
use crate::common::shop::write_message;

const CREATE: [&str; 8] =
    ["campaign", "create", "--all-profiles", "--if-absent", "--name", "Spring", "--lifetime-budget", "3000"];
const SEND: [&str; 10] = [
    "send",
    "--all-profiles",
    "--campaign-name",
    "Spring",
    "--audience",
    "subscribers",
    "--message",
    "promo.json",
    "--rate",
    "unlimited",
];

/// Businesses with a campaign and an audience of so many people each.
fn fleet(shops: usize, people: u64) -> Fleet {
    let fleet = Fleet::with_profiles(shops, |options| options.subscribers = people);
    fleet.env.mmsg(CREATE).exits(0);
    fleet.env.mmsg(["tokens", "fetch", "--all-profiles"]).exits(0);
    fleet
}

/// The tokens of accepted messages, by ad account.
fn accepted(fleet: &Fleet) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in fleet.sandbox.record() {
        let is_new = found
            .entry(line["ad_account"].as_str().unwrap().trim_start_matches("act_").to_owned())
            .or_default()
            .insert(line["token"].as_str().unwrap().to_owned());
        assert!(is_new, "somebody got two: {line}");
    }
    found
}

#[test]
fn an_audience_of_each_page_is_sent_to_once_and_a_failure_stops_only_its_own_business() {
    let fleet = fleet(5, 12);
    let campaigns = fleet.env.mmsg(["campaign", "list", "--all-profiles", "-o", "json"]).exits(0).json();
    let id = |shop: usize| campaigns[shop]["id"].as_str().unwrap().to_owned();
    // A paused one, one that is gone, and a dead token; the last has a message of its own that Meta would refuse.
    fleet.sandbox.switch(&id(0), "PAUSED");
    fleet.sandbox.switch(&id(1), "DELETED");
    fleet.profiles(5, |shop, profile: &mut Profile| {
        if shop == 2 {
            profile.insert("token", "'EAAdeadToken000000000000000000'".to_owned());
        }
    });
    let dry = fleet.env.mmsg([&SEND[..], &["--dry-run", "-o", "json"]].concat());
    assert_eq!(dry.json().as_array().unwrap().len(), 3, "a paused one is only warned about: {dry:#?}");
    assert!(fleet.sandbox.requests().is_empty());
    assert_eq!(fleet.env.mmsg(["broadcast", "list", "--all-profiles", "-o", "json"]).json(), json!([]));

    let run = fleet.env.mmsg([&SEND[..], &["-o", "json", "--results", "results.csv"]].concat());
    let totals = run.json();
    let expected = [(name(0), 5), (name(1), 5), (name(2), 4), (name(3), 0), (name(4), 0)];
    assert_eq!((codes(&totals), run.code), (expected.into(), 4), "{run:#?}");
    assert!(run.stderr.contains("warning: shop-01: Page 300000000000001 has no campaign named \"Spring\""), "{run:#?}");
    let by_account = accepted(&fleet);
    let healthy = [account(3), account(4)];
    assert!(by_account.keys().eq(&healthy) && by_account.values().all(|people| people.len() == 12), "{by_account:#?}");
    assert!(by_account[&healthy[0]].is_disjoint(&by_account[&healthy[1]]));
    assert_eq!(
        (totals["profiles"][3]["rows"].as_u64(), totals["profiles"][3]["accepted"].as_u64()),
        (Some(12), Some(12))
    );
    let lines = fs::read_to_string(fleet.env.path("results.csv")).unwrap();
    assert_eq!(lines.lines().filter(|line| line.ends_with(",shop-04")).count(), 12, "{lines}");

    // Mended, the same command sends to those who got nothing, and to nobody else.
    fleet.profiles(5, |_, _| {});
    fleet.sandbox.switch(&id(0), "ACTIVE");
    let created = fleet.env.mmsg([&CREATE[..], &["-o", "json"]].concat()).exits(0).json();
    let new: Vec<_> = created.as_array().unwrap().iter().filter(|row| row["created"] == true).collect();
    assert_eq!(new.len(), 1, "{created:#}");
    assert_eq!(new[0]["profile"], "shop-01");
    let again = fleet.env.mmsg([&SEND[..], &["-o", "json"]].concat()).exits(0);
    assert_eq!(again.json()["this_run"]["requests"], 36, "{again:#?}");
    let _ = again.says("shop-04: nothing to send: 12 recipients have this message already");
    let by_account = accepted(&fleet);
    assert!(by_account.len() == 5 && by_account.values().all(|people| people.len() == 12), "{by_account:#?}");
    assert_eq!(fleet.sandbox.requests().len(), 60);
}

#[test]
fn a_message_of_the_flag_that_meta_refuses_stops_all_before_anything_is_planned() {
    let fleet = fleet(2, 3);
    write_message(&fleet.env, "promo.json", &json!({"text": ""}));
    let _ = fleet.env.mmsg(SEND).exits(5).prints_nothing();
    assert_eq!(fleet.env.mmsg(["broadcast", "list", "--all-profiles", "-o", "json"]).json(), json!([]));
}

#[test]
fn a_person_is_asked_once_for_all_and_whoever_says_no_can_go_on_later() {
    let fleet = fleet(3, 4);
    for (keys, code) in [("n\n", 9), ("\x03", 130)] {
        let mut terminal = fleet.env.terminal(120, &SEND);
        terminal.wait_for("shop-00  4 messages").wait_for("shop-02  4 messages");
        terminal.wait_for("Send 12 messages for 3 profiles? [y/N]").wait_until_hidden().type_keys(keys);
        let screen = terminal.end().exits(code).stdout;
        assert!(screen.contains("nothing was sent; the lists are planned"), "{screen}");
        assert!(screen.contains("mmsg send --resume --all-profiles sends them"), "{screen}");
    }
    assert!(fleet.sandbox.requests().is_empty());
    let words = [&SEND[..], &["--max-sends", "1"]].concat();
    let mut terminal = fleet.env.terminal(120, &words);
    terminal.wait_for("Send 3 messages for 3 profiles? [y/N]").wait_until_hidden().type_keys("y\n");
    let _ = terminal.end().exits(6);
    assert_eq!(fleet.sandbox.requests().len(), 3);
    fleet.resume(&["--all-profiles"]).exits(0);
    assert!(accepted(&fleet).values().all(|people| people.len() == 4));
    assert_eq!(fleet.sandbox.requests().len(), 12);
}

#[test]
fn two_pages_of_one_ad_account_each_get_a_campaign() {
    let fleet = Fleet::with_profiles(3, |_| {});
    fleet.profiles(3, |shop, profile| {
        if shop > 0 {
            profile.insert("ad_account", format!("'{}'", account(0)));
        }
    });
    let created = fleet.env.mmsg([&CREATE[..], &["-o", "json"]].concat()).exits(0).json();
    let pages: Vec<_> = created.as_array().unwrap().iter().map(|row| row["page_id"].as_str().unwrap()).collect();
    assert_eq!(pages, [page(0), page(1), page(2)]);
    let _ = fleet.env.mmsg(CREATE).exits(0).says("0 campaigns were created; 3 were there already");
    assert_eq!(fleet.sandbox.count("created"), 3);
}

#[test]
fn a_campaign_is_found_by_its_name_for_one_business_too() {
    let fleet = fleet(1, 3);
    let words: Vec<&str> =
        SEND.iter().map(|word| if *word == "--all-profiles" { "--profile=shop-00" } else { word }).collect();
    let other = words.iter().map(|word| if *word == "Spring" { "Autumn" } else { word });
    let _ = fleet.env.mmsg(other).fails(5, "has no campaign named \"Autumn\"").says("mmsg campaign list");
    fleet.env.mmsg(&words).exits(0);
    assert_eq!(accepted(&fleet)[&account(0)].len(), 3);
    // Of two with one name, neither is taken.
    let second = ["campaign", "create", "--name", "Spring", "--lifetime-budget", "3000", "--profile", "shop-00"];
    fleet.env.mmsg(second).exits(0);
    let _ = fleet.env.mmsg(&words).fails(5, "2 campaigns of Page 300000000000000 (Sandbox Page) are named \"Spring\"");
    assert_eq!(fleet.sandbox.requests().len(), 3);
}
