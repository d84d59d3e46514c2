//! `mmsg audience delete`.

use crate::cli::values;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Error, Exit, Result};
use crate::text::{count, nearest};

/// Delete audiences of the Page. Their people stay in the ledger, and so do the broadcasts that were sent to them.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of an audience.
    #[arg(required = true, value_name = "NAME", value_parser = values::audience)]
    names: Vec<String>,
}

pub fn run(context: &Context, args: &Args) -> Result<Exit> {
    let page = context.page()?;
    let mut ledger = context.existing_ledger()?;
    let all = ledger.audiences(page.as_str())?;
    let mut chosen = Vec::new();
    for name in &args.names {
        let found = all.iter().find(|audience| audience.audience == *name);
        chosen.push(found.ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|audience| audience.audience.as_str()).collect();
            let meant = nearest(name, &names).map(|near| format!("did you mean {near:?}? ")).unwrap_or_default();
            Error::usage(format!("there is no audience {name:?} of Page {page} in this ledger; nothing was deleted"))
                .hint(format!("{meant}mmsg audience list shows them"))
        })?);
    }
    let named = PageNames::of(context, &ledger)?.shown(page.as_str());
    let shown: Vec<String> = chosen
        .iter()
        .map(|audience| {
            let recipients = count(audience.recipients, "recipient", "recipients");
            format!("audience {:?} of Page {named}: {recipients}, from {}", audience.audience, audience.source)
        })
        .collect();
    let audiences = count(chosen.len() as u64, "audience", "audiences");
    context.ui.confirm_shown(&shown, &format!("Delete {audiences}?"), &format!("deleting {audiences}"))?;
    for audience in &chosen {
        ledger.delete_audience(page.as_str(), &audience.audience)?;
        let now = context.now_of(&ledger)?;
        ledger.audit(now, &context.operator(), "audience delete", &format!("audience {:?}", audience.audience))?;
    }
    context.ui.list(&ledger.audiences(page.as_str())?)?;
    Ok(Exit::Done)
}
