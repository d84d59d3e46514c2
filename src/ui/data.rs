//! Data: stdout, in the requested format.

use std::io::{self, BufWriter, Stdout, Write};
use std::marker::PhantomData;

use serde::Serialize;
use serde_json::Value;

use super::table::{self, Look, Record};
use super::{Format, Ui};
use crate::error::{Error, Result};
use crate::json;

impl Ui {
    /// Prints a list in the requested format. An empty list is an empty JSON array, no line, a CSV header, or a message on stderr.
    ///
    /// # Errors
    /// Exit 143 if stdout is closed, 10 if it can't be written.
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
            Format::Table => self.print(&table::draw(rows, self.look())),
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
            Format::Table => self.print(&table::draw_one(row, self.look())),
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

    /// RowWriter one by one, for output too large for memory: `-o ndjson` and `-o csv`.
    pub fn rows<R: Record>(&self) -> RowWriter<R> {
        RowWriter {
            ui: self.clone(),
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            at_once: self.stdout_is_terminal(),
            header: self.options.format == Format::Csv,
            row: PhantomData,
        }
    }

    pub(super) fn print(&self, text: &str) -> Result<()> {
        self.print_raw(&self.redactor.clean(text))
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

/// RowWriter on stdout, written as they come. Flush before dropping it, or an error at the end is lost.
pub struct RowWriter<R> {
    ui: Ui,
    out: BufWriter<Stdout>,
    /// Stdout is a terminal: write each row at once.
    at_once: bool,
    header: bool,
    row: PhantomData<R>,
}

impl<R: Record> RowWriter<R> {
    /// Writes one row as a line of JSON or CSV.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn push(&mut self, row: &R) -> Result<()> {
        let text = if self.ui.format() == Format::Csv {
            let mut csv = Vec::new();
            table::write_csv_row(&mut csv, row, std::mem::take(&mut self.header))?;
            String::from_utf8_lossy(&csv).into_owned()
        } else {
            json_line(row)?
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

/// A closed stdout counts as SIGTERM (143); any other failure counts as a disk error (10).
pub fn stdout_failed(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Error::stdout_closed()
    } else {
        Error::ledger("can't write to stdout").because(&error)
    }
}
