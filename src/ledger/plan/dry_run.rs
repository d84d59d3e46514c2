//! A dry run: what planning a list would do; nothing is written.

use std::collections::{BTreeMap, HashSet};

use super::check::{CheckValues, with_values};
use super::stage::existing;
use crate::clock::UnixMillis;
use crate::ledger::broadcasts::{Broadcast, BroadcastKey};
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Conn};
use crate::ledger::error::Result;
use crate::ledger::gate::PlanTerms;
use crate::ledger::judge::{Decision, Laters, OFF_HOURS, Reached, Terms, judge};
use crate::ledger::people;
use crate::ledger::rivals::{Judged, RivalTerms, Rivals};
use crate::ledger::settled::COOLING_DOWN;
use crate::ledger::split::Arms;
use crate::ledger::spool::{ListedRow, Listing};
use crate::ledger::state::State;

/// What a dry run found.
#[derive(Clone, Debug, Default)]
pub struct DryPlan {
    pub duplicates: u64,
    /// People who would be sent to at once.
    pub now: u64,
    /// People who would be sent to later, the first of them at `next_at`.
    pub later: u64,
    pub next_at: Option<UnixMillis>,
    /// Why those wait.
    pub waits: BTreeMap<&'static str, u64>,
    /// In which hour they would be sent to, in hours since 1970.
    pub by_hour: BTreeMap<i64, u64>,
    pub skipped: BTreeMap<&'static str, u64>,
    /// People who already have an outcome in this broadcast.
    pub settled: BTreeMap<State, u64>,
    /// Of those who would be sent to, now or later, by arm.
    pub by_arm: BTreeMap<i64, u64>,
    /// Those of them who have several tokens.
    going: HashSet<i64>,
}

impl Ledger {
    /// What planning this list would do; nothing is written.
    pub fn dry_plan(
        &self,
        broadcast: Option<&Broadcast>,
        (rivals, arms): (&Rivals, Option<&Arms>),
        list: &mut Listing,
        asked: PlanTerms,
        check: &mut CheckValues<'_>,
    ) -> Result<DryPlan> {
        let terms = self.gate()?.terms_of_plan(&asked);
        self.dry_rows(broadcast, (rivals, arms), list, terms, check).map_err(|error| error.at(self.address()))
    }

    fn dry_rows(
        &self,
        broadcast: Option<&Broadcast>,
        (rivals, arms): (&Rivals, Option<&Arms>),
        list: &mut Listing,
        terms: Terms,
        check: &mut CheckValues<'_>,
    ) -> Result<DryPlan> {
        // Beside the ledger, which may be one that nobody can write to.
        let seen = Conn::unnamed()?;
        seen.execute_batch("create table seen (key blob primary key) without rowid")?;
        let seen = seen.begin()?;
        let mut see = seen.prepare_cached("insert into seen (key) values (?1) on conflict do nothing")?;
        let mut dry = DryPlan::default();
        while let Some(row) = list.next_row()? {
            if see.execute([row.key])? == 0 {
                dry.duplicates += 1;
                continue;
            }
            self.dry_row(broadcast, (rivals, arms), row, terms, check, &mut dry)?;
        }
        Ok(dry)
    }

    fn dry_row(
        &self,
        broadcast: Option<&Broadcast>,
        (rivals, arms): (&Rivals, Option<&Arms>),
        row: &ListedRow,
        terms: Terms,
        check: &mut CheckValues<'_>,
        dry: &mut DryPlan,
    ) -> db::Result<()> {
        let known = people::find(&self.conn, &row.key)?;
        let arm = arms.and_then(|arms| arms.arm(&row.key));
        let mut laters = Laters::default();
        let mut waits = None;
        let mut values = row.values.clone();
        if let (Some(broadcast), Some(known)) = (broadcast, &known)
            && let Some(existing) = existing(&self.conn, broadcast.id, known.0)?
        {
            if !matches!(existing.state, State::Pending | State::Skipped) {
                *dry.settled.entry(existing.state).or_default() += 1;
                return Ok(());
            }
            laters = existing.laters;
            waits = Some(existing.id).filter(|_| existing.state == State::Pending);
            values = existing.values_for(row.values.as_deref(), arm, check);
        }
        let judged = known.as_ref().map(|(id, person)| Judged::new(*id, person, waits));
        let reached = match judged {
            Some(judged) => self.reached(judged, rivals, terms.now, &dry.going)?,
            None => Reached::Nothing,
        };
        let person = known.as_ref().map(|(_, person)| person);
        let decision = with_values(judge(person, reached, laters, terms), arm, values.as_deref(), check);
        if let Some(judged) = judged.filter(|judged| judged.has_others && decision.state() == State::Pending) {
            dry.going.insert(judged.recipient);
        }
        let why = if matches!(decision, Decision::OffHours { .. }) { OFF_HOURS } else { COOLING_DOWN };
        if let (State::Pending, Some(arm)) = (decision.state(), arm) {
            *dry.by_arm.entry(arm).or_default() += 1;
        }
        match decision {
            Decision::Later { at } | Decision::OffHours { at } => {
                dry.later += 1;
                dry.next_at = Some(dry.next_at.map_or(at, |next| next.min(at)));
                *dry.waits.entry(why).or_default() += 1;
                *dry.by_hour.entry(at.hour()).or_default() += 1;
            }
            Decision::Now => dry.now += 1,
            Decision::Never { skip, .. } => *dry.skipped.entry(skip.name()).or_default() += 1,
        }
        Ok(())
    }

    /// What the person has, or would get by a row before this one.
    fn reached(&self, judged: Judged, rivals: &Rivals, now: UnixMillis, going: &HashSet<i64>) -> db::Result<Reached> {
        let reached = rivals.reached(&self.conn, judged, RivalTerms { now, listing: None })?;
        let is_going =
            |id| people::others::of(&self.conn, id, now).map(|all| all.iter().any(|one| going.contains(&one.id)));
        if reached == Reached::Nothing && judged.has_others && is_going(judged.recipient)? {
            return Ok(Reached::ByOtherToken);
        }
        Ok(reached)
    }

    /// The rivals of a broadcast that may not exist yet: then it is the first of its message, or the next repeat.
    pub fn rivals_of(
        &self,
        broadcast: Option<&Broadcast>,
        key: &BroadcastKey<'_>,
        new_message: bool,
    ) -> Result<Rivals> {
        let rivals = self.read(|conn| match broadcast {
            Some(broadcast) => Rivals::of(conn, broadcast),
            None => Rivals::of_new(conn, (key.campaign, key.page), key.fingerprint),
        })?;
        Ok(if new_message { rivals.without_others() } else { rivals })
    }
}
