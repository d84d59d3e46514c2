//! `mmsg tokens suppress` and `mmsg tokens unsuppress`.

use serde::Serialize;

use super::token;
use crate::audience::Columns;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::lists::{self, ListArgs};
use crate::commands::output::Outputs;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::suppress::{SuppressOrder, Suppressions};
use crate::ledger::{Ledger, Watch};
use crate::text::{count, thousands};
use crate::ui::table::Record;

/// Suppress people permanently: no broadcast sends to them, whatever list, import or fetch they are in.
///
/// All known tokens of a person are suppressed. Tokens that the ledger has never seen are kept as well. Only `tokens unsuppress` ends it.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    whom: Whom,
    /// Why; tokens list shows it.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<String>,
}

/// Lift suppressions made by `tokens suppress`. Opt-outs stay: only the person ends them.
#[derive(clap::Args, Debug)]
pub struct LiftArgs {
    #[command(flatten)]
    whom: Whom,
}

#[derive(clap::Args, Debug)]
struct Whom {
    /// This subscription token, in place of a list; repeat for several.
    #[arg(long = "token", value_name = "TOKEN", value_parser = token, conflicts_with_all = ["files", "token_column", "delimiter", "no_header", "reject", "strict", "allow_bad_rows", "allow_odd_tokens"])]
    tokens: Vec<String>,
    #[command(flatten)]
    list: ListArgs,
}

fn reason(text: &str) -> Result<String, String> {
    let is_line = !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control);
    if is_line { Ok(text.trim().to_owned()) } else { Err("one line of 1 to 200 characters".to_owned()) }
}

/// `rows` = `changed` + `unchanged` + `bad`, and with `unsuppress` + `never_seen`.
#[derive(Clone, Debug, Serialize)]
struct SuppressRow {
    rows: u64,
    changed: u64,
    unchanged: u64,
    never_seen: u64,
    other_tokens: u64,
    bad: u64,
}

impl Record for SuppressRow {
    const PLURAL: &'static str = "rows";
    const COLUMNS: &'static [&'static str] = &["rows", "changed", "unchanged", "never seen", "other tokens", "bad"];

    fn cells(&self) -> Vec<String> {
        let Self { rows, changed, unchanged, never_seen, other_tokens, bad } = self;
        [rows, changed, unchanged, never_seen, other_tokens, bad].map(|n| thousands(*n)).to_vec()
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let counts = carry_out(context, args.whom, SuppressOrder::Suppress(args.reason)).await?;
    if counts.unseen > 0 {
        let tokens = count(counts.unseen, "token was", "tokens were");
        context.ui.status(&format!("{tokens} never seen before: kept, and suppressed from now on"));
    }
    Ok(Exit::Done)
}

pub async fn lift(context: &Context, args: LiftArgs) -> Result<Exit> {
    let counts = carry_out(context, args.whom, SuppressOrder::Unsuppress).await?;
    if counts.stay > 0 {
        let people = count(counts.stay, "recipient stays", "recipients stay");
        context.ui.warn(&format!(
            "{people} suppressed for another reason: opted out, expired, in a blocked region, or erased"
        ));
        context.ui.hint("mmsg tokens list --suppressed shows the reasons");
    }
    if counts.unseen > 0 {
        context.ui.status(&format!("{} not in this ledger", count(counts.unseen, "token is", "tokens are")));
    }
    Ok(Exit::Done)
}

async fn carry_out(context: &Context, whom: Whom, order: SuppressOrder) -> Result<Suppressions> {
    let page = context.page()?;
    let signals = Signals::listen(&context.ui)?;
    let mut outputs = Outputs::of(context, whom.list.force, "nothing was changed");
    let is_list = whom.tokens.is_empty();
    if is_list {
        whom.list.check(&mut outputs)?;
    }
    let mut ledger = match order {
        SuppressOrder::Suppress(_) => context.open_ledger()?,
        SuppressOrder::Unsuppress => context.existing_ledger()?,
    };
    let (rows, bad, mut list) = if is_list {
        let folder = ledger.folder().to_owned();
        let (listed, list) = lists::spool(context, &signals, &outputs, &whom.list, Columns::None, folder).await?;
        (listed.tally.rows, listed.tally.bad, list)
    } else {
        (whom.tokens.len() as u64, 0, typed(&ledger, &whom.tokens)?)
    };
    let progress = context.ui.progress(Some(list.rows), "rows");
    let (stopping, who, now) = (signals.clone(), context.operator(), context.now_of(&ledger)?);
    let done = signals
        .blocking(move || {
            let mut watch = Watch { progress: &mut |rows| progress.set(rows), stop: &|| stopping.is_stopping() };
            ledger.suppress(&order, page.as_str(), &mut list, &who, now, &mut watch)
        })
        .await?;
    let counts = done.map_err(|error| failure::ledger::stopped_by(error, signals.exit()))?;
    let Suppressions { changed, unchanged, unseen, other_tokens, .. } = counts;
    context.ui.object(&SuppressRow { rows, changed, unchanged, never_seen: unseen, other_tokens, bad })?;
    Ok(counts)
}

/// The tokens of the command line, as a list.
fn typed(ledger: &Ledger, tokens: &[String]) -> Result<Listing> {
    let mut spool = Spool::new(ledger.folder()).map_err(Error::from)?;
    for token in tokens {
        spool.add(token, None)?;
    }
    Ok(spool.finish()?)
}
