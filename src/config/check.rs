//! The form of single settings: pure functions from text to the value or to what is wrong with it.

use std::time::Duration;

use crate::endpoint::is_loopback;

/// The oldest version whose Marketing API is still open (contract, "Versions": v24.0 ended on 2026-10-06).
const OLDEST_OPEN_MARKETING_API: u32 = 25;

/// A Graph address in its normal form, and whether it is this machine.
#[derive(Debug, PartialEq, Eq)]
pub struct GraphUrl {
    pub text: String,
    pub loopback: bool,
    pub meta: bool,
}

/// `act_123` from `act_123` or `123`.
pub fn ad_account(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("act_").unwrap_or(text);
    if digits.is_empty() || digits.len() > 32 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("\"{text}\" is no ad account: it is a number, with or without act_ in front"));
    }
    Ok(format!("act_{digits}"))
}

/// A Page's id as Meta gives it: opaque text, but one word.
pub fn page(text: &str) -> Result<String, String> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a Page's id is one word, without blanks".to_owned());
    }
    Ok(text.to_owned())
}

/// `v26.0`.
pub fn api_version(text: &str) -> Result<String, String> {
    let number = |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix('v').and_then(|rest| rest.split_once('.')) {
        Some((major, minor)) if number(major) && number(minor) => Ok(text.to_owned()),
        _ => Err(format!("\"{text}\" is no API version: it looks like v26.0")),
    }
}

/// Whether the Marketing API of this version has ended.
pub fn has_ended(api_version: &str) -> bool {
    let major = api_version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major < OLDEST_OPEN_MARKETING_API)
}

/// Scheme, host and port; https, but http where the host is this machine.
pub fn graph_url(text: &str) -> Result<GraphUrl, String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("the Graph address is no URL ({error})"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the Graph address holds a user name or password".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("the Graph address \"{text}\" must be scheme, host and port, nothing more"));
    }
    let loopback = is_loopback(host);
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => {
            return Err(format!("plain http to {host}: the access token would cross the network in clear"));
        }
        other => return Err(format!("the Graph address must begin with https, not {other}")),
    }
    let meta = host == "facebook.com" || host.ends_with(".facebook.com");
    Ok(GraphUrl { text: url.as_str().trim_end_matches('/').to_owned(), loopback, meta })
}

/// A duration such as `12h` or `12h 30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no duration: write 12h or 1h 30m");
    let signed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(signed).map_err(|_| wrong())
}

/// `auto`, `unlimited`, or a number of sends a second above 0.
pub fn rate(text: &str) -> Result<String, String> {
    if text == "unlimited" || text == "auto" || text.parse::<f64>().is_ok_and(|rate| rate.is_finite() && rate > 0.0) {
        return Ok(text.to_owned());
    }
    Err(format!("\"{text}\" is no rate: it is auto, unlimited, or sends a second above 0"))
}

pub fn concurrency(number: i64) -> Result<u32, String> {
    match u32::try_from(number) {
        Ok(number @ 1..=10_000) => Ok(number),
        _ => Err(format!("{number} is no concurrency: it is 1 to 10000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ad_account_is_a_number() {
        assert_eq!(ad_account("123").unwrap(), "act_123");
        assert_eq!(ad_account("act_123").unwrap(), "act_123");
        for bad in ["", "act_", "act_x", "12 3", "ACT_12", "act_act_1", "-1", "1.5", "١٢", "act_1/2"] {
            assert!(ad_account(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        let fine = [
            ("https://graph.facebook.com", "https://graph.facebook.com", false, true),
            ("https://graph.facebook.com/", "https://graph.facebook.com", false, true),
            ("HTTPS://Graph.Facebook.com", "https://graph.facebook.com", false, true),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", true, false),
            ("http://127.9.9.9", "http://127.9.9.9", true, false),
            ("http://localhost:1", "http://localhost:1", true, false),
            ("http://[::1]:9", "http://[::1]:9", true, false),
            ("https://proxy.example", "https://proxy.example", false, false),
            ("https://notfacebook.com", "https://notfacebook.com", false, false),
        ];
        for (text, normal, loopback, meta) in fine {
            let expected = GraphUrl { text: normal.to_owned(), loopback, meta };
            assert_eq!(graph_url(text).unwrap(), expected, "{text}");
        }
        let bad = [
            "http://graph.facebook.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::]",
            "http://localhost@example.com",
            "http://user:pass@localhost",
            "ftp://localhost",
            "file:///etc/passwd",
            "graph.facebook.com",
            "https://graph.facebook.com/v26.0",
            "https://graph.facebook.com/?a=b",
            "https://",
            "",
        ];
        for text in bad {
            assert!(graph_url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn versions_durations_rates_and_concurrency() {
        assert!(api_version("v26.0").is_ok() && api_version("26.0").is_err() && api_version("v26").is_err());
        assert!(api_version("v26.0/x").is_err() && api_version("v.0").is_err());
        assert!(has_ended("v24.0") && has_ended("v9.0") && !has_ended("v25.0") && !has_ended("v100.0"));
        assert_eq!(duration("12h 30m").unwrap(), Duration::from_secs(45_000));
        assert!(duration("-1h").is_err() && duration("12").is_err() && duration("").is_err());
        assert!(rate("10").is_ok() && rate("0.5").is_ok() && rate("unlimited").is_ok());
        assert!(rate("0").is_err() && rate("-1").is_err() && rate("inf").is_err() && rate("NaN").is_err());
        assert!(concurrency(1).is_ok() && concurrency(0).is_err() && concurrency(i64::MAX).is_err());
    }
}
