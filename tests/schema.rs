//! The published JSON Schemas: every command's stdout with `-o json`, and every error, is held against them by somebody else's validator.
//! A key that the schema does not name is a failure, too.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use boon::{Compiler, SchemaIndex, Schemas};
use rustix::process::Signal;
use serde_json::Value;

use crate::common::fleet::Fleet;
use crate::common::receiver::VERIFY_TOKEN;
use crate::common::shop::{Shop, people, write_message};
use crate::common::{Env, Run};
use crate::sweep::{commands, each_command};

/// Commands that print no JSON value, or none at all.
const WITHOUT_JSON: [&str; 11] = [
    "init",
    "completions",
    "man",
    "ledger grants",
    "profile add",
    "profile use",
    "profile remove",
    "profile rename",
    "unknown resolve",
    // One line for each person, as tokens list -o ndjson.
    "tokens export",
    "message send",
];

/// The schemas, and what they were held against.
struct Judge {
    schemas: Schemas,
    by_name: BTreeMap<String, SchemaIndex>,
    /// How often data was right.
    right: RefCell<BTreeMap<String, usize>>,
    errors: RefCell<usize>,
    /// How each command ended.
    ends: RefCell<BTreeMap<String, Ends>>,
}

/// How often a command worked, failed because it was mistyped, and failed for another reason; each time its output was judged.
#[derive(Debug, Default)]
struct Ends {
    worked: usize,
    mistyped: usize,
    failed: usize,
}

/// Commands that need nothing that could be missing or wrong, once they are typed right.
const NEVER_FAIL: [&str; 6] = ["completions", "config path", "demo", "explain", "man", "schema"];

/// Allows no key that is not named.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            if keywords.contains_key("properties") && !keywords.contains_key("additionalProperties") {
                keywords.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            keywords.values_mut().for_each(strict);
        }
        Value::Array(items) => items.iter_mut().for_each(strict),
        _ => {}
    }
}

/// Every command of clap's tree.
fn ends_of_none() -> RefCell<BTreeMap<String, Ends>> {
    RefCell::new(commands(&mmsg::command()).into_iter().map(|name| (name, Ends::default())).collect())
}

impl Judge {
    fn new() -> Self {
        let env = Env::new();
        let list = env.mmsg(["schema", "-o", "json"]).exits(0).json();
        let (mut schemas, mut compiler, mut by_name) = (Schemas::new(), Compiler::new(), BTreeMap::new());
        compiler.enable_format_assertions();
        for row in list.as_array().unwrap() {
            let name = row["schema"].as_str().unwrap();
            let mut schema = env.mmsg(std::iter::once("schema").chain(name.split(' '))).exits(0).json();
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
            strict(&mut schema);
            let place = format!("http://schemas/{}", name.replace(' ', "-"));
            compiler.add_resource(&place, schema).unwrap();
            by_name.insert(name.to_owned(), compiler.compile(&place, &mut schemas).unwrap());
        }
        Self { schemas, by_name, right: RefCell::default(), errors: RefCell::default(), ends: ends_of_none() }
    }

    #[track_caller]
    fn hold(&self, name: &str, value: &Value, run: &Run) {
        let schema = self.by_name.get(name).unwrap_or_else(|| panic!("no schema of {name}: {run:#?}"));
        if let Err(error) = self.schemas.validate(value, *schema) {
            panic!("{name}: {error:#}\n{value:#}\n{run:#?}");
        }
        let is_empty = value.as_array().is_some_and(Vec::is_empty);
        *self.right.borrow_mut().entry(name.to_owned()).or_default() += usize::from(!is_empty);
    }

    /// Holds what a command printed with `-o json` against its schemas.
    #[track_caller]
    fn judge(&self, words: &[&str], run: &Run) {
        self.count(words, run.code);
        let is_of = |name: &&String| name.split(' ').eq(words.iter().take(name.split(' ').count()).copied());
        let command = if words.starts_with(&["message", "send"]) { "send" } else { "" };
        let command = self.by_name.keys().filter(is_of).max_by_key(|name| name.len()).map_or(command, String::as_str);
        let has_data = !run.stdout.is_empty();
        if words.first() == Some(&"schema") && words.len() > 1 {
            // A schema is held against nothing here: the validator has read it.
            return assert!(run.code != 0 || has_data);
        }
        match serde_json::from_str::<Value>(&run.stdout) {
            Ok(value) if !command.is_empty() => self.hold(command, &value, run),
            Err(error) if !command.is_empty() && has_data => panic!("{words:?} prints no JSON: {error}\n{run:#?}"),
            _ => {}
        }
        // An error is the last line of stderr; an ending that is told by the data alone has none.
        match run.stderr.lines().last().map(serde_json::from_str::<Value>) {
            Some(Ok(error)) if run.code != 0 => {
                self.hold("error", &error, run);
                if let Some(totals) = error.get("totals") {
                    self.hold("send", totals, run);
                }
                *self.errors.borrow_mut() += 1;
            }
            _ => assert!(run.code == 0 || has_data, "{words:?} ends with {} and without an error: {run:#?}", run.code),
        }
    }

