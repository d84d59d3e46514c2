//! The access token: its kind, how long it lives, and what it may do.

use std::time::Duration;

use super::finding::{Check, Finding};
use crate::clock::UnixMillis;
use crate::error::Exit;
use crate::graph::{Expiry, TokenFacts};
use crate::text::span;

/// Time enough for somebody to make a new one.
const SOON: Duration = Duration::from_hours(7 * 24);

/// What sends need.
const NEEDED: [&[&str]; 3] =
    [&["ads_management"], &["pages_messaging"], &["paid_marketing_messages", "marketing_messages_messenger"]];
/// What webhooks need, too.
const FOR_WEBHOOKS: &str = "pages_manage_metadata";

/// Permissions that are given for single Pages.
const OF_PAGES: [&str; 2] = ["pages_messaging", FOR_WEBHOOKS];

/// Whether the token lives. `source` says where a new one has to go.
pub fn judge(facts: &TokenFacts, now: UnixMillis, source: &str) -> Finding {
    let next = format!("generate a new token and save it to {source}");
    let kind = facts.kind.as_deref();
    let failed = |reason: String| Finding::failed(Check::Token, Exit::Credentials, reason, next.clone());
    let warning = |reason: String| Finding::warning(Check::Token, reason, next.clone());
    let of = named(facts);
    let finding = match (facts.is_valid, facts.expires, facts.data_expires) {
        (Some(false), ..) => {
            failed(format!("Meta says that it is not valid: {}", facts.why.as_deref().unwrap_or("no reason given")))
        }
        (_, Expiry::At(at), _) if at <= now => failed(format!("it expired at {at}")),
        (Some(true), ..) if kind == Some("PAGE") => {
            failed(format!("{of}: sends need a system user's token, not a Page's"))
        }
        (_, Expiry::At(at), _) if at.since(now) < SOON => {
            warning(format!("{of} expires in {}, at {at}", span(at.since(now))))
        }
        (_, _, Expiry::At(at)) if at <= now => warning(format!("{of} may not read people's data since {at}")),
        (None, ..) => Finding::warning(
            Check::Token,
            "it works, but Meta does not tell how long it lives",
            "look at it with Meta's Access Token Debugger",
        ),
        (_, Expiry::At(at), _) => Finding::ok(Check::Token, format!("{of}, valid until {at}")),
        (_, Expiry::Never | Expiry::Unknown, _) => Finding::ok(Check::Token, format!("{of}, which does not expire")),
    };
    let time = |expiry: Expiry| match expiry {
        Expiry::At(at) => Some(at.to_string()),
        Expiry::Never | Expiry::Unknown => None,
    };
    finding
        .with("kind", kind)
        .with("app_id", facts.app_id.clone())
        .with("app", facts.application.clone())
        .with("valid", facts.is_valid)
        .with("expires_at", time(facts.expires))
        .with("never_expires", facts.expires == Expiry::Never)
        .with("data_access_expires_at", time(facts.data_expires))
}

/// `a system user's token of the app "Shop"`.
fn named(facts: &TokenFacts) -> String {
    let kind = match facts.kind.as_deref() {
        Some("SYSTEM_USER") => "a system user's token".to_owned(),
        Some("USER") => "a person's token".to_owned(),
        Some("PAGE") => "a Page's token".to_owned(),
        Some(other) => format!("a token of the kind {other}"),
        None => "a token".to_owned(),
    };
    match &facts.application {
        Some(app) => format!("{kind} of the app {app:?}"),
        None => kind,
    }
}

