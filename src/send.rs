//! Sending: the pure parts (outcome, pace, bursts) and the engine that drives them.
//!
//! The engine knows no flags, no terminal and no SQL. It is given a job, a desk (the ledger's writer), something that
//! delivers a request, and a sink that hears what became of each row.

pub mod bursts;
pub mod desk;
pub mod engine;
pub mod job;
pub mod learn;
pub mod outcome;
pub mod pace;
#[cfg(test)]
mod tests;
