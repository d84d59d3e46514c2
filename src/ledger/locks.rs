//! Lock files beside the ledger: the one place that says whether a run is alive. No heartbeats to guess from.
//!
//! A run creates and locks `runs/<uuid>.lock`, then inserts its row. Whoever can take that lock, or finds the file gone, knows that
//! the owner is dead.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::room::Reserve;

/// The folder of a ledger's lock files.
pub struct Locks(PathBuf);

/// The lock of a run. Its file goes with it, for a run that has ended says nothing any more.
pub struct RunLock {
    path: PathBuf,
    file: File,
}

impl RunLock {
    /// Keeps room on the disk in the file, which says nothing by what it holds.
    pub fn keep_room(&self, bytes: u64) -> Result<Reserve> {
        Reserve::make(&self.path, &self.file, bytes).map_err(|error| failed(&self.path, error))
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Held while a broadcast is planned.
pub struct PlanLock {
    _file: File,
}

/// The lock of a dead run: taken, or gone with its file.
pub struct DeadRunLock {
    _lock: Option<RunLock>,
}

impl Locks {
    /// The folder beside the ledger in `folder`; made when it is missing.
    pub fn beside(folder: &Path) -> Result<Self> {
        let runs = Self::of(folder);
        std::fs::create_dir_all(&runs.0).map_err(|error| failed(&runs.0, error))?;
        Ok(runs)
    }

    /// The folder of lock files beside the ledger in `folder`.
    pub fn folder(folder: &Path) -> PathBuf {
        folder.join("runs")
    }

    fn of(folder: &Path) -> Self {
        Self(Self::folder(folder))
    }

    /// The file that says that a ledger of this name was used in this folder.
    pub fn trace(folder: &Path, ledger: &OsStr) -> PathBuf {
        let mut name = ledger.to_owned();
        name.push(".seen");
        Self::of(folder).0.join(name)
    }

    fn run(&self, uuid: &str) -> PathBuf {
        self.0.join(format!("{uuid}.lock"))
    }

    /// Holds the lock of a new run of this process.
    pub fn hold(&self, uuid: &str) -> Result<RunLock> {
        let path = self.run(uuid);
        let file = open(&path)?;
        file.try_lock().map_err(|error| failed(&path, error.into()))?;
        Ok(RunLock { path, file })
    }

    /// What is left of a run whose owner is dead; `None` while it lives.
    pub fn take_dead(&self, uuid: &str) -> Result<Option<DeadRunLock>> {
        let path = self.run(uuid);
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(DeadRunLock { _lock: None })),
            Err(error) => return Err(failed(&path, error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(DeadRunLock { _lock: Some(RunLock { path, file }) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(&path, error)),
        }
    }

    /// Whether a run's owner is alive, for somebody who only reads: nothing is created, taken or removed.
    pub fn is_alive(folder: &Path, uuid: &str) -> bool {
        is_held(&Self::of(folder).run(uuid))
    }

    /// Whether a run's owner is gone, for somebody who only reads. A lock file that can't be read says nothing.
    pub fn is_dead(folder: &Path, uuid: &str) -> bool {
        match File::open(Self::of(folder).run(uuid)) {
            Ok(file) => file.try_lock_shared().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// How many processes hold a lock here, whatever the ledger knows of them: a copy of it may know less.
    pub fn held(folder: &Path) -> u64 {
        let Ok(entries) = std::fs::read_dir(Self::folder(folder)) else { return 0 };
        let locks = entries.flatten().map(|entry| entry.path());
        let locks = locks.filter(|path| path.extension().is_some_and(|extension| extension == "lock"));
        locks.filter(|path| is_held(path)).count() as u64
    }

    /// Waits until no other process plans this broadcast of the ledger of this name; `waiting` is called first if one does.
    pub fn alone(&self, word: &str, ledger: &OsStr, number: i64, waiting: &mut dyn FnMut()) -> Result<PlanLock> {
        // Ledgers in one folder number their broadcasts alike.
        let mut name = OsString::from(format!("{word}-"));
        name.push(ledger);
        name.push(format!("-{number}.lock"));
        let path = self.0.join(name);
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                file.lock().map_err(|error| failed(&path, error))?;
            }
            Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
        }
        Ok(PlanLock { _file: file })
    }
}

#[cfg(test)]
impl RunLock {
    /// What is left of a process that was killed: the lock is free, and its file is there.
    pub fn crash(self) {
        let path = self.path.clone();
        drop(self);
        std::fs::write(path, "").expect("the lock file of a dead run");
    }
}

fn is_held(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Opens a file of this folder; makes it if there is none.
pub fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| failed(path, error))
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Lock { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ledgers_in_one_folder_are_planned_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks::beside(folder.path()).unwrap();
        let mut waited = false;
        let one = locks.alone("plan", OsStr::new("one.db"), 1, &mut || waited = true).unwrap();
        let _two = locks.alone("plan", OsStr::new("two.db"), 1, &mut || waited = true).unwrap();
        let _next = locks.alone("plan", OsStr::new("one.db"), 2, &mut || waited = true).unwrap();
        assert!(!waited);
        std::thread::scope(|scope| {
            let (say, hear) = std::sync::mpsc::channel();
            let same = scope.spawn(move || {
                let locks = Locks::beside(folder.path()).unwrap();
                locks.alone("plan", OsStr::new("one.db"), 1, &mut || say.send(()).unwrap()).unwrap();
            });
            hear.recv().unwrap();
            drop(one);
            same.join().unwrap();
        });
    }
}
