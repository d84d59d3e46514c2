//! `mmsg tokens`.

mod fetch;
mod import;
mod list;
mod replacing;
mod suppress;

use crate::commands::context::Context;
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
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Fetch(args) => fetch::run(context, args).await,
        Verb::Import(args) => import::run(context, args).await,
        Verb::List(args) => list::run(context, &args),
        Verb::Export(args) => list::export(context, &args),
        Verb::Suppress(args) => suppress::run(context, args).await,
        Verb::Unsuppress(args) => suppress::lift(context, args).await,
    }
}
