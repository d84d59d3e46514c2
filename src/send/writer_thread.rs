//! The ledger on a thread of its own: a commit waits for the disk, but requests in flight must not. Any number of runs share it.
//!
//! What the runs ask for while a commit is under way waits, and shares the next one. Where many runs keep their own slow pace, few ask at
//! the same moment: then the first waits a moment for company.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::learn::Observed;
use crate::ledger::error::{Error, Result};
use crate::ledger::writer::{self, Finish, Seat, Stepped};
use crate::ledger::{HOLD, Ledger};
use crate::log::{self, note};

/// The thread that owns a ledger. It ends with this, and waits for all else that leads to it to be gone.
pub struct LedgerThread {
    desk: Desk,
    /// `None`: it has ended.
    thread: Option<JoinHandle<Ledger>>,
}

/// How long a step waits for others, for each run that may bring one …
const FOR_EACH: Duration = Duration::from_micros(100);
/// … and at most. Much less than a pace forgives, see [`super::pace`].
const LONGEST: Duration = Duration::from_millis(20);

/// Where the ledger's thread takes what it is asked. Clones lead to the same thread.
#[derive(Clone)]
pub struct Desk {
    asked: Sender<Asked>,
    /// How many runs have a writer.
    runs: Arc<AtomicUsize>,
}

enum Asked {
    /// Of a run that sends: many share a transaction.
    Step(Step),
    /// Anything else, which has its own.
    Work(Box<dyn FnOnce(&mut Ledger) + Send>),
}

struct Step {
    /// Locked by the ledger's thread alone.
    seat: Arc<Mutex<Seat>>,
    finishes: Vec<Finish>,
    want: usize,
    observed: Observed,
    reply: oneshot::Sender<Result<Stepped>>,
}

impl LedgerThread {
    pub fn open(ledger: Ledger) -> Result<Self> {
        let (asked, inbox) = mpsc::channel();
        let desk = Desk { asked, runs: Arc::default() };
        let runs = Arc::clone(&desk.runs);
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || serve(ledger, &inbox, &runs))
            .map_err(|source| Error::NoThread { source })?;
        Ok(Self { desk, thread: Some(thread) })
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Ends the thread and returns the ledger.
    pub fn close(mut self) -> Result<Ledger> {
        self.end().unwrap_or(Err(Error::ThreadGone))
    }

    fn end(&mut self) -> Option<Result<Ledger>> {
        self.desk = Desk::nowhere();
        Some(self.thread.take()?.join().map_err(|_| Error::ThreadGone))
    }
}

impl Drop for LedgerThread {
    fn drop(&mut self) {
        // A process that ends while SQLite closes the ledger leaves its log to the next one.
        drop(self.end());
    }
}

impl Desk {
    /// Leads to no thread.
    fn nowhere() -> Self {
        Self { asked: mpsc::channel().0, runs: Arc::default() }
    }

    /// Has work done with the ledger, and waits for it.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ledger) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, done) = oneshot::channel();
        // Whoever asked may be gone meanwhile; if the thread is, the answer is an error.
        let work = Asked::Work(Box::new(move |ledger| drop(reply.send(work(ledger)))));
        drop(self.asked.send(work));
        done.await.unwrap_or(Err(Error::ThreadGone))
    }

    /// The writer of a run.
    pub fn writer(&self, seat: Seat) -> RunWriter {
        let present = Some(Present::at(&self.runs));
        RunWriter {
            kind: Kind::Thread(self.clone()),
            seat: Arc::new(Mutex::new(seat)),
            answer: None,
            _present: present,
        }
    }
}

