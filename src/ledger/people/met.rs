//! Recipients who turn out to be somebody whom the ledger knows by another token, or by a choice without one.

use super::choices::{self, Whom};
use super::suppression::{Suppressed, Suppression};
use super::{choose, get, keep_out, suppression_of, tokens_of};
use crate::clock::UnixMillis;
use crate::ledger::db::arrays::{ints, texts};
use crate::ledger::db::{self, Conn};

/// Notes that a recipient is this person. What the person chose without naming a token holds for this one too.
pub fn meet(conn: &Conn, id: i64, whom: Whom<'_>) -> db::Result<()> {
    let is_new = conn
        .prepare_cached("update recipients set psid = ?2 where id = ?1 and psid is distinct from ?2")?
        .execute((id, whom.psid))?;
    if is_new == 0 { Ok(()) } else { met(conn, id, whom) }
}

/// The same of many, no two of one recipient or one person; on a server.
pub fn meet_set(conn: &Conn, page: &str, persons: &[(i64, &str)]) -> db::Result<()> {
    // Few of those who are met have another token, or chose anything.
    let met_before: Vec<(i64, String)> = conn
        .prepare_cached(
            "with met as (
               update recipients r set psid = t.psid from unnest(cast(?1 as int8[]), cast(?2 as text[])) as t (id, psid)
               where r.id = t.id and r.psid is distinct from t.psid returning r.id, t.psid)
             select met.id, met.psid from met
             where exists (select 1 from recipients o where o.psid = met.psid and o.page = ?3 and o.id <> met.id)
               or (select c.psid from choices c where c.page = ?3 and c.psid = met.psid limit 1) is not null
             order by met.id",
        )?
        .query_map(
            (ints(persons.iter().map(|(id, _)| *id)), texts(persons.iter().map(|(_, psid)| Some(*psid))), page),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .collect::<db::Result<_>>()?;
    met_before.into_iter().try_for_each(|(id, psid)| met(conn, id, Whom { page, psid: &psid }))
}

/// What holds for the person of a recipient that is known to be theirs since just now.
fn met(conn: &Conn, id: i64, whom: Whom<'_>) -> db::Result<()> {
    for other in tokens_of(conn, whom)? {
        if other != id {
            inherit(conn, id, other)?;
        }
    }
    match choices::newest(conn, whom)? {
        Some(said) => choose(conn, id, said),
        None => Ok(()),
    }
}

/// What holds for one token of a person holds for another that turns out to be theirs: the cool-down, unless a claim has just set it, and
/// the operator's suppression.
fn inherit(conn: &Conn, id: i64, from: i64) -> db::Result<()> {
    let until = get(conn, from)?.blocked_until;
    conn.prepare_cached(
        "update recipients set blocked_until = ?2
         where id = ?1 and blocked_until < ?2 and blocked_until_before_claim is null",
    )?
    .execute((id, until))?;
    match suppression_of(conn, from)?.0 {
        Some(Suppressed { why: Suppression::Operator, since }) => {
            keep_out(conn, id, Suppression::Operator, since.unwrap_or(UnixMillis(0)))
        }
        _ => Ok(()),
    }
}
