//! Which webhooks of a Page an app gets: `subscribed_apps`.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Graph, Pages};
use crate::campaign::PageId;
use crate::error::{Error, Result};
use crate::json::{Flag, Text};
use crate::secret::Secret;

/// An app that gets webhooks of a Page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribedApp {
    pub id: Option<String>,
    pub name: Option<String>,
    pub fields: Vec<String>,
}

impl Graph {
    /// The apps that get webhooks of the Page. Needs a Page token.
    pub async fn subscribed_apps(&self, page: &PageId) -> Result<Vec<SubscribedApp>> {
        let what = format!("the webhook subscriptions of Page {page}");
        let rows: Pages<'_, AppWire> = Pages::new(self, &[page.as_str(), "subscribed_apps"], Vec::new(), what);
        let app = |row: AppWire| SubscribedApp {
            id: row.id.0,
            name: row.name.0,
            fields: row.subscribed_fields.into_iter().filter_map(|field| field.0).collect(),
        };
        Ok(rows.all().await?.into_iter().map(app).collect())
    }

    /// Makes these the fields that the token's app gets of the Page; others that it got are gone.
    pub async fn subscribe_app(&self, page: &PageId, fields: &[String]) -> Result<()> {
        let url = self.checked_url(&[page.as_str(), "subscribed_apps"])?;
        let what = format!("subscribe the app to webhooks of Page {page}");
        let body = json!({ "subscribed_fields": fields.join(",") });
        let answer: SuccessWire = self.write(Method::POST, &url, Some(body), &what, CHECK).await?.value;
        match answer.success.0 {
            Some(true) => Ok(()),
            Some(false) => Err(Error::refused(format!("Graph did not {what} (success is false)"))
                .hint("the Page token needs pages_manage_metadata and pages_messaging, and the task MODERATE")),
            None => Err(Error::doubt(format!("Graph's answer does not say whether it did this: {what}"))
                .hint(format!("{CHECK} shows whether it happened"))),
        }
    }

    /// The Page's own token, which a user's or system user's token may read.
    pub async fn page_token(&self, page: &PageId) -> Result<Option<Secret>> {
        let url = self.address(&[page.as_str()], &[("fields", "access_token")])?;
        let node: TokenWire = self.read(&url, format!("the token of Page {page}")).await?.value;
        Ok(node.access_token.0.map(Secret::new))
    }
}

const CHECK: &str = "mmsg webhook status";

#[derive(Deserialize)]
struct AppWire {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    subscribed_fields: Vec<Text>,
}

#[derive(Deserialize)]
struct SuccessWire {
    #[serde(default)]
    success: Flag,
}

#[derive(Deserialize)]
struct TokenWire {
    #[serde(default)]
    access_token: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;
    use crate::graph::test_host::{Host, Play, answer};

    fn page() -> PageId {
        PageId::parse("104857600123457").unwrap()
    }

    #[tokio::test]
    async fn apps_are_read_with_whatever_is_missing() {
        let host = Host::plays(vec![Play::Close(answer(
            "200 OK",
            r#"{"data":[{"id":771,"name":"Ours","subscribed_fields":["messages","marketing_message_reads"]},{"link":"x"}]}"#,
        ))]);
        let graph = Graph::new(host.access(), None).unwrap();
        let apps = graph.subscribed_apps(&page()).await.unwrap();
        assert_eq!(apps.len(), 2);
        assert_eq!(apps[0].id.as_deref(), Some("771"));
        assert_eq!(apps[0].fields, ["messages", "marketing_message_reads"]);
        assert_eq!(apps[1], SubscribedApp::default());
    }

    #[tokio::test]
    async fn a_subscription_names_every_field_and_holds_its_answer_to_its_word() {
        for (body, exit) in
            [(r#"{"success":true}"#, None), (r#"{"success":false}"#, Some(Exit::Refused)), (r"{}", Some(Exit::Doubt))]
        {
            let host = Host::plays(vec![Play::Close(answer("200 OK", body))]);
            let graph = Graph::new(host.access(), None).unwrap();
            let fields = ["messages".to_owned(), "messaging_optins".to_owned()];
            let done = graph.subscribe_app(&page(), &fields).await;
            assert_eq!(done.err().map(|error| error.exit()), exit, "{body}");
            let request = &host.requests()[0];
            assert!(request.starts_with("POST /v26.0/104857600123457/subscribed_apps "), "{request}");
            assert!(request.contains(r#""subscribed_fields":"messages,messaging_optins""#), "{request}");
        }
    }
}
