//! A program that is asked for a secret, or given one: what it prints is read to a limit, and it has a time limit.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::secret::Secret;

/// How long the error message of a program is waited for that failed.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// The longest error message that is repeated, in characters.
const MAX_SAID: usize = 300;

/// What a program is run with.
pub struct Program<'p> {
    pub argv: &'p [String],
    /// What it reads on stdin: never an argument, which others can see.
    pub reads: Option<&'p Secret>,
    /// The most that it may print, in bytes; one more is read.
    pub most: u64,
    pub timeout: Duration,
}

/// How it failed.
#[derive(Debug)]
pub enum Failure {
    NotStarted(io::Error),
    TooLong,
    /// It ended with this, and its last line of stderr, if any.
    Ended(ExitStatus, Option<String>),
    /// It ended, but something that it started keeps its output open.
    OutputOpen,
}

impl Program<'_> {
    /// What it prints. It gets this environment and no other.
    pub fn output<'e>(&self, environment: impl Iterator<Item = (&'e OsStr, &'e OsStr)>) -> Result<Vec<u8>, Failure> {
        let (program, arguments) = match self.argv {
            [program, arguments @ ..] => (program, arguments),
            [] => return Err(Failure::NotStarted(io::ErrorKind::InvalidInput.into())),
        };
        let stdin = if self.reads.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Failure::NotStarted)?;
        let deadline = Instant::now() + self.timeout;
        if let (Some(secret), Some(mut stdin)) = (self.reads, child.stdin.take()) {
            // Short enough for a pipe to hold. If the program does not want it, its end says why.
            let _ = stdin.write_all(secret.expose().as_bytes());
        }
        let output = read_in_background(child.stdout.take(), self.most);
        let complaint = read_in_background(child.stderr.take(), self.most);
        let Some(status) = wait_until(&mut child, deadline) else { return Err(Failure::TooLong) };
        if !status.success() {
            let said = complaint.recv_timeout(LAST_WORDS).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
            return Err(Failure::Ended(status, last.map(|line| line.chars().take(MAX_SAID).collect())));
        }
        // A grandchild process may keep the pipe open after the command has ended.
        let rest = deadline.saturating_duration_since(Instant::now());
        output.recv_timeout(rest).map_err(|_| Failure::OutputOpen)
    }
}

fn read_in_background(pipe: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.by_ref().take(most + 1).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
            // Read and discard the rest, so that a full pipe does not block the command.
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
    });
    receiver
}

/// The child's exit status, or `None` if it was killed at the deadline.
fn wait_until(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
