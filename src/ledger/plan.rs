//! Planning: a list becomes rows of a broadcast, as a whole or not at all.
//!
//! Rows are staged in transactions short enough to share the ledger with senders; none of them can go out before the one
//! that writes `planned_at`. Judging a row is pure and the same for a plan and a dry run.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::broadcasts::{Broadcast, add_to_state};
use super::spool::{Key, ListedRow, Listing};
use super::state::{Skip, State};
use super::writer::Settled;
use super::{Ledger, Watch, exists, failed_at};
use crate::clock::UnixMillis;
use crate::error::{Error, Exit, Result};

/// How long one planning transaction may hold the write lock.
const HOLD: Duration = Duration::from_millis(40);

/// A row is never available after so many refusals of class later …
pub const MAX_LATERS: i64 = 3;
/// … or so long after the first of them.
pub const MAX_LATER_SPAN: Duration = Duration::from_secs(7 * 24 * 3600);

/// What the ledger knows of a person.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub id: i64,
    pub blocked_until: UnixMillis,
    pub next_eligible_at: Option<UnixMillis>,
    pub expires_at: Option<UnixMillis>,
    pub suppressed: Option<String>,
}

impl Known {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            blocked_until: UnixMillis(row.get(1)?),
            next_eligible_at: row.get::<_, Option<i64>>(2)?.map(UnixMillis),
            expires_at: row.get::<_, Option<i64>>(3)?.map(UnixMillis),
            suppressed: row.get(4)?,
        })
    }

    /// When this person may be sent to.
    pub fn free_at(&self) -> UnixMillis {
        self.next_eligible_at.map_or(self.blocked_until, |eligible| eligible.max(self.blocked_until))
    }
}

/// What was decided about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// May go out at `not_before`; 0 is at once.
    Wait {
        not_before: UnixMillis,
    },
    Skip {
        skip: Skip,
        detail: Option<String>,
    },
}

impl Decision {
    fn state(&self) -> State {
        match self {
            Self::Wait { .. } => State::Pending,
            Self::Skip { .. } => State::Skipped,
        }
    }

    fn not_before(&self) -> i64 {
        match self {
            Self::Wait { not_before } => not_before.0,
            Self::Skip { .. } => 0,
        }
    }

    /// When a skipped row got its state.
    fn decided_at(&self, now: UnixMillis) -> Option<i64> {
        (self.state() == State::Skipped).then_some(now.0)
    }

    fn reason(&self) -> Option<String> {
        match self {
            Self::Wait { .. } => None,
            Self::Skip { skip, detail: None } => Some(skip.name().to_owned()),
            Self::Skip { skip, detail: Some(detail) } => Some(format!("{skip}: {detail}")),
        }
    }
}

/// What holds for all rows of a run.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub now: UnixMillis,
    /// When the campaign ends or `--until` passes.
    pub end: Option<UnixMillis>,
}

/// How often, and since when, this person was refused as "later" in this broadcast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Laters {
    pub count: i64,
    pub first_at: Option<UnixMillis>,
}

impl Laters {
    pub fn is_never(self, now: UnixMillis) -> bool {
        self.count >= MAX_LATERS || self.first_at.is_some_and(|first| first.plus(MAX_LATER_SPAN) <= now)
    }
}

/// Judges one person: pure, so that a plan, a dry run and a claim agree.
pub fn judge(known: Option<&Known>, reached_by_other: bool, laters: Laters, terms: Terms) -> Decision {
    let skip = |skip| Decision::Skip { skip, detail: None };
    if let Some(known) = known {
        if let Some(why) = &known.suppressed {
            return skip(Skip::of_suppression(why));
        }
        if known.expires_at.is_some_and(|expires| expires <= terms.now) {
            return skip(Skip::Expired);
        }
    }
    if reached_by_other {
        return skip(Skip::OtherMessage);
    }
    if laters.is_never(terms.now) {
        return skip(Skip::NeverAvailable);
    }
    let free_at = known.map_or(UnixMillis(0), Known::free_at);
    if terms.end.is_some_and(|end| end <= free_at.max(terms.now)) {
        return skip(Skip::Ended);
    }
    Decision::Wait { not_before: if free_at <= terms.now { UnixMillis(0) } else { free_at } }
}

