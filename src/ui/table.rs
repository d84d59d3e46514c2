//! Records as tables and CSV. A format gets finished data and never computes.

use std::borrow::Cow;
use std::io::Write;

use comfy_table::{ContentArrangement, Table, TableStyle};
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

/// A table as wide as the terminal allows.
pub fn draw<R: Record>(rows: &[R]) -> String {
    let mut table = new_table();
    table.set_header(R::COLUMNS.to_vec());
    for row in rows {
        table.add_row(row.cells().iter().map(|cell| text::visible(cell).into_owned()).collect::<Vec<_>>());
    }
    trimmed(&table)
}

/// One record, a line a field.
pub fn draw_one<R: Record>(row: &R) -> String {
    let mut table = new_table();
    for (column, cell) in R::COLUMNS.iter().zip(row.cells()) {
        table.add_row(vec![(*column).to_owned(), text::visible(&cell).into_owned()]);
    }
    trimmed(&table)
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A header (the JSON keys of the first row) and rows; nested values as JSON text.
pub fn write_csv<R: Record>(out: &mut impl Write, rows: &[R]) -> Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    for (index, row) in rows.iter().enumerate() {
        let Value::Object(fields) =
            serde_json::to_value(row).map_err(|e| Error::internal("can't write a row").because(&e))?
        else {
            return Err(Error::internal("a record is not an object"));
        };
        if index == 0 {
            csv.write_record(fields.keys()).map_err(csv_failed)?;
        }
        csv.write_record(fields.values().map(|value| spreadsheet_safe(&plain(value)).into_owned()))
            .map_err(csv_failed)?;
    }
    csv.flush().map_err(stdout_failed)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front.
pub fn spreadsheet_safe(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

fn csv_failed(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => stdout_failed(error),
        other => Error::internal(format!("can't write CSV: {other:?}")),
    }
}
