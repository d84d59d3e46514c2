//! Changes of a campaign, each at the object that owns it. Graph drops parameters that an object does not own and still answers `success`:
//! a budget that is sent to the message changes nothing. So every change is read back.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Graph;
use super::campaigns::CampaignNode;
use super::error::{Call, Fault, Result};
use crate::campaign::Budget;
use crate::clock::UnixMillis;

/// The three objects that `campaign create` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    Message,
    AdSet,
    Campaign,
}

impl Object {
    pub const ALL: [Self; 3] = [Self::Message, Self::AdSet, Self::Campaign];

    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message (ad)",
            Self::AdSet => "message set (ad set)",
            Self::Campaign => "campaign",
        }
    }

    pub fn id_in(self, node: &CampaignNode) -> Option<&str> {
        match self {
            Self::Message => Some(node.id.as_str()),
            Self::AdSet => node.adset_id.as_deref(),
            Self::Campaign => node.campaign_id.as_deref(),
        }
    }

    /// Its `status`, as it was set.
    pub fn switch_in(self, node: &CampaignNode) -> Option<&str> {
        match self {
            Self::Message => node.switches.message.as_deref(),
            Self::AdSet => node.switches.adset.as_deref(),
            Self::Campaign => node.switches.campaign.as_deref(),
        }
    }
}

/// One request: what one object is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    object: Object,
    fields: Map<String, Value>,
}

impl Edit {
    pub fn switch(object: Object, on: bool) -> Self {
        Self::of(object, "status", if on { "ACTIVE" } else { "PAUSED" }.into())
    }

    /// The campaign's name; the name of its message would be another.
    pub fn name(name: &str) -> Self {
        Self::of(Object::Campaign, "name", name.into())
    }

    /// Budget and end go in one request: a lifetime budget needs an end.
    pub fn terms(budget: Option<Budget>, end_time: Option<UnixMillis>) -> Self {
        let mut fields = Map::new();
        if let Some(budget) = budget {
            fields.insert(budget.parameter().to_owned(), budget.minor().into());
        }
        if let Some(end) = end_time {
            fields.insert("end_time".to_owned(), end.0.div_euclid(1000).into());
        }
        Self { object: Object::AdSet, fields }
    }

    fn of(object: Object, field: &str, value: Value) -> Self {
        Self { object, fields: std::iter::once((field.to_owned(), value)).collect() }
    }

    /// Whether it counts for Meta's limit of budget changes.
    pub fn has_budget(&self) -> bool {
        self.fields.keys().any(|field| field.ends_with("_budget"))
    }

    /// What is to be had, in Graph's words: `lifetime_budget 5000 and end_time 2026-12-31T00:00:00Z`.
    pub fn text(&self) -> String {
        let fields: Vec<String> = self.fields.iter().map(|(field, value)| shown(field, &plain(value))).collect();
        fields.join(" and ")
    }

    /// What the campaign still has instead, in the same words; `None` if the change shows.
    pub fn missing_in(&self, node: &CampaignNode) -> Option<String> {
        let old: Vec<String> = self
            .fields
            .iter()
            .filter_map(|(field, wanted)| {
                let found = self.found(node, field);
                (found.as_deref() != Some(plain(wanted).as_str()))
                    .then(|| found.map_or_else(|| format!("without {field}"), |found| shown(field, &found)))
            })
            .collect();
        (!old.is_empty()).then(|| old.join(" and "))
    }

