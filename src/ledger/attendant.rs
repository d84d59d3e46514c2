//! Who is told when a ledger's server lets others wait, and may end the wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerWait {
    /// The server, which has said nothing for so long.
    Answer(Duration),
    /// The server, to which the connection was lost; so long at most.
    Return(Duration),
    /// Nothing any more.
    Over,
}

/// How urgently somebody asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    #[default]
    No,
    Soon,
    Now,
}

pub trait Attend: Send + Sync {
    fn stop(&self) -> Stop;
    fn tell(&self, waiting: ServerWait);
}

/// Whoever it is; nobody by default, who waits as long as there is hope.
#[derive(Clone, Default)]
pub struct Attendant(Option<Arc<dyn Attend>>);

impl Attendant {
    pub fn new(attend: impl Attend + 'static) -> Self {
        Self(Some(Arc::new(attend)))
    }

    pub fn stop(&self) -> Stop {
        self.0.as_ref().map(|attend| attend.stop()).unwrap_or_default()
    }

    pub fn tell(&self, waiting: ServerWait) {
        if let Some(attend) = &self.0 {
            attend.tell(waiting);
        }
    }
}

impl fmt::Debug for Attendant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "somebody" } else { "nobody" })
    }
}
