//! The numbers of the schema, and what leads from one to the next: for each engine.

use super::address::Address;
use super::error::{Error, Result};

/// Never edited; the number is SQLite's `user_version`.
pub const IN_A_FILE: &[(i32, &str)] = &[
    (1, include_str!("migrations/0001_ledger.sql")),
    (2, include_str!("migrations/0002_events.sql")),
    (3, include_str!("migrations/0003_questions.sql")),
    (4, include_str!("migrations/0004_detail.sql")),
    (5, include_str!("migrations/0005_deletions.sql")),
    (6, include_str!("migrations/0006_choices.sql")),
    (FIRST_WITH_GATE, include_str!("migrations/0007_gate.sql")),
    (8, include_str!("migrations/0008_edits.sql")),
    (9, include_str!("migrations/0009_people.sql")),
    (10, include_str!("migrations/0010_step.sql")),
    (11, include_str!("migrations/0011_timing.sql")),
    (12, include_str!("migrations/0012_spending.sql")),
    (13, include_str!("migrations/0013_events_by_month.sql")),
    (14, include_str!("migrations/0014_canary.sql")),
    (15, include_str!("migrations/0015_server.sql")),
    (16, include_str!("migrations/0016_erased.sql")),
    (17, include_str!("migrations/0017_split.sql")),
    (18, include_str!("migrations/0018_until.sql")),
    (19, include_str!("migrations/0019_rate.sql")),
    (20, include_str!("migrations/0020_campaign_name.sql")),
    (21, include_str!("migrations/0021_held_out.sql")),
    (22, include_str!("migrations/0022_label.sql")),
    (23, include_str!("migrations/0023_pages.sql")),
    (24, include_str!("migrations/0024_smaller.sql")),
    (25, include_str!("migrations/0025_room.sql")),
];

/// Numbered alike, and the first has all before it; never edited. The number is in the ledger's row.
pub const ON_A_SERVER: &[(i32, &str)] = &[
    (10, include_str!("migrations/postgres/0010_ledger.sql")),
    (11, include_str!("migrations/postgres/0011_timing.sql")),
    (12, include_str!("migrations/postgres/0012_spending.sql")),
    (13, include_str!("migrations/postgres/0013_events_by_month.sql")),
    (14, include_str!("migrations/postgres/0014_canary.sql")),
    (15, include_str!("migrations/postgres/0015_server.sql")),
    (16, include_str!("migrations/postgres/0016_erased.sql")),
    (17, include_str!("migrations/postgres/0017_split.sql")),
    (18, include_str!("migrations/postgres/0018_until.sql")),
    (19, include_str!("migrations/postgres/0019_rate.sql")),
    (20, include_str!("migrations/postgres/0020_campaign_name.sql")),
    (21, include_str!("migrations/postgres/0021_held_out.sql")),
    (22, include_str!("migrations/postgres/0022_label.sql")),
    (23, include_str!("migrations/postgres/0023_pages.sql")),
    (24, include_str!("migrations/postgres/0024_smaller.sql")),
    (25, include_str!("migrations/postgres/0025_room.sql")),
];

/// The schema from which on old copies are found out.
pub const FIRST_WITH_GATE: i32 = 7;

/// The newest schema.
pub fn newest() -> i32 {
    IN_A_FILE.last().map_or(0, |(number, _)| *number)
}

/// For whoever only reads: the tables may not be those that are asked.
pub fn refuse_older(ledger: impl Into<Address>, version: i32) -> Result<()> {
    let needed = newest();
    if version < needed {
        return Err(Error::OlderSchema { ledger: ledger.into(), found: version, needed });
    }
    Ok(())
}

pub fn refuse_newer(ledger: impl Into<Address>, version: i32) -> Result<()> {
    let known = newest();
    if version > known {
        return Err(Error::NewerSchema { ledger: ledger.into(), found: version, known });
    }
    Ok(())
}
