//! Many values in one parameter, in the form in which PostgreSQL sends arrays. A statement names their type, as in `cast(?1 as int8[])`;
//! what they become in a narrower column is cast as it is written.

use super::value::{ToValue, Value};

/// The numbers of PostgreSQL's own types.
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const TEXT: u32 = 25;

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
    array(TEXT, values, |bytes, text| match text.contains('\0') {
        true => bytes.extend(text.bytes().filter(|byte| *byte != 0)),
        false => bytes.extend(text.as_bytes()),
    })
}

pub fn blobs<'t, const N: usize>(values: impl IntoIterator<Item = &'t [u8; N]>) -> Array {
    array(BYTEA, values.into_iter().map(Some), |bytes, blob| bytes.extend(blob))
}

/// How many dimensions, whether there may be nulls, the type; of the one dimension its length and where it begins; the values.
fn array<T>(of: u32, values: impl IntoIterator<Item = Option<T>>, put: impl Fn(&mut Vec<u8>, T)) -> Array {
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
