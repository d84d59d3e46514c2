//! CSV, TSV and the like, and plain lists of one token a line.

use super::cells::Cells;
use super::dialect::{self, Dialect, Header, Layout};
use super::drawn::{self, Table};
use super::judge::{Out, TokenCell};
use super::pattern::TokenKind;
use super::quoting::{self, Framed, Framer};
use super::token;
use super::window::{Start, Window};
use super::{ReadOptions, shown_file};
use crate::error::{Error, Result};
use crate::json;

/// Reads an input to its end. Whether it had a header.
pub(super) fn read(window: &mut Window, options: &ReadOptions, out: &mut Out<'_>) -> Result<bool> {
    let mut framer = Framer::new();
    let mut table = drawn::find(window.prefix(), out.file())?;
    let unwrapped = dialect::unwrapped(window.start())?;
    let mut judged = start(window, unwrapped.as_deref());
    if table.as_ref().is_some_and(Table::has_border) {
        judged = dialect::below_first_line(judged);
    }
    let dialect = dialect::find(judged, options, out.file())?;
    if dialect.sep_line {
        framer.next(window, b'\n')?;
        framer.consume_line(window)?;
    }
    let delimiter = dialect.delimiter.unwrap_or(b',');
    let mut wrapping = Cells::new(delimiter);
    let mut rows = Rows {
        dialect,
        delimiter,
        is_table: table.is_some(),
        cells: Cells::new(delimiter),
        plan: None,
        values: String::new(),
    };
    let mut read_to = 0;
    while let Some(framed) = framer.next(window, delimiter)? {
        if out.bytes.get() != read_to {
            read_to = out.bytes.get();
            out.tick();
        }
        let line = framer.line;
        let bounds = match framed {
            Framed::Row(bounds) => bounds,
            Framed::Spoiled(spoiled) => {
                out.bad(line, None, spoiled.reason(), quoting::first_line(window.pending()))?;
                framer.consume_line(window)?;
                continue;
            }
        };
        let mut row =
            RowAt { text: &window.pending()[..bounds.len], line, lines: bounds.lines, is_sound: bounds.is_sound };
        if let Some(table) = &mut table
            && !table.is_row(row.text, line, out.file())?
        {
            framer.consume_row(window, bounds);
            continue;
        }
        if unwrapped.is_some() {
            match wrapping.only_cell(row.text)? {
                Some(inner) => row.text = inner,
                None => row.is_sound = false,
            }
        }
        if rows.plan.is_none() && row.is_sound {
            rows.plan(row.text, start(window, unwrapped.as_deref()), options, out)?;
            if rows.plan.as_ref().is_some_and(|plan| plan.layout.header != Header::None) {
                framer.consume_row(window, bounds);
                continue;
            }
        }
        rows.take(row, out)?;
        framer.consume_row(window, bounds);
    }
    Ok(rows.plan.is_some_and(|plan| plan.layout.header != Header::None))
}

/// What the dialect is judged by.
fn start<'t>(window: &'t Window, unwrapped: Option<&'t [u8]>) -> Start<'t> {
    unwrapped.map_or_else(|| window.start(), |text| Start { text, is_all: true })
}

/// A row and its position.
#[derive(Clone, Copy)]
struct RowAt<'r> {
    text: &'r [u8],
    line: u64,
    /// Line ends inside its quotes.
    lines: u64,
    is_sound: bool,
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
    is_table: bool,
    cells: Cells,
    plan: Option<Plan>,
    values: String,
}

impl Rows {
    fn take(&mut self, row: RowAt<'_>, out: &mut Out<'_>) -> Result<()> {
        if !row.is_sound {
            return bad(row, None, "a lone quote: text follows where a quoted cell should end", out);
        }
        let Some(plan) = &self.plan else { return Ok(()) };
        if self.dialect.delimiter.is_none() && memchr::memchr(b'"', row.text).is_none() {
            return take_line(plan, row, out);
        }
        let count = self.cells.split(row.text)?;
        if count == 1 && row.text.trim_ascii().is_empty() {
            return Ok(());
        }
        let has_more = (plan.layout.names.len()..count).any(|index| !self.cells.trimmed(index).is_empty());
        if count < plan.layout.required || has_more {
            self.refuse_second_header(plan, row, count, out)?;
            return bad(row, None, &ragged(count, plan), out);
        }
        let token = match token::read(self.cells.trimmed(plan.layout.token)) {
            Ok(token) if token.shape.kind != TokenKind::Word => token,
            Ok(token) => {
                self.refuse_second_header(plan, row, count, out)?;
                if plan.token_name.as_deref().is_some_and(|name| dialect::same_name(name, token.text)) {
                    return bad(
                        row,
                        plan.token_name.as_deref(),
                        "a header among the rows; were two lists joined?",
                        out,
                    );
                }
                token
            }
            Err(reason) => {
                self.refuse_second_header(plan, row, count, out)?;
                return bad(row, plan.token_name.as_deref(), &reason, out);
            }
        };
        self.values.clear();
        for (index, key) in &plan.collected {
            if *index >= count {
                continue;
            }
            let cell = if self.is_table { self.cells.trimmed(*index) } else { self.cells.get(*index) };
            let text = match std::str::from_utf8(cell) {
                Ok(text) => text,
                Err(error) => {
                    let reason = format!(
                        "not valid UTF-8 at byte {} of the cell; save the list as UTF-8",
                        error.valid_up_to() + 1
                    );
                    return bad(row, plan.layout.names.get(*index).map(String::as_str), &reason, out);
                }
            };
            self.values.push(if self.values.is_empty() { '{' } else { ',' });
            self.values.push_str(key);
            json::push_string(&mut self.values, text);
        }
        let values = if self.values.is_empty() {
            None
        } else {
            self.values.push('}');
            Some(self.values.as_str())
        };
        let candidate =
            TokenCell { line: row.line, column: plan.token_name.as_deref(), token, number: false, raw: row.text };
        out.good(candidate, values)
    }

