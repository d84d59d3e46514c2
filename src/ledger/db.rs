//! The one way to a database: statements, parameters and rows, whatever the engine.
//!
//! It looks like rusqlite's interface, of which it is a thin cover: texts and blobs are lent both ways, and nothing is allocated for a
//! parameter or a column. Another engine is another arm of each enum here, and a file beside `sqlite.rs`; the compiler names every
//! place that has to know. Statements have numbered parameters (`?1`). `indexed by NAME` is advice for SQLite alone: another engine
//! leaves it out.

pub mod arrays;
mod error;
mod postgres;
mod sqlite;
mod value;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use super::address::server::Server;
use crate::clock::UnixMillis;
pub use error::{Error, Optional, Result};
pub use postgres::{HAS_STANDBY, Lock, NOW};
pub use sqlite::How;
pub use value::{FromColumn, ToValue, Value, Values};

/// A connection.
pub enum Conn {
    Sqlite(sqlite::Conn),
    Postgres(postgres::Conn),
}

/// A prepared statement.
pub enum Statement<'c> {
    Sqlite(sqlite::Statement<'c>),
    Postgres(postgres::Statement<'c>),
}

/// The rows that a question has, read one by one.
pub enum Rows<'s> {
    Sqlite(sqlite::Rows<'s>),
    Postgres(postgres::Rows<'s>),
}

/// One row, until the next one is read.
#[derive(Clone, Copy)]
pub enum Row<'r> {
    Sqlite(&'r sqlite::Row<'r>),
    Postgres(&'r postgres::Row),
}

/// A transaction: taken back unless it is committed.
pub struct Transaction<'c>(&'c Conn);

impl Conn {
    /// A file of SQLite's.
    pub fn open(path: &Path, how: How) -> Result<Self> {
        sqlite::open(path, how).map(Self::Sqlite)
    }

    /// A database on a server.
    pub fn connect(server: &Server) -> Result<Self> {
        postgres::Conn::to(server).map(Self::Postgres)
    }

    /// A database in a file without a name, which is gone with the connection.
    pub fn unnamed() -> Result<Self> {
        sqlite::unnamed().map(Self::Sqlite)
    }

    #[cfg(test)]
    pub fn in_memory() -> Self {
        Self::Sqlite(sqlite::in_memory())
    }

    /// For what only a test asks.
    #[cfg(test)]
    pub fn sqlite(&self) -> &sqlite::Conn {
        match self {
            Self::Sqlite(conn) => conn,
            Self::Postgres(_) => panic!("not of SQLite"),
        }
    }

    /// Whether each statement costs a trip to a server, and others write at the same time.
    pub const fn is_server(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Whether the connection to a server is lost.
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(conn) => conn.session().is_lost(),
        }
    }

    /// Whether something was begun that has not ended.
    pub fn is_in_transaction(&self) -> bool {
        match self {
            Self::Sqlite(conn) => !conn.is_autocommit(),
            Self::Postgres(conn) => conn.session().is_in_transaction(),
        }
    }

    /// Tries once to make a lost connection anew, with all its locks. Then what was begun by the lost one has ended.
    pub fn begin_anew(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.begin_anew(),
        }
    }

    /// Nothing can be written by this connection any more.
    pub fn only_read(&self) -> Result<()> {
        match self {
            Self::Sqlite(conn) => Ok(conn.execute_batch("pragma query_only = on")?),
            Self::Postgres(conn) => conn.only_read(),
        }
    }

    /// The statement is kept for the next time.
    pub fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(conn) => Ok(Statement::Sqlite(conn.prepare_cached(sql)?)),
            Self::Postgres(conn) => conn.prepare_cached(sql).map(Statement::Postgres),
        }
    }

    /// A statement that inserts one row into a table with an `id`; see [`Statement::insert`].
    pub fn prepare_insert(&self, sql: &str) -> Result<Statement<'_>> {
        match self {
            Self::Sqlite(_) => self.prepare_cached(sql),
            Self::Postgres(_) => self.prepare_cached(&format!("{sql} returning id")),
        }
    }

    /// How many rows it changed.
    pub fn execute(&self, sql: &str, values: impl Values) -> Result<usize> {
        self.prepare_cached(sql)?.execute(values)
    }

    /// The first row; [`Error::NoRow`] if there is none.
    pub fn query_row<T>(&self, sql: &str, values: impl Values, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        self.prepare_cached(sql)?.query_row(values, read)
    }

    /// Statements without parameters and rows, one after the other.
    pub fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => Ok(conn.execute_batch(sql)?),
            Self::Postgres(conn) => conn.execute_batch(sql),
        }
    }

    /// Begins to write, once no other process does.
    pub fn begin(&self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(conn) => conn.execute_batch("begin immediate")?,
            Self::Postgres(conn) => conn.session().begin()?,
        }
        Ok(Transaction(self))
    }

    /// The same beside others that begin so: what two of them may both want, they have to lock. In a file there is one at a time.
    pub fn begin_beside(&self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(_) => return self.begin(),
            Self::Postgres(conn) => conn.session().begin_beside()?,
        }
        Ok(Transaction(self))
    }

    /// The same for what a power cut may take back.
    pub fn begin_unsynced(&self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(_) => return self.begin(),
            Self::Postgres(conn) => conn.session().begin_unsynced()?,
        }
        Ok(Transaction(self))
    }

    /// Begins to look at what others have locked; nothing is to be committed.
    pub fn begin_to_look(&self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(_) => return self.snapshot(),
            Self::Postgres(conn) => conn.session().begin_to_look()?,
        }
        Ok(Transaction(self))
    }

    /// Begins to read: every answer is of the moment of the first.
    pub fn snapshot(&self) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(conn) => conn.execute_batch("begin deferred")?,
            Self::Postgres(conn) => conn.session().snapshot()?,
        }
        Ok(Transaction(self))
    }

    /// The number of the schema; 0 without one.
    pub fn version(&self) -> Result<i32> {
        match self {
            Self::Sqlite(_) => self.query_row("pragma user_version", (), |row| row.get(0)),
            Self::Postgres(conn) => conn.version(),
        }
    }

    /// Whether each commit waits until it is on the disk.
    pub fn sync_commits(&self, sync: bool) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlite::sync_commits(conn, sync),
            Self::Postgres(conn) => conn.sync_commits(sync),
        }
    }

    /// So many KiB of the file are kept in memory; a server has its own.
    pub fn cache(&self, kib: u32) -> Result<()> {
        match self {
            Self::Sqlite(conn) => Ok(conn.execute_batch(&format!("pragma cache_size = -{kib}"))?),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// The log is written into the file when it has so many pages, and keeps so many bytes; a server has its own.
    pub fn limit_log(&self, pages: u64, bytes: u64) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlite::limit_log(conn, pages, bytes),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Writes the log into the file and makes it empty.
    pub fn empty_log(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.query_row("pragma wal_checkpoint(truncate)", (), |_| Ok(())),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// What is deleted from now on is overwritten in the file. A server's tables keep it until they are [cleaned](Conn::clean).
    pub fn overwrite_deleted(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.query_row("pragma secure_delete = on", (), |_| Ok(())),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Writes a file anew, without what is in its unused parts.
    pub fn rewrite(&self) -> Result<()> {
        match self {
            Self::Sqlite(conn) => Ok(conn.execute_batch("vacuum")?),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Makes room of what was deleted from a table on a server, and has it take new samples of its values.
    pub fn clean(&self, table: &str) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.execute_batch(&format!("vacuum (analyze) {table}")),
        }
    }

    /// New rows of a table get ids after those that are there, however they came.
    pub fn go_on_after_ids(&self, table: &str) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.execute_batch(&format!(
                "select setval(pg_get_serial_sequence('{table}', 'id'), coalesce((select max(id) from {table}), 0) + 1, false)"
            )),
        }
    }

    /// After so many new rows in a table: a server plans statements by how large a table was when it last looked, and may read all of it
    /// where it was empty then. Whoever may not look leaves it to the server's own time.
    pub fn learn_size(&self, table: &str, new: u64) -> Result<()> {
        const SHARE: f64 = 0.2;
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => {
                let known: f64 = conn.one(&format!(
                    "select cast(reltuples as float8) from pg_class where oid = to_regclass('{table}')"
                ))?;
                if new as f64 > known * SHARE { conn.execute_batch(&format!("analyze {table}")) } else { Ok(()) }
            }
        }
    }

    /// How many bytes a table, its partitions and their indexes have on a server; a file is measured as a whole.
    pub fn size_of(&self, table: &str) -> Result<u64> {
        match self {
            Self::Sqlite(_) => Ok(0),
            Self::Postgres(conn) => {
                let size: i64 = conn.one(&format!(
                    "select cast(pg_total_relation_size('{table}') + coalesce(sum(pg_total_relation_size(relid)), 0) as bigint)
                     from pg_partition_tree('{table}') where isleaf and level > 0"
                ))?;
                Ok(size.unsigned_abs())
            }
        }
    }

    /// Writes all of a file as of one moment to another one, which is empty.
    pub fn copy_to(&self, file: &Path) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlite::copy_to(conn, file),
            Self::Postgres(_) => Err(Error::io(std::io::ErrorKind::Unsupported.into())),
        }
    }

    /// What the engine finds broken in what it keeps, a line each, no more than a page; nothing if all is well.
    pub fn broken(&self) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(conn) => sqlite::broken(conn),
            // A server looks at each page as it reads it.
            Self::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// Which server it is, and which of its lives: one that took the place of another has other words. `None` for a file, and for a server
    /// that does not say it.
    pub fn server(&self) -> Result<Option<String>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(conn) => conn.server(),
        }
    }

    /// The server's time.
    pub fn now(&self) -> Result<UnixMillis> {
        match self {
            Self::Sqlite(_) => Err(Error::NoRow),
            Self::Postgres(conn) => conn.one(&format!("select {NOW}")),
        }
    }

    /// Whether each commit waits for a standby.
    pub fn has_standby(&self) -> Result<bool> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(conn) => conn.one(&format!("select {HAS_STANDBY}")),
        }
    }

    /// How long to wait for another process's transaction.
    pub fn busy_timeout(&self, patience: Duration) -> Result<()> {
        match self {
            Self::Sqlite(conn) => Ok(conn.busy_timeout(patience)?),
            Self::Postgres(conn) => conn.busy_timeout(patience),
        }
    }

    /// Takes the lock of a row, as long as nobody has it; on a server alone: beside a file there are lock files.
    pub fn lock_row(&self, table: &'static str, row: i64) -> Result<Option<Lock>> {
        match self {
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(conn) => conn.lock_row(table, row),
        }
    }

    /// Rows of a table that are locked, whoever has them: of each the lower half of its number.
    pub fn locked_rows(&self, table: &'static str) -> Result<HashSet<u32>> {
        match self {
            Self::Sqlite(_) => Ok(HashSet::new()),
            Self::Postgres(conn) => conn.locked_rows(table),
        }
    }

    /// Whether this server may hand each transaction to another session; `second` is another connection by the same way.
    pub fn is_pooled(&self, second: &Self) -> Result<bool> {
        match (self, second) {
            (Self::Postgres(conn), Self::Postgres(second)) => conn.is_pooled(second),
            _ => Ok(false),
        }
    }
}

