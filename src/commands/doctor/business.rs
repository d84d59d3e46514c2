//! The ad account, and the Page with its list of subscribers.

use super::finding::{Check, Finding, Findings};
use super::regions;
use crate::campaign::{AdAccount, Currency, Money, PageId};
use crate::commands::context::Context;
use crate::error::{Error, Exit, Result};
use crate::graph::{AccountFacts, Graph, PageFacts, Tier, Usage, Which};
use crate::text::{self, count};

/// From here on it is worth a look.
const MUCH_USED: f64 = 75.0;

/// Both, and where they are.
pub async fn check(context: &Context, graph: &Graph, findings: &mut Findings) {
    let account = account(context, graph, findings).await;
    let page = page(context, graph, findings).await;
    let country = |country: &Option<Option<String>>| country.clone().flatten();
    if account.is_some() || page.is_some() {
        findings.add(regions::judge(country(&account).as_deref(), country(&page).as_deref()));
    }
}

/// The country of the account's business; `None` if the account can't be read.
async fn account(context: &Context, graph: &Graph, findings: &mut Findings) -> Option<Option<String>> {
    let read = async {
        let account = context.ad_account()?;
        let facts = graph.account_facts(&account).await?;
        Ok::<_, Error>((account, facts))
    };
    let (account, facts) = match read.await {
        Ok(read) => read,
        Err(error) => {
            findings.add(Finding::error(Check::AdAccount, &error));
            return None;
        }
    };
    findings.add(judge_account(&account, &facts));
    findings.add(match graph.minimum_budgets(&account).await {
        Ok(rows) => {
            let own = rows.iter().find(|row| Some(row.currency) == facts.currency).or(rows.first());
            judge_budget(&account, own.and_then(|row| Some((row.currency, row.min_daily?))))
        }
        Err(error) => Finding::error(Check::Budget, &Error::from(error)),
    });
    findings.add(judge_usage(&graph.usage()));
    Some(facts.country)
}

/// By Meta's list of account statuses.
fn judge_account(account: &AdAccount, facts: &AccountFacts) -> Finding {
    let failed = |why: String| {
        Finding::failed(
            Check::AdAccount,
            Exit::Refused,
            why,
            "open the account's settings and billing in Meta Business Suite",
        )
    };
    let status = facts.status.map(|status| (status, status_text(status)));
    let (cap, spent) = (facts.spend_cap.filter(|cap| *cap > 0), facts.amount_spent.unwrap_or(0));
    let money = |minor: u64| match facts.currency {
        Some(currency) => Money { minor, currency }.to_string(),
        None => minor.to_string(),
    };
    let shown = text::with_name(account.as_str(), facts.name.as_deref());
    let finding = match status {
        Some((1 | 201, _)) if cap.is_some_and(|cap| spent >= cap) => {
            failed(format!("{shown} has spent its limit of {}", money(cap.unwrap_or_default())))
        }
        Some((1 | 201, _)) if facts.terms_accepted == Some(false) => Finding::warning(
            Check::AdAccount,
            format!(
                "{shown} is active, but Meta's terms for custom audiences were not accepted for it: sends may be refused"
            ),
            format!(
                "accept them: https://business.facebook.com/ads/manage/customaudiences/tos/?act={}",
                account.as_str().trim_start_matches("act_")
            ),
        ),
        Some((1 | 201, _)) => {
            let currency =
                facts.currency.map_or_else(|| "currency not told".to_owned(), |currency| currency.code().to_owned());
            let zone = facts.time_zone.as_deref().unwrap_or("time zone not told");
            Finding::ok(Check::AdAccount, format!("{shown} is active; {currency}, {zone}"))
        }
        // Meta still delivers.
        Some((9, text)) => Finding::warning(
            Check::AdAccount,
            format!("{shown} is {text}"),
            "pay what is due in the account's billing, before Meta stops it",
        ),
        Some((status, text)) => {
            let reason = facts.disable_reason.and_then(disable_text).map(|why| format!(" ({why})")).unwrap_or_default();
            failed(format!("{shown} is {text}{reason}; status {status}"))
        }
        None => Finding::ok(Check::AdAccount, format!("{shown} can be read; Meta does not tell its status")),
    };
    finding
        .with("status", facts.status)
        .with("disable_reason", facts.disable_reason)
        .with("currency", facts.currency.map(|currency| currency.code().to_owned()))
        .with("time_zone", facts.time_zone.clone())
        .with("spend_cap", cap)
        .with("amount_spent", facts.amount_spent)
        .with("terms_accepted", facts.terms_accepted)
}

