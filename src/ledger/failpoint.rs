//! Fail-points: where a test cuts off a run, before and after each commit and each request. A release build has none.

mod point;

use super::db::{self, Transaction};
pub use point::{NAMES, hit};

/// Commits, between the fail-points `before` and `after`.
pub(super) fn commit(transaction: Transaction<'_>, before: &str, after: &str) -> db::Result<()> {
    hit(before).map_err(db::Error::io)?;
    transaction.commit()?;
    hit(after).map_err(db::Error::io)
}
