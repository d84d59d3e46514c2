//! `mmsg campaign edit`.

use super::change::{self, Planned};
use super::currency::{budget_text, currency_to_show};
use super::minimum::check_minimum;
use crate::campaign::{Amount, Budget, CampaignId, Currency, parse_time, run_days};
use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::pages::PageNames;
use crate::error::{Error, Exit, Result};
use crate::graph::{CampaignNode, Edit};

/// Change the budget, the end or the name of a campaign.
///
/// Shows before and after, and asks. Budgets and end are changed at the ad set and the name at the campaign of Ads Manager, the budget first.
/// Meta accepts four changes of a budget per hour.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("changes").required(true).multiple(true)
    .args(["daily_budget", "lifetime_budget", "end_time", "name"])))]
pub struct Args {
    /// ID of the campaign, as campaign create and campaign list print it.
    #[arg(value_name = "ID", value_parser = CampaignId::parse)]
    id: CampaignId,
    /// New name of the campaign.
    #[arg(long)]
    name: Option<String>,
    /// New average daily budget, in the currency's smallest unit.
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse_amount, allow_negative_numbers = true,
        conflicts_with = "lifetime_budget")]
    daily_budget: Option<u64>,
    /// New total budget, in the currency's smallest unit.
    #[arg(long, value_name = "AMOUNT", value_parser = Budget::parse_amount, allow_negative_numbers = true)]
    lifetime_budget: Option<u64>,
    /// New end: ISO 8601 with a zone, or Unix seconds.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    end_time: Option<UnixMillis>,
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    let account = context.ad_account()?;
    let name = args.name.as_deref().map(str::trim);
    if name == Some("") {
        return Err(Error::usage("the campaign's new name is empty").hint("name it with --name"));
    }
    let mut ledger = change::open(context, &account).await?;
    let node = change::find(context, &account, &args.id).await?;
    let now = context.graph_time()?;
    let terms = args.terms(&node, now)?;
    let currency = match terms.budget_after(&node) {
        Some(budget) if terms.asks() => {
            let days = run_days(terms.end_after(&node).map(|end| end.since(node.start_time.unwrap_or(now))));
            check_minimum(context, &account, budget, days).await?
        }
        _ => currency_to_show(context, &account).await?,
    };
    if let Some(Budget::Lifetime(budget)) = terms.budget {
        refuse_spent(context, &node, budget, currency).await?;
    }
    if terms.budget.is_some() {
        ledger.refuse_budget_change(node.id.as_str(), context.now_of(&ledger)?)?;
    }
    let mut edits = Vec::new();
    let mut changes = Vec::new();
    if terms.asks() {
        edits.push(Edit::terms(terms.budget, terms.end));
    }
    if let Some(budget) = terms.budget {
        let shown = |budget| budget_text(budget, currency);
        let before = node.budget().map_or_else(|| "none".to_owned(), shown);
        changes.push(format!("budget from {before} to {}", shown(budget)));
    }
    if let Some(end) = terms.end {
        let before = node.end_time.map_or_else(|| "none".to_owned(), |end| end.to_string());
        changes.push(format!("end from {before} to {end}"));
    }
    if let Some(name) = name.filter(|name| node.name.as_deref() != Some(name)) {
        edits.push(Edit::name(name));
        changes.push(format!("name from {:?} to {name:?}", node.name.as_deref().unwrap_or_default()));
    }
    if edits.is_empty() {
        context.ui.status(&format!("campaign {} has all of this already; nothing was changed", node.id));
        return change::print(context, &account, &ledger, vec![node]).await;
    }
    let text = format!("campaign {}: {}", change::named(&node, &PageNames::of(context, &ledger)?), changes.join(", "));
    let changed = change::apply(context, &account, &mut ledger, vec![Planned { node, edits, text }]).await?;
    change::print(context, &account, &ledger, changed).await
}

/// Meta refuses a total budget that is spent already. What it does not tell is left to it.
async fn refuse_spent(context: &Context, node: &CampaignNode, budget: u64, currency: Option<Currency>) -> Result<()> {
    let Some(known) = currency else { return Ok(()) };
    let told = context.graph()?.spend(&node.id).await.ok().flatten();
    match told.and_then(|told| Amount::of_main_units(told.parse().ok()?, known)) {
        Some(spent) if Amount::of_minor(budget) < spent => Err(Error::refused(format!(
            "campaign {} has spent {} already, so its budget can't be {}; nothing was changed",
            node.id,
            spent.text(currency),
            Amount::of_minor(budget).text(currency)
        ))
        .hint(format!(
            "use --lifetime-budget {} or more; mmsg campaign pause {} stops sends",
            spent.minor() + u64::from(Amount::of_minor(spent.minor()) < spent),
            node.id
        ))),
        _ => Ok(()),
    }
}

