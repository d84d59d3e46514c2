//! `mmsg tokens list` and `mmsg tokens export`.

use crate::cli::values;
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::people::FilterArgs;
use crate::error::{Error, Exit, Result};
use crate::ledger::people::found::{Found, FoundCount};
use crate::text::count;
use crate::ui::shape::Shape;
use crate::ui::table::Record;
use crate::ui::{Format, Ui};

/// List the Page's people in the ledger, one token per row.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    whom: Whom,
    /// Print only how many people there are, each once: so many send with the same filters plans.
    #[arg(long)]
    count: bool,
}

/// Write the Page's people in the ledger to stdout as CSV, or as NDJSON with -o ndjson.
///
/// Of any size, row by row. The CSV is safe to open in a spreadsheet, and can be sent to or imported again.
#[derive(clap::Args, Debug)]
pub struct ExportArgs {
    #[command(flatten)]
    whom: Whom,
}

#[derive(clap::Args, Debug)]
struct Whom {
    /// Only people of this audience.
    #[arg(long, value_name = "NAME", value_parser = values::audience)]
    audience: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    shape: Shape,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    if !args.count {
        return print(context, &context.ui, &args.whom);
    }
    let page = context.page()?;
    let ledger = context.ledger_to_look()?;
    let audience = args.whom.audience.as_deref().map(|name| ledger.find_audience(page.as_str(), name)).transpose()?;
    let now = context.now_of(&ledger)?;
    let filter = args.whom.filter.filter(audience, now, context.ui.zone());
    let FoundCount { people, tokens } = ledger.count_people(page.as_str(), &filter, now)?;
    context.ui.value("count", &people.to_string())?;
    if people == 0 {
        context.ui.status("no people match");
    } else if tokens > people {
        let have = if people == 1 { "has" } else { "have" };
        context.ui.status(&format!(
            "{} {have} {}; each counts once, as for send",
            count(people, "person", "people"),
            count(tokens, "token", "tokens")
        ));
    }
    Ok(Exit::Done)
}

pub fn export(context: &Context, args: &ExportArgs) -> Result<Exit> {
    print(context, &context.ui.row_by_row(), &args.whom)
}

fn print(context: &Context, ui: &Ui, whom: &Whom) -> Result<Exit> {
    let page = context.page()?;
    let ledger = context.ledger_to_look()?;
    let audience = whom.audience.as_deref().map(|name| ledger.find_audience(page.as_str(), name)).transpose()?;
    let now = context.now_of(&ledger)?;
    let filter = whom.filter.filter(audience, now, context.ui.zone());
    match ui.format() {
        Format::Ndjson | Format::Csv if !whom.shape.sorts() => {
            let mut rows = ui.rows::<Found>(&whom.shape)?;
            let mut any = false;
            ledger.each_person(page.as_str(), &filter, now, &mut |found| {
                any = true;
                rows.push(&found)
            })?;
            rows.flush()?;
            if !any {
                ui.list_as::<Found>(&[], &whom.shape)?;
                ui.status("no people match");
            }
        }
        Format::Ndjson | Format::Csv | Format::Table | Format::Json => {
            let mut all = Vec::new();
            ledger.each_person(page.as_str(), &filter, now, &mut |found| {
                all.push(found);
                Ok::<_, Error>(())
            })?;
            ui.list_as(&all, &whom.shape)?;
        }
    }
    Ok(Exit::Done)
}

impl Record for Found {
    const PLURAL: &'static str = "people";
    const COLUMNS: &'static [&'static str] =
        &["token", "PSID", "time zone", "suppressed", "note", "expires", "eligible", "re-opt-in", "last sent"];
    const EXPENDABLE: &'static [&'static str] =
        &["re-opt-in", "note", "time zone", "PSID", "expires", "last sent", "suppressed", "eligible"];
    const KEYS: &'static [&'static str] =
        &["token", "psid", "time_zone", "suppressed", "note", "expires_at", "eligible_at", "reoptin", "last_sent_at"];

    fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let time = |at: Option<UnixMillis>| at.map(|at| at.to_string()).unwrap_or_default();
        vec![
            self.token.clone(),
            text(&self.psid),
            text(&self.time_zone),
            self.suppressed.unwrap_or_default().to_owned(),
            text(&self.note),
            time(self.expires_at),
            time(self.eligible_at),
            text(&self.reoptin),
            time(self.last_sent_at),
        ]
    }
}
