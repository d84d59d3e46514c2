//! The judgement of a list: no row of it becomes a person before its tokens are known to look alike.
//!
//! The first rows are held back. What most of their tokens look like is the pattern of the list; later rows are compared with it one
//! by one, so memory stays flat. A token that does not fit is a bad row. If many do not, it is unclear which of them are tokens, and
//! the list is refused.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use super::pattern::{Pattern, Shape, are_few};
use super::reject::{SHOWN, mask_row};
use super::rounding::Rounding;
use super::token::Token;
use super::{Bad, Columns, Item, ListTally, ReadOptions, Row, Sample, shown_file};
use crate::error::{Error, Result};
use crate::text::mask;

/// How many rows, or bytes of them, are held back before the list is judged.
const HEAD_ROWS: usize = 4096;
const HEAD_BYTES: usize = 1 << 20;

/// Counts rows, judges them and hands them on.
pub(super) struct Out<'a> {
    pub(super) wanted: Columns,
    progress: &'a mut dyn FnMut(u64, u64),
    sink: &'a mut dyn FnMut(Item<'_>) -> Result<()>,
    tally: ListTally,
    pub(super) bytes: Rc<Cell<u64>>,
    rounding: Rounding,
    columns_seen: HashSet<String>,
    first_reason: Option<String>,
    file: Rc<str>,
    head: Head,
    pattern: Option<Pattern>,
    allow_bad: bool,
    allow_odd: bool,
    /// The file whose last page names a next one, until that is met.
    next_page: Option<Rc<str>>,
    odd: u64,
    first_odd: Option<Odd>,
    farthest: u32,
    /// Reused for each bad row.
    bad: Bad,
}

/// Rows held back until the list is judged.
#[derive(Default)]
struct Head {
    rows: Vec<Held>,
    bytes: usize,
    is_judged: bool,
}

enum Held {
    Good {
        file: Rc<str>,
        line: u64,
        column: Option<String>,
        token: String,
        shape: Shape,
        values: Option<String>,
        raw: Vec<u8>,
    },
    Bad(Bad),
}

/// The first token that doesn't fit.
struct Odd {
    file: Rc<str>,
    line: u64,
    shape: Shape,
}

/// A cell that can be a token, and its position.
#[derive(Clone, Copy)]
pub(super) struct TokenCell<'r> {
    pub(super) line: u64,
    pub(super) column: Option<&'r str>,
    pub(super) token: Token<'r>,
    /// A JSON number, not a string.
    pub(super) number: bool,
    /// The raw row, or the start of it.
    pub(super) raw: &'r [u8],
}

