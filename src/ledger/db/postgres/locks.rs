//! Locks of a session: the one way to know that a process on any machine is alive. They end with it, however it ends.
//!
//! Their key is the number of the table and that of the row, so that ledgers of one database have nothing in common.

use std::collections::HashSet;
use std::time::Duration;

use super::answers::lock;
use super::conn::Conn;
use super::session::Session;
use super::values::value;
use crate::ledger::db::error::{Error, Result};
use crate::ledger::db::value::{FromColumn, Value};

const HELD: &str = "from pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and classid = to_regclass(?1)::oid";
const OF_ROW: &str = "and objid = cast(cast(?2 as bigint) as oid)";
const KEY: &str = "(to_regclass(?1)::oid::int8 << 32) | (cast(?2 as bigint) & 4294967295)";

/// How long to wait for a lock of one's own from before: longer than a server needs to end a session, or than somebody needs who buries a
/// run.
const TAKE_AGAIN: Duration = Duration::from_secs(10);

/// A lock that this process holds; in the next session, too, if this one is lost.
pub struct Lock {
    conn: Conn,
    table: &'static str,
    row: i64,
}

impl Conn {
    /// Takes the lock of a row; `None` if anybody has it, this session too.
    pub fn lock_row(&self, table: &'static str, row: i64) -> Result<Option<Lock>> {
        let take = format!(
            "select case when exists (select 1 {HELD} {OF_ROW}) then false else pg_try_advisory_lock({KEY}) end"
        );
        let took = self.session().ask_row::<bool>(&take, table, row)?;
        Ok(took.then(|| {
            lock(&self.0.held).push((table, row));
            Lock { conn: self.clone(), table, row }
        }))
    }

    /// Rows of a table that are locked: of each the lower half of its number, which is all that a lock has.
    pub fn locked_rows(&self, table: &'static str) -> Result<HashSet<u32>> {
        let statement = self.session().prepare_cached(&format!("select objid {HELD}"))?;
        let mut rows = statement.query(&[Value::Text(table)])?;
        let mut locked = HashSet::new();
        while let Some(row) = rows.next()? {
            locked.insert(u32::of(value(row, 0)?).ok_or(Error::Column { column: 0 })?);
        }
        Ok(locked)
    }

    /// Whether what goes through here may come to another session each time, as with a pooler of transactions: then a lock would say
    /// nothing. `second` is another connection by the same way.
    pub fn is_pooled(&self, second: &Self) -> Result<bool> {
        let key = format!("hashtextextended('mmsg pooler {}', 0)", uuid::Uuid::new_v4());
        let (first, second) = (self.session(), second.session());
        first.one::<bool>(&format!("select pg_try_advisory_lock({key})"))?;
        let is_shared = second.one::<bool>(&format!("select pg_try_advisory_lock({key})"))?;
        for session in [&first, &second] {
            session.execute_batch(&format!(
                "set client_min_messages = error; select pg_advisory_unlock({key}); set client_min_messages = warning"
            ))?;
        }
        Ok(is_shared || moves(&first, &second)?)
    }
}

/// Whether the first gets another session while the second has one to itself. Where others use the pool as well, two that may share one did
/// not need to meet.
fn moves(first: &Session, second: &Session) -> Result<bool> {
    const PROCESS: &str = "select pg_backend_pid()";
    let before: i64 = first.one(PROCESS)?;
    second.begin_to_look()?;
    let after = first.one::<i64>(PROCESS);
    second.roll_back();
    Ok(after? != before)
}

impl Session {
    /// Takes a lock that a session had which is about to end, or somebody who looked whether it has ended.
    pub fn take_again(&self, table: &'static str, row: i64) -> Result<()> {
        self.execute_batch(&format!("set lock_timeout = {}", TAKE_AGAIN.as_millis()))?;
        self.ask_row::<bool>(&format!("select pg_advisory_lock({KEY}) is not null"), table, row).map(drop)
    }

    fn ask_row<T: FromColumn>(&self, sql: &str, table: &'static str, row: i64) -> Result<T> {
        let statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(&[Value::Text(table), Value::Int(row)])?;
        let row = rows.next()?.ok_or(Error::NoRow)?;
        T::of(value(row, 0)?).ok_or(Error::Column { column: 0 })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        lock(&self.conn.0.held).retain(|held| *held != (self.table, self.row));
        let unlock = format!("select pg_advisory_unlock({KEY})");
        // It ends with the session at the latest.
        let _ = self.conn.session().ask_row::<bool>(&unlock, self.table, self.row);
    }
}
