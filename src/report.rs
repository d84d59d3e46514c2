//! Results of the messages: funnel, rates, times, reasons and cost, from the ledger's counts and Meta's figures, as data and as an
//! HTML page.

pub mod charts;
pub mod figures;
mod meta;
pub mod page;
pub mod policy;
mod reasons;
pub mod splits;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::ledger::events::Stage;
use crate::ledger::funnel::{Counted, Counts, Coverage, Covered, Hours};
use crate::text;
use figures::{Quantiles, ratio};
#[cfg(test)]
use meta::Differences;
pub use meta::{Compared, Meta, MetaTotals};
pub use policy::PolicyNotice;
use reasons::grouped;
use splits::SplitRow;

/// Everything that `mmsg report` shows. Its JSON keys are stable.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub made_at: UnixMillis,
    pub page: Option<String>,
    /// What Meta calls it.
    pub page_name: Option<String>,
    /// What people call it.
    #[serde(skip)]
    pub page_called: Option<String>,
    pub ad_account: Option<String>,
    pub campaign: Option<String>,
    /// What that campaign was called when it was last sent with.
    pub campaign_name: Option<String>,
    pub broadcast: Option<i64>,
    /// The label that was asked for, or that the broadcast has.
    pub label: Option<String>,
    /// Only messages sent in this hour or later; `None`: no lower bound.
    pub since: Option<UnixMillis>,
    /// Only messages sent before this hour.
    pub until: Option<UnixMillis>,
    pub funnel: Funnel,
    /// What was not sent; `None` for a range of hours, because unsent rows belong to no hour.
    pub unsent: Option<Unsent>,
    pub rates: Rates,
    pub attribution: PerStage<Attribution>,
    /// Seconds from sending to the stage.
    pub time_to: Times,
    pub failures: Vec<ReasonCount>,
    pub refusals: Vec<RefusalRow>,
    /// What Meta did about the Page in this time.
    pub policy: Vec<PolicyNotice>,
    /// Meta's figures; `None` if Meta was not asked or did not answer.
    pub meta: Option<Meta>,
    pub broadcasts: Vec<BroadcastRow>,
    /// Of broadcasts with several messages, each arm.
    pub splits: Vec<SplitRow>,
    pub hours: Vec<HourRow>,
    /// Events that match no send in this ledger; `None` unless the whole Page is covered.
    pub foreign_events: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    pub accepted: u64,
    pub echoed: u64,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    pub failed: u64,
    pub unknown: u64,
    pub refused: u64,
}

impl Funnel {
    fn of(counts: &Counts) -> Self {
        let [echoed, delivered, read, clicked, failed] = counts.reached;
        let Counts { accepted, unknown, refused, .. } = *counts;
        Self { accepted, echoed, delivered, read, clicked, failed, unknown, refused }
    }

    /// Whether any request was made.
    pub const fn has_sends(&self) -> bool {
        self.accepted + self.refused + self.unknown > 0
    }

    /// How many messages reached a stage.
    pub const fn reached(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Echoed => self.echoed,
            Stage::Delivered => self.delivered,
            Stage::Read => self.read,
            Stage::Clicked => self.clicked,
            Stage::Failed => self.failed,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Unsent {
    pub pending: u64,
    pub claimed: u64,
    pub skipped: u64,
}

/// Shares between 0 and 1; `None` if there is nothing to divide by. Reads and clicks are shares of delivered messages, as in Meta's
/// reports.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rates {
    pub echoed_of_accepted: Option<f64>,
    pub delivered_of_accepted: Option<f64>,
    pub read_of_delivered: Option<f64>,
    pub clicked_of_delivered: Option<f64>,
    pub failed_of_accepted: Option<f64>,
}

impl Rates {
    fn of(funnel: &Funnel) -> Self {
        Self {
            echoed_of_accepted: ratio(funnel.echoed, funnel.accepted),
            delivered_of_accepted: ratio(funnel.delivered, funnel.accepted),
            read_of_delivered: ratio(funnel.read, funnel.delivered),
            clicked_of_delivered: ratio(funnel.clicked, funnel.delivered),
            failed_of_accepted: ratio(funnel.failed, funnel.accepted),
        }
    }
}

/// A value for each stage.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PerStage<T> {
    pub echoed: T,
    pub delivered: T,
    pub read: T,
    pub clicked: T,
    pub failed: T,
}

impl<T> PerStage<T> {
    fn new(mut of: impl FnMut(Stage) -> T) -> Self {
        Self {
            echoed: of(Stage::Echoed),
            delivered: of(Stage::Delivered),
            read: of(Stage::Read),
            clicked: of(Stage::Clicked),
            failed: of(Stage::Failed),
        }
    }

