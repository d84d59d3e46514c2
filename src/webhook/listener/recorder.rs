//! Records events: one thread owns the ledger, stores everything that is waiting in one transaction, and confirms it after the
//! commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ledger_file::LedgerFile;
use super::{OnStatus, Status, counts};
use crate::clock::{Clock, UnixMillis};
use crate::ledger::Ledger;
use crate::ledger::error::{Error, Result};
use crate::ledger::events::Event;
use crate::webhook::waiting;

/// The most POSTs that may wait.
const POSTS: usize = 4096;
/// The most memory for the events of waiting POSTs.
const BYTES: usize = 32 << 20;

/// How often events that wait for the outcome of a request are judged again.
const JUDGE_EVERY: Duration = Duration::from_secs(1);

/// How often this machine's clock is held against that of the ledger's server.
const TIME_EVERY: Duration = Duration::from_secs(60);

/// How long a successful check of the ledger stays valid.
const FRESH: Duration = Duration::from_secs(1);

enum Work {
    Post(Post),
    /// A health check: can the ledger be written?
    Probe(oneshot::Sender<()>),
}

struct Post {
    events: Vec<Event>,
    stored: oneshot::Sender<()>,
    _room: OwnedSemaphorePermit,
}

/// The thread and its inbox.
pub(super) struct Recorder {
    inbox: Inbox,
    thread: JoinHandle<Result<()>>,
    ended: CancellationToken,
}

/// Accepts POSTs. The recorder ends when the last inbox is dropped.
#[derive(Clone)]
pub(super) struct Inbox {
    sender: SyncSender<Work>,
    room: Arc<Semaphore>,
    /// When the ledger could last be written. Callers hold the lock while they check, so that only one probe is waiting at a time.
    well_at: Arc<Mutex<Option<Instant>>>,
}

impl Inbox {
    /// Submits the events of a body of this size; `None` if too many are waiting. The receiver gets a message after the commit; its
    /// sender is dropped if storing failed.
    pub(super) fn submit(&self, events: Vec<Event>, size: usize) -> Option<oneshot::Receiver<()>> {
        // An event has its text, and its fields besides. Events that need all the room get it, if nobody else waits.
        let memory = (2 * size + events.len() * size_of::<Event>()).min(BYTES);
        let room = Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(memory).ok()?).ok()?;
        let (stored, answer) = oneshot::channel();
        self.sender.try_send(Work::Post(Post { events, stored, _room: room })).ok()?;
        Some(answer)
    }

    /// Whether the ledger can be written, or could be a moment ago.
    pub(super) async fn is_well(&self) -> bool {
        let mut well_at = self.well_at.lock().await;
        if well_at.is_some_and(|at| at.elapsed() < FRESH) {
            return true;
        }
        let (well, answer) = oneshot::channel();
        let is_well = self.sender.try_send(Work::Probe(well)).is_ok() && answer.await.is_ok();
        *well_at = is_well.then(Instant::now);
        is_well
    }
}

impl Recorder {
    pub(super) fn open(
        ledger: Ledger,
        opt_ins: String,
        cool_down: Duration,
        counts: Arc<counts::Shared>,
        on_status: OnStatus,
    ) -> Result<Self> {
        let (sender, work) = sync_channel(POSTS);
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let file = LedgerFile::of(ledger.address());
        let writer =
            Writer { ledger, file, opt_ins, cool_down, counts, on_status, time: None, down: false, lost: None };
        let thread = std::thread::Builder::new()
            .name("webhook-ledger".to_owned())
            .spawn(move || writer.work(&work, guard))
            .map_err(|source| Error::NoThread { source })?;
        let inbox = Inbox { sender, room: Arc::new(Semaphore::new(BYTES)), well_at: Arc::default() };
        Ok(Self { inbox, thread, ended })
    }

    pub(super) fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Cancelled when the thread ends, which happens only after an error.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Stores what is still waiting and ends the thread. All other inboxes must have been dropped.
    pub(super) async fn close(self) -> Result<()> {
        drop(self.inbox);
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(ended)) => ended,
            _ => Err(Error::ThreadGone),
        }
    }
}

