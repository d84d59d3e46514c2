//! The ledger: whether it is whole, has room, and what waits in it for a person.

use super::finding::{Check, Finding, Findings};
use crate::commands::context::Context;
use crate::commands::failure::ledger::fault;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::address::Address;
use crate::ledger::check::Checked;
use crate::ledger::error::Error as LedgerError;
use crate::ledger::room;
use crate::text::{count, size, thousands};

/// A larger one takes too long to be read row by row.
const READ_WHOLE: u64 = 64 * 1024 * 1024;

/// What a run can't begin without: see `ledger::room`.
fn least_free() -> u64 {
    room::left_by_long_work()
}

/// Everything about it.
pub fn check(context: &Context, findings: &mut Findings) {
    let place = &context.settings.ledger;
    match look(context) {
        Ok(Look::Older { found, needed }) => {
            findings.add(older(&place.value, found, needed));
            for check in [Check::Disk, Check::Unknown, Check::Runs] {
                findings.add(Finding::skipped(check, "the ledger is of an older mmsg"));
            }
        }
        Ok(Look::None) => {
            let reason = format!("there is none yet at {} ({}); mmsg send creates it", place.value, place.origin);
            findings.add(Finding::ok(Check::Ledger, reason).with("ledger", place.value.to_string()));
            for check in [Check::Disk, Check::Unknown, Check::Runs] {
                findings.add(Finding::skipped(check, "there is no ledger yet"));
            }
        }
        Ok(Look::Seen { checked, whole }) => {
            findings.add(judge(&checked, &place.value, whole));
            findings.add(judge_disk(&checked));
            findings.add(judge_unknown(checked.unknown));
            findings.add(judge_runs(&checked));
        }
        Err(error) => findings.add(Finding::error(Check::Ledger, &error)),
    }
}

enum Look {
    None,
    /// Its tables are not those of this version.
    Older {
        found: i32,
        needed: i32,
    },
    /// `whole`: all rows were read.
    Seen {
        checked: Checked,
        whole: bool,
    },
}

fn look(context: &Context) -> Result<Look> {
    let ledger = match Ledger::open_to_check(context.settings.ledger()?) {
        Err(LedgerError::OlderSchema { found, needed, .. }) => return Ok(Look::Older { found, needed }),
        opened => opened?,
    };
    let Some(ledger) = ledger else { return Ok(Look::None) };
    let glance = ledger.glance()?;
    let whole = glance.bytes + glance.log_bytes <= READ_WHOLE;
    let checked = if whole { ledger.check(&mut |_| ())? } else { glance };
    Ok(Look::Seen { checked, whole })
}

fn judge(checked: &Checked, ledger: &Address, whole: bool) -> Finding {
    let large = size(checked.bytes + checked.log_bytes);
    let finding = match checked.faults.first() {
        Some(wrong) => Finding::error(Check::Ledger, &fault::told(wrong, ledger)),
        None if checked.schema < checked.newest_schema => older(ledger, checked.schema, checked.newest_schema),
        None if whole => Finding::ok(Check::Ledger, format!("{ledger} is whole; {large}")),
        None => {
            Finding::ok(Check::Ledger, format!("{ledger} opens; {large}, not read row by row (mmsg ledger check does)"))
        }
    };
    finding
        .with("ledger", ledger.to_string())
        .with("bytes", checked.bytes + checked.log_bytes)
        .with("schema", checked.schema)
        .with("newest_schema", checked.newest_schema)
        .with("rows_checked", whole)
}

fn older(ledger: &Address, found: i32, needed: i32) -> Finding {
    Finding::warning(
        Check::Ledger,
        format!("{ledger} has schema {found}, and this mmsg has {needed}"),
        "the next command that writes to it makes it newer; older versions of mmsg can't use it then",
    )
    .with("ledger", ledger.to_string())
    .with("schema", found)
    .with("newest_schema", needed)
}

