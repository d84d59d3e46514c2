//! What an input is: JSON or delimited text; which delimiter; which row is the header; which column holds the tokens. Judged by the
//! first 64 KiB, before any row is read. What is not clear is a usage error that names the flag to pass.

use std::collections::HashMap;

use memchr::memchr;

use super::cells::Cells;
use super::pattern::Pattern;
use super::token::{self, is_spreadsheet_number};
use super::window::Start;
use super::{HEADER_NAMES, ReadOptions, quoting};
use crate::error::{Error, Result};
use crate::text::{self, mask};

/// In order of preference where two fit equally well.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows that are compared to find a delimiter or a header.
const ROWS_COMPARED: usize = 100;

/// What is below a border.
pub(super) fn below_first_line(start: Start<'_>) -> Start<'_> {
    let text = without_line_ends(start.text);
    Start { text: &text[quoting::first_line(text).len()..], ..start }
}

/// How an input is split into cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `None`: the first row has one cell, and no delimiter is known.
    pub(super) delimiter: Option<u8>,
    /// A first line `sep=;`, which spreadsheets write for themselves.
    pub(super) sep_line: bool,
}

/// JSON begins with a brace or bracket; other token lists do not.
pub(super) fn is_json(prefix: &[u8]) -> bool {
    matches!(prefix.trim_ascii_start().first(), Some(b'{' | b'['))
}

pub(super) fn find(start: Start<'_>, options: &ReadOptions, file: &str) -> Result<Dialect> {
    let text = without_line_ends(start.text);
    if let Some(delimiter) = sep_line(text) {
        return Ok(Dialect { delimiter: options.delimiter.or(Some(delimiter)), sep_line: true });
    }
    let delimiter = match options.delimiter {
        Some(delimiter) => Some(delimiter),
        None => guess(Start { text, ..start }, options, file)?,
    };
    Ok(Dialect { delimiter, sep_line: false })
}

/// The start of a list of which each row is one quoted cell, without those quotes: what a spreadsheet writes that had the rows in
/// one column.
pub(super) fn unwrapped(start: Start<'_>) -> Result<Option<Vec<u8>>> {
    let mut cells = Cells::new(b',');
    let mut text = Vec::new();
    for row in quoting::rows(start.text, b',', start.is_all).take(ROWS_COMPARED) {
        match cells.only_cell(row)? {
            Some(cell) => text.extend_from_slice(cell),
            None => return Ok(None),
        }
        text.push(b'\n');
    }
    Ok(Some(text).filter(|text| holds_delimiter(quoting::first_line(text)) && sep_line(text).is_none()))
}

/// The delimiter in a first line `sep=;`, also in quotes, and with the delimiters of empty cells behind it.
fn sep_line(text: &[u8]) -> Option<u8> {
    let line = quoting::first_line(text).trim_ascii();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let (word, rest) = line.split_at_checked(4)?;
    let delimiter = *rest.first().filter(|byte| byte.is_ascii() && **byte != b'"')?;
    let is_over = rest[1..].iter().all(|byte| *byte == delimiter || *byte == b'"');
    (word.eq_ignore_ascii_case(b"sep=") && is_over).then_some(delimiter)
}

fn without_line_ends(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(text.len());
    &text[start..]
}

/// The first rows as one delimiter splits them; of a row longer than what is looked at its start.
fn split(start: Start<'_>, delimiter: u8) -> Result<Vec<Vec<String>>> {
    let mut cells = Cells::new(delimiter);
    let mut split = |row: &[u8]| -> Result<Vec<String>> {
        let count = cells.split(row)?;
        Ok((0..count).map(|index| String::from_utf8_lossy(cells.trimmed(index)).into_owned()).collect())
    };
    let rows: Vec<_> = quoting::rows(start.text, delimiter, start.is_all)
        .take(ROWS_COMPARED)
        .map(&mut split)
        .collect::<Result<_>>()?;
    let line = quoting::first_line(start.text);
    if rows.is_empty() && !line.is_empty() { Ok(vec![split(line)?]) } else { Ok(rows) }
}

fn guess(start: Start<'_>, options: &ReadOptions, file: &str) -> Result<Option<u8>> {
    let column = options.token_column.as_deref();
    let names = |cell: &String| is_known(cell) || column.is_some_and(|name| same_name(cell, name));
    let line = quoting::first_line(start.text);
    if std::str::from_utf8(line.trim_ascii()).is_ok_and(is_spreadsheet_number) {
        return Ok(None);
    }
    let mut candidates = Vec::new();
    for delimiter in DELIMITERS {
        let rows = split(start, delimiter)?;
        let Some(first) = rows.first() else { continue };
        if first.len() == 1 {
            continue;
        }
        if !options.no_header && first.iter().any(names) {
            return Ok(Some(delimiter));
        }
        candidates.push((delimiter, rows));
    }
    if let Some(position) = column.and_then(|name| name.parse::<usize>().ok()).filter(|position| *position > 0) {
        return by_tokens(&candidates, position - 1, file);
    }
    let same_in_all = |rows: &[Vec<String>]| rows.iter().all(|row| row.len() == rows[0].len());
    let found = candidates.iter().find(|(_, rows)| same_in_all(rows));
    Ok(found.or_else(|| candidates.iter().max_by_key(|(_, rows)| rows[0].len())).map(|(delimiter, _)| *delimiter))
}

