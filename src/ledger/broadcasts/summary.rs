//! Broadcasts with their counts, for lists of them.

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Conn, FromColumn, Value};
use crate::ledger::error::Result;
use crate::ledger::sql::sql;
use crate::ledger::state::State;
use crate::ledger::tally;

/// A broadcast with its counts.
#[derive(Clone, Debug, Serialize)]
pub struct BroadcastSummary {
    pub id: i64,
    pub campaign: String,
    pub page: String,
    /// The first 12 hex digits of the message's fingerprint.
    pub message: String,
    pub repeat: i64,
    pub pending: i64,
    pub claimed: i64,
    pub accepted: i64,
    pub refused: i64,
    pub skipped: i64,
    pub unknown: i64,
    /// Lists whose planning was cut off; their rows never go out.
    pub unplanned_listings: i64,
    /// When the next pending row may go out; now if it may already.
    pub next_run_at: Option<UnixMillis>,
    /// Whether that is now.
    #[serde(skip)]
    pub is_due: bool,
    pub created_at: UnixMillis,
    pub finished: bool,
    /// What the campaign was called when it was last sent with.
    pub campaign_name: Option<String>,
    /// What the operator calls it.
    pub label: Option<String>,
}

impl Ledger {
    /// Every broadcast, or those of a campaign; oldest first.
    pub fn broadcasts(&self, campaign: Option<&str>, now: UnixMillis) -> Result<Vec<BroadcastSummary>> {
        self.read(|conn| summaries(conn, campaign, None, now))
    }
}

/// Every broadcast, those of a campaign, or the one of this number; oldest first.
pub fn summaries(
    conn: &Conn,
    campaign: Option<&str>,
    id: Option<i64>,
    now: UnixMillis,
) -> db::Result<Vec<BroadcastSummary>> {
    let mut statement = conn.prepare_cached(sql!(
        "select id, campaign, page, fingerprint, repeat, created_at, campaign_name, label,
           (select count(*) from listings l where l.broadcast = b.id and l.planned_at is null),
           (select s.not_before from sends s join listings l on l.id = s.listing
            where s.broadcast = b.id and s.state = {pending} and l.planned_at is not null order by s.not_before limit 1)
         from broadcasts b
         where (cast(?1 as text) is null or campaign = ?1) and (cast(?2 as bigint) is null or id = ?2) order by id"
    ))?;
    let mut rows = statement.query((campaign, id))?;
    let mut summaries = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let count = |state| tally::rows_in(conn, id, state).map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let (pending, claimed) = (count(State::Pending)?, count(State::Claimed)?);
        let next_at = row.get::<Option<i64>>(9)?.map(UnixMillis);
        summaries.push(BroadcastSummary {
            id,
            campaign: row.get(1)?,
            page: row.get(2)?,
            message: row.get::<ShortPrint>(3)?.0,
            repeat: row.get(4)?,
            pending,
            claimed,
            accepted: count(State::Accepted)?,
            refused: count(State::Refused)?,
            skipped: count(State::Skipped)?,
            unknown: count(State::Unknown)?,
            unplanned_listings: row.get(8)?,
            next_run_at: next_at.map(|at| at.max(now)),
            is_due: next_at.is_some_and(|at| at <= now),
            created_at: UnixMillis(row.get(5)?),
            finished: pending == 0 && claimed == 0,
            campaign_name: row.get(6)?,
            label: row.get(7)?,
        });
    }
    Ok(summaries)
}

/// The first 12 hex digits of a message's fingerprint.
pub struct ShortPrint(pub String);

impl FromColumn for ShortPrint {
    fn of(value: Value<'_>) -> Option<Self> {
        let Value::Blob(bytes) = value else { return None };
        Some(Self(bytes.iter().take(6).map(|byte| format!("{byte:02x}")).collect()))
    }
}
