//! What time it is: the wall clock once, then the monotonic clock, so that a stepped clock can't shorten a cool-down.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

const MILLIS_PER_HOUR: i64 = 3_600_000;

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

    /// Hours since 1970, the last one begun.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_HOUR)
    }

    /// When the hour of this number since 1970 begins.
    pub const fn of_hour(hour: i64) -> Self {
        Self(hour.saturating_mul(MILLIS_PER_HOUR))
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

    /// The same clock, set by another machine's.
    #[must_use]
    pub fn corrected(self, skew: Skew) -> Self {
        Self { wall: UnixMillis(self.wall.0.saturating_add(skew.0)), ..self }
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

/// How far another machine's clock is ahead of this one's, in milliseconds; negative if it is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(i64);

impl Skew {
    /// `date`: what the other clock said, cut off to the second, at some moment between `asked` and `answered` of this one. Zero if the
    /// two may agree; else the middle of what is possible.
    #[must_use]
    pub fn of(date: UnixMillis, asked: UnixMillis, answered: UnixMillis) -> Self {
        let (least, most) = (date.0.saturating_sub(answered.0), date.0.saturating_add(1000).saturating_sub(asked.0));
        Self(if least <= 0 && most >= 0 { 0 } else { least.midpoint(most) })
    }

    /// The same of a clock that says its milliseconds: the middle of what is possible.
    #[must_use]
    pub const fn between(other: UnixMillis, asked: UnixMillis, answered: UnixMillis) -> Self {
        Self(other.0.saturating_sub(asked.0.midpoint(answered.0)))
    }

    /// How far apart the two are, whichever is ahead.
    pub fn size(self) -> Duration {
        Duration::from_millis(self.0.unsigned_abs())
    }
}

/// What is less is not a suspension.
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

    #[test]
    fn a_skew_is_what_cut_seconds_and_a_slow_answer_do_not_explain() {
        // Asked at 10.0 s; when it was answered, what the date said in seconds, and the skew.
        for (answered, date, skew) in [
            (10_000, 10, 0),
            (10_000, 9, 0),
            (10_900, 9, 0),
            (14_000, 12, 0),
            (14_000, 15, 3500),
            (10_000, 11, 1500),
            (10_000, 8, -1500),
            (10_200, 550, 540_400),
            (10_200, -530, -539_600),
        ] {
            let found = Skew::of(UnixMillis(date * 1000), UnixMillis(10_000), UnixMillis(answered));
            assert_eq!(found, Skew(skew), "{answered} {date}");
        }
        assert_eq!(Skew(-540_000).size(), Duration::from_mins(9));
    }

    #[tokio::test(start_paused = true)]
    async fn a_corrected_clock_shows_the_other_machines_time() {
        let begin = UnixMillis(1_764_000_000_000);
        let clock = Clock::starting_at(begin).corrected(Skew(-540_000));
        assert_eq!(clock.now(), begin.minus(Duration::from_mins(9)));
        tokio::time::advance(Duration::from_mins(9)).await;
        assert_eq!(clock.now(), begin);
    }

    #[tokio::test(start_paused = true)]
    async fn time_passes_while_the_machine_sleeps() {
        let begin = UnixMillis(1_764_000_000_000);
        let clock = Clock::starting_at(begin);
        let hour = Duration::from_hours(1);
        tokio::time::advance(hour).await;
        assert_eq!(clock.now(), begin.plus(hour));
        assert_eq!(clock.now_after(hour), begin.plus(hour * 2));
        // The noise between two readings is not a sleep.
        assert_eq!(clock.now_after(Duration::from_millis(3)), begin.plus(hour));
    }
}
