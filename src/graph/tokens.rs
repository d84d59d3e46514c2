//! What Graph says about subscription tokens: about one, and about all of a Page. Both need a Page token.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Call, Fault, Result};
use super::wire::time;
use super::{Graph, Pages};
use crate::campaign::PageId;
use crate::clock::UnixMillis;
use crate::json::{Text, lenient};

/// Somebody who is to be unsubscribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaver {
    Token(String),
    Psid(String),
    /// One person's number, with its country code and without a plus, or address, or both.
    Contact {
        phone: Option<String>,
        email: Option<String>,
    },
}

impl Leaver {
    fn row(&self) -> Value {
        match self {
            Self::Token(token) => json!({ "subscriber_token": token }),
            Self::Psid(psid) => json!({ "psid": psid }),
            Self::Contact { phone, email } => {
                let fields = [("phone", phone), ("email", email)];
                let named =
                    fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?))));
                Value::Object(named.collect())
            }
        }
    }
}

#[derive(Deserialize)]
struct UnsubscribedWire {
    #[serde(default)]
    invalid_rows_count: Text,
}

/// In a path, what comes before a subscription token.
pub(super) const PREFIX: &str = "notification_messages_";

/// The most that Graph gives on one page (documented).
const PAGE_SIZE: &str = "1000";

/// Token queries are limited by the hour (documented).
pub const QUERY_WINDOW: Duration = Duration::from_hours(1);

/// Of every entry of the list. `next_eligible_time_for_paid_messaging` is known from the SDKs alone.
const FIELDS: &str = "notification_messages_token,recipient_id,notification_messages_reoptin,notification_messages_timezone,\
    creation_timestamp,token_expiry_timestamp,next_eligible_time,next_eligible_time_for_paid_messaging";

/// Where people subscribed, in Meta's words. Known from the SDKs alone.
pub const SOURCES: [&str; 4] = ["CTM", "SUBSCRIBER_LIST", "COMMENT_AUTOMATION", "REPLY_AUTOMATION"];

/// Which entries of a Page's token list are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Of these custom audiences; none: of the Page.
    pub audiences: Vec<String>,
    /// Those below are known from the SDKs alone: Graph may refuse them.
    pub since: Option<UnixMillis>,
    pub until: Option<UnixMillis>,
    /// Some of [`SOURCES`].
    pub sources: Vec<String>,
}

impl Which {
    fn query(&self) -> Vec<(&'static str, String)> {
        let list = |name, all: &[String]| Some((name, json!(all).to_string())).filter(|_| !all.is_empty());
        let time = |name, at: Option<UnixMillis>| at.map(|at| (name, at.to_string()));
        [
            Some(("fields", FIELDS.to_owned())),
            Some(("limit", PAGE_SIZE.to_owned())),
            list("custom_audience_ids", &self.audiences),
            time("since", self.since),
            time("until", self.until),
            list("opt_in_source", &self.sources),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// When a person may get a message again. Documented for opt-in tokens only: people from a custom audience have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// 12 h after the last accepted message of any sender. Documented without its unit.
    pub next_eligible_at: Option<UnixMillis>,
}

/// When a token expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// Graph does not say: so of people from a custom audience.
    #[default]
    Unknown,
    Never,
    At(UnixMillis),
}

/// An entry of a Page's token list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscriber {
    pub token: Option<String>,
    /// Who it is: several tokens may be one person's. People from a custom audience have none.
    pub psid: Option<String>,
    /// ENABLED, or another word of Meta's.
    pub reoptin: Option<String>,
    pub time_zone: Option<String>,
    /// When the token was made, where Graph says it.
    pub created_at: Option<UnixMillis>,
    pub expiry: Expiry,
    /// The later of the two times that Graph tells.
    pub next_eligible_at: Option<UnixMillis>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenWire {
    notification_messages_token: Text,
    recipient_id: Text,
    notification_messages_reoptin: Text,
    notification_messages_timezone: Text,
    creation_timestamp: Text,
    token_expiry_timestamp: Text,
    next_eligible_time: Text,
    next_eligible_time_for_paid_messaging: Text,
}

#[derive(Deserialize)]
struct AudienceWire {
    #[serde(default, deserialize_with = "lenient")]
    messenger_marketing_messages_page: PageWire,
}

#[derive(Default, Deserialize)]
struct PageWire {
    #[serde(default)]
    id: Text,
}

/// Graph's word for never is 0.
pub(super) fn expiry(field: &Text) -> Expiry {
    match time(field) {
        Some(at) => Expiry::At(at),
        None if field.0.as_deref() == Some("0") => Expiry::Never,
        None => Expiry::Unknown,
    }
}

impl TokenWire {
    fn next_eligible_at(&self) -> Option<UnixMillis> {
        time(&self.next_eligible_time_for_paid_messaging).max(time(&self.next_eligible_time))
    }
}

impl From<TokenWire> for Subscriber {
    fn from(wire: TokenWire) -> Self {
        let next_eligible_at = wire.next_eligible_at();
        let given = |text: Text| text.0.filter(|text| !text.is_empty());
        let expiry = expiry(&wire.token_expiry_timestamp);
        Self {
            token: given(wire.notification_messages_token),
            // 0 stands for nobody.
            psid: given(wire.recipient_id).filter(|psid| psid != "0"),
            reoptin: given(wire.notification_messages_reoptin),
            time_zone: given(wire.notification_messages_timezone),
            created_at: time(&wire.creation_timestamp),
            expiry,
            next_eligible_at,
        }
    }
}

/// A Page's token list, read page by page.
pub struct Subscribers<'g>(Pages<'g, TokenWire>);

