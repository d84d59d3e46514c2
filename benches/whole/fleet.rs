//! Many businesses on one ledger, in one process, ten of them broken: whether each of the others holds its own pace.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mmsg_sandbox::{Dials, Options, Running};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::process::processor_time;
use crate::row::{Bar, Row};
use crate::shop::Shop;

const BUSINESSES: usize = 200;
/// What is wrong with the first ones, and the exit code by which each must be named.
const BROKEN: [(Wrong, u64); 10] = [
    (Wrong::Line("token", "'EAAdeadToken'"), 4),
    (Wrong::Line("token", "{ file = '/nowhere/token' }"), 4),
    (Wrong::Line("ad_account", "'no number'"), 3),
    // That of the last business.
    (Wrong::Line("ad_account", "'100000000000199'"), 5),
    (Wrong::Line("graph_url", "'http://127.0.0.1:1'"), 10),
    (Wrong::Line("ledger", "'/dev/null'"), 10),
    (Wrong::HostGone, 7),
    (Wrong::Answers("2300004"), 5),
    (Wrong::Answers("drop"), 11),
    (Wrong::Answers("2300054"), 6),
];
const HEALTHY: usize = BUSINESSES - BROKEN.len();
/// Sends a second of each.
const RATE: f64 = 10.0;
/// Counted from when the slowest has begun.
const MEASURED: Duration = Duration::from_secs(60);
/// So that no list ends while it is measured.
const PEOPLE: usize = 1200;
/// More than any burst needs.
const PEOPLE_OF_BROKEN: usize = 60;
/// Digits of a token that say whose it is.
const OWNER: usize = 4;

/// What is wrong with a business.
enum Wrong {
    /// A line of its profile.
    Line(&'static str, &'static str),
    /// It has a ledger of its own, and the host of that can't be reached any more.
    HostGone,
    /// All its people get this answer.
    Answers(&'static str),
}

/// `fleet`: sends of each business in one minute, of what its rate allows; and what is said of the broken ones.
pub fn fleet(shop: &Shop) -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let fleet = Fleet::plan(shop, &runtime);
    let output = fleet.folder.path().join("totals.json");
    let mut command = fleet.mmsg();
    command.args(["send", "--resume", "--all-profiles", "--rate", &RATE.to_string(), "--quiet", "--yes", "-o", "json"]);
    let mut child = command.stdout(fs::File::create(&output).unwrap()).spawn().unwrap();
    let begin = Instant::now();
    while !fleet.all_have_begun() {
        assert!(begin.elapsed() < Duration::from_secs(120), "they do not begin");
        look_after(&mut child);
    }
    let start = begin.elapsed().as_secs_f64();
    let (from, before) = (fleet.sandbox.accepted_count(), processor_time(child.id()));
    let from_at = fleet.record().last().unwrap().at;
    let begin = Instant::now();
    while begin.elapsed() < MEASURED + Duration::from_secs(1) {
        look_after(&mut child);
    }
    let (sends, used) = (fleet.sandbox.accepted_count() - from, processor_time(child.id()) - before);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    // A ledger that can't be used weighs more than being stopped.
    assert_eq!(child.wait().unwrap().code(), Some(10), "exit code after SIGTERM");
    let totals: Value = serde_json::from_str(&fs::read_to_string(&output).unwrap()).unwrap();
    let record = fleet.record();
    runtime.block_on(fleet.sandbox.stop());

    let until = from_at + i64::try_from(MEASURED.as_millis()).unwrap();
    let mut counts = vec![0.0_f64; BUSINESSES];
    for send in &record {
        if send.at > from_at && send.at <= until {
            counts[send.owner] += 1.0;
        }
    }
    let mut rates: Vec<f64> = counts[BROKEN.len()..].iter().map(|count| count / MEASURED.as_secs_f64()).collect();
    rates.sort_by(f64::total_cmp);
    let people: HashSet<&str> = record.iter().map(|send| send.token.as_str()).collect();
    vec![
        Row::new(format!("{HEALTHY} businesses at {RATE}/s, median rate"), rates[HEALTHY / 2], "/s", Bar::AtLeast(9.8)),
        Row::new("the slowest of them", rates[0], "/s", Bar::AtLeast(9.5)),
        Row::new("processor time a send", used * 1000.0 / sends as f64, " ms", Bar::AtMost(0.15))
            .note(format!("{sends} sends")),
        Row::new("until the last of them has begun", start, " s", Bar::None),
        Row::new("people who got it twice", (record.len() - people.len()) as f64, "", Bar::AtMost(0.0)),
        Row::new(
            "broken ones named with their exit code",
            named(&totals) as f64,
            "",
            Bar::AtLeast(BROKEN.len() as f64),
        )
        .note(format!("of {}", BROKEN.len())),
    ]
}

/// How many of the broken ones are named with their exit code and a reason.
fn named(totals: &Value) -> usize {
    let rows = totals["profiles"].as_array().unwrap();
    let is_named = |n: usize, code: u64| {
        rows.iter().any(|row| row["profile"] == profile(n) && row["exit_code"] == code && row["reason"].is_string())
    };
    BROKEN.iter().enumerate().filter(|(n, (_, code))| is_named(*n, *code)).count()
}

struct Fleet<'s> {
    shop: &'s Shop,
    folder: tempfile::TempDir,
    sandbox: Running,
}

/// A send that the sandbox accepted.
struct Accepted {
    token: String,
    owner: usize,
    /// In milliseconds.
    at: i64,
}