impl<'a> Out<'a> {
    pub(super) fn new(
        wanted: Columns,
        options: &ReadOptions,
        progress: &'a mut dyn FnMut(u64, u64),
        sink: &'a mut dyn FnMut(Item<'_>) -> Result<()>,
    ) -> Self {
        Self {
            wanted,
            progress,
            sink,
            tally: ListTally::default(),
            bytes: Rc::default(),
            rounding: Rounding::default(),
            columns_seen: HashSet::new(),
            first_reason: None,
            file: Rc::from(""),
            head: Head::default(),
            pattern: None,
            allow_bad: options.allow_bad_rows,
            allow_odd: options.allow_odd_tokens,
            next_page: None,
            odd: 0,
            first_odd: None,
            farthest: 0,
            bad: Bad::default(),
        }
    }

    pub(super) fn begin(&mut self, file: &str) {
        self.file = Rc::from(file);
        self.rounding = Rounding::default();
    }

    /// The input is at its end.
    pub(super) fn end(&self) -> Result<()> {
        self.rounding.refuse_if_rounded(&self.file)
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The end of a page of Graph's token list, and whether it has a next one.
    pub(super) fn page(&mut self, has_next: bool) {
        self.next_page = has_next.then(|| Rc::clone(&self.file));
    }

    /// Rows read so far, of all inputs.
    pub(super) fn rows(&self) -> u64 {
        self.tally.rows
    }

    pub(super) fn columns(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            if self.columns_seen.insert(name.clone()) {
                self.tally.columns.push(name);
            }
        }
    }

    /// What was decided by how the list looks.
    pub(super) fn note(&mut self, note: String) {
        self.tally.notes.push(note);
    }

    pub(super) fn good(&mut self, row: TokenCell<'_>, values: Option<&str>) -> Result<()> {
        self.tally.rows += 1;
        self.rounding.observe(row.token.text, row.number);
        if self.head.is_judged {
            return self.judged(row, values);
        }
        self.head.bytes += row.token.text.len() + values.map_or(0, str::len) + row.raw.len().min(SHOWN + 1);
        self.head.rows.push(Held::Good {
            file: Rc::clone(&self.file),
            line: row.line,
            column: row.column.map(str::to_owned),
            token: row.token.text.to_owned(),
            shape: row.token.shape,
            values: values.map(str::to_owned),
            raw: row.raw[..row.raw.len().min(SHOWN + 1)].to_owned(),
        });
        self.judge_if_full()
    }

    /// `raw` is the row, or the start of it.
    pub(super) fn bad(&mut self, line: u64, column: Option<&str>, reason: impl Into<String>, raw: &[u8]) -> Result<()> {
        self.tally.rows += 1;
        self.tally.bad += 1;
        self.bad.line = line;
        self.bad.column = column.map(str::to_owned);
        self.bad.reason = reason.into();
        self.bad.row = mask_row(raw);
        self.file.as_ref().clone_into(&mut self.bad.file);
        if self.first_reason.is_none() {
            self.first_reason = Some(format!("line {line}: {}", self.bad.reason));
        }
        if self.head.is_judged {
            return (self.sink)(Item::Bad(&self.bad));
        }
        let bad = std::mem::take(&mut self.bad);
        self.head.bytes += bad.reason.len() + bad.row.len();
        self.head.rows.push(Held::Bad(bad));
        self.judge_if_full()
    }

    pub(super) fn tick(&mut self) {
        (self.progress)(self.bytes.get(), self.tally.rows);
    }

    /// A row of a list whose pattern is known.
    fn judged(&mut self, row: TokenCell<'_>, values: Option<&str>) -> Result<()> {
        let shape = row.token.shape;
        let fits = self.pattern.is_some_and(|pattern| pattern.fits(shape));
        if !fits {
            self.odd += 1;
            self.first_odd.get_or_insert_with(|| Odd { file: Rc::clone(&self.file), line: row.line, shape });
            if !self.allow_odd {
                // It is counted again there.
                self.tally.rows -= 1;
                return self.bad(row.line, row.column, self.unlike(shape), row.raw);
            }
        }
        self.tally.good += 1;
        self.sample(&row);
        (self.sink)(Item::Row(Row { line: row.line, token: row.token.text, values }))
    }

    /// Remembers the first token, and the one that looks least like the others.
    fn sample(&mut self, row: &TokenCell<'_>) {
        let distance = self.pattern.map_or(0, |pattern| pattern.distance(row.token.shape));
        if self.tally.first.is_some() && distance <= self.farthest {
            return;
        }
        let sample = Sample {
            file: self.file.as_ref().to_owned(),
            line: row.line,
            masked: mask(row.token.text),
            looks: row.token.shape.described(),
        };
        if distance > self.farthest {
            self.farthest = distance;
            self.tally.oddest = Some(sample.clone());
        }
        self.tally.first.get_or_insert(sample);
    }

    fn unlike(&self, shape: Shape) -> String {
        match &self.pattern {
            Some(pattern) => format!(
                "not like the other tokens: {}, the others have {}; --allow-odd-tokens takes it",
                shape.described(),
                pattern.described()
            ),
            None => format!("does not look like a token: {}; --allow-odd-tokens takes it", shape.described()),
        }
    }

    fn judge_if_full(&mut self) -> Result<()> {
        if self.head.rows.len() < HEAD_ROWS && self.head.bytes < HEAD_BYTES { Ok(()) } else { self.judge() }
    }

    /// Finds the pattern, and hands on what was held back.
    fn judge(&mut self) -> Result<()> {
        self.head.is_judged = true;
        let rows = std::mem::take(&mut self.head.rows);
        let shapes = || {
            rows.iter().filter_map(|row| match row {
                Held::Good { shape, file, line, .. } => Some((*shape, file, *line)),
                Held::Bad(_) => None,
            })
        };
        self.pattern = Pattern::of(shapes().map(|(shape, ..)| shape));
        let odd = |(shape, ..): &(Shape, &Rc<str>, u64)| self.pattern.is_none_or(|pattern| !pattern.fits(*shape));
        let all = shapes().count() as u64;
        let first = shapes().find(odd).map(|(shape, file, line)| Odd { file: Rc::clone(file), line, shape });
        if let Some(first) = &first {
            self.refuse_if_many(shapes().filter(odd).count() as u64, all, first)?;
        }
        let current = Rc::clone(&self.file);
        for row in &rows {
            match row {
                Held::Bad(bad) => (self.sink)(Item::Bad(bad))?,
                Held::Good { file, line, column, token, shape, values, raw } => {
                    self.file = Rc::clone(file);
                    let token = Token { text: token, shape: *shape };
                    let row = TokenCell { line: *line, column: column.as_deref(), token, number: false, raw };
                    self.judged(row, values.as_deref())?;
                }
            }
        }
        self.file = current;
        Ok(())
    }

    fn refuse_if_many(&self, odd: u64, all: u64, first: &Odd) -> Result<()> {
        if self.allow_odd || are_few(odd, all) {
            return Ok(());
        }
        let place = format!("line {} of the list {}", first.line, shown_file(&first.file));
        let looks = first.shape.described();
        let error = match &self.pattern {
            None => format!("this does not look like a list of subscription tokens: {place} has {looks}"),
            Some(pattern) => format!(
                "can't tell which rows are subscription tokens: most have {}, but {odd} of {all} look different; {place} has {looks}",
                pattern.described()
            ),
        };
        let hint = match first.shape.delimiter() {
            Some(c) => format!("if {c} separates columns, pass --delimiter '{c}'"),
            None => "check the list, or choose the column with --token-column".to_owned(),
        };
        Err(Error::refused(error).hint(format!("{hint}; if these are tokens, pass --allow-odd-tokens")))
    }

    pub(super) fn finish(mut self) -> Result<ListTally> {
        if let Some(file) = &self.next_page {
            return Err(Error::refused(format!(
                "the list {} is not whole: its last page names a next one (paging.next)",
                shown_file(file)
            ))
            .hint("fetch the pages until one has no paging.next, and name all of them"));
        }
        if !self.head.is_judged {
            self.judge()?;
        }
        if let Some(first) = &self.first_odd {
            self.refuse_if_many(self.odd, self.tally.good + self.odd, first)?;
        }
        self.tally.bytes = self.bytes.get();
        let ListTally { rows, good, bad, .. } = self.tally;
        let reason = self.first_reason.unwrap_or_default();
        if rows == 0 {
            self.tally.empty_header_only = true;
        } else if good == 0 {
            return Err(Error::refused(match rows {
                1 => "the only row of the list has no valid token".to_owned(),
                rows => format!("none of the {rows} rows of the list has a valid token"),
            })
            .hint(reason));
        } else if bad * 2 > rows && !self.allow_bad {
            return Err(Error::refused(format!("{bad} of {rows} rows of the list are bad, so it was not used"))
                .hint(format!("{reason}; fix the list, or use its good rows with --allow-bad-rows")));
        }
        Ok(self.tally)
    }
}
