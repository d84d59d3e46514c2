//! Recording and claiming on a server, by sets: each statement costs a trip there, and others record and claim at the same time.
//!
//! What an outcome means and who may get a message is decided where it is for a file. Two steps never wait for each other in a circle:
//! first, people of answers are locked in the order of their ids; then candidates are locked, and those that another step has are passed
//! over; nothing after that waits.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use super::claim::{Claim, Finish, Outcome, Scope};
use super::claiming::{Candidate, Scan};
use super::fence;
use super::step::Step;
use crate::clock::UnixMillis;
use crate::ledger::database::HOLD;
use crate::ledger::db::arrays::{ints, texts};
use crate::ledger::db::{self, Ahead, Conn, Transaction, Values};
use crate::ledger::failpoint;
use crate::ledger::gate;
use crate::ledger::judge::{Decision, Laters, judge};
use crate::ledger::pace::{self, PaceRow, Paces};
use crate::ledger::people;
use crate::ledger::rivals::{Judged, RivalTerms, Rivals};
use crate::ledger::sql::sql;
use crate::ledger::state::State;

/// Candidates locked at a time.
const MOST: usize = 256;
/// Up to so many, it is asked for hardly more than is wanted.
const FINE: usize = 64;

/// When to look again for rows that another step has.
const AGAIN: Duration = Duration::from_millis(5);

/// The rows of a broadcast, ?1, that are in scope: of a list, ?2, or of any list that was planned. Whether a list holds a row is no `exists`:
/// for that the planner would read the whole list at each step.
const IN_SCOPE: &str = sql!(
    "from sends s {people} where s.broadcast = ?1 and s.state = {pending} and s.listing = any (array(
         select l.id from listings l where l.broadcast = ?1 and l.planned_at is not null))
       and (cast(?2 as int8) is null or s.listing = ?2
         or (select h.send from listing_rows h where h.listing = ?2 and h.send = s.id) is not null)",
    people = people::OF_SENDS,
);

// The sums keep the planner from the index of claimed rows, which is full of dead ones.
const ACCEPTED: &str = sql!(
    "update sends s set state = {accepted}, finished_at = t.finished_at, http_status = t.http_status, code = t.code,
       subcode = t.subcode, reason = t.reason, tracking_id = t.tracking_id, fbtrace_id = t.fbtrace_id
     from unnest(cast(?2 as int8[]), cast(?3 as int8[]), cast(?4 as int8[]),
       cast(?5 as int8[]), cast(?6 as int8[]), cast(?7 as int8[]),
       cast(?8 as text[]), cast(?9 as text[]), cast(?10 as text[]))
       as t (send, claimed_at, finished_at, http_status, code, subcode, reason, tracking_id, fbtrace_id)
     where s.id = t.send and s.run + 0 = ?1 and s.state + 0 = {claimed} and s.claimed_at = t.claimed_at
     returning s.id, {blocked_until}",
    blocked_until = people::BLOCKED_UNTIL_OF_SENDS,
);

/// Those that were accepted, and whose row has one answer; each with its tracking id.
fn accepted(finishes: &[Finish]) -> Vec<(&Finish, Option<&str>)> {
    let mut times = HashMap::<i64, u32>::new();
    finishes.iter().for_each(|finish| *times.entry(finish.claim.send).or_default() += 1);
    let once = finishes.iter().filter(|finish| times.get(&finish.claim.send) == Some(&1));
    once.filter_map(|finish| match &finish.outcome {
        Outcome::Accepted { tracking_id } => Some((finish, tracking_id.as_deref())),
        _ => None,
    })
    .collect()
}

fn values_of_accepted(run: i64, accepted: &[(&Finish, Option<&str>)]) -> impl Values {
    let each = || accepted.iter().map(|(finish, _)| finish);
    (
        run,
        ints(each().map(|finish| finish.claim.send)),
        ints(each().map(|finish| finish.claim.at.0)),
        ints(each().map(|finish| finish.at.0)),
        ints(each().map(|finish| finish.http_status.map(i64::from))),
        ints(each().map(|finish| finish.code)),
        ints(each().map(|finish| finish.subcode)),
        texts(each().map(|finish| finish.reason.as_deref())),
        texts(accepted.iter().map(|(_, tracking_id)| *tracking_id)),
        texts(each().map(|finish| finish.fbtrace_id.as_deref())),
    )
}