/// Serves until nobody can ask any more.
fn serve(mut ledger: Ledger, inbox: &Receiver<Asked>, runs: &AtomicUsize) -> Ledger {
    let mut prepared = 1;
    writer::prepare(&ledger, prepared);
    let mut steps = Vec::new();
    while let Ok(first) = inbox.recv() {
        let mut next = Some(first);
        // Steps that are left over from a transaction have waited longest.
        while next.is_some() || !steps.is_empty() {
            let runs = runs.load(Ordering::Relaxed);
            if runs > prepared {
                prepared = runs.next_power_of_two();
                writer::prepare(&ledger, prepared);
            }
            let begun = Instant::now();
            let mut company = if steps.is_empty() { company(runs) } else { Duration::ZERO };
            loop {
                match next.take().map_or_else(|| inbox.try_recv(), Ok) {
                    Ok(Asked::Step(step)) => steps.push(step),
                    Ok(Asked::Work(work)) => {
                        work(&mut ledger);
                        if begun.elapsed() > HOLD {
                            break;
                        }
                    }
                    Err(TryRecvError::Empty) if !company.is_zero() && (1..runs).contains(&steps.len()) => {
                        // Asleep, and not at the inbox: who asks need not wake this thread.
                        std::thread::sleep(std::mem::take(&mut company));
                    }
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            take_steps(&mut ledger, &mut steps);
        }
    }
    ledger
}

/// How long the first step waits for others: not at all for those of one run.
fn company(runs: usize) -> Duration {
    let others = u32::try_from(runs.saturating_sub(1)).unwrap_or(u32::MAX);
    FOR_EACH.saturating_mul(others).min(LONGEST)
}

/// Takes as many steps as share one transaction; the rest stay, in their order.
fn take_steps(ledger: &mut Ledger, steps: &mut Vec<Step>) {
    if steps.is_empty() {
        return;
    }
    let seats: Vec<_> = steps.iter().map(|step| Arc::clone(&step.seat)).collect();
    let mut seats: Vec<_> = seats.iter().map(|seat| seat.lock().unwrap_or_else(PoisonError::into_inner)).collect();
    let mut orders: Vec<_> = steps.iter_mut().zip(&mut seats).map(|(step, seat)| step.order(seat)).collect();
    let began = log::is_detailed().then(Instant::now);
    let answers = writer::step_together(ledger, &mut orders);
    drop(orders);
    if let Some(began) = began {
        log_step(steps, &answers, began.elapsed());
    }
    let mut left = Vec::new();
    let mut go_on = Vec::new();
    for ((step, answer), seat) in steps.drain(..).zip(answers).zip(seats) {
        let Some(answer) = answer else {
            left.push(step);
            continue;
        };
        if answer.as_ref().is_ok_and(|stepped| !stepped.claims.is_empty()) {
            go_on.push(seat);
        }
        // Whoever was told twice to stop does not hear it.
        let _ = step.reply.send(answer);
    }
    *steps = left;
    // Their requests are on their way now.
    go_on.iter_mut().for_each(|seat| seat.look_ahead(ledger));
}

fn log_step(steps: &[Step], answers: &[Option<Result<Stepped>>], took: Duration) {
    let done = || answers.iter().flatten().flatten();
    note!(
        DEBUG,
        "commit",
        runs = answers.iter().flatten().count(),
        failed = answers.iter().flatten().filter(|answer| answer.is_err()).count(),
        answers = steps
            .iter()
            .zip(answers)
            .filter(|(_, answer)| answer.is_some())
            .map(|(step, _)| step.finishes.len())
            .sum::<usize>(),
        claims = done().map(|stepped| stepped.claims.len()).sum::<usize>(),
        ms = took,
    );
}

impl Step {
    fn order<'o>(&'o mut self, seat: &'o mut Seat) -> writer::Order<'o> {
        writer::Order { seat, finishes: &self.finishes, want: self.want, meter: &mut self.observed }
    }
}

/// Counts a run as long as it has a writer.
struct Present(Arc<AtomicUsize>);

impl Present {
    fn at(runs: &Arc<AtomicUsize>) -> Self {
        runs.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(runs))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Takes one run's orders for the ledger, one at a time.
pub struct RunWriter {
    kind: Kind,
    seat: Arc<Mutex<Seat>>,
    /// The answer to the order in progress.
    answer: Option<oneshot::Receiver<Result<Stepped>>>,
    _present: Option<Present>,
}

enum Kind {
    Thread(Desk),
    /// On the caller's thread, for a simulation that must be deterministic.
    #[cfg(test)]
    Inline(Box<Ledger>),
}

impl RunWriter {
    #[cfg(test)]
    pub fn inline(ledger: Ledger, seat: Seat) -> Self {
        let seat = Arc::new(Mutex::new(seat));
        Self { kind: Kind::Inline(Box::new(ledger)), seat, answer: None, _present: None }
    }

    /// Ends an inline writer.
    #[cfg(test)]
    pub fn into_ledger(self) -> Ledger {
        match self.kind {
            Kind::Inline(ledger) => *ledger,
            Kind::Thread(_) => panic!("the ledger is another thread's"),
        }
    }

    /// Whether an order is in progress.
    pub fn is_busy(&self) -> bool {
        self.answer.is_some()
    }

    /// Gives the next order. The caller waits for [`RunWriter::answer`] before another one.
    pub fn order(&mut self, finishes: Vec<Finish>, want: usize, observed: Observed) {
        let (reply, answer) = oneshot::channel();
        self.answer = Some(answer);
        let step = Step { seat: Arc::clone(&self.seat), finishes, want, observed, reply };
        match &mut self.kind {
            // If the thread is gone, so is the reply: the answer is an error.
            Kind::Thread(desk) => drop(desk.asked.send(Asked::Step(step))),
            #[cfg(test)]
            Kind::Inline(ledger) => take_steps(ledger, &mut vec![step]),
        }
    }

    /// The answer to the current order. Cancelling loses nothing.
    pub async fn answer(&mut self) -> Result<Stepped> {
        let answered = match &mut self.answer {
            Some(answer) => answer.await.ok(),
            None => None,
        };
        self.answer = None;
        answered.unwrap_or(Err(Error::ThreadGone))
    }
}

#[cfg(test)]
mod tests;
