//! What may go out next: candidates come from the index of pending rows and are claimed together with their people.
//!
//! SQL selects candidates and makes the claim, a compare-and-set of row and person; who may get the message is decided in
//! [`judge`](crate::ledger::judge).

use std::collections::VecDeque;
use std::time::Instant;

use crate::ledger::db::{self, Conn, OnDemand};

use super::claim::{Claim, Scope};
use super::step::Step;
use crate::clock::UnixMillis;
use crate::ledger::database::HOLD;
use crate::ledger::judge::{Decision, Laters, Person, judge};
use crate::ledger::pace::Meter;
use crate::ledger::people;
use crate::ledger::rivals::{Judged, RivalTerms, Rivals};
use crate::ledger::settled::{COOLING_DOWN, Settled};
use crate::ledger::sql::sql;
use crate::ledger::state::State;

/// Candidates read ahead at a time, and how many there should be.
const AHEAD: usize = 64;

/// Limits how long a transaction looks for rows: all people of a long list may have to wait. The clock is read every 64 rows.
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

/// How far the search for rows that may go out has come: within rows of one `not_before`, after one id.
#[derive(Default)]
pub struct Scan {
    level: Option<UnixMillis>,
    after: i64,
    ahead: VecDeque<Candidate>,
    /// Something was claimed since the search started from the first row.
    has_found: bool,
    /// All that was left was another step's. On a server.
    pub others_have_it: bool,
}

/// What the search found.
#[expect(clippy::large_enum_variant, reason = "it is moved once, and most are candidates")]
enum Found {
    Candidate(Candidate),
    /// Nothing more that is due.
    End,
    /// The time is up: the next transaction goes on from here.
    Cut,
}

/// What a step claims in a file: people one by one, rows of consecutive ids in one statement.
#[derive(Default)]
struct Taken {
    claims: Vec<Claim>,
    /// Those of the last claims, whose rows are still to be claimed.
    people: Vec<Person>,
}

impl Taken {
    /// Whether a row follows on those that are still to be claimed.
    fn goes_on_with(&self, send: i64) -> bool {
        self.claims.last().is_none_or(|last| last.send.checked_add(1) == Some(send))
    }
}

pub struct Candidate {
    pub claim: Claim,
    pub person: Person,
    pub laters: Laters,
}

/// Whether an order has nothing to do with the account's budget.
pub fn asks_nothing(meter: &dyn Meter, want: usize) -> bool {
    want == 0 && !meter.has_news()
}

impl Step<'_, '_> {
    /// Claims what the account's budget allows, which all processes on this ledger share.
    pub fn claim_metered(
        &mut self,
        scan: &mut Scan,
        want: usize,
        meter: &mut dyn Meter,
    ) -> db::Result<(Vec<Claim>, bool, Option<UnixMillis>)> {
        if asks_nothing(meter, want) {
            return Ok((Vec::new(), false, None));
        }
        let account = &self.scope.broadcast.ad_account;
        let before = self.statements.paces.read(account)?;
        let mut row = before;
        let (allowed, permit_at) = meter.allow(&mut row, self.now, want);
        let (claims, exhausted) = self.claim(scan, allowed)?;
        // Where less was claimed than the budget allows, it is not the budget that is in the way.
        let permit_at = permit_at.filter(|_| claims.len() == allowed);
        if let Some(row) = row.as_mut().filter(|_| !meter.only_looks()) {
            if claims.len() < allowed {
                meter.unused(row, allowed - claims.len());
            }
            if before.as_ref() != Some(row) {
                self.statements.paces.write(account, row)?;
            }
        }
        Ok((claims, exhausted, permit_at))
    }

    /// Claims what was allowed before, as far as there is money for it.
    pub fn claim(&mut self, scan: &mut Scan, want: usize) -> db::Result<(Vec<Claim>, bool)> {
        let want = self.afford(want)?;
        if self.conn.is_server() { self.claim_set(scan, want) } else { self.claim_rows(scan, want) }
    }

    /// How many of these a spend limit leaves.
    fn afford(&mut self, want: usize) -> db::Result<usize> {
        let Some(ceiling) = self.scope.ceiling.filter(|_| want > 0) else { return Ok(want) };
        let broadcast = &self.scope.broadcast;
        // What this step recorded is not written yet.
        let more = State::COSTLY.into_iter().map(|state| self.tally.more(broadcast.id, state)).sum();
        let Some(spending) = ceiling.hold(self.conn, &broadcast.ad_account, self.now, more)? else {
            return Ok(want);
        };
        let affords = usize::try_from(spending.affords()).unwrap_or(usize::MAX);
        self.spent_up = (affords == 0).then_some(spending);
        Ok(want.min(affords))
    }

