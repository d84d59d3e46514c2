//! `mmsg send`.

use crate::commands::Context;
use crate::error::{Exit, Result};

#[derive(clap::Args, Debug)]
pub struct Args {}

pub async fn run(_context: &Context, _args: Args) -> Result<Exit> {
    Ok(Exit::Done)
}
