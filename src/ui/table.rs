//! Records as tables and CSV. Formatting only: it never computes data.

use std::io::Write;

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle, Width};
use serde::Serialize;
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::stdout_failed;
use crate::error::{Error, Result};
use crate::text::spreadsheet_safe;

/// Data that a command prints: as JSON through `Serialize`, as a table through its columns.
pub trait Record: Serialize {
    /// The plural noun, as in `no campaigns`.
    const PLURAL: &'static str;
    /// Table headers, in order.
    const COLUMNS: &'static [&'static str];
    /// The JSON keys, in order, for the CSV header of an empty list.
    const KEYS: &'static [&'static str] = Self::COLUMNS;
    /// Columns that a narrow terminal does without, the least important first.
    const EXPENDABLE: &'static [&'static str] = &[];
    /// As [`Record::COLUMNS`]; for a record that holds another.
    fn columns() -> Vec<&'static str> {
        Self::COLUMNS.to_vec()
    }
    /// As [`Record::KEYS`], likewise.
    fn keys() -> Vec<&'static str> {
        Self::KEYS.to_vec()
    }
    /// One cell for each column, for people.
    fn cells(&self) -> Vec<String>;
}

/// The appearance of a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Columns of the terminal; `None` in a pipe, where a row is always one line, for `grep`.
    pub width: Option<u16>,
    pub color: bool,
}

/// Ids, times and most tokens are shorter; a longer word (a path, a URL) may be broken to keep the table.
const LONG_WORD: usize = 32;

/// Where that is not enough, a name of several parts may be broken that is longer than this; a UUID's or trace's parts are not lost by it.
const LONG_NAME: usize = 20;

/// Spaces between two columns.
pub(super) const GAP: u16 = 2;

/// A header and one line per record; columns of numbers are right-aligned.
///
/// It is never wider than the look allows. Ids are not broken, so that they can be copied: texts wrap, and if that is not enough,
/// each record is drawn like [`fields`], with an empty line between records.
///
/// `expendable`: columns that a narrow terminal does without, the least important first.
pub fn draw(mut columns: Vec<&str>, mut cells: Vec<Vec<String>>, expendable: &[&str], look: Look) -> String {
    let mut widths = widths(&columns, &cells, UnicodeWidthStr::width);
    if let Some(room) = look.width {
        for name in expendable {
            let Some(place) = columns.iter().position(|column| column == name) else { continue };
            if total(&widths) <= room {
                break;
            }
            columns.remove(place);
            widths.remove(place);
            cells.iter_mut().for_each(|row| drop(row.remove(place)));
        }
    }
    if let Some(room) = look.width.filter(|room| total(&widths) > *room) {
        cells.iter_mut().flatten().for_each(breakable_time);
        let measures: [fn(&str) -> usize; 2] = [|text| longest_word(text).min(LONG_WORD), longest_part];
        let words = measures.into_iter().map(|measure| self::widths(&columns, &cells, measure));
        let Some(words) = words.into_iter().find(|words| total(words) <= room) else {
            return cells.iter().map(|row| fields(&columns, row, look)).collect::<Vec<_>>().join("\n");
        };
        widths = shared(&words, &widths, room);
    }
    let mut table = new_table(look);
    table.set_header(columns.iter().map(|name| heading(name, look)).collect::<Vec<_>>());
    table.add_rows(&cells);
    for (index, width) in widths.iter().enumerate() {
        let mut column = cells.iter().filter_map(|row| row.get(index));
        if let Some(drawn) = table.column_mut(index) {
            let gap = if index + 1 == columns.len() { 0 } else { GAP };
            drawn.set_padding((0, gap));
            drawn.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width.saturating_add(gap))));
            if column.clone().any(|cell| is_number(cell)) && column.all(|cell| is_number(cell) || cell == "-") {
                drawn.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    trimmed(&table)
}

