//! JSON: one object or array per line (NDJSON), or a document: pretty-printed objects, an array, or pages of Graph's token list as
//! `curl` saved them, one or several.
//!
//! In lines a broken line costs itself and no more. Any other document is whole or refused: a value that doesn't end, an error
//! object from Graph, a last page that names a next one. What surrounds the rows of a page (`paging`, whose address holds an
//! access token) is never kept.

mod parse;

use memchr::{memchr, memchr_iter};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::json_row::{JsonRow, graph_error};
use super::judge::Out;
use super::window::Window;
use super::{MAX_ROW, ReadOptions, shown_file};
use crate::error::{Error, Result};
use parse::{Next, page_head, value};

/// Reads an input to its end. Whether it had an array or a page, so that having no rows is not a fault.
pub(super) fn read(window: &mut Window, options: &ReadOptions, out: &mut Out<'_>) -> Result<bool> {
    let is_lines = is_lines(window.prefix().trim_ascii_start());
    let row = JsonRow::new(options.token_column.clone());
    let mut json = Json { line: 1, row, read_to: 0 };
    if is_lines {
        json.read_lines(window, out)?;
        return Ok(false);
    }
    json.read_document(window, out)
}

/// Whether each value has a line of its own.
fn is_lines(start: &[u8]) -> bool {
    let opening = start.first().copied();
    if page_head(start, true) != Next::Not {
        return false;
    }
    match value::<IgnoredAny>(start, true) {
        Next::Value(_, end) => {
            let (rest, is_one_line) = (&start[end..], memchr(b'\n', &start[..end]).is_none());
            let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
            // Objects joined without line ends are a document, and so is a single array.
            let next = rest.trim_ascii_start().first();
            is_one_line
                && line.trim_ascii_start().first() != Some(&b'{')
                && (opening == Some(b'{') || (line.trim_ascii().is_empty() && next == Some(&b'[')))
        }
        // A broken first line before a whole one costs only itself; an object that ends on a later line is part of a document.
        Next::Broken(_) if opening == Some(b'{') => {
            let mut lines = start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default();
            first.len() > 1 && lines.next().is_none_or(|line| line.first() == Some(&b'{'))
        }
        _ => opening == Some(b'{') && memchr(b'\n', start).is_none(),
    }
}

struct Json {
    line: u64,
    row: JsonRow,
    read_to: u64,
}

