//! The desk where posts are handed in: one thread owns the ledger, takes whatever waits into one transaction, and says so after
//! its commit.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Said, Say, counts};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::events::Event;
use crate::ledger::place::Inode;
use crate::webhook::waiting;

/// Posts that may wait.
const POSTS: usize = 4096;
/// Bytes of their bodies.
const BYTES: usize = 64 << 20;

/// How often events that wait for the outcome of a request are judged.
const JUDGE_EVERY: Duration = Duration::from_secs(1);

/// A commit as fresh as this shows that the ledger can be written.
const FRESH: Duration = Duration::from_secs(1);

enum Work {
    Post(Post),
    /// Somebody asks whether the ledger can be written.
    Probe(oneshot::Sender<()>),
}

struct Post {
    events: Vec<Event>,
    stored: oneshot::Sender<()>,
    _room: OwnedSemaphorePermit,
}

/// The thread and the way to it.
pub(super) struct Desk {
    counter: Counter,
    thread: JoinHandle<Result<()>>,
    ended: CancellationToken,
}

/// Where posts are handed in. The desk closes with the last of them.
#[derive(Clone)]
pub(super) struct Counter {
    inbox: SyncSender<Work>,
    room: Arc<Semaphore>,
}

impl Counter {
    /// Hands in the events of a body of this size; `None` when too many wait. What comes back is told after the commit, and
    /// dropped when there is none.
    pub(super) fn hand_in(&self, events: Vec<Event>, size: usize) -> Option<oneshot::Receiver<()>> {
        let room = Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(size).ok()?).ok()?;
        let (stored, answer) = oneshot::channel();
        self.inbox.try_send(Work::Post(Post { events, stored, _room: room })).ok()?;
        Some(answer)
    }

    /// Whether the ledger can be written.
    pub(super) async fn is_well(&self) -> bool {
        let (well, answer) = oneshot::channel();
        self.inbox.try_send(Work::Probe(well)).is_ok() && answer.await.is_ok()
    }
}

impl Desk {
    pub(super) fn open(
        ledger: Ledger,
        opt_ins: String,
        cool_down: Duration,
        counts: Arc<counts::Shared>,
        say: Say,
    ) -> Result<Self> {
        let (inbox, work) = sync_channel(POSTS);
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let place = Place::of(ledger.path());
        let writer = Writer { ledger, place, opt_ins, cool_down, counts, say, down: false, good_at: None };
        let thread = std::thread::Builder::new()
            .name("webhook-ledger".to_owned())
            .spawn(move || writer.work(&work, guard))
            .map_err(|error| Error::internal("can't start the thread that writes events").because(&error))?;
        Ok(Self { counter: Counter { inbox, room: Arc::new(Semaphore::new(BYTES)) }, thread, ended })
    }

    pub(super) fn counter(&self) -> Counter {
        self.counter.clone()
    }

    /// Cancelled when the thread is gone, which by itself it never is.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Stores what still waits and ends the thread. Every other counter must be gone.
    pub(super) async fn close(self) -> Result<()> {
        drop(self.counter);
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(ended)) => ended,
            _ => Err(Error::internal("the thread that writes events failed")),
        }
    }
}

struct Writer {
    ledger: Ledger,
    place: Place,
    opt_ins: String,
    cool_down: Duration,
    counts: Arc<counts::Shared>,
    say: Say,
    down: bool,
    good_at: Option<Instant>,
}

