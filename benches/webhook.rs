//! `cargo bench --bench webhook -- [--sends N] [--connections N] [--rate EVENTS_PER_SECOND]`
//!
//! Sends to N people on the sandbox, then posts the four events of each send to a `mmsg webhook serve`, 100 per post, and prints
//! events per second and how long a post waited for its 200. Without a rate, it posts as fast as it can; with one, each post has
//! its scheduled time, and its wait counts from then. All of it twice: with the ledger in a file and on a PostgreSQL server, which is on the
//! same machine and waits for its disk.
#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a developer's tool, which may panic")]

#[expect(dead_code, reason = "the tests of the whole program kill servers")]
#[path = "../tests/common/cluster.rs"]
mod cluster;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cluster::Database;
use hmac::{Hmac, KeyInit, Mac};
use mmsg_sandbox::{Options, Running};
use serde_json::{Value, json};
use sha2::Sha256;

const EVENTS: usize = 100;
const STAGES: [&str; 4] =
    ["marketing_message_echoes", "marketing_message_deliveries", "marketing_message_reads", "marketing_message_clicks"];

struct Plan {
    sends: usize,
    connections: usize,
    /// Events per second; 0 means no limit.
    rate: usize,
}

fn main() {
    let plan = plan();
    let server = Database::alone_with("-c shared_buffers=512MB -c max_wal_size=4GB -c jit=off");
    for server in [None, Some(&server)] {
        measure(&plan, server);
    }
}

fn measure(plan: &Plan, server: Option<&Database>) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let record = folder.path().join("record");
    let options = Options { record: Some(record.clone()), record_bodies: false, ..Options::default() };
    let sandbox = runtime.block_on(mmsg_sandbox::start(options)).unwrap();
    let secret = sandbox.credentials().app_secret.clone();
    let bench = Bench { home: folder.path(), sandbox: &sandbox, server };
    bench.send(plan.sends);
    let posts = posts(&record, &secret);
    let (serve, address) = bench.serve();
    let (mut waits, took) = post_all(&posts, address, plan);
    let events = waits.len() * EVENTS;
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{}: {events} events in {:.2} s: {:.0} events/s; wait for 200: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms; {} connections",
        if server.is_some() { "server" } else { "file" },
        took.as_secs_f64(),
        events as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        plan.connections
    );
    println!("processor time of its threads: {}", processor_time(serve.id()));
    end(serve);
    bench.check(events);
    if let Some(server) = server {
        server.ask("vacuum");
        let size = "select pg_total_relation_size('sends') + pg_total_relation_size('listing_rows')";
        let bytes: usize = server.ask(size).parse().unwrap();
        println!("bytes of a send with all that became of it, without events and person: {}", bytes / plan.sends);
    }
    runtime.block_on(sandbox.stop());
}

fn plan() -> Plan {
    let mut plan = Plan { sends: 50_000, connections: 16, rate: 0 };
    // Cargo adds `--bench`.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let n = words.next().and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{word} needs a number"));
        match word.as_str() {
            "--sends" => plan.sends = n,
            "--connections" => plan.connections = n,
            "--rate" => plan.rate = n,
            _ => panic!("unknown: {word}"),
        }
    }
    plan
}

struct Bench<'b> {
    home: &'b Path,
    sandbox: &'b Running,
    /// `None`: the ledger is in a file.
    server: Option<&'b Database>,
}

