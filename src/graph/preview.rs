//! Meta's own picture of a message.

use serde::Deserialize;
use serde_json::json;

use super::Graph;
use super::error::{Call, Fault, Result};
use crate::campaign::{AdAccount, PageId};
use crate::json::Text;

impl Graph {
    /// The markup of a preview: one iframe, whose `src` holds signed values. `message` is the JSON of the message.
    pub async fn preview(&self, account: &AdAccount, page: &PageId, message: &str) -> Result<String> {
        let creative = json!({
            "marketing_message_structured_spec": {},
            "object_story_spec": { "page_id": page.as_str(), "link_data": {} },
        })
        .to_string();
        let query = [
            ("ad_format", "MESSENGER_MARKETING_MESSAGES_MEDIA"),
            ("creative", creative.as_str()),
            ("message", message),
        ];
        let url = self.address(&[account.as_str(), "generatepreviews"], &query)?;
        let answer: Previews = self.read(&url, &Call::Preview).await?;
        let body = answer.data.into_iter().find_map(|preview| preview.body.0);
        body.ok_or_else(|| self.failed(&Call::Preview, Fault::Missing("preview")))
    }
}

#[derive(Deserialize)]
struct Previews {
    data: Vec<Preview>,
}

#[derive(Deserialize)]
struct Preview {
    #[serde(default)]
    body: Text,
}
