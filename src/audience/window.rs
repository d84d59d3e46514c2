//! A buffer over a source that holds at least one whole row, and no more than a few megabytes.

use super::source::InputText;
use super::{MAX_ROW, shown_file};
use crate::error::{Error, Result};

/// How much is looked at to judge whether an input is text, and which dialect it speaks.
pub(super) const PREFIX: usize = 64 * 1024;

const START: usize = 4 * PREFIX;
/// A row at its limit, its line end, and room to read on.
const FULL: usize = 2 * MAX_ROW;

/// The start of an input.
#[derive(Clone, Copy)]
pub(super) struct Start<'t> {
    pub(super) text: &'t [u8],
    /// There is nothing behind it.
    pub(super) is_all: bool,
}

pub(super) struct Window {
    source: InputText,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// Bytes consumed.
    used: usize,
}

impl Window {
    /// Reads the first 64 KiB of text; marks of UTF-8 and UTF-16 are used up.
    pub(super) fn open(source: InputText) -> Result<Self> {
        let mut window = Self { source, buffer: vec![0; START], start: 0, end: 0, ended: false, used: 0 };
        window.fill(PREFIX)?;
        if let Some(encoding) = InputText::utf16_mark(window.pending()) {
            let Self { source, buffer, end, .. } = window;
            // The mark itself has two bytes.
            let source = source.into_utf16(encoding, buffer.get(2..end).unwrap_or_default().to_vec());
            window = Self { source, buffer, start: 0, end: 0, ended: false, used: 0 };
            window.fill(PREFIX)?;
            return Ok(window);
        }
        let sample = window.pending();
        if let Some(kind) = InputText::foreign(sample) {
            let name = shown_file(window.source.name());
            return Err(Error::refused(format!("the list {name} is not text but {kind}"))
                .hint("export it as CSV (or unpack it) and name the result"));
        }
        if memchr::memchr(0, &sample[..sample.len().min(PREFIX)]).is_some() {
            let name = shown_file(window.source.name());
            return Err(Error::refused(format!("the list {name} is not text: it has NUL bytes near its start"))
                .hint("export it as CSV in UTF-8; UTF-16 is read when the file begins with its byte order mark"));
        }
        if sample.starts_with(b"\xef\xbb\xbf") {
            window.consume(3);
        }
        Ok(window)
    }

    /// What has been read and not yet consumed.
    pub(super) fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// What is left of the first 64 KiB, the same however it arrives: what is judged before the first row is read.
    pub(super) fn prefix(&self) -> &[u8] {
        &self.pending()[..self.pending().len().min(PREFIX.saturating_sub(self.used))]
    }

    /// [`Window::prefix`], and whether that is all. Before the first row is used up.
    pub(super) fn start(&self) -> Start<'_> {
        let text = self.prefix();
        Start { text, is_all: self.ended && text.len() == self.pending().len() }
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
        self.used = self.used.saturating_add(bytes);
    }

    /// Reads on. False at the end of the input. The pending bytes at least double, so that looking at them anew each time stays
    /// cheap however small the pieces in which they arrive.
    pub(super) fn more(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let before = self.end - self.start;
        self.fill((before * 2).min(FULL).max(before + 1))?;
        Ok(self.end - self.start > before)
    }

    fn fill(&mut self, target: usize) -> Result<()> {
        while self.end - self.start < target && !self.ended {
            if self.end == self.buffer.len() {
                self.make_room();
            }
            let read = self.source.read(&mut self.buffer[self.end..])?;
            self.end += read;
            self.ended = read == 0;
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            // Readers look at no more than a row and a byte, so this ends at a few megabytes.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}
