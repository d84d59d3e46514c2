//! The witness: a small file beside the ledger that says how far the ledger has got. A ledger that is behind it is an old copy.
//!
//! It is written after commits and never before, so it may be behind the ledger and never ahead of it: what a crash leaves is a
//! witness that sees less. It is named by the ledger's identity, so that a copy under another name in the same folder meets it too.
//! A ledger without a witness (in another folder, on another machine) can't be told from its copies: Graph's refusals tell then.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::error::Closed;
use super::gate;
use super::locks::Locks;
use crate::clock::UnixMillis;

/// How often it is written while a run sends.
const EVERY: Duration = Duration::from_secs(1);

const EXTENSION: &str = "witness";

/// No witness is longer.
const LONGEST: u64 = 4096;

/// How far a ledger has got, by itself.
struct Progress {
    identity: String,
    steps: i64,
    newest_at: UnixMillis,
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The name of the ledger's file.
    ledger: String,
    steps: i64,
    newest_at: i64,
}

/// The witness of an open ledger.
#[derive(Default)]
pub struct Witness {
    /// The folder of the file, and the ledger's name; `None` for a ledger without a file.
    place: Option<(PathBuf, String)>,
    written: Option<Instant>,
}

impl Witness {
    /// Of the ledger at `path`, whatever link that is, in `folder`.
    pub fn of(path: &Path, folder: &Path) -> Self {
        Self { place: Some((Locks::folder(folder), name_of(path))), written: None }
    }

    /// Why the ledger can't be the newest, if it is seen to be a copy.
    pub fn doubts(&self, conn: &Connection) -> rusqlite::Result<Option<Closed>> {
        let ledger = progress(conn)?;
        Ok(self.seen(&ledger.identity).and_then(|seen| is_behind(&ledger, &seen)))
    }

    /// How many steps the witness has seen.
    pub fn steps(&self, conn: &Connection) -> rusqlite::Result<i64> {
        Ok(self.seen(&progress(conn)?.identity).map_or(0, |seen| seen.steps))
    }

    fn seen(&self, identity: &str) -> Option<Seen> {
        let (runs, _) = self.place.as_ref()?;
        read(&file(runs, identity)).ok()
    }

    /// Writes down what is committed. If that fails nothing is lost: the witness is only less sharp.
    pub fn look(&mut self, conn: &Connection) {
        self.written = Some(Instant::now());
        let (Some((runs, name)), Ok(ledger)) = (&self.place, progress(conn)) else { return };
        let path = file(runs, &ledger.identity);
        let seen = Seen { ledger: name.clone(), steps: ledger.steps, newest_at: ledger.newest_at.0 };
        // Another process may have seen more meanwhile.
        if read(&path).is_ok_and(|before| before.steps >= seen.steps) {
            return;
        }
        let _ = write(runs, &path, &seen);
    }

    /// The same, but not more often than once a second.
    pub fn glance(&mut self, conn: &Connection) {
        if self.place.is_some() && self.written.is_none_or(|written| written.elapsed() >= EVERY) {
            self.look(conn);
        }
    }
}

/// Counts a step of the ledger, in the transaction that makes it. `now` is of a clock that was checked against Graph's.
pub fn step(conn: &Connection, now: Option<UnixMillis>) -> rusqlite::Result<()> {
    conn.prepare_cached("update ledger set steps = steps + 1, newest_at = max(newest_at, ?1)")?
        .execute([now.unwrap_or_default()])
        .map(drop)
}

/// The ledger counts on from what was seen of another copy of it.
pub fn overtake(conn: &Connection, steps: i64) -> rusqlite::Result<()> {
    conn.execute("update ledger set steps = max(steps, ?1)", [steps]).map(drop)
}

/// A ledger at `path` from before there were witnesses, while the folder has one of a ledger of this name: it is older than that one.
pub fn close_if_known(conn: &Connection, path: &Path, folder: &Path) -> rusqlite::Result<()> {
    let name = name_of(path);
    let Ok(entries) = std::fs::read_dir(Locks::folder(folder)) else { return Ok(()) };
    let paths = entries.flatten().map(|entry| entry.path());
    let witnesses = paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
    let newest = witnesses.filter_map(|path| read(&path).ok()).filter(|seen| seen.ledger == name);
    match newest.map(|seen| seen.newest_at).max() {
        Some(until) => {
            gate::close(conn, Closed::Restored { from: progress(conn)?.newest_at, until: UnixMillis(until) })
        }
        None => Ok(()),
    }
}

fn is_behind(ledger: &Progress, seen: &Seen) -> Option<Closed> {
    (ledger.steps < seen.steps)
        .then_some(Closed::Restored { from: ledger.newest_at, until: UnixMillis(seen.newest_at) })
}

fn progress(conn: &Connection) -> rusqlite::Result<Progress> {
    conn.prepare_cached("select identity, steps, newest_at from ledger")?
        .query_row((), |row| Ok(Progress { identity: row.get(0)?, steps: row.get(1)?, newest_at: row.get(2)? }))
}

fn name_of(path: &Path) -> String {
    let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn file(runs: &Path, identity: &str) -> PathBuf {
    // A ledger is only data: its identity must not lead elsewhere.
    let name: String = identity.chars().filter(char::is_ascii_alphanumeric).collect();
    runs.join(name).with_extension(EXTENSION)
}

fn read(path: &Path) -> io::Result<Seen> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// In place of the file that is there, so that nobody reads half of it.
fn write(runs: &Path, path: &Path, seen: &Seen) -> io::Result<()> {
    std::fs::create_dir_all(runs)?;
    let mut new = tempfile::NamedTempFile::new_in(runs)?;
    new.write_all(serde_json::to_string(seen)?.as_bytes())?;
    new.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