    fn claim_rows(&mut self, scan: &mut Scan, want: usize) -> db::Result<(Vec<Claim>, bool)> {
        let mut taken = Taken::default();
        let exhausted = want > 0 && self.search(scan, want, &mut taken)?;
        self.take_rows(&mut taken)?;
        Ok((taken.claims, exhausted))
    }

    /// Takes up to so many; whether nothing more is due.
    fn search(&mut self, scan: &mut Scan, want: usize, taken: &mut Taken) -> db::Result<bool> {
        let rivals = Rivals::of(self.conn, &self.scope.broadcast)?;
        let mut hold = Hold { begin: self.begun, rows: 0 };
        while taken.claims.len() < want {
            if hold.is_over(1) {
                return Ok(false);
            }
            let candidate = match scan.next(self.conn, self.scope, self.now, &mut hold)? {
                Found::Candidate(candidate) => candidate,
                Found::End => {
                    // The search reads what is written.
                    self.take_rows(taken)?;
                    // Rows that came back meanwhile are behind the search: it starts over, and ends where it finds nothing.
                    if std::mem::take(&mut scan.has_found) {
                        continue;
                    }
                    return Ok(true);
                }
                Found::Cut => return Ok(false),
            };
            let Candidate { claim, person, laters } = candidate;
            let claim = Claim { at: self.now, ..claim };
            let person = match self.take_read_ahead(&rivals, &claim, &person, laters)? {
                true => person,
                false => {
                    self.take_rows(taken)?;
                    match self.take_person(&rivals, &claim, laters)? {
                        Some((person, Decision::Now)) => person,
                        Some((_, decision)) => {
                            self.put_off(claim, &decision)?;
                            continue;
                        }
                        None => continue,
                    }
                }
            };
            if !taken.goes_on_with(claim.send) {
                self.take_rows(taken)?;
            }
            scan.has_found = true;
            taken.claims.push(claim);
            taken.people.push(person);
        }
        Ok(false)
    }

    /// Blocks the person of a claim if they may get the message now, and are as they were read. `false`: read them again.
    fn take_read_ahead(&mut self, rivals: &Rivals, claim: &Claim, person: &Person, laters: Laters) -> db::Result<bool> {
        // What another token of theirs got since is in no row of this one.
        Ok(person.others_blocked_until.is_none()
            && self.judge(rivals, claim, person, laters)? == Decision::Now
            && self.statements.people.claim(claim.recipient, person, self.scope.claimed_until(self.now))?)
    }

    /// Blocks the person of a claim if they may get the message now, else says why not. `None`: another process took the row since it was
    /// read.
    fn take_person(
        &mut self,
        rivals: &Rivals,
        claim: &Claim,
        laters: Laters,
    ) -> db::Result<Option<(Person, Decision)>> {
        let mut waits = self.conn.prepare_cached(sql!("select 1 from sends where id = ?1 and state = {pending}"))?;
        if !waits.exists([claim.send])? {
            return Ok(None);
        }
        let person = people::get(self.conn, claim.recipient)?;
        let decision = self.judge(rivals, claim, &person, laters)?;
        let until = self.scope.claimed_until(self.now);
        if decision == Decision::Now && !self.statements.people.claim(claim.recipient, &person, until)? {
            return Err(db::Error::Changed);
        }
        Ok(Some((person, decision)))
    }

    fn judge(&self, rivals: &Rivals, claim: &Claim, person: &Person, laters: Laters) -> db::Result<Decision> {
        let asked = Judged::new(claim.recipient, person, Some(claim.send));
        let reached = rivals.reached(self.conn, asked, RivalTerms { now: self.now, listing: None })?;
        let terms = self.gate.terms_of_claims(self.now, self.scope.end, self.scope.broadcast.hours);
        Ok(judge(Some(person), reached, laters, terms))
    }

    /// Claims the rows whose people are taken. What another process took since it was read is left to it, and its people are as they were
    /// read.
    fn take_rows(&mut self, taken: &mut Taken) -> db::Result<()> {
        let rows = &taken.claims[taken.claims.len() - taken.people.len()..];
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let values = (first.send, last.send, self.scope.run, self.now);
        let changed = self.statements.take_rows.get()?.execute(values)?;
        self.tally.moved_rows(self.scope.broadcast.id, State::Pending, State::Claimed, changed);
        if changed == rows.len() {
            taken.people.clear();
            return Ok(());
        }
        let mut is_ours = self.conn.prepare_cached(sql!(
            "select 1 from sends where id = ?1 and state = {claimed} and run = ?2 and claimed_at = ?3"
        ))?;
        let rows = taken.claims.split_off(taken.claims.len() - taken.people.len());
        for (claim, person) in rows.into_iter().zip(taken.people.drain(..)) {
            if is_ours.exists((claim.send, self.scope.run, self.now))? {
                taken.claims.push(claim);
            } else {
                self.statements.people.take_back(claim.recipient, &person)?;
            }
        }
        Ok(())
    }

