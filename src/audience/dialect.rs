//! What an input is: JSON or delimited text; which delimiter; which row is the header; which column holds the tokens.

use memchr::memchr;

use super::token::is_spreadsheet_number;
use super::{HEADER_NAMES, ReadOptions};
use crate::error::{Error, Result};
use crate::text::mask;

/// In order of preference where two fit equally well.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that are compared to find a delimiter when no name helps.
const ROWS_COMPARED: usize = 10;

/// How an input is split into cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `None`: the first row has one cell, and no delimiter is known.
    pub(super) delimiter: Option<u8>,
    /// A first line `sep=;`, which spreadsheets write for themselves.
    pub(super) sep_line: bool,
}

/// JSON begins with a brace or bracket; a token list of another kind hardly does.
pub(super) fn is_json(prefix: &[u8]) -> bool {
    matches!(prefix.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Looks at the first 64 KiB.
pub(super) fn find(prefix: &[u8], options: &ReadOptions) -> Dialect {
    let start = prefix.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(prefix.len());
    let text = &prefix[start..];
    if let [b's', b'e', b'p', b'=', delimiter, b'\r' | b'\n', ..] = text {
        return Dialect { delimiter: options.delimiter.or(Some(*delimiter)), sep_line: true };
    }
    let delimiter = options.delimiter.or_else(|| guess(text, options.token_column.as_deref()));
    Dialect { delimiter, sep_line: false }
}

fn guess(text: &[u8], token_column: Option<&str>) -> Option<u8> {
    let first = rough_rows(text).next()?;
    let names = |cell: &&[u8]| {
        std::str::from_utf8(bare(cell))
            .is_ok_and(|cell| is_known(cell) || token_column.is_some_and(|name| cell.eq_ignore_ascii_case(name)))
    };
    if names(&first) {
        return None;
    }
    if let Some(named) =
        DELIMITERS.into_iter().find(|delimiter| rough_cells(first, *delimiter).any(|cell| names(&cell)))
    {
        return Some(named);
    }
    if std::str::from_utf8(first.trim_ascii()).is_ok_and(is_spreadsheet_number) {
        return None;
    }
    let found = |delimiter: &u8| rough_cells(first, *delimiter).count() > 1;
    let same_in_all = |delimiter: &u8| {
        let cells = rough_cells(first, *delimiter).count();
        rough_rows(text).take(ROWS_COMPARED).all(|row| rough_cells(row, *delimiter).count() == cells)
    };
    DELIMITERS
        .into_iter()
        .filter(found)
        .find(same_in_all)
        .or_else(|| DELIMITERS.into_iter().filter(found).max_by_key(|delimiter| rough_cells(first, *delimiter).count()))
}

/// Rows without their line ends, cut at line ends outside quotes. The last may be cut short by the end of the prefix, so it only
/// counts when it is the only one.
fn rough_rows(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut rows = text
        .split(move |byte| {
            quoted ^= *byte == b'"';
            !quoted && matches!(byte, b'\r' | b'\n')
        })
        .filter(|row| !row.is_empty())
        .peekable();
    let whole = text.ends_with(b"\n") || text.ends_with(b"\r");
    let mut first = true;
    std::iter::from_fn(move || {
        let row = rows.next()?;
        let counts = first || whole || rows.peek().is_some();
        first = false;
        counts.then_some(row)
    })
}

fn rough_cells(row: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    row.split(move |byte| {
        quoted ^= *byte == b'"';
        !quoted && *byte == delimiter
    })
}

fn bare(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    match cell {
        [b'"', inner @ .., b'"'] => inner.trim_ascii(),
        _ => cell,
    }
}

fn is_known(name: &str) -> bool {
    HEADER_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What the first row says about all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Index of the token column.
    pub(super) token: usize,
    pub(super) header: bool,
    /// A name for each column, unique; `column_N` where there is no header or no name.
    pub(super) names: Vec<String>,
}

/// Decides by the first row's cells.
pub(super) fn layout(cells: &[String], options: &ReadOptions, file: &str) -> Result<Layout> {
    let (token, header) = match &options.token_column {
        Some(name) => named(cells, name, file)?,
        None => unnamed(cells, file)?,
    };
    Ok(Layout { token, header, names: column_names(cells, header) })
}

/// The token column by `--token-column`, and whether the first row is a header.
fn named(cells: &[String], name: &str, file: &str) -> Result<(usize, bool)> {
    let matches = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
        cells.iter().enumerate().filter(|(_, cell)| test(cell)).map(|(index, _)| index).collect()
    };
    for found in [matches(&|cell| cell == name), matches(&|cell| cell.to_lowercase() == name.to_lowercase())] {
        match found.as_slice() {
            [] => {}
            [index] => return Ok((*index, true)),
            [..] => {
                return Err(Error::usage(format!(
                    "{} columns of {} are called {name}",
                    found.len(),
                    super::shown_file(file)
                ))
                .hint("rename one, or give --token-column a name that only one column has"));
            }
        }
    }
    if let Ok(position) = name.parse::<usize>()
        && (1..=cells.len()).contains(&position)
    {
        return Ok((position - 1, cells.iter().any(|cell| is_known(cell))));
    }
    Err(no_such_column(name, cells.iter().map(String::as_str), file))
}

fn unnamed(cells: &[String], file: &str) -> Result<(usize, bool)> {
    let known: Vec<usize> =
        cells.iter().enumerate().filter(|(_, cell)| is_known(cell)).map(|(index, _)| index).collect();
    match known.as_slice() {
        [index] => Ok((*index, true)),
        [] if cells.len() == 1 => Ok((0, false)),
        [] => Err(Error::usage(format!(
            "the list {} has {} columns, and none is called {}",
            super::shown_file(file),
            cells.len(),
            HEADER_NAMES[0]
        ))
        .hint(
            "name the one that holds the tokens with --token-column (by its number when there is no header), or say \
             --delimiter if it is one column",
        )),
        [..] => Err(Error::usage(format!(
            "{} columns of {} could hold the tokens: {}",
            known.len(),
            super::shown_file(file),
            known.iter().map(|index| cells[*index].as_str()).collect::<Vec<_>>().join(", ")
        ))
        .hint("choose one with --token-column")),
    }
}

/// Exit 2, naming what there is. Without a header the "names" are data, so what looks like it is masked.
pub(super) fn no_such_column<'n>(wanted: &str, names: impl Iterator<Item = &'n str>, file: &str) -> Error {
    const SHOWN: usize = 20;
    let mut shown: Vec<String> = names.take(SHOWN + 1).map(column_shown).collect();
    if shown.len() > SHOWN {
        shown.truncate(SHOWN);
        shown.push("…".to_owned());
    }
    Error::usage(format!(
        "the list {} has no column {wanted}; its columns: {}",
        super::shown_file(file),
        shown.join(", ")
    ))
    .hint("give --token-column one of them, or a number (from 1) when the list has no header")
}

fn column_shown(name: &str) -> String {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if digits > 3 || name.chars().count() > 40 { mask(name) } else { name.to_owned() }
}

fn column_names(cells: &[String], header: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    // A set beside the list: a hostile header may have half a million names.
    let mut taken = std::collections::HashSet::with_capacity(cells.len());
    for (index, cell) in cells.iter().enumerate() {
        let base = if header && !cell.is_empty() { cell.clone() } else { format!("column_{}", index + 1) };
        let mut name = base.clone();
        let mut times = 1_usize;
        while taken.contains(&name) {
            times += 1;
            // Far into a row of equal names the position is unique at once.
            name = if times < 100 { format!("{base}_{times}") } else { format!("{base}_column_{}_{times}", index + 1) };
        }
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// Whether an unquoted row of one column holds a character that would split it.
pub(super) fn holds_delimiter(row: &[u8]) -> bool {
    DELIMITERS.iter().any(|delimiter| memchr(*delimiter, row).is_some())
}
