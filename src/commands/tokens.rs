//! `mmsg tokens`: token lists under a name, in the ledger.

use serde::Serialize;

use super::lists::{self, ListArgs, Listed};
use super::signals::Signals;
use crate::audience::Columns;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::error::{Error, Exit, Result};
use crate::ledger::Watch;
use crate::text::{count, thousands};
use crate::ui::table::Record;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Import a token list into the ledger as a named audience. It replaces the audience of the same name.
    Import(ImportArgs),
}

#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    #[command(flatten)]
    pub list: ListArgs,
    /// Name of the audience.
    #[arg(long, value_name = "NAME", value_parser = audience_name)]
    pub audience: String,
    /// Replace the audience even if the new list has no rows.
    #[arg(long)]
    pub replace: bool,
}

/// A name is for people and scripts: 1 to 100 characters, none of them a control character, no space at its ends.
pub(super) fn audience_name(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if !(1..=100).contains(&length) {
        return Err(format!("1 to 100 characters; this has {length}"));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err("no control characters, and no white space at its ends".to_owned());
    }
    Ok(text.to_owned())
}

/// What an import did. `rows` = `recipients` + `duplicates` + `bad`.
#[derive(Clone, Debug, Serialize)]
pub struct Imported {
    pub audience: String,
    pub rows: u64,
    /// Tokens of the audience, each once.
    pub recipients: u64,
    pub duplicates: u64,
    pub bad: u64,
    pub columns: Vec<String>,
}

impl Imported {
    /// `recipients` is what the ledger counted when it finished the import.
    pub fn new(audience: String, listed: &Listed, recipients: u64) -> Self {
        let tally = &listed.tally;
        Self {
            audience,
            rows: tally.rows,
            recipients,
            duplicates: tally.good.saturating_sub(recipients),
            bad: tally.bad,
            columns: tally.columns.clone(),
        }
    }
}

impl Record for Imported {
    const PLURAL: &'static str = "audiences";
    const COLUMNS: &'static [&'static str] = &["audience", "rows", "recipients", "duplicates", "bad", "columns"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.audience.clone(),
            thousands(self.rows),
            thousands(self.recipients),
            thousands(self.duplicates),
            thousands(self.bad),
            self.columns.join(", "),
        ]
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    match args.command {
        Command::Import(args) => import(context, args).await,
    }
}

async fn import(context: &Context, args: ImportArgs) -> Result<Exit> {
    let page = context.page()?;
    let signals = Signals::listen()?;
    let mut ledger = context.open_ledger()?;
    let (listed, mut list) =
        lists::spool(context, &signals, &args.list, Columns::All, ledger.folder().to_owned()).await?;
    lists::tell_tokens(&listed.tally, &context.ui);
    let before = ledger.audience_size(page.as_str(), &args.audience)?;
    if list.rows == 0
        && let Some(before) = before.filter(|before| *before > 0 && !args.replace)
    {
        refuse_to_empty(context, &args.audience, before)?;
    }
    let source = args.list.source();
    let progress = context.ui.progress(Some(list.rows), "rows imported");
    let (stopping, name, now) = (signals.clone(), args.audience.clone(), context.clock.now());
    let done = signals
        .blocking(move || {
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            ledger.import_audience(page.as_str(), &name, &source, &mut list, now, &mut watch)
        })
        .await?;
    let imported = done.map_err(|error| failure::ledger::stopped_by(error, signals.exit()))?;
    if let Some(before) = before {
        tell_replaced(context, &args.audience, before, imported.people);
    }
    context.ui.object(&Imported::new(args.audience, &listed, imported.people))?;
    Ok(Exit::Done)
}

/// A failed query also leaves an empty list, so a person is asked, and a script has to pass `--replace`.
fn refuse_to_empty(context: &Context, name: &str, before: u64) -> Result<()> {
    let had = count(before, "recipient", "recipients");
    if context.ui.can_ask() {
        let question = format!("Empty audience {name:?} ({had})?");
        return context.ui.confirm(&question, "emptying an audience");
    }
    Err(Error::refused(format!("the list has no rows, but audience {name:?} has {had}: nothing was changed"))
        .hint("check what wrote the list; to empty the audience, pass --replace"))
}

fn tell_replaced(context: &Context, name: &str, before: u64, after: u64) {
    let said = format!("audience {name:?} had {}, now {}", count(before, "recipient", "recipients"), thousands(after));
    if after < before / 2 { context.ui.warn(&said) } else { context.ui.status(&said) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn parse(line: &[&str]) -> Result<ImportArgs, clap::Error> {
        let line = Line::try_parse_from([&["tokens"], line].concat())?;
        let Command::Import(args) = line.args.command;
        Ok(args)
    }

    #[test]
    fn the_command_line_of_an_import() {
        let args =
            parse(&["import", "a.csv", "-", "--audience", "spring", "--delimiter", "tab", "--token-column", "psid"])
                .unwrap();
        assert_eq!(args.audience, "spring");
        assert_eq!(args.list.files.len(), 2);
        assert_eq!(args.list.delimiter, Some(b'\t'));
        assert!(parse(&["import"]).is_err());
        for name in ["", " x", "a\u{1b}b", &"x".repeat(101)] {
            assert!(parse(&["import", "--audience", name]).is_err(), "{name:?}");
        }
    }
}
