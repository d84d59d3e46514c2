//! Sending: the pure parts (outcome, pace, bursts) and the engine that drives them.
//!
//! The engine knows no flags, no terminal and no SQL. It gets a job, the ledger's writer, something that delivers requests, and
//! a sink for the result of each row.

pub mod bursts;
pub mod canary;
pub mod company;
pub mod engine;
pub mod job;
pub mod learn;
pub mod messages;
pub mod outcome;
pub mod pace;
#[cfg(test)]
mod tests;
pub mod writer_thread;
