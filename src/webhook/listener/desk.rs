//! The desk where posts are handed in: one thread owns the ledger, takes whatever waits into one transaction, and says so after
//! its commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::place::Place;
use super::{Said, Say, counts};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::events::Event;
use crate::webhook::waiting;

/// Posts that may wait.
const POSTS: usize = 4096;
/// Bytes of their bodies.
const BYTES: usize = 64 << 20;

/// How often events that wait for the outcome of a request are judged.
const JUDGE_EVERY: Duration = Duration::from_secs(1);

/// For how long a ledger that was well is taken to be so.
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
    /// When the ledger was last known to be well. Who asks holds it: however many ask, one probe waits.
    well_at: Arc<Mutex<Option<Instant>>>,
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

    /// Whether the ledger can be written, or could a moment ago.
    pub(super) async fn is_well(&self) -> bool {
        let mut well_at = self.well_at.lock().await;
        if well_at.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        let (well, answer) = oneshot::channel();
        let is_well = self.inbox.try_send(Work::Probe(well)).is_ok() && answer.await.is_ok();
        *well_at = is_well.then(Instant::now);
        is_well
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
        let writer = Writer { ledger, place, opt_ins, cool_down, counts, say, down: false };
        let thread = std::thread::Builder::new()
            .name("webhook-ledger".to_owned())
            .spawn(move || writer.work(&work, guard))
            .map_err(|error| Error::internal("can't start the thread that writes events").because(&error))?;
        let counter = Counter { inbox, room: Arc::new(Semaphore::new(BYTES)), well_at: Arc::default() };
        Ok(Self { counter, thread, ended })
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
}

impl Writer {
    fn work(mut self, inbox: &Receiver<Work>, _ended: DropGuard) -> Result<()> {
        let mut judge_at = Instant::now();
        loop {
            match inbox.recv_timeout(judge_at.saturating_duration_since(Instant::now())) {
                Ok(first) => {
                    let mut posts = VecDeque::new();
                    let mut probes = Vec::new();
                    for work in std::iter::once(first).chain(inbox.try_iter().take(POSTS)) {
                        match work {
                            Work::Post(post) => posts.push_back(post),
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
                Err(RecvTimeoutError::Disconnected) => {
                    self.ledger.prove_writable()?;
                    return self.judge();
                }
            }
            let begin = Instant::now();
            if begin >= judge_at {
                if (!self.down || self.is_well())
                    && let Err(error) = self.judge()
                {
                    self.fell(error);
                }
                // Many that wait long must not take the time of those that come.
                judge_at = Instant::now() + JUDGE_EVERY.max(begin.elapsed() * 10);
            }
        }
    }

    /// Stores what these posts hold, a transaction of about 40 ms at a time; each is told once its last event is durable.
    fn store(&mut self, mut posts: VecDeque<Post>) {
        // Events of the first post that are durable already.
        let mut skip = 0;
        while !posts.is_empty() {
            let (mut place, mut event) = (0, skip);
            let mut next = || {
                loop {
                    let post = posts.get(place)?;
                    // Whoever waited too long was refused, and it comes again: storing it now would make the next too late as well.
                    let refused = event == 0 && post.stored.is_closed();
                    if let Some(found) = post.events.get(event).filter(|_| !refused) {
                        event += 1;
                        return Some(found);
                    }
                    (place, event) = (place + 1, 0);
                }
            };
            match self.ledger.store_events(&mut next, &self.opt_ins, Clock::system().now()) {
                Ok((tally, _)) => {
                    if posts.get(place).is_some_and(|post| post.events.len() == event) {
                        (place, event) = (place + 1, 0);
                    }
                    for done in posts.drain(..place) {
                        let _ = done.stored.send(());
                    }
                    skip = event;
                    self.counts.change(|counts| counts.events.add(&tally));
                    self.rose();
                }
                Err(error) => return self.refuse(posts, error),
            }
        }
    }

    /// Nothing of these could be stored. Dropping them refuses them; what of them is stored already folds when they come again.
    fn refuse(&mut self, posts: VecDeque<Post>, error: Error) {
        if self.ledger.prove_writable().is_err() {
            self.fell(error);
        } else if posts.len() > 1 {
            // One of them is at fault; it must not take the others with it.
            for post in posts {
                self.store(VecDeque::from([post]));
            }
        } else {
            (self.say)(Said::Unstorable(error));
        }
    }

    fn is_well(&mut self) -> bool {
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
        if std::mem::take(&mut self.down) {
            (self.say)(Said::LedgerBack);
        }
    }

    fn fell(&mut self, error: Error) {
        if !std::mem::replace(&mut self.down, true) {
            (self.say)(Said::LedgerDown(error));
        }
        if let Some((ledger, place)) = self.place.reopened() {
            self.ledger = ledger;
            self.place = place;
        }
    }
}

#[cfg(test)]
mod tests;
