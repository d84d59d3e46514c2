//! The only module that prints, prompts, or draws progress.
//!
//! Stream contract: stdout carries data and nothing else; people read stderr. With `-o json` a command writes exactly one JSON
//! value, with `-o ndjson` one object a line, with `-o csv` a header and rows; errors are one JSON object on stderr. Every text
//! that leaves here has its control characters made visible and known secrets replaced.

pub mod progress;
pub mod prompt;
pub mod table;
pub mod text;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;

use crate::config::secret::Redactor;
use crate::error::{Error, Exit, Result};
use table::Record;

/// How data is written to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, on a terminal and in a pipe alike.
    #[default]
    Table,
    /// One JSON value.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A header and rows, safe to open in a spreadsheet.
    Csv,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// What the global flags and the environment say about output.
#[derive(Clone, Debug, Default)]
pub struct UiOptions {
    pub format: Format,
    pub color: ColorChoice,
    pub quiet: bool,
    pub verbose: bool,
    pub no_input: bool,
    pub yes: bool,
}

/// The terminal, or whatever stands in its place.
#[derive(Clone, Debug)]
pub struct Ui {
    options: UiOptions,
    redactor: Redactor,
}

impl Ui {
    pub fn new(options: UiOptions) -> Self {
        Self { options, redactor: Redactor::default() }
    }

    /// The same terminal, with these secrets replaced in all that it prints.
    #[must_use]
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    pub fn format(&self) -> Format {
        self.options.format
    }

    /// Whether a person sits at stderr.
    pub fn stderr_is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Columns of the terminal on stdout; 80 when it is none.
    pub fn width(&self) -> usize {
        dialoguer::console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns))
    }

    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.redactor.clean(text) {
            Cow::Borrowed(text) => text::visible(text),
            Cow::Owned(text) => Cow::Owned(text::visible(&text).into_owned()),
        }
    }

    // ---- data: stdout ------------------------------------------------------------------------------------------------

    /// Prints a list in the format asked for. An empty list is an empty JSON array, no line, a CSV header, or a sentence on stderr.
    pub fn list<R: Record>(&self, rows: &[R]) -> Result<()> {
        let mut out = io::stdout().lock();
        match self.options.format {
            Format::Json => write_json(&mut out, rows)?,
            Format::Ndjson => {
                for row in rows {
                    write_json_line(&mut out, row)?;
                }
            }
            Format::Csv => table::write_csv(&mut out, rows)?,
            Format::Table if rows.is_empty() => self.status(&format!("no {}", R::PLURAL)),
            Format::Table => {
                let text = self.clean_lines(&table::draw(rows));
                writeln!(out, "{text}").map_err(stdout_failed)?;
            }
        }
        out.flush().map_err(stdout_failed)
    }

    /// Prints one object: field and value in a table, or the object itself.
    pub fn object<R: Record>(&self, row: &R) -> Result<()> {
        let mut out = io::stdout().lock();
        match self.options.format {
            Format::Json => write_json(&mut out, row)?,
            Format::Ndjson => write_json_line(&mut out, row)?,
            Format::Csv => table::write_csv(&mut out, std::slice::from_ref(row))?,
            Format::Table => {
                let text = self.clean_lines(&table::draw_one(row));
                writeln!(out, "{text}").map_err(stdout_failed)?;
            }
        }
        out.flush().map_err(stdout_failed)
    }

    /// Prints a JSON value whatever the format (`message build`, `message schema`).
    pub fn json(&self, value: &Value) -> Result<()> {
        let mut out = io::stdout().lock();
        write_json(&mut out, value)?;
        out.flush().map_err(stdout_failed)
    }

    /// Prints text as it stands, as data (an address, a script, a page).
    pub fn text(&self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(stdout_failed)
    }

    fn clean_lines(&self, text: &str) -> String {
        text.split('\n').map(|line| self.redactor.clean(line)).collect::<Vec<_>>().join("\n")
    }

    // ---- people: stderr ----------------------------------------------------------------------------------------------

    /// What is going on; silent with `--quiet`.
    pub fn status(&self, text: &str) {
        if !self.options.quiet {
            self.stderr_line("", text);
        }
    }

    /// Something an operator should know, said even with `--quiet`.
    pub fn warn(&self, text: &str) {
        self.stderr_line("warning: ", text);
    }

    /// What to type next.
    pub fn hint(&self, text: &str) {
        if !self.options.quiet {
            self.stderr_line("hint: ", text);
        }
    }

    /// Detail for `--verbose`.
    pub fn debug(&self, text: &str) {
        if self.options.verbose {
            self.stderr_line("debug: ", text);
        }
    }

    fn stderr_line(&self, prefix: &str, text: &str) {
        // A closed stderr must not change how a command ends.
        let _ = writeln!(io::stderr().lock(), "{prefix}{}", self.clean(text));
    }

    /// Prints an error: a sentence, the causes, the hint; with `-o json` or `ndjson` one JSON object.
    pub fn error(&self, error: &Error) {
        match self.options.format {
            Format::Json | Format::Ndjson => {
                let text = self.redactor.clean(&error_object(error).to_string()).into_owned();
                let _ = writeln!(io::stderr().lock(), "{text}");
            }
            Format::Table | Format::Csv => {
                self.stderr_line("error: ", error.message());
                for cause in error.causes() {
                    self.stderr_line("  because: ", cause);
                }
                if let Some(id) = &error.graph_facts().fbtrace_id {
                    self.stderr_line("  fbtrace_id: ", id);
                }
                if let Some(hint) = error.hint_text() {
                    self.stderr_line("hint: ", hint);
                }
            }
        }
    }
}

/// The error as one JSON object: `kind, message, code, subcode, fbtrace_id, hint, next_run_at`.
pub fn error_object(error: &Error) -> Value {
    let facts = error.graph_facts();
    serde_json::json!({
        "kind": error.exit().name(),
        "message": error.to_string(),
        "code": facts.code,
        "subcode": facts.subcode,
        "fbtrace_id": facts.fbtrace_id,
        "hint": error.hint_text(),
        "next_run_at": error.next_run(),
    })
}

fn write_json(out: &mut impl Write, value: &(impl Serialize + ?Sized)) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(|error| stdout_failed(error.into()))?;
    writeln!(out).map_err(stdout_failed)
}

fn write_json_line(out: &mut impl Write, value: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(|error| stdout_failed(error.into()))?;
    writeln!(out).map_err(stdout_failed)
}

/// A closed stdout counts as SIGTERM (143); any other failure to write is the disk's.
pub fn stdout_failed(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Error::new(Exit::Terminated, "stdout was closed")
    } else {
        Error::ledger("can't write to stdout").because(&error)
    }
}
