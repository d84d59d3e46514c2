//! Doubt as a state: sends that may or may not have been accepted.

use rusqlite::OptionalExtension;
use serde::Serialize;

use super::Ledger;
use super::broadcasts::shift;
use super::counters::Counters;
use super::state::State;
use crate::clock::UnixMillis;
use crate::error::Result;

/// One send in doubt.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownSend {
    pub send: i64,
    pub token: String,
    pub broadcast: i64,
    pub campaign: String,
    /// Why: `timeout`, `lost`, `killed`, or what Graph answered.
    pub reason: String,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
    pub claimed_at: Option<UnixMillis>,
    /// When it became unknown.
    pub at: Option<UnixMillis>,
    /// Until when no message goes to this person.
    pub blocked_until: UnixMillis,
}

/// Which sends in doubt are meant; all that are given must hold.
#[derive(Clone, Debug, Default)]
pub struct UnknownFilter {
    pub token: Option<String>,
    pub broadcast: Option<i64>,
    pub campaign: Option<String>,
    pub since: Option<UnixMillis>,
    pub until: Option<UnixMillis>,
    pub reason: Option<String>,
    pub fbtrace_id: Option<String>,
}

impl Ledger {
    /// Hands every send in doubt to `each`, oldest first.
    pub fn unknowns(&self, filter: &UnknownFilter, each: &mut dyn FnMut(UnknownSend) -> Result<()>) -> Result<()> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        let mut statement = self
            .conn
            .prepare(
                "select s.id, r.token, s.broadcast, b.campaign, coalesce(s.reason, ''), s.code, s.subcode, s.fbtrace_id,
                        s.claimed_at, s.finished_at, r.blocked_until
                 from sends s join recipients r on r.id = s.recipient join broadcasts b on b.id = s.broadcast
                 where s.state = 5 and (?1 is null or r.token = ?1) and (?2 is null or s.broadcast = ?2)
                   and (?3 is null or b.campaign = ?3) and (?4 is null or s.finished_at >= ?4)
                   and (?5 is null or s.finished_at < ?5) and (?6 is null or instr(s.reason, ?6) > 0)
                   and (?7 is null or s.fbtrace_id = ?7)
                 order by s.broadcast, s.id",
            )
            .map_err(failed)?;
        let mut rows = statement
            .query((
                &filter.token,
                filter.broadcast,
                &filter.campaign,
                filter.since.map(|at| at.0),
                filter.until.map(|at| at.0),
                &filter.reason,
                &filter.fbtrace_id,
            ))
            .map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let read = || {
                Ok(UnknownSend {
                    send: row.get(0)?,
                    token: row.get(1)?,
                    broadcast: row.get(2)?,
                    campaign: row.get(3)?,
                    reason: row.get(4)?,
                    code: row.get(5)?,
                    subcode: row.get(6)?,
                    fbtrace_id: row.get(7)?,
                    claimed_at: row.get::<_, Option<i64>>(8)?.map(UnixMillis),
                    at: row.get::<_, Option<i64>>(9)?.map(UnixMillis),
                    blocked_until: UnixMillis(row.get(10)?),
                })
            };
            each(read().map_err(failed)?)?;
        }
        Ok(())
    }
}

/// What a person, or evidence, says of a send in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    Accepted,
    NotSent,
}

impl Resolution {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotSent => "not_sent",
        }
    }
}

impl Ledger {
    /// Settles sends in doubt; how many were still in doubt. One that was not sent is pending at the person's `blocked_until`,
    /// never earlier.
    pub fn resolve_unknown(&mut self, sends: &[i64], resolution: Resolution, now: UnixMillis) -> Result<u64> {
        let mut resolved = 0;
        for part in sends.chunks(1000) {
            resolved += self.write(|conn| {
                let mut count = 0;
                let mut counters = Counters::default();
                for send in part {
                    let (sql, to) = match resolution {
                        Resolution::Accepted => (
                            "update sends set state = 2, reason = 'resolved', finished_at = ?2
                             where id = ?1 and state = 5 returning broadcast, coalesce(claimed_at, ?2)",
                            State::Accepted,
                        ),
                        Resolution::NotSent => (
                            "update sends set state = 0, reason = 'resolved', run = null, finished_at = null,
                               not_before = (select blocked_until from recipients r where r.id = sends.recipient)
                             where id = ?1 and state = 5 returning broadcast, coalesce(claimed_at, ?2)",
                            State::Pending,
                        ),
                    };
                    let found: Option<(i64, i64)> = conn
                        .prepare_cached(sql)?
                        .query_row((send, now.0), |row| Ok((row.get(0)?, row.get(1)?)))
                        .optional()?;
                    let Some((broadcast, claimed_at)) = found else { continue };
                    shift(conn, broadcast, State::Unknown, to, 1)?;
                    counters.shift(broadcast, claimed_at, State::Unknown, to);
                    count += 1;
                }
                counters.write(conn)?;
                Ok(count)
            })?;
        }
        Ok(resolved)
    }
}
