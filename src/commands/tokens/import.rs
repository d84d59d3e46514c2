//! `mmsg tokens import`.

use serde::Serialize;

use super::replacing;
use crate::audience::Columns;
use crate::cli::values;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::lists::{self, ListArgs, Listed};
use crate::commands::output::Outputs;
use crate::commands::signals::Signals;
use crate::error::{Exit, Result};
use crate::ledger::Watch;
use crate::ledger::audiences::ImportCounts;
use crate::text::thousands;
use crate::ui::table::Record;

/// Import a token list into the ledger as a named audience. It replaces the audience of the same name.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    list: ListArgs,
    /// Name of the audience.
    #[arg(long, value_name = "NAME", value_parser = values::audience)]
    audience: String,
    /// Replace the audience even if the new list has no rows.
    #[arg(long)]
    replace: bool,
}

/// What an import did. `rows` = `recipients` + `duplicates` + `erased` + `bad`.
#[derive(Clone, Debug, Serialize)]
struct ImportRow {
    audience: String,
    rows: u64,
    /// Tokens of the audience, each once.
    recipients: u64,
    duplicates: u64,
    /// Rows of people who were erased: left out.
    erased: u64,
    bad: u64,
    columns: Vec<String>,
}

impl ImportRow {
    /// `recipients` is what the ledger counted when it finished the import.
    fn new(audience: String, listed: &Listed, imported: ImportCounts) -> Self {
        let tally = &listed.tally;
        let ImportCounts { rows: _, people: recipients, new: _, erased } = imported;
        Self {
            audience,
            rows: tally.rows,
            recipients,
            duplicates: tally.good.saturating_sub(recipients + erased),
            erased,
            bad: tally.bad,
            columns: tally.columns.clone(),
        }
    }
}

impl Record for ImportRow {
    const PLURAL: &'static str = "audiences";
    const COLUMNS: &'static [&'static str] =
        &["audience", "rows", "recipients", "duplicates", "erased", "bad", "columns"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.audience.clone(),
            thousands(self.rows),
            thousands(self.recipients),
            thousands(self.duplicates),
            thousands(self.erased),
            thousands(self.bad),
            self.columns.join(", "),
        ]
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let page = context.page()?;
    let signals = Signals::listen(&context.ui)?;
    let mut outputs = Outputs::of(context, args.list.force, "nothing was imported");
    args.list.check(&mut outputs)?;
    let mut ledger = context.open_ledger()?;
    let (listed, mut list) =
        lists::spool(context, &signals, &outputs, &args.list, Columns::All, ledger.folder().to_owned()).await?;
    lists::tell_tokens(&listed.tally, &context.ui);
    let before = ledger.audience_size(page.as_str(), &args.audience)?;
    if list.rows == 0
        && let Some(before) = before.filter(|before| *before > 0 && !args.replace)
    {
        replacing::refuse_to_empty(context, "the list", &args.audience, before)?;
    }
    let source = args.list.source();
    let progress = context.ui.progress(Some(list.rows), "rows imported");
    let (stopping, name, now) = (signals.clone(), args.audience.clone(), context.now_of(&ledger)?);
    let done = signals
        .blocking(move || {
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            ledger.import_audience(page.as_str(), &name, &source, &mut list, now, &mut watch)
        })
        .await?;
    let imported = done.map_err(|error| failure::ledger::stopped_by(error, signals.exit()))?;
    if let Some(before) = before {
        replacing::tell(context, &args.audience, before, imported.people);
    }
    context.ui.object(&ImportRow::new(args.audience, &listed, imported))?;
    Ok(Exit::Done)
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

    fn parse(line: &[&str]) -> Result<Args, clap::Error> {
        Ok(Line::try_parse_from(line)?.args)
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
