//! Sandboxes for tests: in the test's own process, and as `mmsg sandbox`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use mmsg_sandbox::{Credentials, Dials, Faults, Options, Running};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use super::patience::Patience;
use super::receiver::{VERIFY_TOKEN, signature};
use super::{APP_SECRET, Env, PAGE_TOKEN, TOKEN, now};

/// A sandbox in this process. Tests judge by its record.
pub struct Sandbox {
    running: Option<Running>,
    /// The address of one that was stopped: nobody listens there, and no other test's sandbox is given it.
    address: Option<TcpSocket>,
    runtime: Runtime,
    folder: TempDir,
}

impl Sandbox {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    /// With other options. The credentials are canaries.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options {
            credentials: Some(Credentials {
                token: TOKEN.to_owned(),
                page_token: PAGE_TOKEN.to_owned(),
                app_secret: APP_SECRET.to_owned(),
                verify_token: VERIFY_TOKEN.to_owned(),
                ..Credentials::from_seed(0)
            }),
            record: Some(folder.path().join("truth.ndjson")),
            requests: Some(folder.path().join("requests.ndjson")),
            ..Options::default()
        };
        // Meta takes a token in the URL, as its SDKs send it. Ours never goes there.
        options.dials.header_token_only = true;
        change(&mut options);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.block_on(mmsg_sandbox::start(options)).unwrap();
        Self { running: Some(running), address: None, runtime, folder }
    }

    /// With the ad account 12 and the Page 34; and a machine on which nothing is known but where it is.
    pub fn of_newcomer() -> (Self, Env) {
        let sandbox = Self::with(|options| {
            options.ad_accounts = vec!["12".to_owned()];
            options.pages = vec!["34".to_owned()];
        });
        let env = Env::new().set("MMSG_GRAPH_URL", sandbox.url());
        (sandbox, env)
    }

    fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn url(&self) -> String {
        self.running().url()
    }

    /// An environment that uses only this sandbox.
    pub fn environment(&self) -> Env {
        self.environment_in(Env::new())
    }

    pub fn environment_in(&self, env: Env) -> Env {
        self.running().environment().into_iter().fold(env, |env, (name, value)| env.set(name, value))
    }

    /// Changes dials while it runs.
    pub fn turn(&self, change: impl FnOnce(&mut Dials)) {
        self.running().turn(change);
    }

    /// Sends get these faults from now on.
    pub fn errors(&self, faults: &str) {
        let faults = Faults::parse(faults).unwrap();
        self.turn(|dials| dials.errors = faults);
    }

    /// These tokens get these faults, every time.
    pub fn error_tokens(&self, lines: impl IntoIterator<Item = (String, String)>) {
        let text: String = lines.into_iter().map(|(token, fault)| format!("{token},{fault}\n")).collect();
        let faults = Dials::parse_error_tokens(&text).unwrap();
        self.turn(|dials| dials.error_tokens = faults);
    }

    /// Sets the status of an ad, ad set or campaign, as Ads Manager does.
    #[track_caller]
    pub fn switch(&self, id: &str, status: &str) {
        self.posts(&format!("/v26.0/{id}"), &json!({ "status": status }));
    }

    /// Sets the sandbox's clock to a later time.
    #[track_caller]
    pub fn set_clock(&self, at: Timestamp) {
        assert!(self.running().set_clock(at), "the sandbox's clock does not go back to {at}");
    }

    /// Lets Meta's review of an ad find this; an empty status takes it back.
    #[track_caller]
    pub fn review(&self, id: &str, status: &str) {
        self.posts("/sandbox/review", &json!({ "id": id, "status": status }));
    }

    /// Changes the end of a campaign, by the ID of its ad set.
    #[track_caller]
    pub fn end(&self, adset: &str, at: i64) {
        self.posts(&format!("/v26.0/{adset}"), &json!({ "end_time": at }));
    }

    /// Creates a campaign as somebody else does: of the name and budget that mmsg would give one. Its ID.
    #[track_caller]
    pub fn create_campaign(&self) -> String {
        let env = self.environment();
        let (account, page) = (env.variable("MMSG_AD_ACCOUNT"), env.variable("MMSG_PAGE"));
        let name = format!("Page {page} {}", Timestamp::from_millisecond(now()).unwrap().strftime("%Y-%m-%d"));
        let body = json!({ "name": name, "page_id": page, "lifetime_budget": 3000 });
        let proof = signature(TOKEN, APP_SECRET).replace("sha256=", "");
        let answer = self.posted(&format!("/v26.0/{account}/message_campaign?appsecret_proof={proof}"), &body);
        let (_, after) = answer.split_once(r#""id":""#).unwrap_or_else(|| panic!("{answer}"));
        after.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    fn posts(&self, path: &str, body: &Value) {
        let answer = self.posted(path, body);
        assert!(answer.contains(r#"{"success":true}"#), "{answer}");
    }

    /// The answer, with its head.
    fn posted(&self, path: &str, body: &Value) -> String {
        let mut stream = TcpStream::connect(self.running().addr()).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The Page's token list, entry by entry, as somebody else's client reads it.
    pub fn subscribers(&self) -> Vec<Value> {
        let page = self.environment().variable("MMSG_PAGE");
        let fields = "notification_messages_token,recipient_id,token_expiry_timestamp,next_eligible_time,\
                      next_eligible_time_for_paid_messaging,custom_audience_ids,notification_messages_timezone,creation_timestamp";
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/v26.0/{page}/notification_message_tokens?limit=1000&fields={fields}{after}");
            let answer: Value = serde_json::from_str(&self.gets(&path)).unwrap();
            rows.extend(answer["data"].as_array().unwrap().iter().cloned());
            match (&answer["paging"]["next"], answer["paging"]["cursors"]["after"].as_str()) {
                (Value::Null, _) | (_, None) => return rows,
                (_, Some(cursor)) => after = format!("&after={cursor}"),
            }
        }
    }

    #[track_caller]
    fn gets(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.running().addr()).unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {PAGE_TOKEN}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
        body.to_owned()
    }

    /// Stops: connections are cut and new ones refused.
    pub fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            let address = running.url().trim_start_matches("http://").parse().unwrap();
            self.runtime.block_on(running.stop());
            // Its last connections still have the address for a while.
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            // A process that another test starts has a copy of the listener until it is another program.
            let mut patience = Patience::default();
            while let Err(error) = socket.bind(address) {
                assert!(patience.lasts(), "{address} is still listened at: {error}");
            }
            self.address = Some(socket);
        }
    }

    pub fn record_file(&self) -> PathBuf {
        self.folder.path().join("truth.ndjson")
    }

    /// What was accepted, in order.
    pub fn record(&self) -> Vec<Value> {
        lines_of(&self.record_file())
    }

    /// Tokens of what was accepted, in order.
    pub fn accepted(&self) -> Vec<String> {
        tokens_of(&self.record())
    }

    /// Every request to `/messages`, refused ones included.
    pub fn requests(&self) -> Vec<Value> {
        lines_of(&self.folder.path().join("requests.ndjson"))
    }

    /// Tokens of all requests, in order.
    pub fn requested(&self) -> Vec<String> {
        tokens_of(&self.requests())
    }

    /// One of its counts: `requests` (of every kind), `sends`, `created`, `deleted`, `leaks`, …
    pub fn count(&self, what: &str) -> u64 {
        self.running().stats()[what].as_u64().unwrap()
    }

    /// All its counts.
    pub fn stats(&self) -> Value {
        self.running().stats()
    }

    /// Waits for this many requests to `/messages`.
    #[track_caller]
    pub fn wait_for_sends(&self, n: u64) {
        let mut patience = Patience::default();
        while self.count("sends") < n {
            assert!(patience.lasts(), "only {} requests so far", self.count("sends"));
        }
    }

    /// Fails if someone got two messages.
    #[track_caller]
    pub fn assert_nobody_twice(&self) {
        let mut tokens = self.accepted();
        let all = tokens.len();
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), all, "someone got two messages");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let leaks = self.running.as_ref().map_or(0, |running| running.stats()["leaks"].as_u64().unwrap_or(0));
        if !std::thread::panicking() {
            assert_eq!(leaks, 0, "a URL contained a secret");
        }
    }
}

