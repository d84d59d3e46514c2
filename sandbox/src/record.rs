//! Files that tests count: one line a fact, written with one `write(2)` before anybody is told of it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::error::{Error, Result};

/// A file that only grows. A line leaves in one call, so that SIGKILL of either side loses none and threads never mix two.
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

/// JSON text on one line: line breaks between tokens become spaces (inside strings JSON has none).
pub fn flat(line: &mut Vec<u8>, json: &str) {
    let from = line.len();
    line.extend_from_slice(json.as_bytes());
    for byte in &mut line[from..] {
        if matches!(*byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}
