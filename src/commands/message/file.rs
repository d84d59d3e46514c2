//! A message file: read, and held against every rule.

use std::io::Read;
use std::path::Path;

use super::typed::Typed;
use crate::error::{Error, Result};
use crate::message::parse::MAX_BYTES;
use crate::message::{Message, Violation};
use crate::ui::Ui;

/// Reads a message file, or stdin for `-`.
///
/// # Errors
/// Usage (exit 2) when there is no such file; refused (exit 5) when it holds no message.
pub fn load(file: &Path) -> Result<Message> {
    Message::parse(&read(file)?)
}

/// Reads at most one byte more than a message may have, so that a wrong file is told without being read whole.
pub fn read(file: &Path) -> Result<Vec<u8>> {
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    let done = if file == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    match done {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Error::usage(format!("can't read {}", file.display()))
            .because(&error)
            .hint("give a message file, or - for stdin")),
    }
}

/// Refuses a message that breaks a rule, with every violation; warnings go to stderr.
///
/// # Errors
/// Refused (exit 5): Meta would refuse the message.
pub fn require_valid(ui: &Ui, message: &Message) -> Result<()> {
    require_valid_of(ui, "the message", message)
}

/// The same for one of several; `what` names it.
pub fn require_valid_of(ui: &Ui, what: &str, message: &Message) -> Result<()> {
    require_valid_typed(ui, what, message, &Typed::default())
}

/// The same for one that may be made of flags.
pub fn require_valid_typed(ui: &Ui, what: &str, message: &Message, typed: &Typed) -> Result<()> {
    let told = |found: &Violation| {
        format!("{}: {}", typed.name(&found.path).unwrap_or_else(|| found.path.clone()), found.message)
    };
    let violations = message.validate();
    let (errors, warnings): (Vec<_>, Vec<_>) = violations.iter().partition(|violation| violation.is_error());
    for warning in &warnings {
        ui.warn(&told(warning));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let errors: Vec<String> = errors.into_iter().map(told).collect();
    Err(Error::refused(format!("Meta would refuse {what}: {}", errors.join("; "))).hint(if typed.is_empty() {
        "mmsg message validate FILE shows each with its rule; mmsg message rules shows all rules"
    } else {
        "mmsg message rules shows all rules"
    }))
}
