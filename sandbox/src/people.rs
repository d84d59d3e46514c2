//! What the sandbox remembers about each person, in shards so that senders don't wait for each other.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::chance;

const SHARDS: usize = 64;

/// One person, identified by a hash of the subscription token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person {
    /// Time of the last accepted send in milliseconds since 1970; 0 if there was none.
    pub last_accepted: i64,
    pub accepted: u32,
    /// Requests for this person, refused ones included.
    pub requests: u32,
    /// Whether the person stopped since the start (`true`), or stopped and resumed (`false`).
    pub choice: Option<bool>,
}

type Shard = HashMap<u128, Person>;

#[derive(Debug)]
pub struct People(Box<[Mutex<Shard>]>);

impl Default for People {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl People {
    /// Locks this person. Held while a send is checked and recorded, so that no race accepts one token twice.
    pub fn lock(&self, token: &str) -> Locked<'_> {
        let key = chance::fingerprint(&[token.as_bytes()]);
        let shard = (chance::mix(key as u64) as usize) % SHARDS;
        Locked { shard: self.0[shard].lock().unwrap_or_else(PoisonError::into_inner), key }
    }

    /// How many people are remembered.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// What is known about this person now.
    pub fn get(&self, token: &str) -> Option<Person> {
        let locked = self.lock(token);
        locked.shard.get(&locked.key).copied()
    }
}

pub struct Locked<'p> {
    shard: MutexGuard<'p, Shard>,
    key: u128,
}

impl Locked<'_> {
    pub fn person(&mut self) -> &mut Person {
        self.shard.entry(self.key).or_default()
    }
}
