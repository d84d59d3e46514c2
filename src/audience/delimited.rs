//! CSV, TSV and their kin, and plain lists of one token a line.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::dialect::{self, Dialect, Layout};
use super::quoting::{self, Framed, Framer};
use super::token;
use super::window::Window;
use super::{Held, Out, ReadOptions};
use crate::error::{Error, Result};
use crate::json;

pub(super) fn read(window: &mut Window, options: &ReadOptions, out: &mut Out<'_>) -> Result<Held> {
    let mut framer = Framer::new();
    let dialect = dialect::find(window.prefix(), options);
    if dialect.sep_line {
        framer.next(window, b'\n')?;
        framer.consume_line(window)?;
    }
    let delimiter = dialect.delimiter.unwrap_or(b',');
    let mut rows = Rows { dialect, delimiter, cells: Cells::new(delimiter), plan: None, values: String::new() };
    let mut read_to = 0;
    while let Some(framed) = framer.next(window, delimiter)? {
        if out.bytes.get() != read_to {
            read_to = out.bytes.get();
            out.tick();
        }
        let line = framer.line;
        let (len, lines) = match framed {
            Framed::Row { len, lines } => (len, lines),
            Framed::Spoiled(spoiled) => {
                out.bad(line, None, spoiled.reason(), quoting::first_line(window.pending()))?;
                framer.consume_line(window)?;
                continue;
            }
        };
        let row = &window.pending()[..len];
        if lines > 0 && rows.swallowed(row)? {
            let reason = "a quote is opened and the row ends on another line with the wrong cells; the next line is read on its own";
            out.bad(line, None, reason, quoting::first_line(row))?;
            framer.consume_line(window)?;
            continue;
        }
        rows.take(line, row, options, out)?;
        framer.consume_row(window, len, lines);
    }
    Ok(Held { frame: rows.plan.is_some_and(|plan| plan.layout.header) })
}

/// What is known once the first row is.
struct Plan {
    layout: Layout,
    /// The header's own words for the token column.
    token_name: Option<String>,
    /// Index and rendered key (`"name":`) of each column that is collected.
    collected: Vec<(usize, String)>,
}

struct Rows {
    dialect: Dialect,
    delimiter: u8,
    cells: Cells,
    plan: Option<Plan>,
    values: String,
}

impl Rows {
    /// Whether a sound row of several lines shows that a lone quote swallowed its neighbours: the token holds a line end, or there
    /// are too many or too few cells.
    fn swallowed(&mut self, row: &[u8]) -> Result<bool> {
        let cells = self.cells.split(row)?;
        Ok(match &self.plan {
            Some(plan) => {
                cells != plan.layout.names.len()
                    || memchr::memchr2(b'\n', b'\r', self.cells.get(plan.layout.token)).is_some()
            }
            // A header may be written over several lines; a list of one column may not.
            None => cells == 1,
        })
    }

    fn take(&mut self, line: u64, row: &[u8], options: &ReadOptions, out: &mut Out<'_>) -> Result<()> {
        let Some(plan) = &self.plan else {
            return self.take_first(line, row, options, out);
        };
        let quoted = memchr::memchr(b'"', row).is_some();
        if !quoted && self.dialect.delimiter.is_none() {
            return Self::take_line(plan, line, row, out);
        }
        let cells = self.cells.split(row)?;
        if cells == 1 && row.trim_ascii().is_empty() {
            return Ok(());
        }
        if cells != plan.layout.names.len() {
            return out.bad(line, None, ragged(cells, plan), row);
        }
        let cell = self.cells.get(plan.layout.token).trim_ascii();
        if quoted && memchr::memchr(b'"', cell).is_some() && !quoting::is_quoted(row, self.delimiter, plan.layout.token)
        {
            return out.bad(line, plan.token_name.as_deref(), "a lone quote in the token", row);
        }
        let Some(token) = good_token(plan, line, cell, row, out)? else { return Ok(()) };
        if plan.collected.is_empty() {
            return out.good(line, token, None);
        }
        self.values.clear();
        for (index, key) in &plan.collected {
            let cell = self.cells.get(*index);
            let text = match std::str::from_utf8(cell) {
                Ok(text) => text,
                Err(error) => {
                    let reason = format!(
                        "not valid UTF-8 at byte {} of the cell; save the list as UTF-8",
                        error.valid_up_to() + 1
                    );
                    return out.bad(line, plan.layout.names.get(*index).map(String::as_str), reason, row);
                }
            };
            self.values.push(if self.values.is_empty() { '{' } else { ',' });
            self.values.push_str(key);
            json::push_string(&mut self.values, text);
        }
        self.values.push('}');
        out.good(line, token, Some(&self.values))
    }

