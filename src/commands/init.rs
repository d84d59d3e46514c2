//! `mmsg init`.
use super::Frame;
use crate::error::{Exit, Result};
#[derive(clap::Args, Debug)]
pub struct Args {}
pub fn run(_frame: &Frame<'_>, _args: Args) -> Result<Exit> {
    Ok(Exit::Done)
}
