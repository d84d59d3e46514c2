//! What is said, and asked, before an audience replaces the one of the same name.

use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::text::{count, thousands};

/// A failed query also leaves an empty list, so a person is asked, and a script has to pass `--replace`. `list`: what has no rows.
pub fn refuse_to_empty(context: &Context, list: &str, name: &str, before: u64) -> Result<()> {
    let had = count(before, "recipient", "recipients");
    if context.ui.can_ask() {
        let question = format!("Empty audience {name:?} ({had})?");
        return Ok(context.ui.confirm(&question, "emptying an audience")?);
    }
    Err(Error::refused(format!("{list} has no rows, but audience {name:?} has {had}: nothing was changed"))
        .hint("check what wrote the list; to empty the audience, pass --replace"))
}

pub fn tell(context: &Context, name: &str, before: u64, after: u64) {
    let said = format!("audience {name:?} had {}, now {}", count(before, "recipient", "recipients"), thousands(after));
    if after < before / 2 { context.ui.warn(&said) } else { context.ui.status(&said) }
}
