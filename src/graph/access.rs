//! What a Graph client needs: host, version and secrets; and how a client is made from them.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{ClientBuilder, Url, redirect};
use sha2::Sha256;

use super::error::{Error, Result};
use super::tls::{self, Tls};
use crate::endpoint::{ApiVersion, GraphUrl};
use crate::secret::{Redactor, Secret};

/// How long a connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that a client needs from the profile.
#[derive(Clone, Debug)]
pub struct Access {
    pub graph_url: GraphUrl,
    pub api_version: ApiVersion,
    pub token: Secret,
    /// When set, every request carries `appsecret_proof`.
    pub app_secret: Option<Secret>,
    pub redactor: Redactor,
    pub tls: Tls,
}

/// An [`Access`] whose parts were checked.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    graph_url: GraphUrl,
    version: String,
    pub proof: Option<String>,
    pub headers: HeaderMap,
    tls: Tls,
}

impl Access {
    /// For tests that need a client but never use it.
    #[cfg(test)]
    pub fn of_nowhere() -> Self {
        Self {
            graph_url: GraphUrl::parse("http://127.0.0.1:1").unwrap(),
            api_version: ApiVersion::parse("v26.0").unwrap(),
            token: Secret::new("token"),
            app_secret: None,
            redactor: Redactor::default(),
            tls: Tls::default(),
        }
    }

    pub(super) fn check(&self) -> Result<Checked> {
        let headers = self.headers()?;
        let proof = self.app_secret.as_ref().and_then(|secret| proof(secret, &self.token));
        let graph_url = self.graph_url.clone();
        Ok(Checked { graph_url, version: self.api_version.to_string(), proof, headers, tls: self.tls.clone() })
    }

    fn headers(&self) -> Result<HeaderMap> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.token.expose())).map_err(|_| Error::Token)?;
        if self.token.expose().is_empty() || self.token.expose().contains(char::is_whitespace) {
            return Err(Error::Token);
        }
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("mmsg/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(headers)
    }
}

impl Checked {
    pub fn host(&self) -> &str {
        self.graph_url.url().host_str().unwrap_or_default()
    }

    /// What all clients have in common. Nothing is retried or redirected below us, and no proxy sees what goes to loopback.
    pub fn client(&self) -> Result<ClientBuilder> {
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            // Else each request would be copied, for a second one that never follows.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .referer(false)
            .tcp_nodelay(true)
            .tls_backend_preconfigured(match self.graph_url.url().scheme() {
                "https" => self.tls.config()?,
                // A server on this machine that has no certificate: those of the system need not be read.
                _ => tls::of_nobody()?,
            })
            .http1_only()
            .https_only(!self.graph_url.is_loopback());
        Ok(if self.graph_url.is_loopback() { builder.no_proxy() } else { builder })
    }

    /// `…/v26.0/<segments>`, each segment escaped. A segment that would name a folder is refused.
    pub fn url(&self, segments: &[&str]) -> Result<Url> {
        let mut path = format!("/{}", self.version);
        for segment in segments {
            path.push('/');
            path.extend(percent_encoding::utf8_percent_encode(segment, SEGMENT));
        }
        let mut url = self.graph_url.url().clone();
        url.set_path(&path);
        if url.path() != path {
            return Err(Error::Address(segments.join("/")));
        }
        Ok(url)
    }
}

/// All but what never means anything in a path.
const SEGMENT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// `appsecret_proof`: lower-case hex of HMAC-SHA256 with the app secret as key over the token.
fn proof(app_secret: &Secret, token: &Secret) -> Option<String> {
    // HMAC takes keys of any length.
    let mut hmac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes()).ok()?;
    hmac.update(token.expose().as_bytes());
    Some(hmac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(url: &str) -> Access {
        Access {
            graph_url: GraphUrl::parse(url).unwrap(),
            api_version: ApiVersion::parse("v26.0").unwrap(),
            token: Secret::new("EAABtoken"),
            app_secret: None,
            redactor: Redactor::default(),
            tls: Tls::default(),
        }
    }

    #[test]
    fn no_id_changes_the_path() {
        let checked = access("https://graph.facebook.com").check().unwrap();
        for (id, path) in [
            ("123", "/v26.0/123"),
            ("a/b", "/v26.0/a%2Fb"),
            ("../me", "/v26.0/%2E%2E%2Fme"),
            ("1?fields=x#y", "/v26.0/1%3Ffields%3Dx%23y"),
            ("%2e%2e", "/v26.0/%252e%252e"),
            ("act_1", "/v26.0/act_1"),
            ("a b\n", "/v26.0/a%20b%0A"),
        ] {
            assert_eq!(checked.url(&[id]).unwrap().path(), path, "{id}");
        }
        for id in [".", ".."] {
            assert!(checked.url(&[id, "insights"]).is_err(), "{id}");
        }
    }

    #[test]
    fn a_bad_token_is_found_and_never_shown() {
        for token in ["", "EAAB x", "EAAB\n", "EAAB\u{7f}", "EAABé \u{1}"] {
            let mut access = access("https://graph.facebook.com");
            access.token = Secret::new(token);
            let error = access.check().unwrap_err();
            assert_eq!(error, Error::Token, "{token:?}");
        }
        let checked = access("https://graph.facebook.com").check().unwrap();
        assert!(!format!("{checked:?}").contains("EAAB"));
    }

    #[test]
    fn the_proof_is_the_published_hmac() {
        // RFC 4231, test case 2.
        let proof = proof(&Secret::new("Jefe"), &Secret::new("what do ya want for nothing?")).unwrap();
        assert_eq!(proof, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
