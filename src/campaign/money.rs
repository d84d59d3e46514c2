//! Money in a currency's smallest unit, with Meta's offsets.

use std::fmt;

use serde::{Serialize, Serializer};

/// Currencies without decimals. From Meta's list of currency codes, not ISO 4217: BHD and JOD have three decimals there but two
/// here, and TWD, IDR, HUF and others have none.
const WHOLE: [&str; 11] = ["CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"];

/// A currency, by its three-letter code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 3] = text.trim().as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Self(letters.map(|b| b.to_ascii_uppercase())))
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// The number of smallest units in one main unit: 1 or 100.
    pub fn offset(self) -> u64 {
        if WHOLE.contains(&self.code()) { 1 } else { 100 }
    }

    /// So many decimals show a whole number of smallest units.
    pub fn decimals(self) -> usize {
        if self.offset() == 1 { 0 } else { 2 }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// An amount in smallest units; shown as `30.00 USD`, or `3000 TWD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pub minor: u64,
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.currency.offset() {
            1 => write!(f, "{} {}", self.minor, self.currency),
            offset => write!(f, "{}.{:02} {}", self.minor / offset, self.minor % offset, self.currency),
        }
    }
}

/// An amount to a thousandth of the smallest unit: what one delivery costs is often less than a whole one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub u64);

impl Amount {
    const PARTS: u64 = 1000;

    pub const fn of_minor(minor: u64) -> Self {
        Self(minor.saturating_mul(Self::PARTS))
    }

    /// Rounded up; `None` if it is not an amount of money.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range is checked")]
    pub fn of_smallest_units(units: f64) -> Option<Self> {
        let parts = units * Self::PARTS as f64;
        // What a sum of decimals is off by is not a thousandth more.
        (0.0..9e18).contains(&parts).then(|| Self((parts - 1e-6).ceil() as u64))
    }

    pub fn of_main_units(units: f64, currency: Currency) -> Option<Self> {
        Self::of_smallest_units(units * currency.offset() as f64)
    }

    /// A whole number of smallest units above 0, from a flag.
    pub fn parse_whole(text: &str) -> Result<Self, String> {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u64>().map(Self::of_minor) {
            Ok(amount) if plain && amount > Self::default() && i64::try_from(amount.0).is_ok() => Ok(amount),
            _ => {
                Err("use a whole number above 0 in the currency's smallest unit, such as 3000 for 30.00 USD".to_owned())
            }
        }
    }

    /// Smallest units with up to three decimals, above 0, from a flag.
    pub fn parse_cost(text: &str) -> Result<Self, String> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let amount = text.parse().ok().filter(|_| plain).and_then(Self::of_smallest_units);
        amount.filter(|amount| *amount > Self::default()).ok_or_else(|| {
            "use an amount above 0 in the currency's smallest unit, such as 1.4 for 0.014 USD".to_owned()
        })
    }

    /// Whole smallest units, rounded down.
    pub const fn minor(self) -> u64 {
        self.0 / Self::PARTS
    }

    /// Main units, or smallest ones where the currency is not known.
    pub fn units(self, currency: Option<Currency>) -> f64 {
        self.0 as f64 / (Self::PARTS * currency.map_or(1, Currency::offset)) as f64
    }

    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// How often `each` can be paid from it.
    pub fn holds(self, each: Self) -> u64 {
        self.0.checked_div(each.0).unwrap_or(u64::MAX)
    }

    /// `30.00 USD`, `0.0140 USD` for what is not a whole number of smallest units; these where the currency is not known.
    pub fn text(self, currency: Option<Currency>) -> String {
        let is_whole = self.0.is_multiple_of(Self::PARTS);
        match currency {
            Some(currency) => {
                let decimals = currency.decimals() + if is_whole { 0 } else { 2 };
                format!("{:.decimals$} {currency}", self.units(Some(currency)))
            }
            None if is_whole => format!("{} smallest units", self.0 / Self::PARTS),
            None => format!("{:.3} smallest units", self.units(None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_rounded_up_and_shown() {
        let usd = Currency::parse("USD").unwrap();
        assert_eq!(Amount::of_main_units(0.014, usd), Some(Amount(1400)));
        assert_eq!(Amount::of_main_units(0.02, usd), Some(Amount(2000)));
        assert_eq!(Amount::of_smallest_units(1.0001), Some(Amount(1001)));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Amount::of_smallest_units(bad), None);
        }
        for (text, amount) in
            [("3000", Some(3_000_000)), ("0", None), ("1.5", None), ("+1", None), ("99999999999999999", None)]
        {
            assert_eq!(Amount::parse_whole(text).ok(), amount.map(Amount), "{text}");
        }
        for (text, amount) in
            [("1.4", Some(1400)), ("2", Some(2000)), ("0", None), ("1e3", None), ("-1", None), (".", None), ("", None)]
        {
            assert_eq!(Amount::parse_cost(text).ok(), amount.map(Amount), "{text}");
        }
        for (amount, code, shown) in [
            (3_000_000, "USD", "30.00 USD"),
            (1400, "USD", "0.0140 USD"),
            (3_000_000, "TWD", "3000 TWD"),
            (1400, "TWD", "1.40 TWD"),
        ] {
            assert_eq!(Amount(amount).text(Currency::parse(code)), shown);
        }
        assert_eq!(Amount(1400).text(None), "1.400 smallest units");
        assert_eq!((Amount(10).holds(Amount(3)), Amount(10).minus(Amount(11))), (3, Amount(0)));
    }

    #[test]
    fn money_is_shown_by_metas_offsets() {
        for (minor, code, want) in [
            (3000, "USD", "30.00 USD"),
            (5, "thb", "0.05 THB"),
            (3000, "TWD", "3000 TWD"),
            (3000, "IDR", "3000 IDR"),
            (3000, "VND", "3000 VND"),
            (3000, "BHD", "30.00 BHD"),
            (u64::MAX, "USD", "184467440737095516.15 USD"),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(Money { minor, currency }.to_string(), want);
        }
        for code in ["", "US", "USDT", "U$D", "é1"] {
            assert!(Currency::parse(code).is_none(), "{code}");
        }
    }
}
