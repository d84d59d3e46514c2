//! Broadcasts: found again by Page, campaign and fingerprint; listed, repeated, closed.

mod summary;
mod timing;

use super::attempts;
use super::database::Ledger;
use super::db::{self, Conn, Optional, Row};
use super::error::{Error, Result};
use super::gate;
use super::host;
use super::split::{Arms, Split};
use super::sql::{sql, unsigned};
use super::state::{Skip, State};
use super::tally::{self, Tally};
use crate::clock::UnixMillis;
use crate::times::hours::{Hours, Local};
pub use summary::BroadcastSummary;
pub(super) use summary::{ShortPrint, summaries};

/// What names a broadcast.
#[derive(Clone, Debug)]
pub struct BroadcastKey<'a> {
    pub page: &'a str,
    pub ad_account: &'a str,
    pub campaign: &'a str,
    pub fingerprint: [u8; 32],
    /// The message as it was first given; of a split, that of its first arm.
    pub message: &'a str,
    pub split: Option<&'a Split>,
}

/// Which broadcast of the same message a run means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// `--again`: open a repeat when the newest one is finished.
    pub again: bool,
    /// `--new-message`: people whom another message of the campaign reached may get this one.
    pub new_message: bool,
}

/// A broadcast as the ledger holds it.
#[derive(Clone, Debug)]
pub struct Broadcast {
    pub id: i64,
    pub page: String,
    pub ad_account: String,
    pub campaign: String,
    pub fingerprint: [u8; 32],
    pub repeat: i64,
    pub message: String,
    pub new_message: bool,
    /// At which hours it may go out.
    pub hours: Hours,
    /// Seconds that must lie between what Page and person last said to each other and a send.
    pub min_gap: Option<u32>,
    /// Its arms, where it has several messages.
    pub split: Option<Split>,
    /// Nothing goes out later: `--until`.
    pub until: Option<UnixMillis>,
    /// What the operator calls it.
    pub label: Option<String>,
}

const COLUMNS: &str = "id, page, ad_account, campaign, fingerprint, repeat, message, new_message, quiet_hours, opens_at, local_time, \
    local_since, time_zone, min_gap, split, closes_at, label";

fn from_row(row: &Row<'_>) -> db::Result<Broadcast> {
    Ok(Broadcast {
        id: row.get(0)?,
        page: row.get(1)?,
        ad_account: row.get(2)?,
        campaign: row.get(3)?,
        fingerprint: row.get(4)?,
        repeat: row.get(5)?,
        message: row.get(6)?,
        new_message: row.get(7)?,
        hours: Hours {
            quiet: row.get(8)?,
            not_before: row.get::<Option<_>>(9)?.unwrap_or_default(),
            local: match (row.get(10)?, row.get(11)?) {
                (Some(minute), Some(since)) => Some(Local { minute, since }),
                _ => None,
            },
            fallback: row.get::<Option<_>>(12)?.unwrap_or_default(),
        },
        min_gap: row.get::<Option<i64>>(13)?.and_then(|gap| u32::try_from(gap).ok()),
        split: row.get(14)?,
        until: row.get(15)?,
        label: row.get(16)?,
    })
}

impl Broadcast {
    /// Who gets which of its messages; `None`: there is one.
    pub fn arms(&self) -> Option<Arms> {
        self.split.as_ref().map(|split| Arms::new(split, &self.page, &self.campaign, self.fingerprint))
    }
}

/// Refused rows that were to be retried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Pending again.
    pub pending: u64,
    pub left_alone: u64,
}

impl Ledger {
    /// The broadcast that a command means, if it is there; nothing is written.
    pub fn find_broadcast(&self, key: &BroadcastKey<'_>, which: Which) -> Result<Option<Broadcast>> {
        self.read(|conn| find(conn, key, which))
    }

