//! Values of the command line, in place of those of a list: `--value COLUMN=TEXT`.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::message::rules::macros::is_macro;
use crate::text::is_same_name;

/// The values as a row of a list has them, for a message that uses these columns.
///
/// # Errors
/// Exit 2 for one without `=`, and for one of a column that the message does not use.
pub fn row(values: &[String], columns: &[String]) -> Result<String> {
    let mut row = Map::new();
    for value in values {
        let (column, text) = value
            .split_once('=')
            .ok_or_else(|| Error::usage(format!("--value {value:?} has no =")).hint("write --value COLUMN=TEXT"))?;
        if !columns.iter().any(|known| is_same_name(known, column)) {
            return Err(no_such_column(column, columns));
        }
        row.insert(column.to_owned(), json!(text));
    }
    Ok(Value::Object(row).to_string())
}

/// Which braces are whose is a common mistake.
fn no_such_column(column: &str, columns: &[String]) -> Error {
    let error = Error::usage(format!("--value {column}: the message has no ${{{column}}}"));
    if is_macro(column) {
        return error
            .hint(format!("Meta fills in {{{{{column}}}}}; only ${{COLUMN}} takes a value from --value or the list"));
    }
    error.hint(if columns.is_empty() {
        "the message uses no columns".to_owned()
    } else {
        format!("it uses {}", columns.join(", "))
    })
}
