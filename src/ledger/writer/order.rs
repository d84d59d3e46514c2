//! What a run asks of a step, and what it gets.

use super::claim::{Claim, Finish, Scope};
use super::claiming::Scan;
use super::sets;
use crate::clock::{Clock, UnixMillis};
use crate::ledger::database::Ledger;
use crate::ledger::db::{self, Conn};
use crate::ledger::error::Error;
use crate::ledger::pace::Meter;
use crate::ledger::room::Reserve;
use crate::ledger::settled::Settled;
use crate::ledger::spending::Spending;

/// What a step did.
#[derive(Debug)]
pub struct Stepped {
    pub claims: Vec<Claim>,
    /// After the commit: a claim that is not on the wire soon after is given back.
    pub committed: UnixMillis,
    pub settled: Vec<Settled>,
    /// Nothing more may go out now.
    pub exhausted: bool,
    /// When the shared budget allows more; `None` if it allows more now.
    pub permit_at: Option<UnixMillis>,
    /// Outcomes that found their row settled by somebody else.
    pub overtaken: u64,
    /// Why nothing can be claimed any more: the disk has no room, the files are not the ledger's any more, or the gate was closed. The
    /// answers are recorded, and nothing was claimed.
    pub closed: Option<Error>,
    /// Nothing was claimed because the money that may be spent is.
    pub spent_up: Option<Spending>,
}

impl Stepped {
    /// Of a step that had to wait.
    pub(super) const fn nothing(now: UnixMillis) -> Self {
        Self {
            claims: Vec::new(),
            committed: now,
            settled: Vec::new(),
            exhausted: false,
            permit_at: None,
            overtaken: 0,
            closed: None,
            spent_up: None,
        }
    }
}

/// One run's seat at the writer: what it may claim, and how far its search has come.
pub struct Seat {
    pub(super) clock: Clock,
    pub(super) scope: Scope,
    pub(super) scan: Scan,
    pub(super) reserve: Option<Reserve>,
    /// The last step of the run that counts, as far as it has made one on a server.
    pub(super) step: Option<i64>,
    /// The clock is the server's.
    pub(super) goes_by_server: bool,
}

impl Seat {
    /// Whose clock is the server's, as of the beginning of the run: see [`Ledger::clock`].
    #[must_use]
    pub fn by_server(self) -> Self {
        Self { goes_by_server: true, ..self }
    }

    pub fn new(clock: Clock, scope: Scope, reserve: Option<Reserve>) -> Self {
        Self { clock, scope, scan: Scan::default(), reserve, step: None, goes_by_server: false }
    }

    /// Reads what the next steps may claim, while nothing waits for it.
    pub fn look_ahead(&mut self, ledger: &Ledger) {
        self.scan.look_ahead(&ledger.conn, &self.scope);
    }

    pub(super) fn waits_for_others(&mut self, conn: &Conn) -> db::Result<bool> {
        sets::waits_for_others(conn, &self.scope, &mut self.scan, self.clock.now())
    }

    /// What the disk must have besides, before this run claims: another run may be about to need what is kept for its answers.
    pub(super) fn kept(&self, want: usize) -> u64 {
        self.reserve.as_ref().filter(|_| want > 0).map_or(0, Reserve::bytes)
    }
}

/// What a run asks of a step: to record `finishes` and to claim up to `want` rows.
pub struct Order<'o> {
    pub seat: &'o mut Seat,
    pub finishes: &'o [Finish],
    pub want: usize,
    pub meter: &'o mut dyn Meter,
}
