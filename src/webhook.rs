//! Meta's webhooks: the listener, the signature check over the raw bytes, and the parser of notices.
//!
//! The ledger stores the events and decides which send each belongs to (`ledger::events`).

pub mod bodies;
pub mod listener;
pub mod notice;
pub mod signature;
pub mod waiting;
