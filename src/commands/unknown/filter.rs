//! Which unknown sends are meant.

use crate::cli::values;
use crate::clock::UnixMillis;
use crate::ledger::unknown::UnknownFilter;

/// Which sends in doubt; all that are given must hold.
#[derive(clap::Args, Clone, Debug)]
pub struct FilterArgs {
    /// Of this subscription token.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Of this broadcast.
    #[arg(long, value_name = "ID", value_parser = values::broadcast)]
    pub broadcast: Option<i64>,
    /// Of this campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// In doubt since this time, or later.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    since: Option<UnixMillis>,
    /// In doubt since before this time.
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    until: Option<UnixMillis>,
    /// Whose reason has this in it.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// With this trace id of Graph's.
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

    /// Nothing but the whole ledger is meant.
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
