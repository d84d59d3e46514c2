//! Rates, quantiles, and numbers formatted for people.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::ledger::events::bucket_seconds;
use crate::text::{self, thousands};

/// The part divided by the whole, rounded to four decimals; `None` if the whole is 0. Never above 1, even if the counts are from
/// slightly different moments.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| rounded(part.min(whole) as f64 / whole as f64))
}

/// To four decimals.
pub fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

/// `96.7%`; `-` for none.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), text::percent)
}

/// `+12`, `-1,234`, `0`.
pub fn signed(n: i64) -> String {
    let sign = match n {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", thousands(n.unsigned_abs()))
}

/// `1.5s`, `42s`, `3m 20s`, `2h 5m`, `4d 3h`.
pub fn span(seconds: f64) -> String {
    if seconds < 9.95 {
        return format!("{seconds:.1}s");
    }
    text::span(Duration::from_secs(seconds.round() as u64))
}

/// Percentiles in seconds, exact to about 5%.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
}

impl Quantiles {
    /// From counts per bucket; `None` if there are none.
    pub fn of(buckets: &BTreeMap<u8, u64>) -> Option<Self> {
        let total: u64 = buckets.values().sum();
        let at = |percent: u128| {
            let rank = (u128::from(total) * percent).div_ceil(100).max(1);
            let mut seen = 0;
            let found = buckets.iter().find(|(_, n)| {
                seen += u128::from(**n);
                seen >= rank
            });
            found.map(|(bucket, _)| (bucket_seconds(*bucket) * 10.0).round() / 10.0)
        };
        Some(Self { p50: at(50)?, p90: at(90)?, p99: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::events::bucket_of;

    #[test]
    fn shares_are_not_rounded_to_all_or_nothing() {
        for (part, whole, said) in [
            (0, 0, "-"),
            (0, 5, "0.0%"),
            (1, 3, "33.3%"),
            (5, 5, "100.0%"),
            (6, 5, "100.0%"),
            (2, 10_000, "<0.1%"),
            (9_998, 10_000, ">99.9%"),
            (u64::MAX, u64::MAX, "100.0%"),
        ] {
            assert_eq!(percent(ratio(part, whole)), said, "{part} of {whole}");
        }
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 12, -1234, i64::MIN].map(signed), ["0", "+12", "-1,234", "-9,223,372,036,854,775,808"]);
    }

    #[test]
    fn spans_have_two_units() {
        let said = [1.04, 9.96, 59.6, 200.0, 7500.0, 90_000.0, 1e12].map(span);
        assert_eq!(said, ["1.0s", "10s", "1m 0s", "3m 20s", "2h 5m", "1d 1h", "11,574,074d 1h"]);
    }

    #[test]
    fn quantiles_of_nothing_and_of_one() {
        assert_eq!(Quantiles::of(&BTreeMap::new()), None);
        let one = Quantiles::of(&BTreeMap::from([(bucket_of(60_000), 1)])).unwrap();
        assert!(one.p50 == one.p99 && (55.0..65.0).contains(&one.p50), "{one:?}");
    }

    proptest! {
        /// Against the exact quantile of the same times.
        #[test]
        fn quantiles_are_right_within_a_bucket(mut millis in proptest::collection::vec(1000_i64..2_000_000_000, 1..300)) {
            let mut buckets = BTreeMap::new();
            for time in &millis {
                *buckets.entry(bucket_of(*time)).or_default() += 1;
            }
            let told = Quantiles::of(&buckets).unwrap();
            millis.sort_unstable();
            for (percent, told) in [(50, told.p50), (90, told.p90), (99, told.p99)] {
                let exact = millis[(millis.len() * percent).div_ceil(100) - 1] as f64 / 1000.0;
                prop_assert!((told / exact - 1.0).abs() < 0.06 || (told - exact).abs() <= 0.1, "p{}: {} for {}", percent, told, exact);
            }
            prop_assert!(told.p50 <= told.p90 && told.p90 <= told.p99);
        }

        #[test]
        fn a_ratio_is_a_share(part in any::<u64>(), whole in any::<u64>()) {
            prop_assert!(ratio(part, whole).is_none_or(|share| (0.0..=1.0).contains(&share)));
        }
    }
}
