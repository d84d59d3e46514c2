//! What Graph says of the access token, the ad account and the Page themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::{Call, Result};
use super::tokens::expiry;
use super::{Expiry, Graph};
use crate::campaign::{AdAccount, Currency, PageId};
use crate::json::{Flag, Text, lenient};
use crate::secret::Secret;

/// An access token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// `SYSTEM_USER`, `USER`, `PAGE` or another word of Meta's.
    pub kind: Option<String>,
    pub app_id: Option<String>,
    pub application: Option<String>,
    /// A token that was revoked may still show its permissions.
    pub is_valid: Option<bool>,
    /// Why it is not valid.
    pub why: Option<String>,
    pub expires: Expiry,
    /// Until when it may read people's data.
    pub data_expires: Expiry,
    pub scopes: Vec<String>,
    /// Permissions that are for these objects only.
    pub targets: Vec<(String, Vec<String>)>,
}

/// An ad account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFacts {
    pub name: Option<String>,
    pub status: Option<i64>,
    pub disable_reason: Option<i64>,
    pub currency: Option<Currency>,
    pub time_zone: Option<String>,
    /// ISO 3166.
    pub country: Option<String>,
    /// In the currency's smallest unit. 0 means no cap.
    pub spend_cap: Option<u64>,
    pub amount_spent: Option<u64>,
    /// Whether Meta's terms for custom audiences were accepted for it; `None` where Graph does not tell.
    pub terms_accepted: Option<bool>,
}

/// A Page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageFacts {
    pub name: Option<String>,
    pub is_published: Option<bool>,
    /// ISO 3166.
    pub country: Option<String>,
}

impl Graph {
    /// What Graph says of the access token. It stands in the address, as documented: this is the only call that takes one there.
    pub async fn inspect_token(&self, token: &Secret) -> Result<TokenFacts> {
        let url = self.address(&["debug_token"], &[("input_token", token.expose())])?;
        let answer: DebugWire = self.read(&url, &Call::InspectToken).await?;
        Ok(answer.data.into())
    }

    /// The permissions that the access token was given.
    pub async fn permissions(&self) -> Result<Vec<String>> {
        let url = self.address(&["me", "permissions"], &[])?;
        let answer: PermissionsWire = self.read(&url, &Call::InspectToken).await?;
        let granted = answer.data.into_iter().filter(|row| row.status.0.as_deref() == Some("granted"));
        Ok(granted.filter_map(|row| row.permission.0).collect())
    }

    pub async fn account_facts(&self, account: &AdAccount) -> Result<AccountFacts> {
        let call = Call::AdAccount(account.clone());
        let wire: AccountWire = self
            .with_and_without(account.as_str(), ACCOUNT_FIELDS, "business_country_code,tos_accepted", &call)
            .await?;
        let number = |text: &Text| text.0.as_deref()?.parse().ok();
        Ok(AccountFacts {
            status: number(&wire.account_status),
            disable_reason: number(&wire.disable_reason),
            currency: wire.currency.0.as_deref().and_then(Currency::parse),
            country: country(&wire.business_country_code),
            spend_cap: wire.spend_cap.whole(),
            amount_spent: wire.amount_spent.whole(),
            terms_accepted: wire.tos_accepted.map(|terms| TERMS.iter().any(|name| terms.accepted(name))),
            name: wire.name.0,
            time_zone: wire.timezone_name.0,
        })
    }

    pub async fn page_facts(&self, page: &PageId) -> Result<PageFacts> {
        let call = Call::Page(page.clone());
        let wire: PageWire =
            self.with_and_without(page.as_str(), "name,is_published", "location{country_code}", &call).await?;
        Ok(PageFacts {
            country: country(&wire.location.country_code),
            is_published: wire.is_published.0,
            name: wire.name.0,
        })
    }

    /// What a Page is called.
    pub async fn page_name(&self, page: &PageId) -> Result<Option<String>> {
        let url = self.address(&[page.as_str()], &[("fields", "name")])?;
        let wire: PageWire = self.read(&url, &Call::Page(page.clone())).await?;
        Ok(wire.name.0)
    }

    /// Reads a node with one more field, which not every version of Graph shows to everybody.
    async fn with_and_without<T: serde::de::DeserializeOwned>(
        &self,
        id: &str,
        fields: &str,
        more: &str,
        call: &Call,
    ) -> Result<T> {
        let all = format!("{fields},{more}");
        match self.read(&self.address(&[id], &[("fields", &all)])?, call).await {
            Err(error) if error.is_bad_parameter() => {
                self.read(&self.address(&[id], &[("fields", fields)])?, call).await
            }
            read => read,
        }
    }
}

const ACCOUNT_FIELDS: &str = "name,account_status,disable_reason,currency,timezone_name,amount_spent,spend_cap";

/// What `tos_accepted` calls the terms for custom audiences: by their name, and in older answers by their number.
const TERMS: [&str; 2] = ["custom_audience_tos", "206760949512025"];

fn country(field: &Text) -> Option<String> {
    field.0.as_deref().filter(|code| code.len() == 2).map(str::to_ascii_uppercase)
}