    /// The broadcast that a command means: the newest repeat of the message, a new repeat with `--again` when that one is
    /// finished, or a new broadcast. Binds the ledger to `host` when it is bound to none.
    pub fn open_broadcast(
        &mut self,
        key: &BroadcastKey<'_>,
        which: Which,
        host: &str,
        now: UnixMillis,
    ) -> Result<Broadcast> {
        let ledger = self.address().clone();
        self.write(|conn| {
            host::bind(conn, &ledger, host)?;
            if let Some(mut found) = find(conn, key, which)? {
                if which.new_message && !found.new_message {
                    conn.execute("update broadcasts set new_message = 1 where id = ?1", [found.id])?;
                    found.new_message = true;
                }
                return Ok(found);
            }
            let repeat: i64 = conn.query_row(
                "select coalesce(max(repeat) + 1, 0) from broadcasts where page = ?1 and campaign = ?2 and fingerprint = ?3",
                (key.page, key.campaign, key.fingerprint),
                |row| row.get(0),
            )?;
            Ok(conn.query_row(
                sql!(
                    "insert into broadcasts (page, ad_account, campaign, fingerprint, repeat, message, new_message, created_at, split)
                     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) returning {columns}",
                    columns = COLUMNS
                ),
                (
                    key.page,
                    key.ad_account,
                    key.campaign,
                    key.fingerprint,
                    repeat,
                    key.message,
                    which.new_message,
                    now.0,
                    key.split.map(Split::to_json),
                ),
                from_row,
            )?)
        })
    }

    /// Keeps what a campaign is called, for people who read its broadcasts.
    pub fn name_campaign(&mut self, campaign: &str, name: &str) -> Result<()> {
        let is_new = self.read(|conn| {
            conn.prepare_cached(
                "select 1 from broadcasts where campaign = ?1 and campaign_name is distinct from ?2 limit 1",
            )?
            .exists((campaign, name))
        })?;
        if is_new {
            self.write(|conn| {
                Ok(conn.execute("update broadcasts set campaign_name = ?2 where campaign = ?1", (campaign, name))?)
            })?;
        }
        Ok(())
    }

    /// Labels a broadcast; the label that it had before, if that was another one.
    pub fn set_label(&mut self, broadcast: &mut Broadcast, label: &str) -> Result<Option<String>> {
        if broadcast.label.as_deref() == Some(label) {
            return Ok(None);
        }
        self.write(|conn| Ok(conn.execute("update broadcasts set label = ?2 where id = ?1", (broadcast.id, label))?))?;
        Ok(broadcast.label.replace(label.to_owned()))
    }

    pub fn broadcast(&self, id: i64) -> Result<Option<Broadcast>> {
        self.read(|conn| by_id(conn, id))
    }

    /// Broadcasts of a Page (and of one campaign) with rows that wait or are at work, oldest first.
    pub fn unfinished_broadcasts(&self, page: &str, campaign: Option<&str>) -> Result<Vec<Broadcast>> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(sql!(
                "select {columns} from broadcasts b where page = ?1 and (cast(?2 as text) is null or campaign = ?2)
                 and (exists (select 1 from sends s join listings l on l.id = s.listing
                              where s.broadcast = b.id and s.state = {pending} and l.planned_at is not null)
                      or exists (select 1 from runs r join sends s on s.run = r.id
                                 where r.ended_at is null and r.broadcast = b.id and s.state = {claimed}))
                 order by id",
                columns = COLUMNS
            ))?;
            statement.query_map((page, campaign), from_row)?.collect::<db::Result<Vec<_>>>()
        })
    }

    /// Turns the pending rows of a broadcast into `skipped: closed`; how many. A row at work is left to its run, and is closed when
    /// it comes back.
    pub fn close_broadcast(&mut self, id: i64, now: UnixMillis) -> Result<u64> {
        let mut closed = 0;
        self.write(|conn| {
            conn.execute("update broadcasts set finished_at = ?2 where id = ?1", (id, now.0))?;
            Ok(())
        })?;
        loop {
            // In parts, so that no transaction holds the write lock long.
            let part = self.write(|conn| {
                let n = conn.execute(
                    sql!(
                        "update sends set state = {skipped}, reason = ?2, finished_at = ?3 where id in
                           (select id from sends where broadcast = ?1 and state = {pending} limit 5000)"
                    ),
                    (id, Skip::Closed.name(), now),
                )?;
                let mut tally = Tally::default();
                tally.moved_rows(id, State::Pending, State::Skipped, n);
                tally.write(conn)?;
                Ok(n)
            })?;
            closed += part as u64;
            if part == 0 {
                return Ok(closed);
            }
        }
    }

    /// Closes what a close that was cut off left pending; how many rows. Planning and `--retry-refused` open a broadcast again, so
    /// a planned row that is pending in a closed broadcast is left over.
    pub fn finish_closes(&mut self) -> Result<u64> {
        let mut closed = 0;
        for (id, _) in self.half_closed()? {
            // A list may just be planned for it, which opens it again.
            let _lock = self.lock_planning(id, &mut || {})?;
            if let Some((_, closed_at)) = self.half_closed()?.into_iter().find(|(again, _)| *again == id) {
                closed += self.close_broadcast(id, closed_at)?;
            }
        }
        Ok(closed)
    }

    fn half_closed(&self) -> Result<Vec<(i64, UnixMillis)>> {
        self.read(|conn| {
            conn.prepare_cached(sql!(
                "select b.id, b.finished_at from broadcasts b where b.finished_at is not null
                   and exists (select 1 from sends s join listings l on l.id = s.listing
                               where s.broadcast = b.id and s.state = {pending} and l.planned_at is not null)"
            ))?
            .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
        })
    }

    /// Closes every broadcast of a campaign that was deleted; how many rows.
    pub fn close_campaign(&mut self, campaign: &str, now: UnixMillis) -> Result<u64> {
        let ids: Vec<i64> = self.broadcasts(Some(campaign), now)?.into_iter().map(|summary| summary.id).collect();
        ids.into_iter().try_fold(0, |sum, id| Ok(sum + self.close_broadcast(id, now)?))
    }

    /// Puts refused rows with one of these codes back to pending. The person's cool-down is not touched. What was refused before an old
    /// copy of the ledger was put back is left alone: it may have been retried and sent since.
    pub fn retry_refused(&mut self, broadcast: i64, codes: &[i64]) -> Result<Retried> {
        let mut retried = Retried::default();
        self.write(|conn| {
            gate::pass(conn)?;
            Ok(open_again(conn, broadcast)?)
        })?;
        for code in codes {
            loop {
                let part = self.write(|conn| {
                    let restored_at = gate::pass(conn)?.restored_at;
                    let ids: Vec<i64> = conn
                        .prepare_cached(sql!(
                            "select id from sends where broadcast = ?1 and state = {refused} and code = ?2
                               and coalesce(finished_at, 0) >= ?3 limit 5000"
                        ))?
                        .query_map((broadcast, code, restored_at), |row| row.get(0))?
                        .collect::<db::Result<_>>()?;
                    let mut reopen = conn.prepare_cached(sql!(
                        "update sends set state = {pending}, reason = null, code = null, subcode = null, finished_at = null,
                           run = null
                         where id = ?1 returning coalesce(claimed_at, 0)"
                    ))?;
                    let mut tally = Tally::default();
                    for id in &ids {
                        attempts::keep_last(conn, *id, State::Refused)?;
                        let claimed_at = reopen.query_row([id], |row| row.get(0))?;
                        tally.moved(broadcast, claimed_at, State::Refused, State::Pending);
                    }
                    tally.write(conn)?;
                    Ok(ids.len())
                })?;
                retried.pending += part as u64;
                if part == 0 {
                    break;
                }
            }
            retried.left_alone += self.read(|conn| {
                conn.prepare_cached(sql!(
                    "select count(*) from sends where broadcast = ?1 and state = {refused} and code = ?2
                       and coalesce(finished_at, 0) < (select restored_at from ledger)"
                ))?
                .query_row((broadcast, code), |row| row.get(0).map(unsigned))
            })?;
        }
        Ok(retried)
    }
}

