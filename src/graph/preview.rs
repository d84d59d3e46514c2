//! Meta's own picture of a message.

use serde::Deserialize;
use serde_json::json;

use super::Graph;
use super::error::{Call, Error, Fault, Result};
use crate::campaign::{AdAccount, PageId};
use crate::json::Text;

/// The longest address that can be asked for. Meta documents none for Graph, and there is no other way to ask: it removed the POST that
/// stands for a GET.
const LONGEST_ADDRESS: usize = 65_534;

/// What a server says to an address, or to a head with it, that is too long.
const TOO_LONG: [u16; 2] = [414, 431];

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
        let length = url.as_str().len();
        let too_long = || self.failed(&Call::Preview, Fault::AddressTooLong { length });
        if length > LONGEST_ADDRESS {
            return Err(too_long());
        }
        let answer: Previews = self.read(&url, &Call::Preview).await.map_err(|error| match error {
            Error::Failed { fault: Fault::Strange { status, .. }, .. } if TOO_LONG.contains(&status) => too_long(),
            error => error,
        })?;
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