/// The delimiter with which most rows have a token in column `index`.
fn by_tokens(candidates: &[(u8, Vec<Vec<String>>)], index: usize, file: &str) -> Result<Option<u8>> {
    let score = |rows: &[Vec<String>]| {
        let is_token = |row: &&Vec<String>| row.get(index).is_some_and(|cell| token::read(cell.as_bytes()).is_ok());
        rows.iter().filter(|row| row.len() == rows[0].len()).filter(is_token).count()
    };
    let scores: Vec<(u8, usize)> = candidates.iter().map(|(delimiter, rows)| (*delimiter, score(rows))).collect();
    let best = scores.iter().map(|(_, score)| *score).max().unwrap_or_default();
    match scores
        .iter()
        .filter(|(_, score)| *score == best)
        .map(|(delimiter, _)| *delimiter)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => Ok(None),
        [delimiter] => Ok(Some(*delimiter)),
        [one, other, ..] => Err(Error::usage(format!(
            "can't tell whether {} or {} separates the columns of the list {}",
            shown_delimiter(*one),
            shown_delimiter(*other),
            super::shown_file(file)
        ))
        .hint(format!("pass --delimiter '{}' or another one", char::from(*one)))),
    }
}

fn shown_delimiter(delimiter: u8) -> String {
    if delimiter == b'\t' { "a tab".to_owned() } else { char::from(delimiter).to_string() }
}

/// A name without what is around it unseen, and without the formula that keeps a spreadsheet from changing a cell.
pub(super) fn bare_name(cell: &str) -> &str {
    let cell = text::trimmed(cell);
    cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).map_or(cell, text::trimmed)
}

pub(super) fn same_name(one: &str, other: &str) -> bool {
    text::is_same_name(bare_name(one), bare_name(other))
}

/// Whether this is a name that every list may use: `Subscription Token` is one too.
pub(super) fn is_known(name: &str) -> bool {
    let name = bare_name(name);
    HEADER_NAMES.iter().any(|known| {
        known.len() == name.len()
            && known.bytes().zip(name.bytes()).all(|(known, byte)| {
                known == byte.to_ascii_lowercase() || (known == b'_' && matches!(byte, b' ' | b'-'))
            })
    })
}

/// What the first row says about all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Index of the token column.
    pub(super) token: usize,
    pub(super) header: Header,
    /// A name for each column, unique; `column_N` where there is no header or no name.
    pub(super) names: Vec<String>,
    /// How many cells a row has at least: those at the end of the first row that are empty may be left out.
    pub(super) required: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    None,
    Named,
    /// No name that is known, but it looks like one and the rows below like tokens.
    Likely,
}

/// Decides by the first row's cells, and by the rows behind it.
pub(super) fn layout(
    cells: &[String],
    start: Start<'_>,
    delimiter: u8,
    is_table: bool,
    options: &ReadOptions,
    file: &str,
) -> Result<Layout> {
    let filled = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    let below = || -> Result<Vec<Vec<String>>> {
        let mut rows = split(Start { text: without_line_ends(start.text), ..start }, delimiter)?;
        Ok(rows.split_off(rows.len().min(1)))
    };
    let (token, header) = match &options.token_column {
        Some(name) => named(cells, name, options.no_header, file)?,
        None => unnamed(cells, options.no_header, file)?.map_or_else(
            || {
                // One column, with a delimiter behind each cell.
                let one = filled <= 1 && below()?.iter().all(|row| row.iter().skip(1).all(String::is_empty));
                if one { Ok((0, Header::None)) } else { Err(no_known_name(cells, file)) }
            },
            Ok,
        )?,
    };
    let header = match header {
        // A rule is under it.
        Header::None if is_table => Header::Named,
        Header::None if !options.no_header && is_likely_header(&cells[token], token, &below()?) => Header::Likely,
        known => known,
    };
    let name = bare_name(&cells[token]);
    let is_guess = header != Header::None && options.token_column.is_none() && !is_known(name);
    if is_guess && !name.to_lowercase().contains("token") {
        return Err(not_named_token(name, file));
    }
    let is_one = options.token_column.is_none() && header != Header::Named && filled <= 1;
    let cells = if is_one { &cells[..1] } else { cells };
    Ok(Layout { token, header, names: column_names(cells, header != Header::None), required: filled.max(token + 1) })
}

