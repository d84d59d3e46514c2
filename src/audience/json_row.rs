//! One JSON value as a row: its token, and the other fields as columns.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::HEADER_NAMES;
use super::dialect::{is_known, no_such_column, same_name};
use super::json_array::ArrayRows;
use super::json_cell::{good, not_json, scalar_token, string};
use super::judge::Out;
use crate::error::{Error, Result};
use crate::json;
use crate::text::count;

/// How deep nested objects are columns; deeper ones are JSON text.
const DEEPEST: usize = 16;

/// How many columns of the first object are remembered.
const NAMES_KEPT: usize = 1000;

/// Reads values as rows. The first value decides whether they are objects, and which field of theirs holds the token.
pub(super) struct JsonRow {
    token_column: Option<String>,
    rows_are: Option<Rows>,
    values: String,
    /// Named columns that some row had, so that one missing from the first object is not taken for absent.
    found: Vec<String>,
}

enum Rows {
    /// With the token in the field of this dotted name.
    Objects(String),
    Arrays(ArrayRows),
    Values,
}

impl JsonRow {
    pub(super) fn new(token_column: Option<String>) -> Self {
        Self { token_column, rows_are: None, values: String::new(), found: Vec::new() }
    }

    pub(super) fn take(&mut self, line: u64, bytes: &[u8], out: &mut Out<'_>) -> Result<()> {
        match (bytes.first(), &mut self.rows_are) {
            (Some(b'{'), None | Some(Rows::Objects(_))) => self.take_object(line, bytes, out),
            (Some(b'{'), _) => out.bad(line, None, "an object among rows of another kind", bytes),
            (Some(b'['), Some(Rows::Arrays(rows))) => rows.take(line, bytes, out),
            (Some(b'['), None) => match ArrayRows::new(bytes, self.token_column.as_deref(), out)? {
                Ok(mut rows) => {
                    rows.take(line, bytes, out)?;
                    self.rows_are = Some(Rows::Arrays(rows));
                    Ok(())
                }
                Err(reason) => out.bad(line, None, reason, bytes),
            },
            (Some(b'['), _) => out.bad(line, None, "an array among rows of another kind", bytes),
            (_, known) => match scalar_token(bytes) {
                Ok(_) if !matches!(known, None | Some(Rows::Values)) => {
                    out.bad(line, None, "a plain value among rows of another kind", bytes)
                }
                Ok(scalar) => {
                    *known = Some(Rows::Values);
                    good(line, None, &scalar, None, bytes, out)
                }
                Err(reason) => out.bad(line, None, reason, bytes),
            },
        }
    }

    fn take_object(&mut self, line: u64, bytes: &[u8], out: &mut Out<'_>) -> Result<()> {
        if self.rows_are.is_none() {
            // Names only: bytes that are not text spoil a row where they stand in a used field, and none is used yet.
            match first_names(String::from_utf8_lossy(bytes).as_bytes()) {
                Ok(names) if names.is_empty() => return out.bad(line, None, "no token: the object is empty", bytes),
                Ok(names) => {
                    let is_token = |name: &String| {
                        is_known(name) || self.token_column.as_deref().is_some_and(|wanted| same_name(name, wanted))
                    };
                    if !names.iter().any(is_token) && is_graph_error(bytes) {
                        return Err(graph_error(out.file()));
                    }
                    let path = choose(&names, self.token_column.as_deref(), out.file())?;
                    out.columns(names.into_iter().filter(|name| *name != path));
                    self.rows_are = Some(Rows::Objects(path));
                }
                Err(reason) => return out.bad(line, None, reason, bytes),
            }
        }
        let Some(Rows::Objects(path)) = &self.rows_are else { return Ok(()) };
        self.values.clear();
        let found_before = self.found.len();
        let mut fields = Fields {
            path,
            wanted: &out.wanted,
            values: &mut self.values,
            found: &mut self.found,
            token: None,
            fault: None,
        };
        if let Err(error) = fields.walk(bytes, "", 0) {
            return out.bad(line, None, not_text(bytes).unwrap_or_else(|| not_json(&error)), bytes);
        }
        let Fields { token, fault, .. } = fields;
        out.columns(self.found[found_before..].iter().cloned());
        if let Some((column, reason)) = fault {
            return out.bad(line, Some(&column), reason, bytes);
        }
        let Some(raw) = token else {
            if is_graph_error(bytes) {
                return Err(graph_error(out.file()));
            }
            return out.bad(line, Some(path), format!("no token: the object has no {path}"), bytes);
        };
        let values = if self.values.is_empty() {
            None
        } else {
            self.values.push('}');
            Some(self.values.as_str())
        };
        match scalar_token(raw.get().as_bytes()) {
            Ok(scalar) => good(line, Some(path), &scalar, values, bytes, out),
            Err(reason) => out.bad(line, Some(path), reason, bytes),
        }
    }
}

