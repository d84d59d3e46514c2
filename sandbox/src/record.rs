//! The record files that tests count: one line per fact, written with one `write(2)` before anyone is told about it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::error::{Error, Result};

/// An append-only file. A line is one write, so that no SIGKILL loses part of it and threads never mix two.
#[derive(Debug)]
pub struct Lines(File);

impl Lines {
    pub fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(Self).map_err(|source| Error::Open { path: path.to_owned(), source })
    }

    /// Appends a line; `line` ends with a newline.
    pub fn append(&self, line: &[u8]) -> std::io::Result<()> {
        (&self.0).write_all(line)
    }
}

/// A string as JSON, with quotes.
pub fn quoted(line: &mut Vec<u8>, text: &str) {
    // Writing a string to a Vec can't fail.
    let _ = serde_json::to_writer(line, text);
}

/// JSON on one line: line breaks become spaces (strings in JSON contain none).
pub fn flat(line: &mut Vec<u8>, json: &str) {
    let from = line.len();
    line.extend_from_slice(json.as_bytes());
    for byte in &mut line[from..] {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}
