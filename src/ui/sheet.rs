//! Several tables and charts with headings, drawn as one text.

use std::fmt::Write as _;

use anstyle::Style;
use comfy_table::{Cell, CellAlignment, Color, ColumnConstraint, Width};
use unicode_width::UnicodeWidthStr;

use super::Ui;
use super::table::{GAP, Look, Record, draw, fields, heading, new_table, total, trimmed, widths};
use crate::error::Result;
use crate::text;

const HEADING: Style = Style::new().bold();

/// The width of a bar in columns.
const BAR: std::ops::RangeInclusive<u16> = 6..=40;

/// The width of a bar in a pipe, where lines may have any length.
const BAR_IN_A_PIPE: u16 = 32;

/// Eighths of a column; the first is empty.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A text that is built piece by piece and fits the terminal.
#[derive(Clone, Debug)]
pub struct Sheet {
    ui: Ui,
    look: Look,
    text: String,
}

/// A line that ends with a bar: cells, and the filled share of the bar.
#[derive(Clone, Debug)]
pub struct Bar {
    pub cells: Vec<String>,
    pub share: Option<f64>,
}

impl Ui {
    /// An empty sheet that fits this terminal.
    pub fn sheet(&self) -> Sheet {
        Sheet { ui: self.clone(), look: self.look(), text: String::new() }
    }

    /// Prints it.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn print_sheet(&self, sheet: &Sheet) -> Result<()> {
        self.print(&sheet.text)
    }
}

impl Sheet {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Starts a section: an empty line and a heading.
    pub fn heading(&mut self, said: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        for line in self.wrapped(said) {
            // A String takes everything.
            let _ = if self.look.color {
                writeln!(self.text, "{HEADING}{line}{HEADING:#}")
            } else {
                writeln!(self.text, "{line}")
            };
        }
    }

    /// Adds a line of text.
    pub fn line(&mut self, said: &str) {
        for line in self.wrapped(said) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// Adds fields, one per line; one without a value is left out.
    pub fn fields(&mut self, named: &[(&str, String)]) {
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let cells: Vec<String> = named.iter().map(|(_, cell)| self.ui.readable(cell).into_owned()).collect();
        self.text.push_str(&fields(&names, &cells, self.look));
    }

    /// Adds a drawing that fits already.
    pub fn drawing(&mut self, drawn: &str) {
        for line in drawn.lines() {
            self.text.push_str(&text::visible(line));
            self.text.push('\n');
        }
    }

    pub fn table<R: Record>(&mut self, rows: &[R]) {
        let cells = rows.iter().map(|row| self.ui.readable_cells(row)).collect();
        self.text.push_str(&draw(R::columns(), cells, R::EXPENDABLE, self.look));
    }

    /// Adds lines with bars. If there is not enough room, the last columns are dropped, then the bars; then the first column is cut.
    pub fn bars(&mut self, columns: &[&str], rows: &[Bar]) {
        self.text.push_str(&draw_bars(columns, rows, self.look));
    }

    fn wrapped(&self, said: &str) -> Vec<String> {
        let said = self.ui.readable(said);
        match self.look.width {
            Some(room) => text::wrapped(&said, usize::from(room)),
            None => vec![said.into_owned()],
        }
    }
}

fn draw_bars(columns: &[&str], rows: &[Bar], look: Look) -> String {
    let mut cells: Vec<Vec<String>> =
        rows.iter().map(|row| row.cells.iter().map(|cell| text::visible(cell).into_owned()).collect()).collect();
    let mut widths = widths(columns, &cells, UnicodeWidthStr::width);
    let bar = match look.width {
        None => BAR_IN_A_PIPE,
        Some(room) => {
            let with_bar = |widths: &[u16]| total(widths).saturating_add(GAP + BAR.start());
            while widths.len() > 2 && with_bar(&widths) > room {
                widths.pop();
            }
            if with_bar(&widths) > room {
                cut(&mut cells, &mut widths, room);
                0
            } else {
                room.saturating_sub(total(&widths)).saturating_sub(GAP).min(*BAR.end())
            }
        }
    };
    let mut table = new_table(look);
    let shown = widths.len();
    table.set_header(
        columns
            .iter()
            .zip(&widths)
            .map(|(name, width)| heading(&text::shortened(name, usize::from(*width)), look))
            .chain([Cell::new("")]),
    );
    for (cells, row) in cells.iter().zip(rows) {
        let full = Cell::new(row.share.map_or_else(String::new, |share| filled(share, bar)));
        let full = if look.color { full.fg(Color::Cyan) } else { full };
        table.add_row(cells.iter().take(shown).map(Cell::new).chain([full]));
    }
    for (index, width) in widths.iter().chain([&bar]).enumerate() {
        let Some(column) = table.column_mut(index) else { continue };
        let is_last = index == shown || (bar == 0 && index + 1 == shown);
        let gap = if is_last { 0 } else { GAP };
        column.set_padding((0, gap));
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(gap))));
        if index > 0 && index < shown {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    if bar == 0
        && let Some(column) = table.column_mut(shown)
    {
        column.set_constraint(ColumnConstraint::Hidden);
    }
    trimmed(&table)
}

