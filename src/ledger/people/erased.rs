//! How a person is erased, and what becomes of what is met of them later: recognised by [`Tombs`], it gets nothing.

use super::choices::{self, Whom};
use super::met;
use super::operator;
use super::suppression::Suppression;
use super::tombs::Tombs;
use super::{find_plain, keep_out, tokens_of};
use crate::clock::UnixMillis;
use crate::ledger::db::{self, Conn, Optional};
use crate::ledger::key::Key;

/// A tombstone for a token that the ledger does not hold.
pub fn add(tombs: &Tombs, conn: &Conn, key: &Key, page: &str, at: UnixMillis) -> db::Result<i64> {
    let key = tombs.key(key).ok_or(db::Error::NoRow)?;
    let sql = "insert into recipients (key, token, page, suppressed, suppressed_at, erased_at)
        values (?1, '', ?2, ?3, ?4, ?4) returning id";
    conn.query_row(sql, (key, page, Suppression::Erased, at), |row| row.get(0))
}

/// A tombstone by what stands on it, unless there is one.
pub fn put(conn: &Conn, key: &Key, page: &str, psid: Option<&str>, at: UnixMillis) -> db::Result<()> {
    let sql = "insert into recipients (key, token, page, psid, suppressed, suppressed_at, erased_at)
        values (?1, '', ?2, ?3, ?4, ?5, ?5) on conflict (key) do nothing";
    conn.prepare_cached(sql)?.execute((key, page, psid, Suppression::Erased, at)).map(drop)
}

/// What stands on a tombstone.
pub struct Tombstone {
    pub key: Key,
    pub page: String,
    pub psid: Option<String>,
    pub at: UnixMillis,
}

/// Of this recipient, if they were erased.
pub fn tombstone(conn: &Conn, id: i64) -> db::Result<Option<Tombstone>> {
    conn.prepare_cached("select key, page, psid, erased_at from recipients where id = ?1 and erased_at is not null")?
        .query_row([id], |row| {
            Ok(Tombstone { key: row.get(0)?, page: row.get(1)?, psid: row.get(2)?, at: row.get(3)? })
        })
        .optional()
}

/// Hands key, Page and token of so many recipients after this one who were not erased to `each`; the last of them.
pub fn others(conn: &Conn, after: i64, most: i64, each: &mut dyn FnMut(&Key, &str, &str)) -> db::Result<i64> {
    let mut statement = conn.prepare_cached(
        "select id, key, page, token from recipients where id > ?1 and erased_at is null order by id limit ?2",
    )?;
    let (mut rows, mut last) = (statement.query((after, most))?, after);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        each(&row.get(1)?, row.text(2)?.unwrap_or_default(), row.text(3)?.unwrap_or_default());
    }
    Ok(last)
}

/// Makes a recipient a tombstone. Cool-down, stop and resume stay. How many choices were kept by their PSID.
pub fn bury(tombs: &Tombs, conn: &Conn, id: i64, at: UnixMillis) -> db::Result<u64> {
    operator::keep_opt_out(conn, id, at)?;
    keep_out(conn, id, Suppression::Erased, at)?;
    let (key, page, psid): (Key, String, Option<String>) =
        conn.query_row("select key, page, psid from recipients where id = ?1", [id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let key = tombs.key(&key).ok_or(db::Error::NoRow)?;
    let hidden = psid.as_deref().and_then(|psid| tombs.hidden(Whom { page: &page, psid }));
    conn.execute(
        "update recipients set key = ?2, token = '', psid = ?3, time_zone = null, expires_at = null, reoptin = null, note = null,
           erased_at = ?4
         where id = ?1",
        (id, key, hidden.as_deref(), at),
    )?;
    match (&psid, hidden) {
        (Some(psid), Some(hidden)) => Ok(u64::from(choices::rename(conn, Whom { page: &page, psid }, &hidden)?)),
        _ => Ok(0),
    }
}

/// Who a token, and perhaps a PSID, are of. What is learned of an erased person is kept under their hashes.
pub fn meet(tombs: &Tombs, conn: &Conn, key: &Key, page: &str, psid: Option<&str>, at: UnixMillis) -> db::Result<Met> {
    if tombs.are_none() {
        return Ok(Met::Other);
    }
    let whom = psid.map(|psid| Whom { page, psid });
    let found = tombs.find(conn, key)?;
    let Some(whom) = whom else { return Ok(found.map_or(Met::Other, Met::Erased)) };
    let Some(hidden) = tombs.hidden(whom) else { return Ok(Met::Other) };
    let named = Whom { page, psid: &hidden };
    if let Some(id) = found {
        if tombs.psid(conn, whom)?.is_none() {
            // They are known by their PSID only now: nothing goes to other tokens of theirs either.
            for other in tokens_of(conn, whom)? {
                keep_out(conn, other, Suppression::Operator, at)?;
            }
        }
        met::meet(conn, id, named)?;
        return Ok(Met::Erased(id));
    }
    if tombs.psid(conn, whom)?.is_none() {
        return Ok(Met::Other);
    }
    if let Some(id) = find_plain(conn, key)? {
        return Ok(Met::Left(id));
    }
    let id = add(tombs, conn, key, page, at)?;
    met::meet(conn, id, named)?;
    Ok(Met::Erased(id))
}

/// Who a token is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    Other,
    Erased(i64),
    /// Of somebody who was erased while this token was not known to be theirs.
    Left(i64),
}

/// The PSID of a recipient.
pub fn psid_of(conn: &Conn, id: i64) -> db::Result<Option<String>> {
    conn.query_row("select psid from recipients where id = ?1", [id], |row| row.get(0))
}

/// The token of a recipient.
pub fn token_of(conn: &Conn, id: i64) -> db::Result<String> {
    conn.query_row("select token from recipients where id = ?1", [id], |row| row.get(0))
}
