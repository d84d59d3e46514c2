//! `mmsg tokens`.

mod fetch;
mod import;
mod replacing;

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
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Fetch(args) => fetch::run(context, args).await,
        Verb::Import(args) => import::run(context, args).await,
    }
}
