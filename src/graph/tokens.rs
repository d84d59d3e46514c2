//! What Graph says about one subscription token.

use serde::Deserialize;

use super::Graph;
use super::error::{Call, Result};
use super::wire::time;
use crate::clock::UnixMillis;
use crate::json::Text;

/// In a path, what comes before a subscription token.
pub(super) const PREFIX: &str = "notification_messages_";

/// When a person may get a message again. Documented for opt-in tokens only: people from a custom audience have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// 12 h after the last accepted message of any sender. Documented without its unit.
    pub next_eligible_at: Option<UnixMillis>,
}

#[derive(Deserialize)]
struct TokenWire {
    #[serde(default)]
    next_eligible_time: Text,
    #[serde(default)]
    next_eligible_time_for_paid_messaging: Text,
}

impl Graph {
    /// When this person may get a message again; `None` if Graph does not know the token. Needs a Page token.
    pub async fn eligibility(&self, token: &str) -> Result<Option<Eligibility>> {
        let fields = [("fields", "next_eligible_time,next_eligible_time_for_paid_messaging")];
        let url = self.address(&[&format!("{PREFIX}{token}")], &fields)?;
        match self.read::<TokenWire>(&url, &Call::Eligibility).await {
            Ok(read) => {
                let wire = read;
                let paid = time(&wire.next_eligible_time_for_paid_messaging);
                Ok(Some(Eligibility { next_eligible_at: paid.max(time(&wire.next_eligible_time)) }))
            }
            Err(error) if error.is_no_such_object() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
