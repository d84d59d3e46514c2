//! The writer: one transaction a step records what was answered and claims what may go out next.
//!
//! Claims are durable (committed, synced) before a step returns them. The caller sends a step as soon as the last one is
//! done, with everything that waits: group commit without a timer.

use std::collections::VecDeque;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::time::Instant;

use super::broadcasts::{Broadcast, add_to_state};
use super::pace::{self, Meter};
use super::plan::{Decision, Known, Laters, Terms, judge, reached, rivals};
use super::runs::MARGIN;
use super::state::{Skip, State};
use super::{Ledger, exists, failed_at};
use crate::clock::{Clock, UnixMillis};
use crate::error::{Error, Result};

/// Candidates read ahead at a time.
const AHEAD: usize = 256;

/// What a run may claim, and for how long a claim keeps a person to itself.
#[derive(Clone, Debug)]
pub struct Scope {
    pub broadcast: Broadcast,
    pub run: i64,
    /// Only rows of this listing; `None`: every planned row of the broadcast.
    pub listing: Option<i64>,
    /// Whether the message uses values of the row.
    pub values: bool,
    /// When the campaign ends or `--until` passes.
    pub end: Option<UnixMillis>,
    pub cool_down: Duration,
    /// The longest that a request may take.
    pub timeout: Duration,
}

/// A row whose intent is durable.
#[derive(Clone, Debug)]
pub struct Claim {
    pub send: i64,
    pub recipient: i64,
    pub token: String,
    pub values: Option<String>,
}

/// How a claimed row's request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted {
        tracking_id: Option<String>,
    },
    /// Refused for good; `suppress` keeps the person out of every broadcast.
    Refused {
        suppress: Option<Skip>,
    },
    /// This person not before `until`.
    Later {
        until: UnixMillis,
    },
    /// Nothing was accepted: pending again, and the old cool-down comes back.
    Back,
    /// Bytes may have left and no answer settles it.
    Unknown,
}

/// What is recorded of a request.
#[derive(Clone, Debug)]
pub struct Finish {
    pub claim: Claim,
    pub outcome: Outcome,
    /// When the answer came, or the doubt.
    pub at: UnixMillis,
    /// In one word or short sentence, masked; `None` for an acceptance.
    pub reason: Option<String>,
    pub http_status: Option<u16>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
}

/// A row that got a state or a new `not_before`, committed.
#[derive(Clone, Debug)]
pub struct Settled {
    pub token: String,
    pub state: State,
    pub reason: Option<String>,
    pub tracking_id: Option<String>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
    pub not_before: Option<UnixMillis>,
    pub at: UnixMillis,
}

/// What a step did.
#[derive(Debug)]
pub struct Done {
    pub claims: Vec<Claim>,
    /// After the commit: a claim that is not on the wire soon after is given back.
    pub committed: Instant,
    pub settled: Vec<Settled>,
    /// Nothing more may go out now.
    pub exhausted: bool,
    /// When the shared budget allows more; `None`: it is not in the way.
    pub permit_at: Option<UnixMillis>,
    /// Outcomes that found their row settled by somebody else.
    pub overtaken: u64,
}

/// Owns the ledger while a run sends.
pub struct Writer {
    ledger: Ledger,
    clock: Clock,
    scope: Scope,
    scan: Scan,
}

impl Writer {
    pub fn new(ledger: Ledger, clock: Clock, scope: Scope) -> Self {
        Self { ledger, clock, scope, scan: Scan::default() }
    }

