//! `mmsg webhook`: what Meta tells afterwards.

mod serve;

use clap::Subcommand;

use crate::commands::Context;
use crate::error::{Exit, Result};

/// The audience that people who opt in join, unless another is named.
const OPT_INS: &str = "opt-ins";

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::ServeArgs),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Serve(args) => serve::run(context, args).await,
    }
}
