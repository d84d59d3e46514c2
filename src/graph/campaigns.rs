//! Campaigns: create, list, read, delete, and minimum budgets.

mod node;

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Graph;
use super::error::{Call, Error, Fault, Result};
use super::pages::Pages;
use crate::campaign::{AdAccount, Budget, CampaignId, Currency, PageId};
use crate::clock::UnixMillis;
use crate::json::Text;
use node::FIELDS;
pub use node::{CampaignNode, Kind, Obstacle};

/// Rows per page; Graph accepts up to 1000, and long pages time out.
const PAGE_SIZE: u32 = 100;

/// What `campaign create` asks for.
#[derive(Clone, Debug)]
pub struct NewCampaign<'a> {
    pub name: &'a str,
    pub page: &'a PageId,
    pub budget: Budget,
    pub pixel_id: Option<&'a str>,
    pub start_time: Option<UnixMillis>,
    pub end_time: Option<UnixMillis>,
}

impl NewCampaign<'_> {
    /// Whether this is what was asked for at `asked`, by Graph's clock: what is told about a campaign whose answer was lost.
    pub fn may_be(&self, node: &CampaignNode, asked: UnixMillis) -> bool {
        let since = asked.minus(SAME_MOMENT);
        node.kind == Kind::DirectSend
            && node.name.as_deref() == Some(self.name)
            && node.page.as_deref() == Some(self.page.as_str())
            && node.created_time.is_some_and(|created| created >= since)
            && self.budget_of(node) == Some(self.budget.minor())
    }

    /// What differs in Graph from what was asked for, in words; `None` if nothing does, or the node shows too little.
    pub fn difference(&self, node: &CampaignNode) -> Option<String> {
        let seconds = |time: UnixMillis| time.0.div_euclid(1000);
        let other = |asked: Option<UnixMillis>, found: Option<UnixMillis>| {
            asked.is_some_and(|asked| found.is_some_and(|found| seconds(asked) != seconds(found)))
        };
        let shown = |found: Option<String>| found.unwrap_or_else(|| "missing".to_owned());
        // Only a node with its ad set shows a budget that is missing.
        if node.adset_id.is_some() && self.budget_of(node) != Some(self.budget.minor()) {
            let found = self.budget_of(node).map(|minor| minor.to_string());
            return Some(format!("{} {} instead of {}", self.budget.parameter(), shown(found), self.budget.minor()));
        }
        for (what, asked, found) in [
            ("name", Some(self.name), node.name.as_deref()),
            ("page_id", Some(self.page.as_str()), node.page.as_deref()),
            ("pixel_id", self.pixel_id, node.pixel_id.as_deref()),
        ] {
            if let (Some(asked), Some(found)) = (asked, found)
                && asked != found
            {
                return Some(format!("{what} {found:?} instead of {asked:?}"));
            }
        }
        for (what, asked, found) in
            [("start_time", self.start_time, node.start_time), ("end_time", self.end_time, node.end_time)]
        {
            if other(asked, found) {
                let text = |time: Option<UnixMillis>| time.map(|time| time.to_string());
                return Some(format!("{what} {} instead of {}", shown(text(found)), shown(text(asked))));
            }
        }
        None
    }

    fn budget_of(&self, node: &CampaignNode) -> Option<u64> {
        match self.budget {
            Budget::Daily(_) => node.daily_budget,
            Budget::Lifetime(_) => node.lifetime_budget,
        }
    }
}

/// How far Graph's `created_time` may lie before a request by our clock: both are cut off to the second.
const SAME_MOMENT: Duration = Duration::from_secs(2);

/// Graph's answer to it. The shapes of `info` and `warning` are not documented.
#[derive(Clone, Debug)]
pub struct Created {
    pub id: CampaignId,
    pub info: Option<Value>,
    pub warning: Option<Value>,
}

/// A row of `minimum_budgets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimumBudget {
    pub currency: Currency,
    /// `min_daily_budget_imp`, in the currency's smallest unit.
    pub min_daily: Option<u64>,
}

impl Graph {
    /// Creates a campaign. [`Error::Unclear`] if the answer is lost or has no ID.
    pub async fn create_campaign(&self, account: &AdAccount, new: &NewCampaign<'_>) -> Result<Created> {
        let mut body = Map::new();
        body.insert("name".to_owned(), new.name.into());
        body.insert("page_id".to_owned(), new.page.as_str().into());
        body.insert(new.budget.parameter().to_owned(), new.budget.minor().into());
        if let Some(pixel) = new.pixel_id {
            body.insert("pixel_id".to_owned(), pixel.into());
        }
        for (name, time) in [("start_time", new.start_time), ("end_time", new.end_time)] {
            if let Some(time) = time {
                body.insert(name.to_owned(), time.0.div_euclid(1000).into());
            }
        }
        let url = self.checked_url(&[account.as_str(), "message_campaign"])?;
        let call = Call::CreateCampaign { name: new.name.to_owned() };
        let answer: CreatedWire = self.write(Method::POST, &url, Some(Value::Object(body)), &call).await?;
        let id = answer.id.0.and_then(|id| CampaignId::parse(&id).ok());
        let Some(id) = id else { return Err(self.unclear(&call, Fault::Missing("id"))) };
        Ok(Created { id, info: answer.info, warning: answer.warning })
    }

