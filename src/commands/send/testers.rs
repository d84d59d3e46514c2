//! `mmsg send --test`: the message to a few people who are named on the command line, before any list.

use std::path::Path;

use super::campaign::CampaignFacts;
use super::cost;
use crate::campaign::Amount;
use crate::cli::values;
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::message::given;
use crate::error::{Error, Result};
use crate::ledger::spool::{Listing, Spool};
use crate::send::messages::Messages;
use crate::text;

/// More people are a list.
const MOST: usize = 10;

#[derive(clap::Args, Debug)]
pub struct TestArgs {
    /// Send only to these people, at most 10, and read no list. It is an ordinary, paid send of this broadcast: cool-downs and suppressions
    /// apply, and a tester who is also in the list does not get it again. A canary is not waited for.
    #[arg(long, value_name = "TOKEN", num_args = 1.., value_parser = values::token, conflicts_with_all = ["files", "token_column", "delimiter", "no_header", "reject", "strict", "allow_bad_rows", "allow_odd_tokens", "audience", "eligible", "never_sent", "sent_before", "not_read", "clicked", "expired", "expires_within", "suppressed", "zone", "canary", "canary_wait", "canary_max_failed", "canary_without_events", "resume", "retry_refused"])]
    test: Vec<String>,
    /// With --test: a value for ${COLUMN} of the message; repeat for more.
    #[arg(long, value_name = "COLUMN=TEXT", requires = "test")]
    value: Vec<String>,
}

impl TestArgs {
    pub fn is_given(&self) -> bool {
        !self.test.is_empty()
    }

    /// # Errors
    /// Exit 2 for too many, and for what is a list.
    pub fn check(&self) -> Result<()> {
        if self.test.len() > MOST {
            return Err(Error::usage(format!("--test takes at most {MOST} tokens, and these are {}", self.test.len()))
                .hint("send to more people with a list; --max-sends or --canary begins with a few of it"));
        }
        match self.test.iter().find(|token| Path::new(token).exists()) {
            Some(file) => Err(Error::usage(format!("--test takes tokens, and {file} is a file; nothing was sent"))
                .hint("--test reads no list: leave the file out, and send to it without --test later")),
            None => Ok(()),
        }
    }

    /// The testers as a list, each with the same values.
    ///
    /// # Errors
    /// Exit 2 if the message can't be made with these values; exit 10 if the spool can't be written.
    pub fn list(&self, messages: &Messages, folder: &Path) -> Result<Listing> {
        let failed = |error| failure::ledger::of_spool(error, folder);
        let values = self.values(messages)?;
        let mut spool = Spool::new(folder).map_err(failed)?;
        for token in &self.test {
            spool.add(token, values.as_deref()).map_err(failed)?;
        }
        spool.finish().map_err(failed)
    }

    fn values(&self, messages: &Messages) -> Result<Option<String>> {
        let columns = messages.columns();
        let row = given::row(&self.value, &columns)?;
        let is_given = |name: &str| {
            let column =
                |value: &String| value.split_once('=').is_some_and(|(column, _)| text::is_same_name(column, name));
            self.value.iter().any(column)
        };
        let missing = messages.all().flat_map(|template| template.required()).find(|name| !is_given(name));
        match missing {
            Some(name) => {
                Err(Error::usage(format!("the message uses ${{{name}}}, and --test reads no list to take it from"))
                    .hint(format!("add --value {name}=TEXT")))
            }
            None => Ok(messages.uses_values().then_some(row)),
        }
    }

    /// `2 people: 7000…21, 7000…22`
    pub fn whom(&self) -> String {
        let masked: Vec<String> = self.test.iter().map(|token| text::mask(token)).collect();
        format!("{}: {}", text::count(self.test.len() as u64, "person", "people"), masked.join(", "))
    }

    /// Says who gets it and what that costs, where no question does.
    pub async fn tell(&self, context: &Context, campaign: &CampaignFacts, due: u64, cost_per_delivery: Option<Amount>) {
        if context.ui.will_ask() || context.ui.is_quiet() {
            return;
        }
        let mut said = vec![format!("test: only to {}", self.whom())];
        if due < self.test.len() as u64 {
            said.push(format!("{} of them now", text::thousands(due)));
        }
        said.push(cost::read(context, campaign, due, cost_per_delivery).await.text());
        said.retain(|part| !part.is_empty());
        context.ui.status(&said.join("; "));
    }
}
