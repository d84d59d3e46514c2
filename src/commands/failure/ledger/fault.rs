//! What a check of the ledger found wrong.

use super::RESTORE_BACKUP;
use crate::error::{Error, Exit};
use crate::ledger::address::Address;
use crate::ledger::check::Fault;
use crate::ledger::error::Error as LedgerError;
use crate::text;

/// What is wrong, and what to type next.
pub fn told(fault: &Fault, ledger: &Address) -> Error {
    let broken = |what: String| Error::ledger(format!("the ledger {ledger} is damaged: {what}")).hint(RESTORE_BACKUP);
    let counts = |what: &str, broadcasts: &[i64]| {
        let ids: Vec<String> = broadcasts.iter().map(i64::to_string).collect();
        let of = if ids.len() == 1 { "broadcast" } else { "broadcasts" };
        Error::ledger(format!("the ledger {ledger} counts {what} of {of} {} wrongly", ids.join(", ")))
            .hint("sends go by the rows, which agree, so nobody gets a message twice by this; totals and reports are wrong: please report it")
    };
    match fault {
        Fault::Broken(lines) => broken(lines.join("; ")),
        Fault::Missing { table, of, rows } => broken(format!(
            "{} of {table} without the row of {of} that belongs to it",
            text::count(*rows, "row", "rows")
        )),
        Fault::Keys { rows } => broken(format!(
            "{} would not be found by their token and could get a message twice",
            text::count(*rows, "recipient", "recipients")
        )),
        Fault::NotOne { rows } => broken(format!("it has {} about itself, not one", text::count(*rows, "row", "rows"))),
        Fault::Closed(why) => Error::from(LedgerError::closed(why.clone()).at(ledger)).with_exit(Exit::Ledger),
        Fault::States { broadcasts } => counts("the rows", broadcasts),
        Fault::Hours { broadcasts } => counts("the hours", broadcasts),
    }
}
