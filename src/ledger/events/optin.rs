//! Opt-ins: a new token, a stop, a resume. The newest event of a person decides, whatever came last.

use rusqlite::{Connection, OptionalExtension};

use crate::clock::UnixMillis;
use crate::ledger::spool::key;
use crate::ledger::state::Skip;

/// What `messaging_optins` says of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptIn {
    /// `Some(true)`: the person stopped; `Some(false)`: resumed.
    pub stop: Option<bool>,
    pub psid: Option<String>,
    pub time_zone: Option<String>,
    pub expires_at: Option<UnixMillis>,
}

impl OptIn {
    pub fn is_stop(&self) -> bool {
        self.stop == Some(true)
    }

    /// Writes it down. A resume lifts Meta's opt-out, never an operator's suppression.
    pub fn apply(&self, conn: &Connection, recipient: i64, at: UnixMillis) -> rusqlite::Result<()> {
        conn.prepare_cached(
            "update recipients set optin_at = ?2, time_zone = coalesce(?3, time_zone), expires_at = coalesce(?4, expires_at),
               psid = coalesce(?5, psid)
             where id = ?1 and coalesce(optin_at, -1) < ?2",
        )?
        .execute((recipient, at.0, &self.time_zone, self.expires_at.map(|at| at.0), &self.psid))?;
        // A token that is given anew has not expired.
        if self.expires_at.is_none_or(|expiry| expiry > at) {
            conn.prepare_cached(
                "update recipients set suppressed = null, suppressed_at = null
                 where id = ?1 and suppressed = ?2 and suppressed_at <= ?3",
            )?
            .execute((recipient, Skip::Expired.name(), at.0))?;
        }
        let Some(stop) = self.stop else { return Ok(()) };
        // Of a stop and a resume in the same moment the stop stands.
        let newest = conn
            .prepare_cached(
                "update recipients set opt_at = ?2, opted_out = ?3
                 where id = ?1 and (opt_at is null or (opt_at, opted_out) < (?2, ?3))",
            )?
            .execute((recipient, at.0, stop))?
            == 1;
        if !newest {
            return Ok(());
        }
        let opted_out = Skip::OptedOut.name();
        if stop {
            conn.prepare_cached(
                "update recipients set suppressed = ?2, suppressed_at = max(coalesce(suppressed_at, 0), ?3)
                 where id = ?1 and (suppressed is null or suppressed = ?2)",
            )?
            .execute((recipient, opted_out, at.0))?;
        } else {
            conn.prepare_cached(
                "update recipients set suppressed = null, suppressed_at = null
                 where id = ?1 and suppressed = ?2 and suppressed_at <= ?3",
            )?
            .execute((recipient, opted_out, at.0))?;
        }
        Ok(())
    }
}

/// The row of somebody whom the ledger had never seen.
pub fn new_person(conn: &Connection, token: &str, page: Option<&str>) -> rusqlite::Result<i64> {
    conn.prepare_cached("insert into recipients (key, token, page) values (?1, ?2, ?3) on conflict (key) do nothing")?
        .execute((key(token), token, page.unwrap_or_default()))?;
    conn.prepare_cached("select id from recipients where key = ?1")?.query_row([key(token)], |row| row.get(0))
}

/// The person joins the audience of that name; it is made when there is none.
pub fn join(conn: &Connection, recipient: i64, page: &str, name: &str, now: UnixMillis) -> rusqlite::Result<()> {
    let found: Option<i64> = conn
        .prepare_cached("select max(id) from audiences where page = ?1 and name = ?2 and imported_at is not null")?
        .query_row((page, name), |row| row.get(0))
        .optional()?
        .flatten();
    let audience = match found {
        Some(id) => id,
        None => {
            conn.prepare_cached(
                "insert into audiences (page, name, source, imported_at) values (?1, ?2, 'opt-in events', ?3)",
            )?
            .execute((page, name, now.0))?;
            conn.last_insert_rowid()
        }
    };
    let new = conn
        .prepare_cached(
            "insert into audience_rows (audience, recipient) values (?1, ?2) on conflict (audience, recipient) do nothing",
        )?
        .execute((audience, recipient))?;
    if new == 1 {
        conn.prepare_cached("update audiences set rows = rows + 1, imported_at = max(imported_at, ?2) where id = ?1")?
            .execute((audience, now.0))?;
    }
    Ok(())
}
