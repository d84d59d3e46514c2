//! `mmsg schema COMMAND`: what a command prints with `-o json`, as JSON Schema.

mod document;

use serde::Serialize;

use crate::commands::context::Invocation;
use crate::error::{Error, Exit, Result};
use crate::text::nearest;
use crate::ui::shape::Shape;
use crate::ui::table::Record;
use document::{SchemaFile, document};

/// The name of the schema of errors, which is not a command.
const ERROR: &str = "error";

/// Print the JSON Schema of what a command prints with -o json, or of errors; without a command, list the schemas.
///
/// An array with -o json is one of its items a line with -o ndjson. Keys may be added in any release, so a reader should ignore keys that it
/// does not know. With --columns only the keys that were asked for are there.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The command, such as broadcast list; or error.
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
    #[command(flatten)]
    shape: Shape,
}

#[derive(Serialize)]
struct Row {
    schema: String,
    describes: String,
}

impl Record for Row {
    const PLURAL: &'static str = "schemas";
    const COLUMNS: &'static [&'static str] = &["schema", "describes"];

    fn cells(&self) -> Vec<String> {
        vec![self.schema.clone(), self.describes.clone()]
    }
}

const OUTPUTS: &str = include_str!("schema/outputs.txt");

/// The columns of the list that a command prints, by their JSON keys.
pub fn keys_of(command: &str) -> Vec<String> {
    let outputs = SchemaFile::parse(OUTPUTS).unwrap_or_default();
    // The same people, written out.
    let command = if command == "tokens export" { "tokens list" } else { command };
    outputs.keys_of(command).into_iter().map(str::to_owned).collect()
}

pub fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let outputs = SchemaFile::parse(OUTPUTS).map_err(Error::internal)?;
    if args.words.is_empty() {
        let error = Row { schema: ERROR.to_owned(), describes: "an error, on stderr".to_owned() };
        let of = |name: &str| Row { schema: name.to_owned(), describes: format!("stdout of mmsg {name} -o json") };
        let rows: Vec<Row> = std::iter::once(error).chain(outputs.commands().map(of)).collect();
        frame.ui.list_as(&rows, &args.shape)?;
        return Ok(Exit::Done);
    }
    let name = args.words.join(" ");
    // One command has two names.
    let name = if name == "message send" { "send" } else { name.as_str() };
    let found = if name == ERROR { document(&outputs, name, "Error") } else { outputs.of(name) };
    let Some(found) = found else {
        let known: Vec<&str> = outputs.commands().chain([ERROR]).collect();
        let meant = nearest(name, &known).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        return Err(Error::usage(format!("there is no schema of {name:?}: it is not a command that prints JSON"))
            .hint(format!("{meant}mmsg schema lists all")));
    };
    frame.ui.json(&found)?;
    Ok(Exit::Done)
}
