//! A message compiled once and filled in for every recipient.
//!
//! Texts with `${…}` are cut into segments; the JSON between them is copied unchanged. A value can't break the JSON (it is escaped) or
//! add a key (only texts are filled in). What a value can break, such as the length of a title or the form of a URL, is checked by the
//! same table of rules as the message itself.

mod compile;
mod row;

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::Deserializer;
use serde_json::Value;

use super::parse;
use super::path::Path;
use super::rules::check::control;
use super::rules::{Rule, TemplateKind};
use super::validate::{self, Phase};
use crate::json;
use crate::text::{is_blank, trimmed};
use row::{ColumnReader, RowValues};

/// What is percent-encoded in a value inside a URL: everything except the unreserved characters of RFC 3986.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A [`Message`](super::Message), ready to be filled in.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
    /// Sorted; segments refer to them by index.
    columns: Vec<String>,
    kind: Option<TemplateKind>,
    /// A value decides the kind of a part: only the whole message can be checked.
    is_structural: bool,
    /// While compiling: the JSON since the last text with values.
    tail: String,
}

#[derive(Clone, Debug)]
enum Part {
    /// JSON that is copied unchanged.
    Json(String),
    /// A quoted text made of literals and values.
    Text(Text),
}

#[derive(Clone, Debug)]
struct Text {
    path: Path,
    segments: Vec<Filled>,
    /// Percent-encode values for use inside a URL.
    encode: bool,
    rules: Vec<&'static Rule>,
}

#[derive(Clone, Debug)]
enum Filled {
    Literal(String),
    Column { index: usize, default: Option<String> },
}

/// Why a recipient's message can't be built: the row is skipped. Names columns and rules, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillError {
    /// The row has no value for a column that has no default.
    Missing { column: String },
    /// The filled message breaks a rule.
    Limit { rule: &'static str, path: String, message: String },
    /// The values are not a JSON object of texts.
    Unreadable,
}

impl fmt::Display for FillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { column } => write!(f, "no value for ${{{column}}}"),
            Self::Limit { rule, path, message } => write!(f, "{path}: {message} ({rule})"),
            Self::Unreadable => f.write_str("the values of this row can't be read"),
        }
    }
}

impl std::error::Error for FillError {}

impl Template {
    /// Whether the message is the same for every recipient.
    pub fn is_constant(&self) -> bool {
        self.columns.is_empty()
    }

    /// The message, if it is the same for every recipient: compact JSON, `$${` resolved.
    pub fn constant(&self) -> Option<&str> {
        match (self.is_constant(), self.parts.as_slice()) {
            (true, [Part::Json(json)]) => Some(json),
            _ => None,
        }
    }

    /// The columns that the message uses, sorted.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Appends the message of one recipient, compact JSON, to `out`. `values` is the text of a JSON object, column to value; a column
    /// that is absent, null, blank or a word such as `NULL` counts as missing. On an error `out` is unchanged.
    pub fn fill(&self, values: Option<&str>, out: &mut String) -> Result<(), FillError> {
        let start = out.len();
        let filled =
            self.fill_parts(values, out).and_then(|has_empty_text| self.check_whole(has_empty_text, &out[start..]));
        if filled.is_err() {
            out.truncate(start);
        }
        filled
    }

