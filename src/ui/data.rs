//! Data: stdout, in the requested format.

use std::io::{self, BufWriter, Stdout, Write};
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;

use super::shape::{Picked, Row, Shape};
use super::table::{self, Look, Record};
use super::{Format, Ui};
use crate::error::{Error, Result};
use crate::json;

impl Ui {
    /// Prints a list in the requested format. An empty list is an empty JSON array, no line, a CSV header, or a message on stderr.
    ///
    /// # Errors
    /// Exit 141 if stdout is closed, 10 if it can't be written.
    pub fn list<R: Record>(&self, rows: &[R]) -> Result<()> {
        match self.options.format {
            Format::Json => self.print(&pretty(rows)?),
            Format::Ndjson => {
                let mut lines = String::new();
                for row in rows {
                    lines.push_str(&json_line(row)?);
                }
                self.print(&lines)
            }
            Format::Csv => {
                let mut csv = Vec::new();
                table::write_csv(&mut csv, rows)?;
                self.print(&String::from_utf8_lossy(&csv))
            }
            Format::Table if rows.is_empty() => {
                self.status(&format!("no {}", R::PLURAL));
                Ok(())
            }
            Format::Table => {
                let cells = rows.iter().map(|row| self.readable_cells(row)).collect();
                self.print(&table::draw(R::columns(), cells, R::EXPENDABLE, self.look()))
            }
        }
    }

    /// The same with the columns, the order and the number of rows that were asked for.
    ///
    /// # Errors
    /// As [`Ui::list`]; exit 2 for a column that is not there.
    pub fn list_as<R: Record>(&self, rows: &[R], shape: &Shape) -> Result<()> {
        let format = self.options.format;
        let (keys, picked) = (R::keys(), shape.pick::<R>(format == Format::Table)?);
        if shape.is_all() {
            return self.list(rows);
        }
        let row = |row: &R| Ok(Row { value: table::to_object(row)?, cells: self.readable_cells(row) });
        let mut rows = rows.iter().map(row).collect::<Result<Vec<_>>>()?;
        picked.arrange(&mut rows, &keys);
        if format == Format::Table {
            if rows.is_empty() {
                self.status(&format!("no {}", R::PLURAL));
                return Ok(());
            }
            // What somebody asks for is not left out.
            let expendable = if picked.columns.is_some() { &[] } else { R::EXPENDABLE };
            let names = picked.names(&R::columns(), &keys);
            let cells = rows.into_iter().map(|row| picked.cells(row, &keys)).collect();
            return self.print(&table::draw(names, cells, expendable, self.look()));
        }
        let rows: Vec<Value> = rows.into_iter().map(|row| Value::Object(picked.project(row.value, &keys))).collect();
        match format {
            Format::Csv if rows.is_empty() => {
                let mut header = Vec::new();
                table::write_csv_cells(&mut header, &picked.names(&keys, &keys));
                self.print(&String::from_utf8_lossy(&header))
            }
            Format::Csv => {
                let mut csv = Vec::new();
                table::write_csv_values(&mut csv, &rows)?;
                self.print(&String::from_utf8_lossy(&csv))
            }
            Format::Ndjson => self.print(&rows.iter().map(json_line).collect::<Result<String>>()?),
            Format::Json | Format::Table => self.print(&pretty(&rows)?),
        }
    }

