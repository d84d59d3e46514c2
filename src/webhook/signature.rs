//! `X-Hub-Signature-256`: HMAC-SHA256 over the raw bytes, checked before anything is parsed.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// App secrets that may have signed a notice: the current one, and more while secrets are rotated.
pub struct Keys(Vec<Hmac<Sha256>>);

impl Keys {
    pub fn new(secrets: &[Secret]) -> Self {
        // HMAC accepts keys of any length; a rejected key could not verify anything.
        Self(secrets.iter().filter_map(|secret| Hmac::new_from_slice(secret.expose().as_bytes()).ok()).collect())
    }

    /// Whether one of the secrets signed these bytes.
    #[cfg(test)]
    pub fn verify(&self, header: Option<&[u8]>, body: &[u8]) -> bool {
        !self.signers(header, body).is_empty()
    }

    /// Which of the secrets signed these bytes. `header` is `sha256=` and 64 lower-case hex digits; anything else is refused. The
    /// comparison takes the same time wherever the digits differ, and every secret is tried.
    pub fn signers(&self, header: Option<&[u8]>, body: &[u8]) -> Vec<usize> {
        let Some(claimed) = header.and_then(digest) else { return Vec::new() };
        let is_right = |key: &Hmac<Sha256>| {
            let mut mac = key.clone();
            mac.update(body);
            mac.verify_slice(&claimed).is_ok()
        };
        self.0.iter().enumerate().filter(|(_, key)| is_right(key)).map(|(place, _)| place).collect()
    }
}

/// The 32 bytes of `sha256=<hex>`.
fn digest(header: &[u8]) -> Option<[u8; 32]> {
    let hex = header.strip_prefix(b"sha256=").filter(|hex| hex.len() == 64)?;
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(digest)
}

/// The header for a body.
#[cfg(test)]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any key");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[&str]) -> Keys {
        Keys::new(&secrets.iter().map(|secret| Secret::new(*secret)).collect::<Vec<_>>())
    }

    /// RFC 4231, the cases whose keys are text, and the long one.
    #[test]
    fn published_vectors_verify() {
        let long = "this is a test";
        let cases: [(&str, &[u8], &str); 2] = [
            (
                "Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            // Also in RFC 2104's style, from Wikipedia's table of HMACs.
            (
                "key",
                b"The quick brown fox jumps over the lazy dog",
                "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
            ),
        ];
        for (key, data, hex) in cases {
            assert!(keys(&[key]).verify(Some(format!("sha256={hex}").as_bytes()), data), "{key}");
            assert!(!keys(&[long]).verify(Some(format!("sha256={hex}").as_bytes()), data), "{key}");
        }
        // Keys that are bytes.
        let raw: [(Vec<u8>, Vec<u8>, &str); 4] = [
            (vec![0x0b; 20], b"Hi There".to_vec(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (vec![0xaa; 20], vec![0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                vec![0xaa; 131],
                b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.".to_vec(),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, data, hex) in raw {
            let keys = Keys(vec![Hmac::new_from_slice(&key).unwrap()]);
            assert!(keys.verify(Some(format!("sha256={hex}").as_bytes()), &data), "{hex}");
        }
    }

    #[test]
    fn any_of_several_secrets_signs_and_no_other() {
        let body = br#"{"object":"page","entry":[{"id":"1","note":"gr\u00fc\u00dfe, M\u00e4rz"}]}"#;
        let old = sign(b"old-secret", body);
        assert!(keys(&["new-secret", "old-secret"]).verify(Some(old.as_bytes()), body));
        assert!(keys(&["old-secret", "new-secret"]).verify(Some(old.as_bytes()), body));
        assert!(!keys(&["new-secret"]).verify(Some(old.as_bytes()), body));
        assert!(!keys(&[]).verify(Some(old.as_bytes()), body));
    }

    #[test]
    fn the_raw_bytes_are_signed_not_their_meaning() {
        let escaped = br#"{"a":"\u00e4\/"}"#;
        let plain = r#"{"a":"ä/"}"#.as_bytes();
        let header = sign(b"secret", escaped);
        assert!(keys(&["secret"]).verify(Some(header.as_bytes()), escaped));
        assert!(!keys(&["secret"]).verify(Some(header.as_bytes()), plain));
    }

    #[test]
    fn any_flipped_bit_is_refused() {
        let body = br#"{"object":"page","entry":[{"t":"\u00e4"}]}"#.to_vec();
        let header = sign(b"secret", &body).into_bytes();
        let keys = keys(&["secret"]);
        assert!(keys.verify(Some(&header), &body));
        for bit in 0..body.len() * 8 {
            let mut wrong = body.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!keys.verify(Some(&header), &wrong), "bit {bit} of the body");
        }
        for bit in 0..header.len() * 8 {
            let mut wrong = header.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!keys.verify(Some(&wrong), &body), "bit {bit} of the header");
        }
    }

    #[test]
    fn other_headers_are_refused() {
        let body = b"{}";
        let good = sign(b"secret", body);
        let keys = keys(&["secret"]);
        let upper = good.to_uppercase();
        let wrong = ["", "sha256=", "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", &good[..70], &good[7..], &upper];
        for wrong in wrong {
            assert!(!keys.verify(Some(wrong.as_bytes()), body), "{wrong}");
        }
        assert!(!keys.verify(Some(format!("{good}00").as_bytes()), body));
        assert!(!keys.verify(None, body));
    }
}
