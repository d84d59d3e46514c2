//! `mmsg campaign` against the sandbox: what it does, and how it ends when it can't.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::common::sandbox::SandboxProcess as Sandbox;
use crate::common::{Env, NOBODY, Run};

fn sandbox(args: &[&str]) -> (Sandbox, Env) {
    let sandbox = Sandbox::start(&Env::new(), args);
    let env = sandbox.environment();
    (sandbox, env)
}

#[track_caller]
fn create(env: &Env, more: &[&str]) -> String {
    let run = env.mmsg(["campaign", "create", "-o", "json"].iter().chain(more)).exits(0);
    run.json()["id"].as_str().unwrap().to_owned()
}

fn list(env: &Env, more: &[&str]) -> Vec<Value> {
    let run = env.mmsg(["campaign", "list", "-o", "json"].iter().chain(more)).exits(0);
    run.json().as_array().unwrap().clone()
}

fn error(run: &Run) -> Value {
    serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap()
}

#[test]
fn a_campaign_lives_from_create_to_delete() {
    let (_sandbox, env) = sandbox(&[]);
    let run = env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring \u{1b}[31m"]).exits(0);
    assert!(run.stdout.contains("30.00 USD") && !run.stdout.contains('\u{1b}'), "{run:#?}");
    assert!(run.stderr.contains("warms up for one to two and a half hours"), "{run:#?}");

    let id = create(&env, &["--daily-budget", "200"]);
    let listed = list(&env, &[]);
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["id"], id.as_str());
    assert_eq!(listed[0]["daily_budget"], 200);
    assert!(listed.iter().all(|row| row["is_message_campaign"] == true && row["status"] == "ACTIVE"));
    assert!(list(&env, &["--all"]).len() > 2);

    for key in ["id", "campaign_id", "adset_id"] {
        let other = listed[0][key].as_str().unwrap();
        let run = env.mmsg(["campaign", "get", other, "-o", "json"]).exits(0);
        assert_eq!(run.json()["id"], id.as_str(), "{key}");
        assert!(run.json()["page_id"].is_string());
    }

    env.mmsg(["campaign", "delete", &id]).exits(9).prints_nothing().says("--yes").says("Page");
    assert_eq!(list(&env, &[]).len(), 2);
    let campaign = listed[0]["campaign_id"].as_str().unwrap();
    let run = env.mmsg(["campaign", "delete", "--yes", &id, campaign, "-o", "json"]).exits(0);
    assert_eq!(run.json().as_array().unwrap().len(), 1);
    assert_eq!(list(&env, &[]).len(), 1);
    env.mmsg(["campaign", "delete", "--yes", &id]).exits(5).prints_nothing().says("already deleted");
}

#[test]
fn a_list_of_many_pages_is_whole() {
    let (_sandbox, env) = sandbox(&["--page-size", "3"]);
    let mut ids: Vec<String> = (0..8).map(|_| create(&env, &["--lifetime-budget", "3000"])).collect();
    ids.reverse();
    let listed: Vec<_> = list(&env, &[]).iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, ids);
}

#[test]
fn an_ordinary_ad_is_never_deleted() {
    let (_sandbox, env) = sandbox(&[]);
    let ordinary = list(&env, &["--all"]).into_iter().find(|row| row["is_message_campaign"] != true).unwrap();
    let id = ordinary["id"].as_str().unwrap();
    env.mmsg(["campaign", "delete", "--yes", id]).exits(5).prints_nothing().says("ordinary ad");
}

#[test]
fn one_wrong_id_deletes_nothing() {
    let (_sandbox, env) = sandbox(&[]);
    let id = create(&env, &["--lifetime-budget", "3000"]);
    env.mmsg(["campaign", "delete", "--yes", &id, "404"]).exits(5).prints_nothing().says("campaign 404 was not found");
    assert_eq!(list(&env, &[]).len(), 1);
}

#[test]
fn budgets_are_checked_before_anything_is_created() {
    let (_sandbox, env) = sandbox(&["--currency", "TWD"]);
    for args in [
        &["--daily-budget", "1", "--lifetime-budget", "2"][..],
        &[],
        &["--daily-budget", "many"],
        &["--daily-budget", "0"],
        &["--lifetime-budget", "-5"],
        &["--lifetime-budget=-5"],
        &["--lifetime-budget", "30.00"],
        &["--lifetime-budget", "3000", "--page", "shop"],
        &["--lifetime-budget", "3000", "--start-time", "tomorrow"],
        &["--lifetime-budget", "3000", "--start-time", "2020-01-01T00:00:00Z"],
        &["--lifetime-budget", "3000", "--start-time", "2999-01-01T00:00:00Z"],
        &["--lifetime-budget", "3000", "--end-time", "2020-01-01T00:00:00Z"],
        &["--lifetime-budget", "3000", "--name", " "],
    ] {
        env.mmsg(["campaign", "create"].iter().chain(args)).exits(2).prints_nothing().says("error: ");
    }
    let low = env.mmsg(["campaign", "create", "--lifetime-budget", "989", "-o", "json"]).exits(5).prints_nothing();
    let said = error(&low);
    assert_eq!(said["kind"], "refused");
    assert!(said["message"].as_str().unwrap().contains("at least 990 TWD for 30 days"), "{said}");
    assert!(list(&env, &[]).is_empty());
    create(&env, &["--lifetime-budget", "990"]);
}

