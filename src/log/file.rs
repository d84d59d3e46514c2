//! A file of the log. Whoever logs never waits for it: lines go to a thread, and where they can't be written they are counted.
//!
//! A line is one `write` at the end of the file, so that several processes may share it, and a file that is emptied stays right. Before
//! each line the path is looked at: a file that was renamed is left, and a new one begun.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::lines::time;
use crate::clock::Clock;

/// Lines that may wait: some megabytes.
const QUEUE: usize = 16_384;
/// How long a command waits at its end for lines that are not written yet.
const AT_THE_END: Duration = Duration::from_secs(2);
/// A pipe whose reader is slow is tried again so often, and so long after.
const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// A file that lacks lines.
#[derive(Debug, PartialEq, Eq)]
pub struct Unwritten {
    pub path: PathBuf,
    pub lines: u64,
    pub why: String,
}

pub struct LogFile {
    path: PathBuf,
    /// `None`: closed.
    queue: RwLock<Option<SyncSender<Vec<u8>>>>,
    tally: Arc<Tally>,
    /// Hears when the thread has ended.
    ended: Mutex<Receiver<()>>,
}

/// What became of lines.
#[derive(Default)]
struct Tally {
    given: AtomicU64,
    written: AtomicU64,
    /// Lost since the last one that was written.
    missing: AtomicU64,
    why: Mutex<Option<String>>,
    closing: AtomicBool,
}

impl Tally {
    fn lose(&self, lines: u64, why: impl FnOnce() -> String) {
        self.missing.fetch_add(lines, Ordering::Relaxed);
        self.why.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(why);
    }
}

impl LogFile {
    /// Opens it to append. A disk that is full and a pipe that nobody reads are not a reason not to: lines may find their way later.
    ///
    /// # Errors
    /// If the path can't be that of a log.
    pub fn open(path: &Path, clock: Clock) -> io::Result<Self> {
        let tally = Arc::new(Tally::default());
        let open = match Open::at(path) {
            Ok(open) => Some(open),
            Err(error) if is_mistake(&error) => return Err(error),
            Err(_) => None,
        };
        let (queue, inbox) = mpsc::sync_channel(QUEUE);
        let (end, ended) = mpsc::channel();
        let mut writer = Writer { path: path.to_owned(), open, tally: Arc::clone(&tally), clock };
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            writer.serve(&inbox);
            drop(end);
        })?;
        Ok(Self { path: path.to_owned(), queue: RwLock::new(Some(queue)), tally, ended: Mutex::new(ended) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a line, with its line break.
    pub fn write(&self, line: &str) {
        self.tally.given.fetch_add(1, Ordering::Relaxed);
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let taken = queue.as_ref().is_some_and(|queue| queue.try_send(line.as_bytes().to_vec()).is_ok());
        if !taken {
            self.tally.lose(1, || "it takes lines too slowly".to_owned());
        }
    }

    /// Ends the thread, once it has written what it was given; what the file lacks.
    pub fn close(&self) -> Option<Unwritten> {
        self.tally.closing.store(true, Ordering::Relaxed);
        // The thread ends when nobody can give it more.
        self.queue.write().unwrap_or_else(PoisonError::into_inner).take()?;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(AT_THE_END);
        if ended == Err(RecvTimeoutError::Timeout) {
            self.tally.lose(0, || "it takes lines too slowly".to_owned());
        }
        let [given, written] = [&self.tally.given, &self.tally.written].map(|lines| lines.load(Ordering::Relaxed));
        let why = self.tally.why.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let lines = given.saturating_sub(written);
        (lines > 0).then(|| Unwritten { path: self.path.clone(), lines, why })
    }
}

/// Whether it is the path that is wrong, and not the disk.
fn is_mistake(error: &io::Error) -> bool {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), IsADirectory | NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem)
}

/// The file as it is open.
struct Open {
    file: File,
    /// Which one it is, unless it is a pipe or a device.
    is: Option<(u64, u64)>,
    /// Its last line has no end: a disk became full, or a machine stopped.
    torn: bool,
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        // A pipe is not waited for; a terminal does not become the one of this process.
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
        let data = file.metadata()?;
        let torn = data.is_file() && data.len() > 0 && is_torn(path, data.len());
        Ok(Self { file, is: data.is_file().then(|| number(&data)), torn })
    }

    /// Whether the path leads elsewhere by now.
    fn is_left(&self, path: &Path) -> bool {
        self.is.is_some_and(|is| std::fs::metadata(path).map_or(true, |data| number(&data) != is))
    }
}

fn number(data: &Metadata) -> (u64, u64) {
    (data.dev(), data.ino())
}

fn is_torn(path: &Path, length: u64) -> bool {
    let mut last = [b'\n'];
    File::open(path).is_ok_and(|file| file.read_at(&mut last, length - 1).is_ok()) && last != [b'\n']
}

struct Writer {
    path: PathBuf,
    /// `None`: it could not be opened, or the pipe's reader went away.
    open: Option<Open>,
    tally: Arc<Tally>,
    clock: Clock,
}

impl Writer {
    fn serve(&mut self, inbox: &Receiver<Vec<u8>>) {
        while let Ok(line) = inbox.recv() {
            let missing = self.tally.missing.swap(0, Ordering::Relaxed);
            match self.put(&line, missing) {
                Ok(()) => drop(self.tally.written.fetch_add(1, Ordering::Relaxed)),
                Err(error) => self.tally.lose(missing + 1, || told(&error)),
            }
        }
    }

    /// `missing`: how many are not there that would stand before it.
    fn put(&mut self, line: &[u8], missing: u64) -> io::Result<()> {
        match &self.open {
            None => self.open = Some(Open::at(&self.path)?),
            // Where no new one can be made, the old one is better than none.
            Some(open) if open.is_left(&self.path) => self.open = Open::at(&self.path).ok().or(self.open.take()),
            Some(_) => {}
        }
        let mut bytes = Vec::new();
        if self.open.as_ref().is_some_and(|open| open.torn) {
            bytes.push(b'\n');
        }
        if missing > 0 {
            bytes.extend_from_slice(self.gap(missing).as_bytes());
        }
        bytes.extend_from_slice(line);
        self.write(&bytes)
    }

    /// The line that says what the file lacks here.
    fn gap(&self, missing: u64) -> String {
        let at = time(self.clock.now());
        let pid = std::process::id();
        format!("{{\"time\":\"{at}\",\"level\":\"warn\",\"event\":\"lines lost\",\"lines\":{missing},\"pid\":{pid}}}\n")
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut tries = 0;
        loop {
            let Some(open) = &mut self.open else { return Err(Errno::NXIO.into()) };
            let error = match open.file.write(bytes) {
                Ok(all) if all == bytes.len() => {
                    open.torn = false;
                    return Ok(());
                }
                Ok(part) => {
                    open.torn = part > 0 && !bytes.get(..part).is_some_and(|part| part.ends_with(b"\n"));
                    return Err(ErrorKind::StorageFull.into());
                }
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock if tries < TRIES && !self.tally.closing.load(Ordering::Relaxed) => {
                    tries += 1;
                    std::thread::sleep(BETWEEN_TRIES);
                }
                ErrorKind::BrokenPipe => {
                    self.open = None;
                    return Err(error);
                }
                _ => return Err(error),
            }
        }
    }
}

/// Why a line was not written, for people.
fn told(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        ErrorKind::WouldBlock => "it takes lines too slowly".to_owned(),
        ErrorKind::BrokenPipe => "nothing reads the pipe".to_owned(),
        _ if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => "nothing reads the pipe".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests;
