//! What `/metrics` tells: counts since the receiver started.

use super::counts::ListenerCounts;
use crate::text::prometheus::{Kind, Metrics};

/// `is_well`: whether every ledger can be written.
pub(super) fn text(counts: &ListenerCounts, is_well: bool) -> String {
    let mut metrics = Metrics::default();
    let mut counter =
        |name: &str, help: &str, n: u64| metrics.add(Kind::Counter, name, help, [(vec![], n.to_string())]);
    let events = &counts.events;
    for (name, help, n) in [
        ("mmsg_webhook_posts_total", "Posts that were stored and answered 200.", counts.posts),
        ("mmsg_webhook_events_total", "Events that were new.", events.new),
        ("mmsg_webhook_events_repeated_total", "Events that Meta sent again.", events.duplicates),
        ("mmsg_webhook_events_foreign_total", "Events without a send in the ledger.", events.foreign),
        ("mmsg_webhook_opt_ins_total", "People who opted in.", events.opt_ins),
        ("mmsg_webhook_choices_kept_total", "Stops and resumes of people without a known token.", events.choices_kept),
        ("mmsg_webhook_policy_notices_total", "Policy notices from Meta.", events.policy),
        ("mmsg_webhook_settled_total", "Unknown sends that events settled.", events.settled),
        ("mmsg_webhook_unreadable_total", "Parts that could not be read and were stored unchanged.", counts.unreadable),
        ("mmsg_webhook_ignored_total", "Ordinary Messenger events, which are not kept.", counts.ignored),
        ("mmsg_webhook_elsewhere_total", "Requests for other paths.", counts.elsewhere),
        (
            "mmsg_webhook_connections_closed_total",
            "Connections without a right signature that were closed to make room.",
            counts.sent_away,
        ),
    ] {
        counter(name, help, n);
    }
    let codes: Vec<(String, &str, u64)> =
        counts.refused.iter().map(|((status, why), n)| (status.to_string(), *why, *n)).collect();
    metrics.add(
        Kind::Counter,
        "mmsg_webhook_refused_total",
        "Requests that were refused.",
        codes.iter().map(|(status, why, n)| (vec![("status", status.as_str()), ("reason", *why)], n.to_string())),
    );
    metrics.add(
        Kind::Gauge,
        "mmsg_webhook_last_post_timestamp_seconds",
        "When the last post was stored.",
        counts.last_post_at.map(|at| (vec![], at.0.div_euclid(1000).to_string())),
    );
    metrics.add(
        Kind::Gauge,
        "mmsg_webhook_ledger_up",
        "Whether the ledger can be written.",
        [(vec![], u8::from(is_well).to_string())],
    );
    metrics.into_text()
}