/// Checks the values of a row against the message: `Err` is the reason to skip it.
pub type CheckValues<'a> = dyn FnMut(Option<&str>) -> Result<(), (Skip, String)> + 'a;

/// What became of a list.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    pub listing: i64,
    /// Good rows of the list.
    pub rows: u64,
    /// Different people among them.
    pub people: u64,
    /// Rows whose values differ from those that were planned first; they are ignored.
    pub changed_values: u64,
    /// Rows that this planning skipped, or put off to a time.
    pub skipped: u64,
    pub later: u64,
    /// The list was planned before; nothing of it was new.
    pub same: bool,
}

/// Other broadcasts of the campaign whose acceptance keeps a person out of this one.
pub(super) fn rivals(conn: &Connection, broadcast: &Broadcast) -> rusqlite::Result<Vec<i64>> {
    if broadcast.new_message {
        return Ok(Vec::new());
    }
    // A repeat is meant for those whom its earlier repeats reached.
    conn.prepare_cached(
        "select id from broadcasts where campaign = ?1 and page = ?2 and id <> ?3 and not (fingerprint = ?4 and repeat < ?5)",
    )?
    .query_map((&broadcast.campaign, &broadcast.page, broadcast.id, broadcast.fingerprint, broadcast.repeat), |row| {
        row.get(0)
    })?
    .collect()
}

