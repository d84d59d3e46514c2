//! One order's work in a transaction.

use std::time::Instant;

use crate::ledger::db::{self, Conn};

use super::claim::Scope;
use super::statements::Statements;
use crate::clock::UnixMillis;
use crate::ledger::gate::Gate;
use crate::ledger::settled::Settled;
use crate::ledger::spending::Spending;
use crate::ledger::tally::Tally;

pub struct Step<'s, 'c> {
    pub conn: &'c Conn,
    pub scope: &'s Scope,
    pub now: UnixMillis,
    /// When the transaction began.
    pub begun: Instant,
    /// Open, where something is to be claimed.
    pub gate: Gate,
    pub statements: &'s mut Statements<'c>,
    pub tally: Tally,
    pub settled: Vec<Settled>,
    /// Outcomes that found their row settled by somebody else.
    pub overtaken: u64,
    /// Why nothing was claimed: the money that may be spent is.
    pub spent_up: Option<Spending>,
}

impl<'s, 'c> Step<'s, 'c> {
    pub fn new(
        conn: &'c Conn,
        scope: &'s Scope,
        now: UnixMillis,
        gate: Gate,
        begun: Instant,
        statements: &'s mut Statements<'c>,
    ) -> Self {
        Self {
            conn,
            scope,
            now,
            begun,
            gate,
            statements,
            tally: Tally::default(),
            settled: Vec::new(),
            overtaken: 0,
            spent_up: None,
        }
    }

    /// Writes the sums; the rows that got a state, and how many outcomes were overtaken.
    pub fn finish(self) -> db::Result<(Vec<Settled>, u64)> {
        self.tally.write_of(self.scope.run, &mut self.statements.sums)?;
        Ok((self.settled, self.overtaken))
    }
}
