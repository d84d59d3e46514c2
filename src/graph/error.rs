//! Why a call to Graph gave no value. `commands` chooses what an operator is told.

use reqwest::StatusCode;

use super::codes::Class;
use super::envelope::{ErrorFacts, GraphError};
use crate::campaign::{AdAccount, CampaignId, PageId};
use crate::clock::UnixMillis;

/// Known secrets are replaced in all texts.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The access token is empty or has invalid characters. Nothing was sent.
    Token,
    /// The HTTP client can't be made.
    Client(String),
    /// An ID that can't be part of an address. Nothing was sent.
    Address(String),
    /// The call failed, and changed nothing.
    Failed { call: Call, host: String, fault: Fault },
    /// The answer to a write is lost or says nothing: it may or may not have happened.
    Unclear { call: Call, host: String, fault: Fault },
    /// The answer to a write is `success: false`.
    NotDone(Call),
    /// Neither a message nor a campaign or an ad set of the account has this id.
    NoSuchCampaign { id: CampaignId, account: AdAccount, refusal: Box<ErrorFacts> },
    /// The campaign or ad set of this id has several messages.
    SeveralMessages { id: CampaignId, messages: Vec<CampaignId> },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was asked of Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    InspectToken,
    /// Those that the access token sees.
    AdAccountsSeen,
    /// Those that the access token sees.
    PagesSeen,
    AdAccount(AdAccount),
    Page(PageId),
    MinimumBudgets(AdAccount),
    Campaigns(AdAccount),
    Campaign(CampaignId),
    CreateCampaign {
        name: String,
    },
    DeleteCampaign(CampaignId),
    /// `what` is changed to what, in words.
    EditCampaign {
        id: CampaignId,
        what: String,
    },
    /// Of a campaign or an ad account.
    Insights(String),
    Estimate(AdAccount),
    Preview,
    /// Of a subscription token, which is never named.
    Eligibility,
    Subscribers(PageId),
    CustomAudience(String),
    SubscribedApps(PageId),
    SubscribeApp(PageId),
    PageToken(PageId),
    /// So many people of a Page.
    Unsubscribe {
        page: PageId,
        people: usize,
    },
}

/// How a call failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Nothing was sent: no connection (a proxy of ours that refuses us is none), or a request that could not be built.
    NotSent(String),
    TimedOut,
    /// The connection broke before the answer was complete.
    Lost(String),
    /// An answer that is not Graph's, or not what was asked for. `sample` is its start.
    Strange {
        status: u16,
        sample: String,
    },
    /// An answer that is longer than any of Graph's, in bytes.
    TooLong {
        limit: usize,
    },
    /// A request whose address is too long, in bytes. It was not sent, or not taken.
    AddressTooLong {
        length: usize,
    },
    /// Graph's answer lacks this.
    Missing(&'static str),
    /// Graph said that a write is done, and what it wrote still reads like this.
    Unchanged(String),
    /// A list says that there are more pages, but not where.
    NoCursor,
    /// A list leads back to a page already read.
    Circle,
    Refused(Box<Refused>),
}

/// Graph's error, and what came with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub status: u16,
    pub error: GraphError,
    /// When it makes sense to ask again, by the server's clock; for [`Reading::Wait`] only.
    pub until: Option<UnixMillis>,
}

/// What an error from Graph means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It may have happened, or may work the next time.
    Unclear,
    /// Not now.
    Wait,
    /// Not with this token.
    Credentials,
    /// Not like this.
    Final,
}

impl Error {
    /// Graph's codes, to look the error up.
    pub fn facts(&self) -> ErrorFacts {
        match self {
            Self::Failed { fault: Fault::Refused(refused), .. }
            | Self::Unclear { fault: Fault::Refused(refused), .. } => refused.error.facts(),
            Self::NoSuchCampaign { refusal, .. } => (**refusal).clone(),
            _ => ErrorFacts::default(),
        }
    }

