//! SQLite: the only file that names its library.

use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
pub use rusqlite::{CachedStatement as Statement, Connection as Conn, Row, Rows};
use rusqlite::{OpenFlags, params_from_iter};

use super::error::{Error, Result};
use super::value::Value;
use crate::ledger::error::Failure;

/// Statements that are kept: more than a run has.
const KEPT: usize = 64;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Made if it is not there.
    Make,
    Write,
    Read,
    /// For reading, while nobody else can write: without the files `-wal` and `-shm`.
    Alone,
}

pub fn open(path: &Path, how: OpenMode) -> Result<Conn> {
    let flags = match how {
        OpenMode::Make => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        OpenMode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        OpenMode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        OpenMode::Alone => OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match how {
        OpenMode::Make | OpenMode::Write | OpenMode::Read => Conn::open_with_flags(path, flags)?,
        OpenMode::Alone => {
            let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            Conn::open_with_flags(format!("file:{name}?immutable=1"), flags)?
        }
    };
    ready(conn)
}

pub fn unnamed() -> Result<Conn> {
    ready(Conn::open("")?)
}

#[cfg(test)]
pub fn in_memory() -> Conn {
    ready(Conn::open_in_memory().unwrap()).unwrap()
}

#[cfg(test)]
pub fn copy_in_memory(from: &Conn, to: &mut Conn) {
    use rusqlite::backup::{Backup, StepResult};
    assert_eq!(Backup::new(from, to).unwrap().step(-1).unwrap(), StepResult::Done);
}

fn ready(conn: Conn) -> Result<Conn> {
    conn.set_prepared_statement_cache_capacity(KEPT);
    // Else SQLite plans a statement anew each time that a value is bound to its `limit`.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// A statement without parameters and rows that each transaction has: kept.
pub fn control(conn: &Conn, sql: &str) -> Result<()> {
    Ok(conn.prepare_cached(sql)?.execute(()).map(drop)?)
}

/// How it goes about a statement, step by step.
#[cfg(test)]
pub fn plan(conn: &Conn, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("explain query plan {sql}")).unwrap();
    let values = params_from_iter((0..statement.parameter_count()).map(|_| 1));
    statement.query_map(values, |row| row.get(3)).unwrap().map(|step| step.unwrap()).collect()
}

/// How often a kept statement was planned anew.
#[cfg(test)]
pub fn planned_anew(conn: &Conn, sql: &str) -> i32 {
    conn.prepare_cached(sql).unwrap().get_status(rusqlite::StatementStatus::RePrepare)
}

pub fn execute(statement: &mut Statement<'_>, values: &[Value<'_>]) -> Result<usize> {
    Ok(statement.execute(params_from_iter(values))?)
}

pub fn insert(statement: &mut Statement<'_>, values: &[Value<'_>]) -> Result<Option<i64>> {
    match statement.insert(params_from_iter(values)) {
        Ok(id) => Ok(Some(id)),
        Err(rusqlite::Error::StatementChangedRows(0)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub fn query<'s>(statement: &'s mut Statement<'_>, values: &[Value<'_>]) -> Result<Rows<'s>> {
    Ok(statement.query(params_from_iter(values))?)
}

pub fn value<'r>(row: &'r Row<'_>, column: usize) -> Result<Value<'r>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).map_err(|_| Error::Column { column })?),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    })
}

pub fn sync_commits(conn: &Conn, sync: bool) -> Result<()> {
    let how = if sync { "full" } else { "normal" };
    Ok(conn.execute_batch(&format!("pragma synchronous = {how}"))?)
}

pub fn limit_log(conn: &Conn, pages: u64, bytes: u64) -> Result<()> {
    Ok(conn.execute_batch(&format!("pragma wal_autocheckpoint = {pages}; pragma journal_size_limit = {bytes}"))?)
}

/// SQLite's online backup would begin again at each commit of another process, and never end while runs are at work.
pub fn copy_to(conn: &Conn, file: &Path) -> Result<()> {
    conn.execute("vacuum into ?1", [file.to_string_lossy()])?;
    Ok(())
}

/// What the file's structure says, then what references say. One line that says `ok` is none.
pub fn broken(conn: &Conn) -> Result<Vec<String>> {
    const LINES: usize = 20;
    let mut broken = Vec::new();
    let mut check = conn.prepare(&format!("pragma integrity_check({LINES})"))?;
    let mut lines = check.query(())?;
    while let Some(line) = lines.next()? {
        let line: String = line.get(0)?;
        if line != "ok" {
            broken.extend(line.lines().map(str::to_owned));
        }
    }
    let mut check = conn.prepare("pragma foreign_key_check")?;
    let mut rows = check.query(())?;
    while let Some(row) = rows.next()?.filter(|_| broken.len() < LINES) {
        let (from, to): (String, String) = (row.get(0)?, row.get(2)?);
        broken.push(format!("a row of {from} names a row of {to} that is not there"));
    }
    Ok(broken)
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(n),
            Self::Real(number) => ValueRef::Real(number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::{ErrorCode as Code, ffi};
        let failure = match error.sqlite_error_code() {
            // The file -shm can't get longer.
            _ if error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE) => {
                Failure::DiskFull
            }
            Some(Code::DiskFull) => Failure::DiskFull,
            Some(Code::ReadOnly | Code::PermissionDenied) => Failure::ReadOnly,
            Some(Code::CannotOpen) => Failure::CannotOpen,
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Failure::Corrupt,
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Failure::Busy,
            Some(Code::SystemIoFailure) => Failure::Io,
            _ => Failure::Other,
        };
        Self::Failed { failure, source: Arc::new(error) }
    }
}
