//! What is done again by itself: what a server took back because others were in its way, and what a lost connection cut off.

use std::thread;
use std::time::{Duration, Instant};

use super::{Ledger, Tries};
use crate::ledger::error::{Error, Failure, Result};

/// How often the same work is done again.
const MOST: u32 = 8;

/// For how long a server may be away: longer than it needs to start again, or than a standby needs to take its place …
const AWAY: Duration = Duration::from_secs(30);
/// … and how often it is asked meanwhile.
const BETWEEN: Duration = Duration::from_millis(100);

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
        loop {
            match self.conn.begin_anew().map_err(Error::from).and_then(|()| self.meet()) {
                Ok(()) => {
                    self.lost_at.set(None);
                    return Ok(());
                }
                Err(error) if since.elapsed() < AWAY && may_return(&error) => thread::sleep(BETWEEN),
                Err(error) => return Err(error.at(self.address())),
            }
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
