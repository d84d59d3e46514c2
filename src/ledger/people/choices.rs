//! Stops and resumes that name a person by Page and PSID only: they hold for every token of that person, also for one that turns out
//! to be theirs later.

use crate::ledger::db::{self, Conn, Optional};

use super::suppression::Choice;

/// A person of a Page, without a token.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'e> {
    pub page: &'e str,
    pub psid: &'e str,
}

/// Whether any choice is kept.
pub fn any(conn: &Conn) -> db::Result<bool> {
    conn.prepare_cached("select exists (select 1 from choices)")?.query_row((), |row| row.get(0))
}

pub fn newest(conn: &Conn, whom: Whom<'_>) -> db::Result<Option<Choice>> {
    conn.prepare_cached("select at, opted_out from choices where page = ?1 and psid = ?2")?
        .query_row((whom.page, whom.psid), |row| Ok(Choice { at: row.get(0)?, opted_out: row.get(1)? }))
        .optional()
}

/// Keeps what a person chose under another name, in place of their PSID; whether there was any.
pub fn rename(conn: &Conn, whom: Whom<'_>, name: &str) -> db::Result<bool> {
    let renamed =
        conn.execute("update choices set psid = ?3 where page = ?1 and psid = ?2", (whom.page, whom.psid, name))?;
    Ok(renamed > 0)
}

/// Keeps the choice, unless the one kept outranks it.
pub fn keep(conn: &Conn, whom: Whom<'_>, said: Choice) -> db::Result<()> {
    let Some(choice) = said.after(newest(conn, whom)?) else { return Ok(()) };
    conn.prepare_cached(
        "insert into choices (page, psid, at, opted_out) values (?1, ?2, ?3, ?4)
         on conflict (page, psid) do update set at = excluded.at, opted_out = excluded.opted_out",
    )?
    .execute((whom.page, whom.psid, choice.at, choice.opted_out))
    .map(drop)
}