/// The broadcast of this number.
pub(super) fn by_id(conn: &Conn, id: i64) -> db::Result<Option<Broadcast>> {
    conn.query_row(sql!("select {columns} from broadcasts where id = ?1", columns = COLUMNS), [id], from_row).optional()
}

fn find(conn: &Conn, key: &BroadcastKey<'_>, which: Which) -> db::Result<Option<Broadcast>> {
    let newest = conn
        .query_row(
            sql!(
                "select {columns} from broadcasts where page = ?1 and campaign = ?2 and fingerprint = ?3
                 order by repeat desc limit 1",
                columns = COLUMNS
            ),
            (key.page, key.campaign, key.fingerprint),
            from_row,
        )
        .optional()?;
    Ok(match newest {
        Some(found) if which.again && is_finished(conn, found.id)? => None,
        other => other,
    })
}

/// Nothing pending or claimed. A broadcast without a planned listing is not finished: it has not begun.
fn is_finished(conn: &Conn, id: i64) -> db::Result<bool> {
    let has_begun_and_waits_for_nothing: bool = conn.query_row(
        sql!(
            "select exists (select 1 from listings where broadcast = ?1 and planned_at is not null)
                and not exists (select 1 from sends s join listings l on l.id = s.listing
                                where s.broadcast = ?1 and s.state = {pending} and l.planned_at is not null)"
        ),
        [id],
        |row| row.get(0),
    )?;
    Ok(has_begun_and_waits_for_nothing && tally::rows_in(conn, id, State::Claimed)? == 0)
}

/// A broadcast that was closed takes rows again.
pub(super) fn open_again(conn: &Conn, id: i64) -> db::Result<()> {
    conn.execute("update broadcasts set finished_at = null where id = ?1 and finished_at is not null", [id])?;
    Ok(())
}

/// Whether it was closed, and nothing was planned for it since.
pub(super) fn is_closed(conn: &Conn, id: i64) -> db::Result<bool> {
    conn.prepare_cached("select 1 from broadcasts where id = ?1 and finished_at is not null")?.exists([id])
}

/// What an unknown broadcast id gets.
pub fn no_such_broadcast(id: i64) -> Error {
    Error::NoSuchBroadcast { id }
}