impl<'s> Fleet<'s> {
    /// All businesses, planned; then the broken ones are broken.
    fn plan(shop: &'s Shop, runtime: &Runtime) -> Self {
        let folder = shop.round();
        let record = folder.path().join("record.ndjson");
        let start = |record| runtime.block_on(mmsg_sandbox::start(options(record))).unwrap();
        let fleet = Self { shop, sandbox: start(Some(record)), folder };
        let (url, gone) = (fleet.sandbox.url(), start(None));
        fleet.write_profiles(&url, |_| Vec::new());
        for n in 0..BUSINESSES {
            let people = if n < BROKEN.len() { PEOPLE_OF_BROKEN } else { PEOPLE };
            if !matches!(BROKEN.get(n), Some((Wrong::HostGone, _))) {
                fleet.plan_one(n, people);
            }
        }
        let own = |n: usize| match BROKEN.get(n) {
            Some((Wrong::HostGone, _)) => {
                let ledger = fleet.folder.path().join("own.db");
                vec![("graph_url", format!("'{}'", gone.url())), ("ledger", format!("'{}'", ledger.display()))]
            }
            Some((Wrong::Line(key, value), _)) => vec![(*key, (*value).to_owned())],
            _ => Vec::new(),
        };
        fleet.write_profiles(&url, own);
        for (n, (wrong, _)) in BROKEN.iter().enumerate() {
            if matches!(wrong, Wrong::HostGone) {
                fleet.plan_one(n, PEOPLE_OF_BROKEN);
            }
        }
        runtime.block_on(gone.stop());
        let faults = BROKEN.iter().enumerate().filter_map(|(n, (wrong, _))| match wrong {
            Wrong::Answers(fault) => {
                Some((0..PEOPLE_OF_BROKEN).map(move |person| format!("{},{fault}\n", token(n, person))))
            }
            _ => None,
        });
        let faults = Dials::parse_error_tokens(&faults.flatten().collect::<String>()).unwrap();
        fleet.sandbox.turn(|dials| dials.error_tokens = faults);
        fleet
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// The profiles, each with its own lines in place of the usual ones.
    fn write_profiles(&self, url: &str, own: impl Fn(usize) -> Vec<(&'static str, String)>) {
        let text = (0..BUSINESSES).map(|n| {
            let mut lines = vec![
                ("token", format!("'{}'", self.sandbox.credentials().token)),
                ("ad_account", format!("'{}'", account(n))),
                ("page", format!("'{}'", page(n))),
                ("graph_url", format!("'{url}'")),
                ("ledger", format!("'{}'", self.folder.path().join("ledger.db").display())),
            ];
            for (key, value) in own(n) {
                lines.retain(|(other, _)| *other != key);
                lines.push((key, value));
            }
            let lines: String = lines.into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            format!("[profiles.{}]\n{lines}", profile(n))
        });
        fs::write(self.config(), text.collect::<String>()).unwrap();
    }

    fn mmsg(&self) -> Command {
        let mut command = self.shop.mmsg(Path::new(""));
        command.env_remove("MMSG_LEDGER").env("MMSG_CONFIG", self.config()).stderr(Stdio::null());
        command
    }

    fn plan_one(&self, n: usize, people: usize) {
        let profile = profile(n);
        let created = self
            .mmsg()
            .args(["campaign", "create", "--lifetime-budget", "3000", "-o", "json", "--profile", &profile])
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let campaign: Value = serde_json::from_slice(&created.stdout).unwrap();
        let list = self.folder.path().join("list");
        let tokens: String = (0..people).map(|person| token(n, person) + "\n").collect();
        fs::write(&list, tokens).unwrap();
        let mut planned = self.mmsg();
        let campaign = campaign["id"].as_str().unwrap();
        planned.args(["send", "--max-sends", "0", "--profile", &profile, "--campaign", campaign]);
        let status = planned.arg("--message").arg(self.shop.message()).arg(&list).status().unwrap();
        assert_eq!(status.code(), Some(6), "{profile}");
    }

    fn record(&self) -> Vec<Accepted> {
        let text = fs::read_to_string(self.folder.path().join("record.ndjson")).unwrap();
        // The last line may still be written.
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .map(|line| {
                let token = line["token"].as_str().unwrap().to_owned();
                Accepted { owner: token[1..=OWNER].parse().unwrap(), token, at: line["at"].as_i64().unwrap() }
            })
            .collect()
    }

    fn all_have_begun(&self) -> bool {
        let begun: HashSet<usize> = self.record().into_iter().map(|send| send.owner).collect();
        begun.len() == HEALTHY
    }
}

fn options(record: Option<PathBuf>) -> Options {
    Options {
        ad_accounts: (0..BUSINESSES).map(account).collect(),
        pages: (0..BUSINESSES).map(page).collect(),
        record,
        record_bodies: false,
        ..Options::default()
    }
}

fn account(n: usize) -> String {
    format!("10000000000{n:04}")
}

fn page(n: usize) -> String {
    format!("20000000000{n:04}")
}

fn profile(n: usize) -> String {
    format!("b{n:04}")
}

fn token(n: usize, person: usize) -> String {
    format!("1{n:04}{person:014}")
}

fn look_after(child: &mut Child) {
    std::thread::sleep(Duration::from_millis(100));
    if let Some(status) = child.try_wait().unwrap() {
        panic!("mmsg send ended too early: {status}");
    }
}
