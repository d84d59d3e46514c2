//! The whole job as an operator does it: `mmsg sandbox` beside, nothing set but its variables.

use std::fs;

use serde_json::json;

use crate::common::Env;
use crate::common::engine::on_both;
use crate::common::sandbox::{SandboxProcess, lines_of, tokens_of};
use crate::common::shop::people;
use crate::common::started::Started;

fn from_nothing_to_a_send_and_back() {
    let machine = Env::new();
    let sandbox = SandboxProcess::start(&machine, &["--record", "truth.ndjson", "--seed", "3"]);
    let truth = machine.path("truth.ndjson");
    let env = sandbox.environment();
    let list = people(500);
    fs::write(env.path("tokens.csv"), format!("token,name\n{}", list.join(",x\n") + ",x\n")).unwrap();

    let run = env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).exits(0);
    assert!(run.stdout.contains("30.00 USD"), "{run:#?}");
    let campaigns = env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json();
    let id = campaigns[0]["id"].as_str().unwrap();
    let run = env.mmsg([
        "message",
        "build",
        "--title",
        "Half price",
        "--subtitle",
        "This week",
        "--button",
        "Shop now=https://example.com/",
    ]);
    fs::write(env.path("promo.json"), run.exits(0).stdout).unwrap();
    env.mmsg(["message", "validate", "promo.json"]).exits(0);
    let run = env.mmsg(["message", "preview", "promo.json"]).exits(0);
    assert!(run.stdout.starts_with("http://127.0.0.1"), "{run:#?}");

    let tokens = fs::read_to_string(env.path("tokens.csv")).unwrap();
    let words = ["send", "--campaign", id, "--message", "promo.json", "-o", "ndjson", "--rate", "500"];
    let run = env.mmsg_reading(tokens.clone(), words).exits(0);
    assert_eq!(run.rows().len(), 500);
    assert_eq!(run.last_line()["accepted"], 500);
    let mut got = tokens_of(&lines_of(&truth));
    got.sort();
    assert_eq!(got, list, "each token once in the sandbox's record");
    // The same line again: no request; exit 0, since no row waits.
    let run = env.mmsg_reading(tokens, words).exits(0).prints_nothing();
    assert_eq!(run.last_line()["this_run"]["requests"], 0);
    assert_eq!(lines_of(&truth).len(), 500);
    let broadcasts = env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
    assert_eq!(broadcasts[0]["accepted"], 500);

    env.mmsg(["campaign", "delete", id, "--yes"]).exits(0);
    assert_eq!(env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json(), json!([]));
    assert!(
        lines_of(&truth)
            .iter()
            .all(|line| line["message"]["attachment"]["payload"]["elements"][0]["title"] == "Half price")
    );
}

fn a_long_list_goes_out_in_little_memory() {
    let machine = Env::new();
    let sandbox = SandboxProcess::start(&machine, &["--record", "truth.ndjson", "--record-bodies", "false"]);
    let env = sandbox.environment();
    let list = people(20_000);
    fs::write(env.path("tokens.csv"), list.join("\n")).unwrap();
    fs::write(env.path("promo.json"), json!({"text": "Hello"}).to_string()).unwrap();
    env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).exits(0);
    let campaigns = env.mmsg(["campaign", "list", "-o", "json"]).exits(0).json();
    let id = campaigns[0]["id"].as_str().unwrap().to_owned();
    let mut started = env.start(
        "",
        &["send", "--campaign", &id, "--message", "promo.json", "--rate", "unlimited", "tokens.csv", "-o", "json"],
    );
    let peak = started.most_until_it_ends(Started::peak_kib);
    assert_eq!(started.ends().exits(0).json()["accepted"], 20_000);
    assert!(peak < 128 * 1024, "{peak} KiB");
    let mut got = tokens_of(&lines_of(&machine.path("truth.ndjson")));
    got.sort();
    assert_eq!(got, list);
}

on_both! {
    from_nothing_to_a_send_and_back
    a_long_list_goes_out_in_little_memory
}
