//! Synchronous batches: `POST /` with `batch`, whose calls are answered one after the other, each as if it had come alone.

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use super::auth;
use super::dials::Dials;
use super::params::Params;
use super::removed::{self, Removed};
use super::reply::{Outcome, Refusal, Reply};
use super::route::{self, Call};
use super::world::World;

const MOST: usize = 50;

/// What the calls of a batch take from it if they have none of their own.
pub struct Shared<'b> {
    pub token: &'b str,
    pub proof: Option<&'b str>,
}

/// `POST /` with `batch`. The answer has one entry per call, in order; a call that was cut off has `null`.
pub fn run(
    world: &World,
    dials: &Dials,
    call: &Call<'_>,
    params: &Params,
    shared: &Shared<'_>,
) -> Result<Value, Refusal> {
    let batch = params.json("batch")?.filter(|_| call.method == Method::POST);
    let batch = batch.ok_or_else(|| Refusal::new(100).words("Unsupported get request").status(400))?;
    let batch = batch.as_array().ok_or_else(|| Refusal::parameter("param batch must be an array"))?;
    if batch.is_empty() {
        return Err(Refusal::parameter("Batch requests must contain at least one request"));
    }
    if batch.len() > MOST {
        return Err(Refusal::parameter("Too many requests in batch message. Maximum batch size is 50"));
    }
    let headers = params.text("include_headers").is_none_or(|include| include != "false")
        && params.0.get("include_headers") != Some(&Value::Bool(false));
    Ok(batch.iter().map(|entry| one(world, dials, entry, shared, headers)).collect())
}

fn one(world: &World, dials: &Dials, entry: &Value, shared: &Shared<'_>, headers: bool) -> Value {
    let reply = match Entry::read(entry, shared) {
        Err(refusal) => refusal.reply(&world.trace(), None),
        Ok(entry) => match entry.answer(world, dials) {
            Outcome::Answer(reply) => reply,
            Outcome::Cut(_) | Outcome::Drop | Outcome::Hang => return Value::Null,
        },
    };
    if reply.status == 200 && is_true(&entry["omit_response_on_success"]) {
        return Value::Null;
    }
    shown(&reply, headers)
}

fn shown(reply: &Reply, headers: bool) -> Value {
    let mut shown = json!({ "code": reply.status, "body": String::from_utf8_lossy(&reply.body) });
    if headers {
        shown["headers"] = json!([{ "name": "Content-Type", "value": reply.content_type }]);
    }
    shown
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value == "true"
}

/// Whether a call of a batch has a header, as `{"name", "value"}` or as a line.
fn has_header(entry: &Value, name: &str) -> bool {
    entry["headers"].as_array().into_iter().flatten().any(|header| {
        let found = header["name"].as_str().or_else(|| header.as_str()?.split(':').next()).unwrap_or_default();
        found.trim().eq_ignore_ascii_case(name)
    })
}

/// One call of a batch, checked.
#[derive(Debug)]
struct Entry {
    method: Method,
    path: String,
    query: String,
    body: String,
    authorization: Option<String>,
    removed: Removed,
}

impl Entry {
    fn read(entry: &Value, shared: &Shared<'_>) -> Result<Self, Refusal> {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        for name in ["depends_on", "attached_files"] {
            if !entry[name].is_null() && entry[name] != "" {
                return Err(Refusal::parameter(format!("The sandbox does not serve {name} in a batch")));
            }
        }
        let method = match text("method") {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "DELETE" => Method::DELETE,
            other => return Err(Refusal::parameter(format!("Invalid method '{other}' in a batch"))),
        };
        let (url, body) = (text("relative_url"), text("body"));
        if [url, body].iter().any(|text| text.contains("{result=")) {
            return Err(Refusal::parameter("The sandbox does not serve references between calls of a batch"));
        }
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Err(Refusal::parameter("relative_url is empty, or a batch within a batch"));
        }
        let form = [query, body].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
        let own = Params::of(&form, "", b"")?;
        let mut query = query.to_owned();
        let authorization = if own.0.contains_key(auth::TOKEN) {
            None
        } else {
            if let (Some(proof), None) = (shared.proof, own.0.get(auth::PROOF)) {
                let separator = if query.is_empty() { "" } else { "&" };
                query.push_str(&format!("{separator}{}={proof}", auth::PROOF));
            }
            Some(format!("Bearer {}", shared.token))
        };
        Ok(Self {
            method,
            path: format!("/{path}"),
            query,
            body: body.to_owned(),
            authorization,
            removed: Removed {
                if_none_match: has_header(entry, removed::IF_NONE_MATCH),
                method_override: has_header(entry, removed::METHOD_OVERRIDE),
            },
        })
    }

    fn answer(self, world: &World, dials: &Dials) -> Outcome {
        if route::is_control(&self.path) || self.path.trim_start_matches("/v").parse::<f64>().is_ok() {
            return Refusal::parameter("relative_url is empty, or a batch within a batch")
                .reply(&world.trace(), None)
                .into();
        }
        let call = Call {
            method: self.method,
            path: &self.path,
            query: &self.query,
            authorization: self.authorization.as_deref(),
            removed: self.removed,
            content_type: "application/x-www-form-urlencoded",
            body: Bytes::from(self.body),
            // Each call of a batch counts alone.
            nth: world.stats.requests.fetch_add(1, Relaxed),
        };
        route::answer(world, dials, &call).outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_what_the_batch_shares() {
        let shared = Shared { token: "EAA", proof: Some("aa") };
        let read = |entry: Value| Entry::read(&entry, &shared);
        let entry = read(json!({"method": "GET", "relative_url": "v26.0/act_1/ads?fields=id"})).unwrap();
        assert_eq!((entry.path.as_str(), entry.query.as_str()), ("/v26.0/act_1/ads", "fields=id&appsecret_proof=aa"));
        assert_eq!(entry.authorization.as_deref(), Some("Bearer EAA"));
        let own = read(json!({"method": "POST", "relative_url": "/1", "body": "access_token=EAB&name=x"})).unwrap();
        assert_eq!((own.query.as_str(), own.authorization), ("", None));
        for wrong in [
            json!({"method": "PUT", "relative_url": "1"}),
            json!({"method": "GET"}),
            json!({"method": "GET", "relative_url": "1", "depends_on": "first"}),
            json!({"method": "GET", "relative_url": "{result=first:$.id}"}),
            json!({"method": "POST", "relative_url": "1", "attached_files": "file"}),
        ] {
            assert_eq!(read(wrong.clone()).unwrap_err().code, 100, "{wrong}");
        }
        assert!(read(json!({"method": "GET", "relative_url": "1", "attached_files": ""})).is_ok());
        for header in [json!({"name": "If-None-Match", "value": "x"}), json!("If-None-Match: x")] {
            let entry = read(json!({"method": "GET", "relative_url": "1", "headers": [header]})).unwrap();
            assert!(entry.removed.if_none_match, "{entry:?}");
        }
    }
}