    fn count(&self, words: &[&str], code: i32) {
        let is_of = |name: &str| name.split(' ').eq(words.iter().take(name.split(' ').count()).copied());
        if let Some((_, ends)) = self.ends.borrow_mut().iter_mut().find(|(name, _)| is_of(name)) {
            match code {
                0 => ends.worked += 1,
                2 => ends.mistyped += 1,
                _ => ends.failed += 1,
            }
        }
    }

    /// Fails if a command of clap's tree never worked, was never mistyped or never failed otherwise.
    fn is_whole(&self) {
        let ends = self.ends.borrow();
        let lacks = |(name, ends): &(&String, &Ends)| {
            ends.worked == 0 || ends.mistyped == 0 || (ends.failed == 0) != NEVER_FAIL.contains(&name.as_str())
        };
        let lacking: Vec<_> = ends.iter().filter(lacks).collect();
        assert!(lacking.is_empty(), "to be held against the schemas as they work and as they fail: {lacking:#?}");
    }

    fn run(&self, env: &Env, words: &[&str]) -> Run {
        let run = env.mmsg(words.iter().chain(&["-o", "json"]));
        self.judge(words, &run);
        run
    }
}

#[test]
fn every_command_keeps_to_its_published_schema() {
    let judge = Judge::new();
    let shop = Shop::open();
    let whole = shop.sandbox.environment().set("MMSG_VERIFY_TOKEN", VERIFY_TOKEN);
    let refused = shop.sandbox.environment().set("MMSG_TOKEN", "EAABsomebodyElses0123456789");
    for env in [&whole, &refused] {
        each_command(&shop, env, &mut |words| drop(judge.run(env, words)));
        // A secret in a wrong place, an unknown word, a missing one.
        for name in commands(&mmsg::command()) {
            let words: Vec<&str> = name.split(' ').chain(["--no-such-flag"]).collect();
            let run = judge.run(env, &words).exits(2);
            assert_eq!(run.last_line()["kind"], "usage", "{run:#?}");
        }
    }

    // A config file that is wrong.
    let broken = shop.sandbox.environment().profiles("[[[");
    each_command(&shop, &broken, &mut |words| drop(judge.run(&broken, words)));
    for words in [&["init", "--profile", "x"][..], &["webhook", "serve"]] {
        let _ = judge.run(&broken, words).exits(3);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let _ = judge.run(&broken, &["sandbox", "--port", &port]).exits(7);
    let init = ["init", "--profile", "x", "--page", "1", "--ad-account", "2", "--token-env", "SHOP_TOKEN"];
    let _ = judge.run(&Env::new(), &init).exits(0);

    // Webhooks that are there, and a report of what they told.
    let env = shop.sandbox.environment();
    let _ = judge.run(&env, &["webhook", "subscribe"]).exits(0);
    let _ = judge.run(&env, &["webhook", "subscribe", "--fields", "messages", "--only", "--yes"]).exits(0);
    let _ =
        judge.run(&env, &["campaign", "create", "--if-absent", "--name", "One", "--lifetime-budget", "3000"]).exits(0);
    let _ =
        judge.run(&env, &["campaign", "create", "--if-absent", "--name", "One", "--lifetime-budget", "3000"]).exits(0);
    let _ = judge.run(&env, &["tokens", "list", "--count"]);
    let _ = judge.run(&env, &["message", "build", "--text", "Half price"]).exits(0);
    write_message(&env, "bad.json", &serde_json::json!({ "text": "" }));
    let _ = judge.run(&env, &["message", "validate", "bad.json"]).exits(5);
    for (words, code) in [(vec!["--split", "promo.json=60,other.json=30,holdout=10"], 0), (vec!["--canary", "2"], 6)] {
        let shop = Shop::with(|options| options.insights_lag = Duration::ZERO);
        shop.message("other.json", &serde_json::json!({ "text": "Half price, today" }));
        let list = people(40).join("\n");
        let of_split = words[0] == "--split";
        let campaign = ["send", "--campaign", &shop.campaign, "-o", "json"];
        let message = ["--message", "promo.json"];
        let words = [&campaign[..], if of_split { &[] } else { &message[..] }, &words].concat();
        let dry = [&words[..], &["--dry-run"]].concat();
        judge.judge(&dry, &shop.env.mmsg_reading(list.clone(), &dry).exits(0));
        let run = shop
            .env
            .mmsg_reading(list, [&words[..], &["--canary-wait", "0s"][..if of_split { 0 } else { 2 }]].concat());
        let _ = code;
        judge.judge(&words, &run);
        let _ = judge.run(&shop.env, &["campaign", "insights"]).exits(0);
        let _ = judge.run(&shop.env, &["report"]).exits(0);
        let _ = judge.run(&shop.env, &["report", "--offline", "--since", "1d"]).exits(0);
    }

    // Several businesses.
    let fleet = Fleet::of(2, |_| 2, |_| {});
    for words in [
        &["send", "--resume", "--rate", "unlimited"][..],
        &["doctor"],
        &["status"],
        &["campaign", "list"],
        &["broadcast", "list"],
        &["unknown", "list"],
        &["tokens", "fetch"],
        &["report"],
        &["webhook", "status"],
    ] {
        let _ = judge.run(&fleet.env, &[words, &["--all-profiles"]].concat());
    }
    let create = ["campaign", "create", "--if-absent", "--name", "All", "--lifetime-budget", "3000"];
    let send = ["send", "--campaign-name", "All", "--audience", "subscribers", "--message", "promo.json"];
    for (words, code) in [
        (&create[..], 0),
        (&create, 0),
        (&["webhook", "subscribe"], 0),
        (&[&send[..], &["--dry-run"]].concat(), 0),
        (&[&send[..], &["--max-sends", "1"]].concat(), 6),
    ] {
        let run = judge.run(&fleet.env, &[words, &["--all-profiles"]].concat()).exits(code);
        assert!(run.stdout.contains("shop-01"), "{run:#?}");
    }
    let _ = judge.run(&fleet.env, &["profile", "list"]).exits(0);

    // What runs until it is stopped.
    for words in [&["sandbox", "--port", "0"][..], &["webhook", "serve", "--listen", "127.0.0.1:0"]] {
        let env = shop.sandbox.environment().set("MMSG_VERIFY_TOKEN", VERIFY_TOKEN);
        let all = [words, &["-o", "json"]].concat();
        let mut process = env.start("", &all);
        process.wait_for("listen");
        process.signal(Signal::TERM);
        judge.judge(words, &process.ends());
    }
    let _ = judge.run(&Env::new(), &["demo"]).exits(0);

    judge.is_whole();
    let right = judge.right.borrow();
    assert!(*judge.errors.borrow() > 100, "{} errors", judge.errors.borrow());
    let never: Vec<&String> = judge.by_name.keys().filter(|name| right.get(*name).is_none_or(|n| *n == 0)).collect();
    // A failover needs a server that was replaced.
    assert_eq!(never, ["ledger accept-failover"], "schemas that nothing was held against");
    let with_schema: BTreeSet<String> = judge.by_name.keys().cloned().collect();
    let without: BTreeSet<String> = WITHOUT_JSON.iter().map(|&name| name.to_owned()).collect();
    let all: BTreeSet<String> = commands(&mmsg::command()).into_iter().collect();
    let told: BTreeSet<String> = with_schema.iter().filter(|name| *name != "error").chain(&without).cloned().collect();
    assert_eq!(told, all, "each command has a schema, or is named as one without JSON");
}

#[test]
fn a_schema_that_is_not_there_is_answered() {
    let env = Env::new();
    let _ = env
        .mmsg(["schema", "brodcast", "list"])
        .fails(2, "there is no schema of \"brodcast list\"")
        .says("broadcast list");
    let _ = env.mmsg(["schema", "completions"]).fails(2, "not a command that prints JSON");
    assert_eq!(env.mmsg(["schema", "message", "send"]).exits(0).json(), env.mmsg(["schema", "send"]).exits(0).json());
}