/// What is to be changed at the ad set; `None` for what it has already.
struct Terms {
    budget: Option<Budget>,
    end: Option<UnixMillis>,
}

impl Terms {
    fn asks(&self) -> bool {
        self.budget.is_some() || self.end.is_some()
    }

    fn budget_after(&self, node: &CampaignNode) -> Option<Budget> {
        self.budget.or_else(|| node.budget())
    }

    fn end_after(&self, node: &CampaignNode) -> Option<UnixMillis> {
        self.end.or(node.end_time)
    }
}

impl Args {
    fn terms(&self, node: &CampaignNode, now: UnixMillis) -> Result<Terms> {
        let asked = self.daily_budget.map(Budget::Daily).or(self.lifetime_budget.map(Budget::Lifetime));
        let before = node.budget();
        let switches = match (before, asked) {
            (Some(before), Some(asked)) => before.parameter() != asked.parameter(),
            _ => false,
        };
        if switches && self.end_time.is_none() {
            return Err(Error::usage(
                "the kind of a budget can be changed only together with the end; nothing was changed",
            )
            .hint("add --end-time, or create a new campaign"));
        }
        if let Some(end) = self.end_time {
            if end <= now {
                return Err(Error::usage(format!("--end-time {end} is in the past: it is {now} now"))
                    .hint(format!("to stop sends at once: mmsg campaign pause {}", self.id)));
            }
            if let Some(start) = node.start_time.filter(|start| end <= *start) {
                return Err(Error::usage(format!("--end-time {end} is not after the start, {start}"))
                    .hint("choose a later end"));
            }
        }
        let seconds = |at: UnixMillis| at.0.div_euclid(1000);
        let budget = asked.filter(|asked| before != Some(*asked));
        // A new kind of budget needs the end in the same request.
        let end = self.end_time.filter(|end| switches || node.end_time.map(seconds) != Some(seconds(*end)));
        Ok(Terms { budget, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    #[test]
    fn terms_are_only_what_is_new_and_what_graph_wants_together() {
        let node = |budget: serde_json::Value| -> CampaignNode {
            let mut adset = serde_json::json!({ "id": "2", "start_time": 1_799_000_000, "end_time": 1_801_000_000 });
            adset.as_object_mut().unwrap().extend(budget.as_object().unwrap().clone());
            serde_json::from_str(&serde_json::json!({ "id": "1", "adset": adset }).to_string()).unwrap()
        };
        let lifetime = node(serde_json::json!({ "lifetime_budget": "3000" }));
        let daily = node(serde_json::json!({ "daily_budget": "100" }));
        let at = |seconds: i64| Some(UnixMillis(seconds * 1000));
        let end = 1_801_000_000;
        for (before, daily_budget, lifetime_budget, end_time, after) in [
            (&lifetime, None, Some(3000), None, Some((None, None))),
            (&lifetime, None, Some(5000), None, Some((Some(Budget::Lifetime(5000)), None))),
            (&lifetime, None, Some(5000), at(end), Some((Some(Budget::Lifetime(5000)), None))),
            (&lifetime, None, None, at(end + 5), Some((None, at(end + 5)))),
            (&lifetime, Some(100), None, None, None),
            (&lifetime, Some(100), None, at(end), Some((Some(Budget::Daily(100)), at(end)))),
            (&daily, None, Some(5000), None, None),
            (&daily, Some(200), None, None, Some((Some(Budget::Daily(200)), None))),
            (&daily, None, None, at(1_800_000_000), None),
            (&daily, None, None, at(1_799_000_000), None),
        ] {
            let id = CampaignId::parse("1").unwrap();
            let args = Args { id, name: None, daily_budget, lifetime_budget, end_time };
            let terms = args.terms(before, NOW);
            assert_eq!(terms.ok().map(|terms| (terms.budget, terms.end)), after, "{args:?}");
        }
    }
}
