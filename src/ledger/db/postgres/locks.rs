//! Locks of a session: the one way to know that a process on any machine is alive. They end with it, however it ends.
//!
//! Their key is the number of the table and that of the row, so that ledgers of one database have nothing in common.

use super::session::Conn;
use super::values::value;
use crate::ledger::db::error::{Error, Result};
use crate::ledger::db::value::{FromColumn, Value};

const HELD: &str = "from pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and classid = to_regclass(?1)::oid";
const OF_ROW: &str = "and objid = cast(cast(?2 as bigint) as oid)";
const KEY: &str = "(to_regclass(?1)::oid::int8 << 32) | (cast(?2 as bigint) & 4294967295)";

/// A lock that this process holds.
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
        Ok(self.ask_row::<bool>(&take, table, row)?.then(|| Lock { conn: self.clone(), table, row }))
    }

    pub fn is_row_locked(&self, table: &'static str, row: i64) -> Result<bool> {
        self.ask_row(&format!("select exists (select 1 {HELD} {OF_ROW})"), table, row)
    }

    /// How many rows of a table are locked.
    pub fn locked_rows(&self, table: &'static str) -> Result<i64> {
        let statement = self.prepare_cached(&format!("select count(*) {HELD}"))?;
        let mut rows = statement.query(&[Value::Text(table)])?;
        let row = rows.next()?.ok_or(Error::NoRow)?;
        i64::of(value(row, 0)?).ok_or(Error::Column { column: 0 })
    }

    fn ask_row<T: FromColumn>(&self, sql: &str, table: &'static str, row: i64) -> Result<T> {
        let statement = self.prepare_cached(sql)?;
        let mut rows = statement.query(&[Value::Text(table), Value::Int(row)])?;
        let row = rows.next()?.ok_or(Error::NoRow)?;
        T::of(value(row, 0)?).ok_or(Error::Column { column: 0 })
    }

    /// Whether what goes through here may come to another session each time, as with a pooler of transactions: then a lock would say
    /// nothing. `second` is another connection by the same way.
    pub fn is_pooled(&self, second: &Self) -> Result<bool> {
        let key = format!("hashtextextended('mmsg pooler {}', 0)", uuid::Uuid::new_v4());
        self.one::<bool>(&format!("select pg_try_advisory_lock({key})"))?;
        let is_shared = second.one::<bool>(&format!("select pg_try_advisory_lock({key})"))?;
        for conn in [self, second] {
            conn.execute_batch(&format!(
                "set client_min_messages = error; select pg_advisory_unlock({key}); set client_min_messages = warning"
            ))?;
        }
        Ok(is_shared)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let unlock = format!("select pg_advisory_unlock({KEY})");
        // It ends with the session at the latest.
        let _ = self.conn.ask_row::<bool>(&unlock, self.table, self.row);
    }
}
