//! States of a send, and why rows are skipped: numbers and names as they are stored.

use std::fmt;

use serde::{Serialize, Serializer};

/// What became of one recipient in one broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// May go out from `not_before` on.
    Pending,
    /// The intent is durable; the request may be on the wire.
    Claimed,
    /// Graph answered `success: true`.
    Accepted,
    /// Graph refused for good.
    Refused,
    /// Not sent, for a reason of our own; judged again when it is listed again.
    Skipped,
    /// The request may have left, and no answer says what became of it.
    Unknown,
}

impl State {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Claimed, Self::Accepted, Self::Refused, Self::Skipped, Self::Unknown];

    /// In these, a delivery was or may come to be paid for.
    pub const COSTLY: [Self; 3] = [Self::Claimed, Self::Accepted, Self::Unknown];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }

    pub const fn number(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Claimed => 1,
            Self::Accepted => 2,
            Self::Refused => 3,
            Self::Skipped => 4,
            Self::Unknown => 5,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why a row was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// The person stopped marketing messages (Graph 2300034, or a stop event).
    OptedOut,
    /// The token expired (2300037, or its expiry time).
    Expired,
    /// Messages are not allowed in the person's region (2300032).
    Region,
    /// The operator suppressed the person.
    Suppressed,
    /// Another message of the campaign reached this person, or may have.
    OtherMessage,
    /// This message reached the person by another token of theirs, may have, or is about to.
    OtherToken,
    /// This message may have reached the person before an old copy of the ledger was put back.
    Restored,
    /// Refused as "later" three times, or for seven days.
    NeverAvailable,
    /// The broadcast was closed, or its campaign deleted.
    Closed,
    /// The campaign ends, or `--until` passes, before this person may be messaged.
    Ended,
    /// The row has no value for a field that the message uses.
    MissingValue,
    /// With this row's values the message exceeds a limit.
    Limit,
    /// The row's arm of a split gets nothing.
    Holdout,
}

impl Skip {
    /// As stored in the ledger and written in results; never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::Expired => "expired",
            Self::Region => "region",
            Self::Suppressed => "suppressed",
            Self::OtherMessage => "other_message",
            Self::OtherToken => "other_token",
            Self::Restored => "restored",
            Self::NeverAvailable => "never_available",
            Self::Closed => "closed",
            Self::Ended => "ended",
            Self::MissingValue => "missing_value",
            Self::Limit => "limit",
            Self::Holdout => "holdout",
        }
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
