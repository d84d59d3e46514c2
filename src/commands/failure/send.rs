//! What an operator is told when a send ends or waits.

use super::graph::exit_of;
use super::ledger;
use crate::campaign::Amount;
use crate::error::{Error, Exit};
use crate::ledger::spending::{Spending, WhichCeiling};
use crate::send::bursts::Burst;
use crate::send::canary::{CanaryVerdict, Stopped};
use crate::send::outcome::{Halt, WaitCause};
use crate::text;

/// An answer that ended a run. `after` says how far it got, `go_on` is the command that continues.
pub fn halted(halt: Halt, after: &str, go_on: &str) -> Error {
    let Halt { row, class, text, facts } = halt;
    Error::new(exit_of(row, class), format!("stopped after {after}: {} ({text})", row.meaning))
        .hint(format!("{}; then {go_on} continues", row.hint))
        .graph(facts.into())
}

/// Too many answers of one kind. `sample` is one of them.
pub fn burst(burst: &Burst, sample: Option<&str>, after: &str, go_on: &str) -> Error {
    let sample = sample.map(|sample| format!(" ({sample})")).unwrap_or_default();
    match burst {
        Burst::Doubt { in_row } => {
            let how = if *in_row { "20 in a row" } else { "more than half of the last 100" };
            Error::doubt(format!("stopped after {after}: {how} had no clear answer{sample}")).hint(format!(
                "mmsg unknown list shows them; they are not retried automatically; {go_on} continues with the others"
            ))
        }
        Burst::TooEarly { people } => Error::doubt(format!(
            "stopped after {after}: {people} people were refused as too early (2300035) whom this ledger has not messaged: this \
             ledger is older than what was sent, or something else sends for this Page"
        ))
        .hint(ledger::AFTER_REFUSALS),
        Burst::Unreachable { probes } => Error::network(format!(
            "Graph can't be reached: {probes} attempts failed over a minute{sample}; none of these requests was sent"
        ))
        .hint(format!("check the network, then run {go_on}")),
        Burst::Refusals { refusal, count } => {
            let (kind, hint) = match refusal.code {
                Some(code) => (
                    format!("refusals with code {code}"),
                    format!(
                        "mmsg explain {code} says what it means; once it is fixed, add --retry-refused {code}; \
                         --allow-refusals continues anyway"
                    ),
                ),
                None => ("refusals without a code".to_owned(), "--allow-refusals continues anyway".to_owned()),
            };
            Error::refused(format!(
                "stopped after {after}: {count} {kind} and almost none accepted{sample}: the problem is probably the Page or \
                 the ad account, not the recipients"
            ))
            .hint(hint)
        }
    }
}

/// A canary that nobody follows. `go_on` is the command that continues, `close` the one that cancels.
pub fn canary(stopped: &Stopped, go_on: &str, close: &str) -> Error {
    let Stopped { figures, max_failed, waited, held, .. } = stopped;
    let held = text::count(*held, "other recipient was", "other recipients were");
    let asked = text::count(figures.asked(), "person", "people");
    let (told, hint) = match stopped.verdict {
        CanaryVerdict::Unheard => (
            format!(
                "of the canary's {} webhook events came for {} within {}, so nobody knows whether they got it",
                text::count(figures.accepted, "accepted message", "accepted messages"),
                text::thousands(figures.heard),
                text::span(*waited)
            ),
            format!(
                "mmsg webhook status shows whether events arrive; then {go_on} judges again, --canary-without-events judges by \
                 Meta's answers alone, --canary none sends to everybody, {close} cancels"
            ),
        ),
        CanaryVerdict::Failed | CanaryVerdict::Wait | CanaryVerdict::Go => (
            format!(
                "{} of the canary's {asked} failed ({}, at most {} may)",
                text::thousands(figures.bad()),
                text::percent(figures.bad_share()),
                text::percent(*max_failed)
            ),
            format!(
                "mmsg report --broadcast {} shows why; then {go_on} judges again, --canary-max-failed allows more, --canary none \
                 sends to everybody, {close} cancels",
                stopped.broadcast
            ),
        ),
    };
    Error::refused(format!("{told}; {held} not sent to; canary: {}", figures.told())).hint(hint)
}

/// What a run waits for.
pub fn cause(cause: &WaitCause) -> String {
    match cause {
        WaitCause::Code { row, text } => format!("{} ({text})", row.meaning),
        WaitCause::TooManyRequests { text } => text.clone(),
        WaitCause::SharedLimit => "the ad account's rate limit was reached".to_owned(),
        WaitCause::Canary => "the people of the canary can't be messaged before".to_owned(),
        WaitCause::SpendLimit(spending) => spent_up(spending),
    }
}

/// `the daily spend limit of 30.00 USD is reached: …`.
fn spent_up(spending: &Spending) -> String {
    let shown = |amount: Amount| amount.text(spending.currency);
    let limit = match spending.which {
        WhichCeiling::Daily => format!("the daily spend limit of {}", shown(spending.limit)),
        WhichCeiling::InAll => format!("--max-spend {}", shown(spending.limit)),
    };
    format!(
        "{limit} is reached: {} spent since {} began, {} reserved for messages that are not known to be delivered, {} left; a \
         delivery counts as {}",
        shown(spending.spent()),
        spending.since,
        shown(spending.reserved()),
        shown(spending.left()),
        shown(spending.each),
    )
}

/// What to type to go on before the next day.
pub fn spend_more(spending: &Spending, go_on: &str) -> String {
    match spending.which {
        WhichCeiling::Daily => {
            format!("{go_on} continues then; to go on now, raise daily_spend_limit in the profile's [send]")
        }
        WhichCeiling::InAll => format!(
            "{go_on} continues then; to go on now, use a --max-spend above {}: what was spent that day counts",
            spending.limit.minor()
        ),
    }
}

/// Whether the totals are data all the same: there is something to look at.
pub fn keeps_totals(exit: Exit) -> bool {
    exit == Exit::Doubt
}

/// Which of several failures a send ends with: the lowest. 10; 11 for a burst of doubt; 3, 4, 5, 7, 130, 141 and 143.
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
        Exit::Interrupted | Exit::PipeClosed | Exit::Terminated => 8,
        Exit::NotYet => 9,
        Exit::PartlyRefused => 10,
        Exit::NotConfirmed => 11,
        Exit::Done => 12,
    }
}
