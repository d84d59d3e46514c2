//! A connection's settings and upkeep: what each engine has of its own.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use super::arrays::ValueKind;
use super::postgres::Lock;
use super::{Conn, Error, HAS_STANDBY, NOW, Result, sqlite};
use crate::clock::UnixMillis;

impl Conn {
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

    /// What these columns of a table hold, on a server; `None` in a file, whose columns hold anything.
    pub fn kinds(&self, table: &str, columns: &[&str]) -> Result<Option<Vec<ValueKind>>> {
        if !self.is_server() {
            return Ok(None);
        }
        let mut kind = self.prepare_cached(
            "select case when atttypid in ('int8'::regtype, 'int4'::regtype, 'int2'::regtype) then 0
               when atttypid = 'float8'::regtype then 1 when atttypid = 'bytea'::regtype then 3 else 2 end
             from pg_attribute where attrelid = to_regclass(?1) and attname = ?2",
        )?;
        let kinds = columns.iter().map(|column| {
            let number: i64 = kind.query_row((table, *column), |row| row.get(0))?;
            Ok([ValueKind::Int, ValueKind::Real, ValueKind::Text, ValueKind::Blob][number as usize])
        });
        kinds.collect::<Result<_>>().map(Some)
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
