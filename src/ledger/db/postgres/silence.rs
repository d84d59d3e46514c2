//! The wait for a server's answer. Long work takes long; but a server that takes no new connection meanwhile is gone, whatever the system
//! says of the one that is there: it was stopped, or its machine is.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::ledger::attendant::{Attendant, ServerWait, Stop};

/// How often a wait is looked at.
pub const LOOK: Duration = Duration::from_millis(100);

/// A wait that is so long is told …
pub const TOLD: Duration = Duration::from_secs(4);
/// … and after so long, again and again, the server is asked for another connection, …
const ASKED: Duration = Duration::from_secs(10);
/// … which it may take so long to give, …
const PATIENCE: Duration = Duration::from_secs(10);
/// … or so long where somebody asked to stop.
const PATIENCE_AT_STOP: Duration = Duration::from_secs(1);

/// What brings questions to a server, and answers back.
pub trait Drive: Send + Sync {
    /// As far as nothing has to be waited for.
    fn push(&self);

    /// Waits at most so long for something that can be done.
    fn wait(&self, at_most: Duration);
}

/// Whoever waits for a server.
pub struct Guard {
    wire: Box<dyn Drive>,
    attendant: Attendant,
    /// Whether the server takes another connection within this time.
    is_there: Box<dyn Fn(Duration) -> bool + Send + Sync>,
}

/// The server is gone, or nobody wants to wait any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent;

impl Guard {
    pub fn new(
        wire: impl Drive + 'static,
        attendant: Attendant,
        is_there: impl Fn(Duration) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { wire: Box::new(wire), attendant, is_there: Box::new(is_there) }
    }

    /// Sends what was asked, and hears what came meanwhile.
    pub fn push(&self) {
        self.wire.push();
    }

    /// Blocks until it is done, in a task, too.
    pub fn wait<F: Future>(&self, future: F) -> Result<F::Output, Silent> {
        let mut future = pin!(future);
        // Whatever it waits for, it is asked again after each turn.
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return Ok(done);
        }
        let mut silence = None;
        loop {
            self.wire.push();
            if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
                if silence.is_some_and(|silence: Silence| silence.is_told) {
                    self.attendant.tell(ServerWait::Over);
                }
                return Ok(done);
            }
            let silence = silence.get_or_insert_with(Silence::begin);
            if silence.began.elapsed() >= LOOK && self.gives_up(silence) {
                return Err(Silent);
            }
            self.wire.wait(LOOK);
        }
    }

    fn gives_up(&self, silence: &mut Silence) -> bool {
        let stop = self.attendant.stop();
        if stop == Stop::Now {
            return true;
        }
        let silent = silence.began.elapsed();
        if silent >= TOLD && !silence.is_told {
            silence.is_told = true;
            self.attendant.tell(ServerWait::Answer(silent));
        }
        let (after, patience) = match stop {
            Stop::No => (ASKED, PATIENCE),
            _ => (PATIENCE_AT_STOP, PATIENCE_AT_STOP),
        };
        if silence.asked.elapsed() < after {
            return false;
        }
        let is_there = (self.is_there)(patience);
        silence.asked = Instant::now();
        !is_there
    }
}

/// So far.
struct Silence {
    began: Instant,
    /// When the server was last asked for another connection.
    asked: Instant,
    is_told: bool,
}

impl Silence {
    fn begin() -> Self {
        let now = Instant::now();
        Self { began: now, asked: now, is_told: false }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::ledger::attendant::Attend;

    struct Stopping(Stop, Arc<Mutex<Vec<ServerWait>>>);

    impl Attend for Stopping {
        fn stop(&self) -> Stop {
            self.0
        }

        fn tell(&self, waiting: ServerWait) {
            self.1.lock().unwrap().push(waiting);
        }
    }

    /// What another thread brings.
    struct Elsewhere;

    impl Drive for Elsewhere {
        fn push(&self) {}

        fn wait(&self, at_most: Duration) {
            std::thread::sleep(at_most);
        }
    }

    fn guard(stop: Stop, is_there: bool) -> (Guard, Arc<Mutex<Vec<ServerWait>>>) {
        let told = Arc::default();
        (Guard::new(Elsewhere, Attendant::new(Stopping(stop, Arc::clone(&told))), move |_| is_there), told)
    }

    #[test]
    fn an_answer_is_an_answer_whoever_asked_to_stop() {
        let (guard, told) = guard(Stop::Now, false);
        assert_eq!(guard.wait(ready(7)), Ok(7));
        assert!(told.lock().unwrap().is_empty());
    }

    #[test]
    fn whoever_asked_to_stop_waits_only_for_a_server_that_is_there() {
        let begin = Instant::now();
        for stop in [Stop::Now, Stop::Soon] {
            assert_eq!(guard(stop, false).0.wait(pending::<()>()), Err(Silent), "{stop:?}");
        }
        assert!(begin.elapsed() < ASKED);
        let late = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let answer = late.spawn(async { tokio::time::sleep(PATIENCE_AT_STOP * 3).await });
        let (guard, told) = guard(Stop::Soon, true);
        assert!(guard.wait(answer).is_ok());
        assert!(told.lock().unwrap().is_empty(), "it was not so long");
    }

    #[test]
    fn a_long_wait_is_told_once_and_so_is_its_end() {
        let late = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let answer = late.spawn(async { tokio::time::sleep(TOLD + LOOK * 8).await });
        let (guard, told) = guard(Stop::No, true);
        assert!(guard.wait(answer).is_ok());
        let told = told.lock().unwrap();
        assert!(matches!(told[..], [ServerWait::Answer(silent), ServerWait::Over] if silent >= TOLD), "{told:?}");
    }
}
