//! Room on the ledger's disk: how long the WAL may get, what is kept for the answers of requests in flight, and what must be free
//! before more is begun.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::address::Address;
use super::db::{self, Conn};

use super::error::{Error, Failure, Need, Result};
use crate::rate::DEFAULT_CONCURRENCY;

/// Pages between checkpoints. New people land all over the index of keys: with many pages such a page is written once and not sixteen
/// times. So much, if the disk has room for it …
const MOST_PAGES: u64 = 16_384;
/// … and at least so much.
const FEWEST_PAGES: u64 = 256;
const PAGE: u64 = 4096;
/// The WAL may take up this part of what is free.
const WAL_PART: u64 = 8;

/// The shortest WAL, and what ends a run.
const BASE: u64 = FEWEST_PAGES * PAGE * 3 / 2;
/// By how much one answer makes the database longer: a row that became longer splits its page.
const PER_ANSWER: u64 = 2 * PAGE;

/// What is left of a reserve is not divided below this.
const LEAST: u64 = 64 * PAGE;

/// For so long an answer is good enough for the length of the WAL, which need not be exact.
const LATELY: Duration = Duration::from_millis(20);
/// … and for what must be free, if so much more was: no disk fills up as fast.
const PLENTY: u64 = 1 << 30;

/// How long a writer waits for another process's transaction before it gives up …
pub const BUSY: Duration = Duration::from_secs(60);
/// … and how long a checkpoint waits for those that read or write, while requests are in flight.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// The room of an open ledger's disk.
pub struct Room {
    /// `None`: in memory, without a name, or only read.
    folder: Option<PathBuf>,
    pages: u64,
    /// What was free when it was last asked, and when that was.
    last: Cell<Option<(Instant, u64)>>,
}

impl Room {
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), ..Self::unlimited() }
    }

    pub const fn unlimited() -> Self {
        Self { folder: None, pages: 0, last: Cell::new(None) }
    }

    pub const fn is_limited(&self) -> bool {
        self.folder.is_some()
    }

    /// What is free; `None` if it is not known.
    pub fn free(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(self.folder.as_ref()?).ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        self.last.set(Some((Instant::now(), free)));
        Some(free)
    }

    fn lately_free(&self) -> Option<u64> {
        match self.last.get() {
            Some((at, free)) if at.elapsed() < LATELY => Some(free),
            _ => self.free(),
        }
    }

    /// Lets the WAL get as long as the disk allows now. Its file keeps a bit more than that, which is what it has when it is full: one
    /// that was cut would get longer again with each commit, and a sync then has more to write.
    pub fn fit(&mut self, conn: &Conn) -> db::Result<()> {
        let pages = wal_pages(self.lately_free());
        if pages != self.pages {
            conn.limit_log(pages, pages * PAGE * 9 / 8)?;
            self.pages = pages;
        }
        Ok(())
    }

    /// Refuses if less than `needed` is free, even after a checkpoint.
    pub fn require(&self, conn: &Conn, need: Need, needed: u64) -> Result<()> {
        let has_plenty = self.lately_free().is_none_or(|free| free >= needed.saturating_add(PLENTY));
        if has_plenty || self.free().is_none_or(|free| free >= needed) {
            return Ok(());
        }
        shrink_wal(conn);
        match self.free() {
            Some(free) if free < needed => Err(Error::NoRoom { ledger: Address::unknown(), need, free, needed }),
            _ => Ok(()),
        }
    }
}

/// Writes the WAL into the database and makes it empty, as far as other processes allow: what is needed then shows whether it helped.
pub fn shrink_wal(conn: &Conn) {
    let _ = conn.busy_timeout(CHECKPOINT);
    let _ = conn.empty_log();
    let _ = conn.busy_timeout(BUSY);
}

/// A power of two, so that it does not change with every commit.
fn wal_pages(free: Option<u64>) -> u64 {
    let pages = free.map_or(MOST_PAGES, |free| free / PAGE / WAL_PART).clamp(FEWEST_PAGES, MOST_PAGES);
    1 << pages.ilog2()
}

/// What the answers of so many requests in flight may take up.
pub fn for_answers(in_flight: usize) -> u64 {
    BASE + PER_ANSWER * in_flight as u64
}

/// What long work leaves free, so that sends can begin and end meanwhile: as much as a run needs.
pub fn left_by_long_work() -> u64 {
    2 * for_answers(DEFAULT_CONCURRENCY as usize)
}

/// Whether it failed because the disk is full.
pub fn is_full(error: &Error) -> bool {
    matches!(error, Error::Database { failure: Failure::DiskFull, .. })
}

/// Room that is kept for the answers of a run's requests in flight: in its lock file, with which it goes, however the run ends.
#[derive(Clone, Debug)]
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// Takes up `bytes` in the lock file at `path`, which is open as `file`.
    pub fn make(path: &Path, mut file: &File, bytes: u64) -> io::Result<Self> {
        use rustix::fs::{FallocateFlags, fallocate};
        match fallocate(file, FallocateFlags::empty(), 0, bytes) {
            Ok(()) => {}
            Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT | rustix::io::Errno::FBIG) => {
                return Err(io::ErrorKind::StorageFull.into());
            }
            // Not every file system can.
            Err(_) => {
                let zeros = vec![0; 1 << 16];
                for _ in 0..bytes.div_ceil(zeros.len() as u64) {
                    file.write_all(&zeros)?;
                }
            }
        }
        Ok(Self { path: path.to_owned(), bytes })
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives back half of the room that is left, so that answers can be recorded on a disk that is full: whoever filled it may take this,
    /// too. `false`: there was none left.
    pub fn release_half(&self) -> bool {
        let Ok(file) = OpenOptions::new().write(true).open(&self.path) else { return false };
        let left = file.metadata().map_or(0, |data| data.len());
        left > 0 && file.set_len(if left < LEAST { 0 } else { left / 2 }).is_ok()
    }

    /// Gives all of it back.
    pub fn release(&self) {
        // Not `truncate(true)`, which may create it: a run without its file is dead, and stays so.
        if let Ok(file) = OpenOptions::new().write(true).open(&self.path) {
            let _ = file.set_len(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wal_gets_an_eighth_of_what_is_free() {
        const MB: u64 = 1 << 20;
        for (free, pages) in [
            (None, MOST_PAGES),
            (Some(u64::MAX), MOST_PAGES),
            (Some(512 * MB), MOST_PAGES),
            (Some(512 * MB - 1), MOST_PAGES / 2),
            (Some(24 * MB), 512),
            (Some(16 * MB - 1), FEWEST_PAGES),
            (Some(0), FEWEST_PAGES),
        ] {
            assert_eq!(wal_pages(free), pages, "{free:?}");
        }
    }

    #[test]
    fn a_reserve_takes_up_room_until_it_is_released() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let file = File::create(&path).unwrap();
        let reserve = Reserve::make(&path, &file, for_answers(64)).unwrap();
        assert!(file.metadata().unwrap().blocks() * 512 >= for_answers(64));
        let blocks = || file.metadata().unwrap().blocks();
        let whole = blocks();
        assert!(reserve.release_half() && blocks() < whole * 3 / 5 && blocks() > 0);
        let halves = (0..).take_while(|_| reserve.release_half()).count();
        assert!((2..8).contains(&halves), "{halves}");
        assert_eq!(blocks(), 0);
        std::fs::remove_file(&path).unwrap();
        reserve.release();
        assert!(!reserve.release_half() && !path.exists());
    }
}
