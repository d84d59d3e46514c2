//! What became of events.

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// Never seen before.
    pub new: u64,
    pub duplicates: u64,
    pub exact: u64,
    pub inferred: u64,
    pub ambiguous: u64,
    /// Kept until the request they may belong to has an outcome.
    pub waiting: u64,
    /// Events of sends that are not in this ledger.
    pub foreign: u64,
    /// Unknown sends that events proved accepted.
    pub settled: u64,
    pub opt_ins: u64,
    /// Stops and resumes of people whose token is not known: kept until it is.
    pub choices_kept: u64,
    /// What Meta did about a Page.
    pub policy: u64,
}

impl EventCounts {
    pub fn add(&mut self, other: &Self) {
        for (sum, n) in [
            (&mut self.new, other.new),
            (&mut self.duplicates, other.duplicates),
            (&mut self.exact, other.exact),
            (&mut self.inferred, other.inferred),
            (&mut self.ambiguous, other.ambiguous),
            (&mut self.waiting, other.waiting),
            (&mut self.foreign, other.foreign),
            (&mut self.settled, other.settled),
            (&mut self.opt_ins, other.opt_ins),
            (&mut self.choices_kept, other.choices_kept),
            (&mut self.policy, other.policy),
        ] {
            *sum += n;
        }
    }
}
