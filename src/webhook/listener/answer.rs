//! One request, one answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::body::{self, Cut};
use super::desk::Counter;
use super::{Answered, Said, Say, counts};
use crate::secret::Secret;
use crate::webhook::notice;
use crate::webhook::signature::{Keys, same};

/// Meta waits 5 s for 200; what is not in the ledger by then is refused, and comes again.
const ANSWER_WITHIN: Duration = Duration::from_millis(4500);

/// The least that a post waits for its commit, however late its body came.
const LEAST_WAIT: Duration = Duration::from_millis(500);

const HEALTH: &str = "/healthz";
const SIGNATURE: &str = "x-hub-signature-256";
/// Meta's is an integer; anything that fits and can't be markup is given back.
const LONGEST_CHALLENGE: usize = 512;

/// What every request is answered with.
pub(super) struct Front {
    pub path: String,
    pub verify_token: Option<Secret>,
    pub keys: Keys,
    pub bodies: Arc<Semaphore>,
    pub desk: Counter,
    pub counts: Arc<counts::Shared>,
    pub say: Say,
}

/// An answer before it is HTTP.
struct Reply {
    status: StatusCode,
    /// The body of a good answer, and why it is refused otherwise.
    text: Text,
    /// The methods of a path, where another was used.
    allow: Option<&'static str>,
    bytes: usize,
    events: usize,
}

enum Text {
    Fixed(&'static str),
    Challenge(String),
}

impl Reply {
    fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text: Text::Fixed(text), allow: None, bytes: 0, events: 0 }
    }

    fn ok() -> Self {
        Self::new(StatusCode::OK, "ok")
    }

    fn down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the ledger is down")
    }

    fn why(&self) -> Option<&'static str> {
        match self.text {
            Text::Fixed(why) if !self.status.is_success() => Some(why),
            _ => None,
        }
    }
}

impl Front {
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        let ours = [self.path.as_str(), HEALTH].into_iter().find(|path| *path == head.uri.path());
        let reply = match ours {
            None => Reply::new(StatusCode::NOT_FOUND, "nothing is here"),
            Some(HEALTH) => self.health(&head.method).await,
            Some(_) => match head.method {
                Method::GET => self.check(head.uri.query().unwrap_or_default()),
                Method::POST => self.take(&head, body, began).await,
                _ => Reply { allow: Some("GET, POST"), ..Reply::new(StatusCode::METHOD_NOT_ALLOWED, "GET or POST") },
            },
        };
        self.note(&head.method, ours, &reply, began);
        response(reply)
    }

    async fn health(&self, method: &Method) -> Reply {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Reply { allow: Some("GET, HEAD"), ..Reply::new(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD") };
        }
        match tokio::time::timeout(ANSWER_WITHIN, self.desk.is_well()).await {
            Ok(true) => Reply::ok(),
            Ok(false) | Err(_) => Reply::down(),
        }
    }

    /// Meta's check that the address is ours: the challenge comes back to whoever knows the verify token.
    fn check(&self, query: &str) -> Reply {
        let value = |name: &str| {
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
            let spaced = value.replace('+', " ");
            Some(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
        };
        let token = value("hub.verify_token").unwrap_or_default();
        let known = self.verify_token.as_ref().is_some_and(|known| same(known.expose().as_bytes(), token.as_bytes()));
        if !known || value("hub.mode").as_deref() != Some("subscribe") {
            return Reply::new(StatusCode::FORBIDDEN, "not the verify token");
        }
        match value("hub.challenge") {
            Some(challenge)
                if challenge.len() <= LONGEST_CHALLENGE && challenge.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Reply { text: Text::Challenge(challenge), ..Reply::ok() }
            }
            _ => Reply::new(StatusCode::BAD_REQUEST, "no challenge"),
        }
    }

    /// A notice: its signature, its form, and then the ledger.
    async fn take(&self, head: &Parts, body: Incoming, began: Instant) -> Reply {
        // Whoever signs nothing is not read.
        let Some(signature) = head.headers.get(SIGNATURE) else {
            return Reply::new(StatusCode::UNAUTHORIZED, "no signature");
        };
        let whole = match body::read(body, &self.bodies).await {
            Ok(whole) => whole,
            Err(cut) => {
                return match cut {
                    Cut::TooLarge => Reply::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
                    Cut::TooSlow => Reply::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
                    Cut::NoRoom => Reply::new(StatusCode::SERVICE_UNAVAILABLE, "too much at once"),
                    Cut::Broken => Reply::new(StatusCode::BAD_REQUEST, "the body broke off"),
                };
            }
        };
        let bytes = whole.bytes.len();
        let mut reply = self.judge(signature, whole, began).await;
        reply.bytes = bytes;
        reply
    }

    async fn judge(&self, signature: &HeaderValue, whole: body::Whole, began: Instant) -> Reply {
        if !self.keys.verify(Some(signature.as_bytes()), &whole.bytes) {
            return Reply::new(StatusCode::UNAUTHORIZED, "not signed with the app secret");
        }
        let Ok(notice) = notice::read(&whole.bytes) else {
            return Reply::new(StatusCode::BAD_REQUEST, "no JSON object");
        };
        let (events, size) = (notice.events.len(), whole.bytes.len());
        drop(whole);
        if events > 0 {
            let until = (began + ANSWER_WITHIN).max(Instant::now() + LEAST_WAIT);
            let Some(stored) = self.desk.hand_in(notice.events, size) else {
                return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "too much at once");
            };
            match tokio::time::timeout_at(until, stored).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Reply::down(),
                Err(_) => return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "the ledger is too slow"),
            }
        }
        self.counts.change(|counts| {
            counts.posts += 1;
            counts.ignored += notice.ignored;
            counts.unreadable += notice.unreadable;
            counts.empty += notice.empty;
        });
        Reply { events, ..Reply::ok() }
    }

    fn note(&self, method: &Method, path: Option<&str>, reply: &Reply, began: Instant) {
        let why = reply.why();
        if let Some(why) = why {
            self.counts.change(|counts| match path {
                Some(_) => *counts.refused.entry((reply.status.as_u16(), why)).or_default() += 1,
                None => counts.elsewhere += 1,
            });
        }
        (self.say)(Said::Answered(Answered {
            method: method.clone(),
            path: path.map(str::to_owned),
            status: reply.status,
            why,
            bytes: reply.bytes,
            events: reply.events,
            took: began.elapsed(),
        }));
    }
}

fn response(reply: Reply) -> Response<Body> {
    let refused = reply.why().is_some();
    let mut response = Response::new(match reply.text {
        Text::Fixed(text) => Body::from(text),
        Text::Challenge(challenge) => Body::from(challenge),
    });
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Some(allow) = reply.allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    // Of a refused request a body may be left unread; and Meta's own come again by themselves.
    if refused && reply.status != StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
