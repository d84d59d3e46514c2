//! `mmsg doctor`: what it checks is broken, one thing at a time, where it really is: at the host, on the way, in a file, in the ledger.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use jiff::SignedDuration;
use mmsg_sandbox::{Options, Tier};
use serde_json::Value;

use crate::certificates::Front;
use crate::common::fleet::{Fleet, name};
use crate::common::sandbox::Sandbox;
use crate::common::shop::{Shop, people};
use crate::common::{Env, NOBODY, Run, SUBSCRIPTION_TOKEN};

/// In order.
const CHECKS: [&str; 20] = [
    "profile",
    "files",
    "proxy",
    "dns",
    "tls",
    "clock",
    "api_version",
    "token",
    "permissions",
    "ad_account",
    "budget",
    "usage",
    "page",
    "subscribers",
    "webhooks",
    "regions",
    "ledger",
    "disk",
    "unknown",
    "runs",
];

/// What the doctor says of each check.
fn verdicts(run: &Run) -> BTreeMap<String, (String, String)> {
    let rows = run.json();
    let rows = rows.as_array().unwrap();
    let checks: Vec<&str> = rows.iter().map(|row| row["check"].as_str().unwrap()).collect();
    assert_eq!(checks, CHECKS, "{run:#?}");
    assert!(!run.stdout.contains(SUBSCRIPTION_TOKEN), "somebody can be seen: {run:#?}");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    for row in rows {
        let has_next = matches!(row["verdict"].as_str(), Some("warning" | "failed"));
        assert_eq!(row["next"].is_string(), has_next, "what to do next: {row:#}");
    }
    rows.iter().map(|row| (text(row, "check"), (text(row, "verdict"), text(row, "reason")))).collect()
}

fn doctor(env: &Env) -> Run {
    env.mmsg(["doctor", "-o", "json"])
}

/// Fails unless these checks, and no others, have a verdict other than ok or skipped, each with this in its reason.
#[track_caller]
fn found(env: &Env, code: i32, wanted: &[(&str, &str, &str)]) {
    let run = doctor(env).exits(code);
    let all = verdicts(&run);
    for (check, verdict, says) in wanted {
        let (got, reason) = &all[*check];
        assert!(got == verdict && reason.contains(says), "{check}: {got}: {reason}\n{run:#?}");
    }
    for (check, (verdict, reason)) in &all {
        let is_wanted = wanted.iter().any(|(wanted, ..)| wanted == check);
        assert!(is_wanted || verdict == "ok" || verdict == "skipped", "{check}: {verdict}: {reason}\n{run:#?}");
    }
    if code != 0 {
        assert!(run.last_line()["message"].as_str().unwrap().contains("checks failed"), "{run:#?}");
    }
}

/// A sandbox whose app is subscribed, and an environment that uses it.
fn healthy(change: impl FnOnce(&mut Options)) -> (Sandbox, Env) {
    let sandbox = Sandbox::with(change);
    let env = sandbox.environment();
    let _ = env.mmsg(["webhook", "subscribe", "--quiet", "--ledger", "of-somebody-else.db"]).exits(0);
    (sandbox, env)
}

