//! The totals: every row read is in exactly one of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::campaign::CampaignFacts;
use super::canary::{self, CanaryTotals};
use super::money::SpendTotals;
use super::plan::List;
use super::skipped;
use crate::audience::ListTally;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::plan::Planned;
use crate::ledger::spending::Spending;
use crate::ledger::state::Skip;
use crate::ledger::totals::Standing;
use crate::ledger::{self, Ledger};
use crate::send::job::Stats;
use crate::text;
use crate::ui::table::Record;
use crate::ui::{Format, Ui};

/// The keys never change. `rows = rejected + duplicates + accepted + refused + skipped + unknown + claimed + pending`; with
/// `--resume` there is no list, and the counts are of whole broadcasts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    pub broadcast: Option<i64>,
    pub campaign: Option<String>,
    pub campaign_name: Option<String>,
    /// Data rows of the list.
    pub rows: Option<u64>,
    pub rejected: u64,
    pub duplicates: u64,
    pub accepted: u64,
    pub refused: u64,
    pub skipped: u64,
    pub skipped_by_reason: BTreeMap<String, u64>,
    pub unknown: u64,
    /// In flight in another run.
    pub claimed: u64,
    pub pending: u64,
    pub this_run: ThisRun,
    /// Rows whose values differ from those planned first.
    pub changed_values: u64,
    /// Rows of the broadcast that wait but are not in this list.
    pub pending_elsewhere: u64,
    /// Unknown sends in the whole ledger.
    pub unknown_in_ledger: u64,
    /// Of each broadcast that went to a canary first.
    pub canaries: Vec<CanaryTotals>,
    pub next_run_at: Option<UnixMillis>,
    /// Under a spend limit: how the ad account stands.
    pub spend: Option<SpendTotals>,
    /// How the run ended, by the name of its exit code.
    pub exit: &'static str,
    pub exit_code: u8,
    pub reason: Option<String>,
}

/// What this run did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ThisRun {
    pub requests: u64,
    pub accepted: u64,
    pub refused: u64,
    pub refused_by_code: BTreeMap<String, u64>,
    pub later: u64,
    pub unknown: u64,
    pub not_sent: u64,
    /// Unknown sends of a dead run that this run found.
    pub found_unknown: u64,
}

/// How the turns of a command went, as far as the totals show it.
pub struct Course {
    pub stats: Stats,
    pub reason: Option<String>,
    pub now: UnixMillis,
    /// When what must wait may go out.
    pub next_run_at: Option<UnixMillis>,
    /// Under a spend limit.
    pub spending: Option<Spending>,
    pub stopped_at_max: bool,
}

/// What the ledger says of a listing, and of what is around it.
pub struct Counted {
    standing: Standing,
    /// Rows of the broadcast that wait, in other lists.
    elsewhere: u64,
    unknown_in_ledger: u64,
    canary: Option<CanaryTotals>,
}

impl Counted {
    /// Of a listing that was just planned, with how many people it has.
    ///
    /// # Errors
    /// The ledger can't be read.
    pub fn of(
        ledger: &Ledger,
        broadcast: i64,
        (listing, people): (i64, u64),
        now: UnixMillis,
    ) -> ledger::error::Result<Self> {
        let standing = ledger.standing_of_listing(broadcast, listing, Some(people))?;
        Ok(Self {
            elsewhere: ledger.waiting_elsewhere(broadcast, &standing)?,
            unknown_in_ledger: ledger.unknown_in_all()?,
            canary: canary::told(ledger, broadcast, now)?,
            standing,
        })
    }
}

impl Totals {
    pub fn of_empty_list(list: &List) -> Self {
        Self { rows: Some(list.tally.rows), rejected: list.tally.bad, ..Self::default() }
    }

    pub fn of_list(
        broadcast: &Broadcast,
        campaign: &CampaignFacts,
        tally: &ListTally,
        planned: &Planned,
        counted: Counted,
        course: &Course,
        found_unknown: u64,
    ) -> Self {
        let mut totals = Self {
            broadcast: Some(broadcast.id),
            campaign: Some(campaign.id.as_str().to_owned()),
            campaign_name: campaign.name.clone(),
            rows: Some(tally.rows),
            rejected: tally.bad,
            duplicates: planned.rows - planned.people,
            changed_values: planned.changed_values,
            pending_elsewhere: counted.elsewhere,
            this_run: ThisRun { found_unknown, ..ThisRun::default() },
            ..Self::default()
        };
        totals.add(&counted.standing);
        totals.complete(counted.unknown_in_ledger, course);
        totals.canaries.extend(counted.canary);
        totals
    }

    /// Adds rows of another broadcast.
    pub fn add(&mut self, standing: &Standing) {
        self.accepted += standing.accepted;
        self.refused += standing.refused;
        self.unknown += standing.unknown;
        self.claimed += standing.claimed;
        self.pending += standing.pending;
        self.skipped += standing.skipped_in_all();
        for (reason, n) in &standing.skipped {
            *self.skipped_by_reason.entry(reason.clone()).or_default() += n;
        }
        self.next_run_at = match (self.next_run_at, standing.next_at) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }

