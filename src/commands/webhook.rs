//! `mmsg webhook serve|ingest|subscribe|status`.

mod fields;
mod ingest;
mod opt_ins;
mod serve;
pub mod status;
mod subscribe;

use crate::commands::context::{Context, Invocation};
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Serve(serve::Args),
    Ingest(ingest::Args),
    Subscribe(subscribe::Args),
    Status(status::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Serve(args) => serve::run(context, args).await,
        Verb::Ingest(args) => ingest::run(context, args).await,
        Verb::Subscribe(args) => subscribe::run(context, args).await,
        Verb::Status(_) => status::run(context).await,
    }
}

/// Runs one command for several businesses.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Serve(args) => serve::run_for_several(frame, args).await,
        Verb::Subscribe(args) => subscribe::run_for_several(frame, args).await,
        Verb::Status(args) => status::run_for_several(frame, &args).await,
        _ => Err(frame.global.refuse_several()),
    }
}
