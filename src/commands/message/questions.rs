//! `mmsg message build --interactive`.

use std::path::Path;

use crate::error::{Error, Result};
use crate::message::model::Draft;
use crate::ui::Ui;

pub fn ask(_ui: &Ui, from: Option<Draft>, _draft: &Path) -> Result<Draft> {
    from.ok_or_else(|| Error::usage("no questions yet"))
}

pub fn forget(_ui: &Ui, _draft: &Path) {}
