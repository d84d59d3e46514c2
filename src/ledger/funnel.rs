//! What became of the messages, for reports, from the sums of `tally`. No send or event is read, except for the few that failed, were
//! refused or are unknown.

use std::collections::{BTreeMap, HashMap};

use super::db::{self, Conn};

use super::broadcasts::ShortPrint;
use super::database::Ledger;
use super::error::Result;
use super::events::How;
use super::split::{Arm, Split};
use super::sql::{sql, unsigned};
use super::state::{Skip, State};
use super::tally::{self, What};
use crate::clock::UnixMillis;

const FAILURES: &str = "select failure, count(*) from sends indexed by sends_failed
     where broadcast = ?1 and claimed_at >= ?2 and claimed_at < ?3 and failed_at is not null
     and delivered_at is null and read_at is null and clicked_at is null
     group by failure";
const REFUSALS: &str = sql!(
    "select claimed_at / 3600000, code, count(*) from sends indexed by sends_refused
     where broadcast = ?1 and state = {refused} and claimed_at >= ?2 and claimed_at < ?3 group by 1, 2"
);
const UNKNOWNS: &str = sql!(
    "select claimed_at / 3600000, count(*) from sends indexed by sends_unknown
     where broadcast = ?1 and state = {unknown} and claimed_at >= ?2 and claimed_at < ?3 group by 1"
);

/// Which broadcasts a report covers; all that is given must hold.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub page: Option<String>,
    pub ad_account: Option<String>,
    pub campaign: Option<String>,
    pub broadcast: Option<i64>,
    pub label: Option<String>,
}

impl Coverage {
    /// Nothing narrower was asked for.
    pub fn is_of_whole_page(&self) -> bool {
        self.campaign.is_none() && self.broadcast.is_none() && self.label.is_none()
    }
}

/// The hours in which messages were sent, counted from 1970, the last one not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from: i64,
    pub to: i64,
}

impl Hours {
    /// Whole hours: those that `since` and the moment before `until` fall in, too.
    pub fn between(since: Option<UnixMillis>, until: Option<UnixMillis>) -> Self {
        let whole = Self::ALL;
        Self {
            from: since.map_or(whole.from, |at| at.hour()),
            to: until.map_or(whole.to, |at| UnixMillis(at.0.saturating_sub(1)).hour() + 1),
        }
    }

    /// Every hour whose milliseconds can be counted.
    pub const ALL: Self = Self { from: UnixMillis(i64::MIN).hour(), to: UnixMillis(i64::MAX).hour() };

    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// When the first hour begins; `None` without a beginning.
    pub fn since(self) -> Option<UnixMillis> {
        (self.from != Self::ALL.from).then_some(UnixMillis::of_hour(self.from))
    }

    /// When the last hour ends; `None` without an end.
    pub fn until(self) -> Option<UnixMillis> {
        (self.to != Self::ALL.to).then_some(UnixMillis::of_hour(self.to))
    }
}

/// A broadcast that a report covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    pub id: i64,
    pub page: String,
    pub ad_account: String,
    pub campaign: String,
    /// What the campaign was called when it was last sent with.
    pub campaign_name: Option<String>,
    /// What the operator calls it.
    pub label: Option<String>,
    /// The first 12 hex digits of the message's fingerprint.
    pub message: String,
    pub created_at: UnixMillis,
    /// Whether it is the campaign's only one in this ledger.
    pub alone: bool,
    /// Its arms, where it has several messages.
    pub split: Option<Split>,
    pub counts: Counts,
}

/// Sums by stage, in the order of `Stage::ALL`.
pub type ByStage = [u64; 5];

