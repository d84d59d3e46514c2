//! The send path: one request for one recipient, never repeated, and exactly what happened to it.

use std::error::Error as StdError;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::client::legacy::connect::HttpInfo;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::access::{Access, CONNECT_TIMEOUT};
use super::envelope::{GraphError, clean, hide};
use super::error::{Error, Result};
use super::reuse::{IDLE, Lane, Reuse};
use super::usage::Usage;
use super::wire;
use crate::campaign::{AdAccount, CampaignId};
use crate::clock::UnixMillis;
use crate::json;
use crate::secret::Redactor;

/// An answer to a send is about 200 bytes; anything much longer is not Graph's.
const MAX_ANSWER: usize = 512 * 1024;
/// Names the request to Meta's support.
static TRACE: HeaderName = HeaderName::from_static("x-fb-trace-id");
/// How much of an unexpected answer is shown, in characters.
const MAX_SAMPLE: usize = 200;

/// Sends messages of one ad account. HTTP/1.1 only: one HTTP/2 connection caps at the server's streams, and its loss would make
/// every stream unknown.
#[derive(Debug)]
pub struct Sender {
    /// Keeps connections …
    kept: Client,
    /// … and gives each request its own.
    fresh: Client,
    reuse: Arc<Reuse>,
    url: Url,
    headers: HeaderMap,
    proof: Option<String>,
    redactor: Redactor,
}

/// What happened to one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub transport: Transport,
    pub usage: Usage,
    /// From the error, else from the header `x-fb-trace-id`.
    pub fbtrace_id: Option<String>,
    /// The server's clock, from `Date`.
    pub date: Option<UnixMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing was sent: a request that could not be built, or no connection. A proxy of ours that refuses us is not a connection either:
    /// it is asked before the request leaves. A 407 as the answer to a request comes from somewhere behind, and proves nothing.
    NotSent {
        why: String,
    },
    /// Bytes may have been sent, and no complete answer came back.
    Lost {
        why: String,
    },
    Answered {
        status: u16,
        body: Body,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// 2xx with `success: true` and no error.
    Success { tracking_id: Option<String> },
    /// An error, whatever the status.
    Error(GraphError),
    /// Neither: HTML, nothing, JSON of another kind. `sample` is short and clean.
    Other { sample: String, is_json: bool },
}

