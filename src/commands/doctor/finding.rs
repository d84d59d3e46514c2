//! What a check found.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::failure;
use crate::error::{Error, Exit};
use crate::ui::table::Record;

/// The checks, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    Profile,
    Files,
    Proxy,
    Dns,
    Tls,
    Clock,
    ApiVersion,
    Token,
    Permissions,
    AdAccount,
    Budget,
    Usage,
    Page,
    Subscribers,
    Webhooks,
    Regions,
    Ledger,
    Disk,
    Unknown,
    Runs,
}

impl Check {
    pub const ALL: [Self; 20] = [
        Self::Profile,
        Self::Files,
        Self::Proxy,
        Self::Dns,
        Self::Tls,
        Self::Clock,
        Self::ApiVersion,
        Self::Token,
        Self::Permissions,
        Self::AdAccount,
        Self::Budget,
        Self::Usage,
        Self::Page,
        Self::Subscribers,
        Self::Webhooks,
        Self::Regions,
        Self::Ledger,
        Self::Disk,
        Self::Unknown,
        Self::Runs,
    ];

    /// For people and scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Files => "files",
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Clock => "clock",
            Self::ApiVersion => "api_version",
            Self::Token => "token",
            Self::Permissions => "permissions",
            Self::AdAccount => "ad_account",
            Self::Budget => "budget",
            Self::Usage => "usage",
            Self::Page => "page",
            Self::Subscribers => "subscribers",
            Self::Webhooks => "webhooks",
            Self::Regions => "regions",
            Self::Ledger => "ledger",
            Self::Disk => "disk",
            Self::Unknown => "unknown",
            Self::Runs => "runs",
        }
    }

    /// For people.
    pub fn shown(self) -> String {
        self.name().replace('_', " ")
    }

    /// What it can't be done without.
    const fn needs(self) -> &'static [Self] {
        match self {
            Self::Profile => &[],
            Self::Files | Self::Proxy | Self::ApiVersion | Self::Ledger => &[Self::Profile],
            Self::Dns => &[Self::Profile, Self::Proxy],
            Self::Tls => &[Self::Profile, Self::Dns],
            Self::Clock | Self::Token => &[Self::Profile, Self::Dns, Self::Tls],
            Self::Permissions | Self::AdAccount | Self::Page => &[Self::Profile, Self::Dns, Self::Tls, Self::Token],
            Self::Budget | Self::Usage => &[Self::Profile, Self::Dns, Self::Tls, Self::Token, Self::AdAccount],
            Self::Subscribers | Self::Webhooks => &[Self::Profile, Self::Dns, Self::Tls, Self::Token, Self::Page],
            Self::Regions => &[Self::Profile, Self::Dns, Self::Tls, Self::Token],
            Self::Disk | Self::Unknown | Self::Runs => &[Self::Profile, Self::Ledger],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Warning,
    Failed,
    /// Not done.
    Skipped,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One check, and what it found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub check: Check,
    pub verdict: Verdict,
    pub reason: String,
    /// What to type or do next.
    pub next: Option<String>,
    /// What else scripts may want to know; its keys depend on the check.
    pub details: Map<String, Value>,
    /// Of a check that failed.
    #[serde(skip)]
    exit: Exit,
}

impl Finding {
    fn new(check: Check, verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { check, verdict, reason: reason.into(), next: None, details: Map::new(), exit: Exit::Done }
    }

    pub fn ok(check: Check, reason: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, reason)
    }

    pub fn warning(check: Check, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, reason).next(next)
    }

    pub fn failed(check: Check, exit: Exit, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { exit, ..Self::new(check, Verdict::Failed, reason).next(next) }
    }

    pub fn skipped(check: Check, reason: impl Into<String>) -> Self {
        Self::new(check, Verdict::Skipped, reason)
    }

    /// A check that ended with this error.
    pub fn error(check: Check, error: &Error) -> Self {
        Self::failed(
            check,
            error.exit(),
            error.to_string(),
            error.hint_text().unwrap_or("mmsg doctor --verbose shows more"),
        )
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()).filter(|next| !next.is_empty()), ..self }
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}

impl Record for Finding {
    const PLURAL: &'static str = "checks";
    const COLUMNS: &'static [&'static str] = &["check", "verdict", "reason", "next"];
    const KEYS: &'static [&'static str] = &["check", "verdict", "reason", "next", "details"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.check.shown(),
            self.verdict.name().to_owned(),
            self.reason.clone(),
            self.next.clone().unwrap_or_default(),
        ]
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Findings {
    pub rows: Vec<Finding>,
}

impl Findings {
    pub fn add(&mut self, finding: Finding) {
        self.rows.push(finding);
    }

    /// Whether nothing that this check needs has failed or was skipped for it.
    pub fn may(&self, check: Check) -> bool {
        self.obstacle(check).is_none()
    }

    fn obstacle(&self, check: Check) -> Option<Check> {
        let failed = |needed: &&Check| self.failed().any(|failed| failed == **needed);
        check.needs().iter().find(failed).copied()
    }

    pub fn failed(&self) -> impl Iterator<Item = Check> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Failed).map(|row| row.check)
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// The exit code of the worst failure.
    pub fn worst(&self) -> Exit {
        let exits = self.rows.iter().filter(|row| row.verdict == Verdict::Failed).map(|row| row.exit);
        exits.min_by_key(|exit| failure::send::rank(*exit)).unwrap_or(Exit::Done)
    }

    /// Names every check that was not done, and puts all in order.
    pub fn skip_the_rest(&mut self) {
        for check in Check::ALL {
            if !self.rows.iter().any(|row| row.check == check) {
                let why = match self.obstacle(check) {
                    Some(failed) => format!("needs the check of {}, which failed", failed.shown()),
                    None => "there was nothing to check".to_owned(),
                };
                self.add(Finding::skipped(check, why));
            }
        }
        self.rows.sort_by_key(|row| Check::ALL.iter().position(|check| *check == row.check));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_failed_check_is_skipped_and_all_are_in_order() {
        let mut findings = Findings::default();
        findings.add(Finding::ok(Check::Profile, "fine"));
        findings.add(Finding::failed(Check::Dns, Exit::Network, "no address", "check the network"));
        findings.add(Finding::failed(Check::Ledger, Exit::Ledger, "damaged", "restore it"));
        assert!(!findings.may(Check::Tls) && !findings.may(Check::Regions) && findings.may(Check::Files));
        findings.skip_the_rest();
        let checks: Vec<_> = findings.rows.iter().map(|row| row.check).collect();
        assert_eq!(checks, Check::ALL);
        let reason = |check| findings.rows.iter().find(|row| row.check == check).unwrap().reason.clone();
        assert_eq!(reason(Check::Page), "needs the check of dns, which failed");
        assert_eq!(reason(Check::Runs), "needs the check of ledger, which failed");
        assert_eq!((findings.worst(), findings.count(Verdict::Failed)), (Exit::Ledger, 2));
    }

    #[test]
    fn a_check_needs_only_earlier_ones_and_has_the_name_that_scripts_see() {
        for (place, check) in Check::ALL.iter().enumerate() {
            assert!(check.needs().iter().all(|needed| Check::ALL[..place].contains(needed)), "{check:?}");
            assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        }
    }
}