const fn status_text(status: i64) -> &'static str {
    match status {
        1 | 201 => "active",
        2 => "disabled",
        3 => "unsettled: a payment failed",
        7 => "waiting for Meta's risk review",
        8 => "waiting for a settlement",
        9 => "in a grace period: a payment is due",
        100 => "about to be closed",
        101 | 202 => "closed",
        _ => "not active",
    }
}

/// Of an account that is disabled, by Meta's list.
const fn disable_text(reason: i64) -> Option<&'static str> {
    match reason {
        1 => Some("ads integrity policy"),
        2 => Some("ads review of intellectual property"),
        3 => Some("risk payment"),
        4 => Some("gray account shut down"),
        5 => Some("ads AFC review"),
        6 => Some("business integrity"),
        7 => Some("permanent close"),
        8 => Some("unused reseller account"),
        9 => Some("unused account"),
        _ => None,
    }
}

fn judge_budget(account: &AdAccount, least: Option<(Currency, u64)>) -> Finding {
    match least {
        Some((currency, minor)) => {
            let money = Money { minor, currency };
            Finding::ok(Check::Budget, format!("a campaign of {account} needs at least {money} per day"))
                .with("currency", currency.code())
                .with("min_daily_budget", minor)
        }
        None => Finding::warning(
            Check::Budget,
            "Graph returned no minimum budget",
            "a budget that is too low is refused only when the campaign is created",
        ),
    }
}

fn judge_usage(usage: &Usage) -> Finding {
    let tier = match usage.tier {
        Some(Tier::Full) => Some("full"),
        Some(Tier::Limited) => Some("limited"),
        None => None,
    };
    let percent = usage.percent();
    let used = percent.map(|percent| format!("{percent:.0}% of Meta's rate limit is used"));
    let finding = match (usage.tier, percent) {
        (_, Some(percent)) if percent >= MUCH_USED => Finding::warning(
            Check::Usage,
            used.unwrap_or_default(),
            "wait, or find out what else uses the account; mmsg send slows down by itself",
        ),
        (Some(Tier::Limited), _) => Finding::warning(
            Check::Usage,
            "the app's access is limited: about 20 sends in 5 minutes",
            "apply for full access to the Marketing API in the app's dashboard",
        ),
        (Some(Tier::Full), _) => {
            Finding::ok(Check::Usage, format!("full access; {}", used.as_deref().unwrap_or("usage not told")))
        }
        (None, Some(_)) => Finding::ok(Check::Usage, used.unwrap_or_default()),
        (None, None) => Finding::ok(Check::Usage, "Meta tells usage and tier only after more calls"),
    };
    finding.with("percent", percent).with("tier", tier)
}

/// The Page's country; `None` if the Page can't be read.
async fn page(context: &Context, graph: &Graph, findings: &mut Findings) -> Option<Option<String>> {
    let facts = match read_page(context, graph).await {
        Ok((page, facts)) => {
            findings.add(judge_page(&page, &facts));
            facts
        }
        Err(error) => {
            findings.add(Finding::error(Check::Page, &error));
            return None;
        }
    };
    findings.add(match first_subscribers(context).await {
        Ok((listed, more)) => judge_subscribers(listed, more),
        Err(error) => Finding::error(Check::Subscribers, &error),
    });
    Some(facts.country)
}

async fn read_page(context: &Context, graph: &Graph) -> Result<(PageId, PageFacts)> {
    let page = context.page()?;
    let facts = graph.page_facts(&page).await?;
    Ok((page, facts))
}

fn judge_page(page: &PageId, facts: &PageFacts) -> Finding {
    let shown = text::with_name(page.as_str(), facts.name.as_deref());
    let finding = if facts.is_published == Some(false) {
        let reason = format!("Page {shown} is not published: people can't write to it or open it");
        Finding::warning(Check::Page, reason, "publish it in the Page's settings")
    } else {
        Finding::ok(Check::Page, format!("Page {shown} can be read"))
    };
    finding.with("name", facts.name.clone()).with("published", facts.is_published)
}

