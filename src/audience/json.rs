//! JSON: an object a line (NDJSON), or values wherever they stand: pretty-printed objects, arrays, and pages of Graph's token list
//! as `curl` saved them, one or several.
//!
//! In lines a broken line costs itself and no more. Elsewhere a value ends where its braces do; one that doesn't end, or has a line
//! end inside a string, which JSON forbids, costs its first line, or what stands before the next page. What stands around the
//! rows of a page (`paging`, whose address holds an access token) is passed over and never kept.

mod scan;

use memchr::{memchr, memchr_iter};

use super::json_row::{JsonRow, Taken};
use super::window::Window;
use super::{Held, MAX_ROW, Out, ReadOptions, shown_file};
use crate::error::{Error, Result};
use scan::{Frame, Scan, Step, frame};

pub(super) fn read(window: &mut Window, options: &ReadOptions, out: &mut Out<'_>) -> Result<Held> {
    let start = window.prefix().trim_ascii_start();
    if frame(start, b"error", b'{').is_yes() {
        return Err(Error::refused(format!(
            "the list {} is an error answer of Graph, no tokens",
            shown_file(&out.bad.file)
        ))
        .hint("look at the file, and fetch the tokens again"));
    }
    let lines = is_lines(start);
    let row = JsonRow::new(options.token_column.clone());
    let mut json = Json { line: 1, row, read_to: 0, offset: 0, looked: 0, broken: 0 };
    if lines { json.read_lines(window, out) } else { json.read_values(window, out) }
}

/// Whether each value has a line of its own.
fn is_lines(start: &[u8]) -> bool {
    if start.first() != Some(&b'{') || frame(start, b"data", b'[').is_yes() {
        return false;
    }
    let mut scan = Scan::default();
    match scan.step(start) {
        Step::End(end) => {
            let rest = &start[end..];
            let rest = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
            // Objects joined without line ends are values.
            memchr(b'\n', &start[..end]).is_none() && rest.trim_ascii_start().first() != Some(&b'{')
        }
        Step::Broken => true,
        Step::More => memchr(b'\n', start).is_none(),
    }
}

struct Json {
    line: u64,
    row: JsonRow,
    read_to: u64,
    /// Bytes used up.
    offset: u64,
    /// How far broken values were looked at, and how often one began before that.
    looked: u64,
    broken: u32,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Array,
    Page,
}

impl Json {
    fn tick(&mut self, out: &mut Out<'_>) {
        if out.bytes.get() != self.read_to {
            self.read_to = out.bytes.get();
            out.tick();
        }
    }

    fn consume(&mut self, window: &mut Window, bytes: usize) {
        self.line += memchr_iter(b'\n', &window.pending()[..bytes]).count() as u64;
        self.offset += bytes as u64;
        window.consume(bytes);
    }