    /// Whether Graph understood the call and will refuse it again, whatever the token.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Failed { fault: Fault::Refused(refused), .. } => refused.reading() == Reading::Final,
            Self::NotDone(_) | Self::NoSuchCampaign { .. } | Self::SeveralMessages { .. } => true,
            Self::Failed { .. } | Self::Unclear { .. } | Self::Token | Self::Client(_) | Self::Address(_) => false,
        }
    }

    /// Whether there is no answer to go by: none came, it is not Graph's, or it tells nothing but to ask again.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Failed { fault: Fault::Refused(refused), .. }
            | Self::Unclear { fault: Fault::Refused(refused), .. } => refused.reading() == Reading::Unclear,
            Self::Failed { fault, .. } | Self::Unclear { fault, .. } => !matches!(fault, Fault::AddressTooLong { .. }),
            Self::NotDone(_)
            | Self::NoSuchCampaign { .. }
            | Self::SeveralMessages { .. }
            | Self::Token
            | Self::Client(_)
            | Self::Address(_) => false,
        }
    }

    /// Whether Graph refused a parameter, such as a field that it does not know.
    pub fn is_bad_parameter(&self) -> bool {
        let facts = self.facts();
        facts.code == Some(100) && facts.subcode != Some(33)
    }

    /// Whether it says that the object does not exist, or is of another kind than was asked for.
    pub(super) fn is_no_such_object(&self) -> bool {
        // 803 is what Graph says to a name that is not a number.
        matches!(self.facts().code, Some(100 | 803 | 2_300_001))
    }
}

impl Refused {
    pub fn reading(&self) -> Reading {
        match self.error.row() {
            Some(row) => match row.class {
                Class::Doubt => Reading::Unclear,
                Class::Wait => Reading::Wait,
                Class::Stop if row.needs_credentials => Reading::Credentials,
                Class::Stop | Class::Campaign | Class::Message | Class::Drop | Class::Later => Reading::Final,
            },
            None if self.error.is_transient || matches!(self.status, 300..=399 | 407 | 500..=599) => Reading::Unclear,
            None if self.status == StatusCode::TOO_MANY_REQUESTS => Reading::Wait,
            None if self.status == StatusCode::UNAUTHORIZED => Reading::Credentials,
            None => Reading::Final,
        }
    }
}

impl Fault {
    /// May be gone in a moment. Rate refusals are not: calling again makes the block longer.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::TimedOut | Self::Lost(_) => true,
            Self::Strange { status, .. } => matches!(status, 200..=299 | 500..=599),
            Self::TooLong { .. }
            | Self::AddressTooLong { .. }
            | Self::Missing(_)
            | Self::Unchanged(_)
            | Self::NoCursor
            | Self::Circle => false,
            Self::Refused(refused) => match refused.error.row() {
                Some(row) => row.class == Class::Doubt,
                None => refused.error.is_transient || matches!(refused.status, 500..=599),
            },
        }
    }

    /// Whether a write that failed this way may still have happened.
    pub(super) fn leaves_doubt(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::AddressTooLong { .. } => false,
            Self::Refused(refused) => refused.reading() == Reading::Unclear,
            Self::TimedOut
            | Self::Lost(_)
            | Self::Strange { .. }
            | Self::TooLong { .. }
            | Self::Missing(_)
            | Self::Unchanged(_)
            | Self::NoCursor
            | Self::Circle => true,
        }
    }

    /// Of the answer, if there is one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Strange { status, .. } => Some(*status),
            Self::Refused(refused) => Some(refused.status),
            _ => None,
        }
    }

    /// Graph's codes, if it said any.
    pub(super) fn facts(&self) -> ErrorFacts {
        match self {
            Self::Refused(refused) => refused.error.facts(),
            _ => ErrorFacts::default(),
        }
    }

    /// For the log.
    pub(super) fn text(&self) -> String {
        match self {
            Self::NotSent(why) | Self::Lost(why) => why.clone(),
            Self::TimedOut => "timeout".to_owned(),
            Self::Strange { status, .. } => format!("{status} without Graph's JSON"),
            Self::TooLong { limit } => format!("more than {limit} bytes"),
            Self::AddressTooLong { length } => format!("an address of {length} bytes"),
            Self::Missing(what) => format!("no {what}"),
            Self::Unchanged(reads) => format!("success, but it reads {reads}"),
            Self::NoCursor => "no cursor".to_owned(),
            Self::Circle => "a page twice".to_owned(),
            Self::Refused(refused) => refused.error.text(),
        }
    }
}
