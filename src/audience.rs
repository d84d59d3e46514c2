//! Token lists in any format, streamed and judged: each row ends as a recipient, or as a bad row with its line and the reason; a list
//! that can't be read with confidence is refused whole, with the flag that decides.
//!
//! An input is read in these steps, in memory that does not grow with it:
//!
//! 1. `source`, `unpack`: bytes; gzip and zstd recognized by their first bytes; UTF-16 (with its mark) decoded to UTF-8.
//! 2. `window`: a buffer that holds at least one whole row.
//! 3. `drawn`: a table that a database client drew? A simple one is read, any other layout is refused.
//! 4. `dialect`: delimited text or JSON? Which delimiter, which header, which column holds the tokens?
//! 5. `delimited` (CSV, TSV, plain lists; rows end where `quoting` says) or `json` (an object or array a line, a document, pages of
//!    Graph's token list).
//! 6. `token`: can this cell be a token at all, or is it what a spreadsheet left of one?
//! 7. `judge`, with `pattern` and `rounding`: do the tokens of the list look alike?
//!
//! Rules for lists, beyond those for a single token:
//!
//! * The first rows are held back until the pattern of their tokens is known. A token that does not fit is a bad row; if more than a
//!   quarter do not, the list is refused. So is a list of which more than half of the rows are bad.
//! * A header is a row with a known name ([`HEADER_NAMES`], in any case) or the one that `--token-column` names, or a first row that
//!   looks like one above tokens. A list of several columns needs one, or a number as `--token-column`.
//! * Without `--delimiter` the delimiter is found among comma, semicolon, tab and pipe, by the header's names or by the cells that
//!   can be tokens. Where the first row has none of them, a later row that has one outside quotes is ragged.
//! * Empty lines are not rows. A row with fewer cells than the first, or with more that are not empty, is bad; empty cells at the end
//!   of the first row may be left out.
//! * A line inside a quoted cell is never a row, however bad the row is; only a quote that is never closed costs no more than its
//!   line.
//! * A column without a name is called `column_N`; a name that is repeated gets `_2`, `_3` and so on.
//! * In JSON the fields of nested objects are columns with dotted names (`data.name`); `null` is a missing value; other values
//!   become their text. A document is whole or refused; NDJSON loses only its broken lines.
//! * Zeros that a spreadsheet cut off the front of a token leave no trace in the list, so they can't be found here. Digits that were
//!   rounded away are: where all long numbers are what rounding makes, the list is refused.
//! * A token that is listed twice is passed on twice: the ledger removes duplicates.

mod cells;
mod delimited;
mod dialect;
mod drawn;
mod json;
mod json_array;
mod json_cell;
mod json_row;
mod judge;
mod pattern;
mod quoting;
mod reject;
mod rounding;
mod source;
mod token;
mod unpack;
mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
#[cfg(any(test, fuzzing))]
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

pub use reject::{REJECT_HEADER, RejectReport};
pub use token::fault as token_fault;

use crate::error::{Error, Result};
use crate::text::is_same_name;
use judge::Out;
use source::InputText;
use window::Window;

/// The longest row that is read, in bytes without its line end. Ours: it keeps memory flat, and a real row has a few hundred.
pub const MAX_ROW: usize = 1 << 20;

/// Header names that mark the token column, in any case.
pub const HEADER_NAMES: [&str; 4] =
    ["token", "subscription_token", "notification_messages_token", "messenger_subscription_token"];

/// Where a list is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Stdin,
    File(PathBuf),
}

impl Input {
    /// `-` is stdin, anything else a file.
    pub fn from_arg(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path) }
    }

    /// What the operator typed: the path, or `-`.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// How the operator wants a list read; the rest is detected.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// A header name (exact first, then in any case), a dotted path into JSON, or a position counted from 1.
    pub token_column: Option<String>,
    /// Makes the input delimited text with this delimiter.
    pub delimiter: Option<u8>,
    /// The first row is data, whatever it looks like.
    pub no_header: bool,
    /// Reads a list of which more than half of the rows are bad.
    pub allow_bad_rows: bool,
    /// Takes tokens that don't look like the others, or not like tokens at all.
    pub allow_odd_tokens: bool,
}

/// Which other columns are collected into [`Row::values`]. What is not collected is not checked either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    All,
    Named(BTreeSet<String>),
    #[default]
    None,
}

impl Columns {
    fn wants(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|wanted| is_same_name(wanted, name)),
            Self::None => false,
        }
    }

    fn are_named(&self) -> bool {
        matches!(self, Self::Named(_))
    }

    /// Whether a field inside the object `name` may be wanted.
    fn wants_inside(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => {
                names.iter().any(|wanted| wanted.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
            }
            Self::None => false,
        }
    }
}