    /// Prints one object: fields and values in a table, or the object itself.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn object<R: Record>(&self, row: &R) -> Result<()> {
        match self.options.format {
            Format::Json => self.print(&pretty(row)?),
            Format::Ndjson | Format::Csv => self.list(std::slice::from_ref(row)),
            Format::Table => self.print(&table::fields(&R::columns(), &self.readable_cells(row), self.look())),
        }
    }

    /// Prints a JSON value in any format (`message build`, `message schema`).
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn json(&self, value: &Value) -> Result<()> {
        self.print(&pretty(value)?)
    }

    /// Prints one value: plain in the table format, else as a JSON object with one key or a CSV with one cell.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn value(&self, key: &'static str, value: &str) -> Result<()> {
        let object = || serde_json::json!({ key: value });
        match self.options.format {
            Format::Table => self.print(&format!("{}\n", crate::text::visible(value))),
            Format::Json => self.print(&pretty(&object())?),
            Format::Ndjson => self.print(&json_line(&object())?),
            Format::Csv => {
                let mut csv = Vec::new();
                table::write_csv_values(&mut csv, &[object()])?;
                self.print(&String::from_utf8_lossy(&csv))
            }
        }
    }

    /// Prints our own text unchanged (a script, a manual page, a sandbox's credentials). Secrets in it are not replaced.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn text(&self, text: &str) -> Result<()> {
        self.print_raw(&format!("{text}\n"))
    }

    /// Rows one by one, for output too large for memory: `-o ndjson` and `-o csv`. Whoever sorts them has to have all of them.
    ///
    /// # Errors
    /// Exit 2 for a column that is not there.
    pub fn rows<R: Record>(&self, shape: &Shape) -> Result<RowWriter<R>> {
        let picked = shape.pick::<R>(false)?;
        Ok(RowWriter {
            left: picked.limit.unwrap_or(usize::MAX),
            picked: Some(picked).filter(|picked| picked.columns.is_some()),
            ui: self.clone(),
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            at_once: self.stdout_is_terminal(),
            header: self.options.format == Format::Csv,
            row: PhantomData,
        })
    }

    pub(super) fn print(&self, text: &str) -> Result<()> {
        let text = self.redactor.clean(text);
        let is_drawn = self.options.format == Format::Table && self.stdout_is_terminal();
        self.print_raw(&self.drawable(&text, is_drawn))
    }

    fn print_raw(&self, text: &str) -> Result<()> {
        self.live.suspended(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(stdout_failed)
        })
    }

    pub(super) fn look(&self) -> Look {
        Look { width: self.terminal_width(), color: self.colors_data() }
    }
}

/// Rows on stdout, written as they come. Flush before dropping it, or an error at the end is lost.
pub struct RowWriter<R> {
    ui: Ui,
    out: BufWriter<Stdout>,
    /// Stdout is a terminal: write each row at once.
    at_once: bool,
    header: bool,
    /// The columns that were asked for, if any were.
    picked: Option<Picked>,
    /// So many more rows were asked for.
    left: usize,
    row: PhantomData<R>,
}

impl<R: Record> RowWriter<R> {
    /// Writes one row as a line of JSON or CSV.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn push(&mut self, row: &R) -> Result<()> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(()) };
        self.left = left;
        let text = match &self.picked {
            Some(picked) => {
                let value = Value::Object(picked.project(table::to_object(row)?, &R::keys()));
                line_of(&value, self.ui.format(), std::mem::take(&mut self.header))?
            }
            None => line_of(row, self.ui.format(), std::mem::take(&mut self.header))?,
        };
        if self.at_once {
            return self.ui.print(&text);
        }
        self.out.write_all(self.ui.redactor.clean(&text).as_bytes()).map_err(stdout_failed)
    }

    /// Flushes stdout.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(stdout_failed)
    }
}

fn line_of(row: &impl Serialize, format: Format, header: bool) -> Result<String> {
    if format != Format::Csv {
        return json_line(row);
    }
    let mut csv = Vec::new();
    table::write_csv_row(&mut csv, row, header)?;
    Ok(String::from_utf8_lossy(&csv).into_owned())
}

/// A value as [`Ui::json`] prints it.
pub fn pretty(value: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string_pretty(value).map(|text| json::visible(text) + "\n").map_err(unwritable)
}

fn json_line(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map(|text| json::visible(text) + "\n").map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::internal("can't write a row as JSON").because(&error)
}

/// A closed stdout counts as SIGPIPE (141); any other failure counts as a disk error (10).
pub fn stdout_failed(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Error::stdout_closed()
    } else {
        Error::ledger("can't write to stdout").because(&error)
    }
}
