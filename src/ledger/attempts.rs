//! Requests after which their row was pending again. The last request of any other row is in the row itself.

use super::db::{self, Conn};

use super::sql::sql;
use super::state::State;
use crate::clock::UnixMillis;

/// One request of a row, and how it ended.
pub struct Attempt {
    pub claimed_at: UnixMillis,
    pub finished_at: UnixMillis,
    /// `back` (nothing was accepted, and nothing speaks against the person), `later`, or what the row was before a person put it
    /// back: `refused`, `unknown`.
    pub outcome: String,
    pub reason: Option<String>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
}

/// Keeps a request that the row's next one will overwrite.
pub fn keep(conn: &Conn, send: i64, attempt: &Attempt) -> db::Result<()> {
    conn.prepare_cached(
        "insert into attempts (send, claimed_at, finished_at, outcome, reason, code, subcode, fbtrace_id)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute((
        send,
        attempt.claimed_at,
        attempt.finished_at,
        &attempt.outcome,
        &attempt.reason,
        attempt.code,
        attempt.subcode,
        &attempt.fbtrace_id,
    ))
    .map(drop)
}

/// Keeps the last request of a row in this state before a person puts the row back.
pub fn keep_last(conn: &Conn, send: i64, state: State) -> db::Result<()> {
    conn.prepare_cached(sql!(
        "insert into attempts (send, claimed_at, finished_at, outcome, reason, code, subcode, fbtrace_id)
         select id, coalesce(claimed_at, 0), coalesce(finished_at, 0), ?3, reason, code, subcode, fbtrace_id
         from sends where id = ?1 and state = ?2"
    ))?
    .execute((send, state, state.name()))
    .map(drop)
}

/// The kept requests of a row, oldest first.
pub fn of_send(conn: &Conn, send: i64) -> db::Result<Vec<Attempt>> {
    conn.prepare_cached(
        "select claimed_at, finished_at, outcome, reason, code, subcode, fbtrace_id from attempts where send = ?1 order by id",
    )?
    .query_map([send], |row| {
        Ok(Attempt {
            claimed_at: row.get(0)?,
            finished_at: row.get(1)?,
            outcome: row.get(2)?,
            reason: row.get(3)?,
            code: row.get(4)?,
            subcode: row.get(5)?,
            fbtrace_id: row.get(6)?,
        })
    })?
    .collect()
}