    /// A row that names the columns again, in another order: behind it the token column is another one.
    fn refuse_second_header(&self, plan: &Plan, row: RowAt<'_>, count: usize, out: &Out<'_>) -> Result<()> {
        let Layout { names, token, header, .. } = &plan.layout;
        if count < 2 {
            return Ok(());
        }
        let cells = (0..count).map(|index| String::from_utf8_lossy(self.cells.trimmed(index)));
        let moved = cells.enumerate().any(|(index, cell)| {
            index != *token
                && (dialect::is_known(&cell)
                    || (*header != Header::None && names.len() > 1 && dialect::same_name(&cell, &names[*token])))
        });
        if !moved {
            return Ok(());
        }
        Err(Error::refused(format!(
            "line {} of the list {} is a second header, with the columns in another order",
            row.line,
            shown_file(out.file())
        ))
        .hint("two lists were joined; name both files instead: mmsg … one.csv two.csv"))
    }

    /// Decides the layout by the first row.
    fn plan(&mut self, row: &[u8], start: Start<'_>, options: &ReadOptions, out: &mut Out<'_>) -> Result<()> {
        let count = self.cells.split(row)?;
        if count == 1 && row.trim_ascii().is_empty() {
            return Ok(());
        }
        let whole_row = self.dialect.delimiter.is_none() && memchr::memchr(b'"', row).is_none();
        let cells: Vec<String> = if whole_row {
            vec![String::from_utf8_lossy(row.trim_ascii()).into_owned()]
        } else {
            (0..count).map(|index| String::from_utf8_lossy(self.cells.trimmed(index)).into_owned()).collect()
        };
        let layout = dialect::layout(&cells, start, self.delimiter, self.is_table, options, out.file())?;
        if layout.header == Header::Likely {
            out.note(format!(
                "the first row of the list {} looks like a header ({}) and was read as one; if it is data, pass --no-header",
                shown_file(out.file()),
                dialect::column_shown(dialect::bare_name(&cells[layout.token])),
            ));
        }
        // A drawn table has no column before its first border or after its last.
        let is_column = |index: usize| index != layout.token && !(self.is_table && cells[index].is_empty());
        let others = || layout.names.iter().enumerate().filter(|(index, _)| is_column(*index));
        let collected = others()
            .filter(|(_, name)| out.wanted.wants(name))
            .map(|(index, name)| {
                let mut key = String::new();
                json::push_string(&mut key, name);
                key.push(':');
                (index, key)
            })
            .collect();
        out.columns(others().map(|(_, name)| name.clone()));
        let named = layout.header != Header::None || layout.names.len() > 1;
        let token_name = named.then(|| layout.names[layout.token].clone());
        self.plan = Some(Plan { layout, token_name, collected });
        Ok(())
    }
}

/// A row of one column without quotes: the most common of all.
fn take_line(plan: &Plan, row: RowAt<'_>, out: &mut Out<'_>) -> Result<()> {
    let mut cell = row.text.trim_ascii();
    if cell.is_empty() {
        return Ok(());
    }
    let column = plan.token_name.as_deref();
    if dialect::holds_delimiter(cell) && !std::str::from_utf8(cell).is_ok_and(token::is_spreadsheet_number) {
        cell = without_delimiters_behind(cell);
        if dialect::holds_delimiter(cell) {
            return bad(row, None, "more than one cell in a list of one column", out);
        }
    }
    match token::read(cell) {
        Ok(token) if column.is_some_and(|name| name.eq_ignore_ascii_case(token.text)) => {
            bad(row, column, "a header among the rows; were two lists joined?", out)
        }
        Ok(token) => out.good(TokenCell { line: row.line, column, token, number: false, raw: row.text }, None),
        Err(reason) => bad(row, column, &reason, out),
    }
}

fn without_delimiters_behind(mut cell: &[u8]) -> &[u8] {
    while let [rest @ .., last] = cell
        && dialect::DELIMITERS.contains(last)
    {
        cell = rest;
    }
    cell.trim_ascii()
}

/// A bad row; one that shows that the list is a drawn table refuses the list.
fn bad(row: RowAt<'_>, column: Option<&str>, reason: &str, out: &mut Out<'_>) -> Result<()> {
    if row.lines == 0 {
        drawn::refuse_row(row.text, row.line, out.file())?;
        return out.bad(row.line, column, reason, row.text);
    }
    let last = row.line + row.lines;
    out.bad(row.line, column, format!("{reason} (one row from line {} to {last})", row.line), row.text)
}

fn ragged(cells: usize, plan: &Plan) -> String {
    let first = if plan.layout.header == Header::None { "the first row" } else { "the header" };
    let s = if cells == 1 { "" } else { "s" };
    format!("{cells} cell{s}, but {first} has {}", plan.layout.names.len())
}