    /// The minimum daily budgets of an account, one row per currency.
    pub async fn minimum_budgets(&self, account: &AdAccount) -> Result<Vec<MinimumBudget>> {
        let pages: Pages<'_, MinimumWire> =
            Pages::new(self, &[account.as_str(), "minimum_budgets"], Vec::new(), Call::MinimumBudgets(account.clone()));
        let rows = pages.all().await?;
        let row = |row: MinimumWire| {
            let currency = Currency::parse(&row.currency.0?)?;
            Some(MinimumBudget { currency, min_daily: row.min_daily_budget_imp.whole() })
        };
        Ok(rows.into_iter().filter_map(row).collect())
    }

    /// The currency of an account.
    pub async fn currency(&self, account: &AdAccount) -> Result<Option<Currency>> {
        let url = self.address(&[account.as_str()], &[("fields", "currency")])?;
        let node: AccountWire = self.read(&url, &Call::AdAccount(account.clone())).await?;
        Ok(node.currency.0.and_then(|text| Currency::parse(&text)))
    }

    /// The time zone of an account, by its IANA name: its days start in it.
    pub async fn time_zone(&self, account: &AdAccount) -> Result<Option<String>> {
        let url = self.address(&[account.as_str()], &[("fields", "timezone_name")])?;
        let node: ZoneWire = self.read(&url, &Call::AdAccount(account.clone())).await?;
        Ok(node.timezone_name.0)
    }

    /// All ads of an account, including ordinary ones: see [`CampaignNode::kind`].
    pub fn campaigns(&self, account: &AdAccount) -> Pages<'_, CampaignNode> {
        let query = vec![("fields", FIELDS.to_owned()), ("limit", PAGE_SIZE.to_string())];
        Pages::new(self, &[account.as_str(), "ads"], query, Call::Campaigns(account.clone()))
    }

    /// All ads created since then, or more: where Graph refuses to filter, all of them.
    pub async fn campaigns_since(&self, account: &AdAccount, since: UnixMillis) -> Result<Vec<CampaignNode>> {
        let since = since.0.div_euclid(1000);
        let filter = json!([{ "field": "created_time", "operator": "GREATER_THAN", "value": since }]).to_string();
        match self.campaigns(account).with("filtering", filter).all().await {
            Err(error) if error.is_bad_parameter() => self.campaigns(account).all().await,
            listed => listed,
        }
    }

    /// Reads one by the ID of its message.
    pub async fn campaign(&self, id: &CampaignId) -> Result<CampaignNode> {
        let url = self.address(&[id.as_str()], &[("fields", FIELDS)])?;
        self.read(&url, &Call::Campaign(id.clone())).await
    }

    /// Reads one by any of its three IDs: directly, or through the list if the ID is not a message's, or not found.
    /// [`Error::NoSuchCampaign`] if the list does not have it either.
    pub async fn find_campaign(&self, account: &AdAccount, id: &CampaignId) -> Result<CampaignNode> {
        let refusal = match self.campaign(id).await {
            Ok(read) if read.is_a_message() => return Ok(read),
            Ok(_) => None,
            Err(error) if error.is_no_such_object() => Some(error),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        let mut pages = self.campaigns(account);
        while let Some(page) = pages.next().await? {
            found.extend(page.into_iter().filter(|node| node.holds(id)));
        }
        match found.as_slice() {
            [only] => self.campaign(&only.id).await,
            [] => Err(Error::NoSuchCampaign {
                id: id.clone(),
                account: account.clone(),
                refusal: Box::new(refusal.map(|error| error.facts()).unwrap_or_default()),
            }),
            several => Err(Error::SeveralMessages {
                id: id.clone(),
                messages: several.iter().map(|node| node.id.clone()).collect(),
            }),
        }
    }

    /// Deletes one object permanently, and reads it back. [`Error::NotDone`] when Graph says `success: false`; [`Error::Unclear`]
    /// when it says `success` and the object is still there.
    pub async fn delete_campaign(&self, id: &CampaignId) -> Result<()> {
        let url = self.address(&[id.as_str()], &[])?;
        let call = Call::DeleteCampaign(id.clone());
        self.write_flag(Method::DELETE, &url, None, call.clone()).await?;
        self.confirm(&call, || async {
            let node = self.campaign(id).await.ok()?;
            node.status.filter(|status| status != "DELETED")
        })
        .await
    }
}

#[derive(Deserialize)]
struct CreatedWire {
    #[serde(default)]
    id: Text,
    info: Option<Value>,
    warning: Option<Value>,
}

#[derive(Deserialize)]
struct MinimumWire {
    #[serde(default)]
    currency: Text,
    #[serde(default)]
    min_daily_budget_imp: Text,
}

