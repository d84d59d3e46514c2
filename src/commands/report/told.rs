//! Asks Meta about the campaigns that a report covers.

use futures_util::stream::{self, StreamExt};
use jiff::tz::TimeZone;

use super::asked::Asked;
use crate::campaign::{AdAccount, CampaignId, Currency};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::error::{Error, Result};
use crate::graph::{self, Graph, Insights, InsightsQuery};
use crate::ledger::funnel::{Covered, Hours};
use crate::log::{Said, note};
use crate::report::MetaTotals;

/// One request per campaign; more would use up the ad account's limits for one report.
const MOST: usize = 50;

/// Concurrent requests.
const AT_ONCE: usize = 4;

/// What Meta reports for these broadcasts' campaigns; `None` if nothing was sent, so that there is nothing to ask.
///
/// # Errors
/// If Meta can't be asked, or does not answer.
pub async fn ask(context: &Context, asked: &Asked, broadcasts: &[Covered]) -> Result<Option<MetaTotals>> {
    let hours = asked.hours;
    let sent: Vec<&Covered> =
        broadcasts.iter().filter(|broadcast| broadcast.counts.accepted + broadcast.counts.unknown > 0).collect();
    let campaigns = distinct(&sent, |broadcast| &broadcast.campaign);
    let accounts = distinct(&sent, |broadcast| &broadcast.ad_account);
    let Some(account) = accounts.first() else { return Ok(None) };
    if campaigns.len() > MOST {
        return Err(Error::usage(format!("too many campaigns to ask Meta about: {}", campaigns.len())));
    }
    let graph = context.graph()?;
    let account = AdAccount::parse(account).map_err(Error::internal)?;
    let range = if hours.is_all() { None } else { Some(days(context, &account, &sent, hours).await?) };
    let days =
        range.as_ref().map_or(InsightsQuery::Preset("maximum"), |(since, until)| InsightsQuery::Range { since, until });
    let ids =
        campaigns.iter().map(|id| CampaignId::parse(id)).collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
    let days = &days;
    let answers: Vec<graph::Result<Vec<Insights>>> = stream::iter(&ids)
        .map(|id| async move { graph.insights(id, days, false).await })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut sum = Sum::default();
    for answer in answers {
        match answer {
            Ok(rows) => sum.add(&rows),
            // A deleted campaign must not hide the others.
            Err(error) if error.is_final() && campaigns.len() > 1 => sum.refused += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let currency = currency(graph, &accounts).await;
    let is_part = asked.coverage.broadcast.is_some() || asked.coverage.label.is_some();
    let whole = !is_part || sent.iter().all(|broadcast| broadcast.alone);
    let mut told = sum.told(campaigns.len(), currency, !hours.is_all(), whole);
    if currency.is_none() && accounts.len() > 1 {
        // Amounts in several currencies can't be added up.
        told.spend = None;
    }
    Ok(Some(told))
}

fn distinct<'c>(broadcasts: &[&'c Covered], of: fn(&Covered) -> &String) -> Vec<&'c str> {
    let mut all: Vec<&str> = broadcasts.iter().map(|broadcast| of(broadcast).as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The days of a range of hours, as the ad account counts them.
async fn days(context: &Context, account: &AdAccount, sent: &[&Covered], hours: Hours) -> Result<(String, String)> {
    let zone =
        context.graph()?.time_zone(account).await?.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
    let day = |at: UnixMillis| at.timestamp().to_zoned_datetime(zone.clone()).date().to_string();
    let first = sent.iter().map(|broadcast| broadcast.created_at).min().unwrap_or_default();
    let now = context.clock.now();
    let last = hours.until().map_or(now, |until| UnixMillis(until.0 - 1).min(now));
    let since = hours.since().unwrap_or(first).min(last);
    Ok((day(since), day(last)))
}

/// The one currency of these accounts.
async fn currency(graph: &Graph, accounts: &[&str]) -> Option<Currency> {
    let mut one = None;
    for account in accounts {
        let account = AdAccount::parse(account).ok()?;
        let currency = match graph.currency(&account).await {
            Ok(currency) => currency?,
            Err(error) => {
                note!(
                    INFO,
                    "not read",
                    what = "the ad account's currency",
                    why = Said(&Error::from(error).to_string())
                );
                return None;
            }
        };
        if one.is_some_and(|one| one != currency) {
            return None;
        }
        one = Some(currency);
    }
    one
}

/// What campaigns add up to.
#[derive(Default)]
struct Sum {
    answered: u64,
    refused: u64,
    delivered: u64,
    read: u64,
    clicked: u64,
    /// Millionths of the currency's own unit.
    spend: i64,
    date_start: Option<String>,
    date_stop: Option<String>,
}

impl Sum {
    fn add(&mut self, rows: &[Insights]) {
        for row in rows {
            let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
            let delivered = number(&row.marketing_messages_delivered);
            self.answered += 1;
            self.delivered += delivered.round() as u64;
            self.read += (delivered * number(&row.marketing_messages_read_rate) / 100.0).round() as u64;
            self.clicked += number(&row.marketing_messages_link_btn_click).round() as u64;
            self.spend += (number(&row.marketing_messages_spend) * 1e6).round() as i64;
            // Dates in this form are in the order of their texts.
            self.date_start = [self.date_start.take(), row.date_start.clone()].into_iter().flatten().min();
            self.date_stop = self.date_stop.take().max(row.date_stop.clone());
        }
    }

    fn told(self, campaigns: usize, currency: Option<Currency>, range: bool, whole: bool) -> MetaTotals {
        let apart = if self.answered == 0 {
            Some("Meta reports nothing yet.".to_owned())
        } else if self.refused > 0 {
            Some(format!(
                "Meta reports nothing for {} of the {campaigns} campaigns: they may have been deleted.",
                self.refused
            ))
        } else if range {
            Some(
                "Meta counts what happened on these days; the ledger counts what happened to the messages sent in these hours."
                    .to_owned(),
            )
        } else if !whole {
            Some("Meta's figures are for the whole campaign, which also has other broadcasts.".to_owned())
        } else {
            None
        };
        MetaTotals {
            campaigns: campaigns as u64,
            date_start: self.date_start,
            date_stop: self.date_stop,
            delivered: self.delivered,
            read: self.read,
            clicked: self.clicked,
            spend: (self.answered > 0).then_some(self.spend as f64 / 1e6),
            currency: currency.map(|currency| currency.to_string()),
            decimals: if currency.is_some_and(|currency| currency.offset() == 1) { 0 } else { 2 },
            apart,
        }
    }
}
