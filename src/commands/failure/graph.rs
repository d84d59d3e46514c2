//! Failures of calls to Graph.

use crate::error::{Error, Exit, GraphFacts};
use crate::graph::codes::{Class, CodeRow};
use crate::graph::{self, Call, ErrorFacts, Fault, Reading, Refused};
use crate::text;

const RUN_AGAIN: &str = "check the network and the Graph URL (mmsg config show), then run again";

impl From<graph::Error> for Error {
    fn from(error: graph::Error) -> Self {
        let facts = GraphFacts::from(error.facts());
        let told = match error {
            graph::Error::Token => Self::credentials("the access token is empty or contains invalid characters")
                .hint("set token in the profile, or MMSG_TOKEN"),
            graph::Error::Client(why) => Self::config(format!("can't set up the HTTP client: {why}")),
            graph::Error::Address(path) => Self::usage(format!("{path:?} can't be part of a Graph address")),
            graph::Error::Failed { call, host, fault } => failed(&call, &host, &fault, Exit::Network),
            graph::Error::Unclear { call, host, fault } => unclear(&call, &host, &fault),
            graph::Error::NotDone(call) => {
                let told = Self::refused(format!("can't {}: Graph answered success: false", aim(&call)));
                match call {
                    Call::SubscribeApp(_) => {
                        told.hint("the Page token needs pages_manage_metadata, pages_messaging and the task MODERATE")
                    }
                    call => told.hint(format!("{}; the token needs ads_management", check(&call))),
                }
            }
            graph::Error::NoSuchCampaign { id, account, .. } => {
                Self::refused(format!("campaign {id} was not found in {account}, or the token has no access to it"))
                    .hint("mmsg campaign list shows the campaigns; mmsg config show shows the ad account")
            }
            graph::Error::SeveralMessages { id, messages } => {
                let ids: Vec<&str> = messages.iter().map(|id| id.as_str()).collect();
                Self::refused(format!("{id} contains {} messages: {}", ids.len(), ids.join(", ")))
                    .hint("use one of these IDs")
            }
        };
        told.graph(facts)
    }
}

impl From<ErrorFacts> for GraphFacts {
    fn from(facts: ErrorFacts) -> Self {
        let ErrorFacts { code, subcode, fbtrace_id } = facts;
        Self { code, subcode, fbtrace_id }
    }
}

/// The exit code of a run that an answer of this row ended, given its class (see [`CodeRow::class_when`]).
pub fn exit_of(row: &CodeRow, class: Class) -> Exit {
    match class {
        Class::Stop if row.needs_credentials => Exit::Credentials,
        Class::Stop | Class::Campaign | Class::Message => Exit::Refused,
        // Counted, and no reason for a script to look.
        Class::Drop if row.suppresses => Exit::Done,
        Class::Drop => Exit::PartlyRefused,
        Class::Later | Class::Wait => Exit::NotYet,
        Class::Doubt => Exit::Doubt,
    }
}

/// `unclear` is the exit code of what may or may not have happened: network for a read, doubt for a write.
fn failed(call: &Call, host: &str, fault: &Fault, unclear: Exit) -> Error {
    let what = aim(call);
    let new = |exit, why: &str| Error::new(exit, format!("can't {what}: {why}"));
    match fault {
        Fault::NotSent(why) => new(Exit::Network, &format!("{host} can't be reached: {why}")).hint(RUN_AGAIN),
        Fault::TimedOut => new(unclear, &format!("{host} did not answer in time")).hint(RUN_AGAIN),
        Fault::Lost(why) => {
            new(unclear, &format!("the connection to {host} broke before the answer was complete: {why}"))
                .hint(RUN_AGAIN)
        }
        Fault::Strange { status: 429, sample } => {
            new(unclear, &strange(host, 429, sample)).hint("run again in a few minutes")
        }
        Fault::Strange { status, sample } => new(unclear, &strange(host, *status, sample))
            .hint("is there a proxy in between? check the Graph URL (mmsg config show), then run again"),
        Fault::TooLong { limit } => {
            new(unclear, &format!("{host} answered with more than {}", text::size(*limit as u64)))
                .hint("is there a proxy in between? check the Graph URL (mmsg config show)")
        }
        Fault::AddressTooLong { length } => new(
            Exit::Refused,
            &format!("the message makes an address of {}, which is too long", text::size(*length as u64)),
        )
        .hint("mmsg message preview --local draws it without Graph"),
        Fault::Missing(field) => new(unclear, &format!("Graph's answer has no {field}")).hint(match call {
            Call::Preview => "run again, or use mmsg message preview --local, which does not need Graph",
            _ => "run again",
        }),
        Fault::Unchanged(reads) => {
            new(unclear, &format!("Graph answered success, but read back it is still {reads}")).hint("run again")
        }
        Fault::NoCursor => {
            new(unclear, "Graph says there are more pages but not where").hint("run again; nothing was changed")
        }
        Fault::Circle => {
            let told = new(unclear, "Graph returned the same page twice");
            match call {
                Call::Subscribers(_) => told.hint(
                    "run the same command again; if it stops at the same page, start from the first one with --restart",
                ),
                _ => told.hint("run again; nothing was changed"),
            }
        }
        Fault::Refused(refused) => by_graph(call, refused, unclear),
    }
}

