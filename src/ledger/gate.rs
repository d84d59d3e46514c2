//! The gate: closed while people may have been messaged of whom this ledger knows nothing. Then nothing is planned or claimed until a
//! person says since when. What is read and decided here is the same for any database.

use super::address::Address;
use super::db::{self, Ahead, Conn, Row};
use super::error::{Closed, Error, Result};
use super::judge::{Lost, Terms};
use super::schema;
use super::sql::sql;
use crate::clock::UnixMillis;
use crate::times::hours::Hours;

/// What the ledger says of itself, as of one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Nothing may be planned or claimed.
    pub closed: Option<Closed>,
    /// When an old copy was accepted; 0 if none ever was.
    pub restored_at: UnixMillis,
    /// Until then everybody may be in a cool-down that is not recorded.
    pub nobody_before: UnixMillis,
}

/// What planning a list goes by.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanTerms {
    pub now: UnixMillis,
    /// When the campaign ends or `--until` passes.
    pub end: Option<UnixMillis>,
    /// When the campaign was created, where that is known.
    pub campaign_made_at: Option<UnixMillis>,
    /// `--allow-restored`: the people of the list got nothing before the ledger was restored.
    pub allow_restored: bool,
    /// At which hours the broadcast may go out.
    pub hours: Hours,
}

/// The time before which nobody gets anything, in a statement.
pub const NOBODY_BEFORE: &str = "(select g.nobody_before from ledger g)";

impl Gate {
    /// The gate, if it is open.
    pub fn open(self) -> Result<Self> {
        match self.closed {
            Some(why) => Err(Error::closed(why)),
            None => Ok(Self { closed: None, ..self }),
        }
    }

    /// Terms of rows that this ledger planned: whatever may have been sent of them before is not pending any more.
    pub fn terms_of_claims(&self, now: UnixMillis, end: Option<UnixMillis>, hours: Hours) -> Terms {
        Terms { now, end, lost: Lost { nobody_before: self.nobody_before, rows: false }, hours }
    }

    /// Terms of rows that come in with a list. If their campaign was there when the ledger was restored, they may have been sent.
    pub fn terms_of_plan(&self, asked: &PlanTerms) -> Terms {
        // Graph cuts it off to the second: a campaign of the same second counts as one that was there.
        let was_there = asked.campaign_made_at.is_none_or(|made| made <= self.restored_at);
        let rows = self.restored_at > UnixMillis(0) && was_there && !asked.allow_restored;
        Terms {
            now: asked.now,
            end: asked.end,
            lost: Lost { nobody_before: self.nobody_before, rows },
            hours: asked.hours,
        }
    }
}

pub fn read(conn: &Conn) -> db::Result<Gate> {
    read_with_schema(conn).map(|(gate, _)| gate)
}

/// What [`read`] and [`pass`] ask a server.
pub fn ask(ahead: &mut Ahead) {
    ahead.ask(ON_A_SERVER, ());
}

/// With the number of the schema, for a newer version may change the tables while this one is at work.
const ON_A_SERVER: &str = sql!("select {columns}, schema from ledger", columns = COLUMNS);
const IN_A_FILE: &str = sql!("select {columns}, null from ledger", columns = COLUMNS);

/// What [`gate`] reads, of the ledger's row.
pub const COLUMNS: &str = "gate, gate_from, gate_until, restored_at, nobody_before";
/// How many these are.
pub const WIDTH: usize = 5;