    pub const fn get(&self, stage: Stage) -> &T {
        match stage {
            Stage::Echoed => &self.echoed,
            Stage::Delivered => &self.delivered,
            Stage::Read => &self.read,
            Stage::Clicked => &self.clicked,
            Stage::Failed => &self.failed,
        }
    }
}

/// How events without a tracking id were matched to messages.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Attribution {
    /// By token, campaign and time; only one send in this ledger fits.
    pub inferred: u64,
    /// Several sends fit; counted for the newest.
    pub ambiguous: u64,
    pub inferred_share: Option<f64>,
    pub ambiguous_share: Option<f64>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    pub delivered: Option<Quantiles>,
    pub read: Option<Quantiles>,
    pub clicked: Option<Quantiles>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// In Meta's words, without anything that may identify a person.
    pub reason: String,
    pub messages: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusalRow {
    pub code: Option<i64>,
    pub name: Option<String>,
    pub meaning: Option<String>,
    pub sends: u64,
}

impl RefusalRow {
    /// The meaning, for people.
    pub fn said(&self) -> &str {
        match (self.code, &self.meaning) {
            (_, Some(meaning)) => meaning,
            (Some(_), None) => "not in mmsg's table of codes",
            (None, None) => "refused without a code",
        }
    }
}

/// One of the broadcasts covered.
#[derive(Clone, Debug, Serialize)]
pub struct BroadcastRow {
    pub broadcast: i64,
    pub campaign: String,
    pub campaign_name: Option<String>,
    /// What the operator calls it.
    pub label: Option<String>,
    /// The first 12 hex digits of the message's fingerprint.
    pub message: String,
    pub created_at: UnixMillis,
    #[serde(flatten)]
    pub funnel: Funnel,
}

impl BroadcastRow {
    /// Its campaign, for people.
    pub fn campaign_shown(&self) -> String {
        text::with_name(&self.campaign, self.campaign_name.as_deref())
    }

    fn of(covered: &Covered) -> Self {
        Self {
            broadcast: covered.id,
            campaign: covered.campaign.clone(),
            campaign_name: covered.campaign_name.clone(),
            label: covered.label.clone(),
            message: covered.message.clone(),
            created_at: covered.created_at,
            funnel: Funnel::of(&covered.counts),
        }
    }
}

/// One hour. The first eight fields count what happened in that hour; the `of_` fields count what has happened since to the messages
/// sent in that hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HourRow {
    pub hour: UnixMillis,
    pub accepted: u64,
    pub refused: u64,
    pub unknown: u64,
    pub echoed: u64,
    pub delivered: u64,
    pub read: u64,
    pub clicked: u64,
    pub failed: u64,
    pub of_echoed: u64,
    pub of_delivered: u64,
    pub of_read: u64,
    pub of_clicked: u64,
    pub of_failed: u64,
}

/// What a report is made of.
#[derive(Clone, Debug)]
pub struct ReportInput<'c> {
    pub made_at: UnixMillis,
    pub coverage: &'c Coverage,
    pub hours: Hours,
}

impl Report {
    /// Builds the report from the ledger's counts. The caller adds the names of the Page and of codes, policy notices and Meta's
    /// figures.
    pub fn of(input: &ReportInput<'_>, counted: &Counted) -> Self {
        let totals = counted.totals();
        let funnel = Funnel::of(&totals);
        let ReportInput { made_at, coverage, hours } = *input;
        let one = |of: fn(&Covered) -> &String| {
            let first = counted.broadcasts.first().map(of);
            first.filter(|first| counted.broadcasts.iter().all(|other| of(other) == *first)).cloned()
        };
        let campaign = coverage.campaign.clone().or_else(|| one(|covered| &covered.campaign));
        let newest = counted.broadcasts.last().filter(|_| campaign.is_some());
        let time_to = |stage: Stage| Quantiles::of(&totals.after[stage as usize]);
        let whole_page = coverage.is_of_whole_page();
        let own_label = || counted.broadcasts.first().filter(|_| coverage.broadcast.is_some())?.label.clone();
        Self {
            made_at,
            page: coverage.page.clone().or_else(|| one(|covered| &covered.page)),
            page_name: None,
            page_called: None,
            ad_account: coverage.ad_account.clone().or_else(|| one(|covered| &covered.ad_account)),
            campaign_name: newest.and_then(|covered| covered.campaign_name.clone()),
            campaign,
            broadcast: coverage.broadcast,
            label: coverage.label.clone().or_else(own_label),
            since: hours.since(),
            until: hours.until(),
            funnel,
            unsent: hours.is_all().then_some(Unsent {
                pending: totals.pending,
                claimed: totals.claimed,
                skipped: totals.skipped,
            }),
            rates: Rates::of(&funnel),
            attribution: PerStage::new(|stage| {
                let (inferred, ambiguous) = (totals.inferred[stage as usize], totals.ambiguous[stage as usize]);
                let of = funnel.reached(stage);
                Attribution {
                    inferred,
                    ambiguous,
                    inferred_share: ratio(inferred, of),
                    ambiguous_share: ratio(ambiguous, of),
                }
            }),
            time_to: Times {
                delivered: time_to(Stage::Delivered),
                read: time_to(Stage::Read),
                clicked: time_to(Stage::Clicked),
            },
            failures: grouped(&counted.failures),
            refusals: refusals(&counted.refusals),
            policy: Vec::new(),
            meta: None,
            broadcasts: counted.broadcasts.iter().map(BroadcastRow::of).collect(),
            splits: counted.broadcasts.iter().filter_map(|covered| SplitRow::of(covered, hours.is_all())).collect(),
            hours: hour_rows(counted),
            foreign_events: whole_page.then_some(counted.foreign),
        }
    }
}

