//! How a ledger begins: whole, or not at all; and never in the place of one that was used and is gone.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{Error, Failure, Result};
use super::identity;
use super::locks::{self, Locks};
use super::place;

/// Whether there is no ledger at this path, or a file without a byte.
pub fn is_empty(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(data) => data.is_file() && data.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Refuses to take a missing or empty ledger for a new one if it was used here: who was messaged from it is not known any more.
pub fn refuse_lost(path: &Path) -> Result<()> {
    // The trace first: another process may be making the ledger, and leaves the trace after the file.
    let Some(trace) = trace(path) else { return Ok(()) };
    if is_empty(path) {
        return Err(Error::Lost { path: path.to_owned(), is_empty: path.exists(), trace });
    }
    Ok(())
}

/// What shows that a ledger with this path was used: its log, which goes only when the last process has closed it well, or the note.
fn trace(path: &Path) -> Option<PathBuf> {
    identity::beside(path).into_iter().chain(note(path)).find(|path| path.exists())
}

fn note(path: &Path) -> Option<PathBuf> {
    let real = place::real(path);
    Some(Locks::trace(place::folder_of(&real), real.file_name()?))
}

/// Notes that a ledger with this path is in use.
pub fn note_use(path: &Path) -> Result<()> {
    let Some(note) = note(path) else { return Ok(()) };
    Locks::beside(place::folder_of(&place::real(path)))?;
    locks::open(&note).map(drop)
}

/// Makes a ledger under another name and gives it its own when it is complete. Whether it was this process that made it: another may
/// have been faster.
pub fn make(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<bool> {
    let real = place::real(path);
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::StorageFull => {
            Error::Database { ledger: path.into(), failure: Failure::DiskFull, source: std::sync::Arc::new(source) }
        }
        _ => Error::NotMade { path: path.to_owned(), source },
    };
    let folder = place::folder_of(&real);
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let new = tempfile::Builder::new().prefix(&format!(".{name}.")).suffix(".new").tempfile_in(folder);
    // Closed: SQLite alone has it open.
    let new = new.map_err(failed)?.into_temp_path();
    fill(&new).map_err(|error| error.at(path))?;
    match new.persist_noclobber(&real) {
        Ok(()) => {}
        Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(other) => return Err(failed(other.error)),
    }
    // What is recorded in it later must not go with its name. Where a folder can't be synced, SQLite does without it, too.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_ledger_that_was_used_is_not_new() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, text) in [("missing.db", None), ("empty.db", Some("")), ("full.db", Some("x"))] {
            let path = at(name);
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            refuse_lost(&path).unwrap();
            let is_lost = |shown: &Path| match refuse_lost(&path) {
                Err(Error::Lost { is_empty, trace, .. }) => {
                    assert_eq!((is_empty, trace.file_name()), (text.is_some(), shown.file_name()));
                    true
                }
                Err(error) => panic!("{error}"),
                Ok(()) => false,
            };
            for beside in identity::beside(&path) {
                fs::write(&beside, "").unwrap();
                assert_eq!(is_lost(&beside), name != "full.db", "{name}");
                fs::remove_file(beside).unwrap();
            }
            note_use(&path).unwrap();
            note_use(&path).unwrap();
            assert_eq!(is_lost(&note(&path).unwrap()), name != "full.db", "{name}");
        }
    }

    #[test]
    fn a_ledger_is_made_whole_or_not_at_all_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let broken = make(&path, |new| {
            fs::write(new, "half").unwrap();
            Err(Error::ThreadGone)
        });
        assert!(broken.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let make_with = |text: &str| {
            let fill = |new: &Path| {
                fs::write(new, text).unwrap();
                Ok(())
            };
            make(&path, fill).unwrap()
        };
        assert!(make_with("first"));
        assert!(!make_with("second"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
