//! What may go out next: found by the index of pending rows, claimed together with its person.

use std::collections::VecDeque;
use std::time::Instant;

use rusqlite::Connection;

use super::{Claim, Scope, Settled, Step};
use crate::clock::UnixMillis;
use crate::ledger::HOLD;
use crate::ledger::pace::{self, Meter};
use crate::ledger::plan::{Decision, Known, Laters, Terms, judge, reached, rivals};
use crate::ledger::sql::{exists, sql};
use crate::ledger::state::State;

/// Candidates read ahead at a time.
const AHEAD: usize = 256;

/// Watches how long a transaction looks for rows: a broadcast whose people all have to wait is as long as its list. The clock is
/// read every 64 rows.
struct Hold {
    begin: Instant,
    rows: u32,
}

impl Hold {
    fn is_over(&mut self, rows: u32) -> bool {
        self.rows += rows;
        let look = self.rows >= 64;
        if look {
            self.rows = 0;
        }
        look && self.begin.elapsed() > HOLD
    }
}

/// Where the search for rows that may go out stands: within rows of one `not_before`, after one id.
#[derive(Default)]
pub struct Scan {
    level: Option<i64>,
    after: i64,
    ahead: VecDeque<Candidate>,
}

/// What the search found.
enum Found {
    Candidate(Candidate),
    /// Nothing more that is due.
    End,
    /// The time is over: the next transaction goes on from here.
    Cut,
}

struct Candidate {
    claim: Claim,
    laters: Laters,
}

impl Step<'_> {
    /// Claims what the account's budget allows, which all processes on this ledger share.
    pub fn claim_metered(
        &mut self,
        scan: &mut Scan,
        want: usize,
        meter: &mut dyn Meter,
    ) -> rusqlite::Result<(Vec<Claim>, bool, Option<UnixMillis>)> {
        let account = &self.scope.broadcast.ad_account;
        let before = pace::read(self.conn, account)?;
        let mut row = before;
        let (allowed, permit_at) = meter.allow(&mut row, self.now, want);
        let (claims, exhausted) = self.claim(scan, allowed)?;
        // Where less was claimed than the budget allows, it is not the budget that is in the way.
        let permit_at = permit_at.filter(|_| claims.len() == allowed);
        if let Some(row) = &mut row {
            if claims.len() < allowed {
                meter.unused(row, allowed - claims.len());
            }
            if before.as_ref() != Some(row) {
                pace::write(self.conn, account, row)?;
            }
        }
        Ok((claims, exhausted, permit_at))
    }

    fn claim(&mut self, scan: &mut Scan, want: usize) -> rusqlite::Result<(Vec<Claim>, bool)> {
        let mut claims = Vec::with_capacity(want);
        if want == 0 {
            return Ok((claims, false));
        }
        let rivals = rivals(self.conn, &self.scope.broadcast)?;
        let blocked = self.scope.claimed_until(self.now);
        let mut take_person = self.conn.prepare_cached(
            "update recipients set blocked_until_before_claim = blocked_until, blocked_until = ?2
             where id = ?1 and blocked_until <= ?3 and suppressed is null
               and coalesce(next_eligible_at, 0) <= ?3 and coalesce(expires_at, ?4) > ?3",
        )?;
        let mut take_row = self.conn.prepare_cached(sql!(
            "update sends set state = {claimed}, run = ?2, claimed_at = ?3, attempts = attempts + 1
             where id = ?1 and state = {pending}"
        ))?;
        let mut hold = Hold { begin: Instant::now(), rows: 0 };
        while claims.len() < want {
            if hold.is_over(1) {
                return Ok((claims, false));
            }
            let candidate = match scan.next(self.conn, self.scope, self.now, &mut hold)? {
                Found::Candidate(candidate) => candidate,
                Found::End => return Ok((claims, true)),
                Found::Cut => return Ok((claims, false)),
            };
            let claim = Claim { at: self.now, ..candidate.claim };
            let over = self.scope.end.is_some_and(|end| end <= self.now);
            let other = reached(self.conn, &rivals, claim.recipient)?;
            if over || other || candidate.laters.is_never(self.now) {
                self.put_off(claim, candidate.laters, other)?;
                continue;
            }
            if take_person.execute((claim.recipient, blocked.0, self.now.0, i64::MAX))? == 0 {
                self.put_off(claim, candidate.laters, false)?;
                continue;
            }
            if take_row.execute((claim.send, self.scope.run, self.now.0))? == 0 {
                // Another process took the row since it was read.
                self.restore(&claim)?;
                continue;
            }
            self.tally.moved_rows(self.scope.broadcast.id, State::Pending, State::Claimed, 1);
            claims.push(claim);
        }
        Ok((claims, false))
    }

    /// A row that was due, but whose person is not free (any more): a later time or a skip. Nothing when another process took
    /// the row since it was read.
    fn put_off(&mut self, claim: Claim, laters: Laters, other: bool) -> rusqlite::Result<()> {
        let known = self
            .conn
            .prepare_cached(
                "select id, blocked_until, next_eligible_at, expires_at, suppressed from recipients where id = ?1",
            )?
            .query_row([claim.recipient], Known::from_row)?;
        let terms = Terms { now: self.now, end: self.scope.end };
        let (state, not_before, reason) = match judge(Some(&known), other, laters, terms) {
            Decision::Wait { not_before } => (State::Pending, not_before, "cooling_down".to_owned()),
            Decision::Skip { skip, .. } => (State::Skipped, UnixMillis(0), skip.name().to_owned()),
        };
        let changed = self
            .conn
            .prepare_cached(sql!(
                "update sends set state = ?2, not_before = ?3, reason = ?4 where id = ?1 and state = {pending}"
            ))?
            .execute((claim.send, state, not_before.0, &reason))?;
        if changed == 0 {
            return Ok(());
        }
        if state == State::Skipped {
            self.tally.moved_rows(self.scope.broadcast.id, State::Pending, State::Skipped, 1);
        }
        self.settled.push(Settled {
            token: claim.token,
            state,
            reason: Some(reason),
            tracking_id: None,
            code: None,
            subcode: None,
            fbtrace_id: None,
            not_before: Some(not_before).filter(|_| state == State::Pending),
            at: self.now,
        });
        Ok(())
    }
}