    /// Adds the totals of another business. Its unknown sends are in its ledger, which others may share: that sum is the caller's.
    pub fn merge(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.claimed += other.claimed;
        self.pending += other.pending;
        self.skipped += other.skipped;
        for (reason, n) in &other.skipped_by_reason {
            *self.skipped_by_reason.entry(reason.clone()).or_default() += n;
        }
        self.canaries.extend(other.canaries.iter().cloned());
        let (run, others) = (&mut self.this_run, &other.this_run);
        run.requests += others.requests;
        run.accepted += others.accepted;
        run.refused += others.refused;
        for (code, n) in &others.refused_by_code {
            *run.refused_by_code.entry(code.clone()).or_default() += n;
        }
        run.later += others.later;
        run.unknown += others.unknown;
        run.not_sent += others.not_sent;
        run.found_unknown += others.found_unknown;
        self.next_run_at = match (self.next_run_at, other.next_run_at) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }

    /// Adds what the run did and what else the ledger holds.
    pub fn complete(&mut self, unknown_in_ledger: u64, course: &Course) {
        let stats = &course.stats;
        self.this_run = ThisRun {
            requests: stats.requests,
            accepted: stats.accepted,
            refused: stats.refused_in_all(),
            refused_by_code: stats
                .refused
                .iter()
                .map(|(refusal, refused)| {
                    let code = refusal.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
                    (code, refused.count)
                })
                .collect(),
            later: stats.later,
            unknown: stats.unknown,
            not_sent: stats.not_sent,
            found_unknown: self.this_run.found_unknown,
        };
        self.unknown_in_ledger = unknown_in_ledger;
        self.reason.clone_from(&course.reason);
        self.spend = course.spending.map(SpendTotals::from);
        let now = course.now;
        self.next_run_at = if self.waits() {
            // What Graph asked for comes before what the rows allow.
            let rows = self.next_run_at.map(|at| at.max(now));
            match (course.next_run_at, course.stopped_at_max) {
                (Some(told), _) => Some(rows.map_or(told, |rows| rows.max(told))),
                (None, true) => Some(now),
                (None, false) => rows.or(Some(now)),
            }
        } else {
            course.next_run_at
        };
    }

    /// Some rows given to this run wait, or are in flight elsewhere.
    pub fn waits(&self) -> bool {
        self.pending + self.claimed > 0
    }

    /// This run left sends unknown: exit 11. Those of a dead run that it found are counted apart.
    pub fn left_unknown(&self) -> bool {
        self.this_run.unknown > 0
    }

    /// More than half of a list led to no request and never will, for a reason that the operator can change: exit 8.
    pub fn skipped_most(&self) -> bool {
        self.rows.is_some() && skipped::is_most(skipped::changeable(&self.skipped_by_reason), self.recipients())
    }

    fn recipients(&self) -> u64 {
        self.accepted + self.refused + self.skipped + self.unknown + self.claimed + self.pending
    }

    pub fn ended(mut self, exit: Exit, error: Option<&Error>) -> Self {
        self.exit = exit.name();
        self.exit_code = exit.code();
        if let Some(error) = error {
            self.reason = Some(error.to_string());
        }
        self
    }

    /// Prints the totals as data; `-o ndjson` and `csv` keep stdout for rows, so they go to the last line of stderr.
    pub fn print(self, context: &Context, exit: Option<Exit>) -> Result<Exit> {
        let exit = exit.unwrap_or(Exit::Done);
        let totals = self.ended(exit, None);
        totals.remarks(&context.ui, &context.resume_command(totals.campaign.as_deref()));
        if totals.did_nothing() && context.ui.is_quiet() && context.ui.format() == Format::Table {
            return Ok(exit);
        }
        match context.ui.format() {
            Format::Table | Format::Json => context.ui.object(&totals)?,
            Format::Ndjson => {
                let value = serde_json::to_value(&totals)
                    .map_err(|error| Error::internal("can't write the totals").because(&error))?;
                context.ui.stderr_object(&value);
            }
            Format::Csv => context.ui.status(&totals.line()),
        }
        Ok(exit)
    }

    /// A --resume that changed nothing: nothing that a cron job should mail.
    pub fn did_nothing(&self) -> bool {
        self.rows.is_none() && self.this_run.requests == 0 && self.this_run.found_unknown == 0
    }

    /// What an operator should know of a list that led to few requests, or none.
    pub fn remarks_of_list(&self, ui: &Ui) {
        // Who is held out was meant to be.
        let held_out = self.skipped_by_reason.get(Skip::Holdout.name()).copied().unwrap_or_default();
        let most = self.rows.is_some() && skipped::is_most(self.skipped - held_out, self.recipients());
        if most {
            ui.warn(&skipped::sentence(self.skipped, self.recipients(), &self.skipped_by_reason));
        }
        let nothing_left = self.this_run.requests == 0 && !self.waits();
        if self.rows.is_some() && nothing_left && self.accepted > 0 && !most {
            let people = text::count(self.accepted, "recipient has", "recipients have");
            ui.status(&format!("nothing to send: {people} this message already; --again sends it once more"));
        }
    }

