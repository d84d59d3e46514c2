//! The ledger: the only record `mmsg` has of people and sends. One SQLite file, opened by SQLite alone; or tables on a PostgreSQL server.
//!
//! Everything that may be recorded or asked is a method of [`Ledger`], in the file of its subject; nobody else writes SQL. Sends go
//! through [`writer`], whose transaction makes a claim durable before its request leaves.
//!
//! | File | What it holds |
//! |---|---|
//! | `address` | where a ledger is |
//! | `attendant` | who is told while a server is waited for |
//! | `db` | statements, parameters and rows; SQLite or PostgreSQL behind them |
//! | `database` | the open ledger, in a file or on a server: transactions, what every writer must check first |
//! | `schema` | its numbers and migrations |
//! | `place`, `identity`, `presence`, `making` | the file itself: where it may be, that it stays the same, who else has it, how it begins |
//! | `judge` | may this person get this message: now, later, never; pure |
//! | `gate`, `witness`, `restore` | old copies of the ledger: found out, refused, accepted by a person |
//! | `host` | the Graph host that the ledger belongs to |
//! | `people` | the table of recipients: cool-downs, suppressions |
//! | `suppress` | lists of people whom the operator suppresses |
//! | `erase` | one person out of the ledger |
//! | `leave` | people who were unsubscribed at Meta |
//! | `retention` | lists that nobody needs any more |
//! | `spending` | what an ad account spends, and what a run may still claim of it |
//! | `tally` | how many rows are in each state, and what happened in each hour |
//! | `broadcasts`, `audiences`, `plan`, `spool` | lists on their way to becoming rows |
//! | `canary`, `split` | a broadcast that goes to a few people first, or has several messages |
//! | `runs`, `alive`, `locks` | processes at work, and who is alive |
//! | `room` | the room on the disk: for the WAL, for answers in flight |
//! | `deletions`, `edits` | campaigns about to be deleted or changed at Meta |
//! | `writer` | claims and outcomes |
//! | `events`, `silence` | what webhooks reported |
//! | `unknown`, `attempts` | sends whose outcome is not known; requests that a row outlived |
//! | `copy` | all of it into a new ledger, of whatever engine |
//! | `backup` | a copy of the file while runs are at work |
//! | `tables`, `check` | every table and its columns; whether all that is kept agrees |
//! | `funnel`, `totals`, `story`, `detail`, `overview`, `names`, `audited` | answers for reports, totals, one person, one broadcast, all Pages at a glance, shells, and what was changed |
//!
//! No file imports from one that imports from it, however many files lie between: `tests/circles.rs` checks that.

pub mod address;
mod alive;
mod attempts;
pub mod attendant;
pub mod audiences;
pub mod audited;
mod backup;
pub mod broadcasts;
pub mod canary;
pub mod check;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the whole program kill servers")]
#[path = "../tests/common/cluster.rs"]
mod cluster;
pub mod copy;
mod database;
mod db;
pub mod deletions;
pub mod detail;
pub mod edits;
pub mod erase;
pub mod error;
pub mod events;
pub mod failpoint;
pub mod funnel;
pub mod gate;
pub mod grants;
mod host;
pub mod identity;
pub mod judge;
mod key;
pub mod leave;
mod locks;
mod making;
pub mod names;
pub mod overview;
pub mod pace;
pub mod pages;
pub mod people;
mod place;
pub mod plan;
mod presence;
pub mod restore;
pub mod retention;
mod rivals;
pub mod room;
pub mod runs;
mod schema;
pub mod settled;
pub mod silence;
mod span;
pub mod spending;
pub mod split;
pub mod spool;
mod sql;
pub mod state;
pub mod story;
pub mod suppress;
mod tables;
mod tally;
pub mod totals;
pub mod unknown;
mod witness;
pub mod writer;

pub use database::{HOLD, Ledger, Opened, Safety, Watch};
