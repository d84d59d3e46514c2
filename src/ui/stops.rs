//! Ctrl-C, SIGTERM and SIGHUP: the one place that hears them.
//!
//! A question is answered on a thread of its own. A signal ends the wait for it, and the terminal is as it was before: a question turns
//! off echo and lines, or hides the cursor.

use std::io::{self, stdin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dialoguer::console::Term;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::runtime::{self, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Error, Exit, Result};

/// For how long the signal of a Ctrl-C that was read as a key is awaited (it was raised before), and a question that is about to read.
const SOON: Duration = Duration::from_secs(1);

/// What was heard. Clones share it.
#[derive(Clone, Debug)]
pub struct Stops(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Whether somebody listens at all; before, signals do what they do to any process.
    listens: Mutex<bool>,
    /// Whether the command looks at the level. If not, and nothing is asked, a signal ends the process.
    handled: AtomicBool,
    terminated: AtomicBool,
    level: watch::Sender<u8>,
    /// Who waits for an answer.
    asking: Mutex<Option<Sender<Event>>>,
}

enum Event {
    Answered,
    Stopped,
}

/// Why there is no answer.
pub enum Unanswered {
    /// 130 or 143.
    Stopped(Exit),
    /// The input ended, nobody can be asked, or the answer is not yes where only that counts.
    No(Error),
    Failed(Error),
}

impl Default for Stops {
    fn default() -> Self {
        let (level, _) = watch::channel(0);
        Self(Arc::new(Inner {
            listens: Mutex::new(false),
            handled: AtomicBool::new(false),
            terminated: AtomicBool::new(false),
            level,
            asking: Mutex::new(None),
        }))
    }
}

impl Stops {
    /// From now on signals only raise the level: the command looks at it.
    ///
    /// # Errors
    /// Exit 1 if signals can't be heard.
    pub fn handle(&self) -> Result<()> {
        self.0.handled.store(true, Ordering::Relaxed);
        self.listen()
    }

    /// 0: continue; 1: stop gracefully; 2: stop now.
    pub fn level(&self) -> watch::Receiver<u8> {
        self.0.level.subscribe()
    }

    pub fn is_stopping(&self) -> bool {
        *self.0.level.borrow() > 0
    }

    /// 130, or 143 once the system asked.
    pub fn exit(&self) -> Exit {
        if self.0.terminated.load(Ordering::Relaxed) { Exit::Terminated } else { Exit::Interrupted }
    }

    fn listen(&self) -> Result<()> {
        let mut listens = lock(&self.0.listens);
        if !*listens {
            let failed = |error: io::Error| Error::internal("can't listen to signals").because(&error);
            let runtime = runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
            let heard = Heard::in_runtime(&runtime).map_err(failed)?;
            let stops = self.clone();
            let hear = move || runtime.block_on(heard.tell(&stops));
            thread::Builder::new().name("signals".to_owned()).spawn(hear).map_err(failed)?;
            *listens = true;
        }
        Ok(())
    }

    fn hear(&self, by_system: bool) {
        self.0.terminated.fetch_or(by_system, Ordering::Relaxed);
        self.0.level.send_modify(|level| *level = u8::saturating_add(*level, 1));
        match &*lock(&self.0.asking) {
            // Whoever asked is gone only when the command is about to end.
            Some(asking) => drop(asking.send(Event::Stopped)),
            None if self.0.handled.load(Ordering::Relaxed) => {}
            None => self.end(),
        }
    }

    /// As the signal itself did before somebody listened.
    #[expect(clippy::disallowed_methods, reason = "the command does not look at signals")]
    fn end(&self) {
        std::process::exit(i32::from(self.exit().code()));
    }

    /// Asks a question; a signal ends the wait, and after one nothing is asked.
    pub(super) fn asked<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
    ) -> Result<T, Unanswered> {
        self.listen().map_err(Unanswered::Failed)?;
        let terminal = tcgetattr(stdin()).ok();
        let (tell, told) = channel();
        *lock(&self.0.asking) = Some(tell.clone());
        let answer = if self.is_stopping() {
            Err(Unanswered::Stopped(self.exit()))
        } else {
            self.wait(ask, tell, &told, terminal.as_ref())
        };
        // The signal of a window that was closed is sure to come, but the question may end before it, as if nobody had answered.
        let is_gone = !matches!(answer, Err(Unanswered::Stopped(_))) && tcgetattr(stdin()).is_err();
        let late = if is_gone { told.recv_timeout(SOON).ok() } else { None };
        *lock(&self.0.asking) = None;
        // One that came just after the answer found somebody who asks, too.
        let answer = match late.or_else(|| told.try_recv().ok()) {
            Some(Event::Stopped) => Err(Unanswered::Stopped(self.exit())),
            _ => answer,
        };
        if answer.is_err() {
            restore(terminal.as_ref());
        }
        answer
    }

    fn wait<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
        tell: Sender<Event>,
        told: &Receiver<Event>,
        terminal: Option<&Termios>,
    ) -> Result<T, Unanswered> {
        let answering = move || {
            let _end = AtEnd(tell);
            ask()
        };
        let thread = thread::Builder::new().name("answer".to_owned()).spawn(answering);
        let thread = thread.map_err(|error| Unanswered::Failed(Error::internal("can't ask").because(&error)))?;
        if let Ok(Event::Stopped) = told.recv() {
            until_it_reads(told, terminal);
            return Err(Unanswered::Stopped(self.exit()));
        }
        match thread.join() {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(dialoguer::Error::IO(error))) if error.kind() == io::ErrorKind::Interrupted => {
                // The key was raised as a signal, too: it must find somebody who asks.
                let _ = told.recv_timeout(SOON);
                Err(Unanswered::Stopped(self.exit()))
            }
            Ok(Err(dialoguer::Error::IO(error))) => {
                Err(Unanswered::No(Error::new(Exit::NotConfirmed, "not confirmed: no answer").because(&error)))
            }
            Err(_) => Err(Unanswered::Failed(Error::internal("the thread of the question failed"))),
        }
    }
}