#[derive(Deserialize)]
struct DebugWire {
    #[serde(default, deserialize_with = "lenient")]
    data: TokenWire,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenWire {
    #[serde(rename = "type")]
    kind: Text,
    app_id: Text,
    application: Text,
    is_valid: Flag,
    #[serde(deserialize_with = "lenient")]
    error: WhyWire,
    expires_at: Text,
    data_access_expires_at: Text,
    scopes: Vec<Text>,
    granular_scopes: Vec<ScopeWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WhyWire {
    message: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScopeWire {
    scope: Text,
    target_ids: Vec<Text>,
}

impl From<TokenWire> for TokenFacts {
    fn from(wire: TokenWire) -> Self {
        let texts = |list: Vec<Text>| list.into_iter().filter_map(|text| text.0).collect::<Vec<_>>();
        let targets = wire.granular_scopes.into_iter().filter_map(|row| {
            let ids = texts(row.target_ids);
            row.scope.0.filter(|_| !ids.is_empty()).map(|scope| (scope, ids))
        });
        Self {
            kind: wire.kind.0,
            app_id: wire.app_id.0,
            application: wire.application.0,
            is_valid: wire.is_valid.0,
            why: wire.error.message.0,
            expires: expiry(&wire.expires_at),
            data_expires: expiry(&wire.data_access_expires_at),
            scopes: texts(wire.scopes),
            targets: targets.collect(),
        }
    }
}

#[derive(Deserialize)]
struct PermissionsWire {
    data: Vec<PermissionWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PermissionWire {
    permission: Text,
    status: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AccountWire {
    name: Text,
    account_status: Text,
    disable_reason: Text,
    currency: Text,
    timezone_name: Text,
    amount_spent: Text,
    spend_cap: Text,
    business_country_code: Text,
    #[serde(deserialize_with = "lenient")]
    tos_accepted: Option<TermsWire>,
}

/// Each of Meta's terms that were accepted, with 1.
#[derive(Deserialize)]
struct TermsWire(BTreeMap<String, Flag>);

impl TermsWire {
    fn accepted(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|accepted| accepted.0 == Some(true))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PageWire {
    name: Text,
    is_published: Flag,
    #[serde(deserialize_with = "lenient")]
    location: PlaceWire,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PlaceWire {
    country_code: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::graph::tests::host::{Host, Play, TOKEN, answer};

    fn says(body: &str) -> Play {
        Play::Close(answer("200 OK", body))
    }

    #[tokio::test]
    async fn a_token_is_read_with_whatever_is_missing() {
        let host = Host::plays(vec![
            says(
                r#"{"data":{"app_id":7,"type":"SYSTEM_USER","application":"Ours","is_valid":true,"expires_at":0,
                "data_access_expires_at":1796083200,"scopes":["ads_management",5],
                "granular_scopes":[{"scope":"ads_management"},{"scope":"pages_messaging","target_ids":["61",62]}]}}"#,
            ),
            says(r#"{"data":{"is_valid":false,"error":{"code":190,"message":"revoked"},"scopes":[]}}"#),
        ]);
        let graph = host.graph();
        let facts = graph.inspect_token(&Secret::new(TOKEN)).await.unwrap();
        assert_eq!((facts.kind.as_deref(), facts.app_id.as_deref()), (Some("SYSTEM_USER"), Some("7")));
        assert_eq!((facts.is_valid, facts.expires), (Some(true), Expiry::Never));
        assert_eq!(facts.data_expires, Expiry::At(UnixMillis(1_796_083_200_000)));
        assert_eq!(facts.scopes, ["ads_management", "5"]);
        assert_eq!(facts.targets, [("pages_messaging".to_owned(), vec!["61".to_owned(), "62".to_owned()])]);
        let dead = graph.inspect_token(&Secret::new(TOKEN)).await.unwrap();
        assert_eq!((dead.is_valid, dead.why.as_deref(), dead.expires), (Some(false), Some("revoked"), Expiry::Unknown));
    }

    #[tokio::test]
    async fn a_field_that_graph_does_not_show_is_left_out() {
        let refusal = r#"{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (location)"}}"#;
        let host = Host::plays(vec![
            Play::Close(answer("400 Bad Request", refusal)),
            says(r#"{"name":"Shop","is_published":false,"id":"61"}"#),
            says(r#"{"name":"Shop","location":{"country_code":"us"}}"#),
        ]);
        let (graph, page) = (host.graph(), PageId::parse("61").unwrap());
        let facts = graph.page_facts(&page).await.unwrap();
        assert_eq!((facts.name.as_deref(), facts.is_published, facts.country), (Some("Shop"), Some(false), None));
        assert_eq!(graph.page_facts(&page).await.unwrap().country.as_deref(), Some("US"));
        assert!(!host.requests()[1].contains("location"), "{:?}", host.requests());
    }

    #[tokio::test]
    async fn terms_are_accepted_by_their_name_or_number() {
        for (told, accepted) in [
            (r#"{"custom_audience_tos":1,"web_custom_audience_tos":1}"#, Some(true)),
            (r#"{"206760949512025":"1"}"#, Some(true)),
            (r#"{"custom_audience_tos":0}"#, Some(false)),
            (r#"{"web_custom_audience_tos":1}"#, Some(false)),
            ("{}", Some(false)),
            ("null", None),
            ("7", None),
        ] {
            let host = Host::plays(vec![says(&format!(r#"{{"account_status":1,"tos_accepted":{told}}}"#))]);
            let facts = host.graph().account_facts(&AdAccount::parse("12").unwrap()).await.unwrap();
            assert_eq!((facts.status, facts.terms_accepted), (Some(1), accepted), "{told}");
        }
    }

    #[tokio::test]
    async fn an_account_is_read_with_numbers_as_text() {
        let host = Host::plays(vec![says(
            r#"{"account_status":"2","disable_reason":1,"currency":"THB","timezone_name":"Asia/Bangkok","spend_cap":"0",
            "amount_spent":"1200","business_country_code":"TH"}"#,
        )]);
        let facts = host.graph().account_facts(&AdAccount::parse("12").unwrap()).await.unwrap();
        assert_eq!((facts.status, facts.disable_reason, facts.amount_spent), (Some(2), Some(1), Some(1200)));
        assert_eq!((facts.spend_cap, facts.country.as_deref()), (Some(0), Some("TH")));
    }
}
