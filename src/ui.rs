//! The only module that prints, prompts, or draws progress.
//!
//! Streams: stdout carries only data; messages for people go to stderr. With `-o json` a command writes exactly one JSON
//! value, with `-o ndjson` one object per line, with `-o csv` a header and rows; errors are one JSON object on stderr. In all
//! output, control characters are escaped and known secrets replaced.

mod data;
pub mod lines;
mod local;
pub mod progress;
pub mod prompt;
mod report;
pub mod screen;
pub mod shape;
pub mod sheet;
pub mod stops;
pub mod table;
mod transcript;

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::secret::Redactor;
use crate::text;
pub use data::{pretty, stdout_failed};
use local::Local;
use progress::Live;
use stops::Stops;
use table::Record;

/// How data is written to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, on a terminal and in a pipe.
    #[default]
    Table,
    /// One JSON value.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// A header and rows, safe to open in a spreadsheet.
    Csv,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// Output options from global flags and the environment.
#[derive(Clone, Debug, Default)]
pub struct UiOptions {
    pub format: Format,
    pub color: ColorChoice,
    /// `NO_COLOR` is set, or the terminal has no colours.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set.
    pub force_color: bool,
    /// Times in UTC, for people too.
    pub utc: bool,
    /// The terminal shows no more than ASCII.
    pub ascii: bool,
    /// The terminal can't move its cursor.
    pub dumb: bool,
    /// `COLUMNS`: the width to use if the terminal does not report one.
    pub columns: Option<u16>,
    pub quiet: bool,
    pub no_input: bool,
    pub yes: bool,
}

/// The program's output. Clones share the progress bar, so that other lines don't break it.
#[derive(Clone, Debug)]
pub struct Ui {
    options: UiOptions,
    redactor: Redactor,
    live: Live,
    stops: Stops,
    local: Local,
    /// Stands before each message for people: whose it is.
    name: Option<Arc<str>>,
    /// Stands before a progress bar: whose work it shows.
    shop: Option<Arc<str>>,
}

impl Ui {
    pub fn new(options: UiOptions) -> Self {
        let local = if options.utc { Local::utc() } else { Local::default() };
        Self {
            options,
            redactor: Redactor::default(),
            live: Live::default(),
            stops: Stops::default(),
            local,
            name: None,
            shop: None,
        }
    }

    /// The same, with progress that names whose it is.
    #[must_use]
    pub fn of_shop(mut self, shop: Option<&str>) -> Self {
        self.shop = shop.map(Arc::from);
        self
    }

    /// The same for one of several businesses at work at once, which can't each ask: its messages name it.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        let mut one = self.clone();
        one.name = Some(Arc::from(name));
        one.options.no_input = true;
        one
    }

    /// Whether it is the output of one of several businesses.
    pub fn is_of_several(&self) -> bool {
        self.name.is_some()
    }

    /// As [`Ui::named`], once all was asked for all of them.
    #[must_use]
    pub fn of_one(&self, name: &str) -> Self {
        let mut one = self.named(name);
        one.options.yes = true;
        one
    }

    /// The signals that this process gets.
    pub fn stops(&self) -> &Stops {
        &self.stops
    }

    /// The same, with these secrets replaced in everything that it prints.
    #[must_use]
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    pub fn format(&self) -> Format {
        self.options.format
    }

    /// The same, with data written row by row: as CSV, or as JSON if that was asked for.
    #[must_use]
    pub fn row_by_row(&self) -> Self {
        let mut ui = self.clone();
        ui.options.format = match ui.options.format {
            Format::Table | Format::Csv => Format::Csv,
            Format::Json | Format::Ndjson => Format::Ndjson,
        };
        ui
    }

    pub fn is_quiet(&self) -> bool {
        self.options.quiet
    }

    /// Whether stderr is a terminal.
    pub fn stderr_is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    pub fn stdout_is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether stdout is a terminal whose content can be replaced.
    pub fn can_redraw(&self) -> bool {
        self.stdout_is_terminal() && !self.options.dumb
    }

    /// Columns of the terminal on stdout; 80 if stdout is not a terminal.
    pub fn width(&self) -> usize {
        usize::from(self.terminal_width().unwrap_or(80))
    }

    /// Columns of the terminal on stdout; `None` if stdout is not a terminal, so that lines may have any length.
    pub fn terminal_width(&self) -> Option<u16> {
        if !self.stdout_is_terminal() {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col);
        Some(size.filter(|columns| *columns > 0).or(self.options.columns).unwrap_or(80))
    }

    /// Whether data is coloured.
    pub fn colors_data(&self) -> bool {
        self.colors(self.stdout_is_terminal())
    }

    fn colors(&self, is_terminal: bool) -> bool {
        match self.options.color {
            ColorChoice::Auto => (is_terminal || self.options.force_color) && !self.options.no_color,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        }
    }

    /// The zone of times for people.
    pub fn zone(&self) -> &TimeZone {
        self.local.zone()
    }

    fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.redactor.clean(text) {
            Cow::Borrowed(text) => self.readable(text),
            Cow::Owned(text) => Cow::Owned(self.readable(&text).into_owned()),
        }
    }

    /// A text for people: nothing in it is hidden, and times are in their zone.
    fn readable<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.local.shown(text) {
            Cow::Borrowed(text) => text::visible(text),
            Cow::Owned(text) => Cow::Owned(text::visible(&text).into_owned()),
        }
    }

    /// A text of ours as this terminal can show it: each character has as many columns as before.
    fn drawable<'t>(&self, text: &'t str, is_terminal: bool) -> Cow<'t, str> {
        if is_terminal && self.options.ascii { in_ascii(text) } else { Cow::Borrowed(text) }
    }

    fn readable_cells<R: Record>(&self, row: &R) -> Vec<String> {
        row.cells().iter().map(|cell| self.readable(cell).into_owned()).collect()
    }
}

/// Bars, dots and dashes in ASCII. What others wrote stays: nobody knows how to write it.
fn in_ascii(text: &str) -> Cow<'_, str> {
    let ascii = |c: char| match c {
        '█' | '▉' | '▊' | '▋' | '▌' => '#',
        '▍' | '▎' | '▏' => '|',
        '━' | '─' | '–' | '—' => '-',
        '…' | '·' => '.',
        '→' => '>',
        c => c,
    };
    if text.chars().all(|c| ascii(c) == c) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(ascii).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_dots_have_as_many_columns_in_ascii() {
        assert_eq!(in_ascii("delivered  ██▌ 96.7% … é"), "delivered  ### 96.7% . é");
        assert!(matches!(in_ascii("plain é"), Cow::Borrowed(_)));
    }

    #[test]
    fn colour_is_by_choice_then_by_the_environment_then_by_the_terminal() {
        for (color, no_color, force_color, is_terminal, want) in [
            (ColorChoice::Auto, false, false, true, true),
            (ColorChoice::Auto, false, false, false, false),
            (ColorChoice::Auto, false, true, false, true),
            (ColorChoice::Auto, true, true, true, false),
            (ColorChoice::Always, true, false, false, true),
            (ColorChoice::Never, false, true, true, false),
        ] {
            let ui = Ui::new(UiOptions { color, no_color, force_color, ..UiOptions::default() });
            assert_eq!(ui.colors(is_terminal), want, "{color:?} {no_color} {force_color} {is_terminal}");
        }
    }
}
