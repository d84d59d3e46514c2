//! How much of the allowed rate is used: `--rate auto` on a sandbox with the rate limits of full access.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use mmsg_sandbox::{Options, Running, Tier};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::row::{Bar, Row};
use crate::shop::{Shop, write_list};

/// The rate score of full access: points per send, the maximum, and points drained per second.
const SEND: f64 = 3.0;
const FULL: f64 = 9000.0;
const DRAIN: f64 = 30.0;

/// `pace`: every whole minute after the first counts, and the worst one is compared with the target.
///
/// `--rate auto` starts at the rate that full access sustains and rises while the level is low, so the first minutes exceed it.
/// Only when the level gets near the maximum is the pace really limited; the note says how high it got. The time scale multiplies
/// what is allowed, but `--rate auto` learns in real time.
pub fn pace(shop: &Shop) -> Vec<Row> {
    let minutes = shop.plan.minutes;
    let folder = shop.round();
    let at = |name: &str| folder.path().join(name);
    let record = at("record.ndjson");
    let options = Options {
        tier: Some(Tier::Full),
        time_scale: shop.plan.time_scale,
        record: Some(record.clone()),
        record_bodies: false,
        ..Options::default()
    };
    let drain = DRAIN * shop.plan.time_scale;
    let allowed = drain / SEND * 60.0;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sandbox = runtime.block_on(mmsg_sandbox::start(options)).unwrap();
    // More than can be sent in all that time.
    write_list(&at("list.csv"), (FULL / SEND + allowed * (minutes + 2) as f64) as usize, 0);
    let sends = send_for(shop, &sandbox, folder.path(), minutes);
    let refused = sandbox.stats()["refused"].as_u64().unwrap();
    runtime.block_on(sandbox.stop());

    let times = times(&record);
    let counts = per_minute(&times, minutes);
    eprintln!("  {allowed} allowed per minute; sent in each minute: {counts:?}");
    let shares: Vec<f64> = counts[1..].iter().map(|sends| *sends as f64 / allowed * 100.0).collect();
    let worst = shares.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    let level = highest_level(&times, drain) / FULL * 100.0;
    vec![
        Row::new("share of the allowed rate, worst minute after the first", worst, " %", Bar::AtLeast(98.0))
            .note(format!("mean {mean:.1} % of {} minutes; the level reached {level:.0} %", shares.len())),
        Row::new("rate refusals", refused as f64, "", Bar::AtMost(0.0)).note(format!("of {sends} sends")),
    ]
}

/// Sends for this many minutes from the first acceptance on, then stops; returns how many were accepted.
fn send_for(shop: &Shop, sandbox: &Running, folder: &Path, minutes: usize) -> usize {
    let ledger = folder.join("ledger.db");
    let mmsg = || {
        let mut command = shop.mmsg(&ledger);
        command.envs(sandbox.environment());
        command
    };
    let created = mmsg()
        .args(["campaign", "create", "--lifetime-budget", "3000", "-o", "json"])
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let campaign: Value = serde_json::from_slice(&created.stdout).unwrap();
    let mut command = mmsg();
    command.args(["send", "--quiet", "--campaign", campaign["id"].as_str().unwrap(), "--message"]);
    let mut child = command.arg(shop.message()).arg(folder.join("list.csv")).spawn().unwrap();
    while sandbox.accepted_count() == 0 {
        look_after(&mut child);
    }
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(60 * minutes as u64 + 1) {
        look_after(&mut child);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "exit code after SIGTERM");
    sandbox.accepted_count()
}

fn look_after(child: &mut Child) {
    std::thread::sleep(Duration::from_millis(100));
    if let Some(status) = child.try_wait().unwrap() {
        panic!("mmsg send ended too early: {status}");
    }
}

/// When each send was accepted, in milliseconds.
pub fn times(record: &Path) -> Vec<i64> {
    let text = fs::read_to_string(record).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["at"].as_i64().unwrap()).collect()
}

/// The sends in each minute from the first one on.
fn per_minute(times: &[i64], minutes: usize) -> Vec<usize> {
    let mut counts = vec![0; minutes];
    for at in times {
        if let Some(count) = counts.get_mut((at - times[0]) as usize / 60_000) {
            *count += 1;
        }
    }
    counts
}

fn highest_level(times: &[i64], drain: f64) -> f64 {
    let (mut level, mut highest, mut last) = (0.0_f64, 0.0_f64, times[0]);
    for at in times {
        level = (level - (at - last) as f64 / 1000.0 * drain).max(0.0) + SEND;
        highest = highest.max(level);
        last = *at;
    }
    highest
}
