//! The writer: each step is one transaction that records what was answered and claims what may go out next.
//!
//! Claims are durable (committed, synced) before a step returns them. The caller starts a step as soon as the last one is done, with
//! everything that waits, of however many runs: group commit without a timer.

mod alone;
mod claim;
mod claiming;
mod ending;
mod fence;
mod order;
mod recording;
mod sets;
mod statements;
mod step;
mod together;
mod work;

use super::database::Ledger;
pub use super::settled::Settled;
#[cfg(test)]
pub use alone::step;
pub use claim::{Claim, Finish, Outcome, Scope};
pub use order::{Order, Seat, Stepped};
pub use together::step_together;

/// SQLite's cache while one run sends, in KiB …
const CACHE: u32 = 4096;
/// … and what each further run adds: the pages that it is at.
const CACHE_OF_RUN: u32 = 40;

/// Makes a ledger ready for so many runs that send from it.
pub fn prepare(ledger: &Ledger, runs: usize) {
    // Sending goes through the tables in order, and every commit that splits a page scans SQLite's whole cache: a small one is
    // faster. If it can't be set, nothing is lost.
    let others = u32::try_from(runs.saturating_sub(1)).unwrap_or(u32::MAX);
    let _ = ledger.conn.cache(CACHE.saturating_add(CACHE_OF_RUN.saturating_mul(others)));
}

#[cfg(test)]
mod tests;
