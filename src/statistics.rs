//! Shares of counts, and how sure they are.

/// All of something, in hundredths of a per cent.
pub const WHOLE: u32 = 10_000;

/// A per cent such as `12.5`, in hundredths of it; `None` if it is none, or not between 0 and 100 with both left out.
pub fn parse_percent(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let share = whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(format!("{part:0<2}").parse().ok()?)?;
    (1..WHOLE).contains(&share).then_some(share)
}

/// `50`, `33.3`, `33.34`; as [`parse_percent`] reads it.
pub fn show_percent(hundredths: u32) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

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

/// How often chance alone would make two shares differ as much as these do: the two-sided test of two proportions with a common
/// variance. `None` where one of the shares has too few, of either kind, for that test to hold.
pub fn two_proportions((part, whole): (u64, u64), (other, of): (u64, u64)) -> Option<f64> {
    let (n, m) = (whole as f64, of as f64);
    let common = (part.min(whole) + other.min(of)) as f64 / (n + m);
    // The usual rule: at least five expected of each kind in each.
    let fewest = n.min(m) * common.min(1.0 - common);
    if whole == 0 || of == 0 || fewest < 5.0 {
        return None;
    }
    let z = (part.min(whole) as f64 / n - other.min(of) as f64 / m)
        / (common * (1.0 - common) * (1.0 / n + 1.0 / m)).sqrt();
    Some(libm::erfc(z.abs() / std::f64::consts::SQRT_2))
}

/// Which of several p-values stand at 95 % all together, by Holm's correction: the smallest is held against 5 % divided by all of them,
/// the next by one less, up to the first that falls.
pub fn holm(ps: &[Option<f64>]) -> Vec<bool> {
    let mut known: Vec<(f64, usize)> = ps.iter().enumerate().filter_map(|(place, p)| Some(((*p)?, place))).collect();
    known.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut stand = vec![false; ps.len()];
    let mut left = known.len();
    for (p, place) in known {
        if p > 0.05 / left as f64 {
            break;
        }
        stand[place] = true;
        left -= 1;
    }
    stand
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_those_of_the_tables() {
        // As R's prop.test(c(a, b), c(n, m), correct = FALSE)$p.value.
        for (one, other, p) in [
            ((500, 1000), (550, 1000), 0.025_164),
            ((500, 1000), (500, 1000), 1.0),
            ((15, 100), (30, 100), 0.011_085),
            ((600, 975), (500, 970), 8.786e-6),
        ] {
            let told = two_proportions(one, other).unwrap();
            assert!((told - p).abs() < 1e-6, "{one:?} {other:?}: {told}");
            assert_eq!(two_proportions(other, one), Some(told));
        }
        for (one, other) in
            [((0, 0), (5, 10)), ((1, 10), (9, 1000)), ((4, 4), (0, 4)), ((100, 100), (100, 100)), ((0, 90), (0, 90))]
        {
            assert_eq!(two_proportions(one, other), None, "{one:?} {other:?}");
        }
    }

    #[test]
    fn several_tests_share_five_per_cent() {
        for (ps, stand) in [
            (&[Some(0.04)][..], &[true][..]),
            (&[Some(0.04), Some(0.04)], &[false, false]),
            (&[Some(0.04), Some(0.02)], &[true, true]),
            (&[Some(0.9), Some(0.03), None], &[false, false, false]),
            (&[Some(0.9), Some(0.01), None, Some(0.024)], &[false, true, false, true]),
            (&[], &[]),
        ] {
            assert_eq!(holm(ps), stand, "{ps:?}");
        }
    }

    #[test]
    fn per_cents_are_read_as_they_are_shown() {
        for (text, hundredths) in [("50", 5000), ("33.34", 3334), ("0.5", 50), ("99.99", 9999)] {
            assert_eq!(parse_percent(text), Some(hundredths), "{text}");
            assert_eq!(parse_percent(&show_percent(hundredths)), Some(hundredths), "{text}");
        }
        for text in ["", "0", "0.00", "100", "-1", "1.", ".5", "1.234", "+1", "1e1", " 1", "99999999999"] {
            assert_eq!(parse_percent(text), None, "{text}");
        }
    }

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
