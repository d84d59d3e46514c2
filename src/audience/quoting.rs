//! Where a row of delimited text ends, and whether its quotes are sound.
//!
//! Cells are split by `csv-core`, which takes any bytes for CSV: one lone quote would swallow every row up to the next. So the
//! bounds of a row are found here, where every CSV reader finds them. A row with unsound quotes is bad as a whole, since a line
//! inside a quoted cell is not a row; only a quote that is never closed costs its physical line and no more.

use memchr::{memchr, memchr2, memchr3};

use super::MAX_ROW;
use super::window::Window;
use crate::error::Result;

/// A row in the window, or a line that can't be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// The row is the first `len` pending bytes; `lines` line ends are inside its quotes.
    Row(Bounds),
    Spoiled(Spoiled),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) len: usize,
    pub(super) lines: u64,
    /// Every quoted cell ends at a delimiter or at the end of the row.
    pub(super) is_sound: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoiled {
    /// A quote that is not closed within [`MAX_ROW`] or before the end.
    Unclosed,
    TooLong,
}

impl Spoiled {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unclosed => "a quote is opened and never closed; the next line is read on its own",
            Self::TooLong => "the row is longer than 1 MiB",
        }
    }
}

/// Walks over rows and counts physical lines, which end in LF, CR LF or CR.
#[derive(Debug)]
pub(super) struct Framer {
    /// Of the first pending byte.
    pub(super) line: u64,
    /// The last byte used up was a CR, so an LF belongs to it.
    after_cr: bool,
}

impl Framer {
    pub(super) fn new() -> Self {
        Self { line: 1, after_cr: false }
    }

    /// Uses up line ends, then finds the next row. `None` at the end of the input.
    pub(super) fn next(&mut self, window: &mut Window, delimiter: u8) -> Result<Option<Framed>> {
        if !self.skip_line_ends(window)? {
            return Ok(None);
        }
        loop {
            let pending = window.pending();
            let whole = window.ended() && pending.len() <= MAX_ROW;
            // A byte past the limit decides what is too long, however much more has arrived.
            let seen = &pending[..pending.len().min(MAX_ROW + 1)];
            match scan(seen, delimiter) {
                Scan::Row(bounds) => return Ok(Some(Framed::Row(bounds))),
                Scan::Ends(bounds) if whole => return Ok(Some(Framed::Row(bounds))),
                Scan::EndsQuoted if whole => return Ok(Some(Framed::Spoiled(Spoiled::Unclosed))),
                Scan::Ends(_) | Scan::EndsQuoted if seen.len() > MAX_ROW => {
                    let one_line = memchr2(b'\n', b'\r', seen).is_none();
                    let spoiled = if one_line { Spoiled::TooLong } else { Spoiled::Unclosed };
                    return Ok(Some(Framed::Spoiled(spoiled)));
                }
                Scan::Ends(_) | Scan::EndsQuoted => {
                    window.more()?;
                }
            }
        }
    }

    /// Uses up a row; its line end stays.
    pub(super) fn consume_row(&mut self, window: &mut Window, bounds: Bounds) {
        window.consume(bounds.len);
        self.line += bounds.lines;
    }

    /// Uses up the rest of the first physical line; its line end stays.
    pub(super) fn consume_line(&mut self, window: &mut Window) -> Result<()> {
        loop {
            let pending = window.pending();
            if let Some(end) = memchr2(b'\n', b'\r', pending) {
                window.consume(end);
                return Ok(());
            }
            window.consume(pending.len());
            if !window.more()? {
                return Ok(());
            }
        }
    }

    /// False at the end of the input.
    fn skip_line_ends(&mut self, window: &mut Window) -> Result<bool> {
        loop {
            match window.pending().first().copied() {
                Some(b'\n') => {
                    if !self.after_cr {
                        self.line += 1;
                    }
                    self.after_cr = false;
                    window.consume(1);
                }
                Some(b'\r') => {
                    self.line += 1;
                    self.after_cr = true;
                    window.consume(1);
                }
                Some(_) => {
                    self.after_cr = false;
                    return Ok(true);
                }
                None if window.more()? => {}
                None => return Ok(false),
            }
        }
    }
}

/// The first physical line of `row`, without its end.
pub(super) fn first_line(row: &[u8]) -> &[u8] {
    memchr2(b'\n', b'\r', row).map_or(row, |end| &row[..end])
}

