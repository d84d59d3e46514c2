//! What was answered: the row's next state, and the person's cool-down.

use crate::ledger::db;

use super::claim::{Finish, Outcome};
use super::step::Step;
use crate::clock::UnixMillis;
use crate::ledger::attempts::{self, Attempt};
use crate::ledger::broadcasts::is_closed;
use crate::ledger::judge::{self, Laters};
use crate::ledger::people;
use crate::ledger::settled::Settled;
use crate::ledger::sql::sql;
use crate::ledger::state::State;
use crate::ledger::tally::What;

impl Step<'_, '_> {
    pub fn record(&mut self, finish: &Finish) -> db::Result<()> {
        let Finish { claim, at, .. } = finish;
        let own = self.scope.claimed_until(claim.at);
        let recipient = claim.recipient;
        match &finish.outcome {
            Outcome::Accepted { .. } | Outcome::Unknown => {
                let blocked = self.scope.accepted_until(*at);
                let (state, tracking_id) = match &finish.outcome {
                    Outcome::Accepted { tracking_id } => (State::Accepted, tracking_id.clone()),
                    _ => (State::Unknown, None),
                };
                if let Some(from) = self.move_row(finish, state, finish.reason.as_deref(), tracking_id.as_deref())? {
                    let as_claimed = state == State::Accepted
                        && from == State::Claimed
                        && self.scope.is_long_enough(own, blocked)
                        && self.statements.people.are_blocked(recipient, own)?;
                    if !as_claimed {
                        self.statements.people.block(recipient, blocked, own)?;
                    }
                    self.settle(finish, finish.reason.clone(), state, tracking_id, None);
                }
            }
            Outcome::Refused { suppress } => {
                if self.move_row(finish, State::Refused, finish.reason.as_deref(), None)?.is_some() {
                    self.statements.people.restore(recipient, own)?;
                    if let Some(why) = suppress {
                        people::keep_out(self.conn, recipient, *why, *at)?;
                    }
                    self.settle(finish, finish.reason.clone(), State::Refused, None, None);
                }
            }
            Outcome::Back => {
                let decision = judge::put_back(UnixMillis(0), is_closed(self.conn, self.scope.broadcast.id)?);
                let reason = decision.reason().or_else(|| finish.reason.clone());
                if self.move_row(finish, decision.state(), reason.as_deref(), None)?.is_some() {
                    self.statements.people.restore(recipient, own)?;
                    if decision.state() == State::Pending {
                        self.tally.add(self.scope.broadcast.id, claim.at, What::Back, 1);
                        self.keep(finish, "back")?;
                    } else {
                        self.settle(finish, reason, decision.state(), None, None);
                    }
                }
            }
            Outcome::Later { until } => self.record_later(finish, *until, own)?,
        }
        Ok(())
    }

    /// The end of an acceptance whose row is moved. `as_claimed`: the person is blocked as its claim left them.
    pub fn accepted(&mut self, finish: &Finish, tracking_id: Option<String>, as_claimed: bool) -> db::Result<()> {
        let own = self.scope.claimed_until(finish.claim.at);
        let blocked = self.scope.accepted_until(finish.at);
        if !(as_claimed && self.scope.is_long_enough(own, blocked)) {
            self.statements.people.block(finish.claim.recipient, blocked, own)?;
        }
        self.settle(finish, finish.reason.clone(), State::Accepted, tracking_id, None);
        Ok(())
    }

    /// The person is blocked for as long as Graph said; a row that was refused so too often is given up.
    fn record_later(&mut self, finish: &Finish, until: UnixMillis, own: UnixMillis) -> db::Result<()> {
        let laters = self
            .conn
            .prepare_cached("select laters + 1, coalesce(first_later_at, ?2) from sends where id = ?1")?
            .query_row((finish.claim.send, finish.at), |row| {
                Ok(Laters { count: row.get(0)?, first_at: row.get(1)? })
            })?;
        let terms = self.gate.terms_of_claims(finish.at, self.scope.end, self.scope.broadcast.hours);
        let decision = judge::put_off(until, laters, is_closed(self.conn, self.scope.broadcast.id)?, terms);
        let reason = decision.reason().or_else(|| finish.reason.clone());
        if self.move_row(finish, decision.state(), reason.as_deref(), None)?.is_none() {
            return Ok(());
        }
        self.conn
            .prepare_cached("update sends set laters = ?2, first_later_at = ?3, not_before = ?4 where id = ?1")?
            .execute((finish.claim.send, laters.count, laters.first_at, until))?;
        self.statements.people.block(finish.claim.recipient, until, own)?;
        self.tally.add(self.scope.broadcast.id, finish.claim.at, What::Later, 1);
        self.keep(finish, "later")?;
        let not_before = Some(until).filter(|_| decision.state() == State::Pending);
        self.settle(finish, reason, decision.state(), None, not_before);
        Ok(())
    }

    /// Gives a row that this run claimed its next state; the state before. `None`: somebody else settled it first.
    fn move_row(
        &mut self,
        finish: &Finish,
        state: State,
        reason: Option<&str>,
        tracking_id: Option<&str>,
    ) -> db::Result<Option<State>> {
        // A row that another process made unknown is still settled by this run's own answer, and an acceptance overrules a person
        // who said meanwhile that it was not sent.
        let run = Some(self.scope.run);
        let settled_from =
            [(State::Claimed, run), (State::Unknown, run), (State::Pending, None), (State::Skipped, None)];
        for (from, run) in settled_from.into_iter().take(if state == State::Accepted { 4 } else { 2 }) {
            let changed = self.statements.move_row.get()?.execute((
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
            ))?;
            if changed == 1 {
                self.tally.moved(self.scope.broadcast.id, finish.claim.at, from, state);
                if state == State::Accepted {
                    self.tally.of_arm(self.scope.broadcast.id, finish.claim.at, finish.claim.arm, None, 1);
                }
                return Ok(Some(from));
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
        Ok(None)
    }

    /// Keeps what the row's next request will overwrite.
    fn keep(&self, finish: &Finish, outcome: &str) -> db::Result<()> {
        let attempt = Attempt {
            claimed_at: finish.claim.at,
            finished_at: finish.at,
            outcome: outcome.to_owned(),
            reason: finish.reason.clone(),
            code: finish.code,
            subcode: finish.subcode,
            fbtrace_id: finish.fbtrace_id.clone(),
        };
        attempts::keep(self.conn, finish.claim.send, &attempt)
    }

    fn settle(
        &mut self,
        finish: &Finish,
        reason: Option<String>,
        state: State,
        tracking_id: Option<String>,
        not_before: Option<UnixMillis>,
    ) {
        self.settled.push(Settled {
            token: finish.claim.token.clone(),
            arm: finish.claim.arm,
            state,
            reason,
            tracking_id,
            code: finish.code,
            subcode: finish.subcode,
            fbtrace_id: finish.fbtrace_id.clone(),
            not_before,
            at: finish.at,
        });
    }
}
