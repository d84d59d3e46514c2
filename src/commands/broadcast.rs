//! `mmsg broadcast list|show|close`.

mod close;
mod list;
mod row;
mod show;

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
    Show(show::Args),
    Close(close::Args),
}

pub fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run(context, &args),
        Verb::Show(args) => show::run(context, &args),
        Verb::Close(args) => close::run(context, &args),
    }
}

/// Runs one command for several businesses.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run_for_several(frame, args).await,
        _ => Err(frame.global.refuse_several()),
    }
}
