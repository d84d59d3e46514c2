//! A message campaign as Graph describes it, and whether it can be sent with.

use serde::Deserialize;

use crate::campaign::{AdAccount, Budget, CampaignId};
use crate::clock::UnixMillis;
use crate::graph::wire::time;
use crate::json::{Flag, Text, lenient};

pub(super) const FIELDS: &str = "id,account_id,status,effective_status,created_time,updated_time,\
    adset{id,name,status,updated_time,daily_budget,lifetime_budget,start_time,end_time,promoted_object{pixel_id}},\
    campaign{id,name,status,updated_time,is_direct_send_campaign,is_message_campaign},creative{actor_id}";

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
    /// The newest `updated_time` of the three objects.
    pub changed_time: Option<UnixMillis>,
    /// `effective_status`.
    pub status: Option<String>,
    pub switches: Switches,
    /// `creative.actor_id`: the sending Page.
    pub page: Option<String>,
    /// `account_id`.
    pub ad_account: Option<AdAccount>,
    pub pixel_id: Option<String>,
    pub kind: Kind,
}

/// `status` of each of the three objects, as it was set: any of them can stop all sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches {
    pub message: Option<String>,
    pub adset: Option<String>,
    pub campaign: Option<String>,
}

/// What kind of ad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `is_direct_send_campaign`: the only kind that can be sent with.
    DirectSend,
    /// A message campaign whose recipients Meta picks.
    Pool,
    OrdinaryAd,
    /// Graph does not say.
    Unknown,
}

/// Why a campaign can't send, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Which objects are paused, in words.
    Paused(String),
    Disapproved,
    PendingBilling,
    Ended(UnixMillis),
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::DirectSend => "direct-send campaign",
            Self::Pool => "pool campaign",
            Self::OrdinaryAd => "ordinary ad",
            Self::Unknown => "unknown kind",
        }
    }

    fn of(direct_send: Option<bool>, message: Option<bool>) -> Self {
        match (direct_send, message) {
            (Some(true), _) => Self::DirectSend,
            (Some(false), Some(true)) => Self::Pool,
            (Some(false), _) | (None, Some(false)) => Self::OrdinaryAd,
            (None, Some(true) | None) => Self::Unknown,
        }
    }
}

impl CampaignNode {
    pub fn budget(&self) -> Option<Budget> {
        self.lifetime_budget.map(Budget::Lifetime).or(self.daily_budget.map(Budget::Daily))
    }

    /// Why nothing can be sent with it now. New statuses, reviews and warm-ups are not a reason: the answer to a send decides.
    pub fn obstacle(&self, now: UnixMillis) -> Option<Obstacle> {
        let status = self.status.as_deref();
        let paused: Vec<&str> = [
            (&self.switches.campaign, "CAMPAIGN_PAUSED", "campaign"),
            (&self.switches.adset, "ADSET_PAUSED", "message set (ad set)"),
            (&self.switches.message, "PAUSED", "message (ad)"),
        ]
        .into_iter()
        .filter(|(switch, effective, _)| switch.as_deref() == Some("PAUSED") || status == Some(effective))
        .map(|(_, _, name)| name)
        .collect();
        match status {
            _ if !paused.is_empty() => Some(Obstacle::Paused(paused.join(" and its "))),
            Some("DISAPPROVED") => Some(Obstacle::Disapproved),
            Some("PENDING_BILLING_INFO") => Some(Obstacle::PendingBilling),
            _ => self.end_time.filter(|end| *end <= now).map(Obstacle::Ended),
        }
    }

    /// A campaign and an ad set have neither of these.
    pub(super) fn is_a_message(&self) -> bool {
        self.campaign_id.is_some() || self.adset_id.is_some() || self.name.is_some() || self.page.is_some()
    }

    pub(super) fn holds(&self, id: &CampaignId) -> bool {
        let id = Some(id.as_str());
        self.campaign_id.as_deref() == id || self.adset_id.as_deref() == id
    }
}

