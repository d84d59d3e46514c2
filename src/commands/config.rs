//! `mmsg config show|path`.

mod path;
mod show;

use crate::commands::context::Invocation;
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Show(show::Args),
    Path(path::Args),
}

pub fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Show(args) => show::run(frame, &args),
        Verb::Path(_) => path::run(frame),
    }
}
