//! Why nothing goes to a person, and what ends that. Pure.

use crate::clock::UnixMillis;
use crate::ledger::state::Skip;

/// Why nothing goes to a person, in any broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suppression {
    /// The person stopped marketing messages (2300034, or a stop event).
    OptedOut,
    /// The token expired (2300037).
    Expired,
    /// Messages are not allowed in the person's region (2300032).
    Region,
    /// The operator suppressed the person.
    Operator,
    /// The person was erased.
    Erased,
}

/// What may end a suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lift {
    /// The person resumed marketing messages.
    Resume,
    /// The person opted in with a token that has not expired.
    OptIn,
    /// Meta's token list says that the token expires later.
    Listed,
    /// The operator takes it back.
    Operator,
}

impl Suppression {
    /// Who may lift whose suppression. No event and no list lifts an operator's; that somebody is in Meta's list does not say that they
    /// resumed.
    const fn is_lifted_by(self, lift: Lift) -> bool {
        match (self, lift) {
            (Self::OptedOut, Lift::Resume)
            | (Self::Expired, Lift::OptIn | Lift::Listed)
            | (Self::Operator, Lift::Operator) => true,
            (Self::OptedOut, Lift::OptIn | Lift::Listed | Lift::Operator)
            | (Self::Expired, Lift::Resume | Lift::Operator)
            | (Self::Operator, Lift::Resume | Lift::OptIn | Lift::Listed)
            | (Self::Region | Self::Erased, _) => false,
        }
    }

    /// As stored; [`Suppression::of_name`] reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::Expired => "expired",
            Self::Region => "region",
            Self::Operator => "operator",
            Self::Erased => "erased",
        }
    }

    /// A reason that this version does not know counts as an operator's, which nothing lifts automatically.
    pub fn of_name(name: &str) -> Self {
        [Self::OptedOut, Self::Expired, Self::Region, Self::Erased]
            .into_iter()
            .find(|suppression| suppression.name() == name)
            .unwrap_or(Self::Operator)
    }

    /// Why a row of such a person is skipped.
    pub const fn skip(self) -> Skip {
        match self {
            Self::OptedOut => Skip::OptedOut,
            Self::Expired => Skip::Expired,
            Self::Region => Skip::Region,
            Self::Operator | Self::Erased => Skip::Suppressed,
        }
    }

    /// Whether it takes the place of another reason: what lifts that one must not let messages go to somebody whom the operator
    /// suppressed or erased.
    const fn outranks(self, other: Self) -> bool {
        match self {
            Self::Erased => true,
            Self::Operator => !matches!(other, Self::Erased),
            Self::OptedOut | Self::Expired | Self::Region => false,
        }
    }
}

/// A suppression, and since when. The time is missing only if somebody edited the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppressed {
    pub why: Suppression,
    pub since: Option<UnixMillis>,
}

/// The stop or resume of a person that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub at: UnixMillis,
    pub opted_out: bool,
}

impl Choice {
    /// What counts after this was received: itself, or `None` if `newest` still does. A stop always counts, whatever its date: a wrong
    /// date must not make it unheard. A resume counts if it is dated after `newest`; in the same moment the stop wins.
    #[must_use]
    pub fn after(self, newest: Option<Self>) -> Option<Self> {
        match newest {
            Some(newest) if newest.opted_out && self.opted_out => Some(Self { at: self.at.max(newest.at), ..self }),
            Some(newest) if !self.opted_out && self.at <= newest.at => None,
            _ => Some(self),
        }
    }
}

/// The suppression after another reason came up. The first reason stays until it is lifted, unless the other one outranks it. The same
/// reason given again is as new as the last time, so that a resume from in between does not lift it. An opt-out older than the
/// person's resume does not count.
pub fn suppress(
    now: Option<Suppressed>,
    why: Suppression,
    at: UnixMillis,
    choice: Option<Choice>,
) -> Option<Suppressed> {
    let resumed_since = choice.is_some_and(|choice| !choice.opted_out && choice.at > at);
    match now {
        Some(other) if other.why != why && !why.outranks(other.why) => now,
        Some(other) if other.why != why => Some(Suppressed { why, since: Some(at) }),
        _ if why == Suppression::OptedOut && resumed_since => now,
        _ => Some(Suppressed { why, since: now.and_then(|now| now.since).max(Some(at)) }),
    }
}

