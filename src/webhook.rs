//! What Meta tells afterwards: the listener, the check of the signature, and the reading of notices.
//!
//! A notice goes through here in one direction: [`server`] takes the bytes, [`signature`] checks them as they came, [`notice`]
//! reads them, and [`desk`] answers only after the ledger has them for good.

pub mod notice;

pub mod signature;
