//! The statements that orders need, each found once in a transaction and not once an order.

use crate::ledger::db::{Conn, OnDemand};

use super::fence::OpenRuns;
use crate::ledger::pace::Paces;
use crate::ledger::people::CoolDowns;
use crate::ledger::sql::sql;
use crate::ledger::tally::Sums;

pub struct Statements<'c> {
    pub people: CoolDowns<'c>,
    /// Claims the rows from one to another, in a file.
    pub take_rows: OnDemand<'c>,
    /// Gives a claimed row its next state.
    pub move_row: OnDemand<'c>,
    pub paces: Paces<'c>,
    pub open_runs: OpenRuns<'c>,
    pub sums: Sums<'c>,
}

impl<'c> Statements<'c> {
    pub const fn new(conn: &'c Conn) -> Self {
        Self {
            people: CoolDowns::new(conn),
            take_rows: OnDemand::new(
                conn,
                sql!(
                    "update sends not indexed set state = {claimed}, run = ?3, claimed_at = ?4, attempts = attempts + 1
                     where id between ?1 and ?2 and state = {pending}"
                ),
            ),
            move_row: OnDemand::new(
                conn,
                "update sends set state = ?4, reason = ?5, finished_at = ?6, tracking_id = ?7, http_status = ?8,
                   code = ?9, subcode = ?10, fbtrace_id = ?11
                 where id = ?1 and run is not distinct from ?2 and state = ?3 and claimed_at = ?12",
            ),
            paces: Paces::new(conn),
            open_runs: OpenRuns::new(conn),
            sums: Sums::new(conn),
        }
    }
}
