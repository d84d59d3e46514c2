//! The way to Graph, and what Graph says once it is reached.

use jiff::tz::TimeZone;

use super::finding::{Check, Finding, Findings};
use super::{business, hooks, token};
use crate::clock::Skew;
use crate::commands::context::Context;
use crate::config::SecretPlace;
use crate::endpoint::{ApiVersion, Family};
use crate::error::Exit;
use crate::graph::{self, Graph, TokenFacts, reach};
use crate::secret::Secret;
use crate::text::{count, span};
use crate::times::CLOCK_SKEW;

/// Beyond this a clock is worth a look, though a run corrects it.
const NOTABLE_SKEW: std::time::Duration = std::time::Duration::from_secs(30);

const CHECK_NETWORK: &str = "check the network, the firewall and graph_url (mmsg config show)";

/// Everything that is asked of the network.
pub async fn check(context: &Context, findings: &mut Findings) {
    let proxy = reach::proxy(&context.settings.graph_url.value);
    findings.add(match &proxy {
        Some(proxy) => Finding::ok(Check::Proxy, format!("the environment sends calls to Meta through {proxy}")),
        None if context.settings.graph_url.value.is_loopback() => {
            Finding::ok(Check::Proxy, "none: the Graph host is this machine")
        }
        None => Finding::ok(Check::Proxy, "none is set"),
    });
    reached(context, proxy.is_some(), findings).await;
    if findings.may(Check::Token) {
        told(context, proxy.is_some(), findings).await;
    }
    if !findings.rows.iter().any(|row| row.check == Check::ApiVersion) && findings.may(Check::ApiVersion) {
        findings.add(version(context, None));
    }
}

/// Name and connection.
async fn reached(context: &Context, has_proxy: bool, findings: &mut Findings) {
    if has_proxy {
        findings.add(Finding::skipped(Check::Dns, "the proxy looks the name up"));
        return;
    }
    let url = &context.settings.graph_url.value;
    let host = url.url().host_str().unwrap_or_default();
    let addresses = match reach::resolve(url).await {
        Ok(addresses) => addresses,
        Err(why) => {
            let reason = format!("the name {host} can't be resolved: {why}");
            let next = "check the network and the DNS server (/etc/resolv.conf), and graph_url (mmsg config show)";
            return findings.add(Finding::failed(Check::Dns, Exit::Network, reason, next));
        }
    };
    findings.add(
        Finding::ok(Check::Dns, format!("{host} has {}", count(addresses.len() as u64, "address", "addresses")))
            .with("addresses", addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>()),
    );
    findings.add(match reach::handshake(url, &addresses, context.tls()).await {
        Ok(made) => match made.protocol {
            Some(protocol) => {
                Finding::ok(Check::Tls, format!("{host} proved who it is, by {protocol}")).with("protocol", protocol)
            }
            None => Finding::ok(Check::Tls, "plain http, which does not leave this machine"),
        },
        Err(why) => Finding::failed(
            Check::Tls,
            Exit::Network,
            format!("no connection to {host}: {why}"),
            format!("{CHECK_NETWORK}; for a certificate error, the system's root certificates and the clock"),
        ),
    });
}

/// What Graph says of the token first, and then of all that the token may see.
async fn told(context: &Context, has_proxy: bool, findings: &mut Findings) {
    let graph = match context.any_graph() {
        Ok(graph) => graph,
        Err(error) => return findings.add(Finding::error(Check::Token, &error)),
    };
    let token = match context.settings.token() {
        Ok(token) => token,
        Err(error) => return findings.add(Finding::error(Check::Token, &error)),
    };
    let asked = match inspect(context, graph, &token).await {
        Err(error) if error.is_unanswered() => {
            return findings.add(Finding::error(if has_proxy { Check::Tls } else { Check::Token }, &error.into()));
        }
        asked => asked,
    };
    if has_proxy {
        findings.add(Finding::ok(Check::Tls, "Graph answered through the proxy"));
    }
    findings.add(clock(graph.skew()));
    findings.add(version(context, graph.version_used()));
    let facts = match asked {
        Ok(facts) => facts,
        Err(error) => return findings.add(Finding::error(Check::Token, &error.into())),
    };
    let now = context.graph_time().unwrap_or_else(|_| context.clock.now());
    let source = token_source(&context.settings.secret_places());
    findings.add(token::judge(&facts, now, &source));
    if findings.may(Check::Permissions) {
        let page = context.settings.page.as_ref().map(|page| page.value.as_str());
        findings.add(token::judge_permissions(&facts, page));
        business::check(context, graph, findings).await;
        hooks::check(context, findings).await;
    }
}

