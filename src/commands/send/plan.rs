//! The list of a send: read, checked, kept, planned.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::columns::{ValueCheck, refuse_absent_columns};
use super::testers::TestArgs;
use crate::audience::{Columns, ListTally};
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::lists::{self, ListArgs};
use crate::commands::output::Outputs;
use crate::commands::people::FilterArgs;
use crate::commands::signals::Signals;
use crate::error::Result;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::plan::{PlanTerms, Planned};
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::{Ledger, Watch};
use crate::log::note;
use crate::send::messages::Messages;

/// Where the recipients come from.
#[derive(Clone, Copy)]
pub enum ListSource<'a> {
    /// People of the ledger: an audience, all that a filter finds, or both.
    People(Option<&'a str>, &'a FilterArgs),
    /// People named on the command line.
    Testers(&'a TestArgs),
    /// Files or stdin; the report of bad rows is one of the outputs.
    Files(&'a ListArgs, &'a Outputs),
}

/// A list that was read completely.
pub struct List {
    pub source: String,
    pub tally: ListTally,
    pub spool: Listing,
}

impl List {
    /// One that has nothing but tokens.
    fn of_people(source: String, spool: Listing) -> Self {
        let tally = ListTally { rows: spool.rows, good: spool.rows, ..ListTally::default() };
        Self { source, tally, spool }
    }
}

/// Reads the whole list, or copies the audience, into a spool in `folder`.
pub async fn read(
    context: &Context,
    signals: &Signals,
    source: ListSource<'_>,
    messages: &Messages,
    ledger: &Ledger,
    folder: PathBuf,
) -> Result<List> {
    let (list, outputs) = match source {
        ListSource::Files(list, outputs) => (list, outputs),
        ListSource::Testers(test) => {
            return Ok(List::of_people("test".to_owned(), test.list(messages, &folder)?));
        }
        ListSource::People(audience, people) => {
            return read_people(context, audience, people, messages, ledger, &folder);
        }
    };
    let wanted = match messages.columns() {
        names if names.is_empty() => Columns::None,
        names => Columns::Named(names.into_iter().collect()),
    };
    let (listed, spool) = lists::spool(context, signals, outputs, list, wanted, folder).await?;
    if spool.rows > 0 {
        refuse_absent_columns(messages, &listed.tally, &context.ui)?;
    }
    Ok(List { source: list.source(), tally: listed.tally, spool })
}

fn read_people(
    context: &Context,
    audience: Option<&str>,
    people: &FilterArgs,
    messages: &Messages,
    ledger: &Ledger,
    folder: &Path,
) -> Result<List> {
    let failed = |error| failure::ledger::of_spool(error, folder);
    let mut spool = Spool::new(folder).map_err(failed)?;
    let (page, values) = (context.page()?, messages.uses_values());
    let chosen = match audience {
        Some(name) if people.is_everybody() => {
            ledger.spool_audience(page.as_str(), name, values, &mut spool).map_err(failed)?;
            String::new()
        }
        audience => {
            let audience = audience.map(|name| ledger.find_audience(page.as_str(), name)).transpose()?;
            let now = ledger.clock_by(context.graph_clock()?)?.now();
            let filter = people.filter(audience, now, context.ui.zone());
            ledger.spool_people(page.as_str(), &filter, now, values, &mut spool).map_err(failed)?;
            FilterArgs::words(&filter)
        }
    };
    let spool = spool.finish().map_err(failed)?;
    if spool.rows == 0 {
        context.ui.status("nobody matches; nothing to send");
    }
    let source = match audience {
        Some(name) if chosen.is_empty() => format!("audience {name}"),
        Some(name) => format!("audience {name}: {chosen}"),
        None => format!("people: {chosen}"),
    };
    Ok(List::of_people(source, spool))
}

/// Plans the list while no other process plans this broadcast; returns the ledger and what was read.
pub async fn plan(
    context: &Context,
    signals: &Signals,
    mut ledger: Ledger,
    broadcast: &Broadcast,
    mut list: List,
    messages: &Messages,
    terms: PlanTerms,
) -> Result<(Ledger, Planned, List)> {
    let progress = context.ui.progress(Some(list.spool.rows), "rows planned");
    let ui = context.ui.clone();
    let stopping = signals.clone();
    let (began, id) = (Instant::now(), broadcast.id);
    let (broadcast, messages) = (broadcast.clone(), messages.clone());
    let exit = Arc::new(signals.clone());
    let done = signals
        .blocking(move || {
            let lock = ledger.lock_planning(broadcast.id, &mut || {
                ui.status("another mmsg process is planning this broadcast; waiting for it");
            })?;
            let mut values = ValueCheck::new(&messages);
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            let (source, spool) = (&list.source, &mut list.spool);
            let planned =
                ledger.plan(&broadcast, source, spool, terms, &mut |arm, row| values.row(arm, row), &mut watch);
            drop(lock);
            values.tell(&ui);
            Ok((ledger, planned?, list))
        })
        .await?;
    let (ledger, planned, list) = done.map_err(|error| failure::ledger::stopped_by(error, exit.exit()))?;
    note!(INFO, "list planned", broadcast = id, rows = list.spool.rows, ms = began.elapsed());
    Ok((ledger, planned, list))
}
