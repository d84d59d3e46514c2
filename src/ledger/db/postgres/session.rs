//! One session, driven by whoever waits for its answers. Nothing else uses it: it holds the locks that say which runs are alive.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

pub use tokio_postgres::Row;
use tokio_postgres::{Client, Statement as Prepared};

use super::answers::{Answer, Answers, begin, lock};
use super::failed::{self, failed};
use super::silence::Guard;
use super::values::value;
use crate::ledger::db::ahead::Ahead;
use crate::ledger::db::error::{Error, Result};
use crate::ledger::db::value::{FromColumn, Owned, Value};
use crate::ledger::error::Failure;

/// What is read again after a wait for somebody else is as that one left it, whatever is set for the role or the database.
const BEGIN: &str = "begin isolation level read committed";

/// Statements that are kept: more than a run has.
const KEPT: usize = 256;

/// The key of a ledger's lock. The tables' own number tells ledgers of one database apart, whatever search path found them.
const LEDGER: &str = "coalesce(to_regclass('ledger')::oid::int8,
    hashtextextended('mmsg ' || coalesce(current_schema(), ''), 0))";

/// A claim that a power cut takes back is a second message: each commit waits for the disk, and for the standby if the server has one
/// that it waits for, whatever is set for the role or the database.
pub const SYNCED: &str = "reset synchronous_commit; select set_config('synchronous_commit',
    case set when 'remote_apply' then set else 'on' end, false) from current_setting('synchronous_commit') set";

/// Which session it is, and whether its server is a standby. The view of all activity would take the server longer than all else that a
/// connection asks.
const WHO: &str = "select pid, cast(extract(epoch from backend_start) * 1000000 as int8), pg_is_in_recovery()
    from pg_stat_get_activity(pg_backend_pid())";

struct Inner {
    client: Arc<Client>,
    id: Id,
    kept: Mutex<HashMap<Arc<str>, Prepared>>,
    /// What is still to be read. What is asked next comes after it on the wire.
    answers: Answers,
    in_transaction: AtomicBool,
    /// A statement of this transaction failed: PostgreSQL would answer its COMMIT with ROLLBACK and without an error.
    spoiled: AtomicBool,
    /// Whether the server warned since it was last asked.
    warned: Arc<AtomicBool>,
    /// The server ended it, or can't be heard any more.
    lost: Arc<AtomicBool>,
    guard: Arc<Guard>,
}

#[derive(Clone)]
pub struct Session(Arc<Inner>);

/// Which of a server's sessions it is: numbers of processes are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    pub process: i64,
    pub began: i64,
}

/// Of the session in which it was prepared: it is of no use in another one.
pub struct Statement<'c> {
    session: Session,
    sql: Arc<str>,
    prepared: Prepared,
    conn: PhantomData<&'c Session>,
}

pub struct Rows<'s> {
    session: &'s Session,
    answer: Arc<Mutex<Answer>>,
    row: Option<Row>,
}

impl Session {
    /// # Errors
    /// The server is a standby, or does not say.
    pub fn new(client: Client, warned: Arc<AtomicBool>, guard: Guard) -> Result<Self> {
        let mut session = Self(Arc::new(Inner {
            client: Arc::new(client),
            id: Id { process: 0, began: 0 },
            kept: Mutex::default(),
            answers: Answers::default(),
            in_transaction: AtomicBool::new(false),
            spoiled: AtomicBool::new(false),
            warned,
            lost: Arc::default(),
            guard: Arc::new(guard),
        }));
        let (id, is_standby) = session.who()?;
        if is_standby {
            return Err(failed::of(Failure::Standby, "the server is a standby"));
        }
        if let Some(inner) = Arc::get_mut(&mut session.0) {
            inner.id = id;
        }
        Ok(session)
    }

    fn who(&self) -> Result<(Id, bool)> {
        let statement = self.prepare_cached(WHO)?;
        let mut rows = statement.query(&[])?;
        let row = rows.next()?.ok_or(Error::NoRow)?;
        let column = |column| value(row, column);
        let id = Id { process: of(column(0)?, 0)?, began: of(column(1)?, 1)? };
        Ok((id, of(column(2)?, 2)?))
    }

    pub fn id(&self) -> Id {
        self.0.id
    }

    pub fn is_lost(&self) -> bool {
        // What it was told meanwhile.
        self.0.guard.push();
        self.0.lost.load(Ordering::Relaxed) || self.0.client.is_closed()
    }

    pub fn is_in_transaction(&self) -> bool {
        self.0.in_transaction.load(Ordering::Relaxed)
    }