    /// A row that was due, but whose person may not get the message now: it gets a later time, so that the search does not meet it
    /// again, or is skipped.
    pub fn put_off(&mut self, claim: Claim, decision: &Decision) -> db::Result<()> {
        let state = decision.state();
        let reason = decision.reason().unwrap_or_else(|| COOLING_DOWN.to_owned());
        let changed = self
            .conn
            .prepare_cached(sql!(
                "update sends set state = ?2, not_before = ?3, reason = ?4 where id = ?1 and state = {pending}"
            ))?
            .execute((claim.send, state, decision.not_before(), &reason))?;
        if changed != 1 {
            return Err(db::Error::Changed);
        }
        self.tally.moved_rows(self.scope.broadcast.id, State::Pending, state, 1);
        self.settled.push(Settled {
            token: claim.token,
            arm: claim.arm,
            state,
            reason: Some(reason),
            tracking_id: None,
            code: None,
            subcode: None,
            fbtrace_id: None,
            not_before: Some(decision.not_before()).filter(|_| state == State::Pending),
            at: self.now,
        });
        Ok(())
    }
}

impl Scan {
    pub fn level(&self) -> Option<UnixMillis> {
        self.level
    }

    pub fn after(&self) -> i64 {
        self.after
    }

    pub fn go_on_after(&mut self, send: i64) {
        self.after = send;
    }

    /// Reads more rows of this level, between two steps: who is claimed is compared with what was read in any case.
    pub fn look_ahead(&mut self, conn: &Conn, scope: &Scope) {
        if let Some(level) = self.level
            && self.ahead.len() < AHEAD
            && !conn.is_server()
        {
            // What goes wrong goes wrong again in the step that needs it.
            let _ = self.read_ahead(conn, scope, level);
        }
    }

    /// The next row that is due and in scope.
    fn next(&mut self, conn: &Conn, scope: &Scope, now: UnixMillis, hold: &mut Hold) -> db::Result<Found> {
        loop {
            if let Some(candidate) = self.ahead.pop_front() {
                return Ok(Found::Candidate(candidate));
            }
            let Some(level) = self.level else {
                if !self.next_level(conn, scope, UnixMillis(-1), now)? {
                    return Ok(Found::End);
                }
                continue;
            };
            if !self.read_ahead(conn, scope, level)? && !self.next_level(conn, scope, level, now)? {
                // Whoever goes on starts over.
                self.level = None;
                return Ok(Found::End);
            }
            // Rows of another list are skipped here.
            if self.ahead.is_empty() && hold.is_over(AHEAD as u32) {
                return Ok(Found::Cut);
            }
        }
    }

    pub fn next_level(&mut self, conn: &Conn, scope: &Scope, above: UnixMillis, now: UnixMillis) -> db::Result<bool> {
        let next: Option<UnixMillis> = conn
            .prepare_cached(sql!(
                "select min(not_before) from sends indexed by sends_pending
                 where broadcast = ?1 and state = {pending} and not_before > ?2 and not_before <= ?3"
            ))?
            .query_row((scope.broadcast.id, above, now), |row| row.get(0))?;
        self.level = next;
        self.after = 0;
        Ok(next.is_some())
    }

    /// Reads the next rows of this level; `false` at its end.
    fn read_ahead(&mut self, conn: &Conn, scope: &Scope, level: UnixMillis) -> db::Result<bool> {
        let mut statement = conn.prepare_cached(sql!(
            "select s.id, s.recipient, s.listing, s.laters, s.first_later_at, r.token, case when ?5 then s.row_values end, s.arm, {person}
             from sends s indexed by sends_pending {people}
             where s.broadcast = ?1 and s.state = {pending} and s.not_before = ?2 and s.id > ?3 order by s.id limit ?4",
            person = people::COLUMNS,
            people = people::OF_SENDS,
        ))?;
        let mut planned = OnDemand::new(conn, "select 1 from listings where id = ?1 and planned_at is not null");
        let mut held = OnDemand::new(conn, "select 1 from listing_rows where listing = ?1 and send = ?2");
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
                    let is_planned = planned.get()?.exists([listing])?;
                    last_listing = Some((listing, is_planned));
                    is_planned
                }
            };
            let in_scope = match scope.listing {
                Some(wanted) if wanted != listing => held.get()?.exists((wanted, send))?,
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
                    arm: row.get(7)?,
                    at: UnixMillis(0),
                },
                person: people::person(&row, 8)?,
                laters: Laters { count: row.get(3)?, first_at: row.get(4)? },
            });
        }
        Ok(read)
    }
}
