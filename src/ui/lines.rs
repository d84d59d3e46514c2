//! Result lines, written by a separate thread: a slow reader of stdout must not delay requests in flight.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::stdout_failed;
use crate::error::{Error, Exit, Result};

/// The destination of lines.
pub enum Target {
    Stdout,
    /// Named for errors.
    File(PathBuf, File),
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Unwritten> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => Unwritten::ReaderGone,
                    _ => Unwritten::Failed(stdout_failed(error)),
                })
            }
            Self::File(path, file) => {
                file.write_all(bytes).map_err(|error| Unwritten::Failed(file_failed(path, &error)))
            }
        }
    }

    fn finish(&mut self) -> Result<(), Unwritten> {
        match self {
            Self::Stdout => Ok(()),
            // A device or a pipe can't be synced.
            Self::File(_, file) if !file.metadata().is_ok_and(|found| found.is_file()) => Ok(()),
            Self::File(path, file) => file.sync_all().map_err(|error| Unwritten::Failed(file_failed(path, &error))),
        }
    }
}

/// Why lines can't be written any more.
#[derive(Debug)]
pub enum Unwritten {
    /// The reader of stdout went away.
    ReaderGone,
    Failed(Error),
}

fn file_failed(path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Error::new(Exit::PipeClosed, format!("the reader of {} went away", path.display()))
            .hint("run the same command again; the ledger has every row that is missing there");
    }
    Error::ledger(format!("can't write {}", path.display())).because(error).hint(
        "free disk space or fix its permissions, then run the same command again; the ledger has every row that is missing here",
    )
}

struct Chunk {
    bytes: Vec<u8>,
    rows: usize,
}

/// Lines waiting to be written to one target.
pub struct Lines {
    chunks: Option<Sender<Chunk>>,
    waiting: Arc<AtomicUsize>,
    failure: Arc<Mutex<Option<Unwritten>>>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    pub fn open(target: Target) -> Result<Self> {
        let (chunks, inbox) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let failure = Arc::new(Mutex::new(None));
        let thread = {
            let (waiting, failure) = (Arc::clone(&waiting), Arc::clone(&failure));
            std::thread::Builder::new()
                .name("results".to_owned())
                .spawn(move || {
                    if let Err(error) = write_all(target, &inbox, &waiting) {
                        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    }
                })
                .map_err(|error| Error::internal("can't start the thread that writes results").because(&error))?
        };
        Ok(Self { chunks: Some(chunks), waiting, failure, thread: Some(thread) })
    }

    /// Queues complete lines for `rows` rows.
    pub fn push(&self, bytes: Vec<u8>, rows: usize) {
        self.waiting.fetch_add(rows, Ordering::Relaxed);
        if let Some(chunks) = &self.chunks {
            // After a failure the receiver is gone; `failure` reports it.
            let _ = chunks.send(Chunk { bytes, rows });
        }
    }

    /// Rows not written yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The error that stopped the writer; returned once.
    pub fn failure(&self) -> Option<Unwritten> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Writes the remaining lines and waits until that is done.
    pub fn finish(mut self) -> Result<(), Unwritten> {
        self.chunks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.failure().map_or(Ok(()), Err)
    }
}

fn write_all(mut target: Target, inbox: &Receiver<Chunk>, waiting: &AtomicUsize) -> Result<(), Unwritten> {
    while let Ok(chunk) = inbox.recv() {
        target.write(&chunk.bytes)?;
        waiting.fetch_sub(chunk.rows, Ordering::Relaxed);
    }
    target.finish()
}
