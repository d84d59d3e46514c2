//! The witness: a small file beside the ledger that says how far the ledger has got. A ledger that is behind it is an old copy.
//!
//! It is written after commits and never before, so it may be behind the ledger and never ahead of it: what a crash leaves is a
//! witness that sees less. What is claimed is seen before it leaves. It is named by the ledger's identity, so that a copy under another
//! name in the same folder meets it too, and is held from the look at it to the write: of two copies that send at once, one sees the
//! other. A ledger without a witness (in another folder, on another machine) can't be told from its copies: Graph's refusals tell then.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::db::{self, Conn, HAS_STANDBY, Row};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::error::Closed;
use super::gate;
use super::identity::Inode;
use super::locks::Locks;
use super::place;
use super::sql::sql;
use crate::clock::UnixMillis;

/// How long it is waited for: whoever holds it commits meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

const EXTENSION: &str = "witness";

/// No witness is longer …
const LONGEST: usize = 4096;
/// … and none shorter, so that a new text covers the old one.
const SHORTEST: usize = 512;

/// What [`Progress::read`] reads, of the ledger's row.
pub const PROGRESS: &str = "identity, steps, newest_at";

/// How far a ledger has got, by itself.
#[derive(Default)]
pub struct Progress {
    identity: String,
    steps: i64,
    newest_at: UnixMillis,
}

impl Progress {
    pub fn of(conn: &Conn) -> db::Result<Self> {
        conn.prepare_cached(sql!("select {columns} from ledger", columns = PROGRESS))?
            .query_row((), |row| Self::read(row, 0))
    }

    /// From [`PROGRESS`], the first at `first`.
    pub fn read(row: &Row<'_>, first: usize) -> db::Result<Self> {
        Ok(Self { identity: row.get(first)?, steps: row.get(first + 1)?, newest_at: row.get(first + 2)? })
    }

    /// Of a ledger on a server, which has no witness: it is known to have got to this time.
    pub fn on_server(newest_at: UnixMillis) -> Self {
        Self { newest_at, ..Self::default() }
    }

    pub const fn newest_at(&self) -> UnixMillis {
        self.newest_at
    }

    pub const fn steps(&self) -> i64 {
        self.steps
    }

    /// Counts a step in the transaction that makes it, and in which this was read.
    ///
    /// On a server there is no witness, and others step at the same time: the ledger's row, for which they would wait, gets a newer time
    /// once a second, and says whether a standby has it.
    pub fn step(&mut self, conn: &Conn, now: UnixMillis) -> db::Result<()> {
        if conn.is_server() {
            if now <= self.newest_at.plus(Duration::from_secs(1)) {
                return Ok(());
            }
            return conn
                .prepare_cached(&format!(
                    "update ledger set newest_at = ?1, replicated = {HAS_STANDBY} where newest_at < cast(?1 as int8) - 1000"
                ))?
                .execute([now])
                .map(drop);
        }
        step(conn, Some(now))?;
        self.steps += 1;
        self.newest_at = self.newest_at.max(now);
        Ok(())
    }
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
#[derive(Clone, Default)]
pub struct Witness {
    /// `None` for a ledger without a file.
    place: Option<Place>,
}

#[derive(Clone)]
struct Place {
    ledger: PathBuf,
    /// The folder of the file.
    runs: PathBuf,
    /// The same beside a symbolic link that names the ledger. It is only read: if the link led to another copy before, it knows that.
    of_link: PathBuf,
    /// Open from one transaction to the next: a run has thousands.
    kept: Arc<Mutex<Option<Arc<Kept>>>>,
}

/// The witness's file, and the name of the ledger's.
struct Kept {
    path: PathBuf,
    file: File,
    ledger: String,
}

/// A witness that nobody else can write until this value ends; by default, of a ledger that has none.
#[derive(Default)]
pub struct Held {
    /// `None` if it can't be written: nothing is lost then, the witness is only less sharp.
    file: Option<Arc<Kept>>,
    seen: Option<Seen>,
    /// Bytes in the file.
    length: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(kept) = &self.file {
            let _ = kept.file.unlock();
        }
    }
}

impl Held {
    /// Why the ledger can't be the newest, by what was seen of its copies.
    pub fn doubts(&self, ledger: &Progress) -> Option<Closed> {
        is_behind(ledger, self.seen.as_ref()?)
    }

    /// Writes down what is committed.
    pub fn look(self, ledger: &Progress) {
        let Some(kept) = &self.file else { return };
        if self.seen.as_ref().is_none_or(|before| before.steps < ledger.steps) {
            let seen = Seen { ledger: kept.ledger.clone(), steps: ledger.steps, newest_at: ledger.newest_at.0 };
            let _ = write(&kept.file, &seen, self.length);
        }
    }
}

impl Witness {
    /// Of the ledger at `path`, whatever link that is, in `folder`.
    pub fn of(path: &Path, folder: &Path) -> Self {
        let of_link = Locks::folder(place::folder_of(path));
        let (ledger, runs) = (path.to_owned(), Locks::folder(folder));
        Self { place: Some(Place { ledger, runs, of_link, kept: Arc::default() }) }
    }

    /// Why the ledger can't be the newest, if it is seen to be a copy. Not in a transaction that only reads: it would not see what others
    /// have committed since it began.
    pub fn doubts(&self, conn: &Conn) -> db::Result<Option<Closed>> {
        // The witness first: what others commit meanwhile makes the ledger newer, and never the witness newer than what is read then.
        let Some(seen) = self.seen(&Progress::of(conn)?.identity) else { return Ok(None) };
        Ok(is_behind(&Progress::of(conn)?, &seen))
    }

