//! What may be claimed, and how a claimed row's request ended.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::people::suppression::Suppression;
use crate::ledger::spending::Ceiling;
use crate::times::MARGIN;

/// An accepted person's cool-down may be longer by this part of it: 43 s of 12 h.
const CLOSE: u32 = 1000;

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
    /// What may be spent; `None`: no limit, and nothing is counted.
    pub ceiling: Option<Ceiling>,
}

impl Scope {
    /// Until when a claim made at this time blocks its person. If the run is found dead much later, the cool-down began no earlier
    /// than the request could have been accepted, however long its commit and its start took.
    pub fn claimed_until(&self, at: UnixMillis) -> UnixMillis {
        at.plus(self.timeout).plus(self.cool_down).plus(MARGIN)
    }

    /// Until when an acceptance at this time blocks its person.
    pub fn accepted_until(&self, at: UnixMillis) -> UnixMillis {
        at.plus(self.cool_down).plus(MARGIN)
    }

    /// Whether a person may stay blocked until `claimed`, as the claim left them, and not until `blocked`. The answer made it shorter by
    /// the rest of the request's timeout, and writing that costs more than it gives.
    pub fn is_long_enough(&self, claimed: UnixMillis, blocked: UnixMillis) -> bool {
        blocked <= claimed && claimed.since(blocked) <= self.cool_down / CLOSE
    }
}

/// A row whose intent is durable.
#[derive(Clone, Debug)]
pub struct Claim {
    pub send: i64,
    pub recipient: i64,
    pub token: String,
    pub values: Option<String>,
    /// Which of the broadcast's messages it gets, where there are several.
    pub arm: Option<i64>,
    /// When the intent became durable.
    pub at: UnixMillis,
}

/// How a claimed row's request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted {
        tracking_id: Option<String>,
    },
    /// Refused for good; `suppress` keeps the person out of every broadcast.
    Refused {
        suppress: Option<Suppression>,
    },
    /// This person not before `until`.
    Later {
        until: UnixMillis,
    },
    /// Nothing was accepted: pending again, and the old cool-down comes back.
    Back,
    /// The request may have left, and no answer says what became of it.
    Unknown,
}

/// What is recorded of a request.
#[derive(Clone, Debug)]
pub struct Finish {
    pub claim: Claim,
    pub outcome: Outcome,
    /// When the answer came, or when the outcome became unknown.
    pub at: UnixMillis,
    /// In one word or short sentence, masked; `None` for an acceptance.
    pub reason: Option<String>,
    pub http_status: Option<u16>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
}
