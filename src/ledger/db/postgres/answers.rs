//! Answers on their way from a server. They come in the order in which they were asked for, each only once those before it are read.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use tokio_postgres::{Client, Error as Failed, Row, RowStream, Statement as Prepared};

use super::failed::{self, failed};
use super::silence::Guard;
use crate::ledger::db::error::{Error, Result};
use crate::ledger::db::value::{Owned, Value};
use crate::ledger::error::Failure;

/// What was asked, and its answer.
struct Asked {
    sql: Arc<str>,
    values: Vec<Owned>,
    answer: Arc<Mutex<Answer>>,
    /// Nobody takes the answer: whether it failed is heard at the end.
    is_told: bool,
}

/// Those that are not read to the end.
#[derive(Default)]
pub struct Answers {
    /// What somebody reads just now; it comes before all others.
    open: Mutex<Weak<Mutex<Answer>>>,
    /// What is asked ahead, until somebody asks the same.
    ahead: Mutex<VecDeque<Asked>>,
}

type Asking = Pin<Box<dyn Future<Output = Result<RowStream, Failed>> + Send>>;

/// Rows on their way. They are read when they are asked for, or all at once when something else is asked first.
pub struct Answer {
    asked: Option<Asking>,
    stream: Option<Pin<Box<RowStream>>>,
    guard: Arc<Guard>,
    /// Of the session.
    lost: Arc<AtomicBool>,
    ahead: VecDeque<Row>,
    is_over: bool,
    failed: Option<Error>,
}

/// Has it begin, which sends what it asks.
pub fn begin<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

impl Answer {
    pub fn of(stream: RowStream, guard: &Arc<Guard>, lost: &Arc<AtomicBool>) -> Self {
        Self { stream: Some(Box::pin(stream)), ..Self::none(guard, lost) }
    }

    fn none(guard: &Arc<Guard>, lost: &Arc<AtomicBool>) -> Self {
        let (guard, lost) = (Arc::clone(guard), Arc::clone(lost));
        Self { asked: None, stream: None, guard, lost, ahead: VecDeque::new(), is_over: false, failed: None }
    }

    /// Asks, and waits for nothing.
    fn ask(
        client: &Arc<Client>,
        prepared: Prepared,
        values: Vec<Owned>,
        guard: &Arc<Guard>,
        lost: &Arc<AtomicBool>,
    ) -> Self {
        let client = Arc::clone(client);
        let mut asked = Box::pin(async move { client.query_raw(&prepared, values.iter().map(Owned::value)).await });
        let mut answer = Self::none(guard, lost);
        match begin(asked.as_mut()) {
            Poll::Pending => answer.asked = Some(asked),
            Poll::Ready(Ok(stream)) => answer.stream = Some(Box::pin(stream)),
            Poll::Ready(Err(error)) => answer.failed = Some(failed(error)),
        }
        answer
    }

    pub fn read(&mut self) -> Result<Option<Row>> {
        if let Some(row) = self.ahead.pop_front() {
            return Ok(Some(row));
        }
        if let Some(error) = self.failed.take() {
            self.is_over = true;
            return Err(error);
        }
        self.receive()
    }

    fn receive(&mut self) -> Result<Option<Row>> {
        if self.is_over {
            return Ok(None);
        }
        // Of a session that is lost, nothing is waited for twice.
        let row = if self.lost.load(Ordering::Relaxed) { Err(failed::lost()) } else { self.next() };
        if row.as_ref().is_err_and(|error| error.failure() == Some(Failure::Lost)) {
            self.lost.store(true, Ordering::Relaxed);
        }
        self.is_over = !matches!(row, Ok(Some(_)));
        row
    }

    fn next(&mut self) -> Result<Option<Row>> {
        if let Some(asked) = self.asked.take() {
            self.stream = Some(Box::pin(self.guard.wait(asked).map_err(failed::silent)?.map_err(failed)?));
        }
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let row = self.guard.wait(poll_fn(|context| stream.as_mut().poll_next(context))).map_err(failed::silent)?;
        row.transpose().map_err(failed)
    }

    fn read_ahead(&mut self) {
        if self.failed.is_some() {
            return;
        }
        loop {
            match self.receive() {
                Ok(Some(row)) => self.ahead.push_back(row),
                Ok(None) => return,
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// Reads to the end what nobody wants: a failure may stand there.
    pub fn finish(&mut self) -> Result<()> {
        while self.read()?.is_some() {}
        Ok(())
    }
}

impl Answers {
    /// Reads what comes before all that is asked from now on.
    pub fn read_ahead(&self) {
        self.read_open();
        for asked in &*lock(&self.ahead) {
            lock(&asked.answer).read_ahead();
        }
    }

    /// Reads what comes before what was asked ahead.
    pub fn read_open(&self) {
        let open = lock(&self.open).upgrade();
        if let Some(open) = open {
            lock(&open).read_ahead();
        }
    }

    pub fn open(&self, answer: Answer) -> Arc<Mutex<Answer>> {
        let answer = Arc::new(Mutex::new(answer));
        *lock(&self.open) = Arc::downgrade(&answer);
        answer
    }

    /// Asks ahead. `is_told`: nobody will ask the same.
    pub fn ask(
        &self,
        client: &Arc<Client>,
        (sql, prepared): (Arc<str>, Prepared),
        values: &[Owned],
        (guard, lost): (&Arc<Guard>, &Arc<AtomicBool>),
        is_told: bool,
    ) -> Result<()> {
        let mut answer = Answer::ask(client, prepared, values.to_vec(), guard, lost);
        if is_told && let Some(error) = answer.failed.take() {
            return Err(error);
        }
        let answer = Arc::new(Mutex::new(answer));
        lock(&self.ahead).push_back(Asked { sql, values: values.to_vec(), answer, is_told });
        Ok(())
    }

    /// The answer, if this is what was asked ahead.
    pub fn take(&self, sql: &str, values: &[Value<'_>]) -> Option<Arc<Mutex<Answer>>> {
        let mut ahead = lock(&self.ahead);
        let place = ahead.iter().position(|asked| !asked.is_told)?;
        let first = &ahead[place];
        if *first.sql != *sql || !first.values.iter().map(Owned::value).eq(values.iter().copied()) {
            return None;
        }
        self.read_open();
        ahead.iter().take(place).for_each(|told| lock(&told.answer).read_ahead());
        let asked = ahead.remove(place)?;
        *lock(&self.open) = Arc::downgrade(&asked.answer);
        Some(asked.answer)
    }

    /// Whether somebody was to take an answer, and did not.
    pub fn are_left(&self) -> bool {
        lock(&self.ahead).iter().any(|asked| !asked.is_told)
    }

    /// How the first one failed that nobody takes, as far as they are read.
    pub fn first_failure(&self) -> Option<Error> {
        lock(&self.ahead).iter().filter(|asked| asked.is_told).find_map(|told| lock(&told.answer).failed.take())
    }

    /// Forgets what nobody takes; how it failed, if it did.
    pub fn end(&self) -> Result<()> {
        let ended = std::mem::take(&mut *lock(&self.ahead));
        ended.iter().try_for_each(|asked| lock(&asked.answer).finish())
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
