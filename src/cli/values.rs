//! Values that more than one command takes.

use std::time::Duration;

use crate::campaign::parse_time;
use crate::clock::UnixMillis;

/// `30m`, `12h`, `1h 30m`, `2 days`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text:?} is no time span: write it like 90s, 30m, 12h or \"1h 30m\"");
    let span: jiff::SignedDuration = text.parse().map_err(|_| bad())?;
    Duration::try_from(span).map_err(|_| bad())
}

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
