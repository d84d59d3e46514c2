//! What an access token's user was given: ad accounts (`GET /me/adaccounts`) and Pages (`GET /me/accounts`), as Meta's reference of the
//! User node has them.

use serde::Deserialize;

use super::error::{Call, Result};
use super::{Graph, Pages};
use crate::campaign::{AdAccount, PageId};
use crate::json::Text;

/// As many as Graph gives in one answer: who has more types an ID.
const AT_ONCE: &str = "100";

/// The first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets<I> {
    /// Each with what Meta calls it.
    pub rows: Vec<(I, Option<String>)>,
    /// Whether there are more.
    pub more: bool,
}

impl<I> Default for Assets<I> {
    fn default() -> Self {
        Self { rows: Vec::new(), more: false }
    }
}

impl Graph {
    /// Ad accounts that the access token sees.
    pub async fn ad_accounts_seen(&self) -> Result<Assets<AdAccount>> {
        let query = vec![("fields", "id,name".to_owned()), ("limit", AT_ONCE.to_owned())];
        first_of(Pages::new(self, &["me", "adaccounts"], query, Call::AdAccountsSeen), AdAccount::parse).await
    }

    /// Pages that the access token sees. Their own tokens are not asked for.
    pub async fn pages_seen(&self) -> Result<Assets<PageId>> {
        let query = vec![("fields", "id,name".to_owned()), ("limit", AT_ONCE.to_owned())];
        first_of(Pages::new(self, &["me", "accounts"], query, Call::PagesSeen), PageId::parse).await
    }
}

async fn first_of<I>(mut list: Pages<'_, Wire>, parse: fn(&str) -> Result<I, String>) -> Result<Assets<I>> {
    let wires = list.next().await?.unwrap_or_default();
    let rows = wires.into_iter().filter_map(|wire| Some((parse(&wire.id.0?).ok()?, wire.name.0))).collect();
    Ok(Assets { rows, more: list.cursor().is_some() })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    id: Text,
    name: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::host::{Host, Play, answer};

    #[tokio::test]
    async fn the_first_are_read_and_a_row_that_is_none_costs_itself() {
        let says = |body: &str| Play::Close(answer("200 OK", body));
        let host = Host::plays(vec![
            says(
                r#"{"data":[{"id":"act_12","name":"Shop"},{"id":"x"},null,{"id":"act_13"}],
                "paging":{"cursors":{"after":"c"},"next":"https://graph.facebook.com/next"}}"#,
            ),
            says(r#"{"data":[{"id":61,"name":"Lotus"}],"paging":{"cursors":{"after":"c"}}}"#),
        ]);
        let graph = host.graph();
        let account = |id| AdAccount::parse(id).unwrap();
        let found = graph.ad_accounts_seen().await.unwrap();
        let rows = vec![(account("12"), Some("Shop".to_owned())), (account("13"), None)];
        assert_eq!(found, Assets { rows, more: true });
        let rows = vec![(PageId::parse("61").unwrap(), Some("Lotus".to_owned()))];
        assert_eq!(graph.pages_seen().await.unwrap(), Assets { rows, more: false });
        assert!(host.requests().iter().all(|request| !request.contains("access_token")), "{:?}", host.requests());
    }
}
