//! Judging one person: pure, so that a plan, a dry run and a claim agree.

use std::time::Duration;

use rusqlite::Row;

use crate::clock::UnixMillis;
use crate::ledger::state::{Skip, State};

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
    pub(in crate::ledger) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
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
    pub(super) fn state(&self) -> State {
        match self {
            Self::Wait { .. } => State::Pending,
            Self::Skip { .. } => State::Skipped,
        }
    }

    pub(super) fn not_before(&self) -> i64 {
        match self {
            Self::Wait { not_before } => not_before.0,
            Self::Skip { .. } => 0,
        }
    }

    /// When a skipped row got its state.
    pub(super) fn decided_at(&self, now: UnixMillis) -> Option<i64> {
        (self.state() == State::Skipped).then_some(now.0)
    }

    pub(super) fn reason(&self) -> Option<String> {
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

/// May this person get this message now, later or not at all?
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
