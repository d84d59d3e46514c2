//! How exactly the allowed rate is held: `--rate auto` on a sandbox that keeps the rate scores of full access.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use mmsg::sandbox::{Options, Running, Tier};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::row::{Bar, Row};
use crate::shop::{Shop, write_list};

/// A full account's score: sends that fit in it, and that drain from it in a minute. A send is 3 points of 9000; 30 drain a second.
const ROOM: usize = 3000;
const ALLOWED_A_MINUTE: usize = 600;

/// `pace`: every whole minute after the first counts, and the worst is held against the bar.
///
/// The sandbox's time is not scaled, for what `--rate auto` learns goes by the clock.
pub fn pace(shop: &Shop) -> Vec<Row> {
    let minutes = shop.plan.minutes;
    let folder = shop.round();
    let at = |name: &str| folder.path().join(name);
    let record = at("record.ndjson");
    let options =
        Options { tier: Some(Tier::Full), record: Some(record.clone()), record_bodies: false, ..Options::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sandbox = runtime.block_on(mmsg::sandbox::start(options)).unwrap();
    // More than may leave in all that time.
    write_list(&at("list.csv"), ROOM + ALLOWED_A_MINUTE * (minutes + 2), 0);
    let sends = send_for(shop, &sandbox, folder.path(), minutes);
    let refused = sandbox.stats()["refused"].as_u64().unwrap();
    runtime.block_on(sandbox.stop());

    let counts = per_minute(&record, minutes);
    eprintln!("  {sends} sends; in each minute: {counts:?}");
    let later = &counts[1..];
    let share = |sends: usize| sends as f64 / ALLOWED_A_MINUTE as f64 * 100.0;
    let worst = share(*later.iter().min().unwrap());
    let mean = later.iter().map(|sends| share(*sends)).sum::<f64>() / later.len() as f64;
    vec![
        Row::new("pace of the allowed rate, worst minute after the first", worst, " %", Bar::AtLeast(98.0))
            .note(format!("mean {mean:.1} % of {minutes} minutes but the first")),
        Row::new("rate refusals", refused as f64, "", Bar::AtMost(0.0)).note(format!("of {sends} sends")),
    ]
}

/// Sends for so many minutes from the first acceptance on, then stops it; what was accepted.
fn send_for(shop: &Shop, sandbox: &Running, folder: &Path, minutes: usize) -> usize {
    let ledger = folder.join("ledger.db");
    let mmsg = || {
        let mut command = shop.mmsg(&ledger);
        command.envs(sandbox.environment());
        command
    };
    let created = mmsg()
        .args(["campaign", "create", "--lifetime-budget", "3000", "-o", "json"])
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap();
    let campaign: Value = serde_json::from_slice(&created.stdout).unwrap();
    let mut command = mmsg();
    command.args(["send", "--quiet", "--campaign", campaign["id"].as_str().unwrap(), "--message"]);
    let mut child = command.arg(shop.message()).arg(folder.join("list.csv")).spawn().unwrap();
    while sandbox.accepted_count() == 0 {
        look_after(&mut child);
    }
    let begin = std::time::Instant::now();
    while begin.elapsed() < Duration::from_secs(60 * minutes as u64 + 1) {
        look_after(&mut child);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "the end after SIGTERM");
    sandbox.accepted_count()
}

fn look_after(child: &mut Child) {
    std::thread::sleep(Duration::from_millis(100));
    if let Some(status) = child.try_wait().unwrap() {
        panic!("mmsg send ended too early: {status}");
    }
}

/// The sends of each minute since the first.
fn per_minute(record: &Path, minutes: usize) -> Vec<usize> {
    let text = fs::read_to_string(record).unwrap();
    let times = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["at"].as_i64().unwrap());
    let mut counts = vec![0; minutes];
    let mut first = None;
    for at in times {
        let minute = (at - *first.get_or_insert(at)) / 60_000;
        if let Some(count) = counts.get_mut(minute as usize) {
            *count += 1;
        }
    }
    counts
}