/// The next rows that are due after a place, and their people.
fn due(want: usize) -> String {
    const DUE: &str = sql!(
        "select s.id, s.recipient, s.laters, s.first_later_at, r.token, case when ?5 then s.row_values end, s.arm, {person} {in_scope}
           and s.not_before = ?3 and s.id > ?4 order by s.id",
        person = people::COLUMNS,
        in_scope = IN_SCOPE,
    );
    // As a number in the text: the planner would expect a tenth of the table, and sort it. A few numbers only, since each has a plan of its
    // own; but rows that are locked and not claimed cost nearly as much as those that are.
    let most = if want <= FINE { want.next_multiple_of(8) } else { want.next_power_of_two().min(MOST) };
    format!("{DUE} limit {most} for no key update of s, r skip locked")
}

/// What a step asks first, in its order, so that one trip has the answers: the gate, its fence, what was accepted, and the rows to claim.
/// `want`: what may be claimed; where the budget comes with it (`looks`), what is wanted. What the answers say of other rows is recorded
/// after rows are locked, and may wait for another step then; so rows are locked ahead only where there is nothing of that kind.
pub fn ask(scope: &Scope, scan: &Scan, finishes: &[Finish], want: usize, looks: bool) -> Ahead {
    let mut ahead = Ahead::default();
    gate::ask(&mut ahead);
    fence::ask(&mut ahead, scope.run);
    let accepted = accepted(finishes);
    if !accepted.is_empty() {
        ahead.ask(ACCEPTED, values_of_accepted(scope.run, &accepted));
    }
    if looks {
        pace::ask(&mut ahead, &scope.broadcast.ad_account);
    }
    let leaves_people = accepted.iter().all(|(Finish { claim, at, .. }, _)| {
        scope.is_long_enough(scope.claimed_until(claim.at), scope.accepted_until(*at))
    });
    if accepted.len() == finishes.len()
        && leaves_people
        && scope.ceiling.is_none()
        && want > 0
        && let Some(level) = scan.level()
    {
        Rivals::ask(&mut ahead, &scope.broadcast);
        ahead.ask(due(want), (scope.broadcast.id, scope.listing, level, scan.after(), scope.values));
    }
    ahead
}

impl Step<'_, '_> {
    pub fn record_set(&mut self, finishes: &[Finish]) -> db::Result<()> {
        if finishes.is_empty() {
            return Ok(());
        }
        let moved = self.move_accepted(finishes)?;
        let mut by_person: Vec<_> = finishes.iter().collect();
        by_person.sort_by_key(|finish| finish.claim.recipient);
        for finish in by_person {
            match moved.get(&finish.claim.send) {
                Some(blocked_until) => {
                    let own = self.scope.claimed_until(finish.claim.at);
                    self.tally.moved(self.scope.broadcast.id, finish.claim.at, State::Claimed, State::Accepted);
                    self.tally.of_arm(self.scope.broadcast.id, finish.claim.at, finish.claim.arm, None, 1);
                    let tracking_id = match &finish.outcome {
                        Outcome::Accepted { tracking_id } => tracking_id.clone(),
                        _ => None,
                    };
                    self.accepted(finish, tracking_id, *blocked_until == own)?;
                }
                None => self.record(finish)?,
            }
        }
        Ok(())
    }

