//! The harness: it owns the whole environment of every `mmsg` it runs, and looks at all that leaves it.

pub mod between;
pub mod cluster;
pub mod documents;
pub mod emulator;
pub mod engine;
pub mod fleet;
#[cfg(target_os = "linux")]
pub mod guarded;
pub mod patience;
pub mod preload;
pub mod receiver;
pub mod sandbox;
pub mod session;
pub mod shop;
pub mod small_disk;
pub mod started;
pub mod terminal;
pub mod wire;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::Duration;

use cluster::Database;
use engine::Engine;
use serde_json::Value;
use tempfile::TempDir;

/// An access token that may never be seen in any output.
pub const TOKEN: &str = "EAABcanaryAccessToken0123456789";
/// An app secret that may never be seen in any output.
pub const APP_SECRET: &str = "canaryappsecret0123456789abcdef0";
/// A Page's access token that may never be seen in any output.
pub const PAGE_TOKEN: &str = "EAABcanaryPageToken0123456789";
/// How subscription tokens begin; seen only in data that was asked for.
pub const SUBSCRIPTION_TOKEN: &str = "canarySubscription987654321";

const SECRETS: [&str; 3] = [TOKEN, APP_SECRET, PAGE_TOKEN];

/// Where nobody listens: no system gives this port out, and tests are given theirs by the system.
pub const NOBODY: &str = "http://127.0.0.1:1";

/// Longer than any command of a test may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// A machine of its own: a home folder, and no variable but those set here.
pub struct Env {
    home: TempDir,
    variables: Vec<(String, String)>,
    /// Where its ledger is, if it is on a server.
    database: Option<Database>,
}

impl Env {
    pub fn new() -> Self {
        Self::with_home(tempfile::tempdir().unwrap())
    }

    /// One whose paths are as long on every machine: tables fit them in.
    pub fn with_short_paths() -> Self {
        Self::with_home(tempfile::tempdir_in("/tmp").unwrap())
    }

