//! `cargo bench --bench whole -- [--tokens N] [--rows N] [--events N] [--rounds N] [--concurrency N] [FIGURE…]`
//!
//! Runs the release binary as a process and compares it with the project's own targets: sends with a bare HTTP client, planning
//! with the `sqlite3` shell, and so on. The two sides of a comparison take turns, round by round, and the median round counts.
//! Without names, it measures all figures except the slow ones; `--help` lists them. It exits with 1 if a target is missed. It
//! reads `/proc`, so it needs Linux. Ledgers are in Cargo's target folder, so that syncing costs what it costs there.
//!
//! `cargo bench --bench webhook` measures what a webhook listener stores per second.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    reason = "a developer's tool, which may panic"
)]

mod bare;
#[expect(dead_code, reason = "the tests of the whole program kill servers")]
#[path = "../../tests/common/cluster.rs"]
mod cluster;
mod engines;
mod fleet;
mod floor;
mod lists;
mod pace;
mod process;
mod report;
mod row;
mod sends;
mod shop;

use std::process::ExitCode;

use row::Row;
use shop::Shop;

/// The bare client gets the same allocator as `mmsg`.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Figure {
    name: &'static str,
    about: &'static str,
    is_slow: bool,
    take: fn(&Shop) -> Vec<Row>,
}

const FIGURES: [Figure; 14] = [
    Figure { name: "start", about: "mmsg --version, from fork to exit", is_slow: false, take: process::start },
    Figure {
        name: "send",
        about: "--tokens sends, planned before and whole command, compared with the bare client: rate, processor time, memory",
        is_slow: false,
        take: sends::send,
    },
    Figure {
        name: "latency",
        about: "sends to a server with 50 ms latency, compared with concurrency ÷ latency; --tokens, or what takes 10 s",
        is_slow: false,
        take: sends::latency,
    },
    Figure {
        name: "load",
        about: "import and plan of --rows tokens, compared with the sqlite3 shell loading them with a unique index",
        is_slow: false,
        take: lists::load,
    },
    Figure {
        name: "rerun",
        about: "the same command again over --rows finished rows",
        is_slow: false,
        take: sends::rerun,
    },
    Figure { name: "report", about: "mmsg report over --events events", is_slow: false, take: report::report },
    Figure {
        name: "memory",
        about: "slow: peak memory of planning --rows tokens and ten times as many (2 GB of disk)",
        is_slow: true,
        take: lists::memory,
    },
    Figure {
        name: "pace",
        about: "slow: share of the allowed rate that is used, on a sandbox with rate limits, for --minutes; --time-scale multiplies the rate",
        is_slow: true,
        take: pace::pace,
    },
    Figure {
        name: "fleet",
        about: "slow: 200 businesses at 10/s in one process for a minute, ten of them broken: median and worst rate, processor time",
        is_slow: true,
        take: fleet::fleet,
    },
    Figure {
        name: "server-send",
        about: "slow: --tokens planned sends with the ledger on a PostgreSQL server, compared with a file; bytes of each",
        is_slow: true,
        take: engines::send,
    },
    Figure {
        name: "server-load",
        about: "slow: plan of --rows new tokens on a PostgreSQL server, compared with a file",
        is_slow: true,
        take: engines::load,
    },
    Figure {
        name: "server-shared",
        about: "slow: --tokens sends of one broadcast by 8 processes, compared with one, where each commit takes 5 ms",
        is_slow: true,
        take: engines::shared,
    },
    Figure {
        name: "server-rate",
        about: "slow: how far four processes with --rate 300 are from that together, on each engine",
        is_slow: true,
        take: engines::rate,
    },
    Figure {
        name: "server-copy",
        about: "slow: mmsg ledger copy of --rows planned rows, to a PostgreSQL server and back",
        is_slow: true,
        take: engines::copy,
    },
];

/// The command line.
pub struct Plan {
    pub tokens: usize,
    pub rows: usize,
    pub events: usize,
    pub rounds: usize,
    pub concurrency: usize,
    pub minutes: usize,
    pub time_scale: f64,
    figures: Vec<&'static Figure>,
}

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [floor::WORD, latency] => floor::serve(latency.parse().unwrap()),
        [bare::WORD, url, message, list, in_flight] => bare::send_all(url, message, list, in_flight.parse().unwrap()),
        ["--help" | "-h"] => help(),
        _ => return measure(plan(&words)),
    }
    ExitCode::SUCCESS
}

fn help() {
    let Plan { tokens, rows, events, rounds, concurrency, minutes, time_scale, .. } = plan(&[]);
    println!("cargo bench --bench whole -- [FLAGS] [FIGURE…]\n\nFlags, each with a number:");
    println!("  --tokens {tokens}  --rows {rows}  --events {events}  --rounds {rounds}  --concurrency {concurrency}");
    println!("  --minutes {minutes}  --time-scale {time_scale}\n\nFigures; by default, all except the slow ones:");
    for figure in &FIGURES {
        println!("  {:<13} {}", figure.name, figure.about);
    }
}

fn plan(words: &[String]) -> Plan {
    let mut plan = Plan {
        tokens: 100_000,
        rows: 1_000_000,
        events: 100_000,
        rounds: 3,
        concurrency: 64,
        minutes: 16,
        time_scale: 1.0,
        figures: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = |least: f64| {
            let n = words.next().and_then(|n| n.parse::<f64>().ok()).filter(|n| *n >= least);
            n.unwrap_or_else(|| panic!("{word} needs a number, {least} or more"))
        };
        match word.as_str() {
            "--tokens" => plan.tokens = number(1.0) as usize,
            "--rows" => plan.rows = number(1.0) as usize,
            "--events" => plan.events = number(4.0) as usize,
            "--rounds" => plan.rounds = number(1.0) as usize,
            "--concurrency" => plan.concurrency = number(1.0) as usize,
            "--minutes" => plan.minutes = number(2.0) as usize,
            "--time-scale" => plan.time_scale = number(0.1),
            name => {
                let figure = FIGURES.iter().find(|figure| figure.name == name);
                plan.figures
                    .push(figure.unwrap_or_else(|| panic!("unknown figure or flag: {name}; --help lists them")));
            }
        }
    }
    if plan.figures.is_empty() {
        plan.figures = FIGURES.iter().filter(|figure| !figure.is_slow).collect();
    }
    plan
}

fn measure(plan: Plan) -> ExitCode {
    let shop = Shop::new(plan);
    let mut rows = Vec::new();
    for figure in &shop.plan.figures {
        eprintln!("{}: {}", figure.name, figure.about);
        rows.extend((figure.take)(&shop));
    }
    row::print(&rows);
    println!("{}", machine());
    let is_taken = |figure: &Figure| shop.plan.figures.iter().any(|taken| taken.name == figure.name);
    let left_out: Vec<&str> = FIGURES.iter().filter(|f| f.is_slow && !is_taken(f)).map(|f| f.name).collect();
    if !left_out.is_empty() {
        println!("slow, not measured: {}", left_out.join(", "));
    }
    if rows.iter().all(Row::is_kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().unwrap();
    let system = rustix::system::uname();
    let built = if cfg!(debug_assertions) { "a debug build: the figures mean nothing" } else { "release build" };
    format!(
        "{cores} cores, {} {} {}; {built}",
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.machine().to_string_lossy()
    )
}