    fn read_lines(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<Held> {
        loop {
            self.tick(out);
            let pending = window.pending();
            let seen = &pending[..pending.len().min(MAX_ROW + 1)];
            let end = match memchr(b'\n', seen) {
                Some(end) => end,
                None if seen.len() > MAX_ROW => {
                    out.bad(self.line, None, TOO_LONG, seen)?;
                    self.skip_line(window)?;
                    continue;
                }
                None if !window.ended() => {
                    window.more()?;
                    continue;
                }
                None if seen.is_empty() => return Ok(Held { frame: false }),
                None => seen.len(),
            };
            let line = seen[..end].trim_ascii();
            if !line.is_empty() {
                self.row.take(self.line, line, out)?;
            }
            let with_end = (end + 1).min(window.pending().len());
            self.consume(window, with_end);
        }
    }

    fn read_values(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<Held> {
        let mut level = Level::Top;
        let mut held = Held::default();
        loop {
            self.tick(out);
            let pending = window.pending();
            let Some(start) = pending.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b',') else {
                let all = pending.len();
                self.consume(window, all);
                if window.more()? {
                    continue;
                }
                if level != Level::Top {
                    out.bad(self.line, None, "the JSON ends inside a list; was it saved as a whole?", b"")?;
                }
                return Ok(held);
            };
            self.consume(window, start);
            match window.pending()[0] {
                b'[' if level == Level::Top => {
                    (level, held.frame) = (Level::Array, true);
                    self.consume(window, 1);
                }
                b']' if level == Level::Array => {
                    level = Level::Top;
                    self.consume(window, 1);
                }
                b']' if level == Level::Page => {
                    level = Level::Top;
                    self.consume(window, 1);
                    self.skip_rest_of_page(window, out)?;
                }
                b'{' => match frame_in(window)? {
                    Some(bytes) => {
                        (level, held.frame) = (Level::Page, true);
                        self.consume(window, bytes);
                    }
                    None => self.value(window, out)?,
                },
                b'"' | b'[' | b'0'..=b'9' | b'-' | b'a'..=b'z' => self.value(window, out)?,
                _ => {
                    out.bad(self.line, None, "not JSON: no value begins like this", first_line(window.pending()))?;
                    self.skip_line(window)?;
                }
            }
        }
    }

    /// One value, which begins at the first pending byte.
    fn value(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<()> {
        let mut scan = Scan::default();
        loop {
            let pending = window.pending();
            let seen = &pending[..pending.len().min(MAX_ROW + 1)];
            let reason = match scan.step(seen) {
                Step::End(end) if end > MAX_ROW => {
                    out.bad(self.line, None, TOO_LONG, first_line(seen))?;
                    self.consume(window, end);
                    return Ok(());
                }
                Step::End(end) => {
                    let taken = self.row.take(self.line, &seen[..end], out)?;
                    // A value cut short may have swallowed those after it.
                    if taken == Taken::NotJson {
                        return self.recover(Scan { at: end, ..scan }, window);
                    }
                    self.consume(window, end);
                    return Ok(());
                }
                Step::Broken => "not JSON: a line ends inside a string; reading goes on after it",
                Step::More if seen.len() > MAX_ROW => TOO_LONG,
                Step::More if window.ended() && scan.is_scalar() => {
                    self.row.take(self.line, seen, out)?;
                    let all = seen.len();
                    self.consume(window, all);
                    return Ok(());
                }
                Step::More if window.ended() => "not JSON: it ends inside a value",
                Step::More => {
                    window.more()?;
                    continue;
                }
            };
            out.bad(self.line, None, reason, first_line(seen))?;
            return self.recover(scan, window);
        }
    }

    /// Goes on after a value that is broken, of which `scan.at` bytes were looked at: at the next page, or the next line that may
    /// begin a value.
    fn recover(&mut self, scan: Scan, window: &mut Window) -> Result<()> {
        let seen = &window.pending()[..scan.at.min(window.pending().len())];
        let Some(next) = next_page(seen).into_iter().chain(next_line(seen)).min() else {
            return match seen.len() {
                // One line, longer than a row may be: its braces may yet close.
                length if length > MAX_ROW => self.skip_value(scan, window),
                length if scan.depth == 0 && !scan.in_string => {
                    self.consume(window, length);
                    Ok(())
                }
                _ => self.skip_line(window),
            };
        };
        // Each of these lines may begin a value that has no end either. A few are tried; then what was looked at is given up, or
        // a mebibyte of open braces would be read once for each of them.
        self.broken = if self.offset < self.looked { self.broken + 1 } else { 0 };
        self.looked = self.looked.max(self.offset + seen.len() as u64);
        let next = if self.broken < TRIES { next } else { seen.len() };
        self.consume(window, next);
        Ok(())
    }

    /// Passes over the rest of a value that `scan` has begun.
    fn skip_value(&mut self, mut scan: Scan, window: &mut Window) -> Result<()> {
        loop {
            match scan.step(window.pending()) {
                Step::End(end) => {
                    self.consume(window, end);
                    return Ok(());
                }
                Step::Broken => return self.skip_line(window),
                Step::More => {
                    let all = window.pending().len();
                    self.consume(window, all);
                    scan.at = 0;
                    if !window.more()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Passes over what follows the rows of a page, to the end of its object.
    fn skip_rest_of_page(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<()> {
        let mut scan = Scan { depth: 1, ..Scan::default() };
        loop {
            match scan.step(window.pending()) {
                Step::End(end) => {
                    self.consume(window, end);
                    return Ok(());
                }
                Step::Broken => {
                    out.bad(self.line, None, "not JSON: a line ends inside a string after the rows of a page", b"")?;
                    return self.skip_line(window);
                }
                Step::More => {
                    let all = window.pending().len();
                    self.consume(window, all);
                    scan.at = 0;
                    if !window.more()? {
                        return out.bad(self.line, None, "the JSON ends inside a page; was it saved as a whole?", b"");
                    }
                }
            }
        }
    }

    /// Uses up the rest of the line and its end.
    fn skip_line(&mut self, window: &mut Window) -> Result<()> {
        loop {
            let pending = window.pending();
            if let Some(end) = memchr(b'\n', pending) {
                self.consume(window, end + 1);
                return Ok(());
            }
            let all = pending.len();
            self.consume(window, all);
            if !window.more()? {
                return Ok(());
            }
        }
    }
}

/// Values without an end that are tried within the same stretch.
const TRIES: u32 = 16;

const TOO_LONG: &str = "the row is longer than 1 MiB";

fn first_line(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr(b'\n', bytes).unwrap_or(bytes.len())]
}

/// Where, in a broken value, the next line begins that may be a value or end a list; at least the last line.
fn next_line(bytes: &[u8]) -> Option<usize> {
    let mut last = None;
    for end in memchr_iter(b'\n', bytes) {
        last = Some(end + 1);
        let first = bytes[end + 1..].trim_ascii_start().first();
        if first.is_some_and(|byte| matches!(byte, b'{' | b'[' | b']') || Some(byte) == bytes.first()) {
            return last;
        }
    }
    last
}

/// Where, after its first byte, a page begins inside a broken value.
fn next_page(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, b"\"data\"").find_map(|key| {
        let brace = bytes[..key].trim_ascii_end().len().checked_sub(1).filter(|brace| bytes[*brace] == b'{')?;
        (brace > 0 && frame(&bytes[brace..], b"data", b'[').is_yes()).then_some(brace)
    })
}

/// The length of the head of a page, `{"data":[`, when one begins here.
fn frame_in(window: &mut Window) -> Result<Option<usize>> {
    loop {
        match frame(window.pending(), b"data", b'[') {
            Frame::Yes(length) => return Ok(Some(length)),
            Frame::No => return Ok(None),
            Frame::More if !window.more()? => return Ok(None),
            Frame::More => {}
        }
    }
}
