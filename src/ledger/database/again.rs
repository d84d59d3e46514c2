//! What is done again by itself: what a server took back because others were in its way, and what a lost connection cut off.

use std::thread;
use std::time::{Duration, Instant};

use super::{Ledger, Tries};
use crate::ledger::attendant::{ServerWait, Stop};
use crate::ledger::error::{Error, Failure, Result};

/// How often the same work is done again.
const MOST: u32 = 8;

/// For how long a server may be away: longer than it needs to start again, or than a standby needs to take its place …
const AWAY: Duration = Duration::from_secs(30);
/// … how often it is asked meanwhile, …
const BETWEEN: Duration = Duration::from_millis(100);
/// … and for how long at a time, once it was away for so long.
const ONCE_MORE: Duration = Duration::from_secs(2);
/// After so long it is told.
const TOLD: Duration = Duration::from_secs(2);
/// Whoever asked to stop waits so long: what is on its way can still be recorded.
const AT_STOP: Duration = Duration::from_secs(1);

impl Ledger {
    /// After work that failed so: returns once it may be done again.
    ///
    /// # Errors
    /// Why it is of no use.
    pub(in crate::ledger) fn again(&self, error: Error, tries: &mut Tries) -> Result<()> {
        let Error::Database { failure, .. } = &error else { return Err(error) };
        tries.done += 1;
        match failure {
            _ if tries.done > MOST => Err(error),
            Failure::Conflict => {
                // Whoever was in the way must not meet it again.
                thread::sleep(Duration::from_millis(fastrand::u64(..=10 << tries.done)));
                Ok(())
            }
            Failure::Lost => self.meet_again(error),
            Failure::Unanswered if tries.finds_out => self.meet_again(error),
            _ => Err(error),
        }
    }

    /// Gets a lost connection back, as long as the server may be away.
    fn meet_again(&self, error: Error) -> Result<()> {
        if !self.conn.is_lost() {
            return Ok(());
        }
        if self.conn.is_in_transaction() {
            return Err(error);
        }
        let since = self.lost_at.get().unwrap_or_else(Instant::now);
        self.lost_at.set(Some(since));
        let attendant = self.conn.attendant();
        let (mut is_told, mut stopped) = (false, None);
        loop {
            let left = AWAY.saturating_sub(since.elapsed());
            match self.conn.begin_anew(left.max(ONCE_MORE)).map_err(Error::from).and_then(|()| self.meet()) {
                Ok(()) => {
                    self.lost_at.set(None);
                    if is_told {
                        attendant.tell(ServerWait::Over);
                    }
                    return Ok(());
                }
                Err(error) if since.elapsed() >= AWAY || !may_return(&error) => return Err(error.at(self.address())),
                Err(error) => {
                    let is_over = match attendant.stop() {
                        Stop::No => false,
                        Stop::Soon => stopped.get_or_insert_with(Instant::now).elapsed() >= AT_STOP,
                        Stop::Now => true,
                    };
                    if is_over {
                        return Err(error.at(self.address()));
                    }
                }
            }
            if since.elapsed() >= TOLD && !is_told {
                is_told = true;
                attendant.tell(ServerWait::Return(AWAY));
            }
            thread::sleep(BETWEEN);
        }
    }
}

/// Whether a server that answers so may soon be as it was: it starts, or another one is about to take its place.
fn may_return(error: &Error) -> bool {
    let Error::Database { failure, .. } = error else { return false };
    matches!(
        failure,
        Failure::Unreachable | Failure::Lost | Failure::Standby | Failure::TooManyConnections | Failure::Busy
    )
}

#[cfg(test)]
mod tests;
