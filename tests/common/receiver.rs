//! `mmsg webhook serve` at work, and clients that speak to it byte by byte.

use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::patience::Patience;
use super::sandbox::{Sandbox, lines_of};
use super::started::Started;
use super::{APP_SECRET, Env, SUBSCRIPTION_TOKEN};

/// Never seen in any output.
pub const VERIFY_TOKEN: &str = "canaryVerifyToken55555";
/// A person's id in events; never seen in any output.
pub const PSID: &str = "6900000000000069";

/// The receiver's ledger, where it is a file.
pub const LEDGER: &str = "ledger.db";

/// A machine that knows the canary secrets.
pub fn environment() -> Env {
    Env::new().set("MMSG_APP_SECRET", APP_SECRET).set("MMSG_VERIFY_TOKEN", VERIFY_TOKEN)
}

/// A receiver that listens. It is killed with this value.
pub struct Receiver<'e> {
    pub process: Started<'e>,
    /// Where it says that it listens.
    pub url: String,
    env: &'e Env,
}

impl<'e> Receiver<'e> {
    /// Starts it on a free port, with these arguments besides.
    pub fn start(env: &'e Env, args: &[&str]) -> Self {
        Self::start_at(env, 0, args)
    }

    /// Starts it on this port.
    pub fn start_at(env: &'e Env, port: u16, args: &[&str]) -> Self {
        let (listen, ledger) = (format!("127.0.0.1:{port}"), env.ledger_at(LEDGER));
        let words = [&["webhook", "serve", "--listen", &listen, "--ledger", &ledger], args].concat();
        Self::of(env, env.start("", &words))
    }

    /// One that was started with the ledger `ledger.db` in the home folder.
    pub fn of(env: &'e Env, mut process: Started<'e>) -> Self {
        let mut patience = Patience::default();
        let url = loop {
            if let Some((line, _)) = process.stdout().split_once('\n') {
                break line.to_owned();
            }
            assert!(process.is_running() && patience.lasts(), "it does not listen:\n{}", process.stderr());
        };
        Self { process, url, env }
    }

    /// Its file.
    pub fn ledger(&self) -> PathBuf {
        self.env.path(LEDGER)
    }

    pub fn port(&self) -> u16 {
        self.url.split(':').nth(2).and_then(|rest| rest.split('/').next()?.parse().ok()).unwrap()
    }

    pub fn connect(&self) -> Client {
        Client::new(TcpStream::connect(("127.0.0.1", self.port())).unwrap())
    }

    /// One request on a connection of its own: the status and the body of the answer.
    #[track_caller]
    pub fn asks(&self, request: &[u8]) -> (u16, String) {
        let mut client = self.connect();
        client.send(request);
        client.answer().unwrap()
    }

    /// Posts this body, signed with the canary secret; the status.
    #[track_caller]
    pub fn posts(&self, body: &str) -> u16 {
        self.asks(&post(body, APP_SECRET)).0
    }

    #[track_caller]
    pub fn gets(&self, target: &str) -> (u16, String) {
        self.asks(get(target).as_bytes())
    }

    /// A number that the ledger answers.
    #[track_caller]
    pub fn counts(&self, sql: &str) -> i64 {
        self.env.asks(&self.ledger(), sql)[0].parse().unwrap()
    }

    #[track_caller]
    pub fn events(&self) -> i64 {
        self.counts("select count(*) from events")
    }
}

#[track_caller]
pub fn number(ledger: &Path, sql: &str) -> i64 {
    let conn = rusqlite::Connection::open(ledger).unwrap();
    conn.busy_timeout(Duration::from_secs(30)).unwrap();
    conn.query_row(sql, (), |row| row.get(0)).unwrap()
}

/// One connection.
pub struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Sends what it can; the other side may have had enough.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Nothing more comes from here.
    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next answer; `None` when the connection is closed without one.
    pub fn answer(&mut self) -> Option<(u16, String)> {
        loop {
            if let Some(answer) = self.whole() {
                return Some(answer);
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(n) => self.read.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn whole(&mut self) -> Option<(u16, String)> {
        let text = String::from_utf8(self.read.clone()).unwrap();
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().unwrap();
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let body = rest.get(..length.unwrap_or(0))?.to_owned();
        self.read.drain(..head.len() + 4 + body.len());
        Some((status, body))
    }
}

pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")
}

/// A whole request with this body, signed.
pub fn post(body: &str, secret: &str) -> Vec<u8> {
    post_with(body, &format!("X-Hub-Signature-256: {}\r\n", signature(body, secret)))
}

/// A whole request with this body and these header lines.
pub fn post_with(body: &str, headers: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /webhook HTTP/1.1\r\nhost: test\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

pub fn signature(body: &str, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// A notice with events of these people, told apart by their numbers.
pub fn notice(people: impl IntoIterator<Item = usize>) -> String {
    let field = "marketing_message_reads";
    let changes: Vec<Value> = people
        .into_iter()
        .map(|n| {
            let value = json!({
                "field": field,
                "recipient_id": PSID,
                "page_id": "104857600123457",
                "timestamp": 1_764_000_000,
                "messenger_subscription_token": format!("{SUBSCRIPTION_TOKEN}{n:06}"),
                "message_id": "120210000000000123",
            });
            json!({ "field": field, "value": value })
        })
        .collect();
    json!({"object": "page", "entry": [{"id": "104857600123457", "time": 1_764_000_000, "changes": changes}]})
        .to_string()
}

/// The lines of the sandbox's truth, once every event that it made was acknowledged, more than so many, and no more are made.
#[track_caller]
pub fn heard_out(sandbox: &Sandbox, truth: &Path, more_than: usize, patience: Duration) -> Vec<Value> {
    let mut patience = Patience::of(patience);
    loop {
        // To read them all takes its time, so that is for when nothing more seems to come.
        while sandbox.stats()["webhook"]["waiting"] != 0 || !is_quiet(truth) {
            assert!(patience.lasts(), "events are still on their way: {:#}", sandbox.stats()["webhook"]);
        }
        let lines = lines_of(truth);
        let made = lines.iter().filter(|line| line.get("event").is_some()).count();
        let acked: HashSet<u64> =
            lines.iter().filter_map(|line| line["acked"].as_array()).flatten().filter_map(Value::as_u64).collect();
        if made == acked.len() && made > more_than && is_quiet(truth) {
            return lines;
        }
        assert!(patience.lasts(), "{made} made, {} acknowledged", acked.len());
    }
}

/// Whether nothing was written to the truth lately.
fn is_quiet(truth: &Path) -> bool {
    let written = fs::metadata(truth).and_then(|file| file.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > Duration::from_millis(1500)))
}

/// How many sends the truth's events tell this stage of.
pub fn sends_told(lines: &[Value], stage: &str) -> usize {
    let sends: HashSet<&str> =
        lines.iter().filter(|line| line["kind"] == stage).filter_map(|line| line["token"].as_str()).collect();
    sends.len()
}
