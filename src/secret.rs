//! Secrets that cannot be printed by accident, and a redactor for every text that comes from outside.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

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

/// A shorter one is not replaced: it would tear ordinary text apart, and Meta makes none so short.
const SHORTEST: usize = 6;

/// Replaces every known secret in a text from outside, plain or percent-encoded. Clones share what they know, so that a secret
/// fetched late is hidden everywhere from then on.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Arc<RwLock<Vec<Secret>>>,
}

impl Redactor {
    #[cfg(test)]
    pub fn new(known: impl IntoIterator<Item = Secret>) -> Self {
        let redactor = Self::default();
        for secret in known {
            redactor.learn(&secret);
        }
        redactor
    }

    /// Hides this secret too, in this redactor and its clones.
    pub fn learn(&self, secret: &Secret) {
        let plain = secret.expose();
        if plain.len() < SHORTEST {
            return;
        }
        let encoded = percent_encoding::utf8_percent_encode(plain, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for text in [plain, &encoded] {
            if !known.iter().any(|other| other.expose() == text) {
                known.push(Secret::new(text));
            }
        }
        // The longest first, so that a secret which contains another leaves no tail behind.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), HIDDEN));
            }
        }
        text
    }
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
    fn clones_learn_together_and_a_longer_secret_goes_first() {
        let redactor = Redactor::new([Secret::new("EAAB12")]);
        let clone = redactor.clone();
        redactor.learn(&Secret::new("EAAB1234567"));
        assert_eq!(clone.clean("EAAB1234567, EAAB12"), "[hidden], [hidden]");
        redactor.learn(&Secret::new("a"));
        assert_eq!(clone.clean("banana"), "banana");
    }
}
