//! What the operator decides about people.

use super::others::IS_OTHER;
use super::suppression::{Choice, Lift, Suppressed, Suppression, lift};
use super::{keep_choice, keep_out, suppression_of, write_suppression};
use crate::clock::UnixMillis;
use crate::ledger::db::{self, Conn};
use crate::ledger::sql::sql;

/// What became of the suppression of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsuppressed {
    Lifted,
    /// Nothing goes to them all the same: that is not the operator's to lift.
    Stays,
    WasNot,
}

/// All tokens of the person who has this one.
pub fn tokens(conn: &Conn, id: i64) -> db::Result<Vec<i64>> {
    let mut all = vec![id];
    let mut find = conn.prepare_cached(sql!(
        "select o.id from recipients r join recipients o on {is_other} where r.id = ?1 order by o.id",
        is_other = IS_OTHER
    ))?;
    for other in find.query_map([id], |row| row.get(0))? {
        all.push(other?);
    }
    Ok(all)
}

/// Why the operator suppressed the recipient, where that was said.
pub fn note(conn: &Conn, id: i64) -> db::Result<Option<String>> {
    conn.prepare_cached("select note from recipients where id = ?1")?.query_row([id], |row| row.get(0))
}

/// The operator's word is above every other reason. `false`: it was given before, with this reason or none, or the person was erased.
pub fn suppress(conn: &Conn, id: i64, note: Option<&str>, at: UnixMillis) -> db::Result<bool> {
    let (before, _) = suppression_of(conn, id)?;
    if before.is_some_and(|before| before.why == Suppression::Erased) {
        return Ok(false);
    }
    keep_opt_out(conn, id, at)?;
    keep_out(conn, id, Suppression::Operator, at)?;
    let renoted = note.is_some() && self::note(conn, id)?.as_deref() != note;
    if renoted {
        conn.prepare_cached("update recipients set note = ?2 where id = ?1")?.execute((id, note))?;
    }
    Ok(renoted || before.is_none_or(|before| before.why != Suppression::Operator))
}

/// An opt-out that a refusal told counts again once what is about to take its place is lifted.
pub fn keep_opt_out(conn: &Conn, id: i64, at: UnixMillis) -> db::Result<()> {
    match suppression_of(conn, id)? {
        (Some(Suppressed { why: Suppression::OptedOut, since }), newest) => {
            match (Choice { at: since.unwrap_or(at), opted_out: true }).after(newest) {
                Some(choice) => keep_choice(conn, id, choice),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Lifts the operator's suppression, whenever it was given.
pub fn unsuppress(conn: &Conn, id: i64) -> db::Result<Unsuppressed> {
    let (before, choice) = suppression_of(conn, id)?;
    let after = lift(before, Lift::Operator, UnixMillis(i64::MAX), choice);
    write_suppression(conn, id, before, after)?;
    conn.prepare_cached("update recipients set note = null where id = ?1 and note is not null")?.execute([id])?;
    Ok(match (before, after) {
        (None, _) => Unsuppressed::WasNot,
        (Some(before), _) if before.why != Suppression::Operator => Unsuppressed::Stays,
        (Some(_), None) => Unsuppressed::Lifted,
        // An opt-out that the operator's suppression hid.
        (Some(_), Some(_)) => Unsuppressed::Stays,
    })
}