#[test]
fn a_business_in_order_passes_every_check_and_nothing_is_changed() {
    let (sandbox, env) = healthy(|_| {});
    let all = verdicts(&doctor(&env).exits(0));
    for check in CHECKS {
        let wanted = if matches!(check, "disk" | "unknown" | "runs") { "skipped" } else { "ok" };
        assert_eq!(all[check].0, wanted, "{check}: {all:#?}");
    }
    assert!(all["ledger"].1.contains("there is none yet"), "{all:#?}");
    assert!(!env.path(".local/share/mmsg/ledger.db").exists(), "it made a ledger");
    assert_eq!((sandbox.count("sends"), sandbox.count("created")), (0, 0));

    let shop = Shop::open();
    let _ = shop.env.mmsg(["webhook", "subscribe"]).exits(0);
    let _ = shop.send(&people(5), &[]).exits(0);
    let before = shop.asks_ledger("select count(*), max(newest_at) from sends, ledger");
    let run = doctor(&shop.env).exits(0);
    let all = verdicts(&run);
    assert!(all.values().all(|(verdict, _)| verdict == "ok"), "{all:#?}");
    assert_eq!(shop.asks_ledger("select count(*), max(newest_at) from sends, ledger"), before);
    assert_eq!(shop.sandbox.accepted().len(), 5);
    let details = |check: &str| run.json()[CHECKS.iter().position(|other| *other == check).unwrap()]["details"].clone();
    assert_eq!((&details("token")["kind"], &details("token")["never_expires"]), (&"SYSTEM_USER".into(), &true.into()));
    assert_eq!(details("budget")["min_daily_budget"], 100);
    assert_eq!(details("ledger")["rows_checked"], true);
    let table = shop.env.mmsg(["doctor"]).exits(0);
    assert!(table.stdout.contains("ad account") && table.stdout.lines().count() == 21, "{table:#?}");
}

#[test]
fn settings_and_files() {
    let (_sandbox, env) = healthy(|_| {});
    let env = env.unset("MMSG_TOKEN");
    found(&env, 4, &[("profile", "failed", "no access token is set")]);
    let all = verdicts(&doctor(&env));
    assert_eq!((all["tls"].0.as_str(), all["ledger"].0.as_str(), all["page"].0.as_str()), ("ok", "ok", "skipped"));

    let (sandbox, env) = healthy(|_| {});
    let env = env.profiles("[profiles.default]\nad_acount = '12'\n");
    found(&env, 3, &[("profile", "failed", "ad_acount")]);
    let all = verdicts(&doctor(&env));
    assert!(all.values().filter(|(verdict, _)| verdict == "skipped").count() == CHECKS.len() - 1, "{all:#?}");
    let env = sandbox.environment().profiles("[profiles.default]\ncampaign_name = 'Spring'\n");
    found(&env, 0, &[]);
    fs::set_permissions(env.profile_file(), fs::Permissions::from_mode(0o644)).unwrap();
    found(&env, 3, &[("files", "failed", "other users can read or change")]);
}

#[test]
fn the_way_to_graph() {
    let (sandbox, env) = healthy(|_| {});
    let env = env.set("MMSG_GRAPH_URL", "https://graph.invalid");
    found(
        &env,
        7,
        &[("profile", "warning", "graph.invalid"), ("dns", "failed", "the name graph.invalid can't be resolved")],
    );
    assert_eq!(verdicts(&doctor(&env))["page"].1, "needs the check of dns, which failed");
    let env = env.set("MMSG_GRAPH_URL", NOBODY);
    found(&env, 7, &[("tls", "failed", "no connection to 127.0.0.1")]);
    let env = env.set("MMSG_GRAPH_URL", Front::of(&sandbox).url);
    found(&env, 7, &[("tls", "failed", "127.0.0.1")]);
    // The proxy is not there, and its password is nobody's business.
    let env =
        env.set("MMSG_GRAPH_URL", "https://graph.facebook.com").set("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:1");
    found(&env, 7, &[("tls", "failed", "can't be reached")]);
    let run = doctor(&env);
    assert!(verdicts(&run)["proxy"].1.contains("through http://127.0.0.1:1"), "{run:#?}");
    assert!(!format!("{run:?}").contains("hunter2"), "{run:#?}");
}

#[test]
fn a_host_with_a_certificate_that_is_trusted_is_as_good_as_none() {
    let (sandbox, env) = healthy(|_| {});
    let front = Front::of(&sandbox);
    let trusted = crate::common::repository("tests/fixtures/tls/cert.pem");
    let env = env.set("MMSG_GRAPH_URL", &front.url).set("SSL_CERT_FILE", trusted.to_str().unwrap());
    found(&env, 0, &[]);
    assert!(verdicts(&doctor(&env))["tls"].1.contains("proved who it is, by TLS"));
}

