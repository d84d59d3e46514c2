//! Reads, and the few writes other than sends. Reads are retried; a failed write says whether it may have happened.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::DATE;
use reqwest::{Client, Method, Request, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::access::{Access, CONNECT_TIMEOUT, Checked};
use super::codes::Pause;
use super::envelope::{GraphError, clean};
use super::error::{Call, Error, Fault, Reading, Refused, Result};
use super::sender::{bounded, chain, header_trace, sample};
use super::usage::Usage;
use super::{tokens, wire};
use crate::clock::{Clock, Skew};
use crate::json;
use crate::log::{Said, Shown, Trace, note};
use crate::secret::Redactor;

/// A read ends within this time, with all retries.
const READ_BUDGET: Duration = Duration::from_secs(90);
/// One attempt of a read: Graph's edge gives its own servers as much time.
const READ_ATTEMPT: Duration = Duration::from_secs(60);
/// A write has one attempt.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A page of a thousand ads is well below this.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// The wait if a rate refusal names no time.
const DEFAULT_WAIT: Duration = Duration::from_secs(15 * 60);

/// How often a write is read back before its old state is believed, and how long between.
const CONFIRMATIONS: u32 = 3;
const BETWEEN_CONFIRMATIONS: Duration = Duration::from_secs(1);

/// Reads, and writes other than sends, with the access of one profile.
pub struct Graph {
    client: Client,
    checked: Checked,
    redactor: Redactor,
    clock: Clock,
    /// Of the first answer with a `Date`.
    skew: OnceLock<Skew>,
    /// Of the last answer.
    usage: Mutex<Usage>,
    /// The version that gave the first answer.
    version: OnceLock<String>,
}

/// A whole answer without an error.
struct Whole {
    status: u16,
    body: Bytes,
    trace: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SuccessWire {
    #[serde(default)]
    success: json::Flag,
}

impl Graph {
    /// A client for one profile. `clock` is used if an answer has no `Date`.
    pub fn new(access: Access, clock: Clock) -> Result<Self> {
        let checked = access.check()?;
        let client =
            checked.client()?.connect_timeout(CONNECT_TIMEOUT).build().map_err(|error| Error::Client(chain(&error)))?;
        Ok(Self {
            client,
            checked,
            redactor: access.redactor,
            clock,
            skew: OnceLock::new(),
            usage: Mutex::default(),
            version: OnceLock::new(),
        })
    }

    /// How far Graph's clock is ahead of the one that this client was given, by its first answer with a `Date`; `None` before that.
    pub fn skew(&self) -> Option<Skew> {
        self.skew.get().copied()
    }

    /// What the last answer said about limits.
    pub fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The API version that answered, which is not the one asked for where Meta has ended that; `None` if no answer named one.
    pub fn version_used(&self) -> Option<&str> {
        self.version.get().map(String::as_str)
    }

    /// An address with its query, including the proof, since a request without a body has no other place for it.
    pub(super) fn address(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = self.checked.url(segments)?;
        if !query.is_empty() || self.checked.proof.is_some() {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(query);
            if let Some(proof) = &self.checked.proof {
                pairs.append_pair("appsecret_proof", proof);
            }
        }
        Ok(url)
    }

    /// An address without a query: the proof goes into the body.
    pub(super) fn checked_url(&self, segments: &[&str]) -> Result<Url> {
        self.checked.url(segments)
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, url: &Url, call: &Call) -> Result<T> {
        let deadline = Instant::now() + READ_BUDGET;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let answer = self.attempt(&self.client, Method::GET, url, None, READ_ATTEMPT.min(left)).await;
            let fault = match answer.and_then(|whole| self.parsed(whole)) {
                Ok(read) => return Ok(read),
                Err(fault) => fault,
            };
            // Full jitter: requests that failed together don't retry together.
            let wait = Duration::from_millis(fastrand::u64(0..=u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)));
            let time_left = deadline.saturating_duration_since(Instant::now());
            if !fault.is_transient() || attempt >= MAX_ATTEMPTS || time_left <= wait {
                return Err(self.failed(call, fault));
            }
            note!(DEBUG, "retry", edge = Edge::of(url), attempt = attempt, wait_ms = wait, why = Said(&fault.text()));
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        }
    }

    /// Writes once, on a connection of its own: one that was kept may have been closed by the server, and then nobody can say whether the
    /// request was read. [`Error::Unclear`] if the answer is lost or unclear.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        mut body: Option<Value>,
        call: &Call,
    ) -> Result<T> {
        if let (Some(Value::Object(fields)), Some(proof)) = (&mut body, &self.checked.proof) {
            fields.insert("appsecret_proof".to_owned(), Value::from(proof.as_str()));
        }
        let client = self.checked.client()?.connect_timeout(CONNECT_TIMEOUT).pool_max_idle_per_host(0);
        let client = client.build().map_err(|error| Error::Client(chain(&error)))?;
        let answer = self.attempt(&client, method, url, body, WRITE_TIMEOUT).await;
        answer
            .and_then(|whole| self.parsed(whole))
            .map_err(|fault| if fault.leaves_doubt() { self.unclear(call, fault) } else { self.failed(call, fault) })
    }

    /// A write that Graph answers with `success`.
    pub(super) async fn write_flag(&self, method: Method, url: &Url, body: Option<Value>, call: Call) -> Result<()> {
        let answer: SuccessWire = self.write(method, url, body, &call).await?;
        match answer.success.0 {
            Some(true) => Ok(()),
            Some(false) => Err(Error::NotDone(call)),
            None => Err(self.unclear(&call, Fault::Missing("success"))),
        }
    }

    /// Reads back what a write did: `Ok` as soon as `stale` has nothing old to show, or can't be read; else [`Error::Unclear`]. Graph
    /// may take a moment to show what it wrote.
    pub(super) async fn confirm<R: Future<Output = Option<String>>>(
        &self,
        call: &Call,
        stale: impl Fn() -> R,
    ) -> Result<()> {
        let mut reads = stale().await;
        for _ in 1..CONFIRMATIONS {
            if reads.is_none() {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_CONFIRMATIONS).await;
            reads = stale().await;
        }
        reads.map_or(Ok(()), |reads| Err(self.unclear(call, Fault::Unchanged(reads))))
    }

    /// Reads back what a write changed until `stale` has nothing old to show, and returns that. Else [`Error::Unclear`], also if it can't
    /// be read.
    pub(super) async fn read_back<T, R: Future<Output = Result<T>>>(
        &self,
        call: &Call,
        read: impl Fn() -> R,
        stale: impl Fn(&T) -> Option<String>,
    ) -> Result<T> {
        let mut left = CONFIRMATIONS;
        loop {
            left -= 1;
            let found = read().await.map_err(|error| match error {
                Error::Failed { fault, .. } | Error::Unclear { fault, .. } => self.unclear(call, fault),
                other => other,
            })?;
            match stale(&found) {
                None => return Ok(found),
                Some(reads) if left == 0 => return Err(self.unclear(call, Fault::Unchanged(reads))),
                Some(_) => tokio::time::sleep(BETWEEN_CONFIRMATIONS).await,
            }
        }
    }

    pub(super) fn failed(&self, call: &Call, fault: Fault) -> Error {
        Error::Failed { call: call.clone(), host: self.host(), fault }
    }

    pub(super) fn unclear(&self, call: &Call, fault: Fault) -> Error {
        Error::Unclear { call: call.clone(), host: self.host(), fault }
    }

    fn host(&self) -> String {
        self.checked.host().to_owned()
    }

    fn parsed<T: DeserializeOwned>(&self, whole: Whole) -> Result<T, Fault> {
        match json::object_in(&whole.body).map(serde_json::from_str) {
            Some(Ok(value)) => Ok(value),
            _ => Err(Fault::Strange { status: whole.status, sample: sample(&whole.body, &self.redactor) }),
        }
    }

    async fn attempt(
        &self,
        client: &Client,
        method: Method,
        url: &Url,
        body: Option<Value>,
        timeout: Duration,
    ) -> Result<Whole, Fault> {
        let began = Instant::now();
        let answer = self.exchange(client, method.clone(), url, body, timeout).await;
        let fault = answer.as_ref().err();
        let facts = fault.map(Fault::facts).unwrap_or_default();
        let trace = answer.as_ref().map_or(facts.fbtrace_id.as_deref(), |whole| whole.trace.as_deref());
        note!(
            INFO,
            "request",
            method = Verb(&method),
            edge = Edge::of(url),
            status = answer.as_ref().map_or_else(Fault::status, |whole| Some(whole.status)),
            code = facts.code,
            subcode = facts.subcode,
            why = fault.map(Fault::text).as_deref().map(Said),
            fbtrace_id = trace.map(Trace),
            ms = began.elapsed(),
        );
        answer
    }

    async fn exchange(
        &self,
        client: &Client,
        method: Method,
        url: &Url,
        body: Option<Value>,
        timeout: Duration,
    ) -> Result<Whole, Fault> {
        let mut request = Request::new(method, url.clone());
        *request.headers_mut() = self.checked.headers.clone();
        *request.timeout_mut() = Some(timeout);
        if let Some(body) = body {
            let json = reqwest::header::HeaderValue::from_static("application/json");
            request.headers_mut().insert(reqwest::header::CONTENT_TYPE, json);
            *request.body_mut() = Some(body.to_string().into());
        }
        let why = |error: reqwest::Error| clean(&chain(&error.without_url()), &self.redactor);
        let lost = |error: reqwest::Error| if error.is_timeout() { Fault::TimedOut } else { Fault::Lost(why(error)) };
        let asked = self.clock.now();
        let mut response = match client.execute(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => return Err(Fault::NotSent(why(error))),
            Err(error) => return Err(lost(error)),
        };
        let answered = self.clock.now();
        let status = response.status();
        let usage = Usage::read(response.headers());
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        if let Some(version) = header("facebook-api-version") {
            self.version.get_or_init(|| clean(version, &self.redactor));
        }
        let date = header(DATE.as_str()).and_then(wire::http_date);
        let trace = header_trace(response.headers());
        let body = bounded(&mut response, MAX_ANSWER).await.map_err(lost)?;
        if body.len() > MAX_ANSWER {
            return Err(Fault::TooLong { limit: MAX_ANSWER });
        }
        let envelope = json::object_in(&body).and_then(|text| serde_json::from_str::<Envelope<'_>>(text).ok());
        if let (Some(date), Some(_)) = (date, &envelope) {
            // An answer of Graph's, not of something in between.
            self.skew.get_or_init(|| Skew::of(date, asked, answered));
        }
        let error = match &envelope {
            Some(envelope) => envelope.error.map(|error| GraphError::read(error, &self.redactor)),
            None if body.is_empty() => GraphError::without_body(status),
            None => None,
        };
        match (envelope, error) {
            (_, Some(mut error)) => {
                error.fbtrace_id = error.fbtrace_id.or(trace);
                let mut refused = Refused { status: status.as_u16(), error, until: None };
                if refused.reading() == Reading::Wait {
                    let now = date.unwrap_or_else(|| self.clock.now());
                    refused.until = Some(now.plus(how_long(&refused.error, &usage)));
                }
                Err(Fault::Refused(Box::new(refused)))
            }
            (Some(_), None) if status.is_success() => Ok(Whole { status: status.as_u16(), body, trace }),
            _ => Err(Fault::Strange { status: status.as_u16(), sample: sample(&body, &self.redactor) }),
        }
    }
}

fn how_long(error: &GraphError, usage: &Usage) -> Duration {
    const DAY: u64 = 24 * 60 * 60;
    if let Some(told) = error.told_wait() {
        return told;
    }
    let by_row = match error.row().and_then(|row| row.wait) {
        Some(Pause::For(time)) => Some(time),
        Some(Pause::NextDay) => Some(Duration::from_secs(DAY)),
        Some(Pause::Told | Pause::CampaignStart) | None => None,
    };
    usage.wait().or(by_row).unwrap_or(DEFAULT_WAIT)
}

/// Where a request goes, for the log: a path without its subscription token, and never the query, which may have secrets.
struct Edge(String);

impl Edge {
    fn of(url: &Url) -> Self {
        let path = url.path();
        Self(match path.split_once(tokens::PREFIX) {
            Some((before, _)) => format!("{before}{}\u{2026}", tokens::PREFIX),
            None => path.to_owned(),
        })
    }
}

impl Shown for Edge {
    type Value<'a> = &'a str;

    fn shown(&self) -> &str {
        &self.0
    }
}

struct Verb<'m>(&'m Method);

impl Shown for Verb<'_> {
    type Value<'a>
        = &'a str
    where
        Self: 'a;

    fn shown(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests;
