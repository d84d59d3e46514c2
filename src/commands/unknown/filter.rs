//! Which unknown sends are meant.

use crate::cli::values;
use crate::cli::when::{self, When};
use crate::commands::context::Context;
use crate::commands::scope::ScopeArgs;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::ledger::unknown::UnknownFilter;

/// Which unknown sends; a send must match all that are given.
#[derive(clap::Args, Clone, Debug)]
pub struct UnknownFilterArgs {
    /// Only this subscription token.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Only this broadcast.
    #[arg(long, value_name = "ID", value_parser = values::broadcast)]
    pub broadcast: Option<i64>,
    /// Only this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Only sends that became unknown at or after TIME: 1d (a day ago), yesterday, a date, or a time.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<When>,
    /// Only sends that became unknown before TIME.
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<When>,
    /// Only sends whose reason contains TEXT.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Only this Graph trace ID.
    #[arg(long, value_name = "ID")]
    fbtrace: Option<String>,
    #[command(flatten)]
    pub scope: ScopeArgs,
}

impl UnknownFilterArgs {
    pub fn filter(&self, context: &Context) -> UnknownFilter {
        let (now, zone) = (context.clock.now(), context.ui.zone());
        UnknownFilter {
            page: self.scope.page(context).map(str::to_owned),
            token: self.token.clone(),
            broadcast: self.broadcast,
            campaign: self.campaign.clone(),
            since: self.since.as_ref().map(|when| when.begins(now, zone)),
            until: self.until.as_ref().map(|when| when.ends(now, zone)),
            reason: self.why.clone(),
            fbtrace_id: self.fbtrace.clone(),
        }
    }

    /// How many more sends match on other Pages.
    pub fn hidden(&self, context: &Context, ledger: &Ledger) -> Result<u64> {
        let Some(page) = self.scope.page(context) else { return Ok(0) };
        let all = ledger.unknowns(&UnknownFilter { page: None, ..self.filter(context) })?;
        Ok(all.iter().filter(|send| send.page != page).count() as u64)
    }

    /// No filter besides the Page.
    pub fn is_everything(&self) -> bool {
        self.token.is_none()
            && self.broadcast.is_none()
            && self.campaign.is_none()
            && self.since.is_none()
            && self.until.is_none()
            && self.why.is_none()
            && self.fbtrace.is_none()
    }
}
