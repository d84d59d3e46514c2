//! What time it is: the wall clock once, then the monotonic clock, so that a stepped clock can't shorten a cool-down.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

/// Milliseconds since 1970-01-01T00:00:00Z. Serialises as RFC 3339 with a `Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis))
    }

    /// How long from `earlier` until `self`; zero when `self` is not later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

impl fmt::Display for UnixMillis {
    /// RFC 3339 in UTC, to the second: `2026-11-24T08:15:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl Serialize for UnixMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<Timestamp> for UnixMillis {
    fn from(at: Timestamp) -> Self {
        Self(at.as_millisecond())
    }
}

/// A wall-clock reading carried forward by the monotonic clock, and by the time for which the machine was suspended: the monotonic
/// clock does not count that, and cool-downs would end early by it.
///
/// Under tokio's paused clock the time stands still until a test moves it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: UnixMillis,
    at: Instant,
    /// The same moment on two clocks of the system: one stands still while the machine is suspended, the other goes on.
    awake: std::time::Instant,
    always: Duration,
}

impl Clock {
    /// Reads the system's wall clock, once.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn system() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(UnixMillis(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX)))
    }

    /// A clock that stands at `wall` now.
    pub fn starting_at(wall: UnixMillis) -> Self {
        Self { wall, at: Instant::now(), awake: std::time::Instant::now(), always: since_boot() }
    }

    pub fn now(&self) -> UnixMillis {
        self.now_after(since_boot().saturating_sub(self.always).saturating_sub(self.awake.elapsed()))
    }

    /// `suspended`: for how long the machine was, since the clock was started.
    fn now_after(&self, suspended: Duration) -> UnixMillis {
        // The two clocks are not read at the same moment.
        let suspended = if suspended < NO_SLEEP { Duration::ZERO } else { suspended };
        self.wall.plus(self.at.elapsed()).plus(suspended)
    }
}

/// What is less is no suspension.
const NO_SLEEP: Duration = Duration::from_millis(100);

/// A clock that goes on while the machine is suspended. macOS has it under the name that elsewhere means one which stands still;
/// there `Instant` reads another. Where a system has none, no suspension is seen.
fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_passes_while_the_machine_sleeps() {
        let begin = UnixMillis(1_764_000_000_000);
        let clock = Clock::starting_at(begin);
        let hour = Duration::from_hours(1);
        tokio::time::advance(hour).await;
        assert_eq!(clock.now(), begin.plus(hour));
        assert_eq!(clock.now_after(hour), begin.plus(hour * 2));
        // The noise between two readings is no sleep.
        assert_eq!(clock.now_after(Duration::from_millis(3)), begin.plus(hour));
    }
}