struct Writer {
    ledger: Ledger,
    file: LedgerFile,
    opt_ins: String,
    cool_down: Duration,
    counts: Arc<counts::Shared>,
    on_status: OnStatus,
    /// The clock of the ledger's server, and when it was asked.
    time: Option<(Clock, Instant)>,
    down: bool,
    /// The ledger's log is gone: only closing it brings what is stored there into the ledger, and lets others open it.
    lost: Option<Error>,
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
                    self.failed(error);
                }
                // Judging many waiting events must not delay new ones.
                judge_at = Instant::now() + JUDGE_EVERY.max(begin.elapsed() * 10);
            }
            if let Some(error) = self.lost.take() {
                return Err(error);
            }
        }
    }

    /// Stores the events of these POSTs in transactions of about 40 ms, and confirms each POST when its last event is durable.
    fn store(&mut self, mut posts: VecDeque<Post>) {
        // Events of the first POST that are already durable.
        let mut skip = 0;
        while !posts.is_empty() {
            let (mut place, mut event) = (0, skip);
            let mut next = || {
                loop {
                    let post = posts.get(place)?;
                    // A POST that waited too long was refused and will be sent again: storing it now would delay the next ones.
                    let refused = event == 0 && post.stored.is_closed();
                    if let Some(found) = post.events.get(event).filter(|_| !refused) {
                        event += 1;
                        return Some(found);
                    }
                    (place, event) = (place + 1, 0);
                }
            };
            let stored = self.now().and_then(|now| self.ledger.store_events(&mut next, &self.opt_ins, now));
            match stored {
                Ok((tally, _)) => {
                    if posts.get(place).is_some_and(|post| post.events.len() == event) {
                        (place, event) = (place + 1, 0);
                    }
                    for done in posts.drain(..place) {
                        let _ = done.stored.send(());
                    }
                    skip = event;
                    self.counts.change(|counts| counts.events.add(&tally));
                    self.recovered();
                }
                Err(error) => return self.refuse(posts, error),
            }
        }
    }

    /// The ledger's clock: this machine's as it is set now, unless its server has another.
    fn clock(&mut self) -> Result<Clock> {
        if !self.ledger.address().is_server() {
            return Ok(Clock::system());
        }
        match self.time {
            Some((clock, asked)) if asked.elapsed() < TIME_EVERY => Ok(clock),
            _ => {
                let clock = self.ledger.clock(Clock::system())?;
                self.time = Some((clock, Instant::now()));
                Ok(clock)
            }
        }
    }

    fn now(&mut self) -> Result<UnixMillis> {
        Ok(self.clock()?.now())
    }

    /// These POSTs could not be stored. Dropping them refuses them; events already stored are recognised as duplicates later.
    fn refuse(&mut self, posts: VecDeque<Post>, error: Error) {
        if self.ledger.prove_writable().is_err() {
            self.failed(error);
        } else if posts.len() > 1 {
            // One of them can't be stored; it must not affect the others.
            for post in posts {
                self.store(VecDeque::from([post]));
            }
        } else {
            (self.on_status)(Status::Unstorable(error));
        }
    }

    fn is_well(&mut self) -> bool {
        match self.ledger.prove_writable() {
            Ok(()) => {
                self.recovered();
                true
            }
            Err(error) => {
                self.failed(error);
                false
            }
        }
    }

    fn judge(&mut self) -> Result<()> {
        let clock = self.clock()?;
        let (mut tally, buried) = waiting::judge(&mut self.ledger, &clock, self.cool_down)?;
        // Waiting events were counted when they arrived.
        tally.waiting = 0;
        self.counts.change(|counts| {
            counts.events.add(&tally);
            counts.buried += buried;
        });
        Ok(())
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.down) {
            (self.on_status)(Status::LedgerBack);
        }
    }

    fn failed(&mut self, error: Error) {
        if matches!(error, Error::LogReplaced { .. }) {
            self.lost = Some(error);
            return;
        }
        if !std::mem::replace(&mut self.down, true) {
            (self.on_status)(Status::LedgerDown(error));
        }
        if let Some((ledger, file)) = self.file.reopened() {
            self.ledger = ledger;
            self.file = file;
            self.time = None;
        }
    }
}

#[cfg(test)]
mod tests;
