//! Meta's Graph API: one thin client for reads and other writes, one for sends.
//!
//! The only module that knows URLs, headers and wire shapes. Reads are retried on transient faults, 90 s in all; writes never.
//! Known secrets are replaced in every text from Graph before it leaves here.

mod access;
mod assets;
mod campaigns;
pub mod codes;
mod edits;
mod envelope;
mod error;
mod http;
mod insights;
mod inspect;
mod pages;
mod preview;
pub mod reach;
mod reuse;
mod sender;
mod subscriptions;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod usage;
mod wire;

pub use access::Access;
pub use assets::Assets;
pub use campaigns::{CampaignNode, Created, Kind, NewCampaign, Obstacle};
pub use edits::{Edit, Object};
pub use envelope::{ErrorFacts, GraphError};
pub use error::{Call, Error, Fault, Reading, Refused, Result};
pub use http::Graph;
pub use insights::{Action, Estimate, EstimateQuery, Insights, InsightsQuery, PRESETS};
pub use inspect::{AccountFacts, PageFacts, TokenFacts};
pub use pages::Pages;
pub use sender::{Answer, Body, RequestFrame, Sender, Transport};
pub use subscriptions::SubscribedApp;
pub use tls::Tls;
pub use tokens::{Expiry, Leaver, QUERY_WINDOW, SOURCES, Subscriber, Subscribers, Which};
pub use usage::{Tier, Usage};
