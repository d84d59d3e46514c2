//! The other tokens of a person: what one of them got, none of the others gets.

use std::collections::HashMap;

use crate::clock::UnixMillis;
use crate::ledger::db::arrays::ints;
use crate::ledger::db::{self, Conn};
use crate::ledger::sql::sql;

/// Another token of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherToken {
    pub id: i64,
    /// It has not expired, and is not suppressed.
    pub can_receive: bool,
}

/// That `o` is another token of the person who has `r`.
pub const IS_OTHER: &str = "o.psid = r.psid and o.page = r.page and o.id <> r.id";

const CAN_RECEIVE: &str = "o.suppressed is null and (o.expires_at is null or o.expires_at > ?2)";

/// The other tokens of the person who has this one.
pub fn of(conn: &Conn, id: i64, now: UnixMillis) -> db::Result<Vec<OtherToken>> {
    conn.prepare_cached(sql!(
        "select o.id, {can_receive} from recipients r join recipients o on {is_other} where r.id = ?1 order by o.id",
        can_receive = CAN_RECEIVE,
        is_other = IS_OTHER
    ))?
    .query_map((id, now), |row| Ok(OtherToken { id: row.get(0)?, can_receive: row.get(1)? }))?
    .collect()
}

/// The same of many; on a server.
pub fn of_many(
    conn: &Conn,
    ids: impl Iterator<Item = i64>,
    now: UnixMillis,
) -> db::Result<HashMap<i64, Vec<OtherToken>>> {
    let mut statement = conn.prepare_cached(sql!(
        "select r.id, o.id, {can_receive} from unnest(cast(?1 as int8[])) as t (id) join recipients r on r.id = t.id
           join recipients o on {is_other} order by o.id",
        can_receive = CAN_RECEIVE,
        is_other = IS_OTHER
    ))?;
    let mut others = HashMap::<i64, Vec<OtherToken>>::new();
    let mut rows = statement.query((ints(ids), now))?;
    while let Some(row) = rows.next()? {
        let other = OtherToken { id: row.get(1)?, can_receive: row.get(2)? };
        others.entry(row.get(0)?).or_default().push(other);
    }
    Ok(others)
}

/// Locks the other tokens of these people, but for those that another transaction has; on a server. Of each person how many they are, and
/// until when they are blocked.
pub fn lock(conn: &Conn, ids: impl Iterator<Item = i64>) -> db::Result<HashMap<i64, (usize, UnixMillis)>> {
    let mut statement = conn.prepare_cached(sql!(
        "select r.id, o.blocked_until from unnest(cast(?1 as int8[])) as t (id) join recipients r on r.id = t.id
           join recipients o on {is_other} order by o.id for no key update of o skip locked",
        is_other = IS_OTHER
    ))?;
    let mut locked = HashMap::<i64, (usize, UnixMillis)>::new();
    let mut rows = statement.query([ints(ids)])?;
    while let Some(row) = rows.next()? {
        let (all, until) = locked.entry(row.get(0)?).or_default();
        *all += 1;
        *until = (*until).max(row.get(1)?);
    }
    Ok(locked)
}