#[test]
fn clock_and_version() {
    let skewed = |minutes| healthy(move |options| options.date_skew = SignedDuration::from_mins(minutes));
    let (_sandbox, env) = skewed(15);
    found(&env, 3, &[("clock", "failed", "apart: nothing is sent")]);
    let (_sandbox, env) = skewed(-2);
    found(&env, 0, &[("clock", "warning", "sends go by Graph's")]);
    let env = env.set("MMSG_API_VERSION", "v24.0");
    found(&env, 0, &[("clock", "warning", ""), ("api_version", "warning", "the Marketing API of v24.0 has ended")]);
}

#[test]
fn token_and_permissions() {
    let (sandbox, env) = healthy(|_| {});
    sandbox.turn(|dials| dials.token_expires_in = Some(Duration::from_hours(30)));
    found(&env, 0, &[("token", "warning", "expires in 1d 5h")]);
    sandbox.turn(|dials| dials.token_revoked = true);
    found(&env, 4, &[("token", "failed", "The session has been invalidated")]);
    sandbox.turn(|dials| {
        dials.token_revoked = false;
        dials.token_expires_in = None;
        dials.without_permissions = "pages_messaging".to_owned();
    });
    found(&env, 4, &[("permissions", "failed", "the token lacks pages_messaging")]);
    sandbox.turn(|dials| dials.without_permissions = "pages_manage_metadata".to_owned());
    found(&env, 0, &[("permissions", "warning", "pages_manage_metadata")]);
    // An app that may not ask about its tokens.
    sandbox.turn(|dials| dials.without_permissions = String::new());
    let env = env.set("MMSG_APP_SECRET", "00000000000000000000000000000000");
    found(&env, 4, &[("token", "failed", "appsecret_proof")]);
    let env = env.unset("MMSG_APP_SECRET").set("MMSG_TOKEN", "EAABsomebodyElses0123456789");
    found(&env, 4, &[("token", "failed", "Invalid OAuth access token")]);
}

#[test]
fn account_and_usage() {
    let (_sandbox, env) = healthy(|options| options.account_status = 2);
    found(&env, 5, &[("ad_account", "failed", "is disabled (ads integrity policy)")]);
    let env = env.set("MMSG_AD_ACCOUNT", "99");
    found(&env, 5, &[("ad_account", "failed", "act_99")]);
    assert_eq!(verdicts(&doctor(&env))["budget"].1, "needs the check of ad account, which failed");
    let (_sandbox, env) = healthy(|options| options.terms_not_accepted = true);
    found(&env, 0, &[("ad_account", "warning", "terms for custom audiences were not accepted")]);
    let (_sandbox, env) = healthy(|options| options.money.spend_cap = Some(0));
    found(&env, 0, &[]);
    for (tier, wanted) in [(Tier::Limited, "warning"), (Tier::Full, "ok")] {
        let (_sandbox, env) = healthy(|options| options.tier = Some(tier));
        // Meta tells it after a few calls.
        for _ in 0..3 {
            let _ = env.mmsg(["campaign", "list"]).exits(0);
        }
        let (verdict, reason) = &verdicts(&doctor(&env).exits(0))["usage"];
        assert!(verdict == wanted && reason.contains("access"), "{tier:?}: {verdict}: {reason}");
    }
}

