//! `mmsg unknown`: sends that may or may not have been accepted, and what a person knows of them.

mod resolve;
mod settle;

use clap::Subcommand;

use crate::cli::values;
use crate::clock::UnixMillis;
use crate::commands::Context;
use crate::error::{Exit, Result};
use crate::ledger::unknown::{UnknownFilter, UnknownSend};
use crate::ui::Format;
use crate::ui::table::Record;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List every send in doubt, one a row, with the token as data.
    List(FilterArgs),
    Settle(settle::SettleArgs),
    /// Say what became of sends in doubt.
    Resolve(resolve::ResolveArgs),
}

/// Which sends in doubt; all that are given must hold.
#[derive(clap::Args, Clone, Debug)]
pub struct FilterArgs {
    /// Of this subscription token.
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Of this broadcast.
    #[arg(long, value_name = "ID", value_parser = values::broadcast)]
    broadcast: Option<i64>,
    /// Of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// In doubt since this time, or later.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    since: Option<UnixMillis>,
    /// In doubt since before this time.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    until: Option<UnixMillis>,
    /// Whose reason has this in it.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// With this trace id of Graph's.
    #[arg(long, value_name = "ID")]
    fbtrace: Option<String>,
}

impl FilterArgs {
    pub fn filter(&self) -> UnknownFilter {
        UnknownFilter {
            token: self.token.clone(),
            broadcast: self.broadcast,
            campaign: self.campaign.clone(),
            since: self.since,
            until: self.until,
            reason: self.why.clone(),
            fbtrace_id: self.fbtrace.clone(),
        }
    }

    /// Nothing but the whole ledger is meant.
    pub fn is_everything(&self) -> bool {
        self.token.is_none()
            && self.broadcast.is_none()
            && self.campaign.is_none()
            && self.since.is_none()
            && self.until.is_none()
            && self.why.is_none()
            && self.fbtrace.is_none()
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list(context, &args),
        Verb::Settle(args) => settle::run(context, &args).await,
        Verb::Resolve(args) => resolve::run(context, &args),
    }
}

fn list(context: &Context, args: &FilterArgs) -> Result<Exit> {
    let ledger = context.existing_ledger()?;
    match context.ui.format() {
        Format::Ndjson => {
            let mut rows = context.ui.rows::<UnknownSend>();
            ledger.unknowns(&args.filter(), &mut |send| rows.push(&send))?;
            rows.flush()?;
        }
        Format::Table | Format::Json | Format::Csv => {
            let mut all = Vec::new();
            ledger.unknowns(&args.filter(), &mut |send| {
                all.push(send);
                Ok(())
            })?;
            context.ui.list(&all)?;
        }
    }
    Ok(Exit::Done)
}

impl Record for UnknownSend {
    const PLURAL: &'static str = "sends in doubt";
    const COLUMNS: &'static [&'static str] = &["token", "broadcast", "campaign", "since", "reason", "blocked until"];
    const KEYS: &'static [&'static str] = &[
        "send",
        "token",
        "broadcast",
        "campaign",
        "reason",
        "code",
        "subcode",
        "fbtrace_id",
        "claimed_at",
        "at",
        "blocked_until",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.token.clone(),
            self.broadcast.to_string(),
            self.campaign.clone(),
            self.at.map(|at| at.to_string()).unwrap_or_default(),
            self.reason.clone(),
            self.blocked_until.to_string(),
        ]
    }
}