fn judge_disk(checked: &Checked) -> Finding {
    let next = "free disk space, or move the ledger to a larger disk (mmsg ledger copy)";
    let finding = match checked.free {
        None => Finding::skipped(Check::Disk, "the ledger's disk is its server's"),
        Some(free) if free < least_free() => {
            let error = Error::ledger(format!("only {} are free on the ledger's disk: no send can begin", size(free)));
            Finding::error(Check::Disk, &error.hint(next))
        }
        // A backup, or a table that is written anew, takes as much again.
        Some(free) if free < checked.bytes.saturating_add(least_free()) => {
            Finding::warning(Check::Disk, format!("{} are free, less than the ledger takes", size(free)), next)
        }
        Some(free) => Finding::ok(Check::Disk, format!("{} are free on the ledger's disk", size(free))),
    };
    finding.with("free_bytes", checked.free)
}

fn judge_unknown(unknown: u64) -> Finding {
    let finding = match unknown {
        0 => Finding::ok(Check::Unknown, "no send is unknown"),
        some => Finding::warning(
            Check::Unknown,
            format!("{} unknown: they may or may not have been accepted", count(some, "send is", "sends are")),
            "mmsg unknown list, then mmsg unknown settle",
        ),
    };
    finding.with("unknown", unknown)
}

fn judge_runs(checked: &Checked) -> Finding {
    let finding = match checked.dead_runs {
        0 if checked.at_work == 0 => Finding::ok(Check::Runs, "no run is at work, and none died"),
        0 => Finding::ok(Check::Runs, format!("{} at work", count(checked.at_work, "run is", "runs are"))),
        dead => Finding::warning(
            Check::Runs,
            format!(
                "{} died, and left {} on the way",
                count(dead, "run", "runs"),
                if checked.left_claimed == 1 {
                    "1 send".to_owned()
                } else {
                    format!("{} sends", thousands(checked.left_claimed))
                }
            ),
            "mmsg broadcast list makes them unknown; then mmsg unknown list",
        ),
    };
    finding
        .with("at_work", checked.at_work)
        .with("dead_runs", checked.dead_runs)
        .with("left_claimed", checked.left_claimed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Verdict;
    use crate::ledger::check::Fault;

    #[test]
    fn each_part_of_a_ledger_has_its_verdict() {
        let fine = || Checked { schema: 5, newest_schema: 5, bytes: 1000, free: Some(1 << 40), ..Checked::default() };
        let ledger = Address::File("/ledger.db".into());
        let broken = Checked { faults: vec![Fault::Broken(vec!["page 7".to_owned()])], ..fine() };
        for (found, verdict, says) in [
            (judge(&fine(), &ledger, true), Verdict::Ok, "/ledger.db is whole"),
            (judge(&fine(), &ledger, false), Verdict::Ok, "not read row by row"),
            (judge(&broken, &ledger, true), Verdict::Failed, "page 7"),
            (judge(&Checked { schema: 4, ..fine() }, &ledger, true), Verdict::Warning, "has schema 4"),
            (judge_disk(&fine()), Verdict::Ok, "are free on the ledger's disk"),
            (judge_disk(&Checked { free: Some(1000), ..fine() }), Verdict::Failed, "no send can begin"),
            (
                judge_disk(&Checked { free: Some(1 << 30), bytes: 1 << 30, ..fine() }),
                Verdict::Warning,
                "less than the ledger takes",
            ),
            (judge_disk(&Checked { free: None, ..fine() }), Verdict::Skipped, "server"),
            (judge_unknown(0), Verdict::Ok, "no send"),
            (judge_unknown(1), Verdict::Warning, "1 send is unknown"),
            (judge_runs(&fine()), Verdict::Ok, "none died"),
            (judge_runs(&Checked { at_work: 2, ..fine() }), Verdict::Ok, "2 runs are at work"),
            (
                judge_runs(&Checked { dead_runs: 1, left_claimed: 3, ..fine() }),
                Verdict::Warning,
                "1 run died, and left 3 sends on the way",
            ),
        ] {
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
        }
    }
}