#[test]
fn what_graph_refuses_has_its_exit_code() {
    let (sandbox, env) = sandbox(&[]);
    env.mmsg(["campaign", "get", "404"]).exits(5).prints_nothing().says("mmsg campaign list");
    env.mmsg(["campaign", "get", ".."]).exits(2).prints_nothing();
    let dead = sandbox.environment().set("MMSG_TOKEN", "EAABsomeOtherToken");
    dead.mmsg(["campaign", "list"]).exits(4).prints_nothing().says("token");
    let run = dead.mmsg(["campaign", "list", "-o", "json"]).exits(4);
    assert_eq!(error(&run)["code"], 190);
    let other = sandbox.environment().set("MMSG_AD_ACCOUNT", "123");
    other.mmsg(["campaign", "list"]).exits(5).prints_nothing();
}

#[test]
fn nobody_there_is_7() {
    let (_sandbox, env) = sandbox(&[]);
    let env = env.set("MMSG_GRAPH_URL", NOBODY);
    env.mmsg(["campaign", "list"]).exits(7).prints_nothing().says("can't be reached");
}

#[test]
fn a_lost_create_is_11_and_names_the_check() {
    let (_sandbox, env) = sandbox(&["--write-errors", "drop=100%"]);
    env.mmsg(["campaign", "create", "--lifetime-budget", "3000"]).exits(11).prints_nothing().says("mmsg campaign list");
}

#[test]
fn an_app_secret_proves_every_request() {
    let (_sandbox, env) = sandbox(&["--require-proof"]);
    let id = create(&env, &["--lifetime-budget", "3000"]);
    let run = env.mmsg(["campaign", "delete", "--yes", "--verbose", &id]).exits(0);
    assert!(!run.stderr.contains("appsecret_proof"), "{run:#?}");
}

#[test]
fn a_wrong_app_secret_is_a_matter_of_credentials() {
    let (_sandbox, env) = sandbox(&[]);
    let id = create(&env, &["--lifetime-budget", "3000"]);
    let env = env.set("MMSG_APP_SECRET", "0123456789abcdef0123456789abcdef");
    env.mmsg(["campaign", "list"]).exits(4).prints_nothing().says("set the app secret");
    std::fs::write(env.path("promo.json"), r#"{"text":"Hi"}"#).unwrap();
    let send = ["send", "--campaign", &id, "--message", "promo.json"];
    env.mmsg_reading("a1\na2\n", send).exits(4).prints_nothing().says("set the app secret");
}

#[test]
fn estimates_and_insights_are_shown() {
    let (_sandbox, env) = sandbox(&[]);
    let id = create(&env, &["--lifetime-budget", "3000"]);
    let run = env.mmsg(["campaign", "estimate", "--lifetime-budget", "3000", "-o", "json"]).exits(0);
    assert!(run.json()["estimate_cost_upper_bound"].is_u64(), "{run:#?}");
    env.mmsg(["campaign", "insights", &id, "-o", "json"]).exits(0);
    env.mmsg(["campaign", "insights", "--since", "2026-01-02", "--until", "2026-01-01"]).exits(2).prints_nothing();
    env.mmsg(["campaign", "insights", "--preset", "never"]).exits(2).prints_nothing();
}

#[test]
fn a_code_is_explained_with_both_meanings() {
    let env = Env::new();
    let run = env.mmsg(["explain", "2300071"]).exits(0);
    assert!(run.stdout.contains("invalid aliases") && run.stdout.contains("pacing limit"), "{run:#?}");
    let run = env.mmsg(["explain", "100/33", "-o", "json"]).exits(0);
    assert_eq!(run.json()["exit_code"], 5);
    env.mmsg(["explain", "424242"]).exits(5).prints_nothing().says("not in mmsg's table");
    let run = env.mmsg(["explain", "-1/2018012"]).exits(0);
    assert!(run.stdout.contains("image_url") && run.stdout.contains("doubt"), "{run:#?}");
    env.mmsg(["explain", "x"]).exits(2).prints_nothing();
}

/// Turns a dial of a running sandbox.
fn turn(sandbox: &Sandbox, dials: &Value) {
    let url = &sandbox.variables.iter().find(|(name, _)| name == "MMSG_GRAPH_URL").unwrap().1;
    let address = url.strip_prefix("http://").unwrap();
    let body = dials.to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /sandbox/errors HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_delete_that_stops_says_which_went_and_which_did_not() {
    let (sandbox, env) = sandbox(&[]);
    let ids: Vec<String> = (0..2).map(|_| create(&env, &["--lifetime-budget", "3000"])).collect();
    let delete = ["campaign", "delete", "--yes", &ids[0], &ids[1]];
    turn(&sandbox, &json!({ "write_errors": "success-false=100%*1" }));
    let run = env.mmsg(delete).exits(5).prints_nothing();
    assert!(run.stderr.contains(&format!("stopped at {}; deleted: none; not tried: {}", ids[0], ids[1])), "{run:#?}");
    turn(&sandbox, &json!({ "write_errors": "accepted-drop=100%*1" }));
    env.mmsg(delete).exits(11).prints_nothing().says(&format!("mmsg campaign get {}", ids[0]));
    assert_eq!(list(&env, &[]).len(), 1);
}

#[test]
fn a_read_outlives_transient_faults_and_ends_with_7_when_they_stay() {
    let (sandbox, env) = sandbox(&[]);
    for fault in ["503-html", "cut", "truncated", "2"] {
        turn(&sandbox, &json!({ "read_errors": format!("{fault}=100%*1") }));
        env.mmsg(["campaign", "list"]).exits(0);
    }
    turn(&sandbox, &json!({ "read_errors": "200-html=100%" }));
    env.mmsg(["campaign", "list"]).exits(7).prints_nothing();
}