    fn with_home(home: TempDir) -> Self {
        fs::create_dir(home.path().join("tmp")).unwrap();
        let path = |below: &str| home.path().join(below).to_str().unwrap().to_owned();
        let mut variables = vec![
            ("HOME".to_owned(), path("")),
            // What is left there goes with it.
            ("TMPDIR".to_owned(), path("tmp")),
            ("XDG_CONFIG_HOME".to_owned(), path(".config")),
            ("XDG_DATA_HOME".to_owned(), path(".local/share")),
            ("COLUMNS".to_owned(), "100".to_owned()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("TERM".to_owned(), "xterm".to_owned()),
            ("TZ".to_owned(), "UTC".to_owned()),
            ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
        ];
        // Coverage and sanitisers need theirs.
        for name in ["LLVM_PROFILE_FILE", "ASAN_OPTIONS"] {
            if let Some(value) = option_of_this_process(name) {
                variables.push((name.to_owned(), value));
            }
        }
        let env = Self { home, variables, database: None };
        match engine::of_test() {
            Some(Engine::Server) => env.on_server(),
            Some(Engine::File) => env,
            // For a look at how the other tests do on a server.
            None if option_of_this_process("MMSG_TEST_ENGINE").as_deref() == Some("postgres") => env.on_server(),
            None => env,
        }
    }

    /// With a new ledger on a server.
    pub fn on_server(self) -> Self {
        self.on(Database::new())
    }

    /// With a ledger in this database.
    pub fn on(self, database: Database) -> Self {
        let mut env = self.set("MMSG_LEDGER", database.address());
        env.database = Some(database);
        env
    }

    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Its ledger, as it is given to `--ledger`: this file, or that of its server.
    pub fn ledger_at(&self, file: &str) -> String {
        match &self.database {
            Some(database) => database.address(),
            None => self.path(file).to_str().unwrap().to_owned(),
        }
    }

    /// A ledger besides its own, as it is given to `--ledger`: this file, or a schema of this name.
    pub fn other_ledger(&self, file: &str) -> String {
        match &self.database {
            Some(database) => format!("{}&schema=of_{}", database.address(), file.trim_end_matches(".db")),
            None => file.to_owned(),
        }
    }

    /// What the ledger in this file, or that of its server, answers, as text; an integer is written in digits.
    #[track_caller]
    pub fn asks(&self, file: &Path, sql: &str) -> Vec<String> {
        if let Some(database) = &self.database {
            return database.ask(sql).lines().map(str::to_owned).collect();
        }
        let conn = rusqlite::Connection::open(file).unwrap();
        conn.busy_timeout(Duration::from_secs(30)).unwrap();
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map((), |row| {
            Ok(match row.get(0)? {
                rusqlite::types::Value::Integer(n) => n.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Changes that ledger behind mmsg's back.
    #[track_caller]
    pub fn changes(&self, file: &Path, sql: &str) {
        match &self.database {
            Some(database) => drop(database.ask(sql)),
            None => {
                let conn = rusqlite::Connection::open(file).unwrap();
                conn.busy_timeout(Duration::from_secs(30)).unwrap();
                conn.execute_batch(sql).unwrap();
            }
        }
    }

    /// Sets a variable; an earlier value of it goes.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// What a variable is set to.
    #[track_caller]
    pub fn variable(&self, name: &str) -> String {
        self.variables.iter().find(|(other, _)| other == name).unwrap().1.clone()
    }

    /// Takes a variable away.
    pub fn unset(mut self, name: &str) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self
    }

    /// Writes the profile file, for its owner alone.
    pub fn profiles(self, text: &str) -> Self {
        let path = self.profile_file();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self
    }

    pub fn profile_file(&self) -> PathBuf {
        self.path(".config/mmsg/config.toml")
    }

    /// A path in the home folder, where every command is run.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.home.path().join(below)
    }

    /// Runs `mmsg` to its end, with nothing on stdin.
    #[must_use = "look at how it ended"]
    pub fn mmsg<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        self.mmsg_reading("", args)
    }

    /// Runs `mmsg` to its end, with this text on stdin.
    #[must_use = "look at how it ended"]
    pub fn mmsg_reading<S: AsRef<OsStr>>(&self, stdin: impl Into<Vec<u8>>, args: impl IntoIterator<Item = S>) -> Run {
        let command = self.command(args);
        let asked = asks_for_tokens(&command);
        let output = assert_cmd::Command::from_std(command).write_stdin(stdin).timeout(PATIENCE).output();
        let run = self.judge(&output.unwrap());
        assert!(asked || !run.stdout.contains(SUBSCRIPTION_TOKEN), "nobody asked for tokens:\n{}", run.stdout);
        run
    }

    /// Fails if a file in the home folder holds an access token or the app secret; the profile file may.
    pub fn assert_no_secret_in_files(&self) {
        for path in files_below(self.home.path()) {
            if path == self.profile_file() {
                continue;
            }
            // A file may go while its folder is read.
            let Ok(bytes) = fs::read(&path) else { continue };
            for secret in SECRETS {
                assert!(!holds(&bytes, secret), "{} holds a secret", path.display());
            }
        }
    }

    /// What became of a command; fails if it showed a secret, the harness's own or one of this environment's variables.
    #[must_use = "look at how it ended"]
    pub fn judge(&self, output: &Output) -> Run {
        let run = Run::of(output);
        for (name, secret) in &self.variables {
            if matches!(name.as_str(), "MMSG_TOKEN" | "MMSG_PAGE_TOKEN" | "MMSG_APP_SECRET") && secret.len() > 8 {
                assert!(!run.stdout.contains(secret), "{name} was printed:\n{}", run.stdout);
                assert!(!run.stderr.contains(secret), "{name} was printed:\n{}", run.stderr);
            }
        }
        run
    }

    /// The command, for what the other ways to run it don't do. Give its output to [`Env::judge`].
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mmsg"));
        command.args(args).env_clear().envs(self.variables.iter().cloned()).current_dir(self.home.path());
        command
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_no_secret_in_files();
        }
    }
}

/// Whether the command prints rows of recipients: data that was asked for.
fn asks_for_tokens(command: &std::process::Command) -> bool {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let has = |word: &str| words.iter().any(|other| other == word);
    let lists = has("tokens") && (has("list") || has("export"));
    has("unknown") || lists || (has("send") && (has("ndjson") || has("csv")))
}

/// All files in a folder and the folders in it.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// Whether these bytes hold this text.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

#[expect(clippy::disallowed_methods, reason = "what the test runner was given")]
fn option_of_this_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How one `mmsg` ended and what it printed.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let run = Self { code: shell_code(output.status), stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert_no_secret(&run.stdout);
        assert_no_secret(&run.stderr);
        assert!(!run.stderr.contains("panicked at") && !run.stderr.contains("a bug in mmsg"), "{run:#?}");
        assert!(!run.stderr.contains(SUBSCRIPTION_TOKEN), "a subscription token is not masked:\n{}", run.stderr);
        run
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Fails unless stderr has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "stderr has no {text:?}\n{self:#?}");
        self
    }

    /// Fails unless stdout is empty, as after every error.
    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "", "{self:#?}");
        self
    }

    /// Fails unless it is an error as an operator wants it: this code, one sentence and a hint, and nothing on stdout.
    #[track_caller]
    pub fn fails(self, code: i32, sentence: &str) -> Self {
        let run = self.exits(code).prints_nothing().says(sentence);
        let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "not one sentence: {run:#?}");
        assert!(run.stderr.lines().any(|line| line.starts_with("hint: ") && line.len() > 10), "no hint: {run:#?}");
        run
    }

    /// Stdout as one JSON value a line.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let row = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        self.stdout.lines().map(row).collect()
    }

    /// The last line of stderr as JSON.
    #[track_caller]
    pub fn last_line(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("stderr ends with no JSON: {error}\n{self:#?}"))
    }

    /// The totals of a send with `-o json`: stdout's object, or part of stderr's after an error.
    #[track_caller]
    pub fn totals(&self) -> Value {
        match self.code {
            0 | 6 | 8 | 11 => self.json(),
            _ => {
                assert_eq!(self.stdout, "", "{self:#?}");
                self.last_line()["totals"].clone()
            }
        }
    }

    /// Stdout as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is no JSON: {error}\n{self:#?}"))
    }
}

/// What a shell's `$?` would say.
pub fn shell_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap()
}

#[track_caller]
pub fn assert_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "a secret was printed:\n{text}");
    }
}

/// A file of the repository.
pub fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// Fails unless the committed file is what is generated now; under `tests/run --update` it is written instead.
#[track_caller]
pub fn assert_fresh(below: &str, generated: &str) {
    let path = repository(below);
    if option_of_this_process("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, generated).unwrap();
        return;
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(committed == generated, "{below} is out of date: run tests/run --update");
}

/// Says that a test did not run here, past the test runner, which shows nothing of a test that passes.
pub fn not_run(why: &str) {
    let mut terminal = io::stderr();
    writeln!(terminal, "\nNOT RUN: {why}").unwrap();
}

/// The true time, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "tests hold mmsg's times against the wall clock")]
pub fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A number that whoever runs the tests has set.
#[expect(clippy::disallowed_methods, reason = "what the test runner was given")]
pub fn number_of_this_process(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
