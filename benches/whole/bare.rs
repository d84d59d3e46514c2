//! The bare client shows what the HTTP client alone can do. It posts every token of a list and keeps nothing: no ledger, no plan,
//! no cool-down, no pace. Its settings are those of `mmsg send`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Makes this program the client; the server's address, the message, the list and the requests in flight follow.
pub const WORD: &str = "bare-client";

pub fn send_all(url: &str, message: &str, list: &str, concurrency: usize) {
    let text = std::fs::read_to_string(list).unwrap();
    let tokens: Arc<[String]> = text.lines().skip(1).map(str::to_owned).collect();
    let message: Value = serde_json::from_str(&std::fs::read_to_string(message).unwrap()).unwrap();
    let client = reqwest::Client::builder()
        .http1_only()
        .no_gzip()
        .no_proxy()
        .referer(false)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .pool_idle_timeout(Duration::from_secs(5))
        .pool_max_idle_per_host(concurrency)
        .build()
        .unwrap();
    let url = format!("{url}/v26.0/act_77/messages");
    let next = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let (client, url, message) = (client.clone(), url.clone(), message.clone());
        let (tokens, next) = (Arc::clone(&tokens), Arc::clone(&next));
        let work = async move {
            while let Some(token) = tokens.get(next.fetch_add(1, Relaxed)) {
                let body = json!({
                    "message_id": "1",
                    "messenger_delivery_data": {"subscription_token": token},
                    "message": message,
                });
                let answer = client.post(&url).bearer_auth("floor").json(&body).send().await.unwrap();
                let answer: Value = answer.json().await.unwrap();
                assert_eq!(answer["success"], true);
            }
        };
        workers.spawn_on(work, runtime.handle());
    }
    runtime.block_on(workers.join_all());
}
