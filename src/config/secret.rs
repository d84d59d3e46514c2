//! Secrets that cannot be printed by accident, and a redactor for every text that comes from outside.

use std::borrow::Cow;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// An access token, app secret or verify token. `Debug` never shows it; there is no `Display`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The plain text: for a header, a hash or a comparison, never for output.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([hidden])")
    }
}

/// What stands in a text where a secret stood.
pub const HIDDEN: &str = "[hidden]";

/// Replaces every known secret in a text from outside, plain or percent-encoded.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Vec<Secret>,
}

impl Redactor {
    pub fn new(known: impl IntoIterator<Item = Secret>) -> Self {
        let mut known: Vec<Secret> = known.into_iter().filter(|secret| !secret.expose().is_empty()).collect();
        for index in 0..known.len() {
            let plain = known[index].expose();
            let encoded = percent_encoding::utf8_percent_encode(plain, percent_encoding::NON_ALPHANUMERIC).to_string();
            if encoded != plain {
                known.push(Secret::new(encoded));
            }
        }
        // The longest first, so that a secret which contains another leaves no tail behind.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self { known }
    }

    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.known {
            if text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), HIDDEN));
            }
        }
        text
    }
}

/// A subscription token or PSID as it may be shown: its ends, never the whole.
pub fn mask(token: &str) -> String {
    let count = token.chars().count();
    if count < 10 {
        return format!("…({count})");
    }
    let head: String = token.chars().take(4).collect();
    let tail: String = token.chars().skip(count - 2).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_replaced_plain_and_encoded_and_never_in_debug() {
        let secret = Secret::new("EAAB|x/1");
        assert!(!format!("{secret:?}").contains("EAAB"));
        let redactor = Redactor::new([secret]);
        assert_eq!(redactor.clean("a EAAB|x/1 b EAAB%7Cx%2F1"), "a [hidden] b [hidden]");
    }

    #[test]
    fn a_mask_shows_the_ends_only() {
        assert_eq!(mask("12348141984909088"), "1234…88");
        assert_eq!(mask("123456789"), "…(9)");
    }
}