impl<'c> Statement<'c> {
    /// How many rows it changed.
    pub fn execute(&mut self, values: impl Values) -> Result<usize> {
        values.lend(|values| match self {
            Self::Sqlite(statement) => sqlite::execute(statement, values),
            Self::Postgres(statement) => statement.execute(values),
        })
    }

    /// The id of the row that it inserted, if it did; of [`Conn::prepare_insert`].
    pub fn insert(&mut self, values: impl Values) -> Result<Option<i64>> {
        match self {
            Self::Sqlite(statement) => values.lend(|values| sqlite::insert(statement, values)),
            Self::Postgres(_) => self.query_row(values, |row| row.get(0)).optional(),
        }
    }

    pub fn query(&mut self, values: impl Values) -> Result<Rows<'_>> {
        values.lend(|values| match self {
            Self::Sqlite(statement) => sqlite::query(statement, values).map(Rows::Sqlite),
            Self::Postgres(statement) => statement.query(values).map(Rows::Postgres),
        })
    }

    /// The first row; [`Error::NoRow`] if there is none.
    pub fn query_row<T>(&mut self, values: impl Values, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        match self.query(values)?.next()? {
            Some(row) => read(&row),
            None => Err(Error::NoRow),
        }
    }

    /// Whether there is a row.
    pub fn exists(&mut self, values: impl Values) -> Result<bool> {
        Ok(self.query(values)?.next()?.is_some())
    }

    pub fn query_map<T, F: FnMut(&Row<'_>) -> Result<T>>(
        &mut self,
        values: impl Values,
        read: F,
    ) -> Result<Mapped<'_, F>> {
        Ok(Mapped { rows: self.query(values)?, read })
    }
}

