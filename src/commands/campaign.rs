//! `mmsg campaign create|list|get|delete|estimate|insights`.

mod create;
mod delete;
mod estimate;
mod get;
mod insights;
mod list;
mod row;

use crate::campaign::{AdAccount, CampaignId, Currency, Money};
use crate::commands::Context;
use crate::error::{Error, Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

// Each verb's help stands at its arguments.
#[derive(clap::Subcommand, Debug)]
enum Verb {
    Create(create::Args),
    List(list::Args),
    Get(get::Args),
    Delete(delete::Args),
    Estimate(estimate::Args),
    Insights(insights::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Create(args) => create::run(context, args).await,
        Verb::List(args) => list::run(context, args).await,
        Verb::Get(args) => get::run(context, args).await,
        Verb::Delete(args) => delete::run(context, args).await,
        Verb::Estimate(args) => estimate::run(context, args).await,
        Verb::Insights(args) => insights::run(context, args).await,
    }
}

fn parse_id(text: &str) -> Result<CampaignId, String> {
    CampaignId::parse(text)
}

/// The account's currency, for display only: without it amounts are shown in smallest units.
async fn currency_to_show(context: &Context, account: &AdAccount) -> Result<Option<Currency>> {
    match context.graph()?.currency(account).await {
        Ok(currency) => Ok(currency),
        Err(error) => {
            context.ui.debug(&format!("can't read the ad account's currency: {}", Error::from(error)));
            Ok(None)
        }
    }
}

/// `30.00 USD`, or the bare number of smallest units.
fn money(minor: u64, currency: Option<Currency>) -> String {
    match currency {
        Some(currency) => Money { minor, currency }.to_string(),
        None => format!("{minor} smallest units"),
    }
}
