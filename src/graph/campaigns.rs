//! Campaigns: create, list, read, delete, and minimum budgets.

mod node;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

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

    /// Deletes one object permanently. [`Error::NotDone`] when Graph says `success: false`.
    pub async fn delete_campaign(&self, id: &CampaignId) -> Result<()> {
        let url = self.address(&[id.as_str()], &[])?;
        self.write_flag(Method::DELETE, &url, None, Call::DeleteCampaign(id.clone())).await
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