    fn found(&self, node: &CampaignNode, field: &str) -> Option<String> {
        match field {
            "status" => self.object.switch_in(node).map(str::to_owned),
            "name" => node.name.clone(),
            "daily_budget" => node.daily_budget.map(|minor| minor.to_string()),
            "lifetime_budget" => node.lifetime_budget.map(|minor| minor.to_string()),
            "end_time" => node.end_time.map(|end| end.0.div_euclid(1000).to_string()),
            _ => None,
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(field: &str, value: &str) -> String {
    match (field, value.parse::<i64>()) {
        ("end_time", Ok(seconds)) => format!("{field} {}", UnixMillis(seconds.saturating_mul(1000))),
        ("name", _) => format!("{field} {value:?}"),
        _ => format!("{field} {value}"),
    }
}

impl Graph {
    /// Changes one object, and returns the campaign as it reads afterwards. [`super::Error::Unclear`] when Graph says `success` and the
    /// change does not show.
    pub async fn edit_campaign(&self, node: &CampaignNode, edit: &Edit) -> Result<CampaignNode> {
        let call = Call::EditCampaign { id: node.id.clone(), what: edit.text() };
        let Some(object) = edit.object.id_in(node) else {
            return Err(self.failed(&call, Fault::Missing(edit.object.name())));
        };
        let url = self.checked_url(&[object])?;
        self.write_flag(Method::POST, &url, Some(Value::Object(edit.fields.clone())), call.clone()).await?;
        self.read_back(&call, || self.campaign(&node.id), |read| edit.missing_in(read)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Error;
    use crate::graph::tests::host::{Host, Play, answer};

    const END: i64 = 1_798_675_200;

    fn node(lifetime: u64) -> String {
        serde_json::json!({
            "id": "1", "status": "ACTIVE", "adset": { "id": "2", "status": "PAUSED", "lifetime_budget": lifetime, "end_time": END },
            "campaign": { "id": "3", "name": "Spring", "status": "ACTIVE" },
        })
        .to_string()
    }

    #[test]
    fn a_change_is_missing_until_every_field_shows_it() {
        let node: CampaignNode = serde_json::from_str(&node(3000)).unwrap();
        let end = |seconds: i64| Some(UnixMillis(seconds * 1000 + 999));
        for (edit, missing) in [
            (Edit::switch(Object::Campaign, true), None),
            (Edit::switch(Object::Campaign, false), Some("status ACTIVE")),
            (Edit::switch(Object::AdSet, false), None),
            (Edit::switch(Object::AdSet, true), Some("status PAUSED")),
            (Edit::switch(Object::Message, false), Some("status ACTIVE")),
            (Edit::name("Spring"), None),
            (Edit::name("Summer"), Some(r#"name "Spring""#)),
            (Edit::terms(Some(Budget::Lifetime(3000)), None), None),
            (Edit::terms(Some(Budget::Lifetime(3000)), end(END)), None),
            (Edit::terms(None, end(END + 1)), Some("end_time 2026-12-31T00:00:00Z")),
            (
                Edit::terms(Some(Budget::Lifetime(5000)), end(0)),
                Some("lifetime_budget 3000 and end_time 2026-12-31T00:00:00Z"),
            ),
            (Edit::terms(Some(Budget::Daily(500)), None), Some("without daily_budget")),
        ] {
            assert_eq!(edit.missing_in(&node).as_deref(), missing, "{edit:?}");
            let kept: Edit = serde_json::from_str(&serde_json::to_string(&edit).unwrap()).unwrap();
            assert_eq!(kept, edit);
        }
        assert_eq!(
            Edit::terms(Some(Budget::Lifetime(5000)), end(END)).text(),
            "lifetime_budget 5000 and end_time 2026-12-31T00:00:00Z"
        );
        assert!(Edit::terms(Some(Budget::Daily(5)), None).has_budget() && !Edit::terms(None, end(5)).has_budget());
    }

    #[tokio::test]
    async fn a_change_goes_to_the_object_that_owns_it_and_is_read_back() {
        let before: CampaignNode = serde_json::from_str(&node(3000)).unwrap();
        let budget = Edit::terms(Some(Budget::Lifetime(5000)), None);
        for (reads, done) in [
            (vec![node(5000)], true),
            (vec![node(3000), node(5000)], true),
            (vec![node(3000), node(3000), node(3000)], false),
        ] {
            let plays = std::iter::once(r#"{"success":true}"#.to_owned()).chain(reads.clone());
            let host = Host::plays(plays.map(|body| Play::Close(answer("200 OK", &body))).collect());
            match host.graph().edit_campaign(&before, &budget).await {
                Ok(after) => assert!(done && after.lifetime_budget == Some(5000), "{reads:?}"),
                Err(Error::Unclear { fault: Fault::Unchanged(reads), .. }) => {
                    assert!(!done && reads == "lifetime_budget 3000");
                }
                Err(other) => panic!("{reads:?}: {other:?}"),
            }
            let requests = host.requests();
            assert!(requests[0].contains("/2 HTTP") && requests.len() == 1 + reads.len(), "{requests:?}");
        }
        // Without the ad set's ID nothing leaves.
        let host = Host::plays(Vec::new());
        let bare: CampaignNode = serde_json::from_str(r#"{"id":"1"}"#).unwrap();
        let error = host.graph().edit_campaign(&bare, &budget).await.unwrap_err();
        assert!(matches!(error, Error::Failed { fault: Fault::Missing(_), .. }), "{error:?}");
    }
}
