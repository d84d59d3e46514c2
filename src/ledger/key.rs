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

/// Gives each person a number, evenly spread, that is the same in every process and on every engine. What is drawn for one purpose, or
/// for another broadcast, says nothing of the next.
pub struct Lots([u8; 32]);

impl Lots {
    /// `purpose` and what names the broadcast.
    pub fn new(purpose: &str, page: &str, campaign: &str, fingerprint: [u8; 32]) -> Self {
        let mut hash = Sha256::new();
        for text in [purpose, page, campaign] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.update(fingerprint);
        Self(hash.finalize().into())
    }

    pub fn of(&self, person: &Key) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(person);
        let mut lot = [0; 8];
        lot.copy_from_slice(&hash.finalize()[..8]);
        u64::from_be_bytes(lot)
    }
}

/// A place between 0 and `parts`, which is excluded, evenly.
pub fn place(lot: u64, parts: u32) -> u32 {
    u32::try_from((u128::from(lot) * u128::from(parts)) >> 64).unwrap_or(u32::MAX)
}
