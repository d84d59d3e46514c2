//! The crash harness: a real `mmsg`, killed with SIGKILL at random instants and run again until its list is done.
//!
//! The sandbox's record is the judge: nobody twice; every token of the list accepted, refused, skipped or unknown; and no more
//! unknowns that never reached the sandbox than kills × concurrency. `MMSG_KILLS` asks for more kills than the 200 of every run, 60 of
//! a ledger on a server; `MMSG_SEED` replays the instants.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::common::engine::on_both;
use crate::common::sandbox::{SandboxProcess, lines_of};
use crate::common::{Env, now, number_of_this_process};

const CONCURRENCY: usize = 16;
const LEDGER: &str = ".local/share/mmsg/ledger.db";
const ROWS: usize = 2500;
/// Kills of one list at the most, then it is run to its end.
const KILLS_A_LIST: usize = 16;

struct Tally {
    kills: usize,
    lists: usize,
    rows: usize,
    twice: usize,
    lost: usize,
    unknown: usize,
    never_arrived: usize,
    /// Rate refusals, each of which pauses a run for a minute or more.
    paused: usize,
}

/// The sandbox, a process of its own, and what it writes down.
struct Host {
    sandbox: SandboxProcess,
    record: PathBuf,
    requests: PathBuf,
}

impl Host {
    /// Grows with every request to send.
    fn heard(&self) -> u64 {
        std::fs::metadata(&self.requests).map_or(0, |file| file.len())
    }
}

fn no_kill_makes_a_second_message_or_loses_anybody() {
    let asked = |name: &str, default: u64| number_of_this_process(name).unwrap_or(default);
    let machine = Env::new();
    let kills = if machine.database().is_some() { 60 } else { 200 };
    let (wanted, seed) = (asked("MMSG_KILLS", kills) as usize, asked("MMSG_SEED", 7));
    let mut random = fastrand::Rng::with_seed(seed);
    let host = Host {
        record: machine.path("truth.ndjson"),
        requests: machine.path("requests.ndjson"),
        sandbox: SandboxProcess::start(
            &machine,
            &[
                "--latency",
                "6ms",
                "--lost-replies",
                "2%",
                "--errors",
                "503=0.5%,2=0.3%,drop=0.3%,2300034=1%,2300036=1%,2300055=0.1%,503-html=0.2%,80004/2446079=0.03%,613=0.03%",
                "--record",
                "truth.ndjson",
                "--requests",
                "requests.ndjson",
            ],
        ),
    };
    let env = host.sandbox.environment();
    let mut tally = Tally { kills: 0, lists: 0, rows: 0, twice: 0, lost: 0, unknown: 0, never_arrived: 0, paused: 0 };
    while tally.kills < wanted {
        one_list(&host, &env, &mut random, &mut tally, wanted);
    }
    println!(
        "{} kills over {} lists of {ROWS}: duplicates {}, lost {}, unknown {} of {} ({} never arrived), {} rate refusals, \
         seed {seed}",
        tally.kills, tally.lists, tally.twice, tally.lost, tally.unknown, tally.rows, tally.never_arrived, tally.paused
    );
    assert_eq!((tally.twice, tally.lost), (0, 0));
    // One in 1,700 requests, and there are 32,500 of them and more.
    assert!(tally.paused > 0 || wanted < 100, "no rate refusal paused a run");
}

