//! Who is alive: one lock file a run. No heartbeats to guess from.
//!
//! A run creates and locks `runs/<uuid>.lock` beside the ledger, then inserts its row. Whoever can take that lock (or finds
//! the file gone) knows that the owner is dead, and makes what it left claimed `unknown`.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use uuid::Uuid;

use super::sql::sql;
use super::state::State;
use super::tally::Tally;
use super::{Fault, Ledger};
use crate::clock::{Clock, UnixMillis};
use crate::error::{Error, Result};
use crate::times::MARGIN;

/// A run of this process: alive as long as the lock is held.
pub struct Run {
    pub id: i64,
    lock: RunLock,
}

struct RunLock {
    path: PathBuf,
    _file: File,
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Only an ended run is dropped in order; its lock file says nothing any more.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Run {
    /// Leaves the lock file where it is: the run could not be ended in the ledger, so another must find it dead.
    pub fn abandon(self) {
        std::mem::forget(self.lock);
    }
}

#[cfg(test)]
impl Run {
    /// What is left of a process that was killed: the lock is free, its file is there, the ledger knows of no end.
    pub fn crash(self) {
        let path = self.lock.path.clone();
        drop(self);
        std::fs::write(path, "").expect("the lock file of a dead run");
    }
}

impl Ledger {
    fn runs_folder(&self) -> Result<PathBuf> {
        let folder = self.folder().join("runs");
        std::fs::create_dir_all(&folder).map_err(|error| lock_failed(&folder, &error))?;
        Ok(folder)
    }

    /// Starts a run on a broadcast: lock first, row second.
    pub fn start_run(&mut self, broadcast: i64, now: UnixMillis) -> Result<Run> {
        let uuid = Uuid::now_v7().to_string();
        let path = self.runs_folder()?.join(format!("{uuid}.lock"));
        let file = open_lock(&path)?;
        file.try_lock().map_err(|error| {
            Error::ledger(format!("can't lock {}", path.display())).because(&std::io::Error::from(error))
        })?;
        let lock = RunLock { path, _file: file };
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let id = self.write(|conn| {
            conn.execute("update ledger set newest_at = max(newest_at, ?1)", [now.0])?;
            conn.execute(
                "insert into runs (uuid, broadcast, host, pid, started_at) values (?1, ?2, ?3, ?4, ?5)",
                (&uuid, broadcast, host, std::process::id(), now.0),
            )?;
            Ok(conn.last_insert_rowid())
        })?;
        Ok(Run { id, lock })
    }

    /// Ends a run of this process. Rows that it still holds claimed become `unknown`.
    pub fn end_run(&mut self, run: Run, now: UnixMillis, why: &str, cool_down: Duration) -> Result<u64> {
        let ended = self.write(|conn| {
            conn.execute("update ledger set newest_at = max(newest_at, ?1)", [now.0])?;
            end(conn, run.id, now, why, cool_down, "lost")
        });
        match ended {
            Ok(left) => Ok(left),
            Err(error) => {
                run.abandon();
                Err(error)
            }
        }
    }

    /// Ends every run whose process is gone; how many sends became unknown. The clock may be one that nobody held against Graph's,
    /// as a webhook listener's is: one that is ahead must not make every later run's a clock behind the ledger.
    pub fn bury_dead_runs(&mut self, clock: &Clock, cool_down: Duration) -> Result<u64> {
        let open: Vec<(i64, String)> = {
            self.read(|conn| {
                conn.prepare_cached("select id, uuid from runs where ended_at is null")?
                    .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })?
        };
        let mut unknown = 0;
        for (id, uuid) in open {
            let path = self.runs_folder()?.join(format!("{uuid}.lock"));
            let Some(lock) = take_dead(&path)? else { continue };
            unknown += self.write(|conn| end(conn, id, clock.now(), "died", cool_down, "killed"))?;
            drop(lock);
        }
        Ok(unknown)
    }

    /// Waits until no other process plans this broadcast. Blocks; the lock ends with the value.
    pub fn lock_planning(&self, broadcast: i64, waiting: &mut dyn FnMut()) -> Result<PlanLock> {
        let path = self.runs_folder()?.join(format!("plan-{broadcast}.lock"));
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(|error| lock_failed(&path, &error))?;
            }
            Err(TryLockError::Error(error)) => return Err(lock_failed(&path, &error)),
        }
        Ok(PlanLock { _file: file })
    }
}

/// Held while a broadcast is planned.
pub struct PlanLock {
    _file: File,
}

/// The lock of a dead run: taken, or gone with its file. `None` while its owner lives.
fn take_dead(path: &Path) -> Result<Option<Option<RunLock>>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(None)),
        Err(error) => return Err(lock_failed(path, &error)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Some(RunLock { path: path.to_owned(), _file: file }))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(lock_failed(path, &error)),
    }
}

fn end(
    conn: &Connection,
    run: i64,
    now: UnixMillis,
    why: &str,
    cool_down: Duration,
    reason: &str,
) -> Result<u64, Fault> {
    let ended =
        conn.execute("update runs set ended_at = ?2, why = ?3 where id = ?1 and ended_at is null", (run, now.0, why))?;
    if ended == 0 {
        return Ok(0);
    }
    let broadcast: i64 = conn.query_row("select broadcast from runs where id = ?1", [run], |row| row.get(0))?;
    let until = now.plus(cool_down).plus(MARGIN);
    conn.execute(
        sql!(
            "update recipients set blocked_until = max(blocked_until, ?2), blocked_until_before_claim = null
             where id in (select recipient from sends where run = ?1 and state = {claimed})"
        ),
        (run, until.0),
    )?;
    let mut tally = Tally::default();
    let mut left = 0;
    let mut statement = conn.prepare_cached(sql!(
        "update sends set state = {unknown}, reason = ?3, finished_at = ?2 where run = ?1 and state = {claimed}
         returning coalesce(claimed_at, ?2)"
    ))?;
    let mut rows = statement.query((run, now, reason))?;
    while let Some(row) = rows.next()? {
        tally.moved(broadcast, row.get(0)?, State::Claimed, State::Unknown);
        left += 1;
    }
    tally.write(conn)?;
    Ok(left)
}

fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| lock_failed(path, &error))
}

fn lock_failed(path: &Path, error: &std::io::Error) -> Error {
    Error::ledger(format!("can't use the lock file {}", path.display()))
        .because(error)
        .hint("check the permissions and the space of the ledger's folder")
}
