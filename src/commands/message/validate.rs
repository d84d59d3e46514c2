//! `mmsg message validate`.

use std::path::PathBuf;

use serde::Serialize;

use super::file::load;
use crate::error::{Exit, Result};
use crate::message::Violation;
use crate::text;
use crate::ui::Ui;
use crate::ui::table::Record;

/// Check a message against Meta's published limits; exit code 5 if Meta would refuse it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Message file; - for stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(ui: &Ui, args: &Args) -> Result<Exit> {
    let message = load(&args.file)?;
    let violations = message.validate();
    if !violations.is_empty() {
        ui.list(&violations.iter().map(Broken).collect::<Vec<_>>())?;
    } else if ui.format() != crate::ui::Format::Table {
        ui.list::<Broken<'_>>(&[])?;
    }
    let errors = violations.iter().filter(|violation| violation.is_error()).count();
    ui.status(&summary(violations.len(), errors));
    Ok(if errors > 0 { Exit::Refused } else { Exit::Done })
}

fn summary(all: usize, errors: usize) -> String {
    let count = |n: usize, one, many| text::count(u64::try_from(n).unwrap_or(u64::MAX), one, many);
    match (errors, all - errors) {
        (0, 0) => "the message is within every known limit".to_owned(),
        (0, warnings) => format!("Meta would take the message; {}", count(warnings, "warning", "warnings")),
        (errors, 0) => format!("Meta would refuse the message: {}", count(errors, "error", "errors")),
        (errors, warnings) => format!(
            "Meta would refuse the message: {}, {}",
            count(errors, "error", "errors"),
            count(warnings, "warning", "warnings")
        ),
    }
}

/// A violation as it is printed.
#[derive(Serialize)]
#[serde(transparent)]
struct Broken<'v>(&'v Violation);

impl Record for Broken<'_> {
    const PLURAL: &'static str = "violations";
    const COLUMNS: &'static [&'static str] = &["severity", "path", "what", "rule", "code", "source"];
    const KEYS: &'static [&'static str] = &["rule", "severity", "path", "message", "limit", "code", "basis", "page"];

    fn cells(&self) -> Vec<String> {
        let Violation { rule, severity, path, message, code, basis, page, .. } = self.0;
        vec![
            severity.name().to_owned(),
            path.clone(),
            message.clone(),
            (*rule).to_owned(),
            code.map(|code| code.to_string()).unwrap_or_default(),
            format!("{} {page}", basis.name()),
        ]
    }
}
