//! `mmsg ledger grants`: the roles of a ledger on a server.

use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::ledger::address::Address;
use crate::ledger::grants::{Roles, grants};

/// Print the SQL for two roles on a PostgreSQL server: one that runs, and one that owns the tables and changes them for a newer mmsg.
///
/// Connects to nothing. Give it to psql as a superuser: mmsg ledger grants | psql DATABASE
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Role that sends, receives and reports.
    #[arg(long, value_name = "ROLE", default_value = "mmsg_run")]
    runner: String,
    /// Role that owns the tables.
    #[arg(long, value_name = "ROLE", default_value = "mmsg_owner")]
    owner: String,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let Address::Server(server) = context.settings.ledger()? else {
        return Err(Error::usage("the ledger is a file: who may use it is a matter of its permissions")
            .hint("name one on a server: mmsg ledger grants --ledger postgres://USER@HOST/DATABASE"));
    };
    if args.runner == args.owner {
        return Err(Error::usage("--runner and --owner are the same role").hint("name two roles"));
    }
    context.ui.text(grants(&server, Roles { runner: &args.runner, owner: &args.owner }).trim_end())?;
    Ok(Exit::Done)
}
