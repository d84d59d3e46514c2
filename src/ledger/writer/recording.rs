//! What was answered: the row's next state, and the person's cool-down.

use rusqlite::{CachedStatement, Connection};

use super::{Claim, Finish, Outcome, Settled, Step};
use crate::clock::UnixMillis;
use crate::ledger::broadcasts::is_closed;
use crate::ledger::plan::Laters;
use crate::ledger::sql::sql;
use crate::ledger::state::{Skip, State};
use crate::ledger::tally::What;
use crate::times::MARGIN;

/// The statements of every answer, found once a step and not once a row.
pub struct Statements<'c> {
    move_row: CachedStatement<'c>,
    block: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    pub fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            move_row: conn.prepare_cached(
                "update sends set state = ?4, reason = ?5, finished_at = ?6, tracking_id = ?7, http_status = ?8,
                   code = ?9, subcode = ?10, fbtrace_id = ?11
                 where id = ?1 and run is ?2 and state = ?3 and claimed_at = ?12",
            )?,
            // A person who is not held by this claim any more is held for another's, perhaps with a request on the wire: that is
            // made longer, never shorter.
            block: conn.prepare_cached(
                "update recipients set
                   blocked_until = iif(blocked_until = ?3, ?2, max(blocked_until, ?2)),
                   blocked_until_before_claim = iif(blocked_until = ?3, null, max(blocked_until_before_claim, ?2))
                 where id = ?1",
            )?,
        })
    }
}