/// The lines of an NDJSON file; none if there is no file.
pub fn lines_of(path: &std::path::Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn tokens_of(lines: &[Value]) -> Vec<String> {
    lines.iter().map(|line| line["token"].as_str().unwrap_or_default().to_owned()).collect()
}

/// `mmsg sandbox` as a process, on a free port; dropping this stops it.
pub struct SandboxProcess {
    child: Child,
    /// The environment variables that it prints: `MMSG_GRAPH_URL` and others.
    pub variables: Vec<(String, String)>,
}

impl SandboxProcess {
    /// Starts `mmsg sandbox --port 0` with more arguments, and reads the `NAME=value` lines that it prints first.
    pub fn start(env: &Env, args: &[&str]) -> Self {
        let mut command = env.command(["sandbox", "--port", "0"]);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Read to the end even if nobody wants the lines any more.
                let _ = sender.send(line);
            }
        });
        let mut variables = Vec::new();
        let mut patience = Duration::from_secs(20);
        while let Ok(line) = lines.recv_timeout(patience) {
            let line = line.trim().trim_start_matches("export ");
            if let Some((name, value)) = line.split_once('=')
                && name.starts_with("MMSG_")
            {
                variables.push((name.to_owned(), value.trim_matches(['\'', '"']).to_owned()));
                // The other lines follow at once.
                patience = Duration::from_millis(200);
            }
        }
        assert!(variables.iter().any(|(name, _)| name == "MMSG_GRAPH_URL"), "the sandbox printed no URL");
        Self { child, variables }
    }

    /// An environment that uses only this sandbox.
    pub fn environment(&self) -> Env {
        self.variables.iter().fold(Env::new(), |env, (name, value)| env.set(name, value.clone()))
    }
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