#[derive(Deserialize)]
struct AccountWire {
    #[serde(default)]
    currency: Text,
}

#[derive(Deserialize)]
struct ZoneWire {
    #[serde(default)]
    timezone_name: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::host::{Host, Play, answer};

    const NOW: i64 = 1_796_083_200;

    fn asked<'a>(page: &'a PageId, budget: Budget) -> NewCampaign<'a> {
        let times = |seconds: i64| Some(UnixMillis((NOW + seconds) * 1000 + 999));
        NewCampaign { name: "Spring", page, budget, pixel_id: Some("42"), start_time: times(60), end_time: times(9999) }
    }

    fn node(change: impl Fn(&mut Value)) -> CampaignNode {
        let mut node = serde_json::json!({
            "id": "1", "created_time": NOW,
            "adset": { "id": "2", "daily_budget": "0", "lifetime_budget": "3000", "start_time": NOW + 60,
                "end_time": NOW + 9999, "promoted_object": { "pixel_id": "42" } },
            "campaign": { "id": "3", "name": "Spring", "is_direct_send_campaign": true },
            "creative": { "actor_id": "104" },
        });
        change(&mut node);
        serde_json::from_str(&node.to_string()).unwrap()
    }

    #[test]
    fn what_was_created_is_compared_with_what_was_asked_for() {
        let page = PageId::parse("104").unwrap();
        let new = asked(&page, Budget::Lifetime(3000));
        for (path, value, difference) in [
            ("/id", "1".into(), None),
            ("/adset/lifetime_budget", "0".into(), Some("lifetime_budget missing instead of 3000")),
            ("/adset/lifetime_budget", 2999.into(), Some("lifetime_budget 2999 instead of 3000")),
            ("/campaign/name", "Summer".into(), Some(r#"name "Summer" instead of "Spring""#)),
            ("/creative/actor_id", "105".into(), Some(r#"page_id "105" instead of "104""#)),
            ("/adset/promoted_object/pixel_id", "43".into(), Some(r#"pixel_id "43" instead of "42""#)),
            (
                "/adset/end_time",
                (NOW + 10_000).into(),
                Some("end_time 2026-12-01T02:46:40Z instead of 2026-12-01T02:46:39Z"),
            ),
            // What an answer leaves out can't be compared.
            ("/creative", Value::Null, None),
            ("/adset", Value::Null, None),
            ("/adset/start_time", Value::Null, None),
        ] {
            let read = node(|node| *node.pointer_mut(path).unwrap() = value.clone());
            assert_eq!(new.difference(&read).as_deref(), difference, "{path} {value}");
        }
        let daily = asked(&page, Budget::Daily(3000));
        assert_eq!(daily.difference(&node(|_| {})).as_deref(), Some("daily_budget missing instead of 3000"));
    }

    #[test]
    fn only_what_fits_and_is_new_may_be_what_was_created() {
        let page = PageId::parse("104").unwrap();
        let new = asked(&page, Budget::Lifetime(3000));
        let at = |seconds: i64| UnixMillis((NOW + seconds) * 1000);
        let whole = node(|_| {});
        for (seconds, may_be) in [(-60, true), (0, true), (2, true), (3, false), (3600, false)] {
            assert_eq!(new.may_be(&whole, at(seconds)), may_be, "{seconds} s later");
        }
        for (path, value) in [
            ("/campaign/name", "Spring ".into()),
            ("/creative/actor_id", "105".into()),
            ("/adset/lifetime_budget", "3001".into()),
            ("/campaign/is_direct_send_campaign", false.into()),
            ("/created_time", Value::Null),
        ] {
            let other = node(|node| *node.pointer_mut(path).unwrap() = value.clone());
            assert!(!new.may_be(&other, at(0)), "{path} {value}");
        }
    }

    #[tokio::test]
    async fn a_delete_is_read_back_until_it_shows() {
        let id = CampaignId::parse("7").unwrap();
        let gone = r#"{"error":{"code":100,"error_subcode":33,"message":"no such object"}}"#;
        for (reads, done) in [
            (vec![r#"{"id":"7","effective_status":"DELETED"}"#], true),
            (vec![r#"{"id":"7","effective_status":"ACTIVE"}"#, r#"{"id":"7","effective_status":"DELETED"}"#], true),
            (vec![gone], true),
            (vec![r#"{"id":"7","effective_status":"ACTIVE"}"#; 3], false),
        ] {
            let plays = std::iter::once(r#"{"success":true}"#).chain(reads.clone());
            let host = Host::plays(plays.map(|body| Play::Close(answer("200 OK", body))).collect());
            let deleted = host.graph().delete_campaign(&id).await;
            match deleted {
                Ok(()) => assert!(done, "{reads:?}"),
                Err(Error::Unclear { fault: Fault::Unchanged(reads), .. }) => assert!(!done && reads == "ACTIVE"),
                Err(other) => panic!("{reads:?}: {other:?}"),
            }
            assert_eq!(host.requests().len(), 1 + reads.len());
        }
    }
}
