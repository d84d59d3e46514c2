//! What a send for many profiles came to: a row for each, and all of them together.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::commands::context::Invocation;
use crate::commands::send::ending::Concluded;
use crate::commands::send::finish::{Finish, Told};
use crate::commands::send::totals::Totals;
use crate::error::{Error, Exit, Result};
use crate::ledger::address::Address;
use crate::text;
use crate::ui::lines::Unwritten;
use crate::ui::table::Record;
use crate::ui::{Format, Ui};

/// How it went, as a row of the totals. The keys never change.
#[derive(Serialize)]
struct Row {
    profile: String,
    page: Option<String>,
    page_name: Option<String>,
    #[serde(flatten)]
    totals: Totals,
    hint: Option<String>,
}

/// What all came to. The keys never change.
#[derive(Serialize)]
struct Whole<'r> {
    profiles: &'r [Row],
    #[serde(flatten)]
    totals: Totals,
}

impl Record for Row {
    const PLURAL: &'static str = "profiles";
    const COLUMNS: &'static [&'static str] =
        &["profile", "Page", "accepted", "refused", "unknown", "pending", "next run at", "exit"];
    const EXPENDABLE: &'static [&'static str] = &["Page", "refused", "next run at"];

    fn cells(&self) -> Vec<String> {
        let Totals { this_run, unknown, pending, next_run_at, exit, exit_code, .. } = &self.totals;
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            self.profile.clone(),
            dash(self.page.as_ref().map(|page| text::with_name(page, self.page_name.as_deref()))),
            text::thousands(this_run.accepted),
            text::thousands(this_run.refused),
            text::thousands(*unknown),
            text::thousands(*pending),
            dash(next_run_at.map(|at| at.to_string())),
            format!("{exit_code} {exit}"),
        ]
    }
}

/// A Page, and what Meta calls it.
pub struct Sender {
    pub page: String,
    pub page_name: Option<String>,
}

/// A business: its name, Page and ledger, and how it ended.
pub type Ended = (String, Option<Sender>, Option<Address>, Concluded);

/// Prints the totals; the weightiest end is that of the command.
pub fn conclude(
    frame: &Invocation<'_>,
    continues: &str,
    finish: &Finish<'_>,
    ended: Vec<Ended>,
    unwritten: Vec<Unwritten>,
) -> Result<Exit> {
    let mut sums = Totals::default();
    let mut weightiest = (u8::MAX, Exit::Done);
    let mut unknown_in = BTreeMap::new();
    let mut rows = Vec::new();
    for (name, sender, ledger, concluded) in ended {
        sums.merge(&concluded.totals);
        if let Some(ledger) = ledger {
            let unknown = unknown_in.entry(ledger).or_insert(0);
            *unknown = concluded.totals.unknown_in_ledger.max(*unknown);
        }
        if concluded.weight() < weightiest.0 {
            weightiest = (concluded.weight(), concluded.exit);
        }
        let hint = concluded.error().and_then(Error::hint_text).map(str::to_owned);
        let (exit, error) = (concluded.exit, concluded.error().map(Error::to_string));
        let mut totals = concluded.totals.ended(exit, None);
        totals.reason = error.or(totals.reason);
        let (page, page_name) = sender.map(|sender| (sender.page, sender.page_name)).unzip();
        rows.push(Row { profile: name, page, page_name: page_name.flatten(), totals, hint });
    }
    sums.unknown_in_ledger = unknown_in.values().sum();
    let exit = weightiest.1;
    let sums = sums.ended(exit, None);
    sums.remarks(frame.ui, continues);
    let mut failed = None;
    for unwritten in unwritten {
        failed = Some(match unwritten {
            Unwritten::ReaderGone => Error::stdout_closed(),
            Unwritten::Failed(error) => error,
        });
    }
    let told = |row: &Row| Told {
        profile: Some(row.profile.clone()),
        page: row.page.clone(),
        totals: serde_json::to_value(&row.totals).unwrap_or_default(),
    };
    let whole = serde_json::to_value(Whole { profiles: &rows, totals: sums.clone() }).unwrap_or_default();
    finish.tell(frame.ui, frame.clock.now(), &rows.iter().map(told).collect::<Vec<_>>(), &whole);
    print(frame.ui, rows, sums)?;
    match failed {
        Some(error) => Err(error),
        None => Ok(exit),
    }
}

fn print(ui: &Ui, mut rows: Vec<Row>, sums: Totals) -> Result<()> {
    match ui.format() {
        Format::Table if ui.is_quiet() && sums.did_nothing() && sums.exit_code == Exit::Done.code() => Ok(()),
        Format::Table => {
            rows.push(Row {
                profile: format!("all {}", rows.len()),
                page: None,
                page_name: None,
                totals: sums,
                hint: None,
            });
            ui.list(&rows)
        }
        Format::Json | Format::Ndjson => {
            let value = serde_json::to_value(Whole { profiles: &rows, totals: sums })
                .map_err(|error| Error::internal("can't write the totals").because(&error))?;
            if ui.format() == Format::Json {
                return ui.json(&value);
            }
            ui.stderr_object(&value);
            Ok(())
        }
        Format::Csv => {
            ui.status(&sums.line());
            Ok(())
        }
    }
}
