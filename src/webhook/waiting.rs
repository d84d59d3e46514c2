//! Events that wait for the outcome of a request.

use std::time::Duration;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::ledger::error::Result;
use crate::ledger::events::EventCounts;

/// Judges them again. A dead run leaves requests whose outcome nobody else will record, so dead runs are ended first. Also returns
/// how many sends became unknown because of that.
pub fn judge(ledger: &mut Ledger, clock: &Clock, cool_down: Duration) -> Result<(EventCounts, u64)> {
    let mut tally = ledger.judge_waiting_events(clock.now())?;
    if tally.waiting == 0 {
        return Ok((tally, 0));
    }
    let buried = ledger.bury_dead_runs(clock, cool_down)?;
    if buried > 0 {
        tally.waiting = 0;
        tally.add(&ledger.judge_waiting_events(clock.now())?);
    }
    Ok((tally, buried))
}