/// Says that a question is over, however it ended.
struct AtEnd(Sender<Event>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let _ = self.0.send(Event::Answered);
    }
}

/// Waits until a question that nobody waits for any more has changed the terminal's mode, or has ended. Otherwise it might do so after the
/// mode was restored, and leave the shell without echo.
fn until_it_reads(told: &Receiver<Event>, before: Option<&Termios>) {
    let Some(before) = before else { return };
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline && tcgetattr(stdin()).is_ok_and(|now| now.local_modes == before.local_modes) {
        if let Ok(Event::Answered) = told.recv_timeout(Duration::from_millis(1)) {
            return;
        }
    }
}

/// The terminal as it was, on a new line.
fn restore(terminal: Option<&Termios>) {
    if let Some(terminal) = terminal {
        let _ = tcsetattr(stdin(), OptionalActions::Now, terminal);
    }
    let stderr = Term::stderr();
    let _ = stderr.show_cursor();
    let _ = stderr.write_line("");
}

/// What is heard; a signal that whoever started the process ignores (`nohup`, a job in the background of a script) stays ignored.
struct Heard {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Heard {
    fn in_runtime(runtime: &Runtime) -> io::Result<Self> {
        let _entered = runtime.enter();
        let ignored = ignored();
        let heard = |kind: SignalKind| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            if is_ignored { Ok(None) } else { signal(kind).map(Some) }
        };
        Ok(Self {
            interrupt: heard(SignalKind::interrupt())?,
            terminate: heard(SignalKind::terminate())?,
            hang_up: heard(SignalKind::hangup())?,
        })
    }

    async fn tell(mut self, stops: &Stops) {
        loop {
            let by_system = tokio::select! {
                () = next(&mut self.interrupt) => false,
                () = next(&mut self.terminate) => true,
                () = next(&mut self.hang_up) => true,
            };
            stops.hear(by_system);
        }
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// The signals that the process was started with as ignored: the lowest bit is signal 1. Linux alone tells.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
