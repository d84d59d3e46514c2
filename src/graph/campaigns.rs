//! Campaigns: create, list, read, delete, and minimum budgets.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Graph;
use super::error::{Call, Error, Fault, Result};
use super::pages::Pages;
use super::wire::time;
use crate::campaign::{AdAccount, Budget, CampaignId, Currency, PageId};
use crate::clock::UnixMillis;
use crate::json::{Flag, Text, lenient};

/// Rows per page; Graph accepts up to 1000, and long pages time out.
const PAGE_SIZE: u32 = 100;

const FIELDS: &str = "id,account_id,effective_status,created_time,\
    adset{id,name,daily_budget,lifetime_budget,start_time,end_time,promoted_object{pixel_id}},\
    campaign{id,name,is_direct_send_campaign,is_message_campaign},creative{actor_id}";

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

/// A message (ad) with its message set (ad set) and campaign. Everything except the ID may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignNode {
    /// The message's ID, which sends take.
    pub id: CampaignId,
    pub campaign_id: Option<String>,
    pub adset_id: Option<String>,
    pub name: Option<String>,
    pub adset_name: Option<String>,
    /// In the currency's smallest unit; a budget of 0 means none.
    pub daily_budget: Option<u64>,
    pub lifetime_budget: Option<u64>,
    pub start_time: Option<UnixMillis>,
    pub end_time: Option<UnixMillis>,
    pub created_time: Option<UnixMillis>,
    /// `effective_status`.
    pub status: Option<String>,
    /// `creative.actor_id`: the sending Page.
    pub page: Option<String>,
    /// `account_id`.
    pub ad_account: Option<AdAccount>,
    pub pixel_id: Option<String>,
    /// Whether it is a marketing message campaign, not an ordinary ad.
    pub is_message: Option<bool>,
}

impl CampaignNode {
    /// A campaign and an ad set have neither of these.
    fn is_a_message(&self) -> bool {
        self.campaign_id.is_some() || self.adset_id.is_some() || self.name.is_some() || self.page.is_some()
    }

    fn holds(&self, id: &CampaignId) -> bool {
        let id = Some(id.as_str());
        self.campaign_id.as_deref() == id || self.adset_id.as_deref() == id
    }
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

    /// All ads of an account, including ordinary ones: see [`CampaignNode::is_message`].
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

#[derive(Deserialize)]
pub(super) struct NodeWire {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    account_id: Text,
    #[serde(default)]
    effective_status: Text,
    #[serde(default)]
    created_time: Text,
    #[serde(default, deserialize_with = "lenient")]
    adset: AdsetWire,
    #[serde(default, deserialize_with = "lenient")]
    campaign: CampaignWire,
    #[serde(default, deserialize_with = "lenient")]
    creative: CreativeWire,
}

#[derive(Default, Deserialize)]
struct AdsetWire {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    daily_budget: Text,
    #[serde(default)]
    lifetime_budget: Text,
    #[serde(default)]
    start_time: Text,
    #[serde(default)]
    end_time: Text,
    #[serde(default, deserialize_with = "lenient")]
    promoted_object: PromotedWire,
}

#[derive(Default, Deserialize)]
struct PromotedWire {
    #[serde(default)]
    pixel_id: Text,
}

#[derive(Default, Deserialize)]
struct CampaignWire {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    is_direct_send_campaign: Flag,
    #[serde(default)]
    is_message_campaign: Flag,
}

#[derive(Default, Deserialize)]
struct CreativeWire {
    #[serde(default)]
    actor_id: Text,
}

impl TryFrom<NodeWire> for CampaignNode {
    type Error = String;

    fn try_from(wire: NodeWire) -> std::result::Result<Self, String> {
        let id = CampaignId::parse(&wire.id.0.unwrap_or_default())?;
        let budget = |text: &Text| text.whole().filter(|minor| *minor > 0);
        let flags = [wire.campaign.is_direct_send_campaign.0, wire.campaign.is_message_campaign.0];
        Ok(Self {
            id,
            daily_budget: budget(&wire.adset.daily_budget),
            lifetime_budget: budget(&wire.adset.lifetime_budget),
            start_time: time(&wire.adset.start_time),
            end_time: time(&wire.adset.end_time),
            created_time: time(&wire.created_time),
            campaign_id: wire.campaign.id.0,
            adset_id: wire.adset.id.0,
            name: wire.campaign.name.0,
            adset_name: wire.adset.name.0,
            status: wire.effective_status.0,
            page: wire.creative.actor_id.0,
            ad_account: wire.account_id.0.and_then(|id| AdAccount::parse(&id).ok()),
            pixel_id: wire.adset.promoted_object.pixel_id.0,
            is_message: flags.into_iter().flatten().reduce(|one, other| one || other),
        })
    }
}

impl<'de> Deserialize<'de> for CampaignNode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Self::try_from(NodeWire::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_read_whatever_shape_its_fields_have() {
        let node: CampaignNode = serde_json::from_str(
            r#"{"id":120210000000000123,"created_time":"2026-12-01T00:00:00+0000","effective_status":"ACTIVE",
                "adset":{"id":"2","daily_budget":"0","lifetime_budget":3000,"start_time":1796083200,"end_time":null},
                "campaign":{"id":3,"name":"Spring","is_message_campaign":true,"is_direct_send_campaign":"true"},
                "account_id":55,"creative":{"actor_id":104}}"#,
        )
        .unwrap();
        assert_eq!(node.id.as_str(), "120210000000000123");
        assert_eq!((node.daily_budget, node.lifetime_budget), (None, Some(3000)));
        assert_eq!(node.start_time, node.created_time);
        assert_eq!((node.page.as_deref(), node.is_message), (Some("104"), Some(true)));
        assert_eq!(node.ad_account, Some(AdAccount::parse("act_55").unwrap()));
        assert_eq!(node.created_time, Some(UnixMillis(1_796_083_200_000)));

        let bare: CampaignNode =
            serde_json::from_str(r#"{"id":"1","account_id":"x","adset":[],"campaign":null,"creative":"x"}"#).unwrap();
        assert!(
            bare.ad_account.is_none()
                && !bare.is_a_message()
                && bare.is_message.is_none()
                && bare.created_time.is_none()
        );
        assert!(serde_json::from_str::<CampaignNode>(r#"{"name":"no id"}"#).is_err());
    }
}
