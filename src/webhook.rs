//! What Meta tells afterwards: the check of the signature, over the bytes as they came, and the reading of notices.
//!
//! The ledger stores what was read and judges which send it is about (`ledger::events`). The listener, its commands and the
//! report are still to come.

pub mod notice;
pub mod signature;
