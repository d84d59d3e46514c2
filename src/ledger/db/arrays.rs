//! Many values in one parameter, in the form in which PostgreSQL sends arrays. A statement names their type, as in `cast(?1 as int8[])`;
//! what they become in a narrower column is cast as it is written.

use super::error::{Error, Result};
use super::value::{ToValue, Value};

/// The numbers of PostgreSQL's own types.
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const TEXT: u32 = 25;
const FLOAT8: u32 = 701;

/// What a column has values of, null aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    Int,
    Real,
    Text,
    Blob,
}

impl ValueKind {
    /// As a statement names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "int8",
            Self::Real => "float8",
            Self::Text => "text",
            Self::Blob => "bytea",
        }
    }
}

pub struct Array(Vec<u8>);

impl ToValue for Array {
    fn value(&self) -> Value<'_> {
        Value::Blob(&self.0)
    }
}

pub fn ints(values: impl IntoIterator<Item = impl Into<Option<i64>>>) -> Array {
    array(INT8, values.into_iter().map(Into::into), |bytes, n| bytes.extend(n.to_be_bytes()))
}

/// U+0000 is in no text of PostgreSQL's, and is left out.
pub fn texts<'t>(values: impl IntoIterator<Item = Option<&'t str>>) -> Array {
    array(TEXT, values, put_text)
}

pub fn blobs<'t, const N: usize>(values: impl IntoIterator<Item = &'t [u8; N]>) -> Array {
    array(BYTEA, values.into_iter().map(Some), |bytes, blob| bytes.extend(blob))
}

/// Values of one column.
pub fn values<'v>(kind: ValueKind, values: impl Iterator<Item = Value<'v>>) -> Result<Array> {
    let of = match kind {
        ValueKind::Int => INT8,
        ValueKind::Real => FLOAT8,
        ValueKind::Text => TEXT,
        ValueKind::Blob => BYTEA,
    };
    let mut is_other = false;
    let values = values.map(|value| Some(value).filter(|value| !matches!(value, Value::Null)));
    let array = array(of, values, |bytes, value| match (kind, value) {
        (ValueKind::Int, Value::Int(n)) => bytes.extend(n.to_be_bytes()),
        (ValueKind::Real, Value::Real(number)) => bytes.extend(number.to_be_bytes()),
        (ValueKind::Real, Value::Int(n)) => bytes.extend((n as f64).to_be_bytes()),
        (ValueKind::Text, Value::Text(text)) => put_text(bytes, text),
        (ValueKind::Blob, Value::Blob(blob)) => bytes.extend(blob),
        _ => is_other = true,
    });
    if is_other { Err(Error::Column { column: 0 }) } else { Ok(array) }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    match text.contains('\0') {
        true => bytes.extend(text.bytes().filter(|byte| *byte != 0)),
        false => bytes.extend(text.as_bytes()),
    }
}

/// How many dimensions, whether there may be nulls, the type; of the one dimension its length and where it begins; the values.
fn array<T>(of: u32, values: impl IntoIterator<Item = Option<T>>, mut put: impl FnMut(&mut Vec<u8>, T)) -> Array {
    const LENGTH_AT: usize = 12;
    let mut bytes = Vec::new();
    for head in [1, 1, of, 0, 1] {
        bytes.extend(head.to_be_bytes());
    }
    let mut length = 0_u32;
    for value in values {
        length += 1;
        let at = bytes.len();
        bytes.extend((-1_i32).to_be_bytes());
        if let Some(value) = value {
            put(&mut bytes, value);
            let size = u32::try_from(bytes.len() - at - 4).unwrap_or(u32::MAX);
            bytes[at..at + 4].copy_from_slice(&size.to_be_bytes());
        }
    }
    bytes[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
    Array(bytes)
}
