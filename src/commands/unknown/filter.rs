//! Which unknown sends are meant.

use crate::cli::values;
use crate::clock::UnixMillis;
use crate::ledger::unknown::UnknownFilter;

/// Which unknown sends; a send must match all that are given.
#[derive(clap::Args, Clone, Debug)]
pub struct FilterArgs {
    /// Only this subscription token.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Only this broadcast.
    #[arg(long, value_name = "ID", value_parser = values::broadcast)]
    pub broadcast: Option<i64>,
    /// Only this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Only sends that became unknown at or after TIME.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    since: Option<UnixMillis>,
    /// Only sends that became unknown before TIME.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    until: Option<UnixMillis>,
    /// Only sends whose reason contains TEXT.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Only this Graph trace ID.
    #[arg(long, value_name = "ID")]
    fbtrace: Option<String>,
}

impl FilterArgs {
    pub fn filter(&self) -> UnknownFilter {
        UnknownFilter {
            token: self.token.clone(),
            broadcast: self.broadcast,
            campaign: self.campaign.clone(),
            since: self.since,
            until: self.until,
            reason: self.why.clone(),
            fbtrace_id: self.fbtrace.clone(),
        }
    }

    /// No filter: the whole ledger.
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