/// A gate from [`COLUMNS`], which are the first of a row.
pub fn gate(row: &Row<'_>) -> db::Result<Gate> {
    let closed = match row.get::<Option<String>>(0)?.as_deref() {
        None => None,
        Some(REFUSED) => Some(Closed::Refused),
        Some(PROMOTED) => Some(Closed::Promoted { from: row.get::<Option<_>>(1)?.unwrap_or_default() }),
        Some(text) if text.starts_with(COPIED) => {
            Some(Closed::Copied { to: text[COPIED.len()..].into(), at: row.get::<Option<_>>(1)?.unwrap_or_default() })
        }
        Some(text) if text.starts_with(UNFINISHED) => {
            Some(Closed::Unfinished { from: text[UNFINISHED.len()..].into() })
        }
        // What a later version wrote closes the gate as well.
        Some(_) => Some(Closed::Restored {
            from: row.get::<Option<_>>(1)?.unwrap_or_default(),
            until: row.get::<Option<_>>(2)?.unwrap_or_default(),
        }),
    };
    Ok(Gate { closed, restored_at: row.get(3)?, nobody_before: row.get(4)? })
}

/// With the number of the schema on a server.
fn read_with_schema(conn: &Conn) -> db::Result<(Gate, Option<i32>)> {
    let sql = if conn.is_server() { ON_A_SERVER } else { IN_A_FILE };
    conn.prepare_cached(sql)?.query_row((), |row| Ok((gate(row)?, row.get(WIDTH)?)))
}

/// The gate of a schema that this version knows.
fn read_known(conn: &Conn) -> Result<Gate> {
    let (gate, schema) = read_with_schema(conn)?;
    schema::refuse_newer(Address::unknown(), schema.unwrap_or_default())?;
    Ok(gate)
}

/// The gate, if it is open.
pub fn pass(conn: &Conn) -> Result<Gate> {
    read_known(conn)?.open()
}

/// Refuses to record in a ledger that another one took the place of: nobody looks for it here.
pub fn refuse_copied(conn: &Conn) -> Result<()> {
    match read_known(conn)?.closed {
        Some(why @ (Closed::Copied { .. } | Closed::Unfinished { .. })) => Err(Error::closed(why)),
        _ => Ok(()),
    }
}

const RESTORED: &str = "restored";
const REFUSED: &str = "refused";
const PROMOTED: &str = "promoted";
/// Before the name of the other ledger.
const COPIED: &str = "copied to ";
const UNFINISHED: &str = "copying from ";

/// Closes the gate. The first reason stays, but that of a copy is the better one: it has times.
pub fn close(conn: &Conn, why: Closed) -> db::Result<()> {
    match why {
        Closed::Restored { from, until } => conn
            .prepare_cached(
                "update ledger set gate = ?1, gate_from = ?2, gate_until = ?3 where gate is null or gate = ?4",
            )?
            .execute((RESTORED, from, until, REFUSED)),
        Closed::Promoted { from } => conn
            .prepare_cached(
                "update ledger set gate = ?1, gate_from = ?2, gate_until = null where gate is null or gate = ?3",
            )?
            .execute((PROMOTED, from, REFUSED)),
        Closed::Copied { to, at } => conn
            .execute("update ledger set gate = ?1, gate_from = ?2, gate_until = null", (format!("{COPIED}{to}"), at)),
        Closed::Unfinished { from } => conn.execute(
            "update ledger set gate = ?1, gate_from = null, gate_until = null",
            [format!("{UNFINISHED}{from}")],
        ),
        Closed::Refused => conn.prepare_cached("update ledger set gate = ?1 where gate is null")?.execute([REFUSED]),
    }
    .map(drop)
}

/// Opens the gate and changes nothing else. The server of now is the one that counts from here on.
pub fn open(conn: &Conn) -> db::Result<()> {
    conn.execute("update ledger set gate = null, gate_from = null, gate_until = null, server = ?1", [conn.server()?])
        .map(drop)
}

/// Opens the gate of an accepted copy.
pub fn accept(conn: &Conn, at: UnixMillis, nobody_before: UnixMillis) -> db::Result<()> {
    open(conn)?;
    conn.execute(
        "update ledger set restored_at = ?1, nobody_before = case when nobody_before < ?2 then ?2 else nobody_before end",
        (at, nobody_before),
    )
    .map(drop)
}

#[cfg(test)]
mod tests;
