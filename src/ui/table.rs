//! Records as tables and CSV. A format gets finished data and never computes.

use std::borrow::Cow;
use std::io::Write;

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, TableStyle};
use serde::Serialize;
use serde_json::Value;

use super::{stdout_failed, text};
use crate::error::{Error, Result};

/// Something that a command prints: its JSON form is its `Serialize`, its table form the columns.
pub trait Record: Serialize {
    /// What several are called: `no campaigns`.
    const PLURAL: &'static str;
    /// Table headers, in order.
    const COLUMNS: &'static [&'static str];
    /// One cell for each column, for people.
    fn cells(&self) -> Vec<String>;
}

/// How a table may look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Columns of the terminal; `None` in a pipe, where a row is one line for `grep` whatever its length.
    pub width: Option<u16>,
    pub color: bool,
}

/// A header and a line a record, no wider than the look allows; columns of numbers are right-aligned.
pub fn draw<R: Record>(rows: &[R], look: Look) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(visible_cells).collect();
    let mut table = new_table(look);
    table.set_header(R::COLUMNS.iter().map(|name| heading(name, look)).collect::<Vec<_>>());
    table.add_rows(&cells);
    for index in 0..R::COLUMNS.len() {
        let mut column = cells.iter().filter_map(|row| row.get(index));
        if let Some(drawn) = table.column_mut(index) {
            drawn.set_padding((0, 2));
            if column.clone().any(|cell| is_number(cell)) && column.all(|cell| is_number(cell) || cell == "-") {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    trimmed(&table)
}

/// One record, a line a field.
pub fn draw_one<R: Record>(row: &R, look: Look) -> String {
    let mut table = new_table(look);
    // A field without a value is left out.
    for (column, cell) in R::COLUMNS.iter().zip(visible_cells(row)).filter(|(_, cell)| !cell.is_empty()) {
        table.add_row(vec![heading(column, look), Cell::new(cell)]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, 2));
    }
    if let Some(column) = table.column_mut(1) {
        column.set_padding((0, 0));
    }
    trimmed(&table)
}

fn visible_cells<R: Record>(row: &R) -> Vec<String> {
    row.cells().iter().map(|cell| text::visible(cell).into_owned()).collect()
}

fn heading(name: &str, look: Look) -> Cell {
    let cell = Cell::new(name);
    if look.color { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn new_table(look: Look) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic).force_no_tty();
    if look.color {
        table.enforce_styling();
    }
    if let Some(width) = look.width {
        table.set_width(width);
    }
    table
}

/// An amount: digits with what stands in and around them. A long row of digits is an id, and stays left.
fn is_number(cell: &str) -> bool {
    cell.len() <= 14
        && cell.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && cell.contains(|c: char| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '%' | ' '))
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A header (the JSON keys) and rows; nested values as JSON text.
pub fn write_csv<R: Record>(out: &mut impl Write, rows: &[R]) -> Result<()> {
    if rows.is_empty() {
        // No row tells its keys; the columns' names stand in for them.
        let names = R::COLUMNS.iter().map(|name| name.to_lowercase().replace(' ', "_"));
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(names).map_err(csv_failed)?;
        return csv.flush().map_err(stdout_failed);
    }
    let values: Vec<Value> = rows.iter().map(to_value).collect::<Result<_>>()?;
    write_csv_values(out, &values)
}

/// One row, with the header before it where wanted.
pub fn write_csv_row<R: Record>(out: &mut impl Write, row: &R, header: bool) -> Result<()> {
    write_objects(out, &[to_value(row)?], header)
}

/// As [`write_csv`], of JSON objects.
pub fn write_csv_values(out: &mut impl Write, rows: &[Value]) -> Result<()> {
    write_objects(out, rows, true)
}

/// One line of cells, into memory.
pub fn write_csv_cells(out: &mut Vec<u8>, cells: &[&str]) {
    let mut csv = csv::Writer::from_writer(out);
    // Memory takes everything.
    let _ = csv.write_record(cells.iter().map(|cell| spreadsheet_safe(cell).into_owned()));
    let _ = csv.flush();
}

fn to_value(row: &impl Serialize) -> Result<Value> {
    serde_json::to_value(row).map_err(|error| Error::internal("can't write a row").because(&error))
}

fn write_objects(out: &mut impl Write, rows: &[Value], header: bool) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for (index, row) in rows.iter().enumerate() {
        let Value::Object(fields) = row else {
            return Err(Error::internal("a record is not an object"));
        };
        if header && index == 0 {
            csv.write_record(fields.keys()).map_err(csv_failed)?;
        }
        csv.write_record(fields.values().map(cell)).map_err(csv_failed)?;
    }
    csv.flush().map_err(stdout_failed)
}

/// Text is kept from being a formula; a number can't be one.
fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => spreadsheet_safe(&plain(other)).into_owned(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front; what a terminal would obey is shown.
pub fn spreadsheet_safe(cell: &str) -> Cow<'_, str> {
    let shown = text::visible_in_csv(cell);
    if shown.starts_with(['=', '+', '-', '@', '\t', '\r']) { Cow::Owned(format!("'{shown}")) } else { shown }
}

fn csv_failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => stdout_failed(error),
        other => Error::internal(format!("can't write CSV: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        sent: i64,
    }

    impl Record for Row {
        const PLURAL: &'static str = "rows";
        const COLUMNS: &'static [&'static str] = &["NAME", "SENT", "NOTE"];

        fn cells(&self) -> Vec<String> {
            vec![self.name.to_owned(), text::thousands(self.sent.unsigned_abs()), "a note of some length".to_owned()]
        }
    }

    const ROWS: [Row; 2] = [Row { name: "=cmd()", sent: -1 }, Row { name: "b\u{1b}[31m", sent: 12_345 }];

    #[test]
    fn numbers_stand_right_and_control_characters_are_seen() {
        let drawn = draw(&ROWS, Look::default());
        assert_eq!(
            drawn,
            "NAME           SENT  NOTE\n=cmd()            1  a note of some length\nb\\u{1b}[31m  12,345  a note of some length\n"
        );
    }

    #[test]
    fn a_terminal_is_never_overrun_and_a_pipe_has_one_line_a_row() {
        for width in 20..60 {
            let drawn = draw(&ROWS, Look { width: Some(width), color: false });
            assert!(drawn.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}\n{drawn}");
        }
        assert_eq!(draw(&ROWS, Look::default()).lines().count(), 3);
    }

    #[test]
    fn csv_runs_no_formula_shows_control_characters_and_keeps_numbers() {
        let mut csv = Vec::new();
        write_csv(&mut csv, &ROWS).unwrap();
        assert_eq!(String::from_utf8(csv).unwrap(), "name,sent\n'=cmd(),-1\nb\\u{1b}[31m,12345\n");
        let mut csv = Vec::new();
        write_csv::<Row>(&mut csv, &[]).unwrap();
        assert_eq!(csv, b"name,sent,note\n");
    }
}
