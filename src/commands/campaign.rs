//! `mmsg campaign create|list|get|edit|pause|resume|delete|estimate|insights`.

mod change;
mod create;
mod currency;
mod delete;
mod edit;
mod estimate;
pub mod existing;
mod get;
mod insights;
mod list;
mod minimum;
mod pause;
mod resume;
mod row;

use crate::commands::context::{Context, Invocation};
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

// The help of each verb is in its own file.
#[derive(clap::Subcommand, Debug)]
enum Verb {
    Create(create::Args),
    List(list::Args),
    Get(get::Args),
    Edit(edit::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Delete(delete::Args),
    Estimate(estimate::Args),
    Insights(insights::Args),
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Create(args) => create::run(context, args).await,
        Verb::List(args) => list::run(context, args).await,
        Verb::Get(args) => get::run(context, args).await,
        Verb::Edit(args) => edit::run(context, args).await,
        Verb::Pause(args) => pause::run(context, args).await,
        Verb::Resume(args) => resume::run(context, args).await,
        Verb::Delete(args) => delete::run(context, args).await,
        Verb::Estimate(args) => estimate::run(context, args).await,
        Verb::Insights(args) => insights::run(context, args).await,
    }
}

/// Runs one command for several businesses.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Create(args) => create::run_for_several(frame, args).await,
        Verb::List(args) => list::run_for_several(frame, args).await,
        _ => Err(frame.global.refuse_several()),
    }
}