/// How many are on the first page of the token list, and whether there are more. Nobody of them is kept.
async fn first_subscribers(context: &Context) -> Result<(usize, bool)> {
    let page = context.page()?;
    let graph = context.any_page_graph(&page).await?;
    let mut list = graph.subscribers(&page, &Which::default(), None);
    let first = list.next().await?.unwrap_or_default();
    Ok((first.len(), list.cursor().is_some()))
}

fn judge_subscribers(listed: usize, more: bool) -> Finding {
    let people = count(listed as u64, "subscriber", "subscribers");
    match (listed, more) {
        (0, false) => Finding::warning(
            Check::Subscribers,
            "the token list can be read, and is empty",
            "people subscribe by opt-in requests and ads; mmsg tokens import takes tokens that you have",
        ),
        (_, false) => Finding::ok(Check::Subscribers, format!("the token list can be read: {people}")),
        (_, true) => Finding::ok(Check::Subscribers, format!("the token list can be read: {people} on the first page")),
    }
    .with("listed", listed)
    .with("more", more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Verdict;

    fn account() -> AdAccount {
        AdAccount::parse("12").unwrap()
    }

    #[test]
    fn an_account_is_judged_by_its_status_and_its_cap() {
        let facts = |status: i64| AccountFacts {
            status: Some(status),
            disable_reason: Some(i64::from(status == 2)),
            currency: Currency::parse("USD"),
            time_zone: Some("Asia/Bangkok".to_owned()),
            ..AccountFacts::default()
        };
        let spent = AccountFacts { spend_cap: Some(500), amount_spent: Some(500), ..facts(1) };
        let no_cap = AccountFacts { spend_cap: Some(0), amount_spent: Some(500), ..facts(1) };
        for (facts, verdict, says) in [
            (facts(1), Verdict::Ok, "act_12 is active; USD, Asia/Bangkok"),
            (facts(201), Verdict::Ok, "is active"),
            (AccountFacts { terms_accepted: Some(true), ..facts(1) }, Verdict::Ok, "is active"),
            (AccountFacts { terms_accepted: Some(false), ..facts(1) }, Verdict::Warning, "terms for custom audiences"),
            (AccountFacts { terms_accepted: Some(false), ..facts(2) }, Verdict::Failed, "is disabled"),
            (no_cap, Verdict::Ok, "is active"),
            (spent, Verdict::Failed, "has spent its limit of 5.00 USD"),
            (facts(2), Verdict::Failed, "is disabled (ads integrity policy); status 2"),
            (facts(3), Verdict::Failed, "a payment failed"),
            (facts(9), Verdict::Warning, "grace period"),
            (facts(77), Verdict::Failed, "is not active; status 77"),
            (AccountFacts::default(), Verdict::Ok, "does not tell its status"),
        ] {
            let found = judge_account(&account(), &facts);
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
        }
    }

    #[test]
    fn budget_usage_page_and_list_are_judged_by_what_is_told() {
        let usage = |tier, business| Usage { tier, business, ..Usage::default() };
        let page = |is_published| {
            judge_page(&PageId::parse("61").unwrap(), &PageFacts { is_published, ..PageFacts::default() })
        };
        for (found, verdict, says) in [
            (judge_budget(&account(), Some((Currency::parse("USD").unwrap(), 100))), Verdict::Ok, "1.00 USD per day"),
            (judge_budget(&account(), None), Verdict::Warning, "no minimum"),
            (judge_usage(&usage(None, None)), Verdict::Ok, "after more calls"),
            (judge_usage(&usage(Some(Tier::Full), Some(12.0))), Verdict::Ok, "full access; 12% of"),
            (judge_usage(&usage(Some(Tier::Full), Some(75.0))), Verdict::Warning, "75% of"),
            (judge_usage(&usage(Some(Tier::Limited), None)), Verdict::Warning, "limited"),
            (page(Some(true)), Verdict::Ok, "Page 61 can be read"),
            (page(Some(false)), Verdict::Warning, "not published"),
            (judge_subscribers(0, false), Verdict::Warning, "empty"),
            (judge_subscribers(1, false), Verdict::Ok, "1 subscriber"),
            (judge_subscribers(1000, true), Verdict::Ok, "on the first page"),
        ] {
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
        }
    }
}
