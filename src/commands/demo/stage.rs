//! Where the demo runs: a temporary folder, an environment without the caller's settings, and a shell.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use mmsg_sandbox::Running;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::script::DemoStep;
use crate::commands::signals::Signals;
use crate::config::environment::{Environment, names};
use crate::error::{Error, Exit, Result};
use crate::ledger::address::Address;
use crate::ui::Ui;

/// Variables that the commands inherit: about the terminal, the system's certificates and a build's measurements.
const KEPT: [&str; 20] = [
    "TERM",
    "COLORTERM",
    names::NO_COLOR,
    names::COLUMNS,
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "LLVM_PROFILE_FILE",
    // Of a ledger on a server.
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGOPTIONS",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGCONNECT_TIMEOUT",
];

/// The receiver's output.
const LOG: &str = "receiver.log";

pub struct DemoStage<'u> {
    ui: &'u Ui,
    folder: TempDir,
    variables: Vec<(String, std::ffi::OsString)>,
    ledger: Address,
}

impl<'u> DemoStage<'u> {
    pub fn set(
        ui: &'u Ui,
        environment: &Environment,
        sandbox: &Running,
        ledger: Option<Address>,
        typed: Option<&Path>,
        keep: bool,
    ) -> Result<Self> {
        let failed = |error: std::io::Error| Error::ledger("can't create the demo's folder").because(&error);
        let folder = tempfile::Builder::new().prefix("mmsg-demo-").disable_cleanup(keep).tempdir().map_err(failed)?;
        let path = |below: &str| folder.path().join(below);
        let us =
            std::env::current_exe().map_err(|error| Error::internal("can't find the path of mmsg").because(&error))?;
        std::fs::create_dir(path("bin")).map_err(failed)?;
        std::os::unix::fs::symlink(us, path("bin/mmsg")).map_err(failed)?;

        let mut search = path("bin").into_os_string();
        search.push(":");
        search.push(environment.raw("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin".as_ref()));
        let mut variables = vec![
            ("PATH".to_owned(), search),
            ("HOME".to_owned(), folder.path().into()),
            ("XDG_CONFIG_HOME".to_owned(), path(".config").into()),
            ("XDG_DATA_HOME".to_owned(), path(".local/share").into()),
            (names::LEDGER.to_owned(), typed.map_or_else(|| path("ledger.db"), Path::to_owned).into()),
        ];
        for (name, value) in sandbox.environment() {
            variables.push((name.to_owned(), value.into()));
        }
        for name in KEPT {
            if let Some(value) = environment.raw(name) {
                variables.push((name.to_owned(), value.to_owned()));
            }
        }
        // The demo's home has no passwords.
        if let (true, None, Some(home)) = (typed.is_some(), environment.raw("PGPASSFILE"), environment.raw("HOME")) {
            variables.push(("PGPASSFILE".to_owned(), Path::new(home).join(".pgpass").into()));
        }
        let ledger = ledger.unwrap_or_else(|| path("ledger.db").into());
        Ok(Self { ui, folder, variables, ledger })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn ledger(&self) -> &Address {
        &self.ledger
    }

    /// Shows a command, runs it, and shows its exit code if that is not 0.
    ///
    /// # Errors
    /// Exit 1 if it ends with another exit code than expected; 130 or 143 if it was interrupted.
    pub async fn play(&self, signals: &Signals, step: &DemoStep) -> Result<()> {
        let line = if step.line.contains("{campaign}") {
            step.line.replace("{campaign}", &self.newest_campaign(signals).await?)
        } else {
            step.line.to_owned()
        };
        self.ui.typed(&line)?;
        let (out, err) = self.ui.transcript_streams()?;
        let mut command = self.command("sh", &["-c", &line]);
        command.stdout(out).stderr(err);
        let status = signals.blocking(move || command.status()).await?.map_err(|error| not_started(&error))?;
        let code = code(status);
        if signals.is_stopping() {
            return Err(interrupted(signals.exit()));
        }
        // Someone else stopped it, or closed its stdout.
        let stopped = [Exit::Interrupted, Exit::PipeClosed, Exit::Terminated];
        if let Some(exit) = stopped.into_iter().find(|exit| i32::from(exit.code()) == code) {
            return Err(interrupted(exit));
        }
        if code != i32::from(step.ends.code()) {
            return Err(Error::internal(format!(
                "that command ended with exit code {code} instead of {}",
                step.ends.code()
            ))
            .hint("this is a bug in mmsg, or a problem of this machine: please report the lines above"));
        }
        if step.ends != Exit::Done {
            self.ui.typed("echo $?")?;
            self.ui.transcript(&code.to_string())?;
        }
        Ok(())
    }

    /// Starts a command in the background, as with `&`, and waits until it listens.
    ///
    /// # Errors
    /// Exit 1 if it does not start; its output is in `receiver.log`.
    pub async fn play_beside(&self, line: &str, address: &str) -> Result<Beside> {
        self.ui.typed(&format!("{line} > {LOG} 2>&1 &"))?;
        let log = std::fs::File::create(self.path(LOG)).and_then(|out| Ok((out.try_clone()?, out)));
        let (out, err) = log.map_err(|error| not_started(&error))?;
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let mut child =
            self.command("mmsg", &words).stdout(out).stderr(err).spawn().map_err(|error| not_started(&error))?;
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(Beside { child });
            }
            if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let _ = child.kill();
        let said = std::fs::read_to_string(self.path(LOG)).unwrap_or_default();
        Err(Error::internal(format!("the demo's receiver did not start: {}", crate::text::visible(said.trim()))))
    }