    /// What an operator should know besides the counts; `go_on` is the command that continues.
    pub fn remarks(&self, ui: &Ui, go_on: &str) {
        self.remarks_of_list(ui);
        if self.this_run.unknown > 0 {
            ui.warn(&format!(
                "{} no clear reply and may or may not have been accepted (unknown); {} not retried automatically: see mmsg \
                 unknown list",
                text::count(self.this_run.unknown, "send got", "sends got"),
                if self.this_run.unknown == 1 { "it is" } else { "they are" }
            ));
        }
        if let (true, Some(at)) = (self.waits(), self.next_run_at) {
            let rows = text::count(self.pending + self.claimed, "row waits", "rows wait");
            ui.status(&format!("{rows}; {go_on} continues, from {at}"));
        }
        if self.this_run.found_unknown > 0 {
            ui.warn(&format!(
                "{} unknown because an earlier run died; see mmsg unknown list",
                text::count(self.this_run.found_unknown, "send is", "sends are")
            ));
        }
        let older = self.unknown_in_ledger.saturating_sub(self.this_run.unknown + self.this_run.found_unknown);
        if older > 0 {
            ui.status(&format!(
                "{} unknown from earlier runs; see mmsg unknown list",
                text::count(older, "send is", "sends are")
            ));
        }
        if self.changed_values > 0 {
            ui.warn(&format!(
                "{} different values than when first planned; the values planned first are used",
                text::count(self.changed_values, "row has", "rows have")
            ));
        }
        if self.pending_elsewhere > 0 {
            ui.status(&format!(
                "{} of this broadcast {} not in this list and still pending; mmsg send --resume sends to them",
                text::count(self.pending_elsewhere, "row", "rows"),
                if self.pending_elsewhere == 1 { "is" } else { "are" }
            ));
        }
    }

    /// All counts in one line.
    pub fn line(&self) -> String {
        let cells = self.cells();
        let parts = Self::COLUMNS.iter().zip(&cells).filter(|(_, cell)| !cell.is_empty());
        parts.map(|(name, cell)| format!("{name} {cell}")).collect::<Vec<_>>().join(", ")
    }
}

impl Record for Totals {
    const PLURAL: &'static str = "totals";
    const COLUMNS: &'static [&'static str] = &[
        "broadcast",
        "campaign",
        "rows",
        "rejected",
        "duplicates",
        "accepted",
        "refused",
        "skipped",
        "unknown",
        "claimed",
        "pending",
        "requests in this run",
        "accepted in this run",
        "canary",
        "next run at",
        "spend limit",
    ];

    /// Zero counts are left out, except the ones everybody looks for.
    fn cells(&self) -> Vec<String> {
        let some = |n: u64| if n == 0 { String::new() } else { text::thousands(n) };
        let with = |n: u64, parts: &BTreeMap<String, u64>| {
            if n == 0 {
                return String::new();
            }
            let parts: Vec<_> = parts.iter().map(|(what, n)| format!("{what} {}", text::thousands(*n))).collect();
            format!("{} ({})", text::thousands(n), parts.join(", "))
        };
        let refused = match self.this_run.refused {
            0 => some(self.refused),
            _ => format!(
                "{} (in this run {})",
                text::thousands(self.refused),
                self.this_run
                    .refused_by_code
                    .iter()
                    .map(|(code, n)| format!("{code}: {n}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        };
        vec![
            self.broadcast.map(|id| id.to_string()).unwrap_or_default(),
            self.campaign.as_deref().map(|id| text::with_name(id, self.campaign_name.as_deref())).unwrap_or_default(),
            self.rows.map(text::thousands).unwrap_or_default(),
            some(self.rejected),
            some(self.duplicates),
            text::thousands(self.accepted),
            refused,
            with(self.skipped, &self.skipped_by_reason),
            some(self.unknown),
            some(self.claimed),
            some(self.pending),
            text::thousands(self.this_run.requests),
            text::thousands(self.this_run.accepted),
            self.canaries.iter().map(CanaryTotals::text).collect::<Vec<_>>().join("; "),
            self.next_run_at.map(|at| at.to_string()).unwrap_or_default(),
            self.spend.as_ref().map(SpendTotals::text).unwrap_or_default(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_run_left_unknown_is_its_own() {
        let run = |unknown, found_unknown| ThisRun { unknown, found_unknown, ..ThisRun::default() };
        let left = |this_run| Totals { unknown: 9, unknown_in_ledger: 9, this_run, ..Totals::default() }.left_unknown();
        assert!(left(run(1, 0)) && left(run(1, 5)));
        assert!(!left(run(0, 0)) && !left(run(0, 5)), "a dead run's unknowns are not this run's");
    }
}
