//! `mmsg message build|validate|preview|send|rules|schema`.

mod build;
pub mod file;
mod flags;
pub mod given;
mod preview;
mod questions;
mod rules;
mod schema;
mod typed;
mod validate;

use crate::commands::context::Context;
use crate::commands::send;
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    Build(Box<build::Args>),
    Validate(validate::Args),
    Preview(preview::Args),
    Send(Box<send::Args>),
    Rules(rules::Args),
    Schema(schema::Args),
}

impl Args {
    /// `message send` is `send` by another name.
    pub fn into_send(self) -> Result<Box<send::Args>, Self> {
        match self.verb {
            Verb::Send(args) => Ok(args),
            verb => Err(Self { verb }),
        }
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.verb {
        Verb::Build(args) => build::run(context, *args),
        Verb::Validate(args) => validate::run(&context.ui, &args),
        Verb::Preview(args) => preview::run(context, args).await,
        Verb::Send(args) => send::run(context, *args).await,
        Verb::Rules(args) => rules::run(&context.ui, &args),
        Verb::Schema(_) => schema::run(&context.ui),
    }
}
