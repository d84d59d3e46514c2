//! Which Graph host is talked to, and in which API version.

use std::fmt;
use std::net::IpAddr;

use jiff::civil::{Date, date};
use reqwest::Url;

/// Whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1, in brackets or not. Names are not looked up. An access token
/// goes over plain http to no other host.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The address of a Graph host: scheme, host and port. Plain http only where the host is this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphUrl(Url);

impl GraphUrl {
    /// Takes the address with or without a slash at its end; the reason why not otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("the Graph URL is not valid ({error})"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the Graph URL contains a user name or a password".to_owned());
        }
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("the Graph URL must be scheme, host and port, such as https://graph.facebook.com".to_owned());
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err(format!("plain http to {host} would send the access token unencrypted")),
            other => return Err(format!("the Graph URL must begin with https, not {other}")),
        }
        Ok(Self(url))
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Without a slash at the end: the name under which a ledger knows its host.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub fn is_loopback(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback)
    }

    pub fn is_meta(&self) -> bool {
        self.0.host_str().is_some_and(|host| host == "facebook.com" || host.ends_with(".facebook.com"))
    }
}

impl fmt::Display for GraphUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version of the Graph API, such as `v26.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiVersion {
    text: String,
    major: u16,
}

/// The last major version with an announced end.
const NEWEST_WITH_AN_END: u16 = 25;

/// When the Marketing API of a version ends, by its major number (Meta's table of Marketing API versions of November 2026). All
/// older ones have ended; newer ones have no announced end.
const MARKETING_API_ENDS: [(u16, Date); 2] = [(NEWEST_WITH_AN_END, date(2027, 2, 23)), (24, date(2026, 11, 10))];

/// When the Graph API of a version ends, with which a Page is asked: its tokens and webhooks. All older ones have ended.
const GRAPH_API_ENDS: [(u16, Date); 5] = [
    (NEWEST_WITH_AN_END, date(2028, 7, 29)),
    (24, date(2028, 2, 18)),
    (23, date(2027, 10, 8)),
    (22, date(2027, 5, 20)),
    (21, date(2027, 1, 21)),
];

/// How long before the end of a version it is announced.
const NOTICE_DAYS: i32 = 90;

/// The two parts of the API: a version's end on two days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Campaigns, sends, insights: everything of an ad account.
    Marketing,
    /// Tokens and webhooks of a Page.
    Graph,
}

impl Family {
    const fn name(self) -> &'static str {
        match self {
            Self::Marketing => "Marketing API",
            Self::Graph => "Graph API",
        }
    }

    const fn ends(self) -> &'static [(u16, Date)] {
        match self {
            Self::Marketing => &MARKETING_API_ENDS,
            Self::Graph => &GRAPH_API_ENDS,
        }
    }
}

impl ApiVersion {
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = |part: &str| {
            let fits = !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
            if fits { part.parse::<u16>().ok() } else { None }
        };
        match text.strip_prefix('v').and_then(|rest| rest.split_once('.')) {
            Some((major, minor)) if number(minor).is_some() => number(major),
            _ => None,
        }
        .map(|major| Self { text: text.to_owned(), major })
        .ok_or_else(|| format!("\"{text}\" is not a valid API version: it looks like v26.0"))
    }

    /// When this part of the version ends; `None`: no end is announced. One that ended long ago has no day.
    pub fn end(&self, family: Family) -> Option<Date> {
        family.ends().iter().find(|(major, _)| *major == self.major).map(|(_, end)| *end)
    }

    /// What an operator should be told on this day: that this part of the version has ended, or ends soon.
    pub fn warning(&self, family: Family, today: Date) -> Option<String> {
        if self.major > NEWEST_WITH_AN_END {
            return None;
        }
        let Some(end) = self.end(family).filter(|end| *end > today) else {
            return Some(format!(
                "the {} of {self} has ended; Meta may answer with a newer version or refuse",
                family.name()
            ));
        };
        let days = end.since(today).map_or(0, |span| span.get_days());
        let plural = if days == 1 { "day" } else { "days" };
        (days <= NOTICE_DAYS).then(|| format!("the {} of {self} ends on {end}, in {days} {plural}", family.name()))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "[", "0.0.0.0", "[::]", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "127.1", "[::1"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (text, normal, loopback, meta) in [
            ("https://graph.facebook.com", "https://graph.facebook.com", false, true),
            ("https://graph.facebook.com/", "https://graph.facebook.com", false, true),
            ("HTTPS://Graph.Facebook.com", "https://graph.facebook.com", false, true),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", true, false),
            ("http://127.9.9.9", "http://127.9.9.9", true, false),
            ("http://localhost:1", "http://localhost:1", true, false),
            ("http://[::1]:9", "http://[::1]:9", true, false),
            ("https://proxy.example", "https://proxy.example", false, false),
            ("https://notfacebook.com", "https://notfacebook.com", false, false),
        ] {
            let url = GraphUrl::parse(text).unwrap();
            assert_eq!((url.as_str(), url.is_loopback(), url.is_meta()), (normal, loopback, meta), "{text}");
        }
        for text in [
            "http://graph.facebook.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://0.0.0.0:80",
            "http://[::]",
            "http://localhost@example.com",
            "http://user:pass@localhost",
            "https://user@graph.facebook.com",
            "ftp://localhost",
            "ftp://graph.facebook.com",
            "file:///etc/passwd",
            "graph.facebook.com",
            "https://graph.facebook.com/v26.0",
            "https://graph.facebook.com/?a=b",
            "https://graph.facebook.com?x=1",
            "https://",
            "",
        ] {
            assert!(GraphUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_version_is_v_and_two_numbers() {
        for text in ["v26.0", "v27.0", "v100.0", "v9.0"] {
            assert_eq!(ApiVersion::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "26.0", "v26", "v26.0/x", "v.0", "v1.", "v+1.0", "v1000.0", "v26.0 ", "V26.0"] {
            assert!(ApiVersion::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_end_is_announced_90_days_ahead() {
        let said = |version: &str, today: Date| ApiVersion::parse(version).unwrap().warning(Family::Marketing, today);
        let begin = date(2026, 11, 25);
        assert_eq!(said("v25.0", begin.yesterday().unwrap()), None);
        assert_eq!(said("v25.0", begin).unwrap(), "the Marketing API of v25.0 ends on 2027-02-23, in 90 days");
        assert!(said("v25.0", date(2027, 2, 22)).unwrap().ends_with("in 1 day"));
        for ended in [said("v25.0", date(2027, 2, 23)), said("v24.0", begin), said("v9.0", begin)] {
            assert!(ended.unwrap().contains("has ended"));
        }
        let of_page = |version: &str, today: Date| ApiVersion::parse(version).unwrap().warning(Family::Graph, today);
        assert_eq!(of_page("v24.0", begin), None);
        assert_eq!(of_page("v21.0", begin).unwrap(), "the Graph API of v21.0 ends on 2027-01-21, in 57 days");
        assert!(of_page("v20.0", begin).unwrap().contains("Graph API of v20.0 has ended"));
        for (version, last) in [
            ("v21.0", date(2027, 1, 20)),
            ("v22.0", date(2027, 5, 19)),
            ("v23.0", date(2027, 10, 7)),
            ("v24.0", date(2028, 2, 17)),
            ("v25.0", date(2028, 7, 28)),
        ] {
            assert!(of_page(version, last).unwrap().ends_with("in 1 day"), "{version}");
            assert!(of_page(version, last.tomorrow().unwrap()).unwrap().contains("has ended"), "{version}");
        }
        for open in ["v26.0", "v27.0", "v100.0"] {
            assert_eq!([said(open, date(2030, 1, 1)), of_page(open, date(2030, 1, 1))], [None, None]);
        }
    }
}