impl Step<'_> {
    pub fn record(&mut self, statements: &mut Statements<'_>, finish: Finish) -> rusqlite::Result<()> {
        let at = finish.at;
        let blocked = at.plus(self.scope.cool_down).plus(MARGIN);
        let state = match &finish.outcome {
            Outcome::Accepted { .. } => State::Accepted,
            Outcome::Refused { .. } => State::Refused,
            Outcome::Unknown => State::Unknown,
            // Nobody is sent to any more.
            Outcome::Back if is_closed(self.conn, self.scope.broadcast.id)? => State::Skipped,
            Outcome::Back => State::Pending,
            Outcome::Later { until } => return self.record_later(statements, &finish, *until),
        };
        let tracking_id = match &finish.outcome {
            Outcome::Accepted { tracking_id } => tracking_id.clone(),
            _ => None,
        };
        let closed = Skip::Closed.name().to_owned();
        let reason = if state == State::Skipped { Some(closed) } else { finish.reason.clone() };
        if !self.move_row(statements, &finish, state, reason.as_deref(), tracking_id.as_deref())? {
            return Ok(());
        }
        match &finish.outcome {
            Outcome::Accepted { .. } | Outcome::Unknown => {
                self.block(statements, &finish, blocked)?;
            }
            Outcome::Refused { suppress } => {
                self.restore(&finish.claim)?;
                if let Some(skip) = suppress {
                    // Told again, it is newer than a resume that came between. A resume that is newer still stands.
                    self.conn
                        .prepare_cached(
                            "update recipients set suppressed = ?2, suppressed_at = max(coalesce(suppressed_at, 0), ?3)
                             where id = ?1 and coalesce(suppressed, ?2) = ?2
                               and not (?2 = 'opted_out' and opted_out is 0 and opt_at > ?3)",
                        )?
                        .execute((finish.claim.recipient, skip.name(), at.0))?;
                }
            }
            Outcome::Back | Outcome::Later { .. } => self.restore(&finish.claim)?,
        }
        if state == State::Pending {
            self.count(What::Back, finish.claim.at);
            self.remember(&finish, "back")?;
        } else {
            self.settle(Finish { reason, ..finish }, state, tracking_id, None);
        }
        Ok(())
    }

    /// The person is held back as told; a row that was refused so too often is given up.
    fn record_later(
        &mut self,
        statements: &mut Statements<'_>,
        finish: &Finish,
        until: UnixMillis,
    ) -> rusqlite::Result<()> {
        let (count, first_at): (i64, Option<i64>) = self
            .conn
            .prepare_cached("select laters + 1, coalesce(first_later_at, ?2) from sends where id = ?1")?
            .query_row((finish.claim.send, finish.at.0), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let laters = Laters { count, first_at: first_at.map(UnixMillis) };
        let ended = self.scope.end.is_some_and(|end| end <= until);
        let skip = if laters.is_never(finish.at) {
            Some(Skip::NeverAvailable)
        } else if is_closed(self.conn, self.scope.broadcast.id)? {
            Some(Skip::Closed)
        } else if ended {
            Some(Skip::Ended)
        } else {
            None
        };
        let state = if skip.is_some() { State::Skipped } else { State::Pending };
        let reason = skip.map(|skip| skip.name().to_owned()).or_else(|| finish.reason.clone());
        if !self.move_row(statements, finish, state, reason.as_deref(), None)? {
            return Ok(());
        }
        self.conn
            .prepare_cached("update sends set laters = ?2, first_later_at = ?3, not_before = ?4 where id = ?1")?
            .execute((finish.claim.send, count, first_at, until.0))?;
        self.block(statements, finish, until)?;
        self.count(What::Later, finish.claim.at);
        self.remember(finish, "later")?;
        let mut finish = finish.clone();
        finish.reason = reason;
        self.settle(finish, state, None, Some(until).filter(|_| state == State::Pending));
        Ok(())
    }

    /// Gives a row that this run claimed its next state. `false`: somebody else settled it first.
    fn move_row(
        &mut self,
        statements: &mut Statements<'_>,
        finish: &Finish,
        state: State,
        reason: Option<&str>,
        tracking_id: Option<&str>,
    ) -> rusqlite::Result<bool> {
        // A row that another made unknown is still settled by this run's own answer, and an acceptance knows better than a person
        // who said meanwhile that it was not sent.
        let run = Some(self.scope.run);
        let settled_from =
            [(State::Claimed, run), (State::Unknown, run), (State::Pending, None), (State::Skipped, None)];
        for (from, run) in settled_from.into_iter().take(if state == State::Accepted { 4 } else { 2 }) {
            let changed = statements.move_row.execute(rusqlite::params![
                finish.claim.send,
                run,
                from,
                state,
                reason,
                finish.at.0,
                tracking_id,
                finish.http_status,
                finish.code,
                finish.subcode,
                finish.fbtrace_id.as_deref(),
                finish.claim.at.0,
            ])?;
            if changed == 1 {
                self.tally.moved(self.scope.broadcast.id, finish.claim.at, from, state);
                return Ok(true);
            }
        }
        if state == State::Accepted {
            // An event proved it before the answer was recorded; what Graph answered is still worth knowing.
            self.conn
                .prepare_cached(sql!(
                    "update sends set tracking_id = ?3, http_status = ?4, finished_at = ?5
                     where id = ?1 and run = ?2 and state = {accepted} and reason = 'evidence' and tracking_id is null"
                ))?
                .execute((finish.claim.send, self.scope.run, tracking_id, finish.http_status, finish.at.0))?;
        }
        self.overtaken += 1;
        Ok(false)
    }

    /// Keeps what the row's next request will overwrite.
    fn remember(&self, finish: &Finish, outcome: &str) -> rusqlite::Result<()> {
        self.conn
            .prepare_cached(
                "insert into attempts (send, claimed_at, finished_at, outcome, reason, code, subcode, fbtrace_id)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute((
                finish.claim.send,
                finish.claim.at.0,
                finish.at.0,
                outcome,
                finish.reason.as_deref(),
                finish.code,
                finish.subcode,
                finish.fbtrace_id.as_deref(),
            ))?;
        Ok(())
    }

    fn block(&self, statements: &mut Statements<'_>, finish: &Finish, until: UnixMillis) -> rusqlite::Result<()> {
        let own = self.scope.claimed_until(finish.claim.at);
        statements.block.execute((finish.claim.recipient, until.0, own.0))?;
        Ok(())
    }

    /// The cool-down is what it was before the claim, unless another has the person since.
    pub fn restore(&self, claim: &Claim) -> rusqlite::Result<()> {
        self.conn
            .prepare_cached(
                "update recipients set blocked_until = blocked_until_before_claim, blocked_until_before_claim = null
                 where id = ?1 and blocked_until = ?2 and blocked_until_before_claim is not null",
            )?
            .execute((claim.recipient, self.scope.claimed_until(claim.at).0))?;
        Ok(())
    }

    fn count(&mut self, what: What, at: UnixMillis) {
        self.tally.add(self.scope.broadcast.id, at, what, 1);
    }

    fn settle(&mut self, finish: Finish, state: State, tracking_id: Option<String>, not_before: Option<UnixMillis>) {
        self.settled.push(Settled {
            token: finish.claim.token,
            state,
            reason: finish.reason,
            tracking_id,
            code: finish.code,
            subcode: finish.subcode,
            fbtrace_id: finish.fbtrace_id,
            not_before,
            at: finish.at,
        });
    }
}
