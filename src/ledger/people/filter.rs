//! Which people are meant: conditions that all must hold, written as SQL that every engine has.

use std::time::Duration;

use super::suppression::Suppression;
use crate::clock::UnixMillis;
use crate::ledger::db::Value;
use crate::ledger::state::State;

/// Conditions on the people of a Page; the default takes everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// May get a message now.
    pub eligible: bool,
    /// No message was accepted for them, or may have been.
    pub never_sent: bool,
    /// Their last message was accepted before.
    pub sent_before: Option<UnixMillis>,
    /// They got a message, and neither read the last one nor clicked in it.
    pub not_read: bool,
    /// They clicked in a message.
    pub clicked: bool,
    pub expired: bool,
    /// The token is valid, and expires within this time.
    pub expires_within: Option<Duration>,
    pub suppressed: bool,
    /// The ID of the audience that they are in.
    pub audience: Option<i64>,
    /// They live in one of these time zones; none: anywhere.
    pub zones: Vec<String>,
}

/// The conditions as SQL on `recipients r`, and the values of its parameters.
pub struct Clause<'f> {
    pub sql: String,
    pub values: Vec<Value<'f>>,
}

impl<'f> Clause<'f> {
    /// The parameter of a value.
    fn value(&mut self, value: Value<'f>) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" and ");
        self.sql.push_str(condition);
    }
}

impl Filter {
    /// `?1` is the Page, `?2` is now.
    pub fn clause<'f>(&'f self, page: &'f str, now: UnixMillis) -> Clause<'f> {
        let mut clause = Clause {
            sql: "r.page = ?1 and r.erased_at is null".to_owned(),
            values: vec![Value::Text(page), Value::Int(now.0)],
        };
        // Every engine wants to hear of each parameter.
        clause.and("cast(?2 as bigint) is not null");
        if self.eligible {
            clause.and("r.suppressed is null and (r.expires_at is null or r.expires_at > ?2)");
            clause.and("r.blocked_until <= ?2 and (r.next_eligible_at is null or r.next_eligible_at <= ?2)");
        }
        let of_theirs = format!("s.recipient = r.id and s.state = {}", State::Accepted.number());
        if self.never_sent {
            clause.and(&format!("not exists (select 1 from sends s where {of_theirs})"));
            // Few rows, found by indexes of their own.
            for (state, index) in [(State::Unknown, "sends_unknown"), (State::Claimed, "sends_claimed")] {
                clause.and(&format!(
                    "r.id not in (select s.recipient from sends s indexed by {index} where s.state = {})",
                    state.number()
                ));
            }
        }
        if let Some(before) = self.sent_before {
            let before = clause.value(Value::Int(before.0));
            clause.and(&format!("(select max(s.finished_at) from sends s where {of_theirs}) < {before}"));
        }
        if self.not_read {
            clause.and(&format!(
                "exists (select 1 from sends s where {of_theirs} and s.read_at is null and s.clicked_at is null
                   and s.finished_at = (select max(s.finished_at) from sends s where {of_theirs}))"
            ));
        }
        if self.clicked {
            clause.and(&format!("exists (select 1 from sends s where {of_theirs} and s.clicked_at is not null)"));
        }
        if self.expired {
            let expired = clause.value(Value::Text(Suppression::Expired.name()));
            clause.and(&format!("(r.expires_at <= ?2 or r.suppressed = {expired})"));
        }
        if let Some(within) = self.expires_within {
            let until = clause.value(Value::Int(now.plus(within).0));
            clause.and(&format!("r.expires_at > ?2 and r.expires_at <= {until}"));
        }
        if self.suppressed {
            clause.and("r.suppressed is not null");
        }
        if let Some(audience) = self.audience {
            let audience = clause.value(Value::Int(audience));
            clause.and(&format!("r.id in (select a.recipient from audience_rows a where a.audience = {audience})"));
        }
        if !self.zones.is_empty() {
            let zones: Vec<String> = self.zones.iter().map(|zone| clause.value(Value::Text(zone))).collect();
            clause.and(&format!("r.time_zone in ({})", zones.join(", ")));
        }
        clause
    }

    /// The same, with one token of each person: the first that can get a message.
    pub fn clause_of_persons<'f>(&'f self, page: &'f str, now: UnixMillis) -> Clause<'f> {
        let mut clause = self.clause(page, now);
        clause.and(
            "(r.psid is null or not exists (select 1 from recipients o where o.psid = r.psid and o.page = r.page
               and o.id < r.id and o.suppressed is null and (o.expires_at is null or o.expires_at > ?2)))",
        );
        clause
    }
}

#[cfg(test)]
mod tests;
