//! `mmsg ledger retention`: what is old goes.

use serde::Serialize;

use crate::cli::when::{self, When};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::pages::PageNames;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::events::old::Old;
use crate::ledger::{Ledger, Watch};
use crate::text::{self, count, thousands};
use crate::times::EVENTS_STAY;
use crate::ui::table::Record;

/// Drop old events and lists from the ledger.
///
/// Shows what would go, and asks. It concerns all Pages of the ledger. People, their cool-downs and suppressions, the state of every send
/// and the figures of reports stay. A file keeps its size, and uses the room again.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["events_before", "lists_before"])))]
pub struct Args {
    /// Drop webhook events that happened before TIME: 90d (90 days ago), a date or a time; on a server by whole months. What they said of
    /// sends and people stays.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    events_before: Option<When>,
    /// Drop audiences that were neither filled nor used since TIME, the values of rows that were accepted before, and which rows were in
    /// the lists of finished broadcasts that no run has worked on since.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    lists_before: Option<When>,
    /// Show what would go; drop nothing.
    #[arg(long)]
    dry_run: bool,
}

/// From when on all stays.
#[derive(Clone, Copy, Debug)]
struct Terms {
    events: Option<UnixMillis>,
    lists: Option<UnixMillis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Events,
    Audiences,
    Values,
    Lists,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Audiences => "audiences",
            Self::Values => "values",
            Self::Lists => "lists",
        }
    }
}

/// What goes, or went, of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Shown {
    what: What,
    rows: u64,
    bytes: u64,
    oldest_at: Option<UnixMillis>,
}

impl Shown {
    fn new(what: What, old: Old) -> Self {
        let Old { rows, bytes, oldest } = old;
        Self { what, rows, bytes, oldest_at: oldest }
    }
}

impl Record for Shown {
    const PLURAL: &'static str = "rows";
    const COLUMNS: &'static [&'static str] = &["what", "rows", "size", "oldest"];
    const KEYS: &'static [&'static str] = &["what", "rows", "bytes", "oldest_at"];

    fn cells(&self) -> Vec<String> {
        let oldest = self.oldest_at.map(|at| at.to_string()).unwrap_or_default();
        vec![self.what.name().to_owned(), thousands(self.rows), text::size(self.bytes), oldest]
    }
}

pub async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let signals = Signals::listen(&context.ui)?;
    let ledger = if args.dry_run {
        context.ledger_to_look()?
    } else {
        let mut ledger = context.existing_ledger()?;
        context.bury_before_look(&mut ledger)?;
        ledger
    };
    let now = context.now_of(&ledger)?;
    let from = |before: &Option<When>| before.as_ref().map(|before| before.begins(now, context.ui.zone()));
    let terms = Terms { events: from(&args.events_before), lists: from(&args.lists_before) };
    refuse_young(terms, now)?;
    let (old, audiences) = look(&ledger, terms, &PageNames::of(context, &ledger)?)?;
    if args.dry_run {
        context.ui.list(&old)?;
        audiences.iter().for_each(|audience| context.ui.status(audience));
        context.ui.status("dry run: nothing was dropped");
        return Ok(Exit::Done);
    }
    if old.iter().all(|old| old.rows == 0) && audiences.is_empty() {
        context.ui.status("nothing is that old; nothing was dropped");
        context.ui.list(&old)?;
        return Ok(Exit::Done);
    }
    let lines = old.iter().filter(|old| old.rows > 0).map(line).chain(audiences).collect::<Vec<_>>();
    context.ui.confirm_shown(&lines, "Drop this for good?", "dropping old rows")?;
    let (who, progress, stopping) = (context.operator(), context.ui.progress(None, "rows dropped"), signals.clone());
    let done = signals
        .blocking(move || {
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            drop_old(ledger, terms, old, (now, &who), &mut watch)
        })
        .await?;
    context.ui.list(&done.map_err(|error| failure::ledger::stopped_by(error, signals.exit()))?)?;
    Ok(Exit::Done)
}

fn refuse_young(terms: Terms, now: UnixMillis) -> Result<()> {
    if terms.events.is_some_and(|before| before > now.minus(EVENTS_STAY)) {
        let days = EVENTS_STAY.as_secs() / 86_400;
        return Err(Error::usage(format!(
            "events of the last {days} days stay: Meta may tell one again, which must be known then; nothing was dropped"
        ))
        .hint("give --events-before an earlier time, or an age such as 90d"));
    }
    if terms.lists.is_some_and(|before| before > now) {
        return Err(Error::usage("the time of --lists-before is still to come; nothing was dropped")
            .hint("give --lists-before a time that is over, or an age such as 90d"));
    }
    Ok(())
}

/// What would go, and a line for each audience.
fn look(ledger: &Ledger, terms: Terms, names: &PageNames) -> Result<(Vec<Shown>, Vec<String>)> {
    let (mut old, mut lines) = (Vec::new(), Vec::new());
    if let Some(before) = terms.events {
        old.push(Shown::new(What::Events, ledger.events_before(before)?));
    }
    if let Some(before) = terms.lists {
        let audiences = ledger.audiences_before(before)?;
        lines.extend(audiences.iter().map(|audience| {
            let recipients = count(audience.recipients, "recipient", "recipients");
            format!(
                "audience {:?} of Page {}: {recipients}, filled at {}",
                audience.name,
                names.shown(&audience.page),
                audience.filled_at
            )
        }));
        let rows = Old {
            rows: audiences.iter().map(|audience| audience.recipients).sum(),
            bytes: audiences.iter().map(|audience| audience.bytes).sum(),
            oldest: audiences.iter().map(|audience| audience.filled_at).min(),
        };
        old.push(Shown::new(What::Audiences, rows));
        old.push(Shown::new(What::Values, ledger.values_before(before)?));
        old.push(Shown::new(What::Lists, ledger.listings_before(before)?));
    }
    Ok((old, lines))
}

fn line(old: &Shown) -> String {
    let rows = match old.what {
        What::Events => count(old.rows, "event", "events"),
        What::Audiences => format!("{} of audiences", count(old.rows, "row", "rows")),
        What::Values => format!("values of {}", count(old.rows, "accepted row", "accepted rows")),
        What::Lists => format!("{} of lists of finished broadcasts", count(old.rows, "row", "rows")),
    };
    let oldest = old.oldest_at.map(|at| format!(", the oldest of {at}")).unwrap_or_default();
    format!("{rows}: {}{oldest}", text::size(old.bytes))
}

/// Drops it all, and says how many rows of each kind went.
fn drop_old(
    mut ledger: Ledger,
    terms: Terms,
    mut old: Vec<Shown>,
    (now, who): (UnixMillis, &str),
    watch: &mut Watch<'_>,
) -> crate::ledger::error::Result<Vec<Shown>> {
    ledger.drop_for_good()?;
    let before = |at: Option<UnixMillis>, what: &str| at.map(|at| format!("{what} of before {at}"));
    let what = [before(terms.events, "events"), before(terms.lists, "lists")].into_iter().flatten();
    ledger.audit(now, who, "ledger retention", &what.collect::<Vec<_>>().join(", "))?;
    for old in &mut old {
        let Some(at) = (if old.what == What::Events { terms.events } else { terms.lists }) else { continue };
        old.rows = match old.what {
            What::Events => ledger.drop_events_before(at, watch)?,
            What::Audiences => ledger.drop_audiences_before(at, watch)?,
            What::Values => ledger.drop_values_before(at, watch)?,
            What::Lists => ledger.drop_listings_before(at, watch)?,
        };
    }
    ledger.clean_after_drop()?;
    Ok(old)
}
