//! `mmsg broadcast list|close`.

mod close;
mod list;
mod row;

use crate::commands::context::Context;
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    List(list::Args),
    Close(close::Args),
}

pub fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run(context, &args),
        Verb::Close(args) => close::run(context, &args),
    }
}