impl Subscribers<'_> {
    /// The next page, which may be empty; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<Subscriber>>> {
        Ok(self.0.next().await?.map(|rows| rows.into_iter().map(Subscriber::from).collect()))
    }

    /// Where the page after the last one that was read begins; `None` if there is none.
    pub fn cursor(&self) -> Option<&str> {
        self.0.cursor()
    }

    /// Entries that can't be read, on all pages so far.
    pub fn unreadable(&self) -> u64 {
        self.0.unreadable()
    }
}

impl Graph {
    /// The Page's token list, or part of it. `after`: a cursor of an earlier reading.
    pub fn subscribers(&self, page: &PageId, which: &Which, after: Option<String>) -> Subscribers<'_> {
        let call = Call::Subscribers(page.clone());
        let path = [page.as_str(), "notification_message_tokens"];
        Subscribers(Pages::new(self, &path, which.query(), call).flat(after))
    }

    /// Unsubscribes these people from the Page's marketing messages; how many rows Graph could not use. Needs the Page's token.
    ///
    /// [`Error::Unclear`] if the answer is lost, or does not say it.
    ///
    /// [`Error::Unclear`]: super::Error::Unclear
    pub async fn unsubscribe(&self, page: &PageId, leavers: &[Leaver]) -> Result<u64> {
        let url = self.checked_url(&[page.as_str(), "messaging_customer_base", "unsubscribe"])?;
        let call = Call::Unsubscribe { page: page.clone(), people: leavers.len() };
        let rows: Vec<Value> = leavers.iter().map(Leaver::row).collect();
        let answer: UnsubscribedWire = self.write(Method::POST, &url, Some(json!({ "data": rows })), &call).await?;
        let invalid = answer.invalid_rows_count.0.and_then(|count| count.parse().ok());
        invalid.ok_or_else(|| self.unclear(&call, Fault::Missing("invalid_rows_count")))
    }

    /// The Page whose subscribers a custom audience has; `None` for one that is not an audience for marketing messages. Needs the ad account's
    /// token.
    pub async fn page_of_audience(&self, id: &str) -> Result<Option<String>> {
        let url = self.address(&[id], &[("fields", "messenger_marketing_messages_page")])?;
        let read: AudienceWire = self.read(&url, &Call::CustomAudience(id.to_owned())).await?;
        Ok(read.messenger_marketing_messages_page.id.0)
    }

    /// When this person may get a message again; `None` if Graph does not know the token. Needs a Page token.
    pub async fn eligibility(&self, token: &str) -> Result<Option<Eligibility>> {
        let fields = [("fields", "next_eligible_time,next_eligible_time_for_paid_messaging")];
        let url = self.address(&[&format!("{PREFIX}{token}")], &fields)?;
        match self.read::<TokenWire>(&url, &Call::Eligibility).await {
            Ok(wire) => Ok(Some(Eligibility { next_eligible_at: wire.next_eligible_at() })),
            Err(error) if error.is_no_such_object() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::host::{Host, Play, answer};
    use crate::graph::{Error, Fault};

    fn subscriber(json: &str) -> Subscriber {
        serde_json::from_str::<TokenWire>(json).unwrap().into()
    }

    #[test]
    fn an_entry_is_read_with_whatever_is_missing_and_the_later_time_counts() {
        let read = subscriber(
            r#"{"notification_messages_token":"7","recipient_id":61,"notification_messages_reoptin":"ENABLED",
                "notification_messages_timezone":"Asia/Kolkata","token_expiry_timestamp":1796083200,
                "next_eligible_time":"1796083300","next_eligible_time_for_paid_messaging":1796083100000}"#,
        );
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        assert_eq!((read.token.as_deref(), read.psid.as_deref()), (Some("7"), Some("61")));
        assert_eq!((read.reoptin.as_deref(), read.time_zone.as_deref()), (Some("ENABLED"), Some("Asia/Kolkata")));
        assert_eq!((read.expiry, read.next_eligible_at), (Expiry::At(at(1_796_083_200)), Some(at(1_796_083_300))));
        let paid = r#"{"next_eligible_time":1,"next_eligible_time_for_paid_messaging":1796083400}"#;
        assert_eq!(subscriber(paid).next_eligible_at, Some(at(1_796_083_400)));
        assert_eq!(subscriber(r#"{"token_expiry_timestamp":0}"#).expiry, Expiry::Never);
        assert_eq!(subscriber(r#"{"recipient_id":"0","notification_messages_timezone":""}"#), Subscriber::default());
        assert_eq!(subscriber(r#"{"token_expiry_timestamp":null,"next_eligible_time":0}"#), Subscriber::default());
    }

    async fn read_all(after: Option<&str>, bodies: &[&str]) -> (Vec<String>, Option<Error>, Vec<String>) {
        let host = Host::plays(bodies.iter().map(|body| Play::Close(answer("200 OK", body))).collect());
        let graph = host.graph();
        let page = PageId::parse("104857600123457").unwrap();
        let mut list = graph.subscribers(&page, &Which::default(), after.map(str::to_owned));
        let mut cursors = Vec::new();
        let error = loop {
            match list.next().await {
                Ok(Some(_)) => cursors.push(list.cursor().unwrap_or("end").to_owned()),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        (cursors, error, host.requests())
    }

    #[tokio::test]
    async fn pages_follow_the_cursor_and_one_that_does_not_move_is_an_error() {
        let page = |after: &str, more: bool| {
            let next = if more { r#","next":"https://graph.facebook.com/x?access_token=EAAB""# } else { "" };
            format!(r#"{{"data":[{{"id":"1"}}],"paging":{{"cursors":{{"after":"{after}"}}{next}}}}}"#)
        };
        let (cursors, error, requests) = read_all(Some("A"), &[&page("B", true), &page("C", false)]).await;
        assert_eq!((cursors, error), (vec!["B".to_owned(), "end".to_owned()], None));
        for (request, after) in requests.iter().zip(["after=A", "after=B"]) {
            assert!(
                request.contains("limit=1000") && request.contains(after) && !request.contains("access_token"),
                "{request}"
            );
        }
        for pages in [vec![page("A", true)], vec![page("B", true), page("A", true)]] {
            let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
            let (_, error, requests) = read_all(Some("A"), &pages).await;
            assert!(matches!(error, Some(Error::Failed { fault: Fault::Circle, .. })), "{error:?}");
            assert_eq!(requests.len(), pages.len());
        }
    }
}
