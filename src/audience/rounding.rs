//! Lists whose long numbers were rounded on the way, by a spreadsheet or by a program that keeps numbers as doubles.
//!
//! One such number proves nothing: a token may end in zeros, or be a double. All long ones of a list do, once chance has become
//! too unlikely.

use super::shown_file;
use super::token::AS_TEXT;
use crate::error::{Error, Result};

/// Digits that a spreadsheet keeps.
const KEPT: usize = 15;

/// Whole numbers up to this one are all doubles.
const ALL_EXACT: u128 = 1 << 53;

/// What one decimal or binary digit says, in thousandths of a bit.
const DECIMAL: u64 = 3322;
const BINARY: u64 = 1000;

/// Twelve decimal digits: by chance one list in 10^12 is like that.
const PROOF: u64 = 12 * DECIMAL;

/// Enough where the tokens are JSON numbers, not strings: they went through a program that takes them for numbers.
const PROOF_FOR_NUMBERS: u64 = 16 * BINARY;

#[derive(Debug, Default)]
pub(super) struct Rounding {
    zeros: Trace,
    doubles: Trace,
    /// Some long token is text.
    text: bool,
}

/// One way to round, and how likely it is to have happened.
#[derive(Debug, Default)]
struct Trace {
    rounded: u64,
    bits: u64,
    /// A token that this way can't have made.
    excluded: bool,
}

impl Trace {
    fn observe(&mut self, fits: bool, bits: u64) {
        if fits {
            self.rounded += 1;
            self.bits = self.bits.saturating_add(bits);
        } else {
            self.excluded = true;
        }
    }

    fn proves(&self, bits: u64) -> bool {
        !self.excluded && self.bits >= bits
    }
}

impl Rounding {
    /// `number`: written in JSON without quotes.
    pub(super) fn observe(&mut self, token: &str, number: bool) {
        if (self.zeros.excluded && self.doubles.excluded)
            || token.len() <= KEPT
            || !token.bytes().all(|b| b.is_ascii_digit())
        {
            return;
        }
        self.text |= !number;
        let zeros = token.bytes().skip(KEPT).all(|digit| digit == b'0');
        self.zeros.observe(zeros, (token.len() - KEPT) as u64 * DECIMAL);
        if let Some(lost) = bits_beyond_double(token) {
            self.doubles.observe(is_double(token), u64::from(lost) * BINARY);
        }
    }

    pub(super) fn refuse_if_rounded(&self, file: &str) -> Result<()> {
        let file = shown_file(file);
        if self.zeros.proves(PROOF) {
            return Err(Error::refused(format!(
                "a spreadsheet rounded the tokens of the list {file}: all {} numbers longer than {KEPT} digits have only zeros after the \
                 fifteenth",
                self.zeros.rounded,
            ))
            .hint(AS_TEXT));
        }
        if self.doubles.proves(if self.text { PROOF } else { PROOF_FOR_NUMBERS }) {
            return Err(Error::refused(format!(
                "the tokens of the list {file} were rounded: all {} numbers above 2^53 are exactly what a JSON writer makes of a \
                 floating-point number",
                self.doubles.rounded,
            ))
            .hint("export the tokens as text (JSON strings); a number keeps only about 16 digits"));
        }
        Ok(())
    }
}

/// How many bits of the number a double has no room for; `None` when it has room for all.
fn bits_beyond_double(token: &str) -> Option<u32> {
    let value: u128 = token.parse().ok().filter(|value| *value > ALL_EXACT)?;
    Some(128 - value.leading_zeros() - 53)
}

/// Whether a program that keeps numbers as doubles would write just these digits: in full, or the shortest that lead back to it
/// with zeros behind them.
fn is_double(token: &str) -> bool {
    let (Ok(value), Ok(double)) = (token.parse::<u128>(), token.parse::<f64>()) else { return false };
    double as u128 == value || format!("{double}") == token
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(tokens: &[&str], number: bool) -> Option<String> {
        let mut rounding = Rounding::default();
        tokens.iter().for_each(|token| rounding.observe(token, number));
        rounding.refuse_if_rounded("x.csv").err().map(|error| error.to_string())
    }

    #[test]
    fn only_a_list_of_rounded_numbers_is_refused() {
        let damaged = ["12348141984909000"; 6];
        assert!(rounded(&damaged, false).is_some_and(|said| said.contains("spreadsheet")));
        assert!(rounded(&damaged[..5], false).is_none());
        assert!(rounded(&[&damaged[..], &["12348141984909001"]].concat(), false).is_none());
        assert!(rounded(&["100000000000000"; 100], false).is_none());
        assert!(rounded(&["a2348141984909000"; 100], false).is_none());
    }

    #[test]
    fn doubles_are_known_however_they_are_written() {
        // In full, as C and Python write them, and in the fewest digits, as JavaScript does. 4 bits each.
        for tokens in [["98765432109876544", "98765432109876560"], ["98765432109876540", "98765432109876560"]] {
            assert!(
                rounded(&tokens.repeat(5), false).is_some_and(|said| said.contains("floating-point")),
                "{tokens:?}"
            );
            assert!(rounded(&tokens.repeat(4), false).is_none(), "{tokens:?}");
            assert!(rounded(&tokens.repeat(2), true).is_some(), "{tokens:?}");
            assert!(rounded(&tokens, true).is_none(), "{tokens:?}");
            assert!(rounded(&[&tokens.repeat(50)[..], &["98765432109876543"]].concat(), true).is_none());
        }
        // Numbers that all fit are not rounded.
        assert!(rounded(&["9007199254740991"; 100], true).is_none());
    }
}
