//! What a Page is called stands beside its ID, wherever people read that; Meta is not asked for it by a send.

use std::fs;

use serde_json::Value;

use crate::common::engine::on_both;
use crate::common::shop::{Shop, people};

const NAME: &str = "Sandbox Page";

/// A shop whose profile names it, with one unknown send and one pending row.
fn named() -> Shop {
    let shop = Shop::open();
    let Shop { sandbox, env, campaign } = shop;
    let env = env.profiles("[profiles.lotus]\n");
    let shop = Shop { sandbox, env, campaign };
    shop.sandbox.error_tokens([(people(1)[0].clone(), "accepted-drop".to_owned())]);
    let _ = shop.totals(&people(3), &["--max-sends", "2", "--concurrency", "1"], 11);
    shop
}

/// What commands print that show a Page.
fn shown(shop: &Shop) -> Vec<(String, String)> {
    let id = shop.campaign.as_str();
    let token = people(1).remove(0);
    let commands: [&[&str]; 9] = [
        &["broadcast", "list"],
        &["broadcast", "show", "1"],
        &["unknown", "list"],
        &["why", &token],
        &["status", "--profile", "lotus"],
        &["report", "--offline"],
        &["campaign", "list"],
        &["campaign", "get", id],
        &["campaign", "pause", id, "--yes"],
    ];
    commands.map(|words| (words.join(" "), shop.env.mmsg(words).exits(0).stdout)).to_vec()
}

/// The name in JSON, of the first row.
fn told(shop: &Shop, words: &[&str]) -> Value {
    let run = shop.env.mmsg([words, &["-o", "json"]].concat()).exits(0).json();
    let row = if run.is_array() { run[0].clone() } else { run };
    let has = row.as_object().unwrap().contains_key("page_name");
    assert!(has, "{words:?} {row}");
    row["page_name"].clone()
}

fn the_profiles_name_stands_where_metas_is_not_known_and_then_metas() {
    let shop = named();
    let page = shop.env.variable("MMSG_PAGE");
    let by_profile = format!("{page} (lotus)");
    for (command, text) in shown(&shop) {
        // Its profile stands beside it there.
        let want = if command.starts_with("status") { &page } else { &by_profile };
        assert!(text.contains(want.as_str()) && !text.contains(NAME), "{command}: {text}");
    }
    let lists: [&[&str]; 6] = [
        &["broadcast", "list"],
        &["unknown", "list"],
        &["why", &people(1)[0]],
        &["status"],
        &["report", "--offline"],
        &["campaign", "list"],
    ];
    for list in lists {
        assert_eq!(told(&shop, list), Value::Null, "{list:?}");
    }
    // It is asked once, when a campaign is made.
    let before = shop.sandbox.count("requests");
    let create = ["campaign", "create", "--lifetime-budget", "3000"];
    let first = shop.env.mmsg(create).exits(0).stdout;
    assert!(first.contains(&by_profile), "{first}");
    let asked = shop.sandbox.count("requests") - before;
    let second = shop.env.mmsg(create).exits(0).stdout;
    assert_eq!(shop.sandbox.count("requests") - before, 2 * asked - 1);
    let by_meta = format!("{page} ({NAME})");
    assert!(second.contains(&by_meta), "{second}");
    for (command, text) in shown(&shop) {
        // A server is not asked where no ledger is needed.
        let is_of_graph = ["campaign list", "campaign get"].iter().any(|of| command.starts_with(of));
        let want = if is_of_graph && shop.env.database().is_some() { &by_profile } else { &by_meta };
        assert!(text.contains(want.as_str()), "{command}: {text}");
    }
    for list in lists.iter().filter(|list| list[0] != "campaign") {
        assert_eq!(told(&shop, list), NAME, "{list:?}");
    }
    let html = shop.env.path("report.html");
    shop.env.mmsg(["report", "--offline", "--html", "report.html"]).exits(0);
    assert!(fs::read_to_string(html).unwrap().contains(&format!("Page {by_meta}")));
}

fn a_send_asks_meta_nothing_more_for_a_name() {
    let asked = |shop: &Shop, n: usize| {
        let before = shop.sandbox.count("requests");
        let _ = shop.totals(&people(n)[n - 1..], &["--new-message"], 0);
        shop.sandbox.count("requests") - before
    };
    let shop = Shop::open();
    let (first, unknown) = (asked(&shop, 1), asked(&shop, 2));
    shop.env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).exits(0);
    assert_eq!((first, unknown), (asked(&shop, 3), asked(&shop, 4)));
    let audit = shop.env.mmsg(["audit", "-o", "json"]).exits(0).json();
    let created = audit.as_array().unwrap().iter().filter(|change| change["command"] == "campaign create");
    // The shop's own campaign was made by somebody else.
    assert_eq!(created.count(), 1, "{audit:#}");
}

#[test]
fn a_page_token_that_is_read_brings_the_name() {
    let shop = Shop::open();
    let Shop { sandbox, env, .. } = shop;
    let env = env.unset("MMSG_PAGE_TOKEN");
    let page = env.variable("MMSG_PAGE");
    env.mmsg(["tokens", "fetch"]).exits(0);
    let run = env.mmsg(["webhook", "status"]);
    assert!(run.stdout.contains(&format!("{page} ({NAME})")), "{run:#?}");
    drop(sandbox);
}

on_both! {
    the_profiles_name_stands_where_metas_is_not_known_and_then_metas
    a_send_asks_meta_nothing_more_for_a_name
}
