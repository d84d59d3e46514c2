//! Many values in one parameter: PostgreSQL's arrays as text, which a statement casts, as in `cast(cast(?1 as text) as int8[])`.

use std::fmt::Write as _;

pub fn ints(values: impl IntoIterator<Item = impl Into<Option<i64>>>) -> String {
    array(values, |text, value| match value.into() {
        // Writing to a text does not fail.
        Some(n) => drop(write!(text, "{n}")),
        None => text.push_str("null"),
    })
}

pub fn texts<'t>(values: impl IntoIterator<Item = Option<&'t str>>) -> String {
    array(values, |text, value| match value {
        Some(value) => {
            text.push('"');
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    text.push('\\');
                }
                text.push(c);
            }
            text.push('"');
        }
        None => text.push_str("null"),
    })
}

fn array<T>(values: impl IntoIterator<Item = T>, push: impl Fn(&mut String, T)) -> String {
    let mut text = "{".to_owned();
    for value in values {
        if text.len() > 1 {
            text.push(',');
        }
        push(&mut text, value);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_postgresql_reads_them() {
        assert_eq!(ints([0_i64; 0]), "{}");
        assert_eq!(ints([Some(-1), None, Some(i64::MAX)]), "{-1,null,9223372036854775807}");
        assert_eq!(
            texts([Some("a,}"), None, Some(""), Some("null"), Some("\"\\ä")]),
            r#"{"a,}",null,"","null","\"\\ä"}"#
        );
    }
}
