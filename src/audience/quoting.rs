//! Where a row of delimited text ends, and whether its quotes are sound.
//!
//! Cells are split by `csv-core`. It takes any bytes for CSV, though: one lone quote would swallow every row up to the next. So
//! the bounds of a row are found here, strictly, and what is unsound costs one physical line.

use memchr::{memchr, memchr2, memchr3};

use super::MAX_ROW;
use super::window::Window;
use crate::error::Result;

/// A row in the window, or a line that can't be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framed {
    /// The row is the first `len` pending bytes; `lines` line ends stand inside its quotes.
    Row {
        len: usize,
        lines: u64,
    },
    Spoiled(Spoiled),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoiled {
    /// A quote that is not closed within [`MAX_ROW`] or before the end.
    Unclosed,
    /// Something other than a delimiter or line end after a closing quote.
    TextAfterQuote,
    TooLong,
}

impl Spoiled {
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Unclosed => "a quote is opened and never closed; the next line is read on its own",
            Self::TextAfterQuote => {
                "a lone quote: text follows where a quoted cell should end; the next line is read on its own"
            }
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
                Scan::Row { len, lines } => return Ok(Some(Framed::Row { len, lines })),
                Scan::TextAfterQuote => return Ok(Some(Framed::Spoiled(Spoiled::TextAfterQuote))),
                Scan::EndsUnquoted { lines } if whole => return Ok(Some(Framed::Row { len: seen.len(), lines })),
                Scan::EndsAtQuote { lines } if whole => return Ok(Some(Framed::Row { len: seen.len(), lines })),
                Scan::EndsQuoted if whole => return Ok(Some(Framed::Spoiled(Spoiled::Unclosed))),
                Scan::EndsUnquoted { lines: 0 } if seen.len() > MAX_ROW => {
                    return Ok(Some(Framed::Spoiled(Spoiled::TooLong)));
                }
                Scan::EndsUnquoted { .. } | Scan::EndsAtQuote { .. } | Scan::EndsQuoted if seen.len() > MAX_ROW => {
                    let one_line = memchr2(b'\n', b'\r', seen).is_none();
                    let spoiled = if one_line { Spoiled::TooLong } else { Spoiled::Unclosed };
                    return Ok(Some(Framed::Spoiled(spoiled)));
                }
                Scan::EndsUnquoted { .. } | Scan::EndsAtQuote { .. } | Scan::EndsQuoted => {
                    window.more()?;
                }
            }
        }
    }

    /// Uses up a row; its line end stays.
    pub(super) fn consume_row(&mut self, window: &mut Window, len: usize, lines: u64) {
        window.consume(len);
        self.line += lines;
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

#[derive(Debug, PartialEq, Eq)]
enum Scan {
    Row {
        len: usize,
        lines: u64,
    },
    TextAfterQuote,
    EndsUnquoted {
        lines: u64,
    },
    /// The last byte is a quote that closes a cell or is the first of two.
    EndsAtQuote {
        lines: u64,
    },
    EndsQuoted,
}

fn scan(bytes: &[u8], delimiter: u8) -> Scan {
    let line_end = memchr2(b'\n', b'\r', bytes);
    let line = line_end.map_or(bytes, |end| &bytes[..end]);
    if memchr(b'"', line).is_none() {
        return match line_end {
            Some(len) => Scan::Row { len, lines: 0 },
            None => Scan::EndsUnquoted { lines: 0 },
        };
    }
    let mut at = 0;
    let mut lines = 0;
    loop {
        // At the start of a cell.
        if bytes.get(at) == Some(&b'"') {
            match close(bytes, at) {
                Closed::At(quote) => {
                    lines += line_ends(&bytes[at..quote]);
                    match bytes.get(quote + 1) {
                        None => return Scan::EndsAtQuote { lines },
                        Some(b'\n' | b'\r') => return Scan::Row { len: quote + 1, lines },
                        Some(next) if *next == delimiter => at = quote + 2,
                        Some(_) => return Scan::TextAfterQuote,
                    }
                }
                Closed::Never => return Scan::EndsQuoted,
            }
        } else {
            let rest = bytes.get(at..).unwrap_or_default();
            match memchr3(delimiter, b'\n', b'\r', rest) {
                None => return Scan::EndsUnquoted { lines },
                Some(end) if rest[end] == delimiter => at += end + 1,
                Some(end) => return Scan::Row { len: at + end, lines },
            }
        }
    }
}

enum Closed {
    At(usize),
    Never,
}

/// Finds the quote that closes the one at `open`; doubled quotes are text.
fn close(bytes: &[u8], open: usize) -> Closed {
    let mut at = open + 1;
    while let Some(found) = memchr(b'"', bytes.get(at..).unwrap_or_default()) {
        let quote = at + found;
        if bytes.get(quote + 1) != Some(&b'"') {
            return Closed::At(quote);
        }
        at = quote + 2;
    }
    Closed::Never
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

/// Whether cell `index` of a sound row is written in quotes.
pub(super) fn is_quoted(row: &[u8], delimiter: u8, index: usize) -> bool {
    let mut at = 0;
    for _ in 0..index {
        if row.get(at) == Some(&b'"')
            && let Closed::At(quote) = close(row, at)
        {
            at = quote + 2;
        } else {
            at += memchr(delimiter, row.get(at..).unwrap_or_default()).map_or(row.len(), |end| end + 1);
        }
    }
    row.get(at) == Some(&b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_where_strict_quoting_says() {
        let cases: [(&str, Scan); 14] = [
            ("a,b\nc", Scan::Row { len: 3, lines: 0 }),
            ("a,b\r\nc", Scan::Row { len: 3, lines: 0 }),
            ("a,b", Scan::EndsUnquoted { lines: 0 }),
            ("a,\"b\nc\"\nd", Scan::Row { len: 7, lines: 1 }),
            ("a,\"b\r\nc\"\nd", Scan::Row { len: 8, lines: 1 }),
            ("a,\"b\n\rc\"\nd", Scan::Row { len: 8, lines: 2 }),
            ("\"a\"\"b\",c\n", Scan::Row { len: 8, lines: 0 }),
            ("\"a", Scan::EndsQuoted),
            ("\"a\"\"", Scan::EndsQuoted),
            ("\"a\n\"", Scan::EndsAtQuote { lines: 1 }),
            ("\"a\"b\n", Scan::TextAfterQuote),
            ("a\"b,c\"\n", Scan::Row { len: 6, lines: 0 }),
            ("\"a\",", Scan::EndsUnquoted { lines: 0 }),
            ("\"\"\n", Scan::Row { len: 2, lines: 0 }),
        ];
        for (text, expected) in cases {
            assert_eq!(scan(text.as_bytes(), b','), expected, "{text:?}");
        }
    }

    #[test]
    fn quoted_cells_are_told_from_others() {
        let row = b"a,\"b,\"\"c\",d\"e,\"\"";
        let quoted: Vec<bool> = (0..5).map(|index| is_quoted(row, b',', index)).collect();
        assert_eq!(quoted, [false, true, false, true, false]);
    }
}
