//! What is removed of one token, outside of events.

use crate::clock::UnixMillis;
use crate::ledger::audiences;
use crate::ledger::db::Conn;
use crate::ledger::error::Result;
use crate::ledger::key::Key;
use crate::ledger::people::erased::{self, Met};
use crate::ledger::people::tombs::Tombs;
use crate::ledger::sql::sql;
use crate::ledger::state::{Skip, State};
use crate::ledger::tally::Tally;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Tokens of the person.
    pub tokens: u64,
    /// Sends without values, tracking ID and trace ID from now on …
    pub sends: u64,
    /// … those of them that were still to go out …
    pub skipped: u64,
    /// … and requests that they outlived.
    pub attempts: u64,
    pub audience_rows: u64,
    pub events: u64,
    /// Stops and resumes that were kept by PSID.
    pub choices: u64,
    /// It was noted beside the ledger, for a backup that does not know it.
    pub noted: bool,
}

impl Removed {
    pub fn add(&mut self, other: Self) {
        let Self { tokens, sends, skipped, attempts, audience_rows, events, choices, noted } = other;
        self.noted = noted && (self.noted || self.tokens == 0);
        self.tokens += tokens;
        self.sends += sends;
        self.skipped += skipped;
        self.attempts += attempts;
        self.audience_rows += audience_rows;
        self.events += events;
        self.choices += choices;
    }
}

/// Removes all that names the person from the rows of a recipient, and makes it a tombstone. States, times and codes stay: totals and
/// cool-downs need them.
pub fn remove(conn: &Conn, tombs: &Tombs, id: i64, now: UnixMillis, removed: &mut Removed) -> Result<()> {
    let sends: Vec<(i64, i64, State)> = conn
        .prepare_cached(
            "select s.id, s.broadcast, s.state from broadcasts b join sends s on s.broadcast = b.id where s.recipient = ?1",
        )?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut tally = Tally::default();
    for (send, broadcast, state) in sends {
        removed.sends += 1;
        conn.prepare_cached("update sends set row_values = null, tracking_id = null, fbtrace_id = null where id = ?1")?
            .execute([send])?;
        let attempts = "update attempts set fbtrace_id = null where send = ?1";
        removed.attempts += conn.prepare_cached(attempts)?.execute([send])? as u64;
        if state == State::Pending {
            conn.prepare_cached(sql!(
                "update sends set state = {skipped}, not_before = 0, reason = ?2, finished_at = ?3 where id = ?1"
            ))?
            .execute((send, Skip::Suppressed.name(), now))?;
            tally.moved_rows(broadcast, State::Pending, State::Skipped, 1);
            removed.skipped += 1;
        }
    }
    tally.write(conn)?;
    let audiences: Vec<i64> = conn
        .prepare_cached(sql!("select a.id {audiences}", audiences = audiences::OF_RECIPIENT))?
        .query_map([id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for audience in audiences {
        conn.prepare_cached("delete from audience_rows where audience = ?1 and recipient = ?2")?
            .execute((audience, id))?;
        // What is not whole yet is counted at its end.
        conn.prepare_cached(
            "update audiences set rows = rows - 1 where id = ?1 and imported_at is not null and rows > 0",
        )?
        .execute([audience])?;
        removed.audience_rows += 1;
    }
    removed.choices += erased::bury(tombs, conn, id, now)?;
    removed.tokens += 1;
    Ok(())
}

/// The recipient, if a token is of an erased person; what the ledger did not know to be theirs goes, too.
pub fn of_erased(
    conn: &Conn,
    tombs: &Tombs,
    key: &Key,
    (page, psid): (&str, Option<&str>),
    now: UnixMillis,
) -> Result<Option<i64>> {
    Ok(match erased::meet(tombs, conn, key, page, psid, now)? {
        Met::Other => None,
        Met::Erased(id) => Some(id),
        Met::Left(id) => {
            remove(conn, tombs, id, now, &mut Removed::default())?;
            Some(id)
        }
    })
}
