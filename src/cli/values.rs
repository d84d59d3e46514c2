//! Argument values that several commands share.

use std::time::Duration;

use crate::campaign::parse_time;
use crate::clock::UnixMillis;
pub use crate::times::parse_duration as duration;

/// RFC 3339 or Unix seconds.
pub fn time(text: &str) -> Result<UnixMillis, String> {
    parse_time(text)
}

/// A time, or how long ago it was.
#[derive(Clone, Copy, Debug)]
pub enum Before {
    At(UnixMillis),
    Ago(Duration),
}

impl Before {
    pub fn from(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::At(at) => at,
            Self::Ago(age) => now.minus(age),
        }
    }
}

/// As [`time`], or an age: `90d`.
pub fn before(text: &str) -> Result<Before, String> {
    if let Ok(age) = duration(text) {
        return Ok(Before::Ago(age));
    }
    time(text).map(Before::At).map_err(|why| format!("{why}; or an age such as 90d"))
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

/// An audience's name is for people and scripts: 1 to 100 characters, no control characters, no space at its ends.
pub fn audience(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if !(1..=100).contains(&length) {
        return Err(format!("1 to 100 characters; this has {length}"));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err("no control characters, and no white space at its ends".to_owned());
    }
    Ok(text.to_owned())
}

/// `5%` or `0.05`, as a share of 1.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    match number.parse::<f64>() {
        Ok(number) if (0.0..=of).contains(&number) => Ok(number / of),
        _ => Err(format!("\"{text}\" is no share: use 5%, or a number from 0 to 1")),
    }
}