    /// The usual case in one statement: rows that this run has claimed, and that were accepted. Until when each one's person is blocked.
    fn move_accepted(&self, finishes: &[Finish]) -> db::Result<HashMap<i64, UnixMillis>> {
        let accepted = accepted(finishes);
        if accepted.is_empty() {
            return Ok(HashMap::new());
        }
        let values = values_of_accepted(self.scope.run, &accepted);
        self.conn.prepare_cached(ACCEPTED)?.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    pub fn claim_set(&mut self, scan: &mut Scan, want: usize) -> db::Result<(Vec<Claim>, bool)> {
        let mut claims = Vec::with_capacity(want);
        if want == 0 {
            // Rows may have been asked for before the budget was known.
            self.conn.forget_asked()?;
            return Ok((claims, false));
        }
        let rivals = Rivals::of(self.conn, &self.scope.broadcast)?;
        let mut looked = false;
        while claims.len() < want {
            // One look in each step at least, however far the server is.
            if looked && self.begun.elapsed() > HOLD {
                return Ok((claims, false));
            }
            let level = match scan.level() {
                Some(level) => level,
                None if scan.next_level(self.conn, self.scope, UnixMillis(-1), self.now)? => continue,
                None => return self.look_for_others(scan, claims),
            };
            let candidates = self.lock_due(level, scan.after(), want - claims.len())?;
            looked = true;
            if !candidates.is_empty() {
                self.take(scan, candidates, &rivals, want, &mut claims)?;
            } else if !scan.next_level(self.conn, self.scope, level, self.now)? {
                // Start over next time: rows may have become due, or come back.
                *scan = Scan::default();
                return self.look_for_others(scan, claims);
            }
        }
        Ok((claims, false))
    }

    /// The next rows that are due, and their people: no other step has them, nor can it until the commit.
    fn lock_due(&self, level: UnixMillis, after: i64, want: usize) -> db::Result<Vec<Candidate>> {
        self.conn
            .prepare_cached(&due(want))?
            .query_map((self.scope.broadcast.id, self.scope.listing, level, after, self.scope.values), |row| {
                let claim = Claim {
                    send: row.get(0)?,
                    recipient: row.get(1)?,
                    token: row.get(4)?,
                    values: row.get(5)?,
                    arm: row.get(6)?,
                    at: self.now,
                };
                let laters = Laters { count: row.get(2)?, first_at: row.get(3)? };
                Ok(Candidate { claim, person: people::person(row, 7)?, laters })
            })?
            .collect()
    }

    /// Claims candidates that are locked, as many as are wanted; the others get a later time or are skipped.
    fn take(
        &mut self,
        scan: &mut Scan,
        candidates: Vec<Candidate>,
        rivals: &Rivals,
        want: usize,
        claims: &mut Vec<Claim>,
    ) -> db::Result<()> {
        let terms = self.gate.terms_of_claims(self.now, self.scope.end, self.scope.broadcast.hours);
        let several = candidates.iter().filter(|candidate| candidate.person.others_blocked_until.is_some());
        let several: Vec<i64> = several.map(|candidate| candidate.claim.recipient).collect();
        let locked = match several.is_empty() {
            true => HashMap::new(),
            false => people::others::lock(self.conn, several.into_iter())?,
        };
        // Since the people are locked, with their other tokens, nobody else claims them: what is asked now stays true.
        let asked: Vec<Judged> = candidates
            .iter()
            .map(|Candidate { claim, person, .. }| Judged::new(claim.recipient, person, Some(claim.send)))
            .collect();
        let mut reached = rivals.reached_of(self.conn, &asked, RivalTerms { now: self.now, listing: None })?;
        let first = claims.len();
        for Candidate { claim, mut person, laters } in candidates {
            // More were locked than are wanted: they are as the next step finds them.
            if claims.len() == want {
                break;
            }
            let (send, recipient) = (claim.send, claim.recipient);
            let (others, until) = locked.get(&recipient).copied().unwrap_or_default();
            person.others_blocked_until = person.others_blocked_until.max(Some(until).filter(|_| others > 0));
            match judge(Some(&person), reached.get(recipient), laters, terms) {
                // Another step has one of their other tokens just now: later, if at all.
                Decision::Now if others < reached.others(recipient) => {}
                Decision::Now => {
                    reached.goes(recipient);
                    claims.push(claim);
                }
                decision => self.put_off(claim, &decision)?,
            }
            scan.go_on_after(send);
        }
        let taken = &claims[first..];
        if taken.is_empty() {
            return Ok(());
        }
        let until = self.scope.claimed_until(self.now);
        let rows = taken.len();
        // Goes with what comes next; nothing is committed where it fails, as it does unless each row and each person was there.
        self.conn
            .prepare_cached(sql!(
                "with held as ({claim}), took as (
                   update sends set state = {claimed}, run = ?4, claimed_at = ?5, attempts = attempts + 1
                   where id = any (cast(?3 as int8[])) and state + 0 = {pending} returning 1)
                 select 1 / (case when (select count(*) from held) = ?6 and (select count(*) from took) = ?6 then 1 else 0 end)",
                claim = people::CLAIM_LOCKED,
            ))?
            .tell((
                ints(taken.iter().map(|claim| claim.recipient)),
                until,
                ints(taken.iter().map(|claim| claim.send)),
                self.scope.run,
                self.now,
                rows as i64,
            ))?;
        self.tally.moved_rows(self.scope.broadcast.id, State::Pending, State::Claimed, rows);
        Ok(())
    }

