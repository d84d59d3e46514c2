//! Many businesses on one ledger, in one process: whether each holds its own pace.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mmsg_sandbox::Options;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process::processor_time;
use crate::row::{Bar, Row};
use crate::shop::Shop;

const BUSINESSES: usize = 200;
/// Sends a second of each.
const RATE: f64 = 10.0;
/// Counted from when the slowest has begun.
const MEASURED: Duration = Duration::from_secs(60);
/// So that no list ends while it is measured.
const PEOPLE: usize = 1200;
/// Digits of a token that say whose it is.
const OWNER: usize = 4;

/// `fleet`: sends of each business in one minute, of what its rate allows.
pub fn fleet(shop: &Shop) -> Vec<Row> {
    let folder = shop.round();
    let record = folder.path().join("record.ndjson");
    let id = |kind: usize, n: usize| format!("{kind}0000000000{n:04}");
    let options = Options {
        ad_accounts: (0..BUSINESSES).map(|n| id(1, n)).collect(),
        pages: (0..BUSINESSES).map(|n| id(2, n)).collect(),
        record: Some(record.clone()),
        record_bodies: false,
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sandbox = runtime.block_on(mmsg_sandbox::start(options)).unwrap();
    let (url, token) = (sandbox.url(), sandbox.credentials().token.clone());
    let config = folder.path().join("config.toml");
    let profile = |n: usize| {
        let (account, page) = (id(1, n), id(2, n));
        format!(
            "[profiles.b{n:04}]\ntoken = '{token}'\nad_account = '{account}'\npage = '{page}'\ngraph_url = '{url}'\n"
        )
    };
    fs::write(&config, (0..BUSINESSES).map(profile).collect::<String>()).unwrap();
    let mmsg = || {
        let mut command = shop.mmsg(&folder.path().join("ledger.db"));
        command.env("MMSG_CONFIG", &config).stderr(Stdio::null());
        command
    };
    (0..BUSINESSES).for_each(|n| plan(shop, folder.path(), n, mmsg));

    let mut command = mmsg();
    command.args(["send", "--resume", "--all-profiles", "--rate", &RATE.to_string(), "--quiet", "--yes"]);
    let mut child = command.spawn().unwrap();
    let begin = Instant::now();
    while sandbox.accepted_count() < 2 * BUSINESSES {
        assert!(begin.elapsed() < Duration::from_secs(120), "it does not begin");
        look_after(&mut child);
    }
    let (from, before) = (sandbox.accepted_count(), processor_time(child.id()));
    let from_at = times(&record).last().unwrap().1;
    let begin = Instant::now();
    while begin.elapsed() < MEASURED + Duration::from_secs(1) {
        look_after(&mut child);
    }
    let (sends, used) = (sandbox.accepted_count() - from, processor_time(child.id()) - before);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "exit code after SIGTERM");
    runtime.block_on(sandbox.stop());

    let until = from_at + i64::try_from(MEASURED.as_millis()).unwrap();
    let mut counts = vec![0.0_f64; BUSINESSES];
    for (owner, at) in times(&record) {
        if at > from_at && at <= until {
            counts[owner] += 1.0;
        }
    }
    let mut rates: Vec<f64> = counts.iter().map(|count| count / MEASURED.as_secs_f64()).collect();
    rates.sort_by(f64::total_cmp);
    vec![
        Row::new(
            format!("{BUSINESSES} businesses at {RATE}/s, median rate"),
            rates[BUSINESSES / 2],
            "/s",
            Bar::AtLeast(9.8),
        ),
        Row::new("the slowest of them", rates[0], "/s", Bar::AtLeast(9.5)),
        Row::new("processor time a send", used * 1000.0 / sends as f64, " ms", Bar::AtMost(0.15))
            .note(format!("{sends} sends")),
    ]
}

fn plan(shop: &Shop, folder: &Path, n: usize, mmsg: impl Fn() -> Command) {
    let profile = format!("b{n:04}");
    let created = mmsg()
        .args(["campaign", "create", "--lifetime-budget", "3000", "-o", "json", "--profile", &profile])
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let campaign: Value = serde_json::from_slice(&created.stdout).unwrap();
    let list = folder.join("list");
    let tokens: String = (0..PEOPLE).map(|person| format!("1{n:04}{person:014}\n")).collect();
    fs::write(&list, tokens).unwrap();
    let mut planned = mmsg();
    planned.args(["send", "--max-sends", "0", "--profile", &profile, "--campaign", campaign["id"].as_str().unwrap()]);
    let status = planned.arg("--message").arg(shop.message()).arg(&list).status().unwrap();
    assert_eq!(status.code(), Some(6), "{profile}");
}

/// Whose each accepted send was, and when, in milliseconds.
fn times(record: &Path) -> Vec<(usize, i64)> {
    let text = fs::read_to_string(record).unwrap();
    // The last line may still be written.
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .map(|line| (line["token"].as_str().unwrap()[1..=OWNER].parse().unwrap(), line["at"].as_i64().unwrap()))
        .collect()
}

fn look_after(child: &mut Child) {
    std::thread::sleep(Duration::from_millis(100));
    if let Some(status) = child.try_wait().unwrap() {
        panic!("mmsg send ended too early: {status}");
    }
}