impl Rows<'_> {
    pub fn next(&mut self) -> Result<Option<Row<'_>>> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Postgres(rows) => Ok(rows.next()?.map(Row::Postgres)),
        }
    }
}

/// Rows, each as something else.
pub struct Mapped<'s, F> {
    rows: Rows<'s>,
    read: F,
}

impl<T, F: FnMut(&Row<'_>) -> Result<T>> Iterator for Mapped<'_, F> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next().transpose()?;
        Some(row.and_then(|row| (self.read)(&row)))
    }
}

impl Row<'_> {
    /// The column at this place, counted from 0.
    pub fn get<T: FromColumn>(&self, column: usize) -> Result<T> {
        T::of(self.value(column)?).ok_or(Error::Column { column })
    }

    /// Each column in words, for what a test compares.
    #[cfg(test)]
    pub fn words(&self) -> Vec<String> {
        let columns = match self {
            Self::Sqlite(row) => row.as_ref().column_count(),
            Self::Postgres(row) => row.len(),
        };
        (0..columns)
            .map(|column| match self.value(column).unwrap() {
                Value::Null => "Null".to_owned(),
                Value::Int(n) => format!("Integer({n})"),
                other => format!("{other:?}"),
            })
            .collect()
    }

    /// A text, lent; `None` for null.
    pub fn text(&self, column: usize) -> Result<Option<&str>> {
        match self.value(column)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(Error::Column { column }),
        }
    }

    /// Whatever is there, lent.
    pub fn value(&self, column: usize) -> Result<Value<'_>> {
        match self {
            Self::Sqlite(row) => sqlite::value(row, column),
            Self::Postgres(row) => postgres::value(row, column),
        }
    }
}

impl Transaction<'_> {
    /// If it fails, all of it is taken back.
    pub fn commit(self) -> Result<()> {
        // Dropped afterwards: what could not be committed is still open then.
        match self.0 {
            Conn::Sqlite(conn) => Ok(conn.execute_batch("commit")?),
            Conn::Postgres(conn) => conn.session().end_transaction(),
        }
    }
}

impl std::ops::Deref for Transaction<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        self.0
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        match self.0 {
            // An error may have ended it.
            Conn::Sqlite(conn) if conn.is_autocommit() => {}
            Conn::Sqlite(conn) => {
                let _ = conn.execute_batch("rollback");
            }
            Conn::Postgres(conn) => conn.session().roll_back(),
        }
    }
}

#[cfg(test)]
mod tests;
