//! Forty businesses from nothing to a report, by the commands of `docs/fleet.md` alone, in its order. The judge is the sandbox's record.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use mmsg_sandbox::Faults;
use rustix::process::Signal;
use serde_json::Value;

use crate::common::documents::{commands, document};
use crate::common::fleet::{account, name, page};
use crate::common::receiver::{Receiver, VERIFY_TOKEN, heard_out};
use crate::common::sandbox::Sandbox;
use crate::common::{APP_SECRET, Env, Run, TOKEN};

const SHOPS: usize = 40;
const PEOPLE: usize = 5;

/// A machine with what all businesses share, by the page's own config file, and with their table.
fn machine(config: &str, header: &str) -> Env {
    let env = Env::new()
        .set("META_TOKEN", TOKEN)
        .set("META_APP_SECRET", APP_SECRET)
        .set("META_VERIFY_TOKEN", VERIFY_TOKEN)
        .profiles(config);
    assert_eq!(header, "profile,page,ad_account,time_zone");
    let row = |shop: usize| format!("{},{},{},Europe/Berlin\n", name(shop), page(shop), account(shop));
    fs::write(env.path("shops.csv"), format!("{header}\n{}", (0..SHOPS).map(row).collect::<String>())).unwrap();
    env
}

/// So many accepted messages of each ad account, by the sandbox's record.
fn by_account(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in sandbox.record() {
        *found.entry(line["ad_account"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    found
}

/// The figures of each row of `-o json`, by profile.
fn figures(rows: &Value, pointer: &str) -> BTreeMap<String, u64> {
    let of =
        |row: &Value| (row["profile"].as_str().unwrap().to_owned(), row.pointer(pointer).unwrap().as_u64().unwrap());
    rows.as_array().unwrap().iter().map(of).collect()
}

fn each(n: u64) -> BTreeMap<String, u64> {
    (0..SHOPS).map(|shop| (name(shop), n)).collect()
}

#[test]
fn forty_businesses_go_from_nothing_to_a_report_by_the_commands_of_the_page() {
    let text = document("docs/fleet.md");
    let table = &text.blocks_of("text")[0].text;
    let config = &text.blocks_of("toml")[0].text;
    let mut env = machine(config, table.lines().next().unwrap());
    let typed: Vec<Vec<String>> = text.blocks_of("sh").iter().flat_map(|block| commands(&block.text)).collect();
    assert!(text.text.contains(&format!("in {} commands", typed.len())), "{} commands", typed.len());
    let lines: usize = text.blocks_of("sh").iter().map(|block| block.text.lines().count()).sum();
    assert_eq!(lines, typed.len(), "something else than a command of mmsg is typed");
    let mut typed = typed.iter().map(|words| words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let mut next = |begins: &[&str]| {
        let words = typed.next().unwrap();
        assert!(words.starts_with(begins), "{words:?} comes where {begins:?} should");
        words
    };

    env.mmsg(next(&["profile", "add"])).exits(0).says("added 40 profiles");
    let serve = next(&["webhook", "serve", "--all-profiles"]);
    // Any port will do.
    let serve: Vec<&str> =
        serve.iter().map(|word| if *word == "127.0.0.1:8080" { "127.0.0.1:0" } else { word }).collect();
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    let served = Env::new().set("HOME", env.variable("HOME")).set("XDG_CONFIG_HOME", env.variable("XDG_CONFIG_HOME"));
    // On a server the two must have the same ledger, too.
    let ledger = env.ledger_at("fleet.db");
    env = env.set("MMSG_LEDGER", &ledger);
    let served = served
        .set("MMSG_LEDGER", &ledger)
        .set("META_TOKEN", TOKEN)
        .set("META_APP_SECRET", APP_SECRET)
        .set("META_VERIFY_TOKEN", VERIFY_TOKEN);
    let receiver = Receiver::of(&served, served.start("", &serve));
    let sandbox = Sandbox::with(|options| {
        options.ad_accounts = (0..SHOPS).map(account).collect();
        options.pages = (0..SHOPS).map(page).collect();
        options.subscribers = PEOPLE as u64;
        let hooks = &mut options.webhooks;
        hooks.url = Some(receiver.url.clone());
        hooks.truth = Some(truth.clone());
        hooks.delay = Duration::from_millis(20);
        (hooks.failed, hooks.delivered) = (0.0, 1.0);
    });
    env = env.set("MMSG_GRAPH_URL", sandbox.url());
    for shop in 0..SHOPS {
        unsubscribe(&sandbox, &page(shop));
    }
    let run = |words: &[&str], code: i32| -> Run { env.mmsg(words).exits(code) };

    let subscribed = run(&next(&["webhook", "subscribe", "--all-profiles"]), 0);
    assert_eq!(subscribed.stdout.lines().count(), SHOPS + 1, "{subscribed:#?}");
    let doctor = run(&next(&["doctor", "--all-profiles"]), 0);
    assert!((0..SHOPS).all(|shop| doctor.stdout.contains(&name(shop))), "{doctor:#?}");
    let create = next(&["campaign", "create", "--all-profiles"]);
    let _ = run(&create, 0).says("40 campaigns were created; 0 were there already");
    let _ = run(&create, 0).says("0 campaigns were created; 40 were there already");
    assert_eq!(sandbox.count("created"), SHOPS as u64);
    let fetch = next(&["tokens", "fetch", "--all-profiles"]);
    assert_eq!(figures(&run(&[&fetch[..], &["-o", "json"]].concat(), 0).json(), "/recipients"), each(PEOPLE as u64));
    let _ = run(&next(&["message", "build"]), 0);

    let dry = next(&["send", "--all-profiles"]);
    assert!(dry.contains(&"--dry-run"));
    let looked = run(&[&dry[..], &["-o", "json"]].concat(), 0).says("nothing was sent or written");
    assert_eq!(figures(&looked.json(), "/would_send"), each(PEOPLE as u64));
    let send = next(&["send", "--all-profiles"]);
    // As while campaigns warm up.
    sandbox.errors("2300003=100%");
    let waits = run(&[&send[..], &["-o", "json"]].concat(), 6).json();
    assert_eq!((waits["pending"].as_u64(), waits["accepted"].as_u64()), (Some((SHOPS * PEOPLE) as u64), Some(0)));
    assert!(sandbox.record().is_empty());
    sandbox.turn(|dials| dials.errors = Faults::default());
    let sent = run(&next(&["send", "--resume", "--all-profiles"]), 0);
    let last: Vec<_> = sent.stdout.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(last[..4], ["all", "40", "-", "200"], "{sent:#?}");
    assert_eq!(by_account(&sandbox), (0..SHOPS).map(|shop| (format!("act_{}", account(shop)), PEOPLE)).collect());
    sandbox.assert_nobody_twice();

    heard_out(&sandbox, &truth, 2 * SHOPS * PEOPLE - 1, Duration::from_secs(120));
    let status = run(&next(&["status"]), 0);
    assert!(status.stdout.lines().last().unwrap().starts_with("all 40 "), "{status:#?}");
    let report = next(&["report", "--all-profiles"]);
    let seen = run(&[&report[..], &["-o", "json"]].concat(), 0).json();
    assert_eq!(figures(&seen, "/funnel/accepted"), each(PEOPLE as u64));
    assert_eq!(figures(&seen, "/funnel/delivered"), each(PEOPLE as u64));
    assert!(typed.next().is_none());
    receiver.process.signal(Signal::TERM);
    let _ = receiver.process.ends().exits(0);
}

/// As an app that never subscribed.
fn unsubscribe(sandbox: &Sandbox, page: &str) {
    use std::io::{Read, Write};

    let token = crate::common::PAGE_TOKEN;
    let address = sandbox.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "DELETE /v26.0/{page}/subscribed_apps HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#"{"success":true}"#), "{answer}");
}
