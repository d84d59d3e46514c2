//! `mmsg webhook subscribe`.

use serde::Serialize;

use super::fields::FIELDS;
use crate::commands::changes::{self, ToAsk};
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::PageNames;
use crate::commands::several;
use crate::error::{Error, Exit, Result};
use crate::graph::Call;
use crate::text;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Subscribe the app to the Page's webhooks.
///
/// Existing fields are kept, because other software may depend on them; --only removes them, after asking. The address that Meta
/// posts to is set in the app dashboard, for the object Page, with these fields and "Include values" on.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Fields, separated by commas [default: all that mmsg reads].
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',')]
    fields: Vec<String>,
    /// Only these fields; remove all others.
    #[arg(long)]
    only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Added,
    Kept,
    Removed,
}

#[derive(Clone, Debug, Serialize)]
struct FieldRow {
    field: String,
    change: Change,
}

impl Record for FieldRow {
    const PLURAL: &'static str = "fields";
    const COLUMNS: &'static [&'static str] = &["field", "change"];

    fn cells(&self) -> Vec<String> {
        let change = match self.change {
            Change::Added => "added",
            Change::Kept => "kept",
            Change::Removed => "removed",
        };
        vec![self.field.clone(), change.to_owned()]
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let rows = subscribe(context, &args).await?;
    context.ui.list(&rows)?;
    Ok(Exit::Done)
}

/// The app for the Page of each business.
pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    if args.only {
        return Err(Error::usage("--only can't be used with several profiles; nothing was changed")
            .hint("it removes fields, and asks first: use it for one profile at a time"));
    }
    several::list(frame, &Shape::default(), async |context| {
        let page_id = context.page()?.to_string();
        let rows = subscribe(context, &args).await?;
        let of = |change: Change| {
            rows.iter().filter(|row| row.change == change).map(|row| row.field.clone()).collect::<Vec<_>>()
        };
        Ok((vec![PageRow { page_id, added: of(Change::Added), kept: of(Change::Kept) }], Exit::Done))
    })
    .await
}

/// One of several Pages. The keys never change.
#[derive(Serialize)]
struct PageRow {
    page_id: String,
    added: Vec<String>,
    kept: Vec<String>,
}

impl Record for PageRow {
    const PLURAL: &'static str = "Pages";
    const COLUMNS: &'static [&'static str] = &["Page", "added", "kept"];
    const KEYS: &'static [&'static str] = &["page_id", "added", "kept"];

    fn cells(&self) -> Vec<String> {
        let fields = |fields: &[String]| text::count(fields.len() as u64, "field", "fields");
        vec![self.page_id.clone(), fields(&self.added), fields(&self.kept)]
    }
}

/// What became of each field.
async fn subscribe(context: &Context, args: &Args) -> Result<Vec<FieldRow>> {
    let asked = asked(&args.fields)?;
    let page = context.page()?;
    let graph = context.page_graph(&page).await?;
    let apps = graph.subscribed_apps(&page).await?;
    let had: Vec<String> = apps.into_iter().flat_map(|app| app.fields).collect();
    let rows = plan(&had, &asked, args.only);
    let of = |change: Change| -> Vec<&str> {
        rows.iter().filter(|row| row.change == change).map(|row| row.field.as_str()).collect()
    };
    let (added, removed) = (of(Change::Added).join(", "), of(Change::Removed).join(", "));
    if !removed.is_empty() {
        let shown = [format!("the app will no longer get: {removed}")];
        context.ui.confirm_shown(&shown, "Continue?", "removing webhook fields")?;
    }
    let wanted: Vec<String> =
        rows.iter().filter(|row| row.change != Change::Removed).map(|row| row.field.clone()).collect();
    let changes = !added.is_empty() || !removed.is_empty();
    if changes {
        let mut ledger = context.open_ledger()?;
        let named = [("added", &added), ("removed", &removed)].into_iter().filter(|(_, fields)| !fields.is_empty());
        let named: Vec<String> = named.map(|(change, fields)| format!("{change} {fields}")).collect();
        let what = format!("webhook fields of Page {page}: {}", named.join("; "));
        let to_ask = ToAsk { call: Call::SubscribeApp(page.clone()), command: "webhook subscribe", what: &what };
        let (change, answer) = changes::ask(context, &mut ledger, to_ask, graph.subscribe_app(&page, &wanted)).await?;
        answer?;
        ledger
            .end_change(&change, &what)
            .map_err(|error| Error::from(error).within("the app is subscribed, but that can't be written down"))?;
    }
    let shown =
        text::with_name(page.as_str(), context.page_name().or(PageNames::at_hand(context).called(page.as_str())));
    context.ui.status(&if changes {
        format!("the app is subscribed to {} of Page {shown}", text::count(wanted.len() as u64, "field", "fields"))
    } else {
        format!("the app is already subscribed to all of these for Page {shown}; nothing was changed")
    });
    Ok(rows)
}

fn asked(fields: &[String]) -> Result<Vec<String>> {
    let asked: Vec<String> =
        fields.iter().map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect();
    if let Some(wrong) = asked.iter().find(|field| !field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) {
        return Err(Error::usage(format!("{wrong:?} is not a webhook field"))
            .hint("fields look like marketing_message_reads; without --fields, all that mmsg reads are used"));
    }
    Ok(if asked.is_empty() { FIELDS.map(str::to_owned).to_vec() } else { asked })
}

/// What happens to each field: those asked for first, then those that the app had.
fn plan(had: &[String], asked: &[String], only: bool) -> Vec<FieldRow> {
    let mut rows: Vec<FieldRow> = Vec::new();
    for field in asked.iter().chain(had) {
        if rows.iter().any(|row| row.field == *field) {
            continue;
        }
        let change = match (had.contains(field), asked.contains(field)) {
            (false, _) => Change::Added,
            (true, false) if only => Change::Removed,
            (true, _) => Change::Kept,
        };
        rows.push(FieldRow { field: field.clone(), change });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(had: &[&str], asked: &[&str], only: bool) -> Vec<(String, Change)> {
        let owned = |list: &[&str]| list.iter().map(|&field| field.to_owned()).collect::<Vec<_>>();
        plan(&owned(had), &owned(asked), only).into_iter().map(|row| (row.field, row.change)).collect()
    }

    #[test]
    fn what_was_there_stays_unless_it_is_to_go() {
        let row = |field: &str, change| (field.to_owned(), change);
        let kept = [row("a", Change::Added), row("b", Change::Kept), row("c", Change::Kept)];
        assert_eq!(planned(&["b", "c", "b"], &["a", "b", "a"], false), kept);
        let only = [row("a", Change::Added), row("b", Change::Kept), row("c", Change::Removed)];
        assert_eq!(planned(&["b", "c"], &["a", "b"], true), only);
    }

    #[test]
    fn fields_are_names_and_none_means_all() {
        assert_eq!(asked(&[]).unwrap(), FIELDS);
        assert_eq!(asked(&[" messages".to_owned(), String::new()]).unwrap(), ["messages"]);
        assert_eq!(asked(&["messages&x=1".to_owned()]).unwrap_err().exit(), Exit::Usage);
    }
}