    /// Removes the folder, unless it is to be kept.
    pub fn strike(self) -> Option<PathBuf> {
        let path = self.folder.path().to_owned();
        drop(self.folder);
        path.exists().then_some(path)
    }

    /// The ID that an operator would copy from the output of `campaign create`.
    async fn newest_campaign(&self, signals: &Signals) -> Result<String> {
        let mut command = self.command("mmsg", &["campaign", "list", "-o", "json"]);
        command.stderr(Stdio::inherit());
        let output = signals.blocking(move || command.output()).await?.map_err(|error| not_started(&error))?;
        let campaigns: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let newest = campaigns.iter().max_by_key(|campaign| campaign["created_time"].as_str().unwrap_or_default());
        let id = newest.and_then(|campaign| campaign["id"].as_str());
        id.map(str::to_owned).ok_or_else(|| Error::internal("the demo's campaign is not in the list"))
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = if program == "mmsg" { self.path("bin/mmsg") } else { PathBuf::from(program) };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }
}

/// A command in the background. Dropping it stops it.
pub struct Beside {
    child: Child,
}

impl Beside {
    /// Stops it with SIGTERM and waits for its end.
    ///
    /// # Errors
    /// Exit 1 if its exit code is not 0.
    pub async fn stop(mut self, signals: &Signals) -> Result<()> {
        self.terminate();
        let ended = signals.blocking(move || self.child.wait()).await?.map_err(|error| not_started(&error))?;
        if ended.success() {
            return Ok(());
        }
        Err(Error::internal(format!("the demo's receiver ended with {}", code(ended))))
    }

    fn terminate(&self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Not waited for yet, so the process ID is still its own.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.terminate();
            let _ = self.child.wait();
        }
    }
}

/// A loopback address that is free, and that no other program is given by chance: systems hand out ports from 32768 up.
///
/// # Errors
/// Exit 1 if there is none.
pub fn free_address() -> Result<String> {
    // Two demos at once begin at two ports.
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    (first..32_768)
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .map(|address| address.to_string())
        .ok_or_else(|| Error::internal("can't find a free port"))
}

pub fn interrupted(exit: Exit) -> Error {
    Error::new(exit, "the demo was interrupted")
}

fn not_started(error: &std::io::Error) -> Error {
    Error::internal("can't run a command of the demo").because(error).hint("the demo needs a POSIX shell, sh")
}

/// The exit code as a shell's `$?` shows it.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}
