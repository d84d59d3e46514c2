//! `mmsg ledger accept-restore`: a person says since when a ledger knows nothing of what was sent.

use serde::Serialize;

use crate::cli::values;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::ledger::error::{Closed, Error as LedgerError};
use crate::ledger::restore::Restore;
use crate::text;
use crate::times::BEHIND_LEDGER;
use crate::ui::table::Record;

/// Accept a ledger that was restored from a backup, so that nobody gets a message twice.
///
/// The ledger does not know who was messaged after the backup was made, so everybody may have been, until now: nobody gets anything
/// for one cool-down from now on. Every pending row may have been sent, so it becomes unknown (restored). Events and mmsg unknown settle
/// count what happened since TIME as evidence for these rows. Later sends skip people whom the ledger has not had in a campaign that
/// exists now, unless --allow-restored.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// When the backup was made; earlier is safe, later is not.
    #[arg(long, value_name = "TIME", value_parser = values::time, required_unless_present = "other_sender")]
    since: Option<UnixMillis>,
    /// The ledger is complete: something else sends for this Page too, which is why Graph refused people as too early. Changes nothing
    /// but that sends are possible again.
    #[arg(long, conflicts_with = "since")]
    other_sender: bool,
}

/// What was accepted.
#[derive(Clone, Debug, Default, Serialize)]
struct Accepted {
    since: Option<UnixMillis>,
    /// Nobody gets a message before.
    nobody_before: Option<UnixMillis>,
    /// Pending rows that became unknown.
    unknown: u64,
    /// People who had been erased, and are again.
    erased_again: u64,
}

impl Record for Accepted {
    const PLURAL: &'static str = "restored ledgers";
    const COLUMNS: &'static [&'static str] =
        &["backup made at", "nobody is messaged before", "rows now unknown", "people erased again"];
    const KEYS: &'static [&'static str] = &["since", "nobody_before", "unknown", "erased_again"];

    fn cells(&self) -> Vec<String> {
        let time = |at: Option<UnixMillis>| at.map(|at| at.to_string()).unwrap_or_default();
        vec![
            time(self.since),
            time(self.nobody_before),
            text::thousands(self.unknown),
            text::thousands(self.erased_again),
        ]
    }
}

/// What a ledger is accepted after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Restore,
    Failover,
}

impl Door {
    pub const fn command(self) -> &'static str {
        match self {
            Self::Restore => "ledger accept-restore",
            Self::Failover => "ledger accept-failover",
        }
    }

    const fn time(self) -> &'static str {
        match self {
            Self::Restore => "at which the backup was made",
            Self::Failover => "at which the server had everything for the last time",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Restore => "of being an old copy",
            Self::Failover => "that its server was replaced",
        }
    }
}

pub async fn run(context: &Context, args: &Args) -> Result<Exit> {
    let mut ledger = context.ledger_to_look()?;
    ledger.refuse_other_host(context.settings.graph_url.value.as_str())?;
    match args.since {
        Some(since) => accept(context, &mut ledger, since, Door::Restore).await,
        None => open(context, &mut ledger),
    }
}

/// The one way in which a ledger that lacks something is accepted.
pub async fn accept(context: &Context, ledger: &mut Ledger, since: UnixMillis, door: Door) -> Result<Exit> {
    // Cool-downs are counted by Graph's time, and this one is everybody's.
    context.graph()?.time_zone(&context.ad_account()?).await?;
    let clock = ledger.clock_by(context.graph_clock()?)?;
    let now = clock.now();
    ledger.refuse_clock_behind(now)?;
    let closed = ledger.gate()?.closed;
    if let Some(Closed::Restored { until, .. }) = closed
        && now.plus(BEHIND_LEDGER) < until
    {
        return Err(LedgerError::ClockBehind { now, newest: until }.into());
    }
    if since > now {
        return Err(Error::usage(format!("--since {since} is in the future: it is now {now}; nothing was changed"))
            .hint(format!("use the time {}", door.time())));
    }
    ledger.refuse_at_work()?;
    let restore = Restore { since, now, cool_down: context.cool_down() };
    let pending = text::count(ledger.pending_in_all()?, "pending row becomes", "pending rows become");
    let path = ledger.address();
    let shown = [
        match &closed {
            Some(Closed::Restored { from, until }) => {
                format!("the ledger {path} ends at {from}, but was in use until {until}")
            }
            Some(Closed::Copied { to, at }) => {
                format!(
                    "the ledger {path} was copied to {to} at {at}: accept it only if that one is lost, and never send from both"
                )
            }
            Some(closed @ Closed::Unfinished { .. }) => {
                return Err(LedgerError::closed(closed.clone()).at(path).into());
            }
            Some(Closed::Promoted { from }) => {
                format!(
                    "another server took the place of that of the ledger {path}, which was sent from until {from} at least"
                )
            }
            Some(Closed::Refused) => {
                format!("Graph refused many people as too early whom the ledger {path} has not messaged")
            }
            None => format!("the ledger {path} shows no sign {}", door.sign()),
        },
        format!("nobody gets a message before {}", restore.nobody_before()),
        format!("{pending} unknown: they may have been sent since {since}"),
        "people new to a campaign that exists now are skipped, unless you send with --allow-restored".to_owned(),
    ];
    context.ui.confirm_shown(&shown, "Accept this ledger?", "accepting a restored ledger")?;
    let done = ledger.accept_restore(restore, &context.operator(), door.command())?;
    context.ui.object(&Accepted {
        since: Some(since),
        nobody_before: Some(done.nobody_before),
        unknown: done.unknown,
        erased_again: done.erased_again,
    })?;
    if done.unknown > 0 {
        let mut settle = "mmsg unknown settle".to_owned();
        context.push_globals(&mut settle);
        context.ui.hint(&format!("{settle} looks for evidence of what was sent"));
    }
    Ok(Exit::Done)
}

/// Another sender explains the refusals.
fn open(context: &Context, ledger: &mut Ledger) -> Result<Exit> {
    match ledger.gate()?.closed {
        None => {
            context.ui.status("sends are possible; nothing was changed");
            return Ok(Exit::Done);
        }
        Some(Closed::Restored { from, until }) => {
            return Err(Error::usage(format!(
                "the ledger {} is an old copy, even if another program also sends: it ends at {from}, but was in use until {until}; nothing was changed",
                ledger.address()
            ))
            .hint(format!("mmsg ledger accept-restore --since {from}")));
        }
        Some(closed @ (Closed::Promoted { .. } | Closed::Copied { .. } | Closed::Unfinished { .. })) => {
            return Err(LedgerError::closed(closed).at(ledger.address()).into());
        }
        Some(Closed::Refused) => {}
    }
    let shown = [format!("sends from the ledger {} will be possible again", ledger.address())];
    context.ui.confirm_shown(&shown, "Is the ledger complete?", "saying that the ledger is complete")?;
    let now = context.now_of(ledger)?;
    ledger.open_gate(now, &context.operator(), Door::Restore.command(), "another sender")?;
    context.ui.status(
        "sends are possible again; mmsg send --allow-refusals does not stop for people whom the other sender reached",
    );
    Ok(Exit::Done)
}
