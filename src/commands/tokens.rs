//! `mmsg tokens import`.

mod import;

use crate::commands::context::Context;
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Import(import::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Import(args) => import::run(context, args).await,
    }
}
