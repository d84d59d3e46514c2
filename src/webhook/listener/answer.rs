//! Answers one request.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::body::{self, Cut};
use super::door::Guest;
use super::recorder::Inbox;
use super::room::Room;
use super::routes::Routes;
use super::{Answered, ListenerCounts, OnStatus, Status, counts, metrics};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::webhook::notice;

/// Meta waits 5 s for 200; what is not in the ledger by then is refused, and Meta sends it again.
const ANSWER_WITHIN: Duration = Duration::from_millis(4500);

/// The minimum time that a POST waits for its commit, however late its body arrived.
const LEAST_WAIT: Duration = Duration::from_millis(500);

const HEALTH: &str = "/healthz";
const METRICS: &str = "/metrics";
const SIGNATURE: &str = "x-hub-signature-256";
/// Meta's challenge is an integer; any short visible text is returned.
const LONGEST_CHALLENGE: usize = 512;

/// Everything needed to answer requests.
pub(super) struct Front {
    pub path: String,
    pub verify_tokens: Vec<Secret>,
    pub routes: Routes,
    pub room: Arc<Room>,
    /// By the place of their ledger.
    pub recorders: Vec<Inbox>,
    pub counts: Arc<counts::Shared>,
    pub on_status: OnStatus,
}

/// A response before it becomes HTTP.
struct Reply {
    status: StatusCode,
    /// The body of a success response, or the reason for a refusal.
    text: ReplyText,
    /// The allowed methods, if another one was used.
    allow: Option<&'static str>,
    bytes: usize,
    events: usize,
}

enum ReplyText {
    Fixed(&'static str),
    Made(String),
}

impl Reply {
    fn new(status: StatusCode, text: &'static str) -> Self {
        Self { status, text: ReplyText::Fixed(text), allow: None, bytes: 0, events: 0 }
    }

    fn ok() -> Self {
        Self::new(StatusCode::OK, "ok")
    }

    fn down() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the ledger can't be written")
    }

    fn why(&self) -> Option<&'static str> {
        match self.text {
            ReplyText::Fixed(why) if !self.status.is_success() => Some(why),
            _ => None,
        }
    }
}

impl Front {
    pub(super) async fn answer(&self, request: Request<Incoming>, guest: &Guest) -> Response<String> {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        let ours = [self.path.as_str(), HEALTH, METRICS].into_iter().find(|path| *path == head.uri.path());
        let ours = ours.filter(|path| *path != METRICS || guest.is_ours(&head.headers));
        let reply = match ours {
            None => Reply::new(StatusCode::NOT_FOUND, "not found"),
            Some(HEALTH) => self.health(&head.method).await,
            Some(METRICS) => self.metrics(&head.method, guest).await,
            Some(_) => match head.method {
                Method::GET => self.check(head.uri.query().unwrap_or_default()),
                Method::POST => self.take(&head, body, guest, began).await,
                _ => {
                    Reply { allow: Some("GET, POST"), ..Reply::new(StatusCode::METHOD_NOT_ALLOWED, "use GET or POST") }
                }
            },
        };
        self.note(&head.method, ours, &reply, began);
        response(reply)
    }

    async fn health(&self, method: &Method) -> Reply {
        match reads(method) {
            Err(refused) => refused,
            Ok(()) if self.is_well().await => Reply::ok(),
            Ok(()) => Reply::down(),
        }
    }

    /// For Prometheus on this machine, or on one of the proxies: how much a business hears is not for everybody.
    async fn metrics(&self, method: &Method, guest: &Guest) -> Reply {
        if let Err(refused) = reads(method) {
            return refused;
        }
        let counts = ListenerCounts { sent_away: guest.sent_away_in_all(), ..self.counts.since_start() };
        Reply { text: ReplyText::Made(metrics::text(&counts, self.is_well().await)), ..Reply::ok() }
    }

    /// Whether every ledger can be written.
    async fn is_well(&self) -> bool {
        let all = join_all(self.recorders.iter().map(Inbox::is_well));
        tokio::time::timeout(ANSWER_WITHIN, all).await.is_ok_and(|well| well.iter().all(|well| *well))
    }

