//! `mmsg ledger`: looking after it.

mod accept_failover;
mod accept_restore;
mod backup;
mod check;
mod copy;
mod grants;
mod migrate;
mod retention;

use crate::commands::context::Context;
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    AcceptFailover(accept_failover::Args),
    AcceptRestore(accept_restore::Args),
    Backup(backup::Args),
    Check(check::Args),
    Copy(copy::Args),
    Grants(grants::Args),
    Migrate(migrate::Args),
    Retention(retention::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::AcceptFailover(args) => accept_failover::run(context, &args).await,
        Verb::AcceptRestore(args) => accept_restore::run(context, &args).await,
        Verb::Backup(args) => backup::run(context, &args),
        Verb::Check(args) => check::run(context, &args),
        Verb::Copy(args) => copy::run(context, &args),
        Verb::Grants(args) => grants::run(context, &args),
        Verb::Migrate(args) => migrate::run(context, &args),
        Verb::Retention(args) => retention::run(context, &args).await,
    }
}