fn refusals(counts: &BTreeMap<Option<i64>, u64>) -> Vec<RefusalRow> {
    let mut refusals: Vec<RefusalRow> = counts
        .iter()
        .map(|(code, sends)| RefusalRow { code: *code, name: None, meaning: None, sends: *sends })
        .collect();
    refusals.sort_by_key(|refusal| (std::cmp::Reverse(refusal.sends), refusal.code));
    refusals
}

/// Hours in which anything was sent or any event occurred, oldest first.
fn hour_rows(counted: &Counted) -> Vec<HourRow> {
    let mut rows = Vec::with_capacity(counted.hours.len());
    for (at, hour) in &counted.hours {
        let [echoed, delivered, read, clicked, failed] = hour.reached;
        let [of_echoed, of_delivered, of_read, of_clicked, of_failed] = hour.of_sent;
        let (accepted, refused, unknown) = (hour.accepted, hour.refused, hour.unknown);
        let row = HourRow {
            accepted,
            refused,
            unknown,
            echoed,
            delivered,
            read,
            clicked,
            failed,
            of_echoed,
            of_delivered,
            of_read,
            of_clicked,
            of_failed,
            ..HourRow::default()
        };
        if row != HourRow::default() {
            rows.push(HourRow { hour: UnixMillis::of_hour(*at), ..row });
        }
    }
    rows
}

/// What the report covers, in words.
impl Report {
    pub fn title(&self) -> String {
        match (self.broadcast, &self.label, &self.campaign, &self.page) {
            (Some(broadcast), label, _, _) => {
                format!("Broadcast {}", text::with_name(&broadcast.to_string(), label.as_deref()))
            }
            (None, Some(label), _, _) => label.clone(),
            (None, None, Some(campaign), _) => {
                format!("Campaign {}", text::with_name(campaign, self.campaign_name.as_deref()))
            }
            (None, None, None, Some(page)) => format!("Page {}", self.page_shown(page)),
            (None, None, None, None) => "All broadcasts".to_owned(),
        }
    }

    fn page_shown(&self, page: &str) -> String {
        text::with_name(page, self.page_called.as_deref())
    }

    /// Short phrases: how many broadcasts, and which time range.
    pub fn covers(&self) -> Vec<String> {
        let mut said = Vec::new();
        let is_named = self.broadcast.is_some() || self.label.is_some();
        if let (true, Some(campaign)) = (is_named, &self.campaign) {
            said.push(format!("campaign {}", text::with_name(campaign, self.campaign_name.as_deref())));
        }
        if let (true, Some(page)) = (is_named || self.campaign.is_some(), &self.page) {
            said.push(format!("Page {}", self.page_shown(page)));
        }
        if self.broadcast.is_none() {
            let mut campaigns: Vec<&str> = self.broadcasts.iter().map(|row| row.campaign.as_str()).collect();
            campaigns.sort_unstable();
            campaigns.dedup();
            let broadcasts = count(self.broadcasts.len(), "broadcast", "broadcasts");
            said.push(if campaigns.is_empty() {
                "no broadcasts yet".to_owned()
            } else if self.campaign.is_some() {
                broadcasts
            } else {
                format!("{broadcasts} in {}", count(campaigns.len(), "campaign", "campaigns"))
            });
        }
        match (self.since, self.until) {
            (None, None) => {}
            (Some(since), None) => said.push(format!("sent since {since}")),
            (None, Some(until)) => said.push(format!("sent before {until}")),
            (Some(since), Some(until)) => said.push(format!("sent from {since} to {until}")),
        }
        said
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    text::count(n as u64, one, many)
}
