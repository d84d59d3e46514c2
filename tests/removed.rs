//! Nothing that `mmsg` asks of Graph uses what Graph has removed: by the sandbox's record of every request, and the sandbox refuses such
//! a request as well.

use std::collections::BTreeSet;
use std::fs;

use regex_lite::Regex;
use serde_json::Value;

use crate::common::repository;
use crate::common::sandbox::lines_of;
use crate::common::shop::{Shop, people};

/// Parameters that Graph refuses in any call.
const GONE: [&str; 6] = ["method", "ids", "date_format", "pretty", "debug", "callback"];

/// `me/permissions` is asked where the token may not stand in an address: of a host that is neither Meta's nor of this machine. It has no
/// parameter.
const ELSEWHERE: [&str; 2] = ["me", "permissions"];

/// Edges of this client's requests, as its source names them.
fn edges_in_source() -> BTreeSet<String> {
    let begin = Regex::new(r"(?:address|checked_url|\.url|Pages::new)\((?:self, )?&\[([^\]]*)\]").unwrap();
    let edge = Regex::new(r#""([a-z_]+)""#).unwrap();
    let mut edges = BTreeSet::new();
    for entry in fs::read_dir(repository("src/graph")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let text = text.replace("\n            ", " ");
        for segments in begin.captures_iter(&text) {
            edges.extend(edge.captures_iter(&segments[1]).map(|name| name[1].to_owned()));
        }
    }
    edges
}

/// Everything that asks Graph for something, once.
fn ask_for_everything(shop: &Shop) {
    let env = &shop.env;
    let campaign = shop.campaign.as_str();
    let all = people(6);
    shop.totals(&all, &[], 0);
    for (words, code) in [
        (vec!["campaign", "create", "--daily-budget", "500", "--name", "Autumn"], 0),
        (vec!["campaign", "list", "--all"], 0),
        (vec!["campaign", "get", campaign], 0),
        (vec!["campaign", "estimate", "--lifetime-budget", "3000"], 0),
        (vec!["campaign", "insights", campaign], 0),
        (vec!["campaign", "insights", campaign, "--conversions"], 0),
        (vec!["campaign", "insights"], 0),
        (vec!["campaign", "pause", campaign, "--yes"], 0),
        (vec!["campaign", "resume", campaign, "--yes"], 0),
        (vec!["campaign", "edit", campaign, "--name", "Winter", "--yes"], 0),
        (vec!["tokens", "fetch"], 0),
        (vec!["tokens", "unsubscribe", "--email", "subscriber-3@example.com", "--yes"], 0),
        (vec!["message", "preview", "promo.json"], 0),
        (vec!["webhook", "subscribe", "--yes"], 0),
        (vec!["webhook", "status"], 0),
        (vec!["report"], 0),
        // Webhooks are subscribed to by now, and nothing has come yet: a warning.
        (vec!["doctor"], 0),
    ] {
        let run = env.mmsg(&words);
        assert_eq!(run.code, code, "{words:?}: {run:#?}");
    }
    // An answer is lost, and Graph is asked when that person may be sent to again.
    shop.sandbox.errors("accepted-drop=100%*1");
    let late = people(7);
    shop.totals(&late, &[], 11);
    shop.sandbox.errors("");
    let settled = env.mmsg(["unknown", "settle"]);
    assert!(matches!(settled.code, 0 | 11), "{settled:#?}");
    env.mmsg(["campaign", "delete", campaign, "--yes"]).exits(0);
    let mut terminal = env.terminal(100, &["init", "--profile", "asked", "--token-env", "MMSG_TOKEN"]);
    for question in ["the app secret come from", "Ad account that pays", "Page that sends", "the Page token come from"]
    {
        terminal.wait_for(question).wait_until_hidden().type_keys("\n");
    }
    let _ = terminal.end().exits(0);
}

#[test]
fn no_request_uses_what_graph_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls.ndjson");
    let shop = Shop::with(|options| options.calls = Some(file.clone()));
    ask_for_everything(&shop);
    let calls = lines_of(&file);
    let mut asked = BTreeSet::new();
    for call in &calls {
        let query = call["query"].as_object().unwrap();
        let names =
            call["body"].as_array().unwrap().iter().filter_map(Value::as_str).chain(query.keys().map(String::as_str));
        let gone: Vec<&str> = names.filter(|name| GONE.contains(name)).collect();
        assert!(gone.is_empty(), "{gone:?}: {call}");
        let fields = query.get("fields").and_then(Value::as_str).unwrap_or_default();
        assert!(!fields.contains(['.', '(']), "an alias or a format: {call}");
        let path = call["path"].as_str().unwrap();
        assert!(!path.contains("async"), "{call}");
        assert_ne!(path.trim_matches('/'), "v26.0", "a batch, or several IDs at once: {call}");
        assert_eq!(call["token"], "header", "{call}");
        // A header of that kind is refused. Insights fields beyond the documented ones may be refused, too, and are then dropped.
        let may_fail = path.ends_with("/insights") && call["status"] == 400;
        assert!(call["status"].is_null() || call["status"] == 200 || may_fail, "{call}");
        asked.extend(path.split('/').map(str::to_owned));
    }
    // A request that is added later must be asked for here.
    let edges = edges_in_source();
    assert!(edges.len() >= 8, "the source was not read: {edges:?}");
    let never: Vec<&String> =
        edges.iter().filter(|edge| !asked.contains(*edge) && !ELSEWHERE.contains(&edge.as_str())).collect();
    assert!(never.is_empty(), "no command of this test asks for {never:?}");
}