/// What the ledger counted of some sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub accepted: u64,
    pub refused: u64,
    pub unknown: u64,
    /// Rows that nothing was sent for; not of any hour, and so zero in a range of hours.
    pub pending: u64,
    pub claimed: u64,
    pub skipped: u64,
    /// Of the skipped rows, those of a split's holdout.
    pub held_out: u64,
    /// How many of the messages reached each stage.
    pub reached: ByStage,
    /// Of those, by token, campaign and time alone.
    pub inferred: ByStage,
    /// Of those, where several sends could be meant.
    pub ambiguous: ByStage,
    /// How long after sending each stage came: see `events::marks::bucket_of`.
    pub after: [BTreeMap<u8, u64>; 5],
    /// By arm, how many messages were accepted and reached each stage; of one broadcast alone, for arms of others are others.
    pub arms: BTreeMap<u8, (u64, ByStage)>,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.accepted, other.accepted),
            (&mut self.refused, other.refused),
            (&mut self.unknown, other.unknown),
            (&mut self.pending, other.pending),
            (&mut self.claimed, other.claimed),
            (&mut self.skipped, other.skipped),
            (&mut self.held_out, other.held_out),
        ] {
            *sum += n;
        }
        for stage in 0..5 {
            self.reached[stage] += other.reached[stage];
            self.inferred[stage] += other.inferred[stage];
            self.ambiguous[stage] += other.ambiguous[stage];
            for (bucket, n) in &other.after[stage] {
                *self.after[stage].entry(*bucket).or_default() += n;
            }
        }
    }
}

/// One hour: what was sent in it, what has become of that, and what happened in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    pub accepted: u64,
    pub refused: u64,
    pub unknown: u64,
    /// Stages that were reached in this hour, by messages of any hour.
    pub reached: ByStage,
    /// Of the messages sent in this hour, how many have reached each stage.
    pub of_sent: ByStage,
}

/// All that a report needs of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub broadcasts: Vec<Covered>,
    pub hours: BTreeMap<i64, Hour>,
    /// Why messages failed, as Meta worded it.
    pub failures: HashMap<Option<String>, u64>,
    pub refusals: BTreeMap<Option<i64>, u64>,
    /// Events of no send in this ledger, whatever is covered.
    pub foreign: u64,
}

impl Counted {
    pub fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        self.broadcasts.iter().for_each(|broadcast| totals.add(&broadcast.counts));
        totals
    }
}

impl Ledger {
    /// Counts for a report, all as of one moment.
    pub fn counted(&self, coverage: &Coverage, hours: Hours) -> Result<Counted> {
        self.read(|conn| {
            // A run may commit between two questions.
            let moment = conn.snapshot()?;
            let mut counted = Counted { broadcasts: covered(&moment, coverage)?, ..Counted::default() };
            let mut broadcasts = std::mem::take(&mut counted.broadcasts);
            for broadcast in &mut broadcasts {
                broadcast.counts = counted.count(&moment, broadcast.id, hours)?;
                let holds_out = broadcast.split.as_ref().is_some_and(|split| split.arms().iter().any(Arm::is_holdout));
                if holds_out && hours.is_all() {
                    broadcast.counts.held_out = held_out(&moment, broadcast.id)?;
                }
            }
            counted.broadcasts = broadcasts;
            tally::by_hour(&moment, 0, (hours.from, hours.to), &mut |_, _, n| counted.foreign += n)?;
            Ok(counted)
        })
    }
}

fn covered(conn: &Conn, coverage: &Coverage) -> db::Result<Vec<Covered>> {
    conn.prepare_cached(
        "select id, page, ad_account, campaign, fingerprint, created_at,
                (select count(*) from broadcasts o where o.page = b.page and o.campaign = b.campaign) = 1, split, label, campaign_name
         from broadcasts b
         where (cast(?1 as text) is null or page = ?1) and (cast(?2 as text) is null or ad_account = ?2) and (cast(?3 as text) is null or campaign = ?3)
           and (cast(?4 as bigint) is null or id = ?4) and (cast(?5 as text) is null or label = ?5)
         order by id",
    )?
    .query_map((&coverage.page, &coverage.ad_account, &coverage.campaign, coverage.broadcast, &coverage.label), |row| {
        Ok(Covered {
            id: row.get(0)?,
            page: row.get(1)?,
            ad_account: row.get(2)?,
            campaign: row.get(3)?,
            campaign_name: row.get(9)?,
            label: row.get(8)?,
            message: row.get::<ShortPrint>(4)?.0,
            created_at: UnixMillis(row.get(5)?),
            alone: row.get(6)?,
            split: row.get(7)?,
            counts: Counts::default(),
        })
    })?
    .collect()
}

