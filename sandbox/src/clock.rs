//! What time it is.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};

/// The wall clock, read once and then advanced by a monotonic clock: setting the wall clock must not shorten a cool-down.
#[derive(Debug)]
pub struct Clock {
    /// What it showed at the start, in milliseconds since 1970.
    start: i64,
    speed: f64,
    at: Duration,
    own: bool,
    /// By how many milliseconds it was set ahead since the start.
    ahead: AtomicI64,
}

impl Clock {
    /// Starts at `start`, or at the machine's time, and runs `speed` times as fast as real time.
    #[expect(clippy::disallowed_methods, reason = "the one place of the sandbox that reads the wall clock")]
    pub fn start(start: Option<Timestamp>, speed: f64) -> Self {
        let own = start.is_some() || (speed - 1.0).abs() > f64::EPSILON;
        let start = start.unwrap_or_else(Timestamp::now).as_millisecond();
        Self { start, speed, at: since_boot(), own, ahead: AtomicI64::new(0) }
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        let elapsed = since_boot().saturating_sub(self.at).mul_f64(self.speed);
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        self.start.saturating_add(elapsed).saturating_add(self.ahead.load(Relaxed))
    }

    /// Sets it to a later time; `false` if that is not later. It never goes back: what was promised for a time would come twice.
    pub fn set(&self, at: Timestamp) -> bool {
        let by = at.as_millisecond().saturating_sub(self.now());
        if by >= 0 {
            self.ahead.fetch_add(by, Relaxed);
        }
        by >= 0
    }

    /// Real milliseconds since the start.
    pub fn real(&self) -> i64 {
        i64::try_from(since_boot().saturating_sub(self.at).as_millis()).unwrap_or(i64::MAX)
    }

    /// How long it really takes until it shows so many milliseconds more.
    pub fn wait(&self, millis: i64) -> Duration {
        Duration::from_millis(u64::try_from(millis).unwrap_or(0)).div_f64(self.speed)
    }

    /// Whether it shows another time than the machine's.
    pub fn is_own(&self) -> bool {
        self.own || self.ahead.load(Relaxed) != 0
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

/// The time at a place, with its offset from UTC: `2026-11-27T21:05:00+07:00`.
pub fn local(millis: i64, zone: &TimeZone) -> String {
    timestamp(millis).to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
