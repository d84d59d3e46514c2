//! Which webhooks of a Page an app receives: `subscribed_apps`.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::error::{Call, Result};
use super::{Graph, Pages};
use crate::campaign::PageId;
use crate::json::Text;
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
        let call = Call::SubscribedApps(page.clone());
        let rows: Pages<'_, AppWire> = Pages::new(self, &[page.as_str(), "subscribed_apps"], Vec::new(), call);
        let app = |row: AppWire| SubscribedApp {
            id: row.id.0,
            name: row.name.0,
            fields: row.subscribed_fields.into_iter().filter_map(|field| field.0).collect(),
        };
        Ok(rows.all().await?.into_iter().map(app).collect())
    }

    /// Sets the fields that the token's app receives for the Page; others are removed. [`Error::Unclear`] when Graph says `success`
    /// and no app has all of them.
    ///
    /// [`Error::Unclear`]: super::Error::Unclear
    pub async fn subscribe_app(&self, page: &PageId, fields: &[String]) -> Result<()> {
        let url = self.checked_url(&[page.as_str(), "subscribed_apps"])?;
        let body = json!({ "subscribed_fields": fields.join(",") });
        let call = Call::SubscribeApp(page.clone());
        self.write_flag(Method::POST, &url, Some(body), call.clone()).await?;
        self.confirm(&call, || async {
            let apps = self.subscribed_apps(page).await.ok()?;
            let lacks = |app: &SubscribedApp| fields.iter().any(|field| !app.fields.contains(field));
            apps.iter().all(lacks).then(|| "without some of these fields".to_owned())
        })
        .await
    }

    /// The Page's own token, which a user's or system user's token may read, and what the Page is called.
    pub async fn page_token(&self, page: &PageId) -> Result<(Option<Secret>, Option<String>)> {
        let url = self.address(&[page.as_str()], &[("fields", "access_token,name")])?;
        let node: TokenWire = self.read(&url, &Call::PageToken(page.clone())).await?;
        Ok((node.access_token.0.map(Secret::new), node.name.0))
    }
}

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
struct TokenWire {
    #[serde(default)]
    access_token: Text,
    #[serde(default)]
    name: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::host::{Host, Play, answer};
    use crate::graph::{Error, Fault};

    fn page() -> PageId {
        PageId::parse("104857600123457").unwrap()
    }

    #[tokio::test]
    async fn apps_are_read_with_whatever_is_missing() {
        let host = Host::plays(vec![Play::Close(answer(
            "200 OK",
            r#"{"data":[{"id":771,"name":"Ours","subscribed_fields":["messages","marketing_message_reads"]},{"link":"x"}]}"#,
        ))]);
        let graph = host.graph();
        let apps = graph.subscribed_apps(&page()).await.unwrap();
        assert_eq!(apps.len(), 2);
        assert_eq!(apps[0].id.as_deref(), Some("771"));
        assert_eq!(apps[0].fields, ["messages", "marketing_message_reads"]);
        assert_eq!(apps[1], SubscribedApp::default());
    }

    #[tokio::test]
    async fn a_subscription_names_every_field_and_holds_its_answer_to_its_word() {
        let apps =
            r#"{"data":[{"subscribed_fields":["feed"]},{"subscribed_fields":["messaging_optins","messages","feed"]}]}"#;
        let fewer = r#"{"data":[{"subscribed_fields":["messages"]},{"subscribed_fields":["messaging_optins"]}]}"#;
        for (body, reads, want) in [
            (r#"{"success":true}"#, vec![apps], 0),
            // Shown a moment later.
            (r#"{"success":true}"#, vec![fewer, apps], 0),
            (r#"{"success":true}"#, vec![fewer; 3], 3),
            (r#"{"success":false}"#, vec![], 1),
            (r"{}", vec![], 2),
        ] {
            let plays = std::iter::once(body).chain(reads).map(|body| Play::Close(answer("200 OK", body)));
            let host = Host::plays(plays.collect());
            let fields = ["messages".to_owned(), "messaging_optins".to_owned()];
            let done = host.graph().subscribe_app(&page(), &fields).await;
            let seen = match done {
                Ok(()) => 0,
                Err(Error::NotDone(Call::SubscribeApp(_))) => 1,
                Err(Error::Unclear { fault: Fault::Missing("success"), .. }) => 2,
                Err(Error::Unclear { call: Call::SubscribeApp(_), fault: Fault::Unchanged(_), .. }) => 3,
                Err(other) => panic!("{body}: {other:?}"),
            };
            assert_eq!(seen, want, "{body}");
            let request = &host.requests()[0];
            assert!(request.starts_with("POST /v26.0/104857600123457/subscribed_apps "), "{request}");
            assert!(request.contains(r#""subscribed_fields":"messages,messaging_optins""#), "{request}");
        }
    }
}