    /// What the server says to it. It is on its way before the answers before it are read.
    fn ask<T>(&self, ask: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
        let mut ask = pin!(ask);
        let is_lost = || self.0.lost.load(Ordering::Relaxed);
        let asked = if is_lost() { Poll::Pending } else { begin(ask.as_mut()) };
        self.0.answers.read_ahead();
        self.heard(match asked {
            Poll::Ready(answer) => answer.map_err(failed),
            // Whoever takes back or unlocks what is lost waits for nothing.
            Poll::Pending if is_lost() => Err(failed::lost()),
            Poll::Pending => self.0.guard.wait(ask).map_err(failed::silent).and_then(|answer| answer.map_err(failed)),
        })
    }

    fn heard<T>(&self, heard: Result<T>) -> Result<T> {
        heard.map_err(|error| {
            self.0.spoiled.store(true, Ordering::Relaxed);
            if error.failure() == Some(Failure::Lost) {
                self.0.lost.store(true, Ordering::Relaxed);
                return error;
            }
            // What failed before it says more.
            self.0.answers.first_failure().unwrap_or(error)
        })
    }

    pub fn prepare_cached<'c>(&self, sql: &str) -> Result<Statement<'c>> {
        let (sql, prepared) = self.prepared(sql)?;
        Ok(Statement { session: self.clone(), sql, prepared, conn: PhantomData })
    }

    fn prepared(&self, sql: &str) -> Result<(Arc<str>, Prepared)> {
        if let Some((sql, prepared)) = lock(&self.0.kept).get_key_value(sql) {
            return Ok((Arc::clone(sql), prepared.clone()));
        }
        let prepared = self.ask(self.0.client.prepare(&translated(sql)))?;
        let sql = Arc::from(sql);
        let mut kept = lock(&self.0.kept);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(Arc::clone(&sql), prepared.clone());
        Ok((sql, prepared))
    }

    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        self.ask(self.0.client.batch_execute(sql))
    }

    /// Begins to write, once nobody else does: these transactions come one after the other as they do with SQLite.
    pub fn begin(&self) -> Result<()> {
        self.begin_with(&format!("{BEGIN}; select pg_advisory_xact_lock({LEDGER})"))
    }

    /// Begins to write beside others that began so, and once nobody does by [`Session::begin`]. Whoever waits comes in turn. What is asked
    /// ahead goes with it.
    pub fn begin_beside(&self, ahead: &Ahead) -> Result<()> {
        self.begin_asking(&format!("{BEGIN}; select pg_advisory_xact_lock_shared({LEDGER})"), ahead)
    }

    /// The same for what a power cut may take back.
    pub fn begin_unsynced(&self) -> Result<()> {
        self.begin_with(&format!(
            "{BEGIN}; set local synchronous_commit = off; select pg_advisory_xact_lock_shared({LEDGER})"
        ))
    }

    /// Begins to look at what others have locked.
    pub fn begin_to_look(&self) -> Result<()> {
        self.begin_with(BEGIN)
    }

    /// Begins to read, all as of one moment.
    pub fn snapshot(&self) -> Result<()> {
        self.begin_with("begin isolation level repeatable read, read only")
    }

    fn begin_with(&self, sql: &str) -> Result<()> {
        self.begin_asking(sql, &Ahead::default())
    }

    fn begin_asking(&self, sql: &str, ahead: &Ahead) -> Result<()> {
        let questions = ahead.questions();
        let prepared: Vec<_> = questions.iter().map(|asked| self.prepared(&asked.sql)).collect::<Result<_>>()?;
        self.0.answers.read_ahead();
        if self.0.lost.load(Ordering::Relaxed) {
            return self.heard(Err(failed::lost()));
        }
        // Also if it fails half-way: then all that was asked ahead fails with it.
        self.0.in_transaction.store(true, Ordering::Relaxed);
        self.0.spoiled.store(false, Ordering::Relaxed);
        let mut begun = pin!(self.0.client.batch_execute(sql));
        let first = begin(begun.as_mut());
        let asked = prepared
            .into_iter()
            .zip(questions)
            .try_for_each(|(prepared, asked)| self.ask_ahead(prepared, &asked.values, false));
        let begun = match first {
            Poll::Ready(answer) => answer.map_err(failed),
            Poll::Pending => self.0.guard.wait(begun).map_err(failed::silent).and_then(|answer| answer.map_err(failed)),
        };
        self.heard(begun.and(asked)).inspect_err(|_| self.roll_back())
    }

    fn ask_ahead(&self, prepared: (Arc<str>, Prepared), values: &[Owned], is_told: bool) -> Result<()> {
        let Inner { client, answers, guard, lost, .. } = &*self.0;
        self.heard(answers.ask(client, prepared, values, (guard, lost), is_told))
    }

    /// What was asked ahead in this transaction is not wanted.
    pub fn forget_asked(&self) -> Result<()> {
        self.heard(self.0.answers.end())
    }

    pub fn end_transaction(&self) -> Result<()> {
        // One that began in a session that was lost is not there; and what was asked ahead and nobody took is in no account.
        if self.0.spoiled.load(Ordering::Relaxed) || !self.is_in_transaction() || self.0.answers.are_left() {
            return Err(Error::Spoiled);
        }
        self.0.warned.store(false, Ordering::Relaxed);
        // In a transaction that failed the select fails; COMMIT alone would succeed and do nothing.
        let ended = self.execute_batch("select 1; commit");
        let told = self.0.answers.end();
        ended.map_err(|error| match error {
            Error::Failed { failure: Failure::Lost, source } => Error::Failed { failure: Failure::Unanswered, source },
            error => error,
        })?;
        told?;
        self.0.in_transaction.store(false, Ordering::Relaxed);
        // COMMIT has one warning: the wait for the standby was cut off.
        if self.0.warned.swap(false, Ordering::Relaxed) {
            return Err(failed::not_on_standby());
        }
        Ok(())
    }

    /// Takes back what is not committed.
    pub fn roll_back(&self) {
        if self.0.in_transaction.swap(false, Ordering::Relaxed) {
            let _ = self.execute_batch("rollback");
            let _ = self.0.answers.end();
        }
    }

    /// The first column of the first row.
    pub fn one<T: FromColumn>(&self, sql: &str) -> Result<T> {
        let statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(&[])?;
        of(value(rows.next()?.ok_or(Error::NoRow)?, 0)?, 0)
    }
}

