//! One person's whole story, as far as the ledger knows it.

use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::Ledger;
use super::events::{Kind, Stage};
use super::spool::key;
use super::state::State;
use crate::clock::UnixMillis;
use crate::error::Result;

/// Something that happened, or was decided, about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chapter {
    pub at: Option<UnixMillis>,
    pub broadcast: Option<i64>,
    pub campaign: Option<String>,
    /// `imported`, `planned`, `claimed`, a state of a send, `echoed`, `delivered`, `read`, `clicked`, `failed`, `suppressed`.
    pub what: String,
    pub detail: String,
}

/// A person as the ledger holds them.
#[derive(Clone, Debug)]
pub struct Story {
    pub blocked_until: UnixMillis,
    pub suppressed: Option<String>,
    /// Newest last; what has no time stands first.
    pub chapters: Vec<Chapter>,
}

impl Ledger {
    /// `None` for a token that was never seen.
    pub fn story(&self, token: &str) -> Result<Option<Story>> {
        self.read(|conn| {
            let person = conn
                .query_row(
                    "select id, blocked_until, suppressed, suppressed_at from recipients where key = ?1",
                    [key(token)],
                    |row| {
                        Ok((
                            row.get::<_, i64>(0)?,
                            row.get::<_, i64>(1)?,
                            row.get::<_, Option<String>>(2)?,
                            row.get::<_, Option<i64>>(3)?,
                        ))
                    },
                )
                .optional()?;
            let Some((recipient, blocked_until, suppressed, suppressed_at)) = person else { return Ok(None) };
            let mut chapters = Vec::new();
            if let Some(why) = &suppressed {
                chapters.push(chapter(suppressed_at, None, None, "suppressed", why));
            }
            let mut imports = conn.prepare(
                "select a.name, a.imported_at from audience_rows r join audiences a on a.id = r.audience
                 where r.recipient = ?1 and a.imported_at is not null",
            )?;
            let mut rows = imports.query([recipient])?;
            while let Some(row) = rows.next()? {
                chapters.push(chapter(
                    row.get(1)?,
                    None,
                    None,
                    "imported",
                    &format!("audience {}", row.get::<_, String>(0)?),
                ));
            }
            drop(rows);
            let mut sends = conn.prepare(
                "select s.broadcast, b.campaign, l.source, l.planned_at, s.state, s.reason, s.claimed_at, s.finished_at,
                        s.tracking_id, s.code, s.fbtrace_id, s.attempts, s.not_before,
                        s.echoed_at, s.delivered_at, s.read_at, s.clicked_at, s.failed_at, s.failure, s.id
                 from broadcasts b join sends s on s.broadcast = b.id join listings l on l.id = s.listing
                 where s.recipient = ?1",
            )?;
            let mut rows = sends.query([recipient])?;
            while let Some(row) = rows.next()? {
                let (broadcast, campaign): (i64, String) = (row.get(0)?, row.get(1)?);
                let mut add = |at: Option<i64>, what: &str, detail: &str| {
                    chapters.push(chapter(at, Some(broadcast), Some(campaign.clone()), what, detail));
                };
                add(row.get(3)?, "planned", &row.get::<_, String>(2)?);
                let attempts = attempts_of(conn, row.get(19)?)?;
                for (number, attempt) in (1..).zip(&attempts) {
                    add(Some(attempt.claimed_at), "claimed", &format!("attempt {number}"));
                    add(Some(attempt.finished_at), &attempt.outcome, &attempt.detail);
                }
                let state: State = row.get(4)?;
                // A row that is pending again stands as its last attempt left it.
                let again = state == State::Pending && !attempts.is_empty();
                if let Some(claimed_at) = row.get::<_, Option<i64>>(6)?
                    && !again
                {
                    add(Some(claimed_at), "claimed", &format!("attempt {}", row.get::<_, i64>(11)?));
                }
                let mut detail: Vec<String> = Vec::new();
                detail.extend(row.get::<_, Option<String>>(5)?);
                detail.extend(row.get::<_, Option<i64>>(9)?.map(|code| format!("code {code}")));
                detail.extend(row.get::<_, Option<String>>(10)?.map(|id| format!("fbtrace_id {id}")));
                detail.extend(row.get::<_, Option<String>>(8)?.map(|id| format!("tracking_id {id}")));
                if again {
                    // Told with the attempt.
                    detail.clear();
                }
                let not_before: i64 = row.get(12)?;
                if state == State::Pending && not_before > 0 {
                    detail.push(format!("not before {}", UnixMillis(not_before)));
                }
                if state != State::Claimed {
                    // What is pending is still to come.
                    let at = if state == State::Pending { None } else { row.get(7)? };
                    add(at, state.name(), &detail.join(", "));
                }
                for (column, what) in [(13, "echoed"), (14, "delivered"), (15, "read"), (16, "clicked"), (17, "failed")]
                {
                    if let Some(at) = row.get::<_, Option<i64>>(column)? {
                        let failure = if what == "failed" { row.get::<_, Option<String>>(18)? } else { None };
                        add(Some(at), what, &failure.unwrap_or_default());
                    }
                }
            }
            drop(rows);
            let mut events = conn.prepare(
                "select occurred_at, kind, how, campaign, raw ->> '$.optin.notification_messages_status' from events
                 where recipient = ?1 and send is null order by id",
            )?;
            let mut rows = events.query([recipient])?;
            while let Some(row) = rows.next()? {
                let campaign: Option<String> = row.get(3)?;
                let kind: i64 = row.get(1)?;
                let (what, detail) = match (Stage::of_number(kind), row.get::<_, Option<i64>>(2)?) {
                    (Some(stage), Some(3)) => (stage.name(), "event of a request whose answer is awaited".to_owned()),
                    (Some(stage), _) => (stage.name(), "event of no send in this ledger".to_owned()),
                    (None, _) if kind != Kind::OptIn.number() => {
                        ("event", "of a kind that mmsg does not read".to_owned())
                    }
                    (None, _) => ("opt-in", row.get::<_, Option<String>>(4)?.unwrap_or_default().to_lowercase()),
                };
                chapters.push(chapter(row.get(0)?, None, campaign, what, &detail));
            }
            // A stable sort: what happened in the same moment stays in the order of a send's life.
            // What has no time yet is still to come.
            chapters.sort_by_key(|chapter| (chapter.at.is_none(), chapter.at));
            Ok(Some(Story { blocked_until: UnixMillis(blocked_until), suppressed, chapters }))
        })
    }
}

/// A request after which the row was pending again.
struct Attempt {
    claimed_at: i64,
    finished_at: i64,
    outcome: String,
    detail: String,
}

fn attempts_of(conn: &Connection, send: i64) -> rusqlite::Result<Vec<Attempt>> {
    conn.prepare_cached(
        "select claimed_at, finished_at, outcome, reason, code, fbtrace_id from attempts where send = ?1 order by id",
    )?
    .query_map([send], |row| {
        let mut detail: Vec<String> = Vec::new();
        detail.extend(row.get::<_, Option<String>>(3)?);
        detail.extend(row.get::<_, Option<i64>>(4)?.map(|code| format!("code {code}")));
        detail.extend(row.get::<_, Option<String>>(5)?.map(|id| format!("fbtrace_id {id}")));
        let (claimed_at, finished_at, outcome) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Attempt { claimed_at, finished_at, outcome, detail: detail.join(", ") })
    })?
    .collect()
}

fn chapter(at: Option<i64>, broadcast: Option<i64>, campaign: Option<String>, what: &str, detail: &str) -> Chapter {
    Chapter { at: at.map(UnixMillis), broadcast, campaign, what: what.to_owned(), detail: detail.to_owned() }
}
