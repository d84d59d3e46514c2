//! Values that more than one command takes.

use crate::campaign::parse_time;
use crate::clock::UnixMillis;
pub use crate::times::parse_duration as duration;

/// RFC 3339 or Unix seconds.
pub fn time(text: &str) -> Result<UnixMillis, String> {
    parse_time(text)
}

/// A code of Graph's.
pub fn code(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{text:?} is no code: write numbers like 2300004, several with commas"))
}

/// A broadcast's number.
pub fn broadcast(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("{text:?} is no broadcast: mmsg broadcast list shows their numbers"))
}
