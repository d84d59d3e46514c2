//! What an operator is told when a lower layer fails: the one place that chooses the exit code, the sentence and the hint.

pub mod graph;
pub mod ledger;
pub mod send;
pub mod temporary;
