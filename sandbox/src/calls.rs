//! The record of calls: what was asked, without secrets, tokens and messages.

use serde_json::{Map, Value, json};

use super::auth;
use super::params::{Params, decoded};
use super::reply::Outcome;
use super::route::Call;
use super::world::World;

const HIDDEN: &str = "[hidden]";
const TOKEN_NODE: &str = "notification_messages_";

/// Appends a line about one call, if `--calls` is given.
pub fn note(world: &World, call: &Call<'_>, outcome: &Outcome) {
    let Some(file) = &world.calls else { return };
    let line = line(call, outcome, &secrets(world), world.now());
    if file.append(format!("{line}\n").as_bytes()).is_err() {
        world.stats.unrecorded.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

fn secrets(world: &World) -> Vec<&str> {
    let known = &world.credentials;
    vec![&known.token, &known.page_token, &known.app_secret]
}

fn line(call: &Call<'_>, outcome: &Outcome, secrets: &[&str], at: i64) -> Value {
    let query = Params::of(call.query, "", b"").unwrap_or_default().0;
    // Names only: the values are what people are sent.
    let body = Params::of("", call.content_type, &call.body).unwrap_or_default().0;
    let place = match call.authorization {
        Some(_) => json!("header"),
        None if query.contains_key(auth::TOKEN) => json!("query"),
        None if body.contains_key(auth::TOKEN) => json!("body"),
        None => Value::Null,
    };
    let shown: Map<String, Value> =
        query.into_iter().map(|(name, value)| (name.clone(), shown(&name, &value, secrets))).collect();
    json!({
        "at": at,
        "method": call.method.as_str(),
        "path": path(call.path, secrets),
        "query": shown,
        "body": body.keys().collect::<Vec<_>>(),
        "token": place,
        "status": match outcome {
            Outcome::Answer(reply) => json!(reply.status),
            Outcome::Cut(_) | Outcome::Drop | Outcome::Hang => Value::Null,
        },
    })
}

fn shown(name: &str, value: &Value, secrets: &[&str]) -> Value {
    if matches!(name, auth::TOKEN | auth::PROOF | "input_token") {
        return json!(HIDDEN);
    }
    json!(masked(value.as_str().unwrap_or_default(), secrets))
}

fn path(path: &str, secrets: &[&str]) -> String {
    let path = masked(&decoded(path), secrets);
    match path.split_once(TOKEN_NODE) {
        Some((before, _)) => format!("{before}{TOKEN_NODE}{HIDDEN}"),
        None => path,
    }
}

fn masked(text: &str, secrets: &[&str]) -> String {
    secrets
        .iter()
        .filter(|secret| !secret.is_empty())
        .fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::Method;

    use super::super::removed::Removed;
    use super::super::reply::Reply;
    use super::*;

    #[test]
    fn a_line_holds_no_secret() {
        let call = Call {
            method: Method::POST,
            path: "/v26.0/notification_messages_7104",
            query: "access_token=EAASECRET&appsecret_proof=ab12&input_token=EAAOTHER&name=see+EAASECRET&fields=id",
            authorization: None,
            removed: Removed::default(),
            content_type: "application/json",
            body: Bytes::from_static(br#"{"message":{"text":"hello"},"name":"x"}"#),
            nth: 0,
        };
        let line = line(&call, &Outcome::Answer(Reply::json(&json!({}))), &["EAASECRET"], 5);
        assert_eq!(
            line,
            json!({
                "at": 5,
                "method": "POST",
                "path": "/v26.0/notification_messages_[hidden]",
                "query": {
                    "access_token": "[hidden]",
                    "appsecret_proof": "[hidden]",
                    "input_token": "[hidden]",
                    "name": "see [hidden]",
                    "fields": "id",
                },
                "body": ["message", "name"],
                "token": "query",
                "status": 200,
            })
        );
    }
}
