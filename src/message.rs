//! The message that recipients see: read, checked against Meta's published limits, built, filled in for each recipient, drawn.
//!
//! | Module | What it is for |
//! |---|---|
//! | [`mod@parse`] | JSON in, with the line and column of an error |
//! | [`rules`] | Meta's limits as one table: id, path, limit, code, page |
//! | [`validate`] | checks one message against the table and reports all violations at once |
//! | [`schema`] | the same table as a JSON Schema |
//! | [`values`], [`template`] | `${column}`: the syntax, and the message compiled once and filled in for each recipient |
//! | [`model`] | typed templates, for building from flags, TOML and questions |
//! | [`view`], [`draw`], [`page`] | what recipients see, in a terminal and as a local HTML page |
//! | [`preview`] | the address in Meta's answer to a preview |
//! | [`examples`] | one documented TOML file for each shape |

pub mod draw;
pub mod examples;
pub mod model;
pub mod page;
pub mod parse;
pub mod path;
pub mod preview;
pub mod rules;
pub mod schema;
pub mod template;
pub mod validate;
pub mod values;
pub mod view;

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::json;
pub use template::{FillError, Template};
pub use validate::Violation;

/// One message as its author wrote it: keys in the author's order, unknown fields unchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    value: Value,
}

impl Message {
    /// Reads a message: the message object, or the whole body of a send request, whose `message` is used (see [`parse::read`]).
    ///
    /// # Errors
    /// Refused (exit 5): not JSON (with line and column), not an object, a duplicate key, a number that can't be stored exactly, or
    /// larger than [`parse::MAX_BYTES`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        Ok(Self { value: parse::read(text)? })
    }

    /// A message from a value known to be an object.
    pub(crate) fn from_value(value: Value) -> Self {
        Self { value }
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Identifies the message of a broadcast. White space, the order of keys and recipients' values make no difference.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut canonical = String::new();
        write_canonical(&self.value, &mut canonical);
        Fingerprint(Sha256::digest(canonical.as_bytes()).into())
    }

    /// Compact JSON, keys in the author's order.
    pub fn to_json(&self) -> String {
        self.value.to_string()
    }

    /// Every rule that the message breaks, errors and warnings, in the order of the table. A text with `${…}` is checked only for
    /// what no value can fix; each recipient's own text is checked by [`Template::fill`].
    pub fn validate(&self) -> Vec<Violation> {
        validate::check(&self.value, validate::Phase::Author)
    }

    /// The message with every value replaced by something to look at: the default, or the column's name.
    #[must_use]
    pub fn sample(&self) -> Self {
        let mut value = self.value.clone();
        fill_sample(&mut value, "");
        Self { value }
    }

    /// The names of all columns that the message uses.
    pub fn columns(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        collect_columns(&self.value, &mut names);
        names
    }
}

fn collect_columns(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for segment in values::segments(text).unwrap_or_default() {
                if let values::Segment::Column { name, .. } = segment {
                    names.insert(name.to_owned());
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_columns(item, names)),
        Value::Object(fields) => fields.values().for_each(|field| collect_columns(field, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fill_sample(value: &mut Value, name: &str) {
    match value {
        Value::String(text) => {
            if let Some(sample) = values::sample(text, values::is_url_field(name)) {
                *text = sample;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_sample(item, name)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| fill_sample(field, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, field)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                json::push_string(out, key);
                out.push(':');
                write_canonical(field, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::String(text) => json::push_string(out, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

/// SHA-256 of a message's canonical form (keys sorted at every depth, no white space).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests;