/// Whether one of the rivals reached, or may have reached, the person.
pub(super) fn reached(conn: &Connection, rivals: &[i64], recipient: i64) -> rusqlite::Result<bool> {
    for rival in rivals {
        let mut statement =
            conn.prepare_cached("select 1 from sends where broadcast = ?1 and recipient = ?2 and state in (1, 2, 5)")?;
        if exists(&mut statement, (rival, recipient))? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Ledger {
    /// Plans a list for a broadcast. The caller holds the broadcast's planning lock ([`Ledger::lock_planning`]).
    ///
    /// When `watch` says stop between two transactions, what was staged stays behind unplanned and never goes out.
    pub fn plan(
        &mut self,
        broadcast: &Broadcast,
        source: &str,
        list: &mut Listing,
        terms: Terms,
        check: &mut CheckValues<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Planned> {
        let path = self.path.clone();
        let (listing, planned_before) = self.open_listing(broadcast, source, list, terms.now)?;
        let mut planned = Planned { listing, rows: list.rows, same: planned_before, ..Planned::default() };
        if planned_before {
            (planned.skipped, planned.later) = self.judge_skipped(broadcast, listing, terms)?;
            planned.people = self.listing_people(listing)?;
            return Ok(planned);
        }
        let mut done = 0;
        let mut more = true;
        while more {
            if (watch.stop)() {
                return Err(Error::new(Exit::Interrupted, "interrupted while planning: nothing was sent")
                    .hint("run the same command again: it plans the list from the start"));
            }
            let transaction = self
                .conn
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(|error| failed_at(&path, &error))?;
            let mut stage = Stage::new(&transaction, broadcast, listing).map_err(|error| failed_at(&path, &error))?;
            let begin = Instant::now();
            loop {
                let Some(row) = list.next_row()? else {
                    more = false;
                    break;
                };
                stage.add(row, terms, check).map_err(|error| failed_at(&path, &error))?;
                done += 1;
                if done % 64 == 0 && begin.elapsed() > HOLD {
                    break;
                }
            }
            planned.changed_values += stage.changed_values;
            planned.skipped += stage.newly_skipped;
            planned.later += stage.later;
            stage.finish().map_err(|error| failed_at(&path, &error))?;
            if !more {
                transaction
                    .execute("update listings set planned_at = ?2 where id = ?1", (listing, terms.now.0))
                    .and_then(|_| {
                        transaction.execute("update broadcasts set finished_at = null where id = ?1", [broadcast.id])
                    })
                    .map_err(|error| failed_at(&path, &error))?;
            }
            transaction.commit().map_err(|error| failed_at(&path, &error))?;
            (watch.progress)(done);
        }
        planned.people = self.listing_people(listing)?;
        Ok(planned)
    }

    /// The listing of this list: the planned one with the same rows, the one that was cut off, or a new one.
    fn open_listing(
        &mut self,
        broadcast: &Broadcast,
        source: &str,
        list: &Listing,
        now: UnixMillis,
    ) -> Result<(i64, bool)> {
        self.write(|conn| {
            let found = conn
                .query_row(
                    "select id, planned_at is not null from listings where broadcast = ?1 and rows_hash = ?2",
                    (broadcast.id, list.hash),
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            if let Some(found) = found {
                return Ok(found);
            }
            let rows = i64::try_from(list.rows).unwrap_or(i64::MAX);
            conn.execute(
                "insert into listings (broadcast, source, rows, rows_hash, created_at) values (?1, ?2, ?3, ?4, ?5)",
                (broadcast.id, source, rows, list.hash, now.0),
            )?;
            Ok((conn.last_insert_rowid(), false))
        })
    }

    fn listing_people(&self, listing: i64) -> Result<u64> {
        self.conn
            .query_row("select count(*) from listing_rows where listing = ?1", [listing], |row| row.get::<_, i64>(0))
            .map(|n| u64::try_from(n).unwrap_or(0))
            .map_err(|error| self.failed(&error))
    }

    /// A skipped row is judged anew when it is listed again; its values are as they were.
    /// How many stay skipped, and how many wait for a time now.
    fn judge_skipped(&mut self, broadcast: &Broadcast, listing: i64, terms: Terms) -> Result<(u64, u64)> {
        let mut after = 0;
        let (mut skipped_again, mut later) = (0, 0);
        loop {
            let next = self.write(|conn| {
                let skipped: Option<i64> = conn
                    .query_row("select n from states where broadcast = ?1 and state = 4", [broadcast.id], |row| {
                        row.get(0)
                    })
                    .optional()?;
                if skipped.unwrap_or(0) == 0 {
                    return Ok(None);
                }
                let rivals = rivals(conn, broadcast)?;
                let mut statement = conn.prepare_cached(
                    "select s.id, s.laters, s.first_later_at, r.id, r.blocked_until, r.next_eligible_at, r.expires_at,
                            r.suppressed
                     from listing_rows l join sends s on s.id = l.send join recipients r on r.id = s.recipient
                     where l.listing = ?1 and l.send > ?2 and s.state = 4
                       and s.reason not like 'missing_value%' and s.reason not like 'limit%'
                     order by l.send limit 2000",
                )?;
                let mut rows = statement.query((listing, after))?;
                let mut last = None;
                let mut reopened = 0;
                while let Some(row) = rows.next()? {
                    let send: i64 = row.get(0)?;
                    last = Some(send);
                    let laters = Laters { count: row.get(1)?, first_at: row.get::<_, Option<i64>>(2)?.map(UnixMillis) };
                    let known = Known {
                        id: row.get(3)?,
                        blocked_until: UnixMillis(row.get(4)?),
                        next_eligible_at: row.get::<_, Option<i64>>(5)?.map(UnixMillis),
                        expires_at: row.get::<_, Option<i64>>(6)?.map(UnixMillis),
                        suppressed: row.get(7)?,
                    };
                    let decision = judge(Some(&known), reached(conn, &rivals, known.id)?, laters, terms);
                    reopened += usize::from(decision.state() == State::Pending);
                    skipped_again += u64::from(decision.state() == State::Skipped);
                    later += u64::from(decision.not_before() > 0);
                    conn.prepare_cached(
                        "update sends set state = ?2, not_before = ?3, reason = ?4, finished_at = ?5 where id = ?1",
                    )?
                    .execute((
                        send,
                        decision.state(),
                        decision.not_before(),
                        decision.reason(),
                        decision.decided_at(terms.now),
                    ))?;
                }
                super::broadcasts::shift(conn, broadcast.id, State::Skipped, State::Pending, reopened)?;
                Ok(last)
            })?;
            match next {
                Some(last) => after = last,
                None => return Ok((skipped_again, later)),
            }
        }
    }

    /// Rows of a listing that a planning at `at` skipped, and pending rows that have a time.
    pub fn planned_rows(&self, listing: i64, at: UnixMillis, each: &mut dyn FnMut(Settled)) -> Result<()> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "select r.token, s.state, s.reason, s.not_before from listing_rows l join sends s on s.id = l.send
                 join recipients r on r.id = s.recipient
                 where l.listing = ?1 and ((s.state = 4 and s.finished_at = ?2) or (s.state = 0 and s.not_before > 0))
                 order by l.send",
            )?;
            let mut rows = statement.query((listing, at.0))?;
            while let Some(row) = rows.next()? {
                let state: State = row.get(1)?;
                let not_before = UnixMillis(row.get(3)?);
                each(Settled {
                    token: row.get(0)?,
                    state,
                    reason: row.get::<_, Option<String>>(2)?.or_else(|| Some("cooling_down".to_owned())),
                    tracking_id: None,
                    code: None,
                    subcode: None,
                    fbtrace_id: None,
                    not_before: Some(not_before).filter(|_| state == State::Pending),
                    at,
                });
            }
            Ok(())
        })
    }

    /// What planning this list would do; nothing is written.
    pub fn dry_plan(
        &self,
        broadcast: Option<&Broadcast>,
        campaign_rivals: &[i64],
        list: &mut Listing,
        terms: Terms,
        check: &mut CheckValues<'_>,
    ) -> Result<DryPlan> {
        let failed = |error: rusqlite::Error| self.failed(&error);
        self.conn
            .execute_batch(
                "create temp table if not exists seen (key blob primary key) without rowid; delete from seen;",
            )
            .map_err(failed)?;
        let mut dry = DryPlan { rows: list.rows, ..DryPlan::default() };
        while let Some(row) = list.next_row()? {
            let mut seen = self.conn.prepare_cached("insert or ignore into seen (key) values (?1)").map_err(failed)?;
            if seen.execute([row.key]).map_err(failed)? == 0 {
                dry.duplicates += 1;
                continue;
            }
            self.dry_row(broadcast, campaign_rivals, row, terms, check, &mut dry).map_err(failed)?;
        }
        Ok(dry)
    }

    fn dry_row(
        &self,
        broadcast: Option<&Broadcast>,
        rivals: &[i64],
        row: &ListedRow,
        terms: Terms,
        check: &mut CheckValues<'_>,
        dry: &mut DryPlan,
    ) -> rusqlite::Result<()> {
        let known = known(&self.conn, &row.key)?;
        let mut laters = Laters::default();
        if let (Some(broadcast), Some(known)) = (broadcast, &known) {
            let mut statement = self.conn.prepare_cached(
                "select state, laters, first_later_at from sends where broadcast = ?1 and recipient = ?2",
            )?;
            let row: Option<(State, i64, Option<i64>)> = statement
                .query_row((broadcast.id, known.id), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            if let Some((state, count, first_at)) = row {
                laters = Laters { count, first_at: first_at.map(UnixMillis) };
                if !matches!(state, State::Pending | State::Skipped) {
                    *dry.settled.entry(state).or_default() += 1;
                    return Ok(());
                }
            }
        }
        let other = match &known {
            Some(known) => reached(&self.conn, rivals, known.id)?,
            None => false,
        };
        match with_values(judge(known.as_ref(), other, laters, terms), row.values.as_deref(), check) {
            Decision::Wait { not_before } if not_before > terms.now => {
                dry.later += 1;
                dry.next_at = Some(dry.next_at.map_or(not_before, |next| next.min(not_before)));
            }
            Decision::Wait { .. } => dry.now += 1,
            Decision::Skip { skip, .. } => *dry.skipped.entry(skip.name()).or_default() += 1,
        }
        Ok(())
    }

    /// The rivals of a broadcast that may not exist yet.
    pub fn rivals_of(
        &self,
        broadcast: Option<&Broadcast>,
        campaign: &str,
        page: &str,
        new_message: bool,
    ) -> Result<Vec<i64>> {
        self.read(|conn| match broadcast {
            _ if new_message => Ok(Vec::new()),
            Some(broadcast) => rivals(conn, broadcast),
            None => self
                .conn
                .prepare("select id from broadcasts where campaign = ?1 and page = ?2")?
                .query_map((campaign, page), |row| row.get(0))?
                .collect(),
        })
    }
}

/// What a dry run found.
#[derive(Clone, Debug, Default)]
pub struct DryPlan {
    pub rows: u64,
    pub duplicates: u64,
    /// People who would be sent to at once.
    pub now: u64,
    /// People who would be sent to later, the first of them at `next_at`.
    pub later: u64,
    pub next_at: Option<UnixMillis>,
    pub skipped: std::collections::BTreeMap<&'static str, u64>,
    /// People who already have an outcome in this broadcast.
    pub settled: std::collections::BTreeMap<State, u64>,
}

pub(super) fn known(conn: &Connection, key: &Key) -> rusqlite::Result<Option<Known>> {
    conn.prepare_cached(
        "select id, blocked_until, next_eligible_at, expires_at, suppressed from recipients where key = ?1",
    )?
    .query_row([key], Known::from_row)
    .optional()
}

/// A row that may go out must have values that the message can use.
fn with_values(decision: Decision, values: Option<&str>, check: &mut CheckValues<'_>) -> Decision {
    match decision {
        Decision::Wait { not_before } => match check(values) {
            Ok(()) => Decision::Wait { not_before },
            Err((skip, detail)) => Decision::Skip { skip, detail: Some(detail) },
        },
        skip @ Decision::Skip { .. } => skip,
    }
}

/// One planning transaction.
struct Stage<'c> {
    conn: &'c Connection,
    broadcast: &'c Broadcast,
    listing: i64,
    rivals: Vec<i64>,
    new_recipient: rusqlite::CachedStatement<'c>,
    new_send: rusqlite::CachedStatement<'c>,
    hold: rusqlite::CachedStatement<'c>,
    pending: i64,
    skipped: i64,
    changed_values: u64,
    newly_skipped: u64,
    later: u64,
}

