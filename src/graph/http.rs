//! Reads and the few writes that are no sends: retries of reads, and answers turned into errors an operator can act on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::DATE;
use reqwest::{Client, Method, Request, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::access::{Access, CONNECT_TIMEOUT, Checked};
use super::codes::{Class, Pause, Row};
use super::error::{GraphError, clean};
use super::sender::{bounded, chain, header_trace, sample};
use super::usage::Usage;
use super::{tokens, wire};
use crate::clock::{Clock, UnixMillis};
use crate::error::{Error, Exit, GraphFacts, Result};
use crate::json;
use crate::secret::Redactor;

/// A read with all its retries ends within this.
const READ_BUDGET: Duration = Duration::from_secs(20);
/// One attempt of a read: what is slower is tried anew while the budget lasts.
const READ_ATTEMPT: Duration = Duration::from_secs(15);
/// A write has one attempt.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A page of a thousand ads is well below this.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// What to do when a rate refusal names no time.
const DEFAULT_WAIT: Duration = Duration::from_secs(15 * 60);

/// Takes one line for the debug log.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// Reads, and writes other than sends, with the access of one profile.
pub struct Graph {
    client: Client,
    checked: Checked,
    redactor: Redactor,
    log: Option<Log>,
    clock: Clock,
}

/// A value read from Graph, and what the headers said.
#[derive(Clone, Debug)]
pub struct Read<T> {
    pub value: T,
    /// The server's clock, from `Date`.
    pub date: Option<UnixMillis>,
    pub usage: Usage,
    /// `facebook-api-version`: the version that answered.
    pub version: Option<String>,
}

impl<T> Read<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Read<U> {
        Read { value: change(self.value), date: self.date, usage: self.usage, version: self.version }
    }
}

/// How one attempt failed.
enum Fault {
    NotSent(String),
    Lost(String),
    Graph(Box<Refusal>),
    Strange(StatusCode, String),
}

struct Refusal {
    status: StatusCode,
    error: GraphError,
    usage: Usage,
    date: Option<UnixMillis>,
}

/// A whole answer without an error.
struct Whole {
    body: Bytes,
    usage: Usage,
    date: Option<UnixMillis>,
    version: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl Graph {
    /// A client for one profile. `log` gets one line for each retry and each answer, without secrets. Errors are exit 3 or 4.
    pub fn new(access: Access, log: Option<Log>) -> Result<Self> {
        let checked = access.check()?;
        let client = checked
            .client()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| Error::config("can't make the HTTP client").because(&error))?;
        Ok(Self { client, checked, redactor: access.redactor, log, clock: Clock::system() })
    }

    /// An address with its query; the proof goes with it, since a request without a body has no other place.
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