/// A good row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Physical line, from 1, on which the row begins; of its own input.
    pub line: u64,
    pub token: &'a str,
    /// A compact JSON object `{"name":"value"}` of the wanted other columns in column order, all values strings.
    pub values: Option<&'a str>,
}

/// A row that is not a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bad {
    /// Physical line, from 1, on which the row begins; of its own input.
    pub line: u64,
    pub column: Option<String>,
    pub reason: String,
    /// The row with everything in it masked.
    pub row: String,
    /// The input as it was named; `-` for stdin.
    pub file: String,
}

#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    Row(Row<'a>),
    Bad(&'a Bad),
}

/// What was read. `rows` = `good` + `bad`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTally {
    /// Data rows: neither headers nor empty lines.
    pub rows: u64,
    pub good: u64,
    pub bad: u64,
    /// There was a header (or an empty page from Graph) but no row.
    pub empty_header_only: bool,
    /// Names of the columns beside the token's, in the order they were met; in JSON those of each input's first object.
    pub columns: Vec<String>,
    /// Bytes as stored, before decompression, to compare with file sizes.
    pub bytes: u64,
    /// What was decided by how the list looks, in sentences for the operator.
    pub notes: Vec<String>,
    /// The first token, and the one that looks least like the others.
    pub first: Option<Sample>,
    pub oddest: Option<Sample>,
}

/// A token as it was read, to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    pub file: String,
    pub line: u64,
    pub masked: String,
    /// `17 digits`.
    pub looks: String,
}

/// Reads `inputs` in order and hands every row to `sink`.
///
/// Rows reach `sink` before the end is known: on `Err` the caller drops what it was given. `progress` gets bytes (as stored) and
/// rows so far, once for each stretch read.
///
/// # Errors
///
/// Exit 2: an input that can't be opened or read, no such column, or several columns and none known to hold the tokens.
/// Exit 5: an input of zero bytes, that is not text, whose compression is damaged or whose tokens were rounded; rows without a
/// single good one. And whatever `sink` returns.
pub fn read(
    inputs: &[Input],
    options: &ReadOptions,
    columns_wanted: Columns,
    progress: &mut dyn FnMut(u64, u64),
    sink: &mut dyn FnMut(Item<'_>) -> Result<()>,
) -> Result<ListTally> {
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(Error::usage("stdin is named twice as a list").hint("name - once"));
    }
    let mut out = Out::new(columns_wanted, options, progress, sink);
    check(options)?;
    for input in inputs {
        let source = InputText::open(input, Rc::clone(&out.bytes))?;
        read_one(source, options, &mut out)?;
    }
    out.finish()
}

/// The same from readers, each with the name that errors and bad rows give it.
///
/// # Errors
///
/// As [`read`].
#[cfg(any(test, fuzzing))]
pub fn read_from(
    inputs: impl IntoIterator<Item = (String, Box<dyn io::Read>)>,
    options: &ReadOptions,
    columns_wanted: Columns,
    progress: &mut dyn FnMut(u64, u64),
    sink: &mut dyn FnMut(Item<'_>) -> Result<()>,
) -> Result<ListTally> {
    let mut out = Out::new(columns_wanted, options, progress, sink);
    check(options)?;
    for (name, reader) in inputs {
        let source = InputText::new(name, reader, Rc::clone(&out.bytes))?;
        read_one(source, options, &mut out)?;
    }
    out.finish()
}

fn check(options: &ReadOptions) -> Result<()> {
    if let Some(delimiter) = options.delimiter
        && (!delimiter.is_ascii() || matches!(delimiter, b'"' | b'\r' | b'\n' | 0))
    {
        return Err(Error::usage("a delimiter is one ASCII character other than a quote or a line end"));
    }
    Ok(())
}

fn read_one(source: InputText, options: &ReadOptions, out: &mut Out<'_>) -> Result<()> {
    out.begin(source.name());
    let mut window = Window::open(source)?;
    if window.pending().is_empty() {
        return Err(Error::refused(format!("the list {} is empty: zero bytes", shown_file(out.file())))
            .hint("check what wrote it; a list with a header and no rows is fine"));
    }
    let rows_before = out.rows();
    let has_frame = if options.delimiter.is_none() && dialect::is_json(window.prefix()) {
        json::read(&mut window, options, out)?
    } else {
        delimited::read(&mut window, options, out)?
    };
    out.tick();
    if out.rows() == rows_before && !has_frame {
        return Err(Error::refused(format!("the list {} has no header and no rows", shown_file(out.file())))
            .hint("check what wrote it; a list with a header and no rows is fine"));
    }
    out.end()
}

fn shown_file(name: &str) -> &str {
    if name == "-" { "on stdin" } else { name }
}
