//! The files of an open ledger: that at its path, and SQLite's log and shared memory beside it.
//!
//! SQLite finds the log and the shared memory by the ledger's name. Two processes know of each other's claims only if all three files are
//! the same for both; so each process looks, before each of its commits, whether it still has what the path names.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::place;

/// What distinguishes a file from another one at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    /// Asks by path: opening and closing the file a second time would drop SQLite's locks on it.
    pub fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|data| Self::from(&data))
    }

    /// One number for it.
    pub fn mixed(self) -> u64 {
        mixed(&[self])
    }
}

impl From<&Metadata> for Inode {
    fn from(data: &Metadata) -> Self {
        Self { device: data.dev(), number: data.ino() }
    }
}

/// The log and the shared memory of a ledger: beside the file itself, whatever symbolic link names it.
pub fn beside(path: &Path) -> [PathBuf; 2] {
    let real = place::real(path);
    ["-wal", "-shm"].map(|end| {
        let mut path = real.as_os_str().to_owned();
        path.push(end);
        path.into()
    })
}

/// One number for a log and its shared memory.
pub fn of_log(files: [Inode; 2]) -> u64 {
    mixed(&files)
}

/// Any mixture will do in which no two groups of files that exist at once are likely to be equal.
fn mixed(files: &[Inode]) -> u64 {
    let parts = files.iter().flat_map(|file| [file.device, file.number]);
    parts.fold(0, |sum: u64, part| (sum ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29))
}

/// A ledger as it was opened.
pub struct OpenFile {
    pub path: PathBuf,
    /// `None`: in memory, without a name, or only read.
    files: Option<Files>,
}

struct Files {
    ledger: Inode,
    beside: [(PathBuf, Inode); 2],
}

impl OpenFile {
    /// A ledger that nothing is recorded in that anybody must find.
    pub fn unwatched(path: &Path) -> Self {
        Self { path: path.to_owned(), files: None }
    }

    /// The files of a connection that has read from its log, and so keeps it and the shared memory in place.
    pub fn watched(path: &Path) -> Result<Self> {
        let data = ledger_at(path)?;
        let [log, memory] = beside(path).map(|path| match Inode::of(&path) {
            Ok(inode) => Ok((path, inode)),
            Err(_) => Err(Error::LogReplaced { path }),
        });
        let files = Files { ledger: Inode::from(&data), beside: [log?, memory?] };
        Ok(Self { path: path.to_owned(), files: Some(files) })
    }

    /// The number of its log; see [`of_log`].
    pub fn log(&self) -> Option<u64> {
        self.files.as_ref().map(|files| of_log([files.beside[0].1, files.beside[1].1]))
    }

    /// Refuses a path that no longer names the files that are open, or may not be the only name: nobody would read the claims recorded
    /// there.
    pub fn refuse_replaced(&self) -> Result<()> {
        let Some(files) = &self.files else { return Ok(()) };
        if Inode::from(&ledger_at(&self.path)?) != files.ledger {
            return Err(Error::Replaced { path: self.path.clone() });
        }
        for (path, inode) in &files.beside {
            if Inode::of(path).ok() != Some(*inode) {
                return Err(Error::LogReplaced { path: path.clone() });
            }
        }
        Ok(())
    }
}

/// Refuses what is not a file, and a ledger that may have another name, by which its log is another file: a second link, or a mount of the
/// file alone.
pub fn refuse_other_names(path: &Path) -> Result<()> {
    match ledger_at(path) {
        // Whoever opens it says what is wrong.
        Ok(_) | Err(Error::Gone { .. }) => place::refuse(&place::real(path)),
        Err(error) => Err(error),
    }
}

/// The file at the path of a ledger, which must be one and have no second link.
fn ledger_at(path: &Path) -> Result<Metadata> {
    let data = std::fs::metadata(path).map_err(|source| Error::Gone { path: path.to_owned(), source })?;
    if !data.is_file() {
        // Opening a pipe would wait for somebody who writes to it.
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    if data.nlink() > 1 {
        return Err(Error::Linked { path: path.to_owned(), links: data.nlink() });
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_that_is_not_the_open_one_any_more_is_found_out() {
        type Change = fn(&Path);
        type Expected = fn(&Error) -> bool;
        let named = |path: &Path, end: &str| path.to_str().unwrap().ends_with(end);
        let cases: [(Change, Expected); 8] = [
            (|at| fs::rename(at.join("other"), at.join("ledger.db")).unwrap(), |e| matches!(e, Error::Replaced { .. })),
            (|at| fs::remove_file(at.join("ledger.db")).unwrap(), |e| matches!(e, Error::Gone { .. })),
            (
                |at| fs::hard_link(at.join("ledger.db"), at.join("second")).unwrap(),
                |e| matches!(e, Error::Linked { links: 2, .. }),
            ),
            (|at| fs::remove_file(at.join("ledger.db-wal")).unwrap(), |e| matches!(e, Error::LogReplaced { .. })),
            (|at| fs::remove_file(at.join("ledger.db-shm")).unwrap(), |e| matches!(e, Error::LogReplaced { .. })),
            (
                |at| fs::rename(at.join("other"), at.join("ledger.db-wal")).unwrap(),
                |e| matches!(e, Error::LogReplaced { .. }),
            ),
            (
                |at| fs::rename(at.join("other"), at.join("ledger.db-shm")).unwrap(),
                |e| matches!(e, Error::LogReplaced { .. }),
            ),
            (|at| fs::write(at.join("ledger.db-shm"), "grown in place").unwrap(), |_| false),
        ];
        for (n, (change, expected)) in cases.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let at = folder.path();
            for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "other"] {
                fs::write(at.join(name), name).unwrap();
            }
            let path = at.join("ledger.db");
            let file = OpenFile::watched(&path).unwrap();
            file.refuse_replaced().unwrap();
            change(at);
            match file.refuse_replaced() {
                Err(error) => {
                    assert!(expected(&error), "{n}: {error}");
                    if let Error::LogReplaced { path } = error {
                        assert!(named(&path, "-wal") || named(&path, "-shm"), "{n}: {}", path.display());
                    }
                }
                Ok(()) => assert_eq!(n, 7, "not found out"),
            }
        }
    }

    #[test]
    fn other_files_have_other_numbers() {
        let inode = |number| Inode { device: 1, number };
        let mut numbers: Vec<_> =
            (0..100).flat_map(|log| (0..100).map(move |memory| of_log([inode(log), inode(memory)]) >> 2)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 10_000);
    }
}