fn token_source(places: &[SecretPlace]) -> String {
    let token = places.iter().find(|place| place.name == "token");
    token.and_then(|place| place.source.clone()).unwrap_or_else(|| "the profile".to_owned())
}

/// The call takes the token in the address: where that may be logged by a stranger, only its permissions are read.
async fn inspect(context: &Context, graph: &Graph, token: &Secret) -> Result<TokenFacts, graph::Error> {
    let url = &context.settings.graph_url.value;
    if url.is_meta() || url.is_loopback() {
        match graph.inspect_token(token).await {
            // Not every app may ask this of its tokens.
            Err(error) if error.is_final() => {}
            told => return told,
        }
    }
    let scopes = graph.permissions().await?;
    Ok(TokenFacts { scopes, ..TokenFacts::default() })
}

fn clock(skew: Option<Skew>) -> Finding {
    let Some(skew) = skew else {
        return Finding::failed(
            Check::Clock,
            Exit::Config,
            "Graph's answer has no Date, so the clock can't be checked, and nothing is sent without that",
            "is there a proxy in between that removes headers?",
        );
    };
    let size = skew.size();
    let seconds = size.as_secs();
    let next = "fix the clock of this machine (with an NTP service)";
    let apart = format!("this machine's clock and Graph's are {} apart", span(size));
    let finding = if size > CLOCK_SKEW {
        Finding::failed(Check::Clock, Exit::Config, format!("{apart}: nothing is sent"), next)
    } else if size > NOTABLE_SKEW {
        Finding::warning(Check::Clock, format!("{apart}; sends go by Graph's"), next)
    } else {
        Finding::ok(Check::Clock, "agrees with Graph's")
    };
    finding.with("seconds_apart", seconds)
}

fn version(context: &Context, used: Option<&str>) -> Finding {
    let today = context.clock.now().timestamp().to_zoned_datetime(TimeZone::UTC).date();
    let asked = &context.settings.api_version.value;
    let ends = [Family::Marketing, Family::Graph].map(|family| asked.end(family).map(|end| end.to_string()));
    let [marketing, graph] = ends;
    judge_version(asked, today, used)
        .with("version", asked.to_string())
        .with("version_used", used)
        .with("marketing_api_ends", marketing)
        .with("graph_api_ends", graph)
}

fn judge_version(asked: &ApiVersion, today: jiff::civil::Date, used: Option<&str>) -> Finding {
    let next = "set a newer api_version in the profile";
    let ended: Vec<String> =
        [Family::Marketing, Family::Graph].into_iter().filter_map(|family| asked.warning(family, today)).collect();
    if !ended.is_empty() {
        return Finding::warning(Check::ApiVersion, ended.join("; "), next);
    }
    let asked = asked.to_string();
    match used {
        Some(used) if used != asked => {
            Finding::warning(Check::ApiVersion, format!("{asked} was asked for, and {used} answered"), next)
        }
        _ => Finding::ok(Check::ApiVersion, format!("{asked}; no end within 90 days")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::clock::UnixMillis;
    use crate::commands::doctor::finding::Verdict;

    #[test]
    fn a_clock_far_off_fails_and_one_that_is_not_known_too() {
        let off = |seconds: i64| {
            let asked = UnixMillis(1_000_000_000);
            Some(Skew::between(UnixMillis(asked.0 + seconds * 1000), asked, asked))
        };
        for (skew, verdict) in [
            (None, Verdict::Failed),
            (off(0), Verdict::Ok),
            (off(-30), Verdict::Ok),
            (off(31), Verdict::Warning),
            (off(-600), Verdict::Warning),
            (off(-601), Verdict::Failed),
            (off(7200), Verdict::Failed),
        ] {
            assert_eq!(clock(skew).verdict, verdict, "{skew:?}");
        }
    }

    #[test]
    fn a_version_that_ends_or_was_replaced_is_a_warning() {
        let version = |text: &str| ApiVersion::parse(text).unwrap();
        let today = date(2026, 11, 27);
        for (asked, used, verdict, says) in [
            ("v26.0", Some("v26.0"), Verdict::Ok, "v26.0; no end"),
            ("v26.0", None, Verdict::Ok, "no end"),
            ("v25.0", Some("v25.0"), Verdict::Warning, "ends on 2027-02-23"),
            ("v24.0", Some("v25.0"), Verdict::Warning, "has ended"),
            ("v26.0", Some("v27.0"), Verdict::Warning, "v27.0 answered"),
        ] {
            let found = judge_version(&version(asked), today, used);
            assert!(found.verdict == verdict && found.reason.contains(says), "{found:?}");
        }
    }
}
