//! Whether a send may go on a connection that was used before.
//!
//! Some servers close a connection in silence after an answer. A request on it is lost, and nobody can say whether it was read: the
//! send is unknown. So connections are kept only where the server was seen to keep them: two answers on the same connection, with a
//! pause between them in which it would have been closed. One request at a time tries that; the others get connections of their own
//! until it is known.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A connection that is closed after an answer is closed within this time.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a connection is kept idle: shorter than any server does, since one that both ends close at once makes a send unknown.
pub const IDLE: Duration = Duration::from_secs(1);
/// A trial whose pause was longer says nothing: the connection may have been closed on this side.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);
/// A server that was seen to keep connections and closes one within this time …
const SOON: Duration = Duration::from_secs(10);
/// … so many times in a row, or so many connections that are tried in vain: it is taken for one that keeps none.
const TRIALS: u32 = 3;

/// Where one request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// On a connection of its own.
    Fresh,
    /// On a kept one, alone, to see whether the server keeps it.
    Trial,
    /// On a kept one.
    Kept,
}

/// What is known about a server's connections.
#[derive(Debug, Default)]
pub struct Reuse(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    Unknown {
        /// A trial is on its way.
        busy: bool,
        /// The local port of the last trial's connection, and when it was answered.
        last: Option<(u16, Instant)>,
        in_vain: u32,
    },
    Kept {
        since: Instant,
        in_vain: u32,
    },
    Closed,
}

const UNKNOWN: State = State::Unknown { busy: false, last: None, in_vain: 0 };

impl Default for State {
    fn default() -> Self {
        UNKNOWN
    }
}

impl Reuse {
    pub fn lane(&self, now: Instant) -> Lane {
        self.with(|state| match state {
            State::Kept { .. } => Lane::Kept,
            State::Closed => Lane::Fresh,
            State::Unknown { busy, last, .. } => {
                if *busy || last.is_some_and(|(_, answered)| now < answered + PAUSE) {
                    return Lane::Fresh;
                }
                *busy = true;
                Lane::Trial
            }
        })
    }

    /// A request was answered. `port` is the local one of its connection; `None` if that is not known, and then nothing can be learned:
    /// connections are kept.
    pub fn answered(&self, lane: Lane, port: Option<u16>, now: Instant) {
        if lane != Lane::Trial {
            return;
        }
        self.with(|state| {
            let State::Unknown { last, in_vain, .. } = *state else { return };
            let Some(port) = port else {
                *state = State::Kept { since: now, in_vain };
                return;
            };
            *state = match last {
                Some((same, _)) if same == port => State::Kept { since: now, in_vain },
                Some((_, answered)) if now < answered + LONGEST_PAUSE => again(Some((port, now)), in_vain + 1),
                _ => again(Some((port, now)), in_vain),
            };
        });
    }

    /// A request had no answer. `closed`: because its connection was closed, which makes every other kept one doubtful.
    pub fn lost(&self, lane: Lane, closed: bool, now: Instant) {
        self.with(|state| match (lane, *state) {
            (Lane::Trial, State::Unknown { in_vain, .. }) => *state = again(None, in_vain + u32::from(closed)),
            (Lane::Kept, State::Kept { since, in_vain }) if closed => {
                *state = again(None, if now < since + SOON { in_vain + 1 } else { 0 });
            }
            _ => {}
        });
    }

    /// Whether the server keeps connections, once that is known.
    #[cfg(test)]
    pub fn keeps(&self) -> Option<bool> {
        self.with(|state| match state {
            State::Unknown { .. } => None,
            State::Kept { .. } => Some(true),
            State::Closed => Some(false),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn again(last: Option<(u16, Instant)>, in_vain: u32) -> State {
    if in_vain >= TRIALS { State::Closed } else { State::Unknown { busy: false, last, in_vain } }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trials with these ports, one every so often; where the next request goes.
    fn after(ports: &[Option<u16>], every: Duration) -> Lane {
        let (reuse, mut now) = (Reuse::default(), Instant::now());
        for port in ports {
            let lane = reuse.lane(now);
            reuse.answered(lane, *port, now);
            now += every;
        }
        reuse.lane(now)
    }

    #[test]
    fn connections_are_kept_once_the_server_was_seen_to_keep_one() {
        let (a, b, c, d) = (Some(1), Some(2), Some(3), Some(4));
        let (quick, slow) = (PAUSE, Duration::from_secs(5));
        for (ports, every, lane) in [
            (&[][..], quick, Lane::Trial),
            (&[a], quick, Lane::Trial),
            (&[a, a], quick, Lane::Kept),
            (&[a, b], quick, Lane::Trial),
            (&[a, b, b], quick, Lane::Kept),
            (&[a, b, c], quick, Lane::Trial),
            (&[a, b, c, d], quick, Lane::Fresh),
            // Closed on this side, as one that was idle for so long is.
            (&[a, b, c, d], slow, Lane::Trial),
            (&[None], quick, Lane::Kept),
            // Too soon to see whether it is closed.
            (&[a], PAUSE / 2, Lane::Fresh),
        ] {
            assert_eq!(after(ports, every), lane, "{ports:?} {every:?}");
        }
    }

    #[test]
    fn one_request_tries_and_the_others_get_connections_of_their_own() {
        let (reuse, now) = (Reuse::default(), Instant::now());
        assert_eq!([reuse.lane(now), reuse.lane(now), reuse.lane(now)], [Lane::Trial, Lane::Fresh, Lane::Fresh]);
        // What they learn says nothing.
        reuse.answered(Lane::Fresh, Some(7), now);
        reuse.lost(Lane::Fresh, true, now);
        assert_eq!(reuse.lane(now), Lane::Fresh);
        reuse.lost(Lane::Trial, false, now);
        assert_eq!(reuse.lane(now), Lane::Trial);
    }

    #[test]
    fn a_kept_connection_that_was_closed_makes_the_others_doubtful() {
        // Long after it was seen to keep them, a server may close one as often as it likes; soon after, three times.
        for (after, ends) in [(SOON, Lane::Trial), (SOON / 2, Lane::Fresh)] {
            let (reuse, mut now) = (Reuse::default(), Instant::now());
            for _ in 0..TRIALS {
                for _ in 0..2 {
                    now += PAUSE;
                    assert_eq!(reuse.lane(now), Lane::Trial);
                    reuse.answered(Lane::Trial, Some(7), now);
                }
                now += after;
                reuse.lost(Lane::Kept, false, now);
                assert_eq!(reuse.lane(now), Lane::Kept, "a timeout says nothing");
                reuse.lost(Lane::Kept, true, now);
                // Another one that was in flight.
                reuse.lost(Lane::Kept, true, now);
            }
            assert_eq!([reuse.lane(now), reuse.lane(now)], [ends, Lane::Fresh]);
        }
        let (reuse, now) = (Reuse::default(), Instant::now());
        for _ in 0..TRIALS {
            assert_eq!(reuse.lane(now), Lane::Trial);
            reuse.lost(Lane::Trial, true, now);
        }
        assert_eq!(reuse.lane(now), Lane::Fresh);
    }
}
