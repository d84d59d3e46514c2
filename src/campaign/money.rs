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

#[cfg(test)]
mod tests {
    use super::*;

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