    /// Meta's verification request: the challenge is returned if the verify token is correct.
    fn check(&self, query: &str) -> Reply {
        let value =
            |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value);
        let token = value("hub.verify_token").unwrap_or_default();
        let is_ours = |ours: &Secret| bool::from(ours.expose().as_bytes().ct_eq(token.as_bytes()));
        let known = self.verify_tokens.iter().fold(false, |known, ours| is_ours(ours) | known);
        if !known || value("hub.mode").as_deref() != Some("subscribe") {
            return Reply::new(StatusCode::FORBIDDEN, "wrong verify token");
        }
        match value("hub.challenge") {
            Some(challenge)
                if challenge.len() <= LONGEST_CHALLENGE && challenge.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Reply { text: ReplyText::Made(challenge.into_owned()), ..Reply::ok() }
            }
            _ => Reply::new(StatusCode::BAD_REQUEST, "no challenge"),
        }
    }

    /// Receives a notice: checks its signature, parses it and stores its events.
    async fn take(&self, head: &Parts, body: Incoming, guest: &Guest, began: Instant) -> Reply {
        // The body of an unsigned request is not read.
        let Some(signature) = head.headers.get(SIGNATURE) else {
            return Reply::new(StatusCode::UNAUTHORIZED, "no signature");
        };
        let client = guest.client_of(&head.headers);
        let whole = match body::read(body, self.room.share(guest.is_known(client))).await {
            Ok(whole) => whole,
            Err(cut) => {
                return match cut {
                    Cut::TooLarge => Reply::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
                    Cut::TooSlow => Reply::new(StatusCode::REQUEST_TIMEOUT, "the body arrived too slowly"),
                    Cut::NoRoom => Reply::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once"),
                    Cut::Broken => Reply::new(StatusCode::BAD_REQUEST, "the body is incomplete"),
                };
            }
        };
        let bytes = whole.bytes.len();
        let signers = self.routes.signers(signature.as_bytes(), &whole.bytes);
        guest.judged(client, !signers.is_empty());
        let reply = if signers.is_empty() {
            Reply::new(StatusCode::UNAUTHORIZED, "not signed with the app secret")
        } else {
            self.record(whole, &signers, began).await
        };
        Reply { bytes, ..reply }
    }

    /// Stores what Meta signed.
    async fn record(&self, whole: body::Whole, signers: &BTreeSet<usize>, began: Instant) -> Reply {
        let Ok(notice) = notice::read(&whole.bytes) else {
            return Reply::new(StatusCode::BAD_REQUEST, "not a JSON object");
        };
        let (events, size) = (notice.events.len(), whole.bytes.len());
        drop(whole);
        if events > 0 {
            let until = (began + ANSWER_WITHIN).max(Instant::now() + LEAST_WAIT);
            let mut stored = Vec::new();
            for (ledger, part) in self.routes.sort(signers, notice.events) {
                // Of what one of them has no room for, the others' part comes again, too, and is known then.
                let size = (size * part.len()).checked_div(events).unwrap_or(size);
                let Some(one) = self.recorders.get(ledger).and_then(|inbox| inbox.submit(part, size)) else {
                    return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once");
                };
                stored.push(one);
            }
            match tokio::time::timeout_at(until, try_join_all(stored)).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Reply::down(),
                Err(_) => return Reply::new(StatusCode::SERVICE_UNAVAILABLE, "the ledger is too slow"),
            }
        }
        let now = Clock::system().now();
        self.counts.change(|counts| {
            counts.posts += 1;
            counts.last_post_at = Some(now);
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
        (self.on_status)(Status::Answered(Answered {
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

fn reads(method: &Method) -> Result<(), Reply> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(Reply { allow: Some("GET, HEAD"), ..Reply::new(StatusCode::METHOD_NOT_ALLOWED, "use GET or HEAD") })
}

fn response(reply: Reply) -> Response<String> {
    let refused = reply.why().is_some();
    let mut response = Response::new(match reply.text {
        ReplyText::Fixed(text) => text.to_owned(),
        ReplyText::Made(text) => text,
    });
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Some(allow) = reply.allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    // The body of a refused request may be unread. Meta retries after 503, so that connection stays open.
    if refused && reply.status != StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