/// Whether it may do what mmsg does, for this Page.
pub fn judge_permissions(facts: &TokenFacts, page: Option<&str>) -> Finding {
    let has = |name: &str| facts.scopes.iter().any(|scope| scope == name);
    let missing: Vec<String> =
        NEEDED.iter().filter(|any| !any.iter().any(|name| has(name))).map(|any| any.join(" or ")).collect();
    let elsewhere: Vec<&str> = OF_PAGES.into_iter().filter(|name| is_of_others(facts, name, page)).collect();
    let next = "give the token's user these permissions and the Page, and generate a new token with them";
    let finding = if !missing.is_empty() {
        Finding::failed(Check::Permissions, Exit::Credentials, format!("the token lacks {}", missing.join(", ")), next)
    } else if !elsewhere.is_empty() {
        let reason = format!("the token has {} for other Pages only", elsewhere.join(" and "));
        Finding::failed(Check::Permissions, Exit::Credentials, reason, next)
    } else if !has(FOR_WEBHOOKS) {
        let reason = format!("the token lacks {FOR_WEBHOOKS}: webhooks can't be subscribed or checked");
        Finding::warning(Check::Permissions, reason, next)
    } else {
        Finding::ok(Check::Permissions, "all that sends, token lists and webhooks need")
    };
    finding.with("scopes", facts.scopes.clone()).with("missing", missing)
}

fn is_of_others(facts: &TokenFacts, permission: &str, page: Option<&str>) -> bool {
    let targets = facts.targets.iter().find(|(scope, _)| scope == permission).map(|(_, ids)| ids);
    targets.is_some_and(|ids| page.is_some_and(|page| !ids.iter().any(|id| id == page)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Verdict;

    const NOW: UnixMillis = UnixMillis(1_796_083_200_000);

    fn facts() -> TokenFacts {
        TokenFacts {
            kind: Some("SYSTEM_USER".to_owned()),
            application: Some("Shop".to_owned()),
            is_valid: Some(true),
            expires: Expiry::Never,
            scopes: ["ads_management", "pages_messaging", "paid_marketing_messages", FOR_WEBHOOKS]
                .map(str::to_owned)
                .to_vec(),
            targets: vec![("pages_messaging".to_owned(), vec!["61".to_owned()])],
            ..TokenFacts::default()
        }
    }

    #[test]
    fn a_token_is_judged_by_whether_and_how_long_it_lives() {
        let hours = |hours: u64| Expiry::At(NOW.plus(Duration::from_hours(hours)));
        for (change, verdict, says) in [
            (facts(), Verdict::Ok, "a system user's token of the app \"Shop\", which does not expire"),
            (TokenFacts { expires: hours(24 * 60), ..facts() }, Verdict::Ok, "valid until 2027-01-30T"),
            (TokenFacts { expires: hours(50), ..facts() }, Verdict::Warning, "expires in 2d 2h"),
            (TokenFacts { expires: Expiry::At(NOW), ..facts() }, Verdict::Failed, "expired at 2026-12-01T"),
            (
                TokenFacts { is_valid: Some(false), why: Some("revoked".to_owned()), ..facts() },
                Verdict::Failed,
                "revoked",
            ),
            (TokenFacts { kind: Some("PAGE".to_owned()), ..facts() }, Verdict::Failed, "not a Page's"),
            (TokenFacts { data_expires: Expiry::At(NOW), ..facts() }, Verdict::Warning, "people's data"),
            (TokenFacts { scopes: facts().scopes, ..TokenFacts::default() }, Verdict::Warning, "how long it lives"),
        ] {
            let found = judge(&change, NOW, "variable SHOP_TOKEN");
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
            assert_eq!(found.next.is_some(), verdict != Verdict::Ok, "{found:?}");
        }
    }

    #[test]
    fn permissions_are_those_of_the_profiles_page() {
        let without = |name: &str| {
            let mut facts = facts();
            facts.scopes.retain(|scope| scope != name);
            facts
        };
        let mut renamed = without("paid_marketing_messages");
        renamed.scopes.push("marketing_messages_messenger".to_owned());
        for (facts, page, verdict, says) in [
            (facts(), Some("61"), Verdict::Ok, "all that"),
            (renamed, Some("61"), Verdict::Ok, "all that"),
            (without("ads_management"), Some("61"), Verdict::Failed, "lacks ads_management"),
            (without("paid_marketing_messages"), Some("61"), Verdict::Failed, "or marketing_messages_messenger"),
            (without(FOR_WEBHOOKS), Some("61"), Verdict::Warning, FOR_WEBHOOKS),
            (facts(), Some("62"), Verdict::Failed, "pages_messaging for other Pages only"),
        ] {
            let found = judge_permissions(&facts, page);
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
        }
    }
}
