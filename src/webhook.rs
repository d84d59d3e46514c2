//! What Meta tells afterwards: the listener, the check of the signature over the bytes as they came, and the reading of notices.
//!
//! The ledger stores what was read and judges which send it is about (`ledger::events`).

pub mod bodies;
pub mod listener;
pub mod notice;
pub mod signature;
pub mod waiting;