    pub fn into_ledger(self) -> Ledger {
        self.ledger
    }

    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Records `finishes` and claims up to `want` rows, in one synced commit. On an error nothing of it happened.
    pub fn step(&mut self, finishes: Vec<Finish>, want: usize, meter: &mut dyn Meter) -> Result<Done> {
        let Self { ledger, clock, scope, scan } = self;
        let path = ledger.path.clone();
        let failed = |error: &rusqlite::Error| failed_at(&path, error);
        if want > 0 {
            ledger.refuse_replaced()?;
        }
        if finishes.iter().any(|finish| matches!(finish.outcome, Outcome::Back | Outcome::Later { .. })) {
            // What came back is behind the place where the scan stands.
            *scan = Scan::default();
        }
        let inode = ledger.inode;
        let transaction =
            ledger.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| failed(&error))?;
        // The lock may have been waited for: only now is now.
        let now = clock.now();
        let mut step =
            Step { conn: &transaction, scope, now, counts: Counts::default(), settled: Vec::new(), overtaken: 0 };
        let recorded = finishes.into_iter().try_for_each(|finish| step.record(finish));
        let claimed = recorded.and_then(|()| step.claim_metered(scan, want, meter));
        let (claims, exhausted, permit_at) = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                *scan = Scan::default();
                return Err(failed(&error));
            }
        };
        let Step { counts, settled, overtaken, .. } = step;
        let finished = counts.write(&transaction, scope.broadcast.id, now).and_then(|()| {
            let mut open = transaction.prepare_cached("select 1 from runs where id = ?1 and ended_at is null")?;
            exists(&mut open, [scope.run])
        });
        let alive = finished.map_err(|error| failed(&error))?;
        if !alive && !claims.is_empty() {
            *scan = Scan::default();
            return Err(Error::ledger("another mmsg took this run for dead: nothing more was sent")
                .hint("its lock file was removed from the ledger's runs folder; run the same command again"));
        }
        if !claims.is_empty()
            && let Some(inode) = inode
        {
            inode.refuse_replaced(&path)?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        Ok(Done { claims, committed: Instant::now(), settled, exhausted, permit_at, overtaken })
    }
}

/// Where the search for rows that may go out stands: within rows of one `not_before`, after one id.
#[derive(Default)]
struct Scan {
    level: Option<i64>,
    after: i64,
    ahead: VecDeque<Candidate>,
}

struct Candidate {
    claim: Claim,
    laters: Laters,
}

#[derive(Default)]
struct Counts {
    states: [i64; 6],
    what: Vec<(&'static str, i64)>,
}

impl Counts {
    fn shift(&mut self, from: State, to: State) {
        self.states[from.number() as usize] -= 1;
        self.states[to.number() as usize] += 1;
    }

    fn add(&mut self, what: &'static str) {
        match self.what.iter_mut().find(|(name, _)| *name == what) {
            Some((_, n)) => *n += 1,
            None => self.what.push((what, 1)),
        }
    }

    fn write(&self, conn: &Connection, broadcast: i64, now: UnixMillis) -> rusqlite::Result<()> {
        for state in State::ALL {
            add_to_state(conn, broadcast, state, self.states[state.number() as usize])?;
        }
        let mut add = conn.prepare_cached(
            "insert into counters (broadcast, hour, what, n) values (?1, ?2, ?3, ?4)
             on conflict (broadcast, hour, what) do update set n = n + excluded.n",
        )?;
        for (what, n) in &self.what {
            add.execute((broadcast, now.0.div_euclid(3_600_000), what, n))?;
        }
        conn.prepare_cached("update ledger set newest_at = ?1 where newest_at < ?1")?.execute([now.0])?;
        Ok(())
    }
}

struct Step<'c> {
    conn: &'c Connection,
    scope: &'c Scope,
    now: UnixMillis,
    counts: Counts,
    settled: Vec<Settled>,
    overtaken: u64,
}

