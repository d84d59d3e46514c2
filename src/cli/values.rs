//! Argument values that several commands share.

use crate::campaign::parse_time;
use crate::clock::UnixMillis;
pub use crate::times::parse_duration as duration;

/// RFC 3339 or Unix seconds.
pub fn time(text: &str) -> Result<UnixMillis, String> {
    parse_time(text)
}

/// A Graph error code.
pub fn code(text: &str) -> Result<i64, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text:?} is not an error code: use numbers such as 2300004, separated by commas"))
}

/// A broadcast's number.
pub fn broadcast(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text:?} is not a broadcast number: mmsg broadcast list shows them"))
}
