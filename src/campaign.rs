//! Campaigns: ids, budgets, money and times. Values and rules without I/O.

mod budget;
mod id;
mod money;
mod time;

pub use budget::{Budget, CHANGES, CHANGES_IN, DEFAULT_DAYS, next_change, run_days};
pub use id::{AdAccount, CampaignId, PageId};
pub use money::{Amount, Currency, Money};
pub use time::{parse_time, read_time};
