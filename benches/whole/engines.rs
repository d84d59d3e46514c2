//! The ledger on a PostgreSQL server and in a file, side by side. The server is on the same machine, with a disk that it waits for.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mmsg_sandbox::Options;

use crate::cluster::Database;
use crate::floor::Floor;
use crate::pace::times;
use crate::process::run;
use crate::row::{Bar, Row, median};
use crate::shop::{Shop, write_list};

const DURABLE: &str = "-c shared_buffers=512MB -c max_wal_size=4GB -c jit=off";

/// A server with its ledger: a new one for each round.
fn server(settings: &str) -> Database {
    Database::alone_with(&format!("{DURABLE} {settings}"))
}

/// Makes the server's database as it was.
fn empty(server: &Database) {
    server.ask("drop schema public cascade; create schema public");
    server.ask("checkpoint");
}

/// Plans a list; its seconds.
fn plan(shop: &Shop, floor: &mut Floor, ledger: &str, list: &Path) -> f64 {
    let used = run(shop.send_list(floor, ledger, list).args(["--max-sends", "0"]), 6);
    floor.sends(0);
    used.wall
}

fn file(folder: &Path) -> String {
    folder.join("ledger.db").display().to_string()
}

/// `server-send`
pub fn send(shop: &Shop) -> Vec<Row> {
    let n = shop.plan.tokens;
    let (mut floor, server) = (Floor::start(Duration::ZERO), server(""));
    let (mut ratios, mut rates, mut cpu, mut bytes) = (vec![], vec![], vec![], 0.0);
    for round in 0..shop.plan.rounds {
        let folder = shop.round();
        let list = folder.path().join("list.csv");
        write_list(&list, n, round as u64);
        empty(&server);
        let [on_file, on_server] = [file(folder.path()), server.address()].map(|ledger| {
            plan(shop, &mut floor, &ledger, &list);
            let used = run(shop.send_as_it_is(&floor, &ledger).arg("--resume"), 0);
            floor.sends(n);
            used
        });
        let rate = |wall: f64| n as f64 / wall;
        let each = |seconds: f64| seconds / n as f64 * 1e6;
        eprintln!(
            "  file {:.0}/s {:.1} µs; server {:.0}/s {:.1} µs, its own time not counted",
            rate(on_file.wall),
            each(on_file.cpu),
            rate(on_server.wall),
            each(on_server.cpu)
        );
        ratios.push(on_file.wall / on_server.wall);
        rates.push(rate(on_server.wall));
        cpu.push(each(on_server.cpu));
        server.ask("vacuum");
        let size = "select pg_total_relation_size('sends') + pg_total_relation_size('listing_rows')";
        bytes = server.ask(size).parse::<f64>().unwrap() / n as f64;
    }
    vec![
        Row::new("planned broadcast on a server, sends/s relative to a file", median(ratios), " ×", Bar::AtLeast(0.45))
            .note(format!("{:.0} sends/s, {:.1} µs of mmsg per send", median(rates), median(cpu))),
        Row::new("bytes of a send, without events and person", bytes, "", Bar::AtMost(500.0))
            .note("accepted, with its row of the list and all indexes"),
    ]
}

/// `server-load`
pub fn load(shop: &Shop) -> Vec<Row> {
    let n = shop.plan.rows;
    let (mut floor, server) = (Floor::start(Duration::ZERO), server(""));
    let (mut ratios, mut rates) = (vec![], vec![]);
    for round in 0..shop.plan.rounds {
        let folder = shop.round();
        let list = folder.path().join("list.csv");
        write_list(&list, n, round as u64);
        empty(&server);
        let on_file = plan(shop, &mut floor, &file(folder.path()), &list);
        let on_server = plan(shop, &mut floor, &server.address(), &list);
        eprintln!("  rows/s: file {:.0}, server {:.0}", n as f64 / on_file, n as f64 / on_server);
        ratios.push(on_file / on_server);
        rates.push(n as f64 / on_server);
    }
    vec![
        Row::new("plan on a server, rows/s relative to a file", median(ratios), " ×", Bar::AtLeast(0.25))
            .note(format!("{:.0} rows/s, {n} rows", median(rates))),
    ]
}

