//! `mmsg audience list|delete`.

mod delete;
mod list;

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
    Delete(delete::Args),
}

pub fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::List(args) => list::run(context, &args),
        Verb::Delete(args) => delete::run(context, &args),
    }
}
