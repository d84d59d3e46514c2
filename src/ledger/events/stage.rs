//! What can happen to an accepted message, and how surely an event is tied to its send.

/// A stage of a send's life after it was accepted. The numbers are stored with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    Echoed = 0,
    Delivered = 1,
    Read = 2,
    Clicked = 3,
    Failed = 4,
}

impl Stage {
    pub const ALL: [Self; 5] = [Self::Echoed, Self::Delivered, Self::Read, Self::Clicked, Self::Failed];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Echoed => "echoed",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Clicked => "clicked",
            Self::Failed => "failed",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    pub(in crate::ledger) fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage as i64 == number)
    }
}

/// How sure it is that an event belongs to its send, the surest first. The numbers are stored with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// By the tracking ID that Graph answered.
    Exact = 0,
    /// By token, campaign and time: no other send of this ledger fits.
    Inferred = 1,
    /// Several sends fit; the newest is assumed.
    Ambiguous = 2,
}

impl How {
    pub const ALL: [Self; 3] = [Self::Exact, Self::Inferred, Self::Ambiguous];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Inferred => "inferred",
            Self::Ambiguous => "ambiguous",
        }
    }

    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.name() == name)
    }
}
