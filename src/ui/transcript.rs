//! A transcript of other commands: comments, commands as typed, and the output streams of those commands.
//!
//! With the table format it goes to stdout; with JSON, NDJSON or CSV it goes to stderr, and stdout has only the command's own data.

use std::fmt::Write as _;
use std::io;
use std::os::fd::AsFd;
use std::process::Stdio;

use anstyle::{AnsiColor, Style};

use super::{Format, Ui};
use crate::error::{Error, Result};
use crate::text;

const REMARK: Style = AnsiColor::Green.on_default();
const TYPED: Style = Style::new().bold();

impl Ui {
    /// Prints a remark about the next commands, as a shell comment.
    ///
    /// # Errors
    /// Exit 141 if stdout is closed.
    pub fn remark(&self, said: &str) -> Result<()> {
        let room = self.width().clamp(20, 100) - 2;
        let mut lines = String::from("\n");
        for line in text::wrapped(said, room) {
            lines.push_str(&self.styled(REMARK, &format!("# {line}")));
        }
        self.transcribe(&lines)
    }

    /// Prints a command as typed; it may have several lines.
    ///
    /// # Errors
    /// Exit 141 if stdout is closed.
    pub fn typed(&self, line: &str) -> Result<()> {
        let mut lines = String::new();
        for (index, line) in line.lines().enumerate() {
            let prompt = if index == 0 { "$ " } else { "" };
            lines.push_str(&self.styled(TYPED, &format!("{prompt}{line}")));
        }
        self.transcribe(&lines)
    }

    /// Prints a line of a command's output.
    ///
    /// # Errors
    /// Exit 141 if stdout is closed.
    pub fn transcript(&self, line: &str) -> Result<()> {
        self.transcribe(&format!("{}\n", text::visible(line)))
    }

    /// The stdout and stderr for a command in the transcript: one stream, so that their order is kept.
    ///
    /// # Errors
    /// Exit 1 if the stream can't be shared.
    pub fn transcript_streams(&self) -> Result<(Stdio, Stdio)> {
        if self.options.quiet {
            return Ok((Stdio::null(), Stdio::null()));
        }
        let share = || match self.options.format {
            Format::Table => io::stdout().as_fd().try_clone_to_owned(),
            Format::Json | Format::Ndjson | Format::Csv => io::stderr().as_fd().try_clone_to_owned(),
        };
        let failed = |error| Error::internal("can't share the output with a command").because(&error);
        Ok((share().map_err(failed)?.into(), share().map_err(failed)?.into()))
    }

    fn transcribe(&self, lines: &str) -> Result<()> {
        match self.options.format {
            _ if self.options.quiet => Ok(()),
            Format::Table => self.print(lines),
            Format::Json | Format::Ndjson | Format::Csv => {
                self.stderr_raw(&self.redactor.clean(lines));
                Ok(())
            }
        }
    }

    fn styled(&self, style: Style, line: &str) -> String {
        let line = text::visible(line);
        let mut out = String::new();
        let colored = self.options.format == Format::Table && self.colors_data();
        // A String takes everything.
        let _ = if colored { writeln!(out, "{style}{line}{style:#}") } else { writeln!(out, "{line}") };
        out
    }
}
