//! Posts events to the receiver, signed over the raw bytes; retries at once at first, then after growing pauses.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::event::{Event, body, signed_json};
use super::unsubscribe;
use crate::auth::hmac_hex;
use crate::world::World;

/// Meta waits this long for 200.
const TIMEOUT: Duration = Duration::from_secs(5);
const AT_ONCE: usize = 8;
/// Pauses before the second try and those after it; then they double, up to half a minute.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(200), Duration::from_secs(1)];
const LONGEST: Duration = Duration::from_secs(30);

pub struct Poster {
    world: Arc<World>,
    client: Client,
    url: String,
    room: Arc<Semaphore>,
}

impl Poster {
    pub fn new(world: Arc<World>, url: String) -> Option<Self> {
        let client = Client::builder().timeout(TIMEOUT).no_proxy().user_agent("facebookexternalua").build().ok()?;
        Some(Self { world, client, url, room: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Sends the verification challenge until the receiver answers, for a minute at most.
    pub fn verify(&self) {
        let (world, client, url) = (Arc::clone(&self.world), self.client.clone(), self.url.clone());
        tokio::spawn(async move {
            let challenge = "1158201444";
            for _ in 0..60 {
                let query = [
                    ("hub.mode", "subscribe"),
                    ("hub.verify_token", &world.credentials.verify_token),
                    ("hub.challenge", challenge),
                ];
                if let Ok(response) = client.get(&url).query(&query).send().await {
                    let good = response.status() == 200 && response.text().await.is_ok_and(|text| text == challenge);
                    world.stats.verified.store(if good { 1 } else { 2 }, Relaxed);
                    return;
                }
                tokio::select! {
                    () = world.cancel.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        });
    }

    /// Posts a batch in the background once there is room.
    pub async fn post(&self, events: Vec<Event>) {
        let Ok(room) = Arc::clone(&self.room).acquire_owned().await else { return };
        let (world, client, url) = (Arc::clone(&self.world), self.client.clone(), self.url.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = world.cancel.cancelled() => {}
                () = try_until_taken(&world, &client, &url, &events, room) => {}
            }
        });
    }
}

async fn try_until_taken(
    world: &World,
    client: &Client,
    url: &str,
    events: &[Event],
    room: tokio::sync::OwnedSemaphorePermit,
) {
    let dials = &world.options.webhooks;
    let bytes = signed_json(&body(events, world.now(), dials.stamps)).into_bytes();
    let signature = format!("sha256={}", hmac_hex(&world.credentials.app_secret, &bytes));
    let began = Instant::now();
    let mut room = Some(room);
    let mut tries = 0;
    let mut pause = PAUSES[0];
    loop {
        let answer = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", &signature)
            .body(bytes.clone())
            .send()
            .await;
        if answer.is_ok_and(|answer| answer.status() == 200) {
            let count = events.len() as u64;
            world.stats.notices_acked.fetch_add(count, Relaxed);
            world.stats.notices_waiting.fetch_sub(count, Relaxed);
            if let Some(truth) = &world.truth {
                let acked: Vec<u64> = events.iter().map(|event| event.n).collect();
                let line = format!("{}\n", json!({ "acked": acked, "at": world.now() }));
                if truth.append(line.as_bytes()).is_err() {
                    world.stats.unrecorded.fetch_add(1, Relaxed);
                }
            }
            return;
        }
        world.stats.posts_failed.fetch_add(1, Relaxed);
        if began.elapsed() >= dials.retry_for {
            world.stats.notices_dropped.fetch_add(events.len() as u64, Relaxed);
            world.stats.notices_waiting.fetch_sub(events.len() as u64, Relaxed);
            unsubscribe(world);
            return;
        }
        pause = match PAUSES.get(tries) {
            Some(pause) => *pause,
            None => (pause * 2).min(LONGEST),
        };
        tries += 1;
        if tries == PAUSES.len() {
            // A batch that waits long must not hold up the others.
            drop(room.take());
        }
        tokio::time::sleep(pause).await;
    }
}