#[test]
fn page_people_webhooks_and_regions() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    found(&env, 0, &[("webhooks", "warning", "no app is subscribed to webhooks")]);
    let (_sandbox, env) = healthy(|options| options.unpublished = true);
    found(&env, 0, &[("page", "warning", "is not published")]);
    let env = env.set("MMSG_PAGE", "99");
    found(&env, 4, &[("page", "failed", "99"), ("permissions", "failed", "for other Pages only")]);
    let (_sandbox, env) = healthy(|options| options.subscribers = 0);
    found(&env, 0, &[("subscribers", "warning", "empty")]);
    let env = env.set("MMSG_PAGE_TOKEN", "EAABsomebodyElses0123456789");
    found(&env, 4, &[("subscribers", "failed", "Invalid OAuth"), ("webhooks", "warning", "Invalid OAuth")]);
    let (_sandbox, env) = healthy(|options| options.country = "DE".to_owned());
    found(&env, 5, &[("regions", "failed", "country is DE")]);
}

#[test]
fn ledger_unknown_sends_and_runs_that_died() {
    let shop = Shop::open();
    let _ = shop.env.mmsg(["webhook", "subscribe"]).exits(0);
    shop.sandbox.errors("accepted-drop=100%*1");
    let _ = shop.send(&people(3), &["--concurrency", "1"]).exits(11);
    found(&shop.env, 0, &[("unknown", "warning", "1 send is unknown")]);

    shop.sandbox.errors("hang=100%");
    let sends = shop.sandbox.count("sends");
    let list = people(6)[3..].join("\n");
    let run = shop.env.start(&list, &shop.words(&["--concurrency", "2"]));
    shop.sandbox.wait_for_sends(sends + 1);
    run.kill();
    shop.sandbox.errors("");
    found(&shop.env, 0, &[("unknown", "warning", "1 send is"), ("runs", "warning", "1 run died, and left ")]);
    assert_eq!(shop.asks_ledger("select count(*) from runs where ended_at is null"), ["1"], "the doctor only looks");

    // One of an older mmsg is not changed, either.
    let schema: i64 = shop.asks_ledger("pragma user_version")[0].parse().unwrap();
    shop.changes_ledger(&format!("pragma user_version = {}", schema - 1));
    found(&shop.env, 0, &[("ledger", "warning", &format!("has schema {}", schema - 1))]);
    assert_eq!(shop.asks_ledger("pragma user_version"), [(schema - 1).to_string()]);
    shop.changes_ledger(&format!("pragma user_version = {schema}"));

    shop.changes_ledger("update states set n = n + 1");
    found(&shop.env, 10, &[("ledger", "failed", "wrongly"), ("unknown", "warning", ""), ("runs", "warning", "")]);
    fs::write(shop.ledger(), "not a database, but long enough to be taken for one: ".repeat(100)).unwrap();
    let all = verdicts(&doctor(&shop.env).exits(10));
    assert_eq!((all["ledger"].0.as_str(), all["runs"].0.as_str()), ("failed", "skipped"), "{all:#?}");
}

#[test]
fn each_of_several_businesses_is_examined_by_itself() {
    let fleet = Fleet::of(3, |_| 1, |_| {});
    let rows = |code: i32| {
        let run = fleet.env.mmsg(["doctor", "--all-profiles", "-o", "json"]).exits(code);
        run.json().as_array().unwrap().clone()
    };
    let failed = |rows: &[Value]| {
        let failed = rows.iter().filter(|row| row["verdict"] == "failed");
        failed
            .map(|row| format!("{} {}", row["profile"].as_str().unwrap(), row["check"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let all = rows(0);
    assert_eq!((all.len(), failed(&all)), (60, Vec::new()));
    fleet.profiles(3, |shop, profile| {
        if shop == 1 {
            profile.insert("token", "'EAABsomebodyElses0123456789'".to_owned());
        }
        if shop == 2 {
            profile.insert("page", "'not a page'".to_owned());
        }
    });
    // The weightier of 3 and 4.
    assert_eq!(failed(&rows(3)), [format!("{} token", name(1)), format!("{} profile", name(2))]);
    let some = fleet.env.mmsg(["doctor", "--profile", &name(0), "--profile", &name(1), "-o", "ndjson"]).exits(4);
    assert_eq!(some.rows().len(), 40);
}