    /// Reads `url`; `what` completes "can't read …".
    pub(super) async fn read<T: DeserializeOwned>(&self, url: &Url, what: impl fmt::Display) -> Result<Read<T>> {
        let deadline = Instant::now() + READ_BUDGET;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let left = deadline.saturating_duration_since(Instant::now());
            let fault = match self.attempt(Method::GET, url, None, READ_ATTEMPT.min(left)).await {
                Ok(whole) => match serde_json::from_slice::<T>(&whole.body) {
                    Ok(value) => {
                        return Ok(Read { value, date: whole.date, usage: whole.usage, version: whole.version });
                    }
                    Err(_) => Fault::Strange(StatusCode::OK, sample(&whole.body, &self.redactor)),
                },
                Err(fault) => fault,
            };
            // Full jitter: those who failed together don't come back together.
            let wait = Duration::from_millis(fastrand::u64(0..=u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)));
            let time_left = deadline.saturating_duration_since(Instant::now());
            if !fault.is_transient() || attempt >= MAX_ATTEMPTS || time_left <= wait {
                return Err(self.failed(fault, &format!("can't read {what}"), Exit::Network));
            }
            self.log(&format!("GET {}: {}; again in {} ms", shown_path(url), fault.text(), wait.as_millis()));
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(Error::internal("a read ended without an answer"))
    }

    /// Writes once. A lost or unclear answer is exit 11; `what` completes "can't …", `check` is the command that tells.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        mut body: Option<Value>,
        what: &str,
        check: &str,
    ) -> Result<Read<T>> {
        if let (Some(Value::Object(fields)), Some(proof)) = (&mut body, &self.checked.proof) {
            fields.insert("appsecret_proof".to_owned(), Value::from(proof.as_str()));
        }
        let fault = match self.attempt(method, url, body, WRITE_TIMEOUT).await {
            Ok(whole) => match serde_json::from_slice::<T>(&whole.body) {
                Ok(value) => return Ok(Read { value, date: whole.date, usage: whole.usage, version: whole.version }),
                Err(_) => Fault::Strange(StatusCode::OK, sample(&whole.body, &self.redactor)),
            },
            Err(fault) => fault,
        };
        let error = self.failed(fault, &format!("can't {what}"), Exit::Doubt);
        if error.exit() != Exit::Doubt {
            return Err(error);
        }
        let mut doubt = Error::doubt(format!("it is not known whether Meta did this: {what}"))
            .because(&error)
            .graph(error.graph_facts().clone());
        doubt = doubt.hint(format!("{check} shows whether it happened; check before you run this again"));
        Err(doubt)
    }

    async fn attempt(&self, method: Method, url: &Url, body: Option<Value>, timeout: Duration) -> Result<Whole, Fault> {
        let mut request = Request::new(method, url.clone());
        *request.headers_mut() = self.checked.headers.clone();
        *request.timeout_mut() = Some(timeout);
        if let Some(body) = body {
            let json = reqwest::header::HeaderValue::from_static("application/json");
            request.headers_mut().insert(reqwest::header::CONTENT_TYPE, json);
            *request.body_mut() = Some(body.to_string().into());
        }
        let method = request.method().clone();
        let lost = |error: reqwest::Error| clean(&chain(&error.without_url()), &self.redactor);
        let mut response = match self.client.execute(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => return Err(Fault::NotSent(lost(error))),
            Err(error) => return Err(Fault::Lost(lost(error))),
        };
        let status = response.status();
        self.log(&format!("{method} {}: {}", shown_path(url), status.as_u16()));
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(Fault::NotSent("the proxy wants a login (407)".to_owned()));
        }
        let usage = Usage::read(response.headers());
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let date = header(DATE.as_str()).and_then(wire::http_date);
        let version = header("facebook-api-version").map(str::to_owned);
        let trace = header_trace(response.headers());
        let body = bounded(&mut response, MAX_ANSWER).await.map_err(|error| Fault::Lost(lost(error)))?;
        let envelope = std::str::from_utf8(&body)
            .ok()
            .filter(|text| json::is_object(text))
            .and_then(|text| serde_json::from_str::<Envelope<'_>>(text).ok());
        match envelope {
            Some(Envelope { error: Some(error) }) => {
                let mut error = GraphError::read(error, &self.redactor);
                error.fbtrace_id = error.fbtrace_id.or(trace);
                Err(Fault::Graph(Box::new(Refusal { status, error, usage, date })))
            }
            Some(_) if status.is_success() => Ok(Whole { body, usage, date, version }),
            _ => Err(Fault::Strange(status, sample(&body, &self.redactor))),
        }
    }

    fn log(&self, line: &str) {
        if let Some(log) = &self.log {
            log(line);
        }
    }

    /// `unclear` is the exit code of what may or may not have happened: network for a read, doubt for a write.
    fn failed(&self, fault: Fault, what: &str, unclear: Exit) -> Error {
        let host = self.checked.host();
        match fault {
            Fault::NotSent(why) => Error::network(format!("{what}: {host} can't be reached: {why}"))
                .hint("check the network and the Graph URL (mmsg config show), then run again"),
            Fault::Lost(why) => Error::new(unclear, format!("{what}: no whole answer from {host}: {why}"))
                .hint("run again; if it stays so, check the network and the Graph URL (mmsg config show)"),
            Fault::Strange(status, sample) => strange(status, &sample, what, host, unclear),
            Fault::Graph(refusal) => self.refused(&refusal, what, unclear),
        }
    }

    fn refused(&self, refusal: &Refusal, what: &str, unclear: Exit) -> Error {
        let Refusal { status, error, usage, date } = refusal;
        let text = format!("{what}: Graph refused: {}", error.text());
        let mut built = match error.row() {
            Some(row) => by_row(row, text, unclear),
            None if error.is_transient || status.is_server_error() || status.is_redirection() => {
                Error::new(unclear, text).hint("run again")
            }
            None if *status == StatusCode::TOO_MANY_REQUESTS => Error::new(Exit::NotYet, text).hint(RUN_AT),
            None if *status == StatusCode::UNAUTHORIZED => {
                Error::credentials(text).hint("mmsg config show tells where the token comes from")
            }
            None => Error::refused(text).hint("read Graph's text; this code is not in mmsg's table"),
        };
        if built.exit() == Exit::NotYet {
            let now = date.unwrap_or_else(|| self.clock.now());
            built = built.next_run_at(now.plus(how_long(error, usage)));
        }
        built.graph(error.facts())
    }
}

const RUN_AT: &str = "run again at the time shown";

fn by_row(row: &Row, text: String, unclear: Exit) -> Error {
    let exit = match row.class {
        Class::Doubt => unclear,
        Class::Wait => Exit::NotYet,
        Class::Stop => row.exit,
        Class::Campaign | Class::Message | Class::Drop | Class::Later => Exit::Refused,
    };
    Error::new(exit, text).hint(row.hint)
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

fn strange(status: StatusCode, sample: &str, what: &str, host: &str, unclear: Exit) -> Error {
    let said = if sample.is_empty() { "nothing".to_owned() } else { format!("no JSON of Graph's: {sample}") };
    let text = format!("{what}: {host} answered {} with {said}", status.as_u16());
    match status {
        StatusCode::TOO_MANY_REQUESTS => Error::new(unclear, text).hint("run again in some minutes"),
        _ => {
            Error::new(unclear, text).hint("is a proxy between? check the Graph URL (mmsg config show), then run again")
        }
    }
}

impl Fault {
    /// May be gone in a moment. Rate refusals are not: calling on makes the block longer.
    fn is_transient(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Lost(_) => true,
            Self::Strange(status, _) => status.is_success() || status.is_server_error(),
            Self::Graph(refusal) => match refusal.error.row() {
                Some(row) => row.class == Class::Doubt,
                None => refusal.error.is_transient || refusal.status.is_server_error(),
            },
        }
    }

    fn text(&self) -> String {
        match self {
            Self::NotSent(why) | Self::Lost(why) => why.clone(),
            Self::Strange(status, _) => format!("{} without Graph's JSON", status.as_u16()),
            Self::Graph(refusal) => refusal.error.text(),
        }
    }
}

/// A path as it may be shown: without the person that it names.
fn shown_path(url: &Url) -> String {
    let path = url.path();
    match path.split_once(tokens::PREFIX) {
        Some((before, _)) => format!("{before}{}\u{2026}", tokens::PREFIX),
        None => path.to_owned(),
    }
}

/// Whether an error says that the object does not exist, or is of another kind than was asked for.
pub(super) fn is_no_such_object(error: &Error) -> bool {
    let GraphFacts { code, .. } = error.graph_facts();
    // 803 is what Graph says to a name that is no number.
    matches!(code, Some(100 | 803 | 2_300_001))
}

#[cfg(test)]
mod tests;
