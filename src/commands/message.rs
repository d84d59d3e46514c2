//! `mmsg message`: build, check and look at the message before it costs money.

mod build;
mod flags;
mod preview;
mod questions;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, Subcommand};
use serde::Serialize;

use crate::commands::Context;
use crate::error::{Error, Exit, Result};
use crate::message::parse::MAX_BYTES;
use crate::message::rules::{self, Rule, page_url};
use crate::message::{Message, Violation, schema};
use crate::text;
use crate::ui::Ui;
use crate::ui::table::Record;

#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a message from flags, a TOML file or questions, and print the JSON that the API takes.
    Build(Box<build::Args>),
    /// Hold a message against Meta's published limits; exit 5 when Meta would refuse it.
    Validate(ValidateArgs),
    /// Show a message as people will see it.
    Preview(preview::Args),
    Send(Box<crate::commands::send::Args>),
    /// Print every limit: id, path, limit, the page it comes from, the code that Meta answers.
    Rules,
    /// Print the limits as a JSON Schema (draft 2020-12) for editors.
    Schema,
}

#[derive(ClapArgs, Debug)]
pub struct ValidateArgs {
    /// Message file; - for stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.command {
        Command::Build(args) => build::run(&context.ui, *args),
        Command::Validate(args) => validate(&context.ui, &args),
        Command::Preview(args) => preview::run(context, args).await,
        Command::Send(args) => crate::commands::send::run(context, *args).await,
        Command::Rules => print_rules(&context.ui),
        Command::Schema => context.ui.json(&schema::document()).map(|()| Exit::Done),
    }
}

fn validate(ui: &Ui, args: &ValidateArgs) -> Result<Exit> {
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

fn print_rules(ui: &Ui) -> Result<Exit> {
    ui.list(&rules::all().map(Limit::of).collect::<Vec<_>>())?;
    Ok(Exit::Done)
}

/// A rule as it is printed.
#[derive(Serialize)]
struct Limit {
    id: &'static str,
    templates: Vec<&'static str>,
    paths: &'static [&'static str],
    when: Option<String>,
    rule: String,
    limit: Option<u32>,
    severity: &'static str,
    code: Option<u32>,
    basis: &'static str,
    page: &'static str,
    url: Option<String>,
}

impl Limit {
    fn of(rule: &'static Rule) -> Self {
        Self {
            id: rule.id,
            templates: rule.kinds.iter().map(|kind| kind.name()).collect(),
            paths: rule.paths,
            when: rule.when.map(|(field, value)| format!("{field} is {value}")),
            rule: rule.check.says(),
            limit: rule.check.limit(),
            severity: rule.severity.name(),
            code: rule.code,
            basis: rule.basis.name(),
            page: rule.page,
            url: page_url(rule.page),
        }
    }
}

impl Record for Limit {
    const PLURAL: &'static str = "rules";
    const COLUMNS: &'static [&'static str] = &["id", "path", "rule", "severity", "code", "source"];

    fn cells(&self) -> Vec<String> {
        let rule = match &self.when {
            Some(when) => format!("{} (when {when})", self.rule),
            None => self.rule.clone(),
        };
        vec![
            self.id.to_owned(),
            self.paths.join(" "),
            rule,
            self.severity.to_owned(),
            self.code.map(|code| code.to_string()).unwrap_or_default(),
            format!("{} {}", self.basis, self.page),
        ]
    }
}

/// Reads a message file, or stdin for `-`.
///
/// # Errors
/// Usage (exit 2) when there is no such file; refused (exit 5) when it holds no message.
pub fn load(file: &Path) -> Result<Message> {
    Message::parse(&read(file)?)
}

/// Reads at most one byte more than a message may have, so that a wrong file is told without being read whole.
fn read(file: &Path) -> Result<Vec<u8>> {
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
    let violations = message.validate();
    let (errors, warnings): (Vec<_>, Vec<_>) = violations.iter().partition(|violation| violation.is_error());
    for warning in &warnings {
        ui.warn(&format!("{}: {}", warning.path, warning.message));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
    Err(Error::refused(format!("Meta would refuse the message: {}", told.join("; ")))
        .hint("mmsg message validate FILE shows each with its rule; mmsg message rules shows all rules"))
}
