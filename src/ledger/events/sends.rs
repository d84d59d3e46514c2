//! Sends as the events of their people see them, and what an event means for one: decided here, whatever the engine.

use super::attribution::{Judgement, SendCandidate, attribute};
use super::counts::EventCounts;
use super::marks::Marks;
use super::stage::{How, Stage};
use crate::clock::UnixMillis;
use crate::ledger::db;
use crate::ledger::sql::sql;
use crate::ledger::state::State;
use crate::ledger::tally::{Tally, What};

/// A send as the events of its person see it.
pub struct SeenSend {
    pub broadcast: i64,
    /// Which of its messages it is, where it has several.
    pub arm: Option<i64>,
    pub state: State,
    pub candidate: SendCandidate,
    pub marks: Marks,
}

/// What [`SeenSend::read`] reads, of a row named `s`.
pub const COLUMNS: &str = sql!(
    "s.id, s.state, s.claimed_at, s.tracking_id, s.echoed_at, s.delivered_at, s.read_at, s.clicked_at, s.failed_at, s.failure,
     s.attribution, s.state in ({pending}, {skipped}) and (s.reason is not distinct from 'resolved' or exists
       (select 1 from attempts a where a.send = s.id and a.outcome = 'unknown')) as resolved, s.arm"
);

impl SeenSend {
    /// From [`COLUMNS`], the first at `first`, of a row that was claimed. `None`: no event can be about it.
    pub fn read(broadcast: i64, row: &db::Row<'_>, first: usize) -> db::Result<Option<Self>> {
        let state: State = row.get(first + 1)?;
        // A person said it was not sent, whatever the row waits for since, or was skipped for; what is heard of it knows better.
        let resolved: bool = row.get(first + 11)?;
        if !resolved && !matches!(state, State::Claimed | State::Accepted | State::Unknown) {
            return Ok(None);
        }
        let candidate = SendCandidate {
            send: row.get(first)?,
            claimed: state == State::Claimed,
            claimed_at: row.get(first + 2)?,
            tracking_id: row.get(first + 3)?,
        };
        Ok(Some(Self {
            broadcast,
            arm: row.get(first + 12)?,
            state,
            candidate,
            marks: Marks::from_row(row, first + 4)?,
        }))
    }

    /// A row whose request may be on its way: nothing else of it counts.
    pub fn on_the_wire(broadcast: i64, send: i64, claimed_at: UnixMillis) -> Self {
        let candidate = SendCandidate { send, claimed: true, claimed_at, tracking_id: None };
        Self { broadcast, arm: None, state: State::Claimed, candidate, marks: Marks::default() }
    }
}

/// What names the send that an event is about.
#[derive(Clone, Copy)]
pub struct About<'e> {
    pub recipient: Option<i64>,
    pub campaign: Option<&'e str>,
    pub page: Option<&'e str>,
    pub tracking_id: Option<&'e str>,
}

/// Among which sends of a person to look. Both are ids of Graph's, which gives each object its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of<'e> {
    Campaign(&'e str),
    Page(&'e str),
}

impl<'e> About<'e> {
    /// Among which sends of whom; `None`: of nobody's.
    pub fn among(&self) -> Option<(i64, Of<'e>)> {
        let of = match (self.campaign, self.page, self.tracking_id) {
            (Some(campaign), ..) => Of::Campaign(campaign),
            // Without its campaign only the tracking id can name it.
            (None, Some(page), Some(_)) => Of::Page(page),
            (None, ..) => return None,
        };
        self.recipient.map(|recipient| (recipient, of))
    }

    /// The one among these that an event of this time is about.
    pub fn judge(&self, candidates: &[&SendCandidate], at: UnixMillis) -> Judgement {
        match attribute(candidates, self.tracking_id, at) {
            Judgement::Of { how, .. } if self.campaign.is_none() && how != How::Exact => Judgement::Foreign,
            judgement => judgement,
        }
    }
}

impl Of<'_> {
    /// The broadcasts that it has.
    pub fn broadcasts(self, conn: &db::Conn) -> db::Result<Vec<i64>> {
        let (sql, name) = match self {
            Of::Campaign(campaign) => ("select id from broadcasts where campaign = ?1 order by id", campaign),
            Of::Page(page) => ("select id from broadcasts where page = ?1 order by id", page),
        };
        conn.prepare_cached(sql)?.query_map([name], |row| row.get(0))?.collect()
    }
}

/// What an event says.
#[derive(Clone, Copy)]
pub struct Said<'e> {
    pub stage: Stage,
    pub at: UnixMillis,
    pub failure: Option<&'e str>,
}

/// What changed of a row, and is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub marks: bool,
    /// What can only come from this send proves that it was accepted. The person's cool-down stays: it was set when the send became
    /// unknown. The state before.
    pub settled: Option<State>,
}

/// What one transaction's events told.
#[derive(Default)]
pub struct Told {
    pub counts: EventCounts,
    pub tally: Tally,
}

impl Told {
    /// Counts an event, and merges it into the row that it is about.
    pub fn add(&mut self, said: Said<'_>, judgement: Judgement, row: Option<&mut SeenSend>) -> Changed {
        let how = match judgement {
            Judgement::Of { how, .. } => how,
            Judgement::Waiting => {
                self.counts.waiting += 1;
                return Changed::default();
            }
            Judgement::Foreign => {
                self.counts.foreign += 1;
                self.tally.add(0, said.at, What::Foreign, 1);
                return Changed::default();
            }
        };
        match how {
            How::Exact => self.counts.exact += 1,
            How::Inferred => self.counts.inferred += 1,
            How::Ambiguous => self.counts.ambiguous += 1,
        }
        let Some(row) = row else { return Changed::default() };
        let mut changed = Changed::default();
        let claimed_at = row.candidate.claimed_at;
        let merged = row.marks.clone().with(said.stage, said.at.0, how, said.failure);
        if merged != row.marks {
            let (broadcast, arm, tally) = (row.broadcast, row.arm, &mut self.tally);
            for (sign, marks) in [(-1, &row.marks), (1, &merged)] {
                marks.count(claimed_at, &mut |at, what| {
                    tally.add(broadcast, at, what, sign);
                    if let What::Of(stage) = what {
                        tally.of_arm(broadcast, at, arm, Some(stage), sign);
                    }
                });
            }
            row.marks = merged;
            changed.marks = true;
        }
        if how != How::Ambiguous && row.state != State::Accepted {
            self.tally.moved(row.broadcast, claimed_at, row.state, State::Accepted);
            self.tally.of_arm(row.broadcast, claimed_at, row.arm, None, 1);
            self.tally.add(row.broadcast, claimed_at, What::Settled, 1);
            self.counts.settled += 1;
            changed.settled = Some(row.state);
            row.state = State::Accepted;
        }
        changed
    }
}