/// The rows of a short text, as far as they are whole: what a dialect is judged by.
pub(super) fn rows(text: &[u8], delimiter: u8, is_all: bool) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| !matches!(byte, b'\n' | b'\r'))?;
        rest = &rest[start..];
        let len = match scan(rest, delimiter) {
            Scan::Row(bounds) => bounds.len,
            Scan::Ends(bounds) if is_all => bounds.len,
            _ => return None,
        };
        let row = &rest[..len];
        rest = &rest[len..];
        Some(row)
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Scan {
    Row(Bounds),
    /// The bytes end outside quotes, or with a quote that closes a cell or is the first of two.
    Ends(Bounds),
    EndsQuoted,
}

fn scan(bytes: &[u8], delimiter: u8) -> Scan {
    let line_end = memchr2(b'\n', b'\r', bytes);
    let line = line_end.map_or(bytes, |end| &bytes[..end]);
    if memchr(b'"', line).is_none() {
        let bounds = Bounds { len: line.len(), lines: 0, is_sound: true };
        return if line_end.is_some() { Scan::Row(bounds) } else { Scan::Ends(bounds) };
    }
    let mut at = 0;
    let mut bounds = Bounds { len: 0, lines: 0, is_sound: true };
    loop {
        // At the start of a cell.
        if bytes.get(at) == Some(&b'"') {
            let Some(quote) = close(bytes, at) else { return Scan::EndsQuoted };
            bounds.lines += line_ends(&bytes[at..quote]);
            at = quote + 1;
            bounds.is_sound &= bytes.get(at).is_none_or(|next| matches!(next, b'\n' | b'\r') || *next == delimiter);
        }
        let rest = bytes.get(at..).unwrap_or_default();
        match memchr3(delimiter, b'\n', b'\r', rest) {
            None => return Scan::Ends(Bounds { len: bytes.len(), ..bounds }),
            Some(end) if rest[end] == delimiter => at += end + 1,
            Some(end) => return Scan::Row(Bounds { len: at + end, ..bounds }),
        }
    }
}

/// Finds the quote that closes the one at `open`; doubled quotes are text.
fn close(bytes: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        let quote = at + memchr(b'"', bytes.get(at..).unwrap_or_default())?;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Some(quote);
        }
        at = quote + 2;
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    let mut after_cr = false;
    for end in memchr::memchr2_iter(b'\n', b'\r', bytes) {
        let second_half = bytes[end] == b'\n' && after_cr && end > 0 && bytes[end - 1] == b'\r';
        lines += u64::from(!second_half);
        after_cr = bytes[end] == b'\r';
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(len: usize, lines: u64) -> Bounds {
        Bounds { len, lines, is_sound: true }
    }

    #[test]
    fn rows_end_where_quoting_says() {
        let unsound = |len, lines| Bounds { is_sound: false, ..bounds(len, lines) };
        let cases = [
            ("a,b\nc", Scan::Row(bounds(3, 0))),
            ("a,b\r\nc", Scan::Row(bounds(3, 0))),
            ("a,b", Scan::Ends(bounds(3, 0))),
            ("a,\"b\nc\"\nd", Scan::Row(bounds(7, 1))),
            ("a,\"b\r\nc\"\nd", Scan::Row(bounds(8, 1))),
            ("a,\"b\n\rc\"\nd", Scan::Row(bounds(8, 2))),
            ("\"a\"\"b\",c\n", Scan::Row(bounds(8, 0))),
            ("\"a", Scan::EndsQuoted),
            ("\"a\"\"", Scan::EndsQuoted),
            ("\"a\n\"", Scan::Ends(bounds(4, 1))),
            ("\"a\"b\n", Scan::Row(unsound(4, 0))),
            ("\"a\n\"b,\"c\nd\"\n", Scan::Row(unsound(11, 2))),
            ("a\"b,c\"\n", Scan::Row(bounds(6, 0))),
            ("\"a\",", Scan::Ends(bounds(4, 0))),
            ("\"\"\n", Scan::Row(bounds(2, 0))),
        ];
        for (text, expected) in cases {
            assert_eq!(scan(text.as_bytes(), b','), expected, "{text:?}");
        }
    }

    #[test]
    fn a_short_text_gives_its_whole_rows() {
        let read = |text: &'static str, is_all| {
            rows(text.as_bytes(), b',', is_all).map(|row| String::from_utf8_lossy(row).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(read("\r\na,b\n\n\"c\nd\"\ne", true), ["a,b", "\"c\nd\"", "e"]);
        assert_eq!(read("a,b\nc", false), ["a,b"]);
        assert_eq!(read("a\n\"b", true), ["a"]);
    }
}
