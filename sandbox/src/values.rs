//! How shares, times and ids are written, in flags and in control requests.

use std::time::Duration;

use jiff::SignedDuration;

use super::error::{Error, Result};

/// A share between 0 and 1: `1%`, `0.01` or `1/100`.
pub fn share(text: &str) -> Result<f64> {
    let text = text.trim();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let value = if let Some(percent) = text.strip_suffix('%') {
        number(percent).map(|value| value / 100.0)
    } else if let Some((part, whole)) = text.split_once('/') {
        number(part).zip(number(whole)).map(|(part, whole)| part / whole)
    } else {
        number(text)
    };
    value
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| Error::Value(format!("'{text}' is not a share between 0 and 100%: write 1%, 0.01 or 1/100")))
}

/// A length of time: `50ms`, `12h`, `1m30s`, `0`.
pub fn span(text: &str) -> Result<Duration> {
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| Error::Value(format!("'{text}' is not a length of time: write 50ms, 12h or 1m30s")))
}

/// A length of time that may be negative: `-15m`.
pub fn skew(text: &str) -> Result<SignedDuration> {
    let (sign, rest) = text.trim().strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    SignedDuration::try_from(span(rest)?)
        .map(|span| span * sign)
        .map_err(|_| Error::Value(format!("'{text}' is too long")))
}

/// A numeric id, with or without `act_`.
pub fn digits(text: &str) -> Result<String> {
    let digits = text.strip_prefix("act_").unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(digits.to_owned())
    } else {
        Err(Error::Value(format!("'{text}' is not a numeric ID")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_times_are_read() {
        for (text, value) in
            [("1%", 0.01), ("0.5%", 0.005), ("0.25", 0.25), ("1/200", 0.005), ("0", 0.0), ("100%", 1.0)]
        {
            assert_eq!(share(text).unwrap(), value, "{text}");
        }
        for wrong in ["", "%", "101%", "-1%", "x", "1/0", "NaN"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        for (text, millis) in [("50ms", 50), ("12h", 43_200_000), ("1m30s", 90_000), ("1m 30s", 90_000), ("0", 0)] {
            assert_eq!(span(text).unwrap(), Duration::from_millis(millis), "{text}");
        }
        for wrong in ["", "5", "-5s", "x"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
        assert_eq!(skew("-15m").unwrap(), SignedDuration::from_mins(-15));
    }
}