/// What follows the rows of a page.
#[derive(Deserialize)]
struct PageTail<'t> {
    #[serde(borrow)]
    paging: Option<&'t RawValue>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Paging<'t> {
    #[serde(borrow)]
    next: Option<&'t RawValue>,
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
        window.consume(bytes);
    }

    fn read_lines(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<()> {
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
                None if seen.is_empty() => return Ok(()),
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

    /// Values, arrays and pages, one after the other.
    fn read_document(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<bool> {
        let mut has_frame = false;
        let mut has_array = false;
        loop {
            self.tick(out);
            match self.next_byte(window)? {
                None => return Ok(has_frame),
                // Values joined by commas, without an array around them.
                Some(b',') => self.consume(window, 1),
                Some(b'[') => {
                    if has_array {
                        return Err(self
                            .refused("has more than one array", out.file())
                            .hint("write an object or an array a line: jq -c .[]"));
                    }
                    has_array = true;
                    has_frame = true;
                    self.consume(window, 1);
                    self.read_rows(window, out)?;
                }
                Some(b'{') => match self.page_head(window)? {
                    Some(bytes) => {
                        has_frame = true;
                        self.consume(window, bytes);
                        self.read_rows(window, out)?;
                        self.end_page(window, out)?;
                    }
                    None => self.take_value(window, out)?,
                },
                Some(_) => self.take_value(window, out)?,
            }
        }
    }

    /// The rows of an array whose bracket is behind us, and the bracket that ends it.
    fn read_rows(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<()> {
        if self.next_byte(window)? == Some(b']') {
            self.consume(window, 1);
            return Ok(());
        }
        loop {
            self.tick(out);
            self.next_byte(window)?;
            self.take_value(window, out)?;
            match self.next_byte(window)? {
                Some(b',') => self.consume(window, 1),
                Some(b']') => {
                    self.consume(window, 1);
                    return Ok(());
                }
                Some(_) => return Err(self.broken("between two rows", out.file())),
                None => return Err(self.broken("it ends inside a list", out.file())),
            }
        }
    }

    /// One value, which begins at the first pending byte.
    fn take_value(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<()> {
        loop {
            let pending = window.pending();
            let seen = &pending[..pending.len().min(MAX_ROW + 1)];
            let is_long = seen.len() > MAX_ROW;
            match value::<IgnoredAny>(seen, window.ended() && seen.len() == pending.len()) {
                Next::Value(_, end) if end > MAX_ROW => return Err(self.broken(TOO_LONG, out.file())),
                Next::Value(_, end) => {
                    self.row.take(self.line, &seen[..end], out)?;
                    self.consume(window, end);
                    return Ok(());
                }
                Next::Broken(place) => return Err(self.broken(&place, out.file())),
                Next::More if is_long => return Err(self.broken(TOO_LONG, out.file())),
                Next::More if window.more()? => {}
                Next::More | Next::Not => return Err(self.broken("it ends inside a value", out.file())),
            }
        }
    }

    /// What follows the rows of a page, to the end of its object.
    fn end_page(&mut self, window: &mut Window, out: &mut Out<'_>) -> Result<()> {
        let separator = match self.next_byte(window)? {
            Some(byte @ (b',' | b'}')) => byte,
            Some(_) => return Err(self.broken("behind the rows of a page", out.file())),
            None => return Err(self.broken("it ends inside a page", out.file())),
        };
        loop {
            let pending = window.pending();
            let seen = &pending[..pending.len().min(MAX_ROW)];
            let is_long = seen.len() == MAX_ROW;
            let mut object = b"{".to_vec();
            object.extend_from_slice(&seen[usize::from(separator == b',')..]);
            match value::<PageTail<'_>>(&object, window.ended()) {
                Next::Value(tail, end) => {
                    if tail.error.is_some() {
                        return Err(graph_error(out.file()));
                    }
                    let paging = tail.paging.and_then(|raw| serde_json::from_str::<Paging<'_>>(raw.get()).ok());
                    out.page(paging.and_then(|paging| paging.next).is_some_and(|next| next.get() != "null"));
                    // The brace in front is ours, the comma is not in it.
                    let used = end - 1 + usize::from(separator == b',');
                    self.consume(window, used);
                    return Ok(());
                }
                Next::Broken(place) => return Err(self.broken(&place, out.file())),
                Next::More if is_long => return Err(self.broken(TOO_LONG, out.file())),
                Next::More if window.more()? => {}
                Next::More | Next::Not => return Err(self.broken("it ends inside a page", out.file())),
            }
        }
    }

    /// Passes over white space. `None` at the end.
    fn next_byte(&mut self, window: &mut Window) -> Result<Option<u8>> {
        loop {
            let pending = window.pending();
            let found = pending.iter().position(|byte| !byte.is_ascii_whitespace());
            let spaces = found.unwrap_or(pending.len());
            self.consume(window, spaces);
            if found.is_some() {
                return Ok(window.pending().first().copied());
            }
            if !window.more()? {
                return Ok(None);
            }
        }
    }

    /// The length of `{"data":[`, when it begins here.
    fn page_head(&self, window: &mut Window) -> Result<Option<usize>> {
        loop {
            match page_head(window.pending(), window.ended()) {
                Next::Value((), length) => return Ok(Some(length)),
                Next::More if window.more()? => {}
                _ => return Ok(None),
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

    fn broken(&self, what: &str, file: &str) -> Error {
        self.refused(&format!("is not valid JSON: {what}"), file).hint(
            "was it saved as a whole? None of it was used. NDJSON (one object per line) loses only the broken lines",
        )
    }

    fn refused(&self, what: &str, file: &str) -> Error {
        Error::refused(format!("the list {} {what} (line {})", shown_file(file), self.line))
    }
}

const TOO_LONG: &str = "the row is longer than 1 MiB";