impl Step<'_> {
    fn record(&mut self, finish: Finish) -> rusqlite::Result<()> {
        let at = finish.at;
        let blocked = at.plus(self.scope.cool_down).plus(MARGIN);
        let (state, not_before, what) = match &finish.outcome {
            Outcome::Accepted { .. } => (State::Accepted, None, "accepted"),
            Outcome::Refused { .. } => (State::Refused, None, "refused"),
            Outcome::Unknown => (State::Unknown, None, "unknown"),
            Outcome::Back => (State::Pending, None, "back"),
            Outcome::Later { until } => return self.record_later(&finish, *until),
        };
        let tracking_id = match &finish.outcome {
            Outcome::Accepted { tracking_id } => tracking_id.clone(),
            _ => None,
        };
        if !self.move_row(&finish, state, finish.reason.as_deref(), tracking_id.as_deref())? {
            return Ok(());
        }
        match &finish.outcome {
            Outcome::Accepted { .. } | Outcome::Unknown => {
                self.conn
                    .prepare_cached(
                        "update recipients set blocked_until = ?2, blocked_until_before_claim = null where id = ?1",
                    )?
                    .execute((finish.claim.recipient, blocked.0))?;
            }
            Outcome::Refused { suppress } => {
                self.restore(finish.claim.recipient)?;
                if let Some(skip) = suppress {
                    self.conn
                        .prepare_cached(
                            "update recipients set suppressed = ?2, suppressed_at = ?3 where id = ?1 and suppressed is null",
                        )?
                        .execute((finish.claim.recipient, skip.name(), at.0))?;
                }
            }
            Outcome::Back | Outcome::Later { .. } => self.restore(finish.claim.recipient)?,
        }
        self.counts.add(what);
        if state != State::Pending {
            self.settle(finish, state, tracking_id, not_before);
        }
        Ok(())
    }

    /// The person is held back as told; a row that was refused so too often is given up.
    fn record_later(&mut self, finish: &Finish, until: UnixMillis) -> rusqlite::Result<()> {
        let (count, first_at): (i64, Option<i64>) = self
            .conn
            .prepare_cached("select laters + 1, coalesce(first_later_at, ?2) from sends where id = ?1")?
            .query_row((finish.claim.send, finish.at.0), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let laters = Laters { count, first_at: first_at.map(UnixMillis) };
        let ended = self.scope.end.is_some_and(|end| end <= until);
        let skip = if laters.is_never(finish.at) {
            Some(Skip::NeverAvailable)
        } else if ended {
            Some(Skip::Ended)
        } else {
            None
        };
        let state = if skip.is_some() { State::Skipped } else { State::Pending };
        let reason = skip.map(|skip| skip.name().to_owned()).or_else(|| finish.reason.clone());
        if !self.move_row(finish, state, reason.as_deref(), None)? {
            return Ok(());
        }
        self.conn
            .prepare_cached("update sends set laters = ?2, first_later_at = ?3, not_before = ?4 where id = ?1")?
            .execute((finish.claim.send, count, first_at, until.0))?;
        self.conn
            .prepare_cached(
                "update recipients set blocked_until = max(coalesce(blocked_until_before_claim, 0), ?2),
                   blocked_until_before_claim = null where id = ?1",
            )?
            .execute((finish.claim.recipient, until.0))?;
        self.counts.add("later");
        let mut finish = finish.clone();
        finish.reason = reason;
        self.settle(finish, state, None, Some(until).filter(|_| state == State::Pending));
        Ok(())
    }

    /// Gives a row that this run claimed its next state. `false`: somebody else settled it first.
    fn move_row(
        &mut self,
        finish: &Finish,
        state: State,
        reason: Option<&str>,
        tracking_id: Option<&str>,
    ) -> rusqlite::Result<bool> {
        // A row that another made unknown is still settled by this run's own answer.
        for from in [State::Claimed, State::Unknown] {
            let changed = self
                .conn
                .prepare_cached(
                    "update sends set state = ?4, reason = ?5, finished_at = ?6, tracking_id = ?7, http_status = ?8,
                       code = ?9, subcode = ?10, fbtrace_id = ?11
                     where id = ?1 and run = ?2 and state = ?3",
                )?
                .execute((
                    finish.claim.send,
                    self.scope.run,
                    from,
                    state,
                    reason,
                    finish.at.0,
                    tracking_id,
                    finish.http_status,
                    finish.code,
                    finish.subcode,
                    finish.fbtrace_id.as_deref(),
                ))?;
            if changed == 1 {
                self.counts.shift(from, state);
                return Ok(true);
            }
        }
        self.overtaken += 1;
        Ok(false)
    }

    /// The cool-down is what it was before the claim.
    fn restore(&self, recipient: i64) -> rusqlite::Result<()> {
        self.conn
            .prepare_cached(
                "update recipients set blocked_until = blocked_until_before_claim, blocked_until_before_claim = null
                 where id = ?1 and blocked_until_before_claim is not null",
            )?
            .execute([recipient])?;
        Ok(())
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

    /// Claims what the account's budget allows, which all processes on this ledger share.
    fn claim_metered(
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
        let blocked = self.now.plus(self.scope.timeout).plus(self.scope.cool_down);
        let mut take_person = self.conn.prepare_cached(
            "update recipients set blocked_until_before_claim = blocked_until, blocked_until = ?2
             where id = ?1 and blocked_until <= ?3 and suppressed is null
               and coalesce(next_eligible_at, 0) <= ?3 and coalesce(expires_at, ?4) > ?3",
        )?;
        let mut take_row = self.conn.prepare_cached(
            "update sends set state = 1, run = ?2, claimed_at = ?3, attempts = attempts + 1 where id = ?1 and state = 0",
        )?;
        let mut still_pending = self.conn.prepare_cached("select 1 from sends where id = ?1 and state = 0")?;
        while claims.len() < want {
            let Some(candidate) = scan.next(self.conn, self.scope, self.now)? else {
                return Ok((claims, true));
            };
            let claim = candidate.claim;
            let over = self.scope.end.is_some_and(|end| end <= self.now);
            if over || candidate.laters.is_never(self.now) || reached(self.conn, &rivals, claim.recipient)? {
                if exists(&mut still_pending, [claim.send])? {
                    let other = reached(self.conn, &rivals, claim.recipient)?;
                    self.put_off(claim, candidate.laters, other)?;
                }
                continue;
            }
            // Another process may have taken the row since it was read.
            if !exists(&mut still_pending, [claim.send])? {
                continue;
            }
            let free = take_person.execute((claim.recipient, blocked.0, self.now.0, i64::MAX))? == 1;
            if !free {
                self.put_off(claim, candidate.laters, false)?;
                continue;
            }
            take_row.execute((claim.send, self.scope.run, self.now.0))?;
            self.counts.shift(State::Pending, State::Claimed);
            claims.push(claim);
        }
        Ok((claims, false))
    }

    /// A row that was due, but whose person is not free (any more): a later time or a skip.
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
        self.conn
            .prepare_cached("update sends set state = ?2, not_before = ?3, reason = ?4 where id = ?1 and state = 0")?
            .execute((claim.send, state, not_before.0, &reason))?;
        if state == State::Skipped {
            self.counts.shift(State::Pending, State::Skipped);
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
    fn next(&mut self, conn: &Connection, scope: &Scope, now: UnixMillis) -> rusqlite::Result<Option<Candidate>> {
        loop {
            if let Some(candidate) = self.ahead.pop_front() {
                return Ok(Some(candidate));
            }
            let Some(level) = self.level else {
                if !self.next_level(conn, scope, -1, now)? {
                    return Ok(None);
                }
                continue;
            };
            if !self.read_ahead(conn, scope, level)? && !self.next_level(conn, scope, level, now)? {
                // Begin anew next time: rows may have become due, or come back.
                self.level = None;
                return Ok(None);
            }
        }
    }

    fn next_level(&mut self, conn: &Connection, scope: &Scope, above: i64, now: UnixMillis) -> rusqlite::Result<bool> {
        let next: Option<i64> = conn
            .prepare_cached(
                "select min(not_before) from sends indexed by sends_pending
                 where broadcast = ?1 and state = 0 and not_before > ?2 and not_before <= ?3",
            )?
            .query_row((scope.broadcast.id, above, now.0), |row| row.get(0))?;
        self.level = next;
        self.after = 0;
        Ok(next.is_some())
    }

    /// Reads the next rows of this level; `false` at its end.
    fn read_ahead(&mut self, conn: &Connection, scope: &Scope, level: i64) -> rusqlite::Result<bool> {
        let mut statement = conn.prepare_cached(
            "select s.id, s.recipient, s.listing, s.laters, s.first_later_at, r.token, case when ?5 then s.row_values end
             from sends s indexed by sends_pending join recipients r on r.id = s.recipient
             where s.broadcast = ?1 and s.state = 0 and s.not_before = ?2 and s.id > ?3 order by s.id limit ?4",
        )?;
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
                claim: Claim { send, recipient: row.get(1)?, token: row.get(5)?, values: row.get(6)? },
                laters: Laters { count: row.get(3)?, first_at: row.get::<_, Option<i64>>(4)?.map(UnixMillis) },
            });
        }
        Ok(read)
    }
}