    /// A row of one column without quotes: the most common of all.
    fn take_line(plan: &Plan, line: u64, row: &[u8], out: &mut Out<'_>) -> Result<()> {
        let cell = row.trim_ascii();
        if cell.is_empty() {
            return Ok(());
        }
        if dialect::holds_delimiter(cell) && !std::str::from_utf8(cell).is_ok_and(token::is_spreadsheet_number) {
            return out.bad(line, None, "more than one cell in a list of one column", row);
        }
        let Some(token) = good_token(plan, line, cell, row, out)? else { return Ok(()) };
        out.good(line, token, None)
    }

    /// Header or first row of data.
    fn take_first(&mut self, line: u64, row: &[u8], options: &ReadOptions, out: &mut Out<'_>) -> Result<()> {
        let count = self.cells.split(row)?;
        if count == 1 && row.trim_ascii().is_empty() {
            return Ok(());
        }
        let whole_row = self.dialect.delimiter.is_none() && memchr::memchr(b'"', row).is_none();
        let cells: Vec<String> = if whole_row {
            vec![String::from_utf8_lossy(row.trim_ascii()).into_owned()]
        } else {
            (0..count).map(|index| String::from_utf8_lossy(self.cells.get(index).trim_ascii()).into_owned()).collect()
        };
        let layout = dialect::layout(&cells, options, &out.bad.file)?;
        let collected = layout
            .names
            .iter()
            .enumerate()
            .filter(|(index, name)| *index != layout.token && out.wanted.wants(name))
            .map(|(index, name)| {
                let mut key = String::new();
                json::push_string(&mut key, name);
                key.push(':');
                (index, key)
            })
            .collect();
        out.columns(layout.others().map(str::to_owned));
        let token_name = (layout.header || layout.names.len() > 1).then(|| layout.names[layout.token].clone());
        let header = layout.header;
        self.plan = Some(Plan { layout, token_name, collected });
        if header { Ok(()) } else { self.take(line, row, options, out) }
    }
}

impl Layout {
    fn others(&self) -> impl Iterator<Item = &str> {
        self.names.iter().enumerate().filter(|(index, _)| *index != self.token).map(|(_, name)| name.as_str())
    }
}

/// The cell as a token, or a bad row.
fn good_token<'c>(plan: &Plan, line: u64, cell: &'c [u8], row: &[u8], out: &mut Out<'_>) -> Result<Option<&'c str>> {
    let reason = match (token::fault(cell), std::str::from_utf8(cell)) {
        (None, Ok(token)) if plan.token_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(token)) => {
            "a header among the rows; were two lists joined?".to_owned()
        }
        (None, Ok(token)) => return Ok(Some(token)),
        (None, Err(_)) => "not valid UTF-8".to_owned(),
        (Some(reason), _) => reason,
    };
    out.bad(line, plan.token_name.as_deref(), reason, row)?;
    Ok(None)
}

fn ragged(cells: usize, plan: &Plan) -> String {
    let first = if plan.layout.header { "the header" } else { "the first row" };
    let s = if cells == 1 { "" } else { "s" };
    format!("{cells} cell{s}, but {first} has {}", plan.layout.names.len())
}

/// Splits one row at a time into cells, in buffers that are used again.
struct Cells {
    reader: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl Cells {
    fn new(delimiter: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
        // Before its first read the parser would take EF BB BF for a mark; the window has used that up already.
        reader.read_record(b"\n", &mut [0; 4], &mut [0; 1]);
        Self { reader, text: vec![0; 1024], ends: vec![0; 32], count: 0 }
    }

    /// Splits a row whose bounds are known to be right. Returns the number of cells.
    fn split(&mut self, row: &[u8]) -> Result<usize> {
        if self.text.len() <= row.len() {
            self.text.resize(row.len() + 1, 0);
        }
        let (mut input, mut written) = (row, 0);
        self.count = 0;
        let mut ended = false;
        loop {
            let (result, used, wrote, cells) =
                self.reader.read_record(input, &mut self.text[written..], &mut self.ends[self.count..]);
            input = &input[used..];
            written += wrote;
            self.count += cells;
            match result {
                ReadRecordResult::Record => return Ok(self.count),
                ReadRecordResult::InputEmpty if !ended => {
                    input = b"\n";
                    ended = true;
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    return Err(Error::internal("a row of the list was split at the wrong place"));
                }
            }
        }
    }

    fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}