/// One record, one line per field.
pub fn fields(columns: &[&str], cells: &[String], look: Look) -> String {
    let mut table = new_table(look);
    // A field without a value is left out.
    let shown = || columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    for (column, cell) in shown() {
        table.add_row(vec![heading(column, look), Cell::new(cell)]);
    }
    let names = shown().map(|(column, _)| column.width()).max().unwrap_or(0);
    let longest = shown().map(|(_, cell)| longest_word(cell)).max().unwrap_or(0);
    if let Some(column) = table.column_mut(0) {
        column.set_padding((0, GAP));
        if look.width.is_none_or(|room| names + usize::from(GAP) + longest <= usize::from(room)) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(column) = table.column_mut(1) {
        column.set_padding((0, 0));
    }
    trimmed(&table)
}

/// The width that each column needs, given a measure of its texts.
pub(super) fn widths(columns: &[&str], cells: &[Vec<String>], measure: impl Fn(&str) -> usize) -> Vec<u16> {
    let needed = columns.iter().enumerate().map(|(index, name)| {
        let texts = cells.iter().filter_map(|row| row.get(index)).map(|cell| measure(cell));
        texts.max().unwrap_or(0).max(measure(name))
    });
    needed.map(|width| u16::try_from(width).unwrap_or(u16::MAX)).collect()
}

pub(super) fn total(widths: &[u16]) -> u16 {
    let gaps = u16::try_from(widths.len().saturating_sub(1)).unwrap_or(u16::MAX).saturating_mul(GAP);
    widths.iter().fold(gaps, |sum, width| sum.saturating_add(*width))
}

/// Starts with the minimum width of each column and distributes the rest among the columns that want more.
fn shared(least: &[u16], wanted: &[u16], room: u16) -> Vec<u16> {
    let mut widths = least.to_vec();
    let mut left = room.saturating_sub(total(least));
    while left > 0 {
        let before = left;
        for (width, wanted) in widths.iter_mut().zip(wanted) {
            if *width < *wanted && left > 0 {
                *width += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    widths
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// As [`longest_word`], where paths, addresses and names of several parts may be broken earlier than IDs.
fn longest_part(text: &str) -> usize {
    let width = |word: &str| {
        let is_of_parts = word.contains(['/', '.', '-', '_', ':']);
        word.width().min(if is_of_parts { LONG_NAME } else { LONG_WORD })
    };
    text.split_whitespace().map(width).max().unwrap_or(0)
}

/// Allows `2026-11-24T10:19:10Z` to wrap at the T, and a local time.
fn breakable_time(cell: &mut String) {
    let bytes = cell.as_bytes();
    let is_time = matches!(bytes.len(), 20 | 25) && bytes.get(10) == Some(&b'T') && cell.is_ascii();
    if is_time && bytes.iter().all(|byte| byte.is_ascii_digit() || b"-+:TZ".contains(byte)) {
        cell.replace_range(10..11, " ");
    }
}

pub(super) fn heading(name: &str, look: Look) -> Cell {
    let cell = Cell::new(name);
    if look.color { cell.add_attribute(Attribute::Bold) } else { cell }
}

pub(super) fn new_table(look: Look) -> Table {
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

/// Whether a cell is an amount: digits with separators, sign or unit. A long row of digits is an id, which stays left-aligned.
fn is_number(cell: &str) -> bool {
    cell.len() <= 14
        && cell.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'))
        && cell.contains(|c: char| c.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-' | '+' | '%' | ' '))
}

pub(super) fn trimmed(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A header (the JSON keys) and rows; nested values as JSON text.
pub fn write_csv<R: Record>(out: &mut impl Write, rows: &[R]) -> Result<()> {
    if rows.is_empty() {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(R::keys()).map_err(csv_failed)?;
        return csv.flush().map_err(stdout_failed);
    }
    let values: Vec<Value> = rows.iter().map(to_value).collect::<Result<_>>()?;
    write_csv_values(out, &values)
}

/// One row, with the header before it if requested.
pub fn write_csv_row(out: &mut impl Write, row: &impl Serialize, header: bool) -> Result<()> {
    write_objects(out, &[to_value(row)?], header)
}

/// As [`write_csv`], for JSON objects.
pub fn write_csv_values(out: &mut impl Write, rows: &[Value]) -> Result<()> {
    write_objects(out, rows, true)
}

/// One line of cells, in memory.
pub fn write_csv_cells(out: &mut Vec<u8>, cells: &[&str]) {
    let mut csv = csv::Writer::from_writer(out);
    // Writing to memory can't fail.
    let _ = csv.write_record(cells.iter().map(|cell| spreadsheet_safe(cell).into_owned()));
    let _ = csv.flush();
}

/// A record as its JSON object.
pub fn to_object(row: &impl Serialize) -> Result<Map<String, Value>> {
    match to_value(row)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::internal("a record is not an object")),
    }
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

/// Text is made safe from being read as a formula; a number can't be one.
fn cell(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => spreadsheet_safe(&plain(other)).into_owned(),
    }
}

/// As text, without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
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
    use crate::text;

    fn draw<R: Record>(rows: &[R], look: Look) -> String {
        let visible = |row: &R| row.cells().iter().map(|cell| text::visible(cell).into_owned()).collect();
        super::draw(R::columns(), rows.iter().map(visible).collect(), R::EXPENDABLE, look)
    }

    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        sent: i64,
    }

    impl Record for Row {
        const PLURAL: &'static str = "rows";
        const COLUMNS: &'static [&'static str] = &["NAME", "SENT", "NOTE"];
        const KEYS: &'static [&'static str] = &["name", "sent"];

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

    #[derive(Serialize)]
    struct Sale;

    impl Record for Sale {
        const PLURAL: &'static str = "sales";
        const COLUMNS: &'static [&'static str] = &["id", "name", "starts"];

        fn cells(&self) -> Vec<String> {
            ["120283923210160581", "Spring sale", "2026-11-24T10:19:10Z"].map(str::to_owned).to_vec()
        }
    }

    #[test]
    fn no_word_is_cut_on_a_narrow_terminal() {
        let at = |width| draw(&[Sale], Look { width: Some(width), color: false });
        let one_line =
            "id                  name         starts\n120283923210160581  Spring sale  2026-11-24T10:19:10Z\n";
        assert_eq!(at(53), one_line);
        assert_eq!(
            at(46),
            "id                  name        starts\n120283923210160581  Spring      2026-11-24\n                    sale        10:19:10Z\n",
        );
        assert_eq!(at(37), "id      120283923210160581\nname    Spring sale\nstarts  2026-11-24 10:19:10Z\n");
        let two = draw(&[Sale, Sale], Look { width: Some(30), color: false });
        assert_eq!(two, format!("{0}\n{0}", at(30)));
    }

    #[derive(Serialize)]
    struct Shop;

    impl Record for Shop {
        const PLURAL: &'static str = "shops";
        const COLUMNS: &'static [&'static str] = &["name", "Page", "pending", "webhook"];
        const EXPENDABLE: &'static [&'static str] = &["Page", "webhook"];

        fn cells(&self) -> Vec<String> {
            ["shop-1", "120283923210160", "5", "2h ago"].map(str::to_owned).to_vec()
        }
    }

    #[test]
    fn long_names_and_paths_are_broken_before_a_table_is_given_up_and_ids_are_not() {
        let columns = vec!["check", "verdict", "reason", "next"];
        let cells = [
            ["profile", "ok", "profile lotus-flowers-of-chiang-mai-and-lampang in /srv/mmsg/config.toml", ""],
            [
                "permissions",
                "failed",
                "120283923210160581 can't be read",
                "chmod 600 /home/operator/.config/mmsg/config.toml",
            ],
        ];
        let cells: Vec<Vec<String>> = cells.map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let drawn = super::draw(columns, cells, &[], Look { width: Some(80), color: false });
        assert!(drawn.starts_with("check        verdict  reason"), "{drawn}");
        assert!(drawn.contains("120283923210160581"), "{drawn}");
        assert!(drawn.lines().all(|line| line.width() <= 80), "{drawn}");
    }

    #[test]
    fn less_important_columns_go_first() {
        let columns = |width| {
            let drawn = draw(&[Shop], Look { width: Some(width), color: false });
            assert!(drawn.lines().all(|line| line.len() <= usize::from(width)), "{drawn}");
            drawn.lines().next().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(columns(41), "name Page pending webhook");
        assert_eq!(columns(40), "name pending webhook");
        assert_eq!(columns(23), "name pending");
        assert_eq!(draw(&[Shop], Look::default()).lines().next().unwrap().split_whitespace().count(), 4);
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
        assert_eq!(csv, b"name,sent\n");
    }
}
