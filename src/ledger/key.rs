//! The ledger's key of a person.

use sha2::{Digest, Sha256};

/// The first half of SHA-256(token).
pub type Key = [u8; 16];

pub fn key(token: &str) -> Key {
    let digest = Sha256::digest(token.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    key
}
