//! `mmsg message preview`: Meta's own picture of a message, ours in the terminal, and a local page with both.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::file::load;
use super::given;
use crate::audience::{self, Columns, Input, Item, ReadOptions};
use crate::commands::browser;
use crate::commands::context::Context;
use crate::commands::failure::temporary;
use crate::commands::output::{Kind, Outputs};
use crate::error::{Error, Exit, Result};
use crate::message::preview::iframe_src;
use crate::message::{Message, Template, draw, page};
use crate::ui::Format;

const SAVE: &str = "--save";

/// Show a message as people will see it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Message file; - for stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Draw it here, without asking Graph; with --save or --open the page is made without Meta's frame.
    #[arg(long)]
    local: bool,
    /// Open a local page with Meta's preview and our own rendering in the browser.
    #[arg(long)]
    open: bool,
    /// Write that page to a file (readable by you only).
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Replace FILE even if it exists and was not made by mmsg.
    #[arg(long, requires = "save")]
    force: bool,
    /// Width of the drawing in columns [default: the terminal's].
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(20..=400), requires = "local")]
    width: Option<u16>,
    /// Fill the message with a row of this list of recipients.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Which row of --tokens [default: 1].
    #[arg(long, value_name = "N", requires = "tokens", value_parser = clap::value_parser!(u64).range(1..))]
    row: Option<u64>,
    /// A value for ${COLUMN}; repeat for more.
    #[arg(long, value_name = "COLUMN=TEXT", conflicts_with = "tokens")]
    value: Vec<String>,
}

/// What `-o json` prints.
#[derive(Serialize)]
struct Shown {
    src: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let ui = &context.ui;
    let mut outputs = Outputs::of(context, args.force, "no preview was made");
    outputs.protect_inputs("the message", [args.file.as_path()]);
    if let Some(tokens) = &args.tokens {
        outputs.protect_inputs("the list", [tokens.as_path()]);
    }
    if let Some(file) = &args.save {
        outputs.expect(SAVE, file, Kind::Page)?;
    }
    let message = load(&args.file)?;
    for violation in message.validate() {
        ui.warn(&format!("{}: {}", violation.path, violation.message));
    }
    let message = filled(context, &args, &message)?;
    let src = if args.local {
        None
    } else {
        let markup = ask_graph(context, &message.to_json()).await?;
        Some(iframe_src(&markup).ok_or_else(|| {
            Error::network("Graph's answer holds no preview that a browser may open")
                .hint("mmsg message preview --local draws the message without Graph")
        })?)
    };
    if let Some(file) = make_page(&args, &outputs, src.as_deref(), &message)? {
        ui.status(&format!("the preview is in {}", file.display()));
        if args.open {
            browser::open(context, &file)?;
        }
    }
    let drawing = args.local.then(|| draw::draw(message.value(), args.width.map_or_else(|| ui.width(), usize::from)));
    match (ui.format(), src, drawing) {
        (Format::Table, Some(src), _) => ui.text(&src)?,
        (Format::Table, None, Some(drawing)) => ui.text(drawing.trim_end())?,
        (Format::Table, None, None) => {}
        (Format::Json | Format::Ndjson | Format::Csv, src, text) => ui.object(&Shown { src, text })?,
    }
    Ok(Exit::Done)
}

impl crate::ui::table::Record for Shown {
    const PLURAL: &'static str = "previews";
    const COLUMNS: &'static [&'static str] = &["src"];

    fn cells(&self) -> Vec<String> {
        vec![self.src.clone().unwrap_or_default()]
    }
}

/// The markup of Graph's preview.
async fn ask_graph(context: &Context, message: &str) -> Result<String> {
    Ok(context.graph()?.preview(&context.ad_account()?, &context.page()?, message).await?)
}

/// The values of a row of a list, counted from 1 without the header, as a JSON object of columns.
fn row_of_list(file: &Path, wanted: u64) -> Result<String> {
    let mut rows = 0;
    let mut found = None;
    let read = audience::read(
        &[Input::from_arg(file.to_owned())],
        &ReadOptions::default(),
        Columns::All,
        &mut |_, _| (),
        &mut |item| {
            rows += 1;
            if rows < wanted {
                return Ok(());
            }
            found = Some(match item {
                Item::Row(row) => Ok(row.values.unwrap_or("{}").to_owned()),
                Item::Bad(bad) => Err(Error::refused(format!("row {wanted} is bad: {}", bad.reason))),
            });
            // Nothing after it matters.
            Err(Error::internal("enough was read"))
        },
    );
    match (found, read) {
        (Some(found), _) => found,
        (None, Err(error)) => Err(error),
        (None, Ok(tally)) => Err(Error::usage(format!("there is no row {wanted}: the list has {}", tally.rows))
            .hint("--row counts from 1, without the header")),
    }
}

/// The message of one recipient, or with stand-ins when nothing says whose.
fn filled(context: &Context, args: &Args, message: &Message) -> Result<Message> {
    let columns: Vec<String> = message.columns().into_iter().collect();
    let values = match (&args.tokens, args.row) {
        (Some(file), row) => row_of_list(file, row.unwrap_or(1))?,
        _ if !args.value.is_empty() => given::row(&args.value, &columns)?,
        _ => {
            if !columns.is_empty() {
                context.ui.status(&format!("shown without values for: {}", columns.join(", ")));
                context.ui.hint("--tokens FILE, or --value COLUMN=TEXT, fills them");
            }
            return Ok(message.sample());
        }
    };
    let mut json = String::new();
    Template::compile(message)?.fill(Some(&values), &mut json).map_err(|error| {
        Error::refused(format!("this recipient would be skipped: {error}"))
            .hint("mmsg message validate checks the message itself")
    })?;
    Message::parse(json.as_bytes())
}

/// Writes the page to `--save`, or for `--open` to a temporary file; both are for the operator's eyes only.
fn make_page(args: &Args, outputs: &Outputs, src: Option<&str>, message: &Message) -> Result<Option<PathBuf>> {
    if args.save.is_none() && !args.open {
        return Ok(None);
    }
    let html = page::render(message.value(), src)?;
    if let Some(file) = &args.save {
        outputs.write(SAVE, file, Kind::Page, html.as_bytes())?;
        return Ok(Some(file.clone()));
    }
    let folder = std::env::temp_dir();
    let write = || {
        let mut new = tempfile::Builder::new().prefix("mmsg-preview-").suffix(".html").tempfile_in(&folder)?;
        new.write_all(html.as_bytes())?;
        new.keep().map_err(|error| error.error)
    };
    let (_, file) = write().map_err(|error| temporary::failed("store the preview", &folder, &error))?;
    Ok(Some(file))
}
