//! A JSON array as a row: cells without names, as `jq -c '[.token,.name]'` and ClickHouse's `JSONCompactEachRow` write them.

use serde_json::value::RawValue;

use super::json_cell::{good, not_json, scalar_token, string};
use super::judge::Out;
use super::pattern::TokenKind;
use super::{shown_file, token};
use crate::error::{Error, Result};
use crate::json;

/// For shorter tokens the operator has to name the cell.
const LONG: u16 = 14;

/// The rows of an input, by its first one.
pub(super) struct ArrayRows {
    index: usize,
    width: usize,
    values: String,
}

impl ArrayRows {
    /// Decides which cell holds the token: the only one that can be one, unless a number says it.
    pub(super) fn new(first: &[u8], token_column: Option<&str>, out: &mut Out<'_>) -> Result<Result<Self, String>> {
        let cells: Vec<&RawValue> = match serde_json::from_slice(first) {
            Ok(cells) => cells,
            Err(error) => return Ok(Err(not_json(&error))),
        };
        let is_token = |cell: &&RawValue| {
            let Ok(scalar) = scalar_token(cell.get().as_bytes()) else { return false };
            token::read(scalar.text.as_bytes()).is_ok_and(|token| {
                matches!(token.shape.kind, TokenKind::Digits | TokenKind::Mixed) && token.shape.length >= LONG
            })
        };
        let tokens: Vec<usize> = (0..cells.len()).filter(|index| is_token(&cells[*index])).collect();
        let index = match (token_column.map(str::parse::<usize>), tokens.as_slice(), cells.len()) {
            (Some(Ok(position)), ..) if (1..=cells.len()).contains(&position) => position - 1,
            (Some(_), ..) => {
                return Err(Error::usage(format!(
                    "the rows of the list {} are arrays of {} cells without names",
                    shown_file(out.file()),
                    cells.len()
                ))
                .hint("give --token-column a number from 1"));
            }
            (None, [index], _) => {
                out.note(format!(
                    "cell {} of each row of the list {} looks like the token",
                    index + 1,
                    shown_file(out.file())
                ));
                *index
            }
            (None, _, 1) => 0,
            (None, ..) => {
                return Err(Error::usage(format!(
                    "can't tell which of the {} cells in each row of the list {} holds the token",
                    cells.len(),
                    shown_file(out.file())
                ))
                .hint("give its number (from 1) with --token-column"));
            }
        };
        out.columns((0..cells.len()).filter(|other| *other != index).map(column));
        Ok(Ok(Self { index, width: cells.len(), values: String::new() }))
    }

    pub(super) fn take(&mut self, line: u64, bytes: &[u8], out: &mut Out<'_>) -> Result<()> {
        let cells: Vec<&RawValue> = match serde_json::from_slice(bytes) {
            Ok(cells) => cells,
            Err(error) => return out.bad(line, None, not_json(&error), bytes),
        };
        if cells.len() != self.width {
            let reason = format!("{} cells, but the first row has {}", cells.len(), self.width);
            return out.bad(line, None, reason, bytes);
        }
        self.values.clear();
        for (index, cell) in cells.iter().enumerate() {
            let name = column(index);
            if index == self.index || cell.get() == "null" || !out.wanted.wants(&name) {
                continue;
            }
            let Some(text) = string(cell.get()) else {
                return out.bad(line, Some(&name), "not valid text: half a UTF-16 pair", bytes);
            };
            self.values.push(if self.values.is_empty() { '{' } else { ',' });
            json::push_string(&mut self.values, &name);
            self.values.push(':');
            json::push_string(&mut self.values, &text);
        }
        let values = if self.values.is_empty() {
            None
        } else {
            self.values.push('}');
            Some(self.values.as_str())
        };
        match scalar_token(cells[self.index].get().as_bytes()) {
            Ok(scalar) => good(line, Some(&column(self.index)), &scalar, values, bytes, out),
            Err(reason) => out.bad(line, Some(&column(self.index)), reason, bytes),
        }
    }
}

fn column(index: usize) -> String {
    format!("column_{}", index + 1)
}