    /// Returns whether a text came out empty, so that the rules about required fields must be checked again.
    fn fill_parts(&self, values: Option<&str>, out: &mut String) -> Result<bool, FillError> {
        let row = self.read(values)?;
        let mut has_empty_text = false;
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Json(json) => out.push_str(json),
                Part::Text(text) => {
                    filled.clear();
                    text.fill(&row, &self.columns, &mut filled)?;
                    text.check(self.kind, &filled)?;
                    has_empty_text |= is_blank(&filled);
                    json::push_string(out, &filled);
                }
            }
        }
        Ok(has_empty_text)
    }

    fn check_whole(&self, has_empty_text: bool, json: &str) -> Result<(), FillError> {
        if json.len() > parse::MAX_BYTES {
            return Err(FillError::Limit {
                rule: "message.size",
                path: "$".to_owned(),
                message: format!("{} bytes, at most {}", json.len(), parse::MAX_BYTES),
            });
        }
        if !has_empty_text && !self.is_structural {
            return Ok(());
        }
        let value: Value = serde_json::from_str(json).map_err(|_| FillError::Unreadable)?;
        match validate::check(&value, Phase::Filled).into_iter().find(validate::Violation::is_error) {
            // The message of a violation may quote a text, which may contain a value: report only the rule.
            Some(broken) => Err(FillError::Limit {
                rule: broken.rule,
                path: broken.path,
                message: "breaks this rule after values are filled in".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The columns without which no message can be made: used somewhere without a default.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let is_required = |index: usize| {
            self.texts()
                .flat_map(|text| &text.segments)
                .any(|segment| matches!(segment, Filled::Column { index: used, default: None } if *used == index))
        };
        self.columns.iter().enumerate().filter(move |(index, _)| is_required(*index)).map(|(_, name)| name.as_str())
    }

    /// Whether a row has a word such as `NULL` or `#N/A` in a column that the message uses. It counts as missing.
    pub fn has_null_word(&self, values: Option<&str>) -> bool {
        let suspicious =
            values.is_some_and(|values| NULL_WORDS.iter().any(|word| values.contains(word.trim_start_matches('\\'))));
        suspicious
            && self.read(values).is_ok_and(|row| row.iter().flatten().any(|value| NULL_WORDS.contains(&trimmed(value))))
    }

    fn texts(&self) -> impl Iterator<Item = &Text> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            Part::Json(_) => None,
        })
    }

    fn read<'v>(&self, values: Option<&'v str>) -> Result<RowValues<'v>, FillError> {
        let mut row = vec![None; self.columns.len()];
        let Some(values) = values else { return Ok(row) };
        let mut alike = Vec::new();
        let mut json = serde_json::Deserializer::from_str(values);
        json.deserialize_map(ColumnReader { names: &self.columns, row: &mut row, alike: &mut alike })
            .map_err(|_| FillError::Unreadable)?;
        json.end().map_err(|_| FillError::Unreadable)?;
        for (index, value) in alike {
            // A column of the very name counts before one whose name is alike.
            if row[index].is_none() {
                row[index] = value;
            }
        }
        Ok(row)
    }
}

/// What databases and spreadsheets write where a value is missing.
const NULL_WORDS: [&str; 14] = [
    "NULL", "null", "\\N", "(null)", "<null>", "NaN", "nan", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!",
    "#DIV/0!",
];

/// A value without blanks at its edges; `None` if nothing is left, or a word for a missing value.
fn given(value: &str) -> Option<&str> {
    let value = trimmed(value);
    (!is_blank(value) && !NULL_WORDS.contains(&value)).then_some(value)
}

impl Text {
    fn fill(&self, row: &RowValues<'_>, columns: &[String], out: &mut String) -> Result<(), FillError> {
        for segment in &self.segments {
            match segment {
                Filled::Literal(literal) => out.push_str(literal),
                Filled::Column { index, default } => {
                    let value = row[*index].as_deref().and_then(given).or(default.as_deref());
                    let Some(value) = value else {
                        return Err(FillError::Missing { column: columns[*index].clone() });
                    };
                    if self.encode {
                        out.extend(utf8_percent_encode(value, IN_URL));
                    } else {
                        out.push_str(value);
                    }
                }
            }
        }
        Ok(())
    }

    fn check(&self, kind: Option<TemplateKind>, filled: &str) -> Result<(), FillError> {
        let broken =
            |rule: &'static str, message: String| Err(FillError::Limit { rule, path: self.path.to_string(), message });
        for rule in &self.rules {
            if let Some(what) = rule.check.text(filled) {
                return broken(rule.id, what);
            }
        }
        if let Some(c) = control(filled) {
            return broken("text.visible", format!("contains the control character U+{:04X}", u32::from(c)));
        }
        if filled.contains("{{") && validate::wrong_macro(kind, &self.path, filled).is_some() {
            return broken("macros", "a macro that Meta does not fill in here".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