/// What Graph writes in place of an answer.
fn is_graph_error(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer {
        error: HashMap<String, IgnoredAny>,
    }
    memchr::memmem::find(bytes, b"\"error\"").is_some()
        && serde_json::from_slice::<Answer>(bytes)
            .is_ok_and(|answer| ["message", "code"].iter().any(|key| answer.error.contains_key(*key)))
}

/// Instead of tokens.
pub(super) fn graph_error(file: &str) -> Error {
    Error::refused(format!("the list {} holds an error from Graph instead of tokens", super::shown_file(file)))
        .hint("look at the file, and fetch the tokens again")
}

/// The field that holds the token, by the columns of the first object.
fn choose(names: &[String], wanted: Option<&str>, file: &str) -> Result<String> {
    if let Some(wanted) = wanted {
        return names
            .iter()
            .find(|name| *name == wanted)
            .or_else(|| names.iter().find(|name| same_name(name, wanted)))
            .cloned()
            .ok_or_else(|| no_such_column(wanted, names.iter().map(String::as_str), file));
    }
    let known: Vec<&String> = names.iter().filter(|name| is_known(name)).collect();
    match (known.as_slice(), names) {
        ([name], _) => Ok((*name).clone()),
        ([], [only]) if only.to_lowercase().contains("token") => Ok(only.clone()),
        ([], _) => Err(Error::usage(format!(
            "the objects in the list {} have {}, and none is called {}",
            super::shown_file(file),
            count(names.len() as u64, "field", "fields"),
            HEADER_NAMES[0]
        ))
        .hint("name the one that holds the token with --token-column; a path like data.token reaches into objects")),
        ([..], _) => Err(Error::usage(format!(
            "{} fields of the list {} could hold the token: {}",
            known.len(),
            super::shown_file(file),
            known.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
        ))
        .hint("choose one with --token-column")),
    }
}

fn not_text(bytes: &[u8]) -> Option<String> {
    let error = std::str::from_utf8(bytes).err()?;
    Some(format!("not valid UTF-8 at byte {} of the row", error.valid_up_to() + 1))
}

/// The dotted names of all fields of an object, nested ones too.
fn first_names(bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    collect_names(bytes, "", 0, &mut names).map_err(|error| not_json(&error))?;
    Ok(names)
}

fn collect_names(bytes: &[u8], prefix: &str, depth: usize, names: &mut Vec<String>) -> serde_json::Result<()> {
    walk(bytes, |key, map| {
        let name = dotted(prefix, key);
        let raw = map.take()?;
        if raw.get().starts_with('{') && depth < DEEPEST {
            return collect_names(raw.get().as_bytes(), &name, depth + 1, names).ok();
        }
        if names.len() < NAMES_KEPT && !names.contains(&name) {
            names.push(name);
        }
        Some(())
    })
}

struct Fields<'a, 'de> {
    path: &'a str,
    wanted: &'a super::Columns,
    values: &'a mut String,
    found: &'a mut Vec<String>,
    token: Option<&'de RawValue>,
    /// The column and what is wrong with it; the first that is met.
    fault: Option<(String, String)>,
}

