//! Counts of responses and stored events, since they were last taken and since the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::{Method, StatusCode};

use crate::clock::UnixMillis;
use crate::ledger::events::EventCounts;

/// One request and its response. Contains no address, no query and no foreign path: nothing personal.
#[derive(Clone, Debug)]
pub struct Answered {
    pub method: Method,
    /// `None` for any other path than ours.
    pub path: Option<String>,
    pub status: StatusCode,
    /// The reason, if it was refused.
    pub why: Option<&'static str>,
    pub bytes: usize,
    pub events: usize,
    pub took: Duration,
}

/// Counts of some time.
#[derive(Clone, Debug, Default)]
pub struct ListenerCounts {
    /// POSTs answered 200, and when the last one was.
    pub posts: u64,
    pub last_post_at: Option<UnixMillis>,
    pub events: EventCounts,
    /// Ordinary Messenger events, which are not kept.
    pub ignored: u64,
    /// Parts of notices that could not be parsed and were stored unchanged.
    pub unreadable: u64,
    /// Of these, changes without a value.
    pub empty: u64,
    /// Sends that became unknown because their run had died.
    pub buried: u64,
    /// Refusals by status and reason, of our own paths.
    pub refused: BTreeMap<(u16, &'static str), u64>,
    /// Requests for other paths.
    pub elsewhere: u64,
    /// Connections closed to make room for others, before any right signature came on them.
    pub sent_away: u64,
}

impl ListenerCounts {
    pub fn is_empty(&self) -> bool {
        self.posts == 0
            && self.events == EventCounts::default()
            && self.refused.is_empty()
            && self.elsewhere + self.sent_away == 0
    }
}

#[derive(Default)]
pub(super) struct Shared(Mutex<Both>);

#[derive(Default)]
struct Both {
    since_taken: ListenerCounts,
    since_start: ListenerCounts,
}

impl Shared {
    pub(super) fn change(&self, change: impl Fn(&mut ListenerCounts)) {
        let mut both = self.both();
        change(&mut both.since_taken);
        change(&mut both.since_start);
    }

    pub(super) fn take(&self) -> ListenerCounts {
        std::mem::take(&mut self.both().since_taken)
    }

    pub(super) fn since_start(&self) -> ListenerCounts {
        self.both().since_start.clone()
    }

    fn both(&self) -> MutexGuard<'_, Both> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
