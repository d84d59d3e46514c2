//! Times as Graph writes them.

use crate::campaign::read_time;
use crate::clock::UnixMillis;
use crate::json::Text;

/// The time in a field, in any form that Graph writes. 0 is its word for none, also written as a time in 1969 or 1970.
pub fn time(field: &Text) -> Option<UnixMillis> {
    read_time(field.0.as_deref()?).filter(|at| at.0 > 0)
}

/// The `Date` of an HTTP answer: `Tue, 24 Nov 2026 08:15:00 GMT`.
pub fn http_date(text: &str) -> Option<UnixMillis> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(UnixMillis::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_0_is_none() {
        let read = |text: &str| time(&Text(Some(text.to_owned())));
        for none in ["0", "1970-01-01T00:00:00+0000", "1969-12-31T16:00:00-0800", "1969-12-31T00:00:00+0000", "-1", ""]
        {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!((read("1796083200"), time(&Text(None))), (Some(UnixMillis(1_796_083_200_000)), None));
    }

    #[test]
    fn an_http_date_is_read() {
        assert_eq!(http_date("Tue, 01 Dec 2026 00:00:00 GMT"), Some(UnixMillis(1_796_083_200_000)));
        assert_eq!(http_date("yesterday"), None);
    }
}
