//! stub
use crate::campaign::*;
use crate::clock::*;
use crate::commands::Context;
use crate::error::*;
use crate::graph::*;
use std::time::Duration;
pub struct G;
pub struct R {
    pub date: Option<UnixMillis>,
    pub value: N,
}
pub struct N {
    pub id: CampaignId,
    pub campaign_name: Option<String>,
    pub page: Option<String>,
    pub created_at: Option<UnixMillis>,
    pub start: Option<UnixMillis>,
    pub end: Option<UnixMillis>,
}
impl G {
    pub async fn find_message(&self, _a: &AdAccount, id: &CampaignId) -> Result<R> {
        Ok(R {
            date: None,
            value: N {
                id: id.clone(),
                campaign_name: None,
                page: None,
                created_at: Some(UnixMillis(1)),
                start: None,
                end: None,
            },
        })
    }
}
impl Context {
    pub fn graph(&self) -> Result<G> {
        Ok(G)
    }
    pub async fn next_day(&self, now: UnixMillis) -> UnixMillis {
        now
    }
    pub fn sender(&self, t: Duration, c: usize) -> Result<Sender> {
        let access = Access {
            graph_url: self.settings.graph_url.value.clone(),
            api_version: self.settings.api_version.value.clone(),
            token: self.settings.token()?,
            app_secret: self.settings.app_secrets()?.into_iter().next(),
            redactor: self.settings.redactor(),
        };
        Sender::new(&access, &self.ad_account()?, t, c)
    }
    pub fn operator(&self) -> String {
        String::new()
    }
    pub fn push_globals(&self, _c: &mut String) {}
}
