//! Which send an event is about. Pure, and decided by Graph's answers alone, so that the order of events can't matter.

use super::stage::How;
use crate::clock::UnixMillis;
use crate::times::CLOCK_SKEW;

/// A send to the event's person in the event's campaign: accepted, unknown, or on its way.
#[derive(Clone, Debug)]
pub struct SendCandidate {
    pub send: i64,
    /// The request may be on its way: its outcome is not recorded yet.
    pub claimed: bool,
    pub claimed_at: UnixMillis,
    /// As Graph answered it; an unknown send has none.
    pub tracking_id: Option<String>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The candidate at this place.
    Of { place: usize, how: How },
    /// To be judged again once the outcome of a request is known.
    Waiting,
    /// The event of a send that is not in this ledger.
    Foreign,
}

impl Judgement {
    pub const fn number(self) -> i64 {
        match self {
            Self::Of { how, .. } => how as i64,
            Self::Waiting => 3,
            Self::Foreign => 4,
        }
    }

    pub fn place(self) -> Option<usize> {
        match self {
            Self::Of { place, .. } => Some(place),
            Self::Waiting | Self::Foreign => None,
        }
    }
}

/// The send among `candidates` that an event of this time is about.
pub fn attribute(candidates: &[&SendCandidate], tracking_id: Option<&str>, at: UnixMillis) -> Judgement {
    if tracking_id.is_some()
        && let Some(place) = candidates.iter().position(|candidate| candidate.tracking_id.as_deref() == tracking_id)
    {
        return Judgement::Of { place, how: How::Exact };
    }
    // A send with another tracking ID is ruled out; one without may be meant.
    let possible = |candidate: &SendCandidate| {
        candidate.claimed_at <= at.plus(CLOCK_SKEW) && (tracking_id.is_none() || candidate.tracking_id.is_none())
    };
    let mut newest: Option<(usize, &SendCandidate)> = None;
    let mut count = 0;
    for (place, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| possible(candidate)) {
        if candidate.claimed {
            return Judgement::Waiting;
        }
        count += 1;
        if newest.is_none_or(|(_, other)| (other.claimed_at, other.send) < (candidate.claimed_at, candidate.send)) {
            newest = Some((place, candidate));
        }
    }
    match newest {
        None => Judgement::Foreign,
        Some((place, _)) if count == 1 => Judgement::Of { place, how: How::Inferred },
        Some((place, _)) => Judgement::Of { place, how: How::Ambiguous },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(send: i64, claimed_at: i64, tracking_id: Option<&str>) -> SendCandidate {
        SendCandidate {
            send,
            claimed: false,
            claimed_at: UnixMillis(claimed_at),
            tracking_id: tracking_id.map(str::to_owned),
        }
    }

    fn found(candidates: &[SendCandidate], tracking_id: Option<&str>, at: i64) -> Judgement {
        attribute(&candidates.iter().collect::<Vec<_>>(), tracking_id, UnixMillis(at))
    }

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_tracking_id_decides_alone() {
        let sends = [candidate(1, 0, Some("a")), candidate(2, 13 * HOUR, Some("b")), candidate(3, 26 * HOUR, None)];
        assert_eq!(found(&sends, Some("a"), 40 * HOUR), Judgement::Of { place: 0, how: How::Exact });
        assert_eq!(found(&sends, Some("b"), 0), Judgement::Of { place: 1, how: How::Exact });
        // Another ID can only be that of the send whose ID is not known.
        assert_eq!(found(&sends, Some("c"), 40 * HOUR), Judgement::Of { place: 2, how: How::Inferred });
        assert_eq!(found(&sends[..2], Some("c"), 40 * HOUR), Judgement::Foreign);
    }

    #[test]
    fn time_rules_out_later_sends() {
        let sends = [candidate(1, 0, Some("a")), candidate(2, 13 * HOUR, None)];
        assert_eq!(found(&sends, None, 2 * HOUR), Judgement::Of { place: 0, how: How::Inferred });
        assert_eq!(found(&sends, None, 14 * HOUR), Judgement::Of { place: 1, how: How::Ambiguous });
        assert_eq!(found(&sends[1..], Some("x"), HOUR), Judgement::Foreign);
        assert_eq!(found(&sends[1..], Some("x"), 13 * HOUR - 1000), Judgement::Of { place: 0, how: How::Inferred });
        assert_eq!(found(&[], Some("x"), HOUR), Judgement::Foreign);
    }

    #[test]
    fn what_is_on_the_wire_is_waited_for_unless_it_can_t_be_meant() {
        let mut sends = [candidate(1, 0, Some("a")), candidate(2, 13 * HOUR, None)];
        sends[1].claimed = true;
        assert_eq!(found(&sends, Some("a"), 14 * HOUR), Judgement::Of { place: 0, how: How::Exact });
        assert_eq!(found(&sends, Some("b"), 14 * HOUR), Judgement::Waiting);
        assert_eq!(found(&sends, None, 14 * HOUR), Judgement::Waiting);
        assert_eq!(found(&sends, None, 2 * HOUR), Judgement::Of { place: 0, how: How::Inferred });
    }
}
