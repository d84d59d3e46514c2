//! What was learned about an ad account's limits: kept, so that the next run does not begin with a burst, and shared, so that all
//! processes on one ledger have one budget. How it is learned is up to the sender.

use super::db::{self, Ahead, Conn, OnDemand, Optional};

use super::sql::sql;
use crate::clock::UnixMillis;

/// One ad account's pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaceRow {
    /// Sends per second that the limits seem to allow.
    pub rate: f64,
    /// The last usage that a header named, of 1; `None` before the first.
    pub usage: Option<f64>,
    /// When the next send is due, in milliseconds since 1970.
    pub next_at: f64,
    pub paused_until: UnixMillis,
    /// Rate refusals in a row.
    pub refusals: i64,
    pub updated_at: UnixMillis,
    pub fixed: Option<Fixed>,
}

/// A rate that runs were given, in place of what was learned: the budget of all that send for the account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixed {
    /// The largest of those at work, in sends per second.
    pub rate: f64,
    /// When a run that was given it, or more, last asked.
    pub asked_at: UnixMillis,
    /// When the next send is due, in milliseconds since 1970.
    pub next_at: f64,
}

/// Says how many rows may be claimed now, inside the transaction that claims them.
pub trait Meter: Send {
    /// `row` is `None` for an account that never sent. What it is set to is kept. The second value is when to ask again, if fewer
    /// than `want` are allowed.
    fn allow(&mut self, row: &mut Option<PaceRow>, now: UnixMillis, want: usize) -> (usize, Option<UnixMillis>);

    /// Whether it has anything that is to be kept, whatever it allows.
    fn has_news(&self) -> bool;

    /// Whether it only looks at what others keep: it has no budget of its own and no news, and keeps nothing.
    fn only_looks(&self) -> bool;

    /// How many of the allowed rows were not there to be claimed.
    fn unused(&mut self, row: &mut PaceRow, unused: usize);
}

const READ: &str =
    "select rate, usage, next_at, paused_until, refusals, updated_at, fixed_rate, fixed_asked_at, fixed_next_at
    from pace where ad_account = ?1";

const LOCK: &str = sql!("{read} for update", read = READ);

const WRITE: &str =
    "insert into pace (ad_account, rate, usage, next_at, paused_until, refusals, updated_at, fixed_rate, fixed_asked_at,
       fixed_next_at)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
     on conflict (ad_account) do update set rate = ?2, usage = ?3, next_at = ?4, paused_until = ?5, refusals = ?6,
       updated_at = ?7, fixed_rate = ?8, fixed_asked_at = ?9, fixed_next_at = ?10";

/// The paces of a ledger.
pub(super) struct Paces<'c> {
    read: OnDemand<'c>,
    lock: OnDemand<'c>,
    write: OnDemand<'c>,
}

/// What [`Paces::read`] asks a server.
pub(super) fn ask(ahead: &mut Ahead, ad_account: &str) {
    ahead.ask(READ, [ad_account]);
}

impl<'c> Paces<'c> {
    pub const fn new(conn: &'c Conn) -> Self {
        Self { read: OnDemand::new(conn, READ), lock: OnDemand::new(conn, LOCK), write: OnDemand::new(conn, WRITE) }
    }

    pub fn read(&mut self, ad_account: &str) -> db::Result<Option<PaceRow>> {
        row(&mut self.read, ad_account)
    }

    /// On a server: nobody else changes the row before the end of the transaction.
    pub fn lock(&mut self, ad_account: &str) -> db::Result<Option<PaceRow>> {
        row(&mut self.lock, ad_account)
    }

    pub fn write(&mut self, ad_account: &str, row: &PaceRow) -> db::Result<()> {
        self.write
            .get()?
            .execute((
                ad_account,
                row.rate,
                row.usage,
                row.next_at,
                row.paused_until.0,
                row.refusals,
                row.updated_at.0,
                row.fixed.map(|fixed| fixed.rate),
                row.fixed.map(|fixed| fixed.asked_at),
                row.fixed.map(|fixed| fixed.next_at),
            ))
            .map(drop)
    }
}

fn row(statement: &mut OnDemand<'_>, ad_account: &str) -> db::Result<Option<PaceRow>> {
    statement
        .get()?
        .query_row([ad_account], |row| {
            Ok(PaceRow {
                rate: row.get(0)?,
                usage: row.get(1)?,
                next_at: row.get(2)?,
                paused_until: UnixMillis(row.get(3)?),
                refusals: row.get(4)?,
                updated_at: UnixMillis(row.get(5)?),
                fixed: match row.get(6)? {
                    Some(rate) => Some(Fixed { rate, asked_at: row.get(7)?, next_at: row.get(8)? }),
                    None => None,
                },
            })
        })
        .optional()
}