fn held_out(conn: &Conn, broadcast: i64) -> db::Result<u64> {
    let count = sql!(
        "select count(*) from sends indexed by sends_held_out where broadcast = ?1 and state = {skipped} and reason = '{holdout}'",
        holdout = Skip::Holdout.name()
    );
    conn.prepare_cached(count)?.query_row([broadcast], |row| row.get(0).map(unsigned))
}

impl Counted {
    fn count(&mut self, conn: &Conn, broadcast: i64, hours: Hours) -> db::Result<Counts> {
        let mut counts = self.count_hours(conn, broadcast, hours)?;
        if hours.is_all() {
            for (state, n) in tally::rows_by_state(conn, broadcast)? {
                match state {
                    State::Pending => counts.pending = n,
                    State::Claimed => counts.claimed = n,
                    State::Accepted => counts.accepted = n,
                    State::Skipped => counts.skipped = n,
                    // Their rows are counted below, with code and hour.
                    State::Refused | State::Unknown => {}
                }
            }
        }
        self.count_failures(conn, broadcast, hours)?;
        counts.refused = self.count_refusals(conn, broadcast, hours)?;
        counts.unknown = self.count_unknown(conn, broadcast, hours)?;
        Ok(counts)
    }

    fn count_hours(&mut self, conn: &Conn, broadcast: i64, hours: Hours) -> db::Result<Counts> {
        let mut counts = Counts::default();
        tally::by_hour(conn, broadcast, (hours.from, hours.to), &mut |at, what, n| match what {
            What::State(State::Accepted) => {
                self.hours.entry(at).or_default().accepted += n;
                counts.accepted += n;
            }
            What::Stage(stage) => self.hours.entry(at).or_default().reached[stage as usize] += n,
            What::Of(stage) => {
                self.hours.entry(at).or_default().of_sent[stage as usize] += n;
                counts.reached[stage as usize] += n;
            }
            What::OfHow(stage, How::Inferred) => counts.inferred[stage as usize] += n,
            What::OfHow(stage, How::Ambiguous) => counts.ambiguous[stage as usize] += n,
            What::After(stage, bucket) if n > 0 => *counts.after[stage as usize].entry(bucket).or_default() += n,
            What::OfArm(arm, None) => counts.arms.entry(arm).or_default().0 += n,
            What::OfArm(arm, Some(stage)) => counts.arms.entry(arm).or_default().1[stage as usize] += n,
            // Refused and unknown rows are counted themselves, with code and hour.
            What::OfHow(_, How::Exact) | What::After(..) | What::State(_) => {}
            What::Later | What::Back | What::Settled | What::Foreign => {}
        })?;
        Ok(counts)
    }

    fn count_failures(&mut self, conn: &Conn, broadcast: i64, hours: Hours) -> db::Result<()> {
        let mut statement = conn.prepare_cached(FAILURES)?;
        let mut rows = statement.query((broadcast, UnixMillis::of_hour(hours.from), UnixMillis::of_hour(hours.to)))?;
        while let Some(row) = rows.next()? {
            *self.failures.entry(row.get(0)?).or_default() += unsigned(row.get(1)?);
        }
        Ok(())
    }

    fn count_refusals(&mut self, conn: &Conn, broadcast: i64, hours: Hours) -> db::Result<u64> {
        let mut statement = conn.prepare_cached(REFUSALS)?;
        let mut rows = statement.query((broadcast, UnixMillis::of_hour(hours.from), UnixMillis::of_hour(hours.to)))?;
        let mut sum = 0;
        while let Some(row) = rows.next()? {
            let n = unsigned(row.get(2)?);
            self.hours.entry(row.get(0)?).or_default().refused += n;
            *self.refusals.entry(row.get(1)?).or_default() += n;
            sum += n;
        }
        Ok(sum)
    }

    /// Unknown sends are few: a burst of them ends a run.
    fn count_unknown(&mut self, conn: &Conn, broadcast: i64, hours: Hours) -> db::Result<u64> {
        let mut statement = conn.prepare_cached(UNKNOWNS)?;
        let mut rows = statement.query((broadcast, UnixMillis::of_hour(hours.from), UnixMillis::of_hour(hours.to)))?;
        let mut sum = 0;
        while let Some(row) = rows.next()? {
            let n = unsigned(row.get(1)?);
            self.hours.entry(row.get(0)?).or_default().unknown += n;
            sum += n;
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests;
