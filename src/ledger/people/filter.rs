//! Which people are meant: conditions that all must hold, written as SQL that every engine has.

use std::time::Duration;

use super::others::IS_OTHER;
use super::suppression::Suppression;
use crate::clock::UnixMillis;
use crate::ledger::db::Value;
use crate::ledger::gate::NOBODY_BEFORE;
use crate::ledger::sql::sql;
use crate::ledger::state::State;
use crate::times::zones;

/// Conditions on the people of a Page; the default takes everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// May get a message now.
    pub eligible: bool,
    /// No message was accepted for them, or may have been, by any of their tokens.
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

/// The conditions as SQL on [`PEOPLE`], for a statement that begins with [`SEVERAL`], and the values of its parameters.
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
}

/// The tokens of persons of the Page of whom several are known: few. Looked up once for the whole statement.
pub const SEVERAL: &str = "with several as materialized
    (select n.id from recipients n where n.page = ?1 and n.psid in
      (select m.psid from recipients m where m.page = ?1 and m.psid is not null group by m.psid having count(*) > 1))";

/// Each token `r`; `v` is there if its person has others.
pub const PEOPLE: &str = "recipients r left join several v on v.id = r.id";

/// That another token `o` of the person who has `r` is such.
fn another(such: &str) -> String {
    format!(
        "(v.id is not null and exists
           (select 1 from recipients o where {IS_OTHER} and {such}))"
    )
}

/// That a message was accepted for the person, by any of their tokens, and is such.
fn any_sent(such: &str) -> String {
    let sent = |to: &str| {
        let accepted = State::Accepted.number();
        format!("exists (select 1 from sends s where s.recipient = {to}.id and s.state = {accepted} and {such})")
    };
    format!("({} or {})", sent("r"), another(&sent("o")))
}

/// When the last message was accepted for the person, by any of their tokens.
pub(super) fn last_sent() -> String {
    let accepted = State::Accepted.number();
    format!(
        "case when v.id is not null then
           (select max(l.finished_at) from recipients t join sends l on l.recipient = t.id
             where t.psid = r.psid and t.page = r.page and l.state = {accepted})
         else (select max(l.finished_at) from sends l where l.recipient = r.id and l.state = {accepted}) end"
    )
}

/// Until when the person's other tokens are blocked; null without any.
pub(super) const OTHERS_BLOCKED_UNTIL: &str = sql!(
    "case when v.id is not null then (select max(o.blocked_until) from recipients o where {is_other}) end",
    is_other = IS_OTHER,
);

/// Of a person's tokens one that can receive is before one that can't.
fn rank(of: &str) -> String {
    format!("case when {of}.suppressed is null and ({of}.expires_at is null or {of}.expires_at > ?2) then 0 else 1 end")
}

impl Filter {
    /// `?1` is the Page, `?2` is now.
    pub fn clause<'f>(&'f self, page: &'f str, now: UnixMillis) -> Clause<'f> {
        let mut clause = Clause { sql: String::new(), values: vec![Value::Text(page), Value::Int(now.0)] };
        // Every engine wants to hear of each parameter.
        let mut all = vec!["cast(?2 as bigint) is not null".to_owned(), self.of_token("r", now, &mut clause)];
        all.extend(self.of_person(&mut clause));
        clause.sql = all.join(" and ");
        clause
    }

    /// The same, with one token of each person: of those that the filter finds the first that can receive.
    pub fn clause_of_persons<'f>(&'f self, page: &'f str, now: UnixMillis) -> Clause<'f> {
        let mut clause = self.clause(page, now);
        let first = self.first_of_person(now, &mut clause);
        clause.sql = format!("{} and {first}", clause.sql);
        clause
    }

    /// Whether `r`, which the filter finds, is the token by which its person is counted and sent to.
    pub fn first_of_person<'f>(&'f self, now: UnixMillis, clause: &mut Clause<'f>) -> String {
        let (theirs, its) = (rank("o"), rank("r"));
        let found = self.of_token("o", now, clause);
        format!("not {}", another(&format!("({theirs} < {its} or ({theirs} = {its} and o.id < r.id)) and {found}")))
    }

    /// What must hold for the token itself.
    fn of_token<'f>(&'f self, of: &str, now: UnixMillis, clause: &mut Clause<'f>) -> String {
        let mut all = vec![format!("{of}.page = ?1 and {of}.erased_at is null")];
        if self.eligible {
            all.push(format!("{of}.suppressed is null and ({of}.expires_at is null or {of}.expires_at > ?2)"));
            all.push(format!(
                "{of}.blocked_until <= ?2 and ({of}.next_eligible_at is null or {of}.next_eligible_at <= ?2)"
            ));
        }
        if self.expired {
            let expired = clause.value(Value::Text(Suppression::Expired.name()));
            all.push(format!("({of}.expires_at <= ?2 or {of}.suppressed = {expired})"));
        }
        if let Some(within) = self.expires_within {
            let until = clause.value(Value::Int(now.plus(within).0));
            all.push(format!("{of}.expires_at > ?2 and {of}.expires_at <= {until}"));
        }
        if self.suppressed {
            all.push(format!("{of}.suppressed is not null"));
        }
        if let Some(audience) = self.audience {
            let audience = clause.value(Value::Int(audience));
            all.push(format!("{of}.id in (select a.recipient from audience_rows a where a.audience = {audience})"));
        }
        if !self.zones.is_empty() {
            let names = self.zones.iter().flat_map(|zone| zones::names_of(zone));
            let zones: Vec<String> = names.map(|name| clause.value(Value::Text(name))).collect();
            all.push(format!("{of}.time_zone in ({})", zones.join(", ")));
        }
        all.join(" and ")
    }

    /// What must hold for the person, whichever of their tokens a message went to: the same for all of them.
    fn of_person(&self, clause: &mut Clause<'_>) -> Vec<String> {
        let mut all = Vec::new();
        if self.eligible {
            all.push(format!("not {} and {NOBODY_BEFORE} <= ?2", another("o.blocked_until > ?2")));
        }
        if self.never_sent {
            // Few rows, found by indexes of their own.
            let open = |of: &str| {
                let [unknown, claimed] =
                    [(State::Unknown, "sends_unknown"), (State::Claimed, "sends_claimed")].map(|(state, index)| {
                        let state = state.number();
                        format!(
                            "{of}.id in (select s.recipient from sends s indexed by {index} where s.state = {state})"
                        )
                    });
                format!("{unknown} or {claimed}")
            };
            all.push(format!("not ({} or {})", open("r"), another(&format!("({})", open("o")))));
            all.push(format!("not {}", any_sent("0 = 0")));
        }
        let before = self.sent_before.map(|before| clause.value(Value::Int(before.0)));
        // Their last message is looked up once, also where both are asked of it.
        if self.not_read {
            let before = before.map(|before| format!(" and s.finished_at < {before}")).unwrap_or_default();
            let last = last_sent();
            all.push(any_sent(&format!(
                "s.read_at is null and s.clicked_at is null{before} and s.finished_at = ({last})"
            )));
        } else if let Some(before) = before {
            all.push(format!("({}) < {before}", last_sent()));
        }
        if self.clicked {
            all.push(any_sent("s.clicked_at is not null"));
        }
        all
    }
}

#[cfg(test)]
mod tests;