impl<'c> Stage<'c> {
    fn new(conn: &'c Connection, broadcast: &'c Broadcast, listing: i64) -> rusqlite::Result<Self> {
        Ok(Self {
            conn,
            broadcast,
            listing,
            rivals: rivals(conn, broadcast)?,
            new_recipient: conn.prepare_cached(
                "insert into recipients (key, token, page) values (?1, ?2, ?3) on conflict (key) do nothing",
            )?,
            new_send: conn.prepare_cached(
                "insert into sends (broadcast, recipient, listing, state, not_before, row_values, reason, finished_at)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (broadcast, recipient) do nothing",
            )?,
            hold: conn.prepare_cached("insert or ignore into listing_rows (listing, send) values (?1, ?2)")?,
            pending: 0,
            skipped: 0,
            changed_values: 0,
            newly_skipped: 0,
            later: 0,
        })
    }

    fn add(&mut self, row: &ListedRow, terms: Terms, check: &mut CheckValues<'_>) -> rusqlite::Result<()> {
        let inserted = self.new_recipient.execute((row.key, &row.token, &self.broadcast.page))? == 1;
        let known = if inserted {
            Known { id: self.conn.last_insert_rowid(), ..Known::default() }
        } else {
            known(self.conn, &row.key)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?
        };
        let other = !inserted && reached(self.conn, &self.rivals, known.id)?;
        let decide = |laters, check: &mut CheckValues<'_>| {
            with_values(judge(Some(&known), other, laters, terms), row.values.as_deref(), check)
        };
        // Somebody new has no row here yet; somebody known may have.
        let existing = if inserted { None } else { self.existing(known.id)? };
        let Some(existing) = existing else {
            let decision = decide(Laters::default(), check);
            self.new_send.execute((
                self.broadcast.id,
                known.id,
                self.listing,
                decision.state(),
                decision.not_before(),
                row.values.as_deref(),
                decision.reason(),
                decision.decided_at(terms.now),
            ))?;
            let send = self.conn.last_insert_rowid();
            self.hold.execute((self.listing, send))?;
            self.count(decision.state(), 1);
            self.note(&decision);
            return Ok(());
        };
        if self.hold.execute((self.listing, existing.id))? == 0 {
            // A duplicate inside the list, or a row of a planning that was cut off and is continued.
            return Ok(());
        }
        let planned_before = existing.planned || existing.listing == self.listing;
        match existing.state {
            // The first listing to be planned fixes a row's values: one that was cut off fixed nothing.
            State::Pending if !planned_before => {
                self.take_over(&existing, decide(existing.laters, check), row, terms)?
            }
            State::Skipped => self.take_over(&existing, decide(existing.laters, check), row, terms)?,
            _ if existing.row_values.as_deref() != row.values.as_deref() => self.changed_values += 1,
            _ => {}
        }
        Ok(())
    }

    fn existing(&self, recipient: i64) -> rusqlite::Result<Option<Existing>> {
        self.conn
            .prepare_cached(
                "select s.id, s.state, s.listing, s.row_values, s.laters, s.first_later_at, l.planned_at is not null
                 from sends s join listings l on l.id = s.listing where s.broadcast = ?1 and s.recipient = ?2",
            )?
            .query_row((self.broadcast.id, recipient), |row| {
                Ok(Existing {
                    id: row.get(0)?,
                    state: row.get(1)?,
                    listing: row.get(2)?,
                    row_values: row.get(3)?,
                    laters: Laters { count: row.get(4)?, first_at: row.get::<_, Option<i64>>(5)?.map(UnixMillis) },
                    planned: row.get(6)?,
                })
            })
            .optional()
    }

    fn take_over(
        &mut self,
        existing: &Existing,
        decision: Decision,
        row: &ListedRow,
        terms: Terms,
    ) -> rusqlite::Result<()> {
        self.conn
            .prepare_cached(
                "update sends set listing = ?2, state = ?3, not_before = ?4, reason = ?5, row_values = ?6, finished_at = ?7
                 where id = ?1",
            )?
            .execute((
                existing.id,
                self.listing,
                decision.state(),
                decision.not_before(),
                decision.reason(),
                row.values.as_deref(),
                decision.decided_at(terms.now),
            ))?;
        self.count(existing.state, -1);
        self.count(decision.state(), 1);
        self.note(&decision);
        Ok(())
    }

    fn note(&mut self, decision: &Decision) {
        self.newly_skipped += u64::from(decision.state() == State::Skipped);
        self.later += u64::from(decision.not_before() > 0);
    }

    fn count(&mut self, state: State, n: i64) {
        match state {
            State::Skipped => self.skipped += n,
            _ => self.pending += n,
        }
    }

    fn finish(self) -> rusqlite::Result<()> {
        add_to_state(self.conn, self.broadcast.id, State::Pending, self.pending)?;
        add_to_state(self.conn, self.broadcast.id, State::Skipped, self.skipped)
    }
}

struct Existing {
    id: i64,
    state: State,
    listing: i64,
    row_values: Option<String>,
    laters: Laters,
    planned: bool,
}
