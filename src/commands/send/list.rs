//! The list of a send: read, checked, kept, planned.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::totals::DryTotals;
use super::{Args, Source};
use crate::audience::{self, Columns, Input, Item, ReadOptions, RejectReport, Tally};
use crate::cli::values;
use crate::clock::{Clock, UnixMillis};
use crate::commands::Context;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::broadcasts::{Broadcast, BroadcastKey};
use crate::ledger::plan::{Planned, Terms};
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::state::Skip;
use crate::ledger::{Ledger, Watch};
use crate::message::{FillError, Template};

/// How a list is read.
#[derive(clap::Args, Clone, Debug)]
pub struct ListArgs {
    /// Column that holds the tokens: a header's name, a path into JSON, or a position from 1.
    #[arg(long, value_name = "NAME")]
    pub token_column: Option<String>,
    /// Character between two cells; found by itself otherwise.
    #[arg(long, value_name = "CHAR", value_parser = values::delimiter)]
    pub delimiter: Option<u8>,
    /// Write bad rows to this CSV file, with line and reason.
    #[arg(long, value_name = "FILE")]
    pub reject: Option<PathBuf>,
    /// Send to nobody if any row is bad.
    #[arg(long)]
    pub strict: bool,
}

impl ListArgs {
    pub fn options(&self) -> ReadOptions {
        ReadOptions { token_column: self.token_column.clone(), delimiter: self.delimiter }
    }
}

/// A list that was read to its end.
pub struct List {
    pub source: String,
    pub tally: Tally,
    pub spool: Listing,
}

/// Where the tokens come from. Exit 2 when nothing is named and stdin is a terminal.
pub fn source(args: &Args) -> Result<Source> {
    if let Some(name) = &args.audience {
        return Ok(Source::Audience(name.clone()));
    }
    inputs(&args.files).map(Source::Files)
}

/// The files named, else stdin. Exit 2 when nothing is named and stdin is a terminal.
pub fn inputs(files: &[PathBuf]) -> Result<Vec<Input>> {
    if files.is_empty() {
        if std::io::stdin().is_terminal() {
            return Err(Error::usage("no list of subscription tokens")
                .hint("name a file, or - and type them; or pipe a list in: psql … | mmsg send …"));
        }
        return Ok(vec![Input::Stdin]);
    }
    Ok(files.iter().cloned().map(Input::from_arg).collect())
}

/// Reads the whole list into a spool beside the ledger.
pub async fn read(
    context: &Context,
    args: &Args,
    signals: &Signals,
    source: Source,
    template: &Template,
    ledger: &Ledger,
) -> Result<List> {
    let shown = source.shown();
    match source {
        Source::Audience(name) => {
            let mut spool = Spool::new(ledger.folder())?;
            ledger.spool_audience(context.page()?.as_str(), &name, !template.is_constant(), &mut spool)?;
            let spool = spool.finish()?;
            let tally = Tally { rows: spool.rows, good: spool.rows, ..Tally::default() };
            Ok(List { source: shown, tally, spool })
        }
        Source::Files(inputs) => {
            let columns = match template.columns() {
                [] => Columns::None,
                names => Columns::Named(names.iter().cloned().collect()),
            };
            let folder = ledger.folder().to_owned();
            let (tally, spool) = spool_inputs(context, signals, inputs, &args.list, columns, folder).await?;
            Ok(List { source: shown, tally, spool })
        }
    }
}

