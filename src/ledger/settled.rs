//! What became of one row.

use super::state::State;
use crate::clock::UnixMillis;

/// The reason of a pending row whose person may get the next message later.
pub const COOLING_DOWN: &str = "cooling_down";

/// A row that got a state or a new `not_before`, committed.
#[derive(Clone, Debug)]
pub struct Settled {
    pub token: String,
    pub state: State,
    pub reason: Option<String>,
    pub tracking_id: Option<String>,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
    pub not_before: Option<UnixMillis>,
    pub at: UnixMillis,
    /// Which of the broadcast's messages it is about.
    pub arm: Option<i64>,
}
