//! `mmsg webhook`: what Meta tells afterwards.

mod ingest;
mod serve;
mod status;
mod subscribe;

use clap::Subcommand;

use crate::campaign::PageId;
use crate::commands::Context;
use crate::error::{Error, Exit, Result};
use crate::graph::Graph;

/// The audience that people who opt in join, unless another is named.
const OPT_INS: &str = "opt-ins";

/// What reports and the suppress list live on.
const FIELDS: [&str; 7] = [
    "marketing_message_delivery_failed",
    "marketing_message_echoes",
    "marketing_message_deliveries",
    "marketing_message_reads",
    "marketing_message_clicks",
    "messaging_optins",
    "marketing_messages_subscriber_upload_status",
];

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::ServeArgs),
    Ingest(ingest::IngestArgs),
    Subscribe(subscribe::SubscribeArgs),
    Status(status::StatusArgs),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Serve(args) => serve::run(context, args).await,
        Verb::Ingest(args) => ingest::run(context, args).await,
        Verb::Subscribe(args) => subscribe::run(context, args).await,
        Verb::Status(_) => status::run(context).await,
    }
}

/// A client with the Page's own token: that of the settings, else the one that the access token may read.
pub async fn page_client(context: &Context, page: &PageId) -> Result<Graph> {
    let token = match context.settings.page_token()? {
        Some(token) => token,
        None => {
            let read = context.graph()?.page_token(page).await?;
            let token = read.ok_or_else(|| {
                Error::credentials(format!("no Page token, and the access token can't read that of Page {page}"))
                    .hint("set MMSG_PAGE_TOKEN, or page_token in the profile; or give the token's user the Page")
            })?;
            context.settings.redactor().learn(&token);
            token
        }
    };
    context.graph_with(context.access_with(token)?)
}