impl Sender {
    /// `timeout` is for a whole request; a connection gets a third of it, 10 s at most.
    pub fn new(access: &Access, ad_account: &AdAccount, timeout: Duration, concurrency: usize) -> Result<Self> {
        let checked = access.check()?;
        let url = checked.url(&[ad_account.as_str(), "messages"])?;
        let client = |idle: usize| {
            checked
                .client()?
                .no_gzip()
                .connect_timeout(CONNECT_TIMEOUT.min(timeout / 3))
                .timeout(timeout)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle)
                .build()
                .map_err(|error| Error::Client(chain(&error)))
        };
        let (kept, fresh) = (client(concurrency)?, client(0)?);
        let mut headers = checked.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self {
            kept,
            fresh,
            reuse: Arc::default(),
            url,
            headers,
            proof: checked.proof,
            redactor: access.redactor.clone(),
        })
    }

    /// The parts of a body that are the same for every recipient of a campaign.
    pub fn frame(&self, campaign: &CampaignId, min_conversation_gap_seconds: Option<u32>) -> RequestFrame {
        let mut head = String::from(r#"{"message_id":"#);
        json::push_string(&mut head, campaign.as_str());
        head.push_str(r#","messenger_delivery_data":{"subscription_token":"#);
        let mut tail = String::new();
        if let Some(gap) = min_conversation_gap_seconds {
            tail.push_str(&format!(r#","min_conversation_gap_seconds":{gap}"#));
        }
        if let Some(proof) = &self.proof {
            // Hex: nothing to escape.
            tail.push_str(&format!(r#","appsecret_proof":"{proof}""#));
        }
        tail.push('}');
        RequestFrame { head, middle: r#"},"message":"#, tail }
    }

    /// Sends one request. Never panics, never repeats it, and ends within the timeout.
    pub async fn send(&self, body: Bytes) -> Answer {
        let mut request = Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = Some(body.into());
        let lane = self.reuse.lane(Instant::now());
        let client = if lane == Lane::Fresh { &self.fresh } else { &self.kept };
        match client.execute(request).await {
            Ok(response) => {
                let port = response.extensions().get::<HttpInfo>().map(|info| info.local_addr().port());
                let answer = self.read(response).await;
                match &answer.transport {
                    Transport::Answered { .. } => self.reuse.answered(lane, port, Instant::now()),
                    Transport::Lost { .. } | Transport::NotSent { .. } => self.reuse.lost(lane, true, Instant::now()),
                }
                answer
            }
            Err(error) => {
                let closed = !error.is_timeout() && !error.is_connect() && !error.is_builder();
                self.reuse.lost(lane, closed, Instant::now());
                Answer::without_one(self.failed(error))
            }
        }
    }

    fn failed(&self, error: reqwest::Error) -> Transport {
        // A connection that timed out is both; nothing was sent then.
        let not_sent = error.is_connect() || error.is_builder();
        let timed_out = error.is_timeout();
        let why = clean(&root(&error.without_url()), &self.redactor);
        match (not_sent, timed_out) {
            (true, _) => Transport::NotSent { why },
            (false, true) => Transport::Lost { why: "timeout: no answer came in time".to_owned() },
            (false, false) => Transport::Lost { why: format!("lost: {why}") },
        }
    }

    async fn read(&self, mut response: Response) -> Answer {
        let status = response.status();
        let usage = Usage::read(response.headers());
        let date = response.headers().get(DATE).and_then(|date| wire::http_date(date.to_str().ok()?));
        let mut fbtrace_id = header_trace(response.headers());
        let is_gzip =
            response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == "gzip" || coding == "x-gzip");
        let transport = match bounded(&mut response, MAX_ANSWER).await {
            Ok(body) => {
                let body = if is_gzip { unpacked(body) } else { body };
                let body = read_body(status, &body, &self.redactor);
                if let Body::Error(GraphError { fbtrace_id: Some(id), .. }) = &body {
                    fbtrace_id = Some(id.clone());
                }
                Transport::Answered { status: status.as_u16(), body }
            }
            Err(error) => {
                let why = clean(&root(&error.without_url()), &self.redactor);
                Transport::Lost { why: format!("lost: the answer broke off: {why}") }
            }
        };
        Answer { transport, usage, fbtrace_id, date }
    }
}

impl Answer {
    /// A request that has no answer.
    pub fn without_one(transport: Transport) -> Self {
        Self { transport, usage: Usage::default(), fbtrace_id: None, date: None }
    }

    /// Masks the recipient's token wherever the answer repeats it.
    pub fn hide(&mut self, token: &str) {
        match &mut self.transport {
            Transport::Answered { body: Body::Error(error), .. } => error.hide(token),
            Transport::Answered { body: Body::Other { sample, .. }, .. } => hide(sample, token),
            Transport::Answered { body: Body::Success { .. }, .. } => {}
            Transport::NotSent { why } | Transport::Lost { why } => hide(why, token),
        }
    }
}

/// A body with two gaps: the recipient's token and the message.
#[derive(Clone, Debug)]
pub struct RequestFrame {
    head: String,
    middle: &'static str,
    tail: String,
}

impl RequestFrame {
    /// The body for one recipient; `message` is JSON already.
    pub fn fill(&self, token: &str, message: &[u8]) -> Bytes {
        let room = self.head.len() + token.len() + 2 + self.middle.len() + message.len() + self.tail.len();
        let mut body = Vec::with_capacity(room);
        body.extend_from_slice(self.head.as_bytes());
        if token.bytes().all(is_plain) {
            body.push(b'"');
            body.extend_from_slice(token.as_bytes());
            body.push(b'"');
        } else {
            let mut escaped = String::new();
            json::push_string(&mut escaped, token);
            body.extend_from_slice(escaped.as_bytes());
        }
        body.extend_from_slice(self.middle.as_bytes());
        body.extend_from_slice(message);
        body.extend_from_slice(self.tail.as_bytes());
        body.into()
    }
}

/// Needs no escape in a JSON string.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow, default)]
    success: Option<&'a RawValue>,
    #[serde(borrow, default)]
    marketing_message_tracking_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

fn read_body(status: StatusCode, body: &[u8], redactor: &Redactor) -> Body {
    if body.is_empty()
        && let Some(error) = GraphError::without_body(status)
    {
        return Body::Error(error);
    }
    let reply = json::object_in(body).and_then(|text| serde_json::from_str::<Reply<'_>>(text).ok());
    match reply {
        Some(Reply { error: Some(error), .. }) => Body::Error(GraphError::read(error, redactor)),
        Some(reply) if status.is_success() && reply.success.is_some_and(json::is_true) => {
            Body::Success { tracking_id: reply.marketing_message_tracking_id.and_then(json::text) }
        }
        other => Body::Other { sample: sample(body, redactor), is_json: other.is_some() },
    }
}

/// The start of an unexpected body: secrets replaced, white space folded.
pub(super) fn sample(body: &[u8], redactor: &Redactor) -> String {
    let text = String::from_utf8_lossy(body);
    let folded = redactor.clean(&text).split_whitespace().collect::<Vec<_>>().join(" ");
    match folded.char_indices().nth(MAX_SAMPLE) {
        Some((end, _)) => format!("{}…", folded.get(..end).unwrap_or_default()),
        None => folded,
    }
}

/// The body, or as much of it as `limit` allows plus one chunk.
pub(super) async fn bounded(response: &mut Response, limit: usize) -> reqwest::Result<Bytes> {
    let Some(first) = response.chunk().await? else { return Ok(Bytes::new()) };
    let Some(second) = response.chunk().await? else { return Ok(first) };
    let mut body = Vec::from(first);
    body.extend_from_slice(&second);
    while body.len() <= limit
        && let Some(more) = response.chunk().await?
    {
        body.extend_from_slice(&more);
    }
    Ok(body.into())
}

/// What a proxy compressed, though nobody asked it to; as it is where it can't be unpacked.
fn unpacked(body: Bytes) -> Bytes {
    let mut plain = Vec::new();
    let limit = MAX_ANSWER as u64 + 1;
    match flate2::read::MultiGzDecoder::new(&*body).take(limit).read_to_end(&mut plain) {
        Ok(_) => plain.into(),
        Err(_) => body,
    }
}

pub(super) fn header_trace(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&TRACE)?.to_str().ok()?;
    (id.len() <= 64).then(|| id.to_owned())
}

/// An error and its causes on one line, without repeating itself.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// The last cause of an error, which says what happened; those before it say where.
fn root(error: &dyn StdError) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests;
