//! People who were unsubscribed at Meta: an opt-out, as if they had stopped themselves.

use super::audited::{self, Asked};
use super::database::Ledger;
use super::error::Result;
use super::gate;
use super::key::key;
use super::people::choices::{self, Whom};
use super::people::suppression::Choice;
use super::people::tombs::Tombs;
use super::people::{Arrivals, operator, stop, tokens_of};
use super::witness;
use crate::clock::UnixMillis;
use crate::text::count;

/// What was kept of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Tokens that are opted out now.
    pub tokens: u64,
}

impl Ledger {
    /// Keeps that these people left, by token (all tokens of each person) and by PSID (also tokens that turn up later). `what` became of the
    /// change that Meta was asked for.
    pub fn keep_unsubscribed(
        &mut self,
        page: &str,
        tokens: &[String],
        psids: &[String],
        now: UnixMillis,
        (asked, what): (&Asked, &str),
    ) -> Result<Left> {
        let left = self.write(|conn| {
            gate::refuse_copied(conn)?;
            let tombs = Tombs::of(conn)?;
            let mut ids = Vec::new();
            for token in tokens {
                let met = Arrivals::new(conn)?.find_or_add(&key(token), token, page)?;
                ids.extend(operator::tokens(conn, met.id)?);
            }
            for psid in psids {
                let whom = Whom { page, psid };
                let hidden = tombs.psid(conn, whom)?;
                let whom = Whom { page, psid: hidden.as_deref().unwrap_or(psid) };
                choices::keep(conn, whom, Choice { at: now, opted_out: true })?;
                ids.extend(tokens_of(conn, whom)?);
            }
            ids.sort_unstable();
            ids.dedup();
            for id in &ids {
                stop(conn, *id, now)?;
            }
            let kept = count(ids.len() as u64, "token", "tokens");
            audited::end(conn, asked, &format!("{what}; {kept} opted out"))?;
            witness::step(conn, None)?;
            Ok(Left { tokens: ids.len() as u64 })
        })?;
        self.be_seen();
        Ok(left)
    }
}