impl<'de> Fields<'_, 'de> {
    fn walk(&mut self, bytes: &'de [u8], prefix: &str, depth: usize) -> serde_json::Result<()> {
        walk(bytes, |key, map| self.field(key, map, prefix, depth))
    }

    fn field(&mut self, key: &str, map: &mut dyn FieldValue<'de>, prefix: &str, depth: usize) -> Option<()> {
        let joined;
        let name = if prefix.is_empty() {
            key
        } else {
            joined = dotted(prefix, key);
            &joined
        };
        if name == self.path {
            let raw = map.take()?;
            if self.token.replace(raw).is_some() {
                self.fail(name, "the token is in the object twice".to_owned());
            }
            return Some(());
        }
        let on_the_way = self.path.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        let wanted = self.wanted.wants(name);
        let inside = depth < DEEPEST && (on_the_way || self.wanted.wants_inside(name));
        if !wanted && !inside {
            return map.ignore();
        }
        if wanted && self.wanted.are_named() && !self.found.iter().any(|found| found == name) {
            self.found.push(name.to_owned());
        }
        let raw = map.take()?;
        let text = raw.get();
        if inside && text.starts_with('{') {
            return self.walk(text.as_bytes(), name, depth + 1).ok();
        }
        if !wanted || text == "null" {
            return Some(());
        }
        let Some(value) = string(text) else {
            self.fail(name, "not valid text: half a UTF-16 pair".to_owned());
            return Some(());
        };
        self.values.push(if self.values.is_empty() { '{' } else { ',' });
        json::push_string(self.values, name);
        self.values.push(':');
        json::push_string(self.values, &value);
        Some(())
    }

    fn fail(&mut self, column: &str, reason: String) {
        if self.fault.is_none() {
            self.fault = Some((column.to_owned(), reason));
        }
    }
}

fn dotted(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// The value of the field at hand, taken or skipped. `None` if it is not JSON.
trait FieldValue<'de> {
    fn take(&mut self) -> Option<&'de RawValue>;
    fn ignore(&mut self) -> Option<()>;
}

/// Keeps the parser's own error, whose type a closure can't name.
struct MapValue<'m, 'de, M: MapAccess<'de>> {
    map: &'m mut M,
    error: Option<M::Error>,
}

impl<'de, M: MapAccess<'de>> MapValue<'_, 'de, M> {
    fn next<T: Deserialize<'de>>(&mut self) -> Option<T> {
        self.map.next_value().map_err(|error| self.error = Some(error)).ok()
    }
}

impl<'de, M: MapAccess<'de>> FieldValue<'de> for MapValue<'_, 'de, M> {
    fn take(&mut self) -> Option<&'de RawValue> {
        self.next()
    }

    fn ignore(&mut self) -> Option<()> {
        self.next::<IgnoredAny>().map(|_| ())
    }
}

/// Hands each field of an object to `field`, which takes or ignores its value and returns `None` if it is not JSON.
fn walk<'de>(
    bytes: &'de [u8],
    field: impl FnMut(&str, &mut dyn FieldValue<'de>) -> Option<()>,
) -> serde_json::Result<()> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    parser.deserialize_map(Walk { field })?;
    parser.end()
}

struct Walk<F> {
    field: F,
}

impl<'de, F> Visitor<'de> for Walk<F>
where
    F: FnMut(&str, &mut dyn FieldValue<'de>) -> Option<()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        let mut key = String::new();
        while map.next_key_seed(Key(&mut key))?.is_some() {
            let mut value = MapValue { map: &mut map, error: None };
            if (self.field)(&key, &mut value).is_none() {
                return Err(value.error.unwrap_or_else(|| M::Error::custom("a nested object")));
            }
        }
        Ok(())
    }
}

/// Reads a key into a string that is used again.
struct Key<'k>(&'k mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(key);
        Ok(())
    }
}
