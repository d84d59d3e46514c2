//! `mmsg` at work in the background: to be watched, signalled, killed.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::patience::Patience;
use super::{Env, Run};

/// Often enough to see a peak of memory.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// A command that was started. It is killed with this value.
pub struct Started<'e> {
    env: &'e Env,
    child: Child,
    folder: TempDir,
}

impl Env {
    /// Starts `mmsg` with this text on stdin; its output goes to files, so that no pipe holds it up.
    pub fn start(&self, stdin: &str, args: &[&str]) -> Started<'_> {
        self.start_command(stdin, self.command(args))
    }

    /// Starts another program that runs `mmsg`.
    pub fn start_command(&self, stdin: &str, mut command: Command) -> Started<'_> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in"), stdin).unwrap();
        let file = |name: &str| Stdio::from(File::create(folder.path().join(name)).unwrap());
        command.stdin(File::open(folder.path().join("in")).unwrap()).stdout(file("out")).stderr(file("err"));
        let child = command.spawn().unwrap();
        Started { env: self, child, folder }
    }
}

impl Started<'_> {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// SIGKILL: no handler runs. Fails if it had ended before.
    #[track_caller]
    pub fn kill(mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it had ended by itself:\n{}", self.stderr());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// The most memory that it had until now; 0 once it has ended.
    pub fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// The memory that it has of its own now, without the pages of the program, of which a debug build has many; 0 once it has
    /// ended.
    pub fn own_kib(&self) -> u64 {
        self.status_kib("RssAnon:")
    }

    /// The pages of the program that it has in memory now.
    pub fn program_kib(&self) -> u64 {
        self.status_kib("RssFile:")
    }

    /// The most of this that it has until it ends.
    pub fn most_until_it_ends(&mut self, of: impl Fn(&Self) -> u64) -> u64 {
        let mut most = 0;
        while self.is_running() {
            most = most.max(of(self));
            std::thread::sleep(BETWEEN_LOOKS);
        }
        most
    }

    fn status_kib(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// What it printed until now.
    pub fn stdout(&self) -> String {
        fs::read_to_string(self.folder.path().join("out")).unwrap()
    }

    /// What it said until now.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("err")).unwrap()
    }

    /// Waits until it has said this on stderr.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        let mut patience = Patience::of(super::PATIENCE);
        while !self.stderr().contains(text) {
            assert!(self.is_running() && patience.lasts(), "it does not say {text:?}:\n{}", self.stderr());
        }
        self
    }

    /// Its end.
    #[must_use = "look at how it ended"]
    #[track_caller]
    pub fn ends(self) -> Run {
        self.ends_within(super::PATIENCE)
    }

    /// Its end, which may take this long.
    #[must_use = "look at how it ended"]
    #[track_caller]
    pub fn ends_within(mut self, patience: Duration) -> Run {
        let mut patience = Patience::of(patience);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(patience.lasts(), "it does not end; it said:\n{}", self.stderr());
        };
        let read = |name: &str| fs::read(self.path(name)).unwrap();
        self.env.judge(&Output { status, stdout: read("out"), stderr: read("err") })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same command as somebody whom permissions hold back: root they don't.
pub fn held_by_permissions(env: &Env, words: &[&str]) -> Command {
    let mmsg = env.command(words);
    if !rustix::process::geteuid().is_root() {
        return mmsg;
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all", "--"]);
    command.arg(mmsg.get_program()).args(mmsg.get_args()).env_clear();
    command.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(env.path(""));
    command
}
