//! Who has a ledger open, and with which log: locks that live in the open files, whatever their names.
//!
//! Each process holds a shared lock on one byte of the ledger's file, far behind its end, whose place is made of the inodes of its log and
//! shared memory. Whoever finds another byte locked would not see that process's claims, and must not open the ledger. In the same way
//! it holds a byte of the log for the inode of the ledger: whoever puts another file in the ledger's place must not read that log into
//! it. SQLite's own locks say only that somebody has the ledger open.
//!
//! The locks are those of an open file description: closing it frees no other, and processes in other containers see it. Linux has
//! them. Elsewhere only the checks of [`super::identity`] are left.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use memchr::memmem;

use super::error::{Error, Failure, Result};
use super::identity::{self, Inode};

/// SQLite locks bytes around 2^30; the last byte that can be locked is 2^63 - 2.
const FIRST: u64 = 1 << 62;
const PLACES: u64 = (1 << 62) - 1;

/// A ledger's file, looked at before SQLite opens it and not yet in use.
pub struct Arrival {
    ledger: File,
    /// The log, of which SQLite locks nothing: it may be closed at any time.
    log: Option<File>,
}

/// The locks of an open ledger.
pub struct Presence {
    /// It stays open for as long as the process lives, as SQLite keeps its own: closing it would drop the locks of every connection that
    /// this process has to the file.
    ledger: &'static File,
    log: Option<File>,
}

impl Arrival {
    /// Refuses a ledger that a process has open with another log than the one that SQLite would find now, and one beside whose log
    /// another ledger is open. This process must have no connection to the file: what is opened here is closed again if the ledger
    /// can't be opened.
    pub fn at(path: &Path) -> Result<Self> {
        let failed = |source: io::Error| Error::Database {
            ledger: path.into(),
            failure: Failure::CannotOpen,
            source: std::sync::Arc::new(source),
        };
        let ledger = File::open(path).map_err(failed)?;
        let [log, memory] = identity::beside(path);
        // A log that can't be read is for SQLite to tell of.
        if let Ok(file) = File::open(&log) {
            let own = Inode::of(path).map_err(failed)?;
            if is_used_by_another(&file, Some(own.mixed())).map_err(failed)? {
                return Err(Error::LogOfAnother { path: path.to_owned(), log });
            }
        }
        // A process that has just opened it has made its log since it was looked for: with a second look both agree.
        for _ in 0..3 {
            let log = Inode::of(&log).ok().zip(Inode::of(&memory).ok());
            let log = log.map(|(log, memory)| identity::of_log([log, memory]));
            if !is_used_by_another(&ledger, log).map_err(failed)? {
                return Ok(Self { ledger, log: None });
            }
        }
        Err(Error::OtherLog { path: path.to_owned() })
    }

    /// Joins the processes that have the ledger open with the same log. It is called when the connection has read from the log: then
    /// it stays the same.
    pub fn join(&mut self, path: &Path, log: u64) -> Result<()> {
        let failed = |source| Error::Lock { path: path.to_owned(), source };
        // First the lock, then the look: of two that come at once, at least one sees the other.
        bytes::lock(&self.ledger, place(log)).map_err(failed)?;
        if is_used_by_another(&self.ledger, Some(log)).map_err(failed)? {
            return Err(Error::OtherLog { path: path.to_owned() });
        }
        let [log, _] = identity::beside(path);
        let file = File::open(log).map_err(failed)?;
        bytes::lock(&file, place(Inode::of(path).map_err(failed)?.mixed())).map_err(failed)?;
        self.log = Some(file);
        Ok(())
    }

    /// The ledger is open.
    pub fn stay(self) -> Presence {
        Presence { ledger: Box::leak(Box::new(self.ledger)), log: self.log }
    }
}

/// Where a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    File,
    Log,
}

impl Presence {
    /// Looks for texts in all bytes of the ledger's file and its log, in use or not. They are open here, so that nothing has to be closed.
    pub fn search(&self, texts: &[String]) -> io::Result<Option<Place>> {
        if let Some(log) = &self.log
            && holds(log, texts)?
        {
            return Ok(Some(Place::Log));
        }
        Ok(holds(self.ledger, texts)?.then_some(Place::File))
    }
}

/// Whether a file holds one of these texts.
fn holds(file: &File, texts: &[String]) -> io::Result<bool> {
    const PART: usize = 1 << 20;
    let longest = texts.iter().map(String::len).max().unwrap_or(0);
    let finders: Vec<_> = texts.iter().map(memmem::Finder::new).collect();
    let mut part = vec![0; longest + PART];
    // What may be the head of a text stays before the next part.
    let (mut kept, mut at) = (0, 0);
    loop {
        let read = match file.read_at(&mut part[kept..], at) {
            Ok(0) => return Ok(false),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        at += read as u64;
        let end = kept + read;
        if finders.iter().any(|finder| finder.find(&part[..end]).is_some()) {
            return Ok(true);
        }
        kept = longest.min(end);
        part.copy_within(end - kept..end, 0);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // It goes with the process at the latest.
        let _ = bytes::unlock(self.ledger, FIRST, PLACES);
    }
}

/// Whether another process has another byte than that of `own`.
fn is_used_by_another(file: &File, own: Option<u64>) -> io::Result<bool> {
    let Some(own) = own.map(place) else { return bytes::are_locked(file, FIRST, PLACES) };
    Ok(bytes::are_locked(file, FIRST, own - FIRST)? || bytes::are_locked(file, own + 1, FIRST + PLACES - own - 1)?)
}

fn place(number: u64) -> u64 {
    FIRST + number % PLACES
}

#[cfg(target_os = "linux")]
mod bytes {
    use std::fs::File;
    use std::io;

    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    pub fn lock(file: &File, at: u64) -> io::Result<()> {
        fcntl(file, FcntlArg::F_OFD_SETLK(&range(libc::F_RDLCK, at, 1)?))?;
        Ok(())
    }

    pub fn unlock(file: &File, from: u64, length: u64) -> io::Result<()> {
        fcntl(file, FcntlArg::F_OFD_SETLK(&range(libc::F_UNLCK, from, length)?))?;
        Ok(())
    }

    /// Whether anybody else has locked one of these bytes.
    pub fn are_locked(file: &File, from: u64, length: u64) -> io::Result<bool> {
        // A length of 0 would mean all bytes to the end.
        if length == 0 {
            return Ok(false);
        }
        let mut found = range(libc::F_WRLCK, from, length)?;
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut found))?;
        Ok(i32::from(found.l_type) != libc::F_UNLCK)
    }

    fn range(kind: i32, from: u64, length: u64) -> io::Result<libc::flock> {
        let too_large = |_| io::ErrorKind::InvalidInput;
        Ok(libc::flock {
            l_type: i16::try_from(kind).map_err(too_large)?,
            l_whence: i16::try_from(libc::SEEK_SET).map_err(too_large)?,
            l_start: i64::try_from(from).map_err(too_large)?,
            l_len: i64::try_from(length).map_err(too_large)?,
            l_pid: 0,
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod bytes {
    use std::fs::File;
    use std::io;

    pub fn lock(_file: &File, _at: u64) -> io::Result<()> {
        Ok(())
    }

    pub fn unlock(_file: &File, _from: u64, _length: u64) -> io::Result<()> {
        Ok(())
    }

    pub fn are_locked(_file: &File, _from: u64, _length: u64) -> io::Result<bool> {
        Ok(false)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
