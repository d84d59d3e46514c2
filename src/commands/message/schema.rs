//! `mmsg message schema`.

use crate::error::{Exit, Result};
use crate::message::schema;
use crate::ui::Ui;

/// Print the limits as a JSON Schema (draft 2020-12) for editors.
#[derive(clap::Args, Debug)]
pub struct Args {}

pub fn run(ui: &Ui) -> Result<Exit> {
    ui.json(&schema::document())?;
    Ok(Exit::Done)
}