impl Scan {
    /// The next row that is due and in scope.
    fn next(&mut self, conn: &Connection, scope: &Scope, now: UnixMillis, hold: &mut Hold) -> rusqlite::Result<Found> {
        loop {
            if let Some(candidate) = self.ahead.pop_front() {
                return Ok(Found::Candidate(candidate));
            }
            let Some(level) = self.level else {
                if !self.next_level(conn, scope, -1, now)? {
                    return Ok(Found::End);
                }
                continue;
            };
            if !self.read_ahead(conn, scope, level)? && !self.next_level(conn, scope, level, now)? {
                // Begin anew next time: rows may have become due, or come back.
                self.level = None;
                return Ok(Found::End);
            }
            // Rows of another list are passed over.
            if self.ahead.is_empty() && hold.is_over(AHEAD as u32) {
                return Ok(Found::Cut);
            }
        }
    }

    fn next_level(&mut self, conn: &Connection, scope: &Scope, above: i64, now: UnixMillis) -> rusqlite::Result<bool> {
        let next: Option<i64> = conn
            .prepare_cached(sql!(
                "select min(not_before) from sends indexed by sends_pending
                 where broadcast = ?1 and state = {pending} and not_before > ?2 and not_before <= ?3"
            ))?
            .query_row((scope.broadcast.id, above, now.0), |row| row.get(0))?;
        self.level = next;
        self.after = 0;
        Ok(next.is_some())
    }

    /// Reads the next rows of this level; `false` at its end.
    fn read_ahead(&mut self, conn: &Connection, scope: &Scope, level: i64) -> rusqlite::Result<bool> {
        let mut statement = conn.prepare_cached(sql!(
            "select s.id, s.recipient, s.listing, s.laters, s.first_later_at, r.token, case when ?5 then s.row_values end
             from sends s indexed by sends_pending join recipients r on r.id = s.recipient
             where s.broadcast = ?1 and s.state = {pending} and s.not_before = ?2 and s.id > ?3 order by s.id limit ?4"
        ))?;
        let mut planned = conn.prepare_cached("select 1 from listings where id = ?1 and planned_at is not null")?;
        let mut held = conn.prepare_cached("select 1 from listing_rows where listing = ?1 and send = ?2")?;
        let mut last_listing: Option<(i64, bool)> = None;
        let mut rows = statement.query((scope.broadcast.id, level, self.after, AHEAD as i64, scope.values))?;
        let mut read = false;
        while let Some(row) = rows.next()? {
            read = true;
            let send: i64 = row.get(0)?;
            self.after = send;
            let listing: i64 = row.get(2)?;
            let is_planned = match last_listing {
                Some((id, is_planned)) if id == listing => is_planned,
                _ => {
                    let is_planned = exists(&mut planned, [listing])?;
                    last_listing = Some((listing, is_planned));
                    is_planned
                }
            };
            let in_scope = match scope.listing {
                Some(wanted) if wanted != listing => exists(&mut held, (wanted, send))?,
                _ => true,
            };
            if !is_planned || !in_scope {
                continue;
            }
            self.ahead.push_back(Candidate {
                claim: Claim {
                    send,
                    recipient: row.get(1)?,
                    token: row.get(5)?,
                    values: row.get(6)?,
                    at: UnixMillis(0),
                },
                laters: Laters { count: row.get(3)?, first_at: row.get::<_, Option<i64>>(4)?.map(UnixMillis) },
            });
        }
        Ok(read)
    }
}