impl Bench<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmsg"));
        command.args(words).env_clear().env("HOME", self.home).current_dir(self.home);
        command.envs(self.sandbox.environment()).stderr(Stdio::null());
        if let Some(server) = self.server {
            command.env("MMSG_LEDGER", server.address());
        }
        command
    }

    fn send(&self, people: usize) {
        let list: String = (0..people).map(|n| format!("token{n:09}\n")).collect();
        fs::write(self.home.join("list"), list).unwrap();
        fs::write(self.home.join("message"), json!({"text": "Half price this week"}).to_string()).unwrap();
        let created =
            self.command(&["campaign", "create", "--lifetime-budget", "3000", "-o", "json"]).output().unwrap();
        let campaign: Value = serde_json::from_slice(&created.stdout).unwrap();
        let id = campaign["id"].as_str().unwrap();
        let words = ["send", "list", "--campaign", id, "--message", "message", "--rate", "unlimited"];
        assert!(self.command(&words).stdout(Stdio::null()).status().unwrap().success());
    }

    fn serve(&self) -> (Child, SocketAddr) {
        let mut command = self.command(&["webhook", "serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().trim_start_matches("http://").trim_end_matches("/webhook").parse().unwrap();
        (child, address)
    }

    /// Checks that all acknowledged events are in the ledger, each with its send.
    fn check(&self, events: usize) {
        let count = "select count(*) from events where how in (0, 1)";
        let stored: i64 = match self.server {
            Some(server) => server.ask(count).parse().unwrap(),
            None => {
                let conn = rusqlite::Connection::open(self.home.join(".local/share/mmsg/ledger.db")).unwrap();
                conn.query_row(count, (), |row| row.get(0)).unwrap()
            }
        };
        assert_eq!(stored, events as i64, "events that were answered 200 are missing");
    }
}

/// The processor time of each thread: one parses and answers, one writes.
fn processor_time(process: u32) -> String {
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let mut threads = Vec::new();
    for task in fs::read_dir(format!("/proc/{process}/task")).unwrap() {
        let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (head, rest) = stat.rsplit_once(") ").unwrap();
        let name = head.split_once('(').unwrap().1;
        let used: u64 = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        threads.push(format!("{name} {:.2} s", used as f64 / ticks));
    }
    threads.join(", ")
}

fn end(mut serve: Child) {
    rustix::process::kill_process(rustix::process::Pid::from_child(&serve), rustix::process::Signal::TERM).unwrap();
    assert!(serve.wait().unwrap().success());
}

/// Complete signed requests: all echoes first, then all deliveries, and so on.
fn posts(record: &Path, secret: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(record).unwrap();
    let sends: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut posts = Vec::new();
    for (place, stage) in STAGES.iter().enumerate() {
        for group in sends.chunks_exact(EVENTS) {
            let changes: Vec<Value> = group.iter().map(|send| change(send, stage, place as i64)).collect();
            let entry = json!([{"id": "104857600123457", "time": 1_764_000_000, "changes": changes}]);
            posts.push(request(&json!({"object": "page", "entry": entry}).to_string(), secret));
        }
    }
    posts
}

fn change(send: &Value, field: &str, place: i64) -> Value {
    let at = send["at"].as_i64().unwrap_or_default() / 1000 + 1 + place;
    let mut value = json!({
        "field": field,
        "recipient_id": "6123456789012345",
        "page_id": "104857600123457",
        "app_id": "712345678901234",
        "timestamp": at,
        "mid": format!("m_{}", send["tracking_id"].as_str().unwrap_or_default()),
        "marketing_message_tracking_id": send["tracking_id"],
        "messenger_subscription_token": send["token"],
        "message_id": send["message_id"],
    });
    if place == 3 {
        value.as_object_mut().unwrap().remove("marketing_message_tracking_id");
    }
    json!({ "field": field, "value": value })
}

fn request(body: &str, secret: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let head = format!(
        "POST /webhook HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-hub-signature-256: sha256={hex}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// How long each post waited, and how long all of them took.
fn post_all(posts: &[Vec<u8>], address: SocketAddr, plan: &Plan) -> (Vec<Duration>, Duration) {
    let next = AtomicUsize::new(0);
    let waits = Mutex::new(Vec::with_capacity(posts.len()));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..plan.connections {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut mine = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(post) = posts.get(n) else { break };
                    let mut due = Instant::now();
                    if plan.rate > 0 {
                        due = begin + Duration::from_secs_f64((n * EVENTS) as f64 / plan.rate as f64);
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    stream.write_all(post).unwrap();
                    read_answer(&mut stream);
                    mine.push(due.elapsed());
                }
                waits.lock().unwrap().extend(mine);
            });
        }
    });
    (waits.into_inner().unwrap(), begin.elapsed())
}

fn read_answer(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.ends_with(b"\r\n\r\nok") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "no answer");
        answer.extend_from_slice(&buffer[..read]);
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}
