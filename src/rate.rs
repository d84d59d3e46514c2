//! The rate and the concurrency of sends, as set by flags and profiles.

use std::fmt;
use std::ops::RangeInclusive;

/// Sends per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// As fast as the account's limits allow.
    Auto,
    PerSecond(f64),
    Unlimited,
}

impl Rate {
    /// `auto`, a number above 0, or `unlimited`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        if text.eq_ignore_ascii_case("unlimited") {
            return Ok(Self::Unlimited);
        }
        match text.parse::<f64>() {
            Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(Self::PerSecond(rate)),
            _ => Err(format!("{text:?} is not a valid rate: use auto, unlimited, or sends per second above 0")),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::PerSecond(rate) => write!(f, "{rate}"),
            Self::Unlimited => f.write_str("unlimited"),
        }
    }
}

/// How many requests may be in flight at once.
pub const CONCURRENCY: RangeInclusive<u32> = 1..=4096;

/// The concurrency if neither the flag nor the profile sets it.
pub const DEFAULT_CONCURRENCY: u32 = 64;

/// The same for a ledger on a server: its commits take longer, and are worth more the more they hold.
pub const DEFAULT_CONCURRENCY_ON_A_SERVER: u32 = 192;

/// A concurrency from a profile, in the same range as the flag. The error says what is wrong.
pub fn concurrency(number: i64) -> Result<u32, String> {
    u32::try_from(number).ok().filter(|number| CONCURRENCY.contains(number)).ok_or_else(|| {
        format!("{number} is not a valid concurrency: use {} to {}", CONCURRENCY.start(), CONCURRENCY.end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_above_0_or_a_word() {
        for (text, rate) in [
            ("10", Rate::PerSecond(10.0)),
            ("0.5", Rate::PerSecond(0.5)),
            ("auto", Rate::Auto),
            ("Unlimited", Rate::Unlimited),
        ] {
            assert_eq!(Rate::parse(text), Ok(rate));
            assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        }
        for bad in ["0", "-1", "NaN", "inf", "", "10/s", "fast"] {
            assert!(Rate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_concurrency_is_within_its_range() {
        assert_eq!([concurrency(1), concurrency(4096)], [Ok(1), Ok(4096)]);
        for bad in [0, -1, 4097, 10_000, i64::MAX] {
            assert!(concurrency(bad).is_err(), "{bad}");
        }
    }
}
