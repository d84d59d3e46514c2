//! One value at a time from bytes that may come in pieces.

use serde::Deserialize;

/// How far the head of a page is looked for: white space between its first braces.
const HEAD: usize = 4096;

/// What begins at the first byte.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// A value, and how many bytes it has.
    Value(T, usize),
    /// Something else.
    Not,
    /// The rest of it has not arrived.
    More,
    /// No JSON; where.
    Broken(String),
}

/// The value at the start of `bytes`; `is_all` when nothing follows them.
pub fn value<'b, T: Deserialize<'b>>(bytes: &'b [u8], is_all: bool) -> Next<T> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<T>();
    let first = values.next();
    let end = values.byte_offset();
    match first {
        // A number may go on.
        Some(Ok(_)) if end == bytes.len() && !is_all && !matches!(bytes.last(), Some(b'}' | b']' | b'"')) => Next::More,
        Some(Ok(value)) => Next::Value(value, end),
        Some(Err(error)) if error.is_eof() && !is_all => Next::More,
        Some(Err(error)) if error.is_eof() => Next::Broken("it ends inside a value".to_owned()),
        Some(Err(error)) => {
            Next::Broken(format!("at character {} of line {} of the value", error.column(), error.line()))
        }
        None if is_all => Next::Not,
        None => Next::More,
    }
}

/// `{"data":[`, with white space between.
pub fn page_head(bytes: &[u8], is_all: bool) -> Next<()> {
    let mut at = 0;
    for part in [&b"{"[..], b"\"data\"", b":", b"["] {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let there = rest.len().min(part.len());
        if at > HEAD || rest[..there] != part[..there] {
            return Next::Not;
        }
        if there < part.len() {
            return if is_all { Next::Not } else { Next::More };
        }
        at += part.len();
    }
    Next::Value((), at)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn the_head_of_a_page_is_known_at_any_length() {
        let page = b"{ \"data\" :\n [ {}";
        assert_eq!(page_head(page, false), Next::Value((), 13));
        for cut in 0..13 {
            assert_eq!(page_head(&page[..cut], false), Next::More, "{cut}");
            assert_eq!(page_head(&page[..cut], true), Next::Not, "{cut}");
        }
        for other in ["{\"date\":[", "{\"data\":{", "[", "{\"data \":[", "{}"] {
            assert_eq!(page_head(other.as_bytes(), false), Next::Not, "{other}");
        }
    }

    #[test]
    fn a_value_is_known_once_it_is_whole() {
        for (text, end) in [
            ("{\"a\":\"}\"} ", 9),
            ("{\"a\":\"\\\"}\"}x", 11),
            ("[1,[2]],", 7),
            ("\"a b\",", 5),
            ("123,", 3),
            ("null\n", 4),
        ] {
            match value::<&RawValue>(text.as_bytes(), false) {
                Next::Value(_, found) => assert_eq!(found, end, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
            for cut in 0..end {
                let found = value::<&RawValue>(&text.as_bytes()[..cut], false);
                assert!(matches!(found, Next::More), "{text} at {cut}: {found:?}");
            }
        }
        assert!(matches!(value::<&RawValue>(b"{\"a\n", false), Next::Broken(_)));
        assert!(matches!(value::<&RawValue>(b"12", true), Next::Value(_, 2)));
    }
}