fn of<T: FromColumn>(value: Value<'_>, column: usize) -> Result<T> {
    T::of(value).ok_or(Error::Column { column })
}

impl Statement<'_> {
    pub fn execute(&self, values: &[Value<'_>]) -> Result<usize> {
        let changed = self.session.ask(self.session.0.client.execute_raw(&self.prepared, values.iter()))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Executes it. In a transaction it waits for nothing: how it ended is heard at the commit.
    pub fn tell(&self, values: &[Value<'_>]) -> Result<()> {
        if !self.session.is_in_transaction() {
            return self.execute(values).map(drop);
        }
        let values: Vec<_> = values.iter().copied().map(Owned::from).collect();
        self.session.ask_ahead((Arc::clone(&self.sql), self.prepared.clone()), &values, true)?;
        // The server begins with it at once.
        self.session.0.guard.push();
        Ok(())
    }

    pub fn query<'s>(&'s self, values: &[Value<'_>]) -> Result<Rows<'s>> {
        let Inner { client, answers, guard, lost, .. } = &*self.session.0;
        let answer = match answers.take(&self.sql, values) {
            Some(answer) => answer,
            None => {
                let stream = self.session.ask(client.query_raw(&self.prepared, values.iter()))?;
                answers.open(Answer::of(stream, guard, lost))
            }
        };
        Ok(Rows { session: &self.session, answer, row: None })
    }
}

impl Rows<'_> {
    pub fn next(&mut self) -> Result<Option<&Row>> {
        let row = lock(&self.answer).read();
        self.row = self.session.heard(row)?;
        Ok(self.row.as_ref())
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        let end = lock(&self.answer).finish();
        let _ = self.session.heard(end);
    }
}

/// Numbered parameters as PostgreSQL has them, and no advice for SQLite.
fn translated(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut quoted = false;
    for c in sql.chars() {
        quoted ^= c == '\'';
        text.push(if c == '?' && !quoted { '$' } else { c });
    }
    const ADVICE: &str = " indexed by ";
    while let Some(at) = text.find(ADVICE) {
        let name = at + ADVICE.len();
        let end =
            text[name..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(text.len(), |length| name + length);
        text.replace_range(at..end, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_translated() {
        for (sql, expected) in [
            ("select ?1, '?1' from sends where id = ?12", "select $1, '?1' from sends where id = $12"),
            ("select 1 from sends s indexed by sends_pending where id = ?1", "select 1 from sends s where id = $1"),
            ("select 1 from sends indexed by sends_unknown", "select 1 from sends"),
        ] {
            assert_eq!(translated(sql), expected);
        }
    }
}
