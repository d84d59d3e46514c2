//! Recognises people who were erased. What is left of each token is a tombstone: a row without token and PSID, with keyed hashes of both
//! in their place.

use std::collections::{BTreeSet, HashMap};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::choices::Whom;
use crate::clock::UnixMillis;
use crate::ledger::db::arrays::{blobs, texts};
use crate::ledger::db::{self, Conn, Optional};
use crate::ledger::key::Key;

/// Before the hash that stands in the place of a PSID, which has digits only.
const PSID: &str = "erased:";

/// What recognises the erased people of a ledger: the key of their hashes, once there are any.
pub struct Tombs(Option<Hmac<Sha256>>);

impl Tombs {
    pub fn of(conn: &Conn) -> db::Result<Self> {
        let key: Option<[u8; 32]> =
            conn.prepare_cached("select erasure_key from ledger")?.query_row((), |row| row.get(0))?;
        Ok(Self(key.and_then(|key| Hmac::new_from_slice(&key).ok())))
    }

    /// The same for a ledger of which somebody is about to be erased.
    pub fn make(conn: &Conn) -> db::Result<Self> {
        let mut key = [0; 32];
        let (one, other) = key.split_at_mut(16);
        one.copy_from_slice(Uuid::new_v4().as_bytes());
        other.copy_from_slice(Uuid::new_v4().as_bytes());
        conn.execute("update ledger set erasure_key = ?1 where erasure_key is null", [key])?;
        Self::of(conn)
    }

    /// With the key of a ledger's hashes.
    pub fn with(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).ok())
    }

    /// Takes this key for the ledger's hashes, unless it has one; whether it has this one now.
    pub fn adopt(conn: &Conn, key: &[u8; 32]) -> db::Result<bool> {
        conn.execute("update ledger set erasure_key = ?1 where erasure_key is null", [key])?;
        conn.query_row("select erasure_key from ledger", (), |row| Ok(row.get::<[u8; 32]>(0)? == *key))
    }

    fn hash(&self, parts: &[&[u8]]) -> Option<Key> {
        let mut hash = self.0.clone()?;
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize().into_bytes();
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest[..16]);
        Some(hash)
    }

    /// The key of the tombstone of the token that has this one.
    pub fn key(&self, key: &Key) -> Option<Key> {
        self.hash(&[b"token", key])
    }

    /// Whether nobody was erased.
    pub const fn are_none(&self) -> bool {
        self.0.is_none()
    }

    /// What stands in the place of this person's PSID once they are erased.
    pub fn hidden(&self, whom: Whom<'_>) -> Option<String> {
        let hash = self.hash(&[b"psid", whom.page.as_bytes(), whom.psid.as_bytes()])?;
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{PSID}{digits}"))
    }

    /// The same, of somebody who was erased.
    pub fn psid(&self, conn: &Conn, whom: Whom<'_>) -> db::Result<Option<String>> {
        let Some(hidden) = self.hidden(whom) else { return Ok(None) };
        let is_erased = conn
            .prepare_cached("select 1 from recipients where psid = ?1 and page = ?2 and erased_at is not null limit 1")?
            .exists((&hidden, whom.page))?;
        Ok(is_erased.then_some(hidden))
    }

    /// The tombstone of a token.
    pub fn find(&self, conn: &Conn, key: &Key) -> db::Result<Option<i64>> {
        let Some(key) = self.key(key) else { return Ok(None) };
        conn.prepare_cached("select id from recipients where key = ?1")?.query_row([key], |row| row.get(0)).optional()
    }

    /// Which of these name somebody who was erased, by token or by PSID; on a server.
    pub fn among(&self, conn: &Conn, named: &[(Option<&Key>, Option<Whom<'_>>)]) -> db::Result<BTreeSet<usize>> {
        let mut found = BTreeSet::new();
        if self.are_none() {
            return Ok(found);
        }
        let (mut keys, mut psids) = (HashMap::<Key, Vec<usize>>::new(), HashMap::<String, Vec<usize>>::new());
        for (place, (key, whom)) in named.iter().enumerate() {
            if let Some(key) = key.and_then(|key| self.key(key)) {
                keys.entry(key).or_default().push(place);
            }
            if let Some(psid) = whom.and_then(|whom| self.hidden(whom)) {
                psids.entry(psid).or_default().push(place);
            }
        }
        let mut statement = conn.prepare_cached("select key from recipients where key = any (cast(?1 as bytea[]))")?;
        for key in statement.query_map([blobs(keys.keys())], |row| row.get::<Key>(0))? {
            found.extend(keys.get(&key?).into_iter().flatten());
        }
        let mut statement = conn.prepare_cached(
            "select psid from recipients where psid = any (cast(?1 as text[])) and erased_at is not null",
        )?;
        for psid in
            statement.query_map([texts(psids.keys().map(|psid| Some(psid.as_str())))], |row| row.get::<String>(0))?
        {
            found.extend(psids.get(&psid?).into_iter().flatten());
        }
        Ok(found)
    }

    /// When the recipient was erased.
    pub fn erased_at(&self, conn: &Conn, id: i64) -> db::Result<Option<UnixMillis>> {
        if self.0.is_none() {
            return Ok(None);
        }
        conn.prepare_cached("select erased_at from recipients where id = ?1")?.query_row([id], |row| row.get(0))
    }
}
