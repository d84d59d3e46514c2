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

/// Access tokens and app tokens by their form: for those that stand where a name was meant.
pub fn tokens_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '|' | '_' | '-')).filter(|word| {
        let is_token = word.starts_with("EAA") && word.len() >= 20 && word.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_app = word.split_once('|').is_some_and(|(id, secret)| {
            id.len() >= 6 && id.bytes().all(|byte| byte.is_ascii_digit()) && secret.len() >= 16
        });
        is_token || is_app
    })
}

/// What stands in a text where a secret stood.
pub const HIDDEN: &str = "[hidden]";

/// A shorter one is not replaced: it would tear ordinary text apart, and Meta makes none so short.
const SHORTEST: usize = 6;

/// Replaces every known secret in a text from outside: plain, escaped for a URL, JSON or HTML, or in base64. Clones share what they
/// know, so that a secret fetched late is hidden everywhere from then on.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    known: Arc<RwLock<Vec<Known>>>,
}

/// A secret, and how it looks inside base64.
#[derive(Clone, Debug)]
struct Known {
    plain: Secret,
    base64: Vec<Secret>,
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

    /// Hides this secret too, in this redactor and its clones. Of an app's `id|secret` also the secret alone.
    pub fn learn(&self, secret: &Secret) {
        let plain = secret.expose();
        let part = plain.split_once('|').map_or(plain, |(_, part)| part);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for text in [plain, part] {
            if text.len() >= SHORTEST && !known.iter().any(|other| other.plain.expose() == text) {
                known.push(Known { plain: Secret::new(text), base64: in_base64(text) });
            }
        }
        // The longest first, so that a secret which contains another leaves no tail behind.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.plain.expose().len()));
    }

    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.known.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(clean) = without(&text, secret.plain.expose()) {
                text = Cow::Owned(clean);
            }
            for encoded in &secret.base64 {
                if text.contains(encoded.expose()) {
                    text = Cow::Owned(text.replace(encoded.expose(), HIDDEN));
                }
            }
        }
        text
    }
}

/// The text without this secret, however its characters are escaped; `None` if it is not there.
fn without(text: &str, secret: &str) -> Option<String> {
    let mut clean = String::new();
    let mut kept = 0;
    let mut at = 0;
    let first = secret.as_bytes().first()?;
    while let Some(byte) = text.as_bytes().get(at) {
        let end = if byte == first || matches!(byte, b'%' | b'\\' | b'&') { end_of(text, at, secret) } else { None };
        match end {
            Some(end) => {
                clean.push_str(text.get(kept..at)?);
                clean.push_str(HIDDEN);
                (kept, at) = (end, end);
            }
            None => at += 1,
        }
    }
    clean.push_str(text.get(kept..)?);
    (kept > 0).then_some(clean)
}

/// Where the secret that begins here ends.
fn end_of(text: &str, mut at: usize, secret: &str) -> Option<usize> {
    for wanted in secret.bytes() {
        let (byte, length) = unescaped(text.as_bytes().get(at..)?)?;
        if byte != wanted {
            // A secret may hold what looks like an escape.
            if text.as_bytes().get(at) != Some(&wanted) {
                return None;
            }
            at += 1;
            continue;
        }
        at += length;
    }
    text.is_char_boundary(at).then_some(at)
}

/// The first byte, and how many it takes as it is written: `a`, `%61`, `\u0061`, `&#97;` or `&#x61;`.
fn unescaped(text: &[u8]) -> Option<(u8, usize)> {
    let number = |digits: &[u8], radix| u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
    let escaped = match text {
        [b'%', a, b, ..] => number(&[*a, *b], 16).map(|byte| (byte, 3)),
        [b'\\', b'u', b'0', b'0', a, b, ..] => number(&[*a, *b], 16).map(|byte| (byte, 6)),
        // JSON may write a slash so.
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'&', b'#', rest @ ..] => rest.iter().take(6).position(|byte| *byte == b';').and_then(|end| {
            let byte = match rest.get(..end)? {
                [b'x' | b'X', hex @ ..] => number(hex, 16),
                decimal => number(decimal, 10),
            };
            byte.map(|byte| (byte, end + 3))
        }),
        _ => None,
    };
    escaped.or_else(|| text.first().map(|byte| (*byte, 1)))
}

