//! `mmsg broadcast list`.

use crate::commands::context::Context;
use crate::error::{Exit, Result};

/// List all broadcasts in the ledger with their counts, oldest first.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only broadcasts of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    context.ui.list(&context.ledger_to_look()?.broadcasts(args.campaign.as_deref())?)?;
    Ok(Exit::Done)
}
