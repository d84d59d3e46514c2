//! Compares the sandbox's record with the ledger.

use std::collections::{HashMap, HashSet};

use mmsg_sandbox::Accepted;
use serde::Serialize;

use crate::clock::UnixMillis;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::ledger::unknown::UnknownFilter;
use crate::text;
use crate::ui::table::Record;

/// One number, as both know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DemoCheck {
    pub what: &'static str,
    pub sandbox: u64,
    pub ledger: u64,
    pub agree: bool,
}

impl DemoCheck {
    fn new(what: &'static str, sandbox: usize, ledger: usize) -> Self {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Self { what, sandbox: number(sandbox), ledger: number(ledger), agree: sandbox == ledger }
    }

    pub fn agrees(&self) -> bool {
        self.agree
    }
}

impl Record for DemoCheck {
    const PLURAL: &'static str = "checks";
    const COLUMNS: &'static [&'static str] = &["what", "sandbox", "ledger", "agree"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.what.to_owned(),
            text::thousands(self.sandbox),
            text::thousands(self.ledger),
            if self.agree { "yes" } else { "NO" }.to_owned(),
        ]
    }
}

/// Compares the record with the ledger.
pub fn checks(recorded: &[Accepted], ledger: &Ledger) -> Result<Vec<DemoCheck>> {
    let unknown: Vec<String> = ledger.unknowns(&UnknownFilter::default())?.into_iter().map(|send| send.token).collect();
    let accepted: i64 = ledger.broadcasts(None, UnixMillis(0))?.iter().map(|broadcast| broadcast.accepted).sum();
    let tokens: Vec<&str> = recorded.iter().map(|send| &*send.token).collect();
    Ok(compare(&tokens, usize::try_from(accepted).unwrap_or(0), &unknown))
}

fn compare(recorded: &[&str], accepted: usize, unknown: &[String]) -> Vec<DemoCheck> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for token in recorded {
        *times.entry(token).or_default() += 1;
    }
    let doubtful: HashSet<&str> = unknown.iter().map(String::as_str).collect();
    let recorded_doubts = doubtful.iter().filter(|token| times.contains_key(*token)).count();
    let answered = recorded.len() - recorded.iter().filter(|token| doubtful.contains(*token)).count();
    vec![
        DemoCheck::new("sent: accepted + unknown", recorded.len(), accepted + unknown.len()),
        DemoCheck::new("with a reply: accepted", answered, accepted),
        DemoCheck::new("with a lost reply: unknown", recorded_doubts, unknown.len()),
        DemoCheck::new("people with more than one message", times.values().filter(|times| **times > 1).count(), 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(recorded: &[&str], accepted: usize, unknown: &[&str]) -> Vec<bool> {
        let unknown: Vec<String> = unknown.iter().map(|token| (*token).to_owned()).collect();
        compare(recorded, accepted, &unknown).iter().map(DemoCheck::agrees).collect()
    }

    #[test]
    fn the_comparison_finds_every_difference() {
        assert_eq!(agree(&["a", "b", "c"], 2, &["c"]), [true; 4]);
        assert_eq!(agree(&["a", "b", "b"], 3, &[]), [true, true, true, false], "sent twice");
        assert_eq!(agree(&["a"], 2, &[]), [false, false, true, true], "accepted and never recorded");
        assert_eq!(agree(&["a", "b"], 1, &[]), [false, false, true, true], "recorded and forgotten");
        assert_eq!(agree(&["a", "b"], 1, &["c"]), [true, false, false, true], "unknown for the wrong person");
    }
}