fn one_list(host: &Host, env: &Env, random: &mut fastrand::Rng, tally: &mut Tally, wanted: usize) {
    tally.lists += 1;
    tally.rows += ROWS;
    let created = env.mmsg(["campaign", "create", "--lifetime-budget", "900000", "-o", "json"]).exits(0).json();
    let campaign = created["id"].as_str().unwrap().to_owned();
    let tokens: Vec<String> =
        (0..ROWS).map(|row| format!("9{:03}{row:05}{:08}", tally.lists, random.u32(..100_000_000))).collect();
    std::fs::write(env.path("list.csv"), format!("token\n{}\n", tokens.join("\n"))).unwrap();
    std::fs::write(env.path("message.json"), format!(r#"{{"text":"list {}"}}"#, tally.lists)).unwrap();
    let whole = ["send", "--campaign", &campaign, "--message", "message.json", "list.csv"];
    let rest = ["send", "--resume", "--campaign", &campaign];
    let speed = ["--rate", "unlimited", "--concurrency", "16", "--quiet"];

    let mut kills = 0;
    let mut ended = false;
    while kills < KILLS_A_LIST && tally.kills < wanted && !ended {
        // The list is planned anew, or what was planned goes on; both are cut off anywhere.
        let args = if kills == 0 || random.u8(..3) == 0 { &whole[..] } else { &rest[..] };
        let mut child = start(env, args, &speed);
        std::thread::sleep(Duration::from_millis(random.u64(5..180)));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
            tally.kills += 1;
        }
        let code = child.wait().unwrap().code();
        // 0, 8 and 11: nothing of the whole list waits any more.
        ended = args.len() == whole.len() && matches!(code, Some(0 | 8 | 11));
    }
    let mut runs = 0;
    loop {
        let Some(code) = run_until_it_ends_or_pauses(host, env, &whole, &speed) else {
            kills += 1;
            continue;
        };
        // 6 is a pause that the sandbox asked for, or a person who was not to be had today.
        if matches!(code, Some(0 | 8 | 11)) || (code == Some(6) && !due(env, &campaign)) {
            break;
        }
        assert!(matches!(code, Some(6)), "the list ended with {code:?}");
        runs += 1;
        assert!(runs < 50, "the list does not end");
    }
    judge(host, env, &campaign, &tokens, kills, tally);
    env.mmsg(["ledger", "check"]).exits(0);
}

/// The exit code; `None` where a rate refusal made it pause. It is killed then: a pause is as good a moment as any.
fn run_until_it_ends_or_pauses(host: &Host, env: &Env, args: &[&str], speed: &[&str]) -> Option<Option<i32>> {
    let mut child = start(env, args, speed);
    loop {
        let before = host.heard();
        for _ in 0..30 {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(status.code());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        if host.heard() == before && is_paused(env) {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
    }
}

fn is_paused(env: &Env) -> bool {
    has_tables(env) && asks(env, &format!("select count(*) from pace where paused_until > {}", now())) != ["0"]
}

/// A run that was killed before it made them leaves none.
fn has_tables(env: &Env) -> bool {
    match env.database() {
        Some(database) => database.ask("select to_regclass('pace') is not null") == "t",
        None => {
            env.path(LEDGER).exists() && asks(env, "select count(*) from sqlite_schema where name = 'pace'") == ["1"]
        }
    }
}

/// As if the time told by rate refusals had passed.
fn let_pauses_pass(env: &Env) {
    if has_tables(env) {
        env.changes(&env.path(LEDGER), "update pace set paused_until = 0");
    }
}

fn start(env: &Env, args: &[&str], speed: &[&str]) -> Child {
    let_pauses_pass(env);
    let mut command = env.command(args.iter().chain(speed));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn asks(env: &Env, sql: &str) -> Vec<String> {
    env.asks(&env.path(LEDGER), sql)
}

/// Pending rows of the campaign that may go out now.
fn due(env: &Env, campaign: &str) -> bool {
    let sql = "select count(*) from sends s join broadcasts b on b.id = s.broadcast";
    asks(env, &format!("{sql} where b.campaign = '{campaign}' and s.state = 0 and s.not_before = 0")) != ["0"]
}

fn judge(host: &Host, env: &Env, campaign: &str, tokens: &[String], kills: usize, tally: &mut Tally) {
    let mut arrived: HashMap<String, usize> = HashMap::new();
    for line in lines_of(&host.record).iter().filter(|line| line["message_id"] == campaign) {
        *arrived.entry(line["token"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    tally.twice += arrived.values().filter(|n| **n > 1).count();
    let rate_refusal = |line: &&serde_json::Value| matches!(line["outcome"].as_str(), Some("80004/2446079" | "613"));
    tally.paused = lines_of(&host.requests).iter().filter(rate_refusal).count();
    let rows = format!(
        "select s.state || ' ' || r.token from sends s join recipients r on r.id = s.recipient
         join broadcasts b on b.id = s.broadcast where b.campaign = '{campaign}'"
    );
    let state = |row: &String| row.split_once(' ').map(|(state, token)| (token.to_owned(), state.parse().unwrap()));
    let states: HashMap<String, i64> = asks(env, &rows).iter().filter_map(state).collect();
    let listed: HashSet<&String> = tokens.iter().collect();
    // 0 pending for a later day, 2 accepted, 3 refused, 4 skipped, 5 unknown; nothing may be left claimed.
    tally.lost += tokens.iter().filter(|token| !matches!(states.get(*token), Some(0 | 2 | 3 | 4 | 5))).count();
    assert!(states.keys().all(|token| listed.contains(token)));
    for (token, state) in &states {
        let reached = arrived.contains_key(token);
        match state {
            2 => assert!(reached, "the ledger says accepted, and the sandbox never saw it"),
            5 => {}
            _ => assert!(!reached, "a message was accepted that the ledger does not know of: state {state}"),
        }
    }
    let unknown: Vec<_> = states.iter().filter(|(_, state)| **state == 5).collect();
    let killed = format!(
        "select count(*) from sends s join broadcasts b on b.id = s.broadcast
         where b.campaign = '{campaign}' and s.state = 5 and s.reason = 'killed'"
    );
    let killed: usize = asks(env, &killed)[0].parse().unwrap();
    assert!(killed <= kills * CONCURRENCY, "{killed} in doubt by {kills} kills");
    tally.unknown += unknown.len();
    tally.never_arrived += unknown.iter().filter(|(token, _)| !arrived.contains_key(*token)).count();
}

on_both! {
    no_kill_makes_a_second_message_or_loses_anybody
}