/// Whether the first row names the column of tokens below it, in words that no list of names has.
fn is_likely_header(first: &str, column: usize, below: &[Vec<String>]) -> bool {
    let name = bare_name(first);
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let looks_like_a_name = name.starts_with(char::is_alphabetic) && name.chars().count() <= 64 && digits < 5;
    if !looks_like_a_name || token::damage(name).is_some() {
        return false;
    }
    let tokens: Vec<_> =
        below.iter().filter_map(|row| token::read(row.get(column)?.as_bytes()).ok()).map(|token| token.shape).collect();
    let Some(pattern) = Pattern::of(tokens.iter().copied()) else { return false };
    let fitting = tokens.iter().filter(|shape| pattern.fits(**shape)).count();
    fitting * 4 >= tokens.len() * 3 && token::read(name.as_bytes()).map_or(true, |token| !pattern.fits(token.shape))
}

/// The token column by `--token-column`, and whether the first row is a header.
fn named(cells: &[String], name: &str, no_header: bool, file: &str) -> Result<(usize, Header)> {
    let matches = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
        cells.iter().enumerate().filter(|(_, cell)| test(cell)).map(|(index, _)| index).collect()
    };
    for found in [matches(&|cell| bare_name(cell) == name), matches(&|cell| same_name(cell, name))] {
        match found.as_slice() {
            _ if no_header => {}
            [] => {}
            [index] => return Ok((*index, Header::Named)),
            [..] => {
                return Err(Error::usage(format!(
                    "{} columns of the list {} are called {name}",
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
        let known = !no_header && cells.iter().any(|cell| is_known(cell));
        return Ok((position - 1, if known { Header::Named } else { Header::None }));
    }
    Err(no_such_column(name, cells.iter().map(String::as_str), file))
}

/// By the names that every list may use. `None`: there are several columns and no such name.
fn unnamed(cells: &[String], no_header: bool, file: &str) -> Result<Option<(usize, Header)>> {
    let known: Vec<usize> = if no_header {
        Vec::new()
    } else {
        cells.iter().enumerate().filter(|(_, cell)| is_known(cell)).map(|(index, _)| index).collect()
    };
    match known.as_slice() {
        [index] => Ok(Some((*index, Header::Named))),
        [] if cells.len() == 1 => Ok(Some((0, Header::None))),
        [] => Ok(None),
        [..] => Err(Error::usage(format!(
            "{} columns of the list {} could hold the tokens: {}",
            known.len(),
            super::shown_file(file),
            known.iter().map(|index| cells[*index].as_str()).collect::<Vec<_>>().join(", ")
        ))
        .hint("choose one with --token-column")),
    }
}

/// One column of what look like tokens, under the name of something else: PSIDs, phone numbers.
fn not_named_token(name: &str, file: &str) -> Error {
    Error::usage(format!(
        "the only column of the list {} has the header {}, not {}",
        super::shown_file(file),
        column_shown(name),
        HEADER_NAMES[0]
    ))
    .hint(format!(
        "if it holds subscription tokens, pass --token-column '{}'; if this row is a token too, pass --no-header",
        column_shown(name)
    ))
}

fn no_known_name(cells: &[String], file: &str) -> Error {
    Error::usage(format!(
        "the list {} has {} columns, and none is called {}",
        super::shown_file(file),
        cells.len(),
        HEADER_NAMES[0]
    ))
    .hint(
        "name the one that holds the tokens with --token-column (by its number when there is no header), or pass --delimiter \
         if it is one column",
    )
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

pub(super) fn column_shown(name: &str) -> String {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if digits > 3 || name.chars().count() > 40 { mask(name) } else { name.to_owned() }
}

fn column_names(cells: &[String], header: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    // How often each name was met: a hostile header may have half a million names, all of them equal.
    let mut times: HashMap<String, usize> = HashMap::with_capacity(cells.len());
    for (index, cell) in cells.iter().enumerate() {
        let cell = bare_name(cell);
        let base = if header && !cell.is_empty() { cell.to_owned() } else { format!("column_{}", index + 1) };
        let mut name = base.clone();
        let mut met = times.get(&base).copied().unwrap_or_default();
        while times.contains_key(&name) {
            met += 1;
            name = format!("{base}_{met}");
        }
        times.insert(base, met.max(1));
        times.entry(name.clone()).or_insert(1);
        names.push(name);
    }
    names
}

/// Whether an unquoted row of one column holds a character that would split it.
pub(super) fn holds_delimiter(row: &[u8]) -> bool {
    DELIMITERS.iter().any(|delimiter| memchr(*delimiter, row).is_some())
}