/// Makes two columns fit by cutting the first.
fn cut(cells: &mut [Vec<String>], widths: &mut [u16], room: u16) {
    let over = total(widths).saturating_sub(room);
    let Some(first) = widths.first_mut().filter(|_| over > 0) else { return };
    *first = first.saturating_sub(over).max(2);
    for row in cells {
        if let Some(cell) = row.first_mut() {
            *cell = text::shortened(cell, usize::from(*first));
        }
    }
}

/// A bar of this many columns, drawn in eighths of a column; a share above 0 is always visible.
fn filled(share: f64, columns: u16) -> String {
    let all = u32::from(columns) * 8;
    let least = u32::from(share > 0.0 && columns > 0);
    let eighths = ((share.clamp(0.0, 1.0) * f64::from(all)).round() as u32).clamp(least, all.max(least));
    let mut bar = "█".repeat((eighths / 8) as usize);
    if let Some(rest) = EIGHTHS.get((eighths % 8) as usize).filter(|rest| **rest != ' ') {
        bar.push(*rest);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Bar> {
        [
            ("accepted", "3,000", "100.0%", 1.0),
            ("delivered", "2,900", "96.7%", 0.967),
            ("clicked", "1", "<0.1%", 0.0001),
        ]
        .map(|(name, n, share, full)| Bar { cells: [name, n, share].map(str::to_owned).to_vec(), share: Some(full) })
        .to_vec()
    }

    const COLUMNS: [&str; 3] = ["stage", "messages", "of accepted"];

    #[test]
    fn every_line_fits_the_terminal_and_figures_are_dropped_last() {
        for width in 12..220 {
            let drawn = draw_bars(&COLUMNS, &rows(), Look { width: Some(width), color: false });
            assert_eq!(drawn.lines().count(), 4, "{width}\n{drawn}");
            assert!(drawn.lines().all(|line| line.width() <= usize::from(width)), "{width}\n{drawn}");
            assert!(drawn.contains("3,000"), "{width}\n{drawn}");
        }
        let at = |width| draw_bars(&COLUMNS, &rows(), Look { width: Some(width), color: false });
        assert!(at(80).contains("96.7%") && at(80).contains('█') && at(29).contains('█') && !at(29).contains('%'));
        assert_eq!(at(20), "stage      messages\naccepted      3,000\ndelivered     2,900\nclicked           1\n");
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let widths = [0.0, 0.0001, 0.5, 0.999, 1.0, 7.0].map(|share| filled(share, 8));
        assert_eq!(widths, ["", "▏", "████", "████████", "████████", "████████"]);
        assert_eq!(filled(0.3, 4), "█▎");
        assert_eq!(filled(f64::NAN, 4), "");
    }

    #[test]
    fn control_characters_are_escaped() {
        let evil = Bar { cells: vec!["a\u{1b}[2J".to_owned(), "1".to_owned()], share: None };
        assert!(!draw_bars(&["a", "b"], &[evil], Look::default()).contains('\u{1b}'));
    }
}
