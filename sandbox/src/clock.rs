//! What time it is.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The wall clock, read once and then advanced by a monotonic clock: setting the wall clock must not shorten a cool-down.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Milliseconds since 1970.
    wall: i64,
    at: Duration,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that reads the wall clock")]
    pub fn start() -> Self {
        Self { wall: Timestamp::now().as_millisecond(), at: since_boot() }
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        let elapsed = since_boot().saturating_sub(self.at);
        self.wall.saturating_add(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Includes time spent suspended, which `CLOCK_MONOTONIC` does on macOS only.
fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The nearest time that jiff can represent.
pub fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