/// What base64 makes of the secret, alone or inside a longer text: three ways to fall on groups of three bytes, without the characters
/// that its neighbours share; in both alphabets.
fn in_base64(secret: &str) -> Vec<Secret> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut found: Vec<Secret> = Vec::new();
    for before in 0..3 {
        let mut bits: Vec<bool> = Vec::new();
        for byte in std::iter::repeat_n(0, before).chain(secret.bytes()) {
            bits.extend((0..8).rev().map(|bit| byte >> bit & 1 == 1));
        }
        // Whole sextets of the secret's own bits.
        let begin = (before * 8).div_ceil(6);
        let sextets = bits.chunks_exact(6).skip(begin);
        let encoded: String = sextets
            .filter_map(|sextet| {
                let index = sextet.iter().fold(0_usize, |index, bit| index << 1 | usize::from(*bit));
                ALPHABET.get(index).map(|byte| char::from(*byte))
            })
            .collect();
        let url = encoded.replace('+', "-").replace('/', "_");
        for text in [encoded, url] {
            if text.len() >= SHORTEST && !found.iter().any(|other| other.expose() == text) {
                found.push(Secret::new(text));
            }
        }
    }
    found
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
    fn a_secret_is_hidden_however_it_is_written() {
        let redactor = Redactor::new([Secret::new("1234567|a+B/c-d_9xyz")]);
        for text in [
            "1234567|a+B/c-d_9xyz",
            "1234567%7Ca%2BB%2Fc-d_9xyz",
            "1234567%7ca%2bB%2fc%2dd%5f9xyz",
            "1234567\\u007ca+B\\/c-d_9xyz",
            "1234567\\u007Ca\\u002bB/c-d_9xyz",
            "1234567&#124;a+B/c-d_9xyz",
            "1234567&#x7c;a&#43;B&#x2F;c-d_9xyz",
            "%31%32%33%34%35%36%37%7c%61%2b%42%2f%63%2d%64%5f%39%78%79%7a",
        ] {
            assert_eq!(redactor.clean(&format!("ä {text} ö")), "ä [hidden] ö", "{text}");
        }
        assert_eq!(redactor.clean("765|a+B/c-d_9xyz"), "765|[hidden]");
        for text in ["1234567|a+B/c-d_9xy", "%", "%7", "\\u00", "&#", "&#124", "100% & more", "1234567"] {
            assert_eq!(redactor.clean(text), text);
        }
        let escape = Redactor::new([Secret::new("ab%41cd&#x")]);
        assert_eq!(escape.clean("ab%41cd&#x, ab%2541cd%26%23x"), "[hidden], [hidden]");
    }

    #[test]
    fn tokens_are_known_by_their_form() {
        let text = "token = { env = \"EAABsbCS1234567890abcd\" } # 1234567890|abcdefghijklmnop-_1, EAAB_NAME_OF_A_VARIABLE, EAAB1";
        assert_eq!(tokens_in(text).collect::<Vec<_>>(), ["EAABsbCS1234567890abcd", "1234567890|abcdefghijklmnop-_1"]);
    }

    #[test]
    fn base64_hides_nothing_wherever_the_secret_begins() {
        let redactor = Redactor::new([Secret::new("EAABcanary0123456789")]);
        // Of the secret alone, after `x:` and after `1|`, and with a text behind.
        for text in [
            "RUFBQmNhbmFyeTAxMjM0NTY3ODk=",
            "eDpFQUFCY2FuYXJ5MDEyMzQ1Njc4OQ==",
            "eEVBQUJjYW5hcnkwMTIzNDU2Nzg5",
            "RUFBQmNhbmFyeTAxMjM0NTY3ODk6eA==",
        ] {
            let clean = redactor.clean(text);
            assert!(clean.contains(HIDDEN) && clean.len() <= HIDDEN.len() + 8, "{clean}");
        }
        let odd = Redactor::new([Secret::new("\u{7f}??>>~~~??>>~~~")]);
        assert!(odd.clean("fz8_Pj5-fn4_Pz4-fn5-").contains(HIDDEN));
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
