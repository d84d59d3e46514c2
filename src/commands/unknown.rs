//! `mmsg unknown list|settle|resolve`: sends that may or may not have been accepted.

mod filter;
mod list;
mod resolve;
mod settle;

use crate::commands::context::{Context, Invocation};
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    List(list::Args),
    Settle(settle::Args),
    Resolve(resolve::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run(context, &args),
        Verb::Settle(args) => settle::run(context, &args).await,
        Verb::Resolve(args) => resolve::run(context, &args),
    }
}

/// Runs one command for several businesses.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run_for_several(frame, args).await,
        _ => Err(frame.global.refuse_several()),
    }
}