impl Writer {
    fn work(mut self, inbox: &Receiver<Work>, _ended: DropGuard) -> Result<()> {
        let mut judge_at = Instant::now();
        loop {
            match inbox.recv_timeout(judge_at.saturating_duration_since(Instant::now())) {
                Ok(first) => {
                    let mut posts = Vec::new();
                    let mut probes = Vec::new();
                    for work in std::iter::once(first).chain(inbox.try_iter().take(POSTS)) {
                        match work {
                            Work::Post(post) => posts.push(post),
                            Work::Probe(probe) => probes.push(probe),
                        }
                    }
                    self.store(posts);
                    if !probes.is_empty() && self.is_well() {
                        for probe in probes {
                            let _ = probe.send(());
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.judge(),
            }
            let begin = Instant::now();
            if begin >= judge_at {
                if let Err(error) = self.judge() {
                    self.fell(error);
                }
                // Many that wait long must not take the time of those that come.
                judge_at = Instant::now() + JUDGE_EVERY.max(begin.elapsed() * 10);
            }
        }
    }

    /// Stores what these posts hold, a transaction of about 40 ms at a time; each is told once its last event is durable.
    fn store(&mut self, posts: Vec<Post>) {
        let mut posts = VecDeque::from(posts);
        // Events of the first post that are durable already.
        let mut skip = 0;
        while !posts.is_empty() {
            let (mut post, mut event) = (0, skip);
            let mut next = || {
                loop {
                    let events = &posts.get(post)?.events;
                    if let Some(found) = events.get(event) {
                        event += 1;
                        return Some(found);
                    }
                    (post, event) = (post + 1, 0);
                }
            };
            match self.ledger.store_events(&mut next, &self.opt_ins, Clock::system().now()) {
                Ok((tally, _)) => {
                    self.counts.change(|counts| counts.events.add(&tally));
                    if posts.get(post).is_some_and(|post| post.events.len() == event) {
                        (post, event) = (post + 1, 0);
                    }
                    for done in posts.drain(..post) {
                        // Whoever waited for it may have gone.
                        let _ = done.stored.send(());
                    }
                    skip = event;
                    self.rose();
                }
                // Those that wait are dropped, which refuses them; what of them is stored already folds when they come again.
                Err(error) => return self.fell(error),
            }
        }
    }

    fn is_well(&mut self) -> bool {
        if self.good_at.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        match self.ledger.prove_writable() {
            Ok(()) => {
                self.rose();
                true
            }
            Err(error) => {
                self.fell(error);
                false
            }
        }
    }

    fn judge(&mut self) -> Result<()> {
        let (mut tally, buried) = waiting::judge(&mut self.ledger, self.cool_down)?;
        // Those that wait were counted when they came.
        tally.waiting = 0;
        self.counts.change(|counts| {
            counts.events.add(&tally);
            counts.buried += buried;
        });
        Ok(())
    }

    fn rose(&mut self) {
        self.good_at = Some(Instant::now());
        if std::mem::take(&mut self.down) {
            (self.say)(Said::LedgerBack);
        }
    }

    fn fell(&mut self, error: Error) {
        self.good_at = None;
        if !std::mem::replace(&mut self.down, true) {
            (self.say)(Said::LedgerDown(error));
        }
        if let Some((ledger, place)) = self.place.reopened() {
            self.ledger = ledger;
            self.place = place;
        }
    }
}

/// Which file the ledger is, to know it again.
struct Place {
    path: PathBuf,
    ledger: Option<Inode>,
    wal: Option<Inode>,
}

impl Place {
    fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), ledger: Inode::of(path).ok(), wal: Inode::of(&wal(path)).ok() }
    }

    /// The ledger that took the path of this one, unless our write-ahead log still lies beside it: SQLite would replay it onto
    /// a database that it does not belong to.
    fn reopened(&self) -> Option<(Ledger, Self)> {
        let now = Inode::of(&self.path).ok()?;
        let log = Inode::of(&wal(&self.path)).ok();
        if Some(now) == self.ledger || (log.is_some() && log == self.wal) {
            return None;
        }
        let (ledger, _) = Ledger::open(&self.path).ok()?;
        Some((ledger, Self::of(&self.path)))
    }
}

fn wal(ledger: &Path) -> PathBuf {
    let mut path = ledger.as_os_str().to_owned();
    path.push("-wal");
    PathBuf::from(path)
}
