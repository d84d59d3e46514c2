//! `mmsg tokens`: token lists under a name, in the ledger.

use serde::Serialize;

use super::lists::{ListArgs, Listed};
use crate::audience::{Columns, Input};
use crate::error::Result;
use crate::ui::table::Record;
use crate::ui::text::thousands;

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Keep a token list in the ledger as a named audience. A list of the same name takes the old one's place.
    Import(ImportArgs),
}

#[derive(clap::Args, Debug)]
pub struct ImportArgs {
    #[command(flatten)]
    pub list: ListArgs,
    /// Name of the audience.
    #[arg(long, value_name = "NAME", value_parser = audience_name)]
    pub audience: String,
}

/// A name is for people and scripts: 1 to 100 characters, none of them a control character, no space at its ends.
fn audience_name(text: &str) -> Result<String, String> {
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
    const COLUMNS: &'static [&'static str] = &["Audience", "Rows", "Recipients", "Duplicates", "Bad", "Columns"];

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

/// Reads the list and hands each good row to `add`, which stages it in the ledger: the audience takes its new place only when the
/// caller finishes the stage, so a failed import leaves the old one untouched. Blocking.
///
/// # Errors
///
/// Those of [`ListArgs::read`] and `add`.
pub fn stage_rows(
    args: &ImportArgs,
    inputs: &[Input],
    progress: &mut dyn FnMut(u64, u64),
    add: &mut dyn FnMut(&str, Option<&str>) -> Result<()>,
) -> Result<Listed> {
    args.list.read(inputs, Columns::All, progress, &mut |row| add(row.token, row.values))
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

    #[test]
    fn rows_are_staged_and_the_totals_add_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "token,name\n1,Anna\n2,Bob\n1,Carl\nx y,Dan\n").unwrap();
        let args = parse(&["import", &path.to_string_lossy(), "--audience", "spring"]).unwrap();
        let mut staged = Vec::new();
        let inputs = args.list.inputs().unwrap();
        let listed = stage_rows(&args, &inputs, &mut |_, _| (), &mut |token, values| {
            staged.push((token.to_owned(), values.map(str::to_owned)));
            Ok(())
        })
        .unwrap();
        assert_eq!(staged[1], ("2".to_owned(), Some(r#"{"name":"Bob"}"#.to_owned())));
        let imported = Imported::new(args.audience, &listed, 2);
        assert_eq!(imported.rows, imported.recipients + imported.duplicates + imported.bad);
        assert_eq!((imported.duplicates, imported.bad), (1, 1));
    }
}
