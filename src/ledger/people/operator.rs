//! What the operator decides about people.

use super::suppression::{Choice, Lift, Suppressed, Suppression, lift};
use super::{keep_choice, keep_out, suppression_of, write_suppression};
use crate::clock::UnixMillis;
use crate::ledger::db::{self, Conn};

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
    let mut find = conn.prepare_cached(
        "select o.id from recipients r join recipients o on o.psid = r.psid and o.page = r.page
         where r.id = ?1 and o.id <> r.id order by o.id",
    )?;
    for other in find.query_map([id], |row| row.get(0))? {
        all.push(other?);
    }
    Ok(all)
}

/// The operator's word is above every other reason. `false`: it was given before.
pub fn suppress(conn: &Conn, id: i64, note: Option<&str>, at: UnixMillis) -> db::Result<bool> {
    let (before, newest) = suppression_of(conn, id)?;
    // An opt-out that a refusal told counts again once the operator's suppression is lifted.
    if let Some(Suppressed { why: Suppression::OptedOut, since }) = before
        && let Some(choice) = (Choice { at: since.unwrap_or(at), opted_out: true }).after(newest)
    {
        keep_choice(conn, id, choice)?;
    }
    keep_out(conn, id, Suppression::Operator, at)?;
    if note.is_some() {
        conn.prepare_cached("update recipients set note = ?2 where id = ?1")?.execute((id, note))?;
    }
    Ok(before.is_none_or(|before| before.why != Suppression::Operator))
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
