//! `mmsg unknown list`.

use super::filter::UnknownFilterArgs;
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::{Named, OnAPage, PageNames};
use crate::commands::several;
use crate::error::{Exit, Result};
use crate::ledger::unknown::UnknownSend;
use crate::text;
use crate::ui::Format;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// List the Page's unknown sends, one per row, with their tokens.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    filter: UnknownFilterArgs,
    #[command(flatten)]
    shape: Shape,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let ledger = context.ledger_to_look()?;
    let filter = args.filter.filter(context);
    let names = PageNames::of(context, &ledger)?;
    match context.ui.format() {
        Format::Ndjson if !args.shape.sorts() => {
            let mut rows = context.ui.rows::<Named<UnknownSend>>(&args.shape)?;
            ledger.each_unknown(&filter, &mut |send| rows.push(&names.row(send)))?;
            rows.flush()?;
        }
        Format::Ndjson | Format::Table | Format::Json | Format::Csv => {
            context.ui.list_as(&names.rows(ledger.unknowns(&filter)?), &args.shape)?;
        }
    }
    let hidden = args.filter.hidden(context, &ledger)?;
    args.filter.scope.tell_hidden(context, hidden, "unknown send", "unknown sends");
    Ok(Exit::Done)
}

pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    args.filter.scope.refuse_all()?;
    several::list(frame, &args.shape, async |context| {
        // A filter without a Page would show each profile those of all.
        context.page()?;
        let ledger = context.ledger_to_look()?;
        let unknowns = ledger.unknowns(&args.filter.filter(context))?;
        Ok((PageNames::of(context, &ledger)?.rows(unknowns), Exit::Done))
    })
    .await
}

impl OnAPage for UnknownSend {
    fn page(&self) -> Option<&str> {
        Some(&self.page)
    }
}

impl Record for UnknownSend {
    const PLURAL: &'static str = "unknown sends";
    const COLUMNS: &'static [&'static str] =
        &["token", "Page", "broadcast", "campaign", "since", "reason", "blocked until"];
    const EXPENDABLE: &'static [&'static str] = &["blocked until", "Page", "broadcast", "campaign", "since"];
    const KEYS: &'static [&'static str] = &[
        "send",
        "token",
        "broadcast",
        "campaign",
        "reason",
        "code",
        "subcode",
        "fbtrace_id",
        "claimed_at",
        "at",
        "blocked_until",
        "page",
        "campaign_name",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.token.clone(),
            self.page.clone(),
            self.broadcast.to_string(),
            text::with_name(&self.campaign, self.campaign_name.as_deref()),
            self.at.map(|at| at.to_string()).unwrap_or_default(),
            self.reason.clone(),
            self.blocked_until.to_string(),
        ]
    }
}