/// The suppression after `lift` at this time. What is newer than that stays, and an opt-out that another reason hid counts again.
pub fn lift(now: Option<Suppressed>, lift: Lift, at: UnixMillis, choice: Option<Choice>) -> Option<Suppressed> {
    match now {
        Some(Suppressed { why, since: Some(since) }) if why.is_lifted_by(lift) && since <= at => choice
            .filter(|choice| choice.opted_out)
            .map(|choice| Suppressed { why: Suppression::OptedOut, since: Some(choice.at) }),
        _ => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Suppression; 5] =
        [Suppression::OptedOut, Suppression::Expired, Suppression::Region, Suppression::Operator, Suppression::Erased];

    fn since(why: Suppression, at: i64) -> Option<Suppressed> {
        Some(Suppressed { why, since: Some(UnixMillis(at)) })
    }

    fn choice(at: i64, opted_out: bool) -> Option<Choice> {
        Some(Choice { at: UnixMillis(at), opted_out })
    }

    #[test]
    fn each_suppression_is_lifted_by_its_own_event_and_by_no_other() {
        for why in ALL {
            for by in [Lift::Resume, Lift::OptIn, Lift::Listed, Lift::Operator] {
                let lifted = matches!(
                    (why, by),
                    (Suppression::OptedOut, Lift::Resume)
                        | (Suppression::Expired, Lift::OptIn | Lift::Listed)
                        | (Suppression::Operator, Lift::Operator)
                );
                let after = lift(since(why, 5), by, UnixMillis(5), None);
                assert_eq!(after.is_none(), lifted, "{why:?} by {by:?}");
                // What is newer than the event stays.
                assert_eq!(lift(since(why, 6), by, UnixMillis(5), None), since(why, 6), "{why:?} by {by:?}");
            }
            assert_eq!(Suppression::of_name(why.name()), why);
        }
        assert_eq!(Suppression::of_name("a later version's"), Suppression::Operator);
    }

    #[test]
    fn a_stop_always_counts_and_a_resume_only_if_it_is_the_newest() {
        let (stop, resume) = (choice(5, true), choice(5, false));
        for (newest, at, opted_out, counts) in [
            (None, 5, true, choice(5, true)),
            (None, 5, false, choice(5, false)),
            (resume, 4, true, choice(4, true)),
            (resume, 5, true, choice(5, true)),
            (stop, 4, true, choice(5, true)),
            (stop, 6, true, choice(6, true)),
            (stop, 4, false, None),
            (stop, 5, false, None),
            (stop, 6, false, choice(6, false)),
            (resume, 4, false, None),
            (resume, 6, false, choice(6, false)),
        ] {
            let said = Choice { at: UnixMillis(at), opted_out };
            assert_eq!(said.after(newest), counts, "{said:?} after {newest:?}");
        }
    }

    #[test]
    fn the_first_reason_stays_and_the_same_one_told_again_is_newer() {
        let at = UnixMillis(9);
        for why in ALL {
            for other in ALL.into_iter().filter(|other| *other != why) {
                let takes_over = match other {
                    Suppression::Erased => true,
                    Suppression::Operator => why != Suppression::Erased,
                    _ => false,
                };
                let stays = if takes_over { since(other, 9) } else { since(why, 5) };
                assert_eq!(suppress(since(why, 5), other, at, None), stays);
            }
            assert_eq!(suppress(since(why, 5), why, at, None), since(why, 9));
            assert_eq!(suppress(since(why, 15), why, at, None), since(why, 15));
            assert_eq!(suppress(None, why, at, None), since(why, 9));
        }
        for (resumed_at, suppressed) in [(8, true), (9, true), (10, false)] {
            let after = suppress(None, Suppression::OptedOut, at, choice(resumed_at, false));
            assert_eq!(after.is_some(), suppressed, "{resumed_at}");
        }
        assert!(suppress(None, Suppression::Expired, at, choice(10, false)).is_some());
    }

    #[test]
    fn an_opt_out_that_another_reason_hid_counts_once_that_is_lifted() {
        let expired = since(Suppression::Expired, 3);
        let stopped = choice(5, true);
        assert_eq!(suppress(expired, Suppression::OptedOut, UnixMillis(5), stopped), expired);
        let after = lift(expired, Lift::OptIn, UnixMillis(9), stopped);
        assert_eq!(after, since(Suppression::OptedOut, 5));
        assert_eq!(lift(after, Lift::Resume, UnixMillis(10), choice(10, false)), None);
        assert_eq!(lift(expired, Lift::OptIn, UnixMillis(9), choice(5, false)), None);
    }
}
