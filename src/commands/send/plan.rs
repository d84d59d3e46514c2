//! The list of a send: read, checked, kept, planned.

use std::path::PathBuf;
use std::sync::Arc;

use super::columns::{ValueCheck, refuse_absent_columns};
use crate::audience::{Columns, ListTally};
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::lists::{self, ListArgs};
use crate::commands::signals::Signals;
use crate::error::Result;
use crate::ledger::broadcasts::Broadcast;
use crate::ledger::plan::{Planned, Terms};
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::{Ledger, Watch};
use crate::message::Template;

/// Where the recipients come from.
#[derive(Clone, Copy, Debug)]
pub enum ListSource<'a> {
    /// An imported audience.
    Audience(&'a str),
    /// Files or stdin.
    Files(&'a ListArgs),
}

/// A list that was read completely.
pub struct List {
    pub source: String,
    pub tally: ListTally,
    pub spool: Listing,
}

/// Reads the whole list, or copies the audience, into a spool in `folder`.
pub async fn read(
    context: &Context,
    signals: &Signals,
    source: ListSource<'_>,
    template: &Template,
    ledger: &Ledger,
    folder: PathBuf,
) -> Result<List> {
    let list = match source {
        ListSource::Files(list) => list,
        ListSource::Audience(name) => {
            let mut spool = Spool::new(&folder)?;
            ledger.spool_audience(context.page()?.as_str(), name, !template.is_constant(), &mut spool)?;
            let spool = spool.finish()?;
            let tally = ListTally { rows: spool.rows, good: spool.rows, ..ListTally::default() };
            return Ok(List { source: format!("audience {name}"), tally, spool });
        }
    };
    let wanted = match template.columns() {
        [] => Columns::None,
        names => Columns::Named(names.iter().cloned().collect()),
    };
    let (listed, spool) = lists::spool(context, signals, list, wanted, folder).await?;
    if spool.rows > 0 {
        refuse_absent_columns(template, &listed.tally, &context.ui)?;
    }
    Ok(List { source: list.source(), tally: listed.tally, spool })
}

/// Plans the list while no other process plans this broadcast; returns the ledger.
pub async fn plan(
    context: &Context,
    signals: &Signals,
    mut ledger: Ledger,
    broadcast: &Broadcast,
    list: &mut List,
    template: &Template,
    terms: Terms,
) -> Result<(Ledger, Planned)> {
    let progress = context.ui.progress(Some(list.spool.rows), "rows planned");
    let ui = context.ui.clone();
    let stopping = signals.clone();
    let (broadcast, source, template) = (broadcast.clone(), list.source.clone(), template.clone());
    let mut spool = std::mem::replace(&mut list.spool, Listing::empty()?);
    let exit = Arc::new(signals.clone());
    let done = signals
        .blocking(move || {
            let lock = ledger.lock_planning(broadcast.id, &mut || {
                ui.status("another mmsg process is planning this broadcast; waiting for it");
            })?;
            let mut values = ValueCheck::new(&template);
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            let planned = ledger.plan(&broadcast, &source, &mut spool, terms, &mut |row| values.row(row), &mut watch);
            drop(lock);
            values.tell(&ui);
            Ok((ledger, planned?, spool))
        })
        .await?;
    let (ledger, planned, spool) = done.map_err(|error| failure::ledger::stopped_by(error, exit.exit()))?;
    list.spool = spool;
    Ok((ledger, planned))
}