/// `server-shared`
pub fn shared(shop: &Shop) -> Vec<Row> {
    const PROCESSES: usize = 8;
    const CONCURRENCY: usize = 8;
    let n = shop.plan.tokens.min(20_000);
    let mut floor = Floor::start(Duration::ZERO);
    let server = server("-c commit_delay=5000 -c commit_siblings=0");
    let (mut ratios, mut rates) = (vec![], vec![]);
    for round in 0..shop.plan.rounds {
        let folder = shop.round();
        let list = folder.path().join("list.csv");
        let mut rate = |processes: usize| {
            // As many for each: what counts is how long all of them take.
            let n = n * processes / PROCESSES;
            write_list(&list, n, round as u64);
            empty(&server);
            plan(shop, &mut floor, &server.address(), &list);
            let mut command = shop.send_with(&floor, server.address(), CONCURRENCY);
            command.arg("--resume").stdin(Stdio::null()).stderr(Stdio::null());
            let begin = Instant::now();
            let started: Vec<_> = (0..processes).map(|_| command.spawn().unwrap()).collect();
            for mut child in started {
                let code = child.wait().unwrap().code();
                assert!(matches!(code, Some(0 | 6)), "{code:?}");
            }
            let wall = begin.elapsed().as_secs_f64();
            floor.sends(n);
            n as f64 / wall
        };
        let (one, all) = (rate(1), rate(PROCESSES));
        eprintln!("  sends/s: 1 process {one:.0}, {PROCESSES} processes {all:.0}");
        ratios.push(all / one);
        rates.push(all);
    }
    vec![
        Row::new(
            "8 processes on one broadcast, relative to one, commits of 5 ms",
            median(ratios),
            " ×",
            Bar::AtLeast(5.0),
        )
        .note(format!("{:.0} sends/s, {CONCURRENCY} in flight each", median(rates))),
    ]
}

/// `server-rate`
pub fn rate(shop: &Shop) -> Vec<Row> {
    const PROCESSES: usize = 4;
    const RATE: f64 = 300.0;
    const SECONDS: usize = 20;
    let n = RATE as usize * SECONDS;
    let server = server("");
    let mut rows = Vec::new();
    for engine in ["a file", "a server"] {
        let folder = shop.round();
        let (list, record) = (folder.path().join("list.csv"), folder.path().join("record.ndjson"));
        write_list(&list, n, 0);
        let options = Options { record: Some(record.clone()), record_bodies: false, ..Options::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let sandbox = runtime.block_on(mmsg_sandbox::start(options)).unwrap();
        let ledger = if engine == "a file" { file(folder.path()) } else { server.address() };
        let mmsg = |words: &[&str]| {
            let mut command = shop.mmsg(&ledger);
            command.envs(sandbox.environment()).args(words).stdin(Stdio::null()).stderr(Stdio::null());
            command
        };
        let send = |words: &[&str]| -> Command {
            let mut command = mmsg(&["send", "--quiet"]);
            command.args(words);
            command
        };
        let created = mmsg(&["campaign", "create", "--lifetime-budget", "3000", "-o", "json"])
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let campaign: serde_json::Value = serde_json::from_slice(&created.stdout).unwrap();
        let mut planned = send(&["--max-sends", "0", "--campaign", campaign["id"].as_str().unwrap(), "--message"]);
        assert_eq!(planned.arg(shop.message()).arg(&list).status().unwrap().code(), Some(6));
        let rate = RATE.to_string();
        let at_work: Vec<_> = (0..PROCESSES).map(|_| send(&["--resume", "--rate", &rate]).spawn().unwrap()).collect();
        for mut child in at_work {
            let code = child.wait().unwrap().code();
            assert!(matches!(code, Some(0 | 6)), "{code:?}");
        }
        runtime.block_on(sandbox.stop());
        let times = times(&record);
        assert_eq!(times.len(), n);
        // Not the first second, in which they start one after the other.
        let begin = times.partition_point(|at| *at < times[0] + 1000);
        let held = (n - 1 - begin) as f64 / (times[n - 1] - times[begin]) as f64 * 1000.0;
        let busiest = times.iter().enumerate().map(|(first, at)| times.partition_point(|t| *t < at + 1000) - first);
        rows.push(
            Row::new(
                format!("how far {PROCESSES} processes are from {RATE} sends/s together, ledger in {engine}"),
                (held / RATE - 1.0).abs() * 100.0,
                " %",
                Bar::AtMost(2.0),
            )
            .note(format!("{held:.1}/s over {n} sends, at most {} within a second", busiest.max().unwrap())),
        );
    }
    rows
}

/// `server-copy`
pub fn copy(shop: &Shop) -> Vec<Row> {
    let n = shop.plan.rows;
    let (mut floor, server) = (Floor::start(Duration::ZERO), server(""));
    let folder = shop.round();
    let list = folder.path().join("list.csv");
    write_list(&list, n, 0);
    let (first, back) = (file(folder.path()), folder.path().join("back.db").display().to_string());
    plan(shop, &mut floor, &first, &list);
    let copy = |from: &str, to: &str| run(shop.mmsg(from).args(["ledger", "copy", from, to]), 0).wall;
    let to_server = copy(&first, &server.address());
    let to_file = copy(&server.address(), &back);
    [("to a server", to_server), ("to a file", to_file)]
        .map(|(way, wall)| {
            let million = wall / n as f64 * 1e6;
            Row::new(format!("copy of 1,000,000 planned rows {way}"), million, " s", Bar::AtMost(40.0))
                .note(format!("{wall:.1} s for {n} people, sends and rows of a list"))
        })
        .into()
}