/// Reads lists into a spool in `folder`; bad rows go to the reject report. Ends with exit 130 or 143 when asked to stop.
pub async fn spool_inputs(
    context: &Context,
    signals: &Signals,
    inputs: Vec<Input>,
    args: &ListArgs,
    columns: Columns,
    folder: PathBuf,
) -> Result<(Tally, Listing)> {
    let bytes = inputs.iter().try_fold(0, |sum, input| match input {
        Input::File(path) => {
            std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|data| sum + data.len())
        }
        Input::Stdin => None,
    });
    let progress = context.ui.progress(bytes.filter(|bytes| *bytes > 0), "bytes read");
    let options = args.options();
    let reject = args.reject.clone();
    let (tally, spool) = signals
        .blocking_or_stopped(
            move || {
                let mut spool = Spool::new(&folder)?;
                let mut report = reject.as_deref().map(RejectReport::create).transpose()?;
                let mut sink = |item: Item<'_>| match item {
                    Item::Row(row) => spool.add(row.token, row.values),
                    Item::Bad(bad) => report.as_mut().map_or(Ok(()), |report| report.add(bad)),
                };
                let read = audience::read(&inputs, &options, columns, &mut |bytes, _| progress.set(bytes), &mut sink);
                if let Some(mut report) = report {
                    report.flush()?;
                }
                Ok((read?, spool.finish()?))
            },
            "interrupted while the list was read: nothing was planned or sent",
        )
        .await?;
    if tally.bad > 0 {
        let rows = if tally.bad == 1 { "1 bad row".to_owned() } else { format!("{} bad rows", tally.bad) };
        match (&args.reject, args.strict) {
            (Some(path), _) => context.ui.warn(&format!("{rows} of {}: see {}", tally.rows, path.display())),
            (None, _) => context.ui.warn(&format!("{rows} of {}: --reject FILE writes them down", tally.rows)),
        }
        if args.strict {
            return Err(Error::refused(format!("{rows} of {} and --strict: nothing was planned or sent", tally.rows))
                .hint("mend the list, or leave --strict out"));
        }
    }
    Ok((tally, spool))
}

/// Plans the list, alone among processes; the ledger comes back.
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
                ui.status("another mmsg is planning this broadcast; waiting for it");
            })?;
            let mut scratch = String::new();
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            let mut check = |values: Option<&str>| check_values(&template, values, &mut scratch);
            let planned = ledger.plan(&broadcast, &source, &mut spool, terms, &mut check, &mut watch);
            drop(lock);
            Ok::<_, Error>((ledger, planned?, spool))
        })
        .await?;
    let (ledger, planned, spool) = done.map_err(|error| match error.exit() {
        Exit::Interrupted => error.with_exit(exit.exit()),
        _ => error,
    })?;
    list.spool = spool;
    Ok((ledger, planned))
}

/// Whether the message can be made with these values.
fn check_values(
    template: &Template,
    values: Option<&str>,
    scratch: &mut String,
) -> std::result::Result<(), (Skip, String)> {
    if template.is_constant() {
        return Ok(());
    }
    scratch.clear();
    template.fill(values, scratch).map_err(|error| match error {
        FillError::Missing { column } => (Skip::MissingValue, column),
        other => (Skip::Limit, other.to_string()),
    })
}

/// What a send would do. Nothing is written: the ledger is only read, and where there is none, one in a temporary file stands in.
#[expect(clippy::too_many_arguments, reason = "the whole of a send but for the sending")]
pub async fn dry_run(
    context: &Context,
    args: &Args,
    signals: &Signals,
    source: Source,
    template: &Template,
    key: &BroadcastKey<'_>,
    clock: Clock,
    end: Option<UnixMillis>,
) -> Result<Exit> {
    let ledger = match Ledger::open_read_only(&context.settings.ledger.value)? {
        Some(ledger) => ledger,
        None => Ledger::temporary()?,
    };
    ledger.refuse_other_host(&context.settings.graph_url.value)?;
    ledger.refuse_clock_behind(clock.now())?;
    let shown = source.shown();
    let mut list = match source {
        Source::Files(inputs) => {
            let columns = match template.columns() {
                [] => Columns::None,
                names => Columns::Named(names.iter().cloned().collect()),
            };
            let (tally, spool) =
                spool_inputs(context, signals, inputs, &args.list, columns, std::env::temp_dir()).await?;
            List { source: shown, tally, spool }
        }
        Source::Audience(name) => {
            let mut spool = Spool::new(&std::env::temp_dir())?;
            ledger.spool_audience(key.page, &name, !template.is_constant(), &mut spool)?;
            let spool = spool.finish()?;
            let tally = Tally { rows: spool.rows, good: spool.rows, ..Tally::default() };
            List { source: shown, tally, spool }
        }
    };
    let broadcast = ledger.find_broadcast(key, args.which())?;
    let rivals = ledger.rivals_of(broadcast.as_ref(), key.campaign, key.page, args.new_message)?;
    let mut scratch = String::new();
    let mut check = |values: Option<&str>| check_values(template, values, &mut scratch);
    let terms = Terms { now: clock.now(), end };
    let dry = ledger.dry_plan(broadcast.as_ref(), &rivals, &mut list.spool, terms, &mut check)?;
    context.ui.object(&DryTotals::new(key.campaign, &list.tally, dry))?;
    context.ui.status("a dry run: nothing was sent or written");
    Ok(Exit::Done)
}