fn strange(host: &str, status: u16, sample: &str) -> String {
    let sample = if sample.is_empty() { "an empty body" } else { sample };
    format!("{host} answered HTTP {status} with something other than Graph's JSON: {sample}")
}

fn by_graph(call: &Call, refused: &Refused, unclear: Exit) -> Error {
    let exit = match refused.reading() {
        Reading::Unclear => unclear,
        Reading::Wait => Exit::NotYet,
        Reading::Credentials => Exit::Credentials,
        Reading::Final => Exit::Refused,
    };
    let told = Error::new(exit, format!("can't {}: Graph refused: {}", aim(call), refused.error.text()))
        .hint(hint(call, refused));
    match refused.until {
        Some(until) => told.next_run_at(until),
        None => told,
    }
}

fn hint(call: &Call, refused: &Refused) -> String {
    let facts = refused.error.facts();
    // For "no such object, or no permission": the ad account is the only object that these calls name.
    if let (Some(100), Some(33)) = (facts.code, facts.subcode)
        && let Call::AdAccount(account)
        | Call::MinimumBudgets(account)
        | Call::Campaigns(account)
        | Call::Estimate(account) = call
    {
        return format!(
            "is {account} the right ad account, and does the token have access to it? mmsg config show shows where both \
             come from"
        );
    }
    if let Some(row) = refused.error.row() {
        return row.hint.to_owned();
    }
    match refused.reading() {
        Reading::Unclear => "run again",
        Reading::Wait => "run again at the time shown",
        Reading::Credentials => "mmsg config show shows where the token comes from",
        Reading::Final => "read Graph's message; mmsg does not know this code",
    }
    .to_owned()
}

/// A write that may or may not have happened.
fn unclear(call: &Call, host: &str, fault: &Fault) -> Error {
    let told =
        Error::doubt(format!("not sure whether {}", done(call))).because(&failed(call, host, fault, Exit::Doubt));
    match call {
        Call::Unsubscribe { .. } => {
            told.hint("run the same command again: for people who are unsubscribed it changes nothing")
        }
        call => told.hint(format!("{}; check before you run this again", check(call))),
    }
}

/// Completes "can't …".
fn aim(call: &Call) -> String {
    match call {
        Call::InspectToken => "inspect the access token".to_owned(),
        Call::AdAccountsSeen => "list the ad accounts that the access token sees".to_owned(),
        Call::PagesSeen => "list the Pages that the access token sees".to_owned(),
        Call::AdAccount(account) => format!("read the ad account {account}"),
        Call::Page(page) => format!("read Page {page}"),
        Call::MinimumBudgets(account) => format!("read the minimum budgets of {account}"),
        Call::Campaigns(account) => format!("read the campaigns of {account}"),
        Call::Campaign(id) => format!("read campaign {id}"),
        Call::CreateCampaign { name } => format!("create the campaign {name:?}"),
        Call::DeleteCampaign(id) => format!("delete campaign {id}"),
        Call::EditCampaign { id, what } => format!("change campaign {id} to {what}"),
        Call::Insights(of) => format!("read the insights of {of}"),
        Call::Estimate(account) => format!("read the estimate of {account}"),
        Call::Preview => "read the preview".to_owned(),
        Call::Eligibility => "read a subscription token".to_owned(),
        Call::Subscribers(page) => format!("read the subscription tokens of Page {page}"),
        Call::CustomAudience(id) => format!("read the custom audience {id}"),
        Call::SubscribedApps(page) => format!("read the webhook subscriptions of Page {page}"),
        Call::SubscribeApp(page) => format!("subscribe the app to webhooks of Page {page}"),
        Call::PageToken(page) => format!("read the token of Page {page}"),
        Call::Unsubscribe { page, people } => {
            format!("unsubscribe {} from Page {page}", text::count(*people as u64, "person", "people"))
        }
    }
}

/// Completes "not sure whether …".
fn done(call: &Call) -> String {
    match call {
        Call::CreateCampaign { name } => format!("the campaign {name:?} was created"),
        Call::DeleteCampaign(id) => format!("campaign {id} was deleted"),
        Call::EditCampaign { id, what } => format!("campaign {id} was changed to {what}"),
        Call::SubscribeApp(page) => format!("the app was subscribed to webhooks of Page {page}"),
        Call::Unsubscribe { page, people } => {
            format!("{} unsubscribed from Page {page}", text::count(*people as u64, "person was", "people were"))
        }
        read => format!("this was done: {}", aim(read)),
    }
}

/// The command that shows what happened to a write.
fn check(call: &Call) -> String {
    match call {
        Call::DeleteCampaign(id) => format!("mmsg campaign get {id} shows whether it still exists"),
        Call::EditCampaign { id, .. } => format!("mmsg campaign get {id} shows whether it was"),
        Call::SubscribeApp(_) => "mmsg webhook status shows whether it was".to_owned(),
        _ => "mmsg campaign list shows whether it was".to_owned(),
    }
}

#[cfg(test)]
mod tests;
