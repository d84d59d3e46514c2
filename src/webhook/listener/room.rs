//! The memory for bodies that are being read: a share of it is kept for clients whose last signature was right, and where strangers
//! want more than there is, the largest of their bodies goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(super) struct Room {
    /// Bytes for all bodies.
    size: usize,
    /// Of these, what strangers may not use.
    kept: usize,
    state: Mutex<State>,
    /// Told when a share is given back.
    freed: Notify,
}

#[derive(Default)]
struct State {
    shares: BTreeMap<u64, Holding>,
    used: usize,
    next: u64,
}

struct Holding {
    bytes: usize,
    is_known: bool,
    cut: CancellationToken,
}

/// What one body holds, until this is dropped.
pub(super) struct Share {
    room: Arc<Room>,
    number: u64,
    cut: CancellationToken,
}

/// Whether a share can grow.
#[derive(Debug, PartialEq, Eq)]
enum Growth {
    Done,
    /// Once a body that was cut off is gone.
    Soon,
    Refused,
}

impl Room {
    pub(super) fn new(size: usize, kept: usize) -> Self {
        Self { size, kept, state: Mutex::default(), freed: Notify::new() }
    }

    pub(super) fn share(self: &Arc<Self>, is_known: bool) -> Share {
        let mut state = self.state();
        state.next += 1;
        let (number, cut) = (state.next, CancellationToken::new());
        state.shares.insert(number, Holding { bytes: 0, is_known, cut: cut.clone() });
        Share { room: Arc::clone(self), number, cut }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Done once the body has to make room for others.
    pub(super) async fn is_cut(&self) {
        self.cut.cancelled().await;
    }

    /// Takes more bytes. `false` if there is no room.
    pub(super) async fn grow(&self, more: usize) -> bool {
        loop {
            let mut freed = std::pin::pin!(self.room.freed.notified());
            // From here on no news is missed.
            freed.as_mut().enable();
            match self.try_grow(more) {
                Growth::Done => return true,
                Growth::Soon => freed.await,
                Growth::Refused => return false,
            }
        }
    }

    fn try_grow(&self, more: usize) -> Growth {
        let mut state = self.room.state();
        let State { shares, used, .. } = &mut *state;
        let Some(mine) = shares.get_mut(&self.number) else { return Growth::Refused };
        let limit = if mine.is_known { self.room.size } else { self.room.size - self.room.kept };
        if *used + more <= limit {
            mine.bytes += more;
            *used += more;
            return Growth::Done;
        }
        // Room is taken from larger bodies only, so that many small ones get through beside a few huge ones; a known client takes it
        // from any stranger.
        let (least, is_known) = (mine.bytes + more + 1, mine.is_known);
        let gives = |share: &Holding| match (is_known, share.is_known) {
            (true, false) => share.bytes > 0,
            (false, true) => false,
            (true, true) | (false, false) => share.bytes >= least,
        };
        let mut leaving: usize =
            shares.values().filter(|share| share.cut.is_cancelled()).map(|share| share.bytes).sum();
        while *used + more > limit + leaving {
            let larger = shares
                .iter()
                .filter(|(number, share)| **number != self.number && !share.cut.is_cancelled() && gives(share))
                .map(|(_, share)| share)
                .max_by_key(|share| (!share.is_known, share.bytes));
            let Some(larger) = larger else { return Growth::Refused };
            larger.cut.cancel();
            leaving += larger.bytes;
        }
        Growth::Soon
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut state = self.room.state();
        if let Some(share) = state.shares.remove(&self.number) {
            state.used -= share.bytes;
        }
        drop(state);
        self.room.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(room: &Arc<Room>, is_known: bool, bytes: usize) -> Share {
        let share = room.share(is_known);
        assert_eq!(share.try_grow(bytes), Growth::Done);
        share
    }

    #[test]
    fn strangers_leave_what_is_kept_for_known_clients() {
        let room = Arc::new(Room::new(100, 30));
        let stranger = grown(&room, false, 70);
        assert_eq!(stranger.try_grow(1), Growth::Refused);
        let known = grown(&room, true, 30);
        assert!(!stranger.cut.is_cancelled());
        // Beyond that, strangers make room.
        assert_eq!(known.try_grow(1), Growth::Soon);
        assert!(stranger.cut.is_cancelled());
        drop(stranger);
        assert_eq!(known.try_grow(70), Growth::Done);
        assert_eq!(known.try_grow(1), Growth::Refused, "nobody else is here");
        drop(known);
        let state = room.state();
        assert_eq!((state.used, state.shares.len()), (0, 0));
    }

    #[test]
    fn the_largest_stranger_makes_room_for_a_smaller_one() {
        let room = Arc::new(Room::new(100, 0));
        let [large, middle] = [60, 38].map(|bytes| grown(&room, false, bytes));
        let small = grown(&room, false, 2);
        assert_eq!(small.try_grow(10), Growth::Soon);
        assert!(large.cut.is_cancelled() && !middle.cut.is_cancelled());
        assert_eq!(small.try_grow(10), Growth::Soon, "what leaves is counted once");
        assert!(!middle.cut.is_cancelled());
        drop(large);
        assert_eq!(small.try_grow(10), Growth::Done);
        // The largest itself gets nothing from smaller ones.
        assert_eq!(middle.try_grow(51), Growth::Refused);
        assert!(!small.cut.is_cancelled());
    }

    #[tokio::test]
    async fn whoever_waits_goes_on_once_the_other_is_gone() {
        let room = Arc::new(Room::new(100, 0));
        let large = grown(&room, false, 90);
        let small = room.share(false);
        let leaving = async {
            large.is_cut().await;
            drop(large);
        };
        assert!(tokio::join!(small.grow(20), leaving).0);
    }
}
