//! `mmsg tokens`.

mod erase;
mod fetch;
mod import;
mod list;
mod replacing;
mod suppress;
mod unsubscribe;

use crate::cli::values::token;
use crate::commands::context::{Context, Invocation};
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Fetch(fetch::Args),
    Import(import::Args),
    List(list::Args),
    Export(list::ExportArgs),
    Suppress(suppress::Args),
    Unsuppress(suppress::LiftArgs),
    Unsubscribe(unsubscribe::Args),
    Erase(erase::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Fetch(args) => fetch::run(context, args).await,
        Verb::Import(args) => import::run(context, args).await,
        Verb::List(args) => list::run(context, &args),
        Verb::Export(args) => list::export(context, &args),
        Verb::Suppress(args) => suppress::run(context, args).await,
        Verb::Unsuppress(args) => suppress::lift(context, args).await,
        Verb::Unsubscribe(args) => unsubscribe::run(context, args).await,
        Verb::Erase(args) => erase::run(context, args).await,
    }
}

/// Runs one command for several businesses.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Fetch(args) => fetch::run_for_several(frame, args).await,
        _ => Err(frame.global.refuse_several()),
    }
}
