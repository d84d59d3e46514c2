//! May this person get this message: now, later or never? Pure, and the only place that decides it: planning, a dry run and a claim
//! ask here, so that they agree.

use std::time::Duration;

use super::people::suppression::Suppression;
use super::state::{Skip, State};
use crate::clock::UnixMillis;
use crate::times::hours::{Hours, Zone};

/// A row is never available after this many refusals of class later …
pub const MAX_LATERS: i64 = 3;
/// … or this long after the first of them.
pub const MAX_LATER_SPAN: Duration = Duration::from_hours(7 * 24);

/// What the ledger knows of a person, as far as it decides whether they may get a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The cool-down's end, by this ledger's own sends.
    pub blocked_until: UnixMillis,
    /// What that was before a claim whose request has no answer yet. It decides nothing.
    pub before_claim: Option<UnixMillis>,
    /// The same of the person's other tokens; `None`: no other is known to be theirs.
    pub others_blocked_until: Option<UnixMillis>,
    /// When Graph lets the person have the next message, from anybody; `None` while it was not asked.
    pub next_eligible_at: Option<UnixMillis>,
    /// When the subscription token expires, where that is known.
    pub expires_at: Option<UnixMillis>,
    pub suppressed: Option<Suppression>,
    /// Where quiet hours are theirs; empty if that is not known.
    pub zone: Zone,
}

impl Person {
    /// When this person may get the next message.
    pub fn free_at(&self) -> UnixMillis {
        let others = self.next_eligible_at.max(self.others_blocked_until);
        others.map_or(self.blocked_until, |others| others.max(self.blocked_until))
    }
}

/// What a person has of a campaign already, or may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reached {
    #[default]
    Nothing,
    OtherMessage,
    /// This message, by another of their tokens; or it is about to go there.
    ByOtherToken,
}

impl Reached {
    const fn skip(self) -> Option<Skip> {
        match self {
            Self::Nothing => None,
            Self::OtherMessage => Some(Skip::OtherMessage),
            Self::ByOtherToken => Some(Skip::OtherToken),
        }
    }
}

/// What holds for all rows of a run.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub now: UnixMillis,
    /// When the campaign ends or `--until` passes.
    pub end: Option<UnixMillis>,
    pub lost: Lost,
    /// At which hours the broadcast may go out.
    pub hours: Hours,
}

/// What a ledger may not know any more, after an old copy of it was put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Everybody may have been messaged: nobody gets anything before.
    pub nobody_before: UnixMillis,
    /// Rows that are judged may have been sent.
    pub rows: bool,
}

/// How often, and since when, this person was refused as "later" in this broadcast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Laters {
    pub count: i64,
    pub first_at: Option<UnixMillis>,
}

impl Laters {
    fn is_never(self, now: UnixMillis) -> bool {
        self.count >= MAX_LATERS || self.first_at.is_some_and(|first| first.plus(MAX_LATER_SPAN) <= now)
    }
}

/// The reason of a row that waits for its hour.
pub const OFF_HOURS: &str = "off_hours";

/// What was decided about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Now,
    Later {
        at: UnixMillis,
    },
    /// The person may get it, but the broadcast not go out before: the hour is wrong.
    OffHours {
        at: UnixMillis,
    },
    Never {
        skip: Skip,
        /// What is wrong with the row's values.
        detail: Option<String>,
    },
}

impl Decision {
    pub const fn never(skip: Skip) -> Self {
        Self::Never { skip, detail: None }
    }

    /// The row's next state.
    pub fn state(&self) -> State {
        match self {
            Self::Now | Self::Later { .. } | Self::OffHours { .. } => State::Pending,
            Self::Never { .. } => State::Skipped,
        }
    }

    /// From when on the row may go out; 0 is at once.
    pub fn not_before(&self) -> UnixMillis {
        match self {
            Self::Later { at } | Self::OffHours { at } => *at,
            Self::Now | Self::Never { .. } => UnixMillis(0),
        }
    }

    /// Whether the row waits for a time.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Later { .. } | Self::OffHours { .. })
    }

    /// When a skipped row got its state.
    pub fn decided_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        (self.state() == State::Skipped).then_some(now)
    }

    /// Why the row was skipped, or waits for its hour.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Now | Self::Later { .. } => None,
            Self::OffHours { .. } => Some(OFF_HOURS.to_owned()),
            Self::Never { skip, detail: None } => Some(skip.name().to_owned()),
            Self::Never { skip, detail: Some(detail) } => Some(format!("{skip}: {detail}")),
        }
    }
}

/// May this person get this message? `person` is `None` for somebody the ledger has never seen.
pub fn judge(person: Option<&Person>, reached: Reached, laters: Laters, terms: Terms) -> Decision {
    if let Some(person) = person {
        if let Some(why) = person.suppressed {
            return Decision::never(why.skip());
        }
        if person.expires_at.is_some_and(|expires| expires <= terms.now) {
            return Decision::never(Skip::Expired);
        }
    }
    if let Some(skip) = reached.skip() {
        return Decision::never(skip);
    }
    if terms.lost.rows {
        return Decision::never(Skip::Restored);
    }
    if laters.is_never(terms.now) {
        return Decision::never(Skip::NeverAvailable);
    }
    let free_at = person.map_or(UnixMillis(0), Person::free_at).max(terms.lost.nobody_before);
    let due_at = free_at.max(terms.now);
    let open_at = terms.hours.open_at(person.map_or_else(Zone::default, |person| person.zone), due_at);
    if terms.end.is_some_and(|end| end <= open_at) {
        return Decision::never(Skip::Ended);
    }
    match open_at {
        at if at > due_at => Decision::OffHours { at },
        _ if free_at <= terms.now => Decision::Now,
        _ => Decision::Later { at: free_at },
    }
}

/// What becomes of a row whose request got nothing: it may go out from `at` on (0: at once), unless its broadcast was closed
/// meanwhile.
pub fn put_back(at: UnixMillis, is_closed: bool) -> Decision {
    match at {
        _ if is_closed => Decision::never(Skip::Closed),
        UnixMillis(0) => Decision::Now,
        at => Decision::Later { at },
    }
}

/// What becomes of a row that was refused as "later" for the last of `laters`: it may go out from `until` on.
pub fn put_off(until: UnixMillis, laters: Laters, is_closed: bool, terms: Terms) -> Decision {
    if laters.is_never(terms.now) {
        return Decision::never(Skip::NeverAvailable);
    }
    match put_back(until, is_closed) {
        Decision::Later { at } if terms.end.is_some_and(|end| end <= at) => Decision::never(Skip::Ended),
        decision => decision,
    }
}

#[cfg(test)]
mod tests;
