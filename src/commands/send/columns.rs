//! The values that a message takes from its list: found before anything is planned, or reported.

use crate::audience::ListTally;
use crate::error::{Error, Result};
use crate::ledger::state::Skip;
use crate::message::{FillError, Template};
use crate::send::messages::Messages;
use crate::text::{self, is_same_name};
use crate::ui::Ui;

/// Holds the message's columns against the list's: a column that no row has is a typo, not a reason to skip every row. One with a
/// default is only warned about.
///
/// # Errors
/// Exit 5: the message can't be made without a column that is not there, or two columns of the list could be meant.
pub fn refuse_absent_columns(messages: &Messages, tally: &ListTally, ui: &Ui) -> Result<()> {
    messages.all().try_for_each(|template| refuse_absent_columns_of(template, tally, ui))
}

fn refuse_absent_columns_of(template: &Template, tally: &ListTally, ui: &Ui) -> Result<()> {
    let listed = &tally.columns;
    let is_listed = |name: &str| listed.iter().any(|column| is_same_name(column, name));
    let has = || match listed.as_slice() {
        [] => "it has no column beside the token's".to_owned(),
        columns => format!("its other columns: {}", columns.join(", ")),
    };
    if let Some(name) = template.required().find(|name| !is_listed(name)) {
        return Err(Error::refused(format!(
            "the message uses ${{{name}}}, but the list has no such column; {}",
            has()
        ))
        .hint(format!("rename the column, or give the message a default: ${{{name}:-text}}")));
    }
    for name in template.columns() {
        if !is_listed(name) {
            ui.warn(&format!("the list has no column {name}: everybody gets the message's default; {}", has()));
        }
        let alike = listed.iter().filter(|column| is_same_name(column, name)).count();
        if alike > 1 && !listed.contains(name) {
            return Err(Error::refused(format!("{alike} columns of the list could be ${{{name}}}; {}", has()))
                .hint("name the column in the message exactly as the list does"));
        }
    }
    Ok(())
}

/// Whether the message can be made for each row, and how many rows have a word such as `NULL` for a value.
#[derive(Debug)]
pub struct ValueCheck<'t> {
    messages: &'t Messages,
    scratch: String,
    null_words: u64,
}

impl<'t> ValueCheck<'t> {
    pub fn new(messages: &'t Messages) -> Self {
        Self { messages, scratch: String::new(), null_words: 0 }
    }

    /// Why a row is skipped, if it is.
    pub fn row(&mut self, arm: Option<i64>, values: Option<&str>) -> std::result::Result<(), (Skip, Option<String>)> {
        let Some(template) = self.messages.of(arm) else { return Err((Skip::Holdout, None)) };
        if template.is_constant() {
            return Ok(());
        }
        self.null_words += u64::from(template.has_null_word(values));
        self.scratch.clear();
        template.fill(values, &mut self.scratch).map_err(|error| match error {
            FillError::Missing { column } => (Skip::MissingValue, Some(column)),
            other => (Skip::Limit, Some(other.to_string())),
        })
    }

    /// Tells how many values were not valid.
    pub fn tell(&self, ui: &Ui) {
        if self.null_words > 0 {
            let rows = text::count(self.null_words, "row has", "rows have");
            ui.warn(&format!("{rows} a value such as NULL or #N/A, which counts as missing"));
        }
    }
}
