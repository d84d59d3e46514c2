//! The one way to a database: statements, parameters and rows, whatever the engine.
//!
//! It looks like rusqlite's interface, of which it is a thin cover: texts and blobs are lent both ways, and nothing is allocated for a
//! parameter or a column. Another engine is another arm of each enum here, and a file beside `sqlite.rs`; the compiler names every
//! place that has to know. Statements have numbered parameters (`?1`). `indexed by NAME` is advice for SQLite alone: another engine
//! leaves it out.

mod ahead;
pub mod arrays;
mod error;
mod postgres;
mod sqlite;
mod upkeep;
mod value;

use std::path::Path;
use std::time::Duration;

use super::address::server::Server;
use super::attendant::Attendant;
pub use ahead::Ahead;
pub use error::{Error, Optional, Result};
pub use postgres::{HAS_STANDBY, Lock, NOW};
pub use sqlite::OpenMode;
pub use value::{FromColumn, Owned, ToValue, Value, Values};

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

/// A statement that is looked up when it is first needed.
pub struct OnDemand<'c> {
    conn: &'c Conn,
    sql: &'static str,
    found: Option<Statement<'c>>,
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
    pub fn open(path: &Path, how: OpenMode) -> Result<Self> {
        sqlite::open(path, how).map(Self::Sqlite)
    }

    /// A database on a server.
    pub fn connect(server: &Server) -> Result<Self> {
        postgres::Conn::to(server).map(Self::Postgres)
    }

    /// The same to ask it something, and not to write a ledger.
    pub fn connect_plainly(server: &Server) -> Result<Self> {
        postgres::Conn::plain(server).map(Self::Postgres)
    }

    /// A database in a file without a name, which is gone with the connection.
    pub fn unnamed() -> Result<Self> {
        sqlite::unnamed().map(Self::Sqlite)
    }

    #[cfg(test)]
    pub fn in_memory() -> Self {
        Self::Sqlite(sqlite::in_memory())
    }

    /// Makes the other one, of SQLite too, what this one is.
    #[cfg(test)]
    pub fn copy_in_memory(&self, to: &mut Self) {
        match to {
            Self::Sqlite(to) => sqlite::copy_in_memory(self.sqlite(), to),
            Self::Postgres(_) => panic!("not of SQLite"),
        }
    }

    /// For what only a test asks.
    #[cfg(test)]
    pub fn sqlite(&self) -> &sqlite::Conn {
        match self {
            Self::Sqlite(conn) => conn,
            Self::Postgres(_) => panic!("not of SQLite"),
        }
    }

    /// How SQLite goes about a statement.
    #[cfg(test)]
    pub fn plan(&self, sql: &str) -> Vec<String> {
        sqlite::plan(self.sqlite(), sql)
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

    /// Tries once to make a lost connection anew, at most for so long, with all its locks. Then what was begun by the lost one has ended.
    pub fn begin_anew(&self, most: Duration) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.begin_anew(most),
        }
    }

    /// How many connections to the server were lost so far.
    pub fn lost(&self) -> u64 {
        match self {
            Self::Sqlite(_) => 0,
            Self::Postgres(conn) => conn.lost(),
        }
    }

    /// What was asked ahead in this transaction is not wanted; if that failed, how.
    pub fn forget_asked(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(conn) => conn.session().forget_asked(),
        }
    }

    /// Who is told while a server is waited for.
    pub fn attendant(&self) -> Attendant {
        match self {
            Self::Sqlite(_) => Attendant::default(),
            Self::Postgres(conn) => conn.attendant().clone(),
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
            Self::Sqlite(conn) => sqlite::control(conn, "begin immediate")?,
            Self::Postgres(conn) => conn.session().begin()?,
        }
        Ok(Transaction(self))
    }

    /// The same beside others that begin so: what two of them may both want, they have to lock. In a file there is one at a time.
    pub fn begin_beside(&self) -> Result<Transaction<'_>> {
        self.begin_asking(&Ahead::default())
    }

    /// The same, and asks these questions on the way: whoever asks one of them in the transaction, in this order, has the answer. In a file
    /// they are asked when they are.
    pub fn begin_asking(&self, ahead: &Ahead) -> Result<Transaction<'_>> {
        match self {
            Self::Sqlite(_) => return self.begin(),
            Self::Postgres(conn) => conn.session().begin_beside(ahead)?,
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
            Self::Sqlite(conn) => sqlite::control(conn, "begin deferred")?,
            Self::Postgres(conn) => conn.session().snapshot()?,
        }
        Ok(Transaction(self))
    }
}

impl<'c> OnDemand<'c> {
    pub const fn new(conn: &'c Conn, sql: &'static str) -> Self {
        Self { conn, sql, found: None }
    }

    pub fn get(&mut self) -> Result<&mut Statement<'c>> {
        match &mut self.found {
            Some(statement) => Ok(statement),
            found => Ok(found.insert(self.conn.prepare_cached(self.sql)?)),
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

    /// Executes it. In a transaction no server is waited for: how it ended is heard at the commit.
    pub fn tell(&mut self, values: impl Values) -> Result<()> {
        values.lend(|values| match self {
            Self::Sqlite(statement) => sqlite::execute(statement, values).map(drop),
            Self::Postgres(statement) => statement.tell(values),
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
            Conn::Sqlite(conn) => sqlite::control(conn, "commit"),
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
