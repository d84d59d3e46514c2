//! Shares of counts, and how sure they are.

/// 95 % of a normal distribution lie within so many standard deviations.
const Z: f64 = 1.959_963_984_540_054;

/// Where a true share lies, with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// Wilson's score interval, which holds for small counts and for shares near 0 and 1, too; `None` for a share of nothing.
pub fn wilson(part: u64, whole: u64) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let (n, p) = (whole as f64, part.min(whole) as f64 / whole as f64);
    let z2 = Z * Z;
    let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // Rounding must not take the ends away from 0 and 1.
    let low = if part == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if part >= whole { 1.0 } else { (middle + half).min(1.0) };
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        // By R's prop.test(x, n, correct = FALSE).
        for (part, whole, low, high) in [
            (0, 10, 0.0, 0.277_532_8),
            (1, 10, 0.017_876_21, 0.404_150_0),
            (5, 10, 0.236_593_1, 0.763_406_9),
            (10, 10, 0.722_467_2, 1.0),
            (81, 263, 0.255_288_5, 0.366_209_6),
            (0, 73, 0.0, 0.049_992_0),
        ] {
            let interval = wilson(part, whole).unwrap();
            let near = |told: f64, wanted: f64| (told - wanted).abs() < 1e-6;
            assert!(near(interval.low, low) && near(interval.high, high), "{part} of {whole}: {interval:?}");
        }
        assert_eq!(wilson(0, 0), None);
    }
}
