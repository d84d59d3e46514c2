//! Asking until something has come about: every test that has to ask for it again and again asks like this.

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes that a test waits for without a limit of its own, on a loaded machine too.
pub const LONG: Duration = Duration::from_secs(120);

const SHORTEST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(20);

/// How long one thing is waited for. Each pause is longer than the last, and than the question before it took: whoever asks leaves
/// the processor to what is waited for.
pub struct Patience {
    begin: Instant,
    most: Duration,
    pause: Duration,
    asked: Instant,
}

impl Default for Patience {
    fn default() -> Self {
        Self::of(LONG)
    }
}

impl Patience {
    pub fn of(most: Duration) -> Self {
        Self { begin: Instant::now(), most, pause: SHORTEST, asked: Instant::now() }
    }

    /// Pauses, and says whether to ask once more: what is not there by then does not come.
    #[must_use = "a test that waits for ever tells nothing"]
    pub fn lasts(&mut self) -> bool {
        thread::sleep(self.pause.max(self.asked.elapsed()));
        self.pause = (self.pause * 3 / 2).min(LONGEST);
        self.asked = Instant::now();
        self.begin.elapsed() < self.most
    }
}

/// Waits until this is so; `what` is said of what never came.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let mut patience = Patience::default();
    while !is_so() {
        assert!(patience.lasts(), "it never came that {what}");
    }
}
