//! How a send is told to end or to wait.

use super::graph::exit_of;
use crate::error::{Error, Exit};
use crate::send::outcome::{Halt, WaitCause};

/// An answer that ended a run. `after` says how far it came, `go_on` what to type once the cause is fixed.
pub fn halted(halt: Halt, after: &str, go_on: &str) -> Error {
    let Halt { row, class, text, facts } = halt;
    Error::new(exit_of(row, class), format!("stopped after {after}: {} ({text})", row.meaning))
        .hint(format!("{}; then {go_on} continues", row.hint))
        .graph(facts.into())
}

/// What a run waits for.
pub fn cause(cause: &WaitCause) -> String {
    match cause {
        WaitCause::Row { row, text } => format!("{} ({text})", row.meaning),
        WaitCause::TooManyRequests { text } => text.clone(),
        WaitCause::SharedLimit => "the ad account's rate limit was reached".to_owned(),
    }
}

/// Which of several failures a send ends with: the lowest. 10; 11 for a burst of doubt; 3, 4, 5, 7, 130 and 143.
pub fn rank(exit: Exit) -> u8 {
    match exit {
        Exit::Ledger => 0,
        Exit::Internal => 1,
        Exit::Doubt => 2,
        Exit::Config => 3,
        Exit::Credentials => 4,
        Exit::Refused => 5,
        Exit::Usage => 6,
        Exit::Network => 7,
        Exit::Interrupted | Exit::Terminated => 8,
        Exit::NotYet => 9,
        Exit::PartlyRefused => 10,
        Exit::NotConfirmed => 11,
        Exit::Done => 12,
    }
}