#[derive(Deserialize)]
struct NodeWire {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    account_id: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    effective_status: Text,
    #[serde(default)]
    created_time: Text,
    #[serde(default)]
    updated_time: Text,
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
    status: Text,
    #[serde(default)]
    updated_time: Text,
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
    status: Text,
    #[serde(default)]
    updated_time: Text,
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
        let changes = [&wire.updated_time, &wire.adset.updated_time, &wire.campaign.updated_time];
        Ok(Self {
            id,
            daily_budget: budget(&wire.adset.daily_budget),
            lifetime_budget: budget(&wire.adset.lifetime_budget),
            start_time: time(&wire.adset.start_time),
            // Graph writes "no end" as 0, a day in 1969 or 1970.
            end_time: time(&wire.adset.end_time).filter(|end| end.0 > 0),
            created_time: time(&wire.created_time),
            changed_time: changes.into_iter().filter_map(time).max(),
            switches: Switches { message: wire.status.0, adset: wire.adset.status.0, campaign: wire.campaign.status.0 },
            campaign_id: wire.campaign.id.0,
            adset_id: wire.adset.id.0,
            name: wire.campaign.name.0,
            adset_name: wire.adset.name.0,
            status: wire.effective_status.0,
            page: wire.creative.actor_id.0,
            ad_account: wire.account_id.0.and_then(|id| AdAccount::parse(&id).ok()),
            pixel_id: wire.adset.promoted_object.pixel_id.0,
            kind: Kind::of(wire.campaign.is_direct_send_campaign.0, wire.campaign.is_message_campaign.0),
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
                "updated_time":"2026-12-01T00:00:05+0000",
                "adset":{"id":"2","daily_budget":"0","lifetime_budget":3000,"start_time":1796083200,"end_time":null,
                    "updated_time":1796083300,"status":"PAUSED"},
                "campaign":{"id":3,"name":"Spring","is_message_campaign":true,"is_direct_send_campaign":"true"},
                "account_id":55,"creative":{"actor_id":104}}"#,
        )
        .unwrap();
        assert_eq!(node.id.as_str(), "120210000000000123");
        assert_eq!((node.daily_budget, node.lifetime_budget), (None, Some(3000)));
        assert_eq!(node.start_time, node.created_time);
        assert_eq!((node.page.as_deref(), node.kind), (Some("104"), Kind::DirectSend));
        assert_eq!(node.changed_time, Some(UnixMillis(1_796_083_300_000)));
        assert_eq!((node.switches.message, node.switches.adset.as_deref()), (None, Some("PAUSED")));
        assert_eq!(node.ad_account, Some(AdAccount::parse("act_55").unwrap()));
        assert_eq!(node.created_time, Some(UnixMillis(1_796_083_200_000)));

        let bare: CampaignNode =
            serde_json::from_str(r#"{"id":"1","account_id":"x","adset":[],"campaign":null,"creative":"x"}"#).unwrap();
        assert!(
            bare.ad_account.is_none()
                && !bare.is_a_message()
                && bare.kind == Kind::Unknown
                && bare.created_time.is_none()
        );
        assert!(serde_json::from_str::<CampaignNode>(r#"{"name":"no id"}"#).is_err());
    }

    #[test]
    fn only_a_direct_send_campaign_is_one_to_send_with() {
        for (flags, kind) in [
            (r#""is_direct_send_campaign":true"#, Kind::DirectSend),
            (r#""is_direct_send_campaign":true,"is_message_campaign":false"#, Kind::DirectSend),
            (r#""is_direct_send_campaign":false,"is_message_campaign":true"#, Kind::Pool),
            (r#""is_direct_send_campaign":false,"is_message_campaign":false"#, Kind::OrdinaryAd),
            (r#""is_direct_send_campaign":false"#, Kind::OrdinaryAd),
            (r#""is_message_campaign":false"#, Kind::OrdinaryAd),
            (r#""is_message_campaign":true"#, Kind::Unknown),
            (r#""is_direct_send_campaign":null"#, Kind::Unknown),
        ] {
            let json = format!(r#"{{"id":"1","campaign":{{"id":"2",{flags}}}}}"#);
            assert_eq!(serde_json::from_str::<CampaignNode>(&json).unwrap().kind, kind, "{flags}");
        }
    }

    #[test]
    fn what_stops_every_send_is_read_from_all_three_objects() {
        let now = UnixMillis(1_796_083_200_000);
        let paused = |what: &str| Some(Obstacle::Paused(what.to_owned()));
        for (fields, obstacle) in [
            (r#""effective_status":"ACTIVE""#, None),
            (r#""effective_status":"IN_PROCESS""#, None),
            (r#""effective_status":"PENDING_REVIEW","status":"ACTIVE""#, None),
            (r#""effective_status":"WITH_ISSUES""#, None),
            (r#""effective_status":"SOMETHING_NEW""#, None),
            ("\"creative\":{}", None),
            (r#""effective_status":"PAUSED""#, paused("message (ad)")),
            (r#""effective_status":"ADSET_PAUSED""#, paused("message set (ad set)")),
            (r#""effective_status":"CAMPAIGN_PAUSED","status":"ACTIVE""#, paused("campaign")),
            (
                r#""effective_status":"CAMPAIGN_PAUSED","status":"PAUSED","campaign":{"status":"PAUSED"}"#,
                paused("campaign and its message (ad)"),
            ),
            (r#""effective_status":"WITH_ISSUES","adset":{"status":"PAUSED"}"#, paused("message set (ad set)")),
            (r#""effective_status":"DISAPPROVED""#, Some(Obstacle::Disapproved)),
            (r#""effective_status":"PENDING_BILLING_INFO""#, Some(Obstacle::PendingBilling)),
            (r#""adset":{"end_time":1796083200}"#, Some(Obstacle::Ended(now))),
            (r#""adset":{"end_time":1796083201}"#, None),
            (r#""adset":{"end_time":0}"#, None),
            (r#""adset":{"end_time":"0"}"#, None),
            (r#""adset":{"end_time":"1969-12-31T16:00:00-0800"}"#, None),
        ] {
            let json = format!(r#"{{"id":"1",{fields}}}"#);
            assert_eq!(serde_json::from_str::<CampaignNode>(&json).unwrap().obstacle(now), obstacle, "{fields}");
        }
    }
}