    /// At the end of the search: nothing more is to be claimed only if no other step has rows that it may not keep.
    fn look_for_others(&self, scan: &mut Scan, claims: Vec<Claim>) -> db::Result<(Vec<Claim>, bool)> {
        let left = self
            .conn
            .prepare_cached(sql!("select 1 {in_scope} and s.not_before <= ?3 limit 1", in_scope = IN_SCOPE))?
            .exists((self.scope.broadcast.id, self.scope.listing, self.now))?;
        scan.others_have_it = left && claims.is_empty();
        if scan.others_have_it {
            thread::sleep(AGAIN);
        }
        Ok((claims, !left))
    }
}

/// Whether there is nothing to do but to wait, since another step has all that is left: for a moment, and nothing is written meanwhile.
pub fn waits_for_others(conn: &Conn, scope: &Scope, scan: &mut Scan, now: UnixMillis) -> db::Result<bool> {
    if !std::mem::take(&mut scan.others_have_it) {
        return Ok(false);
    }
    let begun = Instant::now();
    let mut pause = AGAIN;
    loop {
        thread::sleep(pause);
        pause *= 2;
        let looking = conn.begin_to_look()?;
        let look = |sql: &str| looking.prepare_cached(sql)?.exists((scope.broadcast.id, scope.listing, now));
        let left = look(sql!("select 1 {in_scope} and s.not_before <= ?3 limit 1", in_scope = IN_SCOPE))?;
        // Where all are another's, nothing is locked, and so nothing written.
        let free = sql!(
            "select 1 {in_scope} and s.not_before <= ?3 limit 1 for update of s, r skip locked",
            in_scope = IN_SCOPE
        );
        if !left || look(free)? {
            return Ok(false);
        }
        if begun.elapsed() + pause > HOLD {
            scan.others_have_it = true;
            return Ok(true);
        }
    }
}

/// Asks an account's budget, which all processes on this ledger share, in a transaction of its own, so that no claim waits for
/// another's. What a power cut takes back is a few permits. `work` may be called again.
pub fn lease<T>(conn: &Conn, account: &str, mut work: impl FnMut(&mut Option<PaceRow>) -> T) -> db::Result<T> {
    let beside = conn.begin_unsynced()?;
    let before = Paces::new(&beside).lock(account)?;
    let mut row = before;
    let value = work(&mut row);
    if row == before {
        return Ok(value);
    }
    if before.is_some() {
        write(beside, account, row)?;
        return Ok(value);
    }
    // There was no row to lock: the first one is made while nobody else writes.
    drop(beside);
    let alone = conn.begin()?;
    let mut row = Paces::new(&alone).read(account)?;
    let value = work(&mut row);
    write(alone, account, row)?;
    Ok(value)
}

fn write(transaction: Transaction<'_>, account: &str, row: Option<PaceRow>) -> db::Result<()> {
    if let Some(row) = row {
        Paces::new(&transaction).write(account, &row)?;
    }
    failpoint::commit(transaction, "step.before", "step.after")
}
