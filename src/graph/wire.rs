//! Times as Graph writes them.

use crate::campaign::read_time;
use crate::clock::UnixMillis;
use crate::json::Text;

/// The time in a field, in any form that Graph writes.
pub fn time(field: &Text) -> Option<UnixMillis> {
    read_time(field.0.as_deref()?)
}

/// The `Date` of an HTTP answer: `Tue, 24 Nov 2026 08:15:00 GMT`.
pub fn http_date(text: &str) -> Option<UnixMillis> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(UnixMillis::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_date_is_read() {
        assert_eq!(http_date("Tue, 01 Dec 2026 00:00:00 GMT"), Some(UnixMillis(1_796_083_200_000)));
        assert_eq!(http_date("yesterday"), None);
    }
}
