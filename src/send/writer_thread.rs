//! The ledger's writer on a thread of its own, one order at a time.

use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::learn::Observed;
use crate::ledger::error::{Error, Result};
use crate::ledger::writer::{Finish, Stepped, Writer};

/// Takes orders for the ledger.
pub struct WriterThread {
    kind: Kind,
    busy: bool,
}

enum Kind {
    Thread {
        orders: mpsc::Sender<Order>,
        answers: UnboundedReceiver<Result<Stepped>>,
        thread: JoinHandle<Writer>,
    },
    /// On the caller's thread, for a simulation that must be deterministic.
    #[cfg(test)]
    Inline {
        writer: Box<Writer>,
        answer: Option<Result<Stepped>>,
    },
}

struct Order {
    finishes: Vec<Finish>,
    want: usize,
    observed: Observed,
}

impl WriterThread {
    /// SQLite gets its own thread: a commit waits for the disk, but requests in flight must not.
    pub fn open(mut writer: Writer) -> Result<Self> {
        let (orders, inbox) = mpsc::channel::<Order>();
        let (outbox, answers) = unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                while let Ok(mut order) = inbox.recv() {
                    if outbox.send(writer.step(&order.finishes, order.want, &mut order.observed)).is_err() {
                        break;
                    }
                }
                writer
            })
            .map_err(|source| Error::NoThread { source })?;
        Ok(Self { kind: Kind::Thread { orders, answers, thread }, busy: false })
    }

    #[cfg(test)]
    pub fn inline(writer: Writer) -> Self {
        Self { kind: Kind::Inline { writer: Box::new(writer), answer: None }, busy: false }
    }

    /// Whether an order is in progress.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Gives the next order. The caller waits for [`WriterThread::answer`] before another one.
    pub fn order(&mut self, finishes: Vec<Finish>, want: usize, observed: Observed) {
        self.busy = true;
        match &mut self.kind {
            // If the thread is gone, the answer is an error.
            Kind::Thread { orders, .. } => drop(orders.send(Order { finishes, want, observed })),
            #[cfg(test)]
            Kind::Inline { writer, answer } => {
                let mut observed = observed;
                *answer = Some(writer.step(&finishes, want, &mut observed));
            }
        }
    }

    /// The answer to the current order. Cancelling loses nothing.
    pub async fn answer(&mut self) -> Result<Stepped> {
        let answer = match &mut self.kind {
            Kind::Thread { answers, .. } => answers.recv().await,
            #[cfg(test)]
            Kind::Inline { answer, .. } => answer.take(),
        };
        self.busy = false;
        answer.unwrap_or_else(|| Err(Error::ThreadGone))
    }

    /// Ends the thread and returns the writer.
    pub fn close(self) -> Result<Writer> {
        match self.kind {
            Kind::Thread { orders, answers, thread } => {
                drop(orders);
                drop(answers);
                thread.join().map_err(|_| Error::ThreadGone)
            }
            #[cfg(test)]
            Kind::Inline { writer, .. } => Ok(*writer),
        }
    }
}