    /// How many steps the witness has seen.
    pub fn steps(&self, conn: &Conn) -> db::Result<i64> {
        Ok(self.seen(&Progress::of(conn)?.identity).map_or(0, |seen| seen.steps))
    }

    fn seen(&self, identity: &str) -> Option<Seen> {
        let place = self.place.as_ref()?;
        let seen = [&place.runs, &place.of_link].map(|runs| read(&file(runs, identity)).ok());
        seen.into_iter().flatten().max_by_key(|seen| seen.steps)
    }

    /// Keeps the witness from all other processes. Who also writes to the ledger has begun to before.
    pub fn hold(&self, ledger: &Progress) -> Held {
        let Some(place) = &self.place else { return Held::default() };
        let path = file(&place.runs, &ledger.identity);
        let mut kept = place.kept.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = hold(kept.take(), &path, place).ok();
        match &*kept {
            Some(kept) => {
                let (seen, length) = parse(&kept.file).map_or((None, 0), |(seen, length)| (Some(seen), length));
                Held { seen, file: Some(Arc::clone(kept)), length }
            }
            None => Held { seen: read(&path).ok(), file: None, length: 0 },
        }
    }
}

/// Counts a step of the ledger, in the transaction that makes it. `now` is of a clock that was checked against Graph's.
pub fn step(conn: &Conn, now: Option<UnixMillis>) -> db::Result<()> {
    conn.prepare_cached(
        "update ledger set steps = steps + 1, newest_at = case when newest_at < ?1 then ?1 else newest_at end",
    )?
    .execute([now.unwrap_or_default()])
    .map(drop)
}

/// The ledger counts on from what was seen of another copy of it.
pub fn overtake(conn: &Conn, steps: i64) -> db::Result<()> {
    conn.execute("update ledger set steps = ?1 where steps < ?1", [steps]).map(drop)
}

/// A ledger at `path` from before there were witnesses, while the folder has one of a ledger of this name: it is older than that one.
pub fn close_if_known(conn: &Conn, path: &Path, folder: &Path) -> db::Result<()> {
    let name = name_of(path);
    let Ok(entries) = std::fs::read_dir(Locks::folder(folder)) else { return Ok(()) };
    let paths = entries.flatten().map(|entry| entry.path());
    let witnesses = paths.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
    let newest = witnesses.filter_map(|path| read(&path).ok()).filter(|seen| seen.ledger == name);
    match newest.map(|seen| seen.newest_at).max() {
        Some(until) => {
            gate::close(conn, Closed::Restored { from: Progress::of(conn)?.newest_at, until: UnixMillis(until) })
        }
        None => Ok(()),
    }
}

fn is_behind(ledger: &Progress, seen: &Seen) -> Option<Closed> {
    (ledger.steps < seen.steps)
        .then_some(Closed::Restored { from: ledger.newest_at, until: UnixMillis(seen.newest_at) })
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
    let file = open(path, OpenOptions::new().read(true))?;
    // Nobody writes half of it. If its holder was stopped, that is all there is.
    let _ = wait(|| file.try_lock_shared());
    parse(&file).map(|(seen, _)| seen)
}

/// What the file holds, and its length.
fn parse(file: &File) -> io::Result<(Seen, usize)> {
    let mut text = [0; LONGEST];
    let length = file.read_at(&mut text, 0)?;
    Ok((serde_json::from_slice(&text[..length])?, length))
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = options.custom_flags(flags.cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Locks the file, and opens it if it is not open; makes it if there is none.
fn hold(mut kept: Option<Arc<Kept>>, path: &Path, place: &Place) -> io::Result<Arc<Kept>> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let open = match kept.take().filter(|kept| kept.path == path) {
            Some(kept) => kept,
            None => {
                let file = match open(path, OpenOptions::new().read(true).write(true)) {
                    Ok(file) => file,
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
                    Err(_) => make(path, place)?,
                };
                Arc::new(Kept { path: path.to_owned(), file, ledger: name_of(&place.ledger) })
            }
        };
        wait(|| open.file.try_lock())?;
        // A link in its place is not it.
        let there = std::fs::symlink_metadata(path).map(|data| Inode::from(&data));
        if there.ok() == Some(Inode::from(&open.file.metadata()?)) {
            return Ok(open);
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// In place of what is there and can't be one, such as a link. Whoever may write to the ledger may write to it.
fn make(path: &Path, place: &Place) -> io::Result<File> {
    std::fs::create_dir_all(&place.runs)?;
    let new = tempfile::NamedTempFile::new_in(&place.runs)?;
    if let Ok(ledger) = std::fs::metadata(&place.ledger) {
        new.as_file().set_permissions(Permissions::from_mode(ledger.mode() & 0o666))?;
        // Only root can, and only root has to.
        let _ = fchown(new.as_file(), Some(ledger.uid()), Some(ledger.gid()));
    }
    Ok(new.persist(path)?)
}

fn wait(lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    const BETWEEN: Duration = Duration::from_millis(1);
    let begin = Instant::now();
    loop {
        match lock() {
            Err(TryLockError::WouldBlock) if begin.elapsed() < PATIENCE => std::thread::sleep(BETWEEN),
            locked => return Ok(locked?),
        }
    }
}

/// Over what is there: no name changes, so that the lock stays the one of all. `length`: of what is there.
fn write(file: &File, seen: &Seen, length: usize) -> io::Result<()> {
    let text = format!("{:<SHORTEST$}", serde_json::to_string(seen)?);
    file.write_all_at(text.as_bytes(), 0)?;
    if length != text.len() { file.set_len(text.len() as u64) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
