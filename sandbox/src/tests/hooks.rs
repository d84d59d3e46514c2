use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tempfile::TempDir;

use super::*;

/// A receiver that refuses its first posts, checks signatures and keeps what it accepted.
#[derive(Default)]
struct Inbox {
    refuse: usize,
    taken: Vec<Value>,
    forged: usize,
    escaped: bool,
}

type Shared = Arc<Mutex<Inbox>>;

async fn receiver(refuse: usize) -> (String, Shared) {
    let inbox = Arc::new(Mutex::new(Inbox { refuse, ..Inbox::default() }));
    let take = |State(inbox): State<Shared>, headers: HeaderMap, body: Bytes| async move {
        let mut inbox = inbox.lock().unwrap();
        let secret = Credentials::from_seed(7).app_secret;
        let right = format!("sha256={}", auth::hmac_hex(&secret, &body));
        if headers["x-hub-signature-256"] != right.as_str() {
            inbox.forged += 1;
        }
        if inbox.refuse > 0 {
            inbox.refuse -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.is_ascii());
        inbox.escaped |= text.contains("\\u00e4");
        inbox.taken.push(serde_json::from_str(text).unwrap());
        StatusCode::OK
    };
    let check = |Query(query): Query<BTreeMap<String, String>>| async move { query["hub.challenge"].clone() };
    let app = Router::new().route("/hook", get(check).post(take)).with_state(Arc::clone(&inbox));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, inbox)
}

fn changes(inbox: &Shared) -> Vec<Value> {
    let inbox = inbox.lock().unwrap();
    let entries = inbox.taken.iter().flat_map(|post| post["entry"].as_array().unwrap());
    entries
        .flat_map(|entry| entry["changes"].as_array().or_else(|| entry["messaging"].as_array()).unwrap())
        .cloned()
        .collect()
}

async fn settled(desk: &Desk, events: u64) {
    for _ in 0..200 {
        if desk.sandbox.stats()["webhook"]["acked"].as_u64().unwrap() >= events {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not settled: {}", desk.sandbox.stats());
}

#[tokio::test]
async fn events_are_signed_and_tried_until_taken() {
    let (url, inbox) = receiver(2).await;
    let desk = Desk::open(|options| {
        options.webhooks = Webhooks {
            url: Some(url),
            delay: Duration::from_millis(10),
            failed: 0.0,
            delivered: 1.0,
            read: 1.0,
            clicked: 1.0,
            ..Options::default().webhooks
        };
    })
    .await;
    let campaign = desk.campaign().await;
    let tracking = desk.send(&campaign, "anna").await.1["marketing_message_tracking_id"].clone();
    settled(&desk, 4).await;
    let stats = desk.sandbox.stats();
    assert_eq!((&stats["webhook"]["posts_failed"], &stats["webhook"]["verified"]), (&json!(2), &json!(true)));
    assert_eq!(inbox.lock().unwrap().forged, 0);
    let fields: BTreeSet<String> =
        changes(&inbox).iter().map(|change| change["field"].as_str().unwrap().to_owned()).collect();
    let wanted = ["clicks", "deliveries", "echoes", "reads"].map(|name| format!("marketing_message_{name}"));
    assert_eq!(fields, wanted.into_iter().collect());
    for change in changes(&inbox) {
        let value = &change["value"];
        assert_eq!((&value["message_id"], &value["messenger_subscription_token"]), (&json!(campaign), &json!("anna")));
        if change["field"] == "marketing_message_clicks" {
            assert!(value["marketing_message_tracking_id"].is_null());
        } else {
            assert_eq!(value["marketing_message_tracking_id"], tracking);
        }
    }
}

#[tokio::test]
async fn chaos_is_as_asked_and_the_truth_knows() {
    let (url, inbox) = receiver(0).await;
    let folder = TempDir::new().unwrap();
    let truth = folder.path().join("truth.ndjson");
    let desk = Desk::open(|options| {
        options.webhooks = Webhooks {
            url: Some(url),
            delay: Duration::from_millis(10),
            batch: 7,
            failed: 0.3,
            duplicates: 0.3,
            disorder: 0.3,
            late: 0.1,
            late_by: Duration::from_millis(50),
            lost: 0.1,
            missing_ids: 0.5,
            envelope: Envelope::Mixed,
            stamps: Stamps::Mixed,
            truth: Some(truth.clone()),
            ..Options::default().webhooks
        };
        options.custom_audience = 0.2;
    })
    .await;
    let campaign = desk.campaign().await;
    for n in 0..60 {
        assert_eq!(desk.send_code(&campaign, &format!("p{n}")).await, 0);
    }
    let read_truth = || -> Vec<Value> {
        std::fs::read_to_string(&truth).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // Once every send has had its stages, the truth file no longer grows.
    let mut lines = read_truth();
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = read_truth();
        if now.len() == lines.len() {
            break;
        }
        lines = now;
    }
    let sent: BTreeSet<u64> =
        lines.iter().filter(|line| line["sent"] == true).map(|line| line["event"].as_u64().unwrap()).collect();
    let lost = lines.iter().filter(|line| line["sent"] == false).count();
    let acked: Vec<u64> =
        lines.iter().filter_map(|line| line["acked"].as_array()).flatten().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!(acked.iter().copied().collect::<BTreeSet<_>>(), sent);
    assert!(acked.len() > sent.len() && lost > 0);
    assert_eq!(changes(&inbox).len(), acked.len());
    let inbox = inbox.lock().unwrap();
    assert!(inbox.escaped && inbox.forged == 0);
    assert!(inbox.taken.iter().all(|post| {
        let count = |entry: &Value| {
            ["changes", "messaging"].iter().filter_map(|kind| entry[*kind].as_array()).map(Vec::len).sum::<usize>()
        };
        post["entry"].as_array().unwrap().iter().map(count).sum::<usize>() <= 7
    }));
    let both = |kind: &str| {
        inbox.taken.iter().flat_map(|post| post["entry"].as_array().unwrap()).any(|entry| entry[kind].is_array())
    };
    assert!(both("changes") && both("messaging"));
}

#[tokio::test]
async fn insights_agree_with_the_record_and_lag() {
    let desk = Desk::open(|options| {
        options.webhooks.delay = Duration::ZERO;
        options.insights_lag = Duration::from_millis(2000);
    })
    .await;
    let campaign = desk.campaign().await;
    for n in 0..50 {
        desk.send_code(&campaign, &format!("p{n}")).await;
    }
    let path =
        format!("{campaign}/insights?date_preset=maximum&fields=marketing_messages_delivered,marketing_messages_spend");
    assert_eq!(desk.get(&path).await.1["data"], json!([]));
    tokio::time::sleep(Duration::from_millis(2050)).await;
    let options = desk.sandbox.options();
    let delivered = desk
        .sandbox
        .accepted()
        .iter()
        .filter(|send| fate::Fate::of(&options.webhooks, 7, send).delivered.is_some())
        .count();
    let (_, rows) = desk.get(&path).await;
    assert_eq!(rows["data"][0]["marketing_messages_delivered"], delivered.to_string());
    assert_eq!(rows["data"][0]["marketing_messages_spend"], format!("{:.2}", delivered as f64 * 0.014));
    // The default is the last 30 days, without today.
    assert_eq!(desk.get(&path.replace("date_preset=maximum&", "")).await.1["data"], json!([]));
    let (_, total) =
        desk.get(&format!("{}/insights?date_preset=today&fields=marketing_messages_delivered", desk.account())).await;
    assert_eq!(total["data"][0]["marketing_messages_delivered"], delivered.to_string());
}

#[tokio::test]
async fn an_app_is_subscribed_and_unsubscribed() {
    let desk = Desk::open(|_| {}).await;
    let path = format!("{}/subscribed_apps", desk.page());
    assert_eq!(desk.get_as_page(&path).await.1, json!({"data": []}));
    let url = format!("{}/{path}", desk.sandbox.url());
    let token = desk.sandbox.credentials().page_token.clone();
    let post = |fields: &str| desk.client.post(format!("{url}?subscribed_fields={fields}")).bearer_auth(&token);
    assert_eq!(post("marketing_message_echoes,marketing_message_reads").send().await.unwrap().status(), 200);
    let (_, apps) = desk.get_as_page(&path).await;
    assert_eq!(apps["data"][0]["subscribed_fields"], json!(["marketing_message_echoes", "marketing_message_reads"]));
    assert_eq!(post("marketing_message_nonsense").send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_stop_and_a_resume_are_told_by_token_or_by_psid_alone() {
    for missing_ids in [0.0, 1.0] {
        let (url, inbox) = receiver(0).await;
        let desk = Desk::open(|options| {
            options.webhooks = Webhooks { url: Some(url), missing_ids, ..options.webhooks.clone() };
            options.custom_audience = 0.5;
        })
        .await;
        let tokens = desk.sandbox.subscribers();
        let known = |token: &&String| desk.sandbox.about(token)["psid"].is_string();
        let [known, hidden] = [tokens.iter().find(known).unwrap(), tokens.iter().find(|token| !known(token)).unwrap()];
        let leave = format!("{}/{}/messaging_customer_base/unsubscribe", desk.sandbox.url(), desk.page());
        let rows = json!({"data": [{"psid": desk.sandbox.about(known)["psid"]}, {"subscriber_token": hidden}]});
        let request = desk.client.post(leave).bearer_auth(&desk.sandbox.credentials().page_token);
        assert_eq!(read(request.json(&rows).send().await.unwrap()).await.1, json!({"invalid_rows_count": 0}));
        settled(&desk, 2).await;
        let resume = json!({"token": known, "status": "resume"});
        let control = format!("{}/sandbox/optin", desk.sandbox.url());
        assert_eq!(desk.client.post(control).json(&resume).send().await.unwrap().status(), 200);
        settled(&desk, 3).await;
        let events = changes(&inbox);
        let told = |event: &Value| {
            let optin = &event["optin"];
            let of = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            (
                of(&event["sender"]["id"]),
                of(&optin["notification_messages_token"]),
                of(&optin["notification_messages_status"]),
            )
        };
        let psid = desk.sandbox.about(known)["psid"].as_str().unwrap().to_owned();
        let token = if missing_ids > 0.0 { "-".to_owned() } else { known.clone() };
        let stop = "STOP NOTIFICATIONS".to_owned();
        let wanted = BTreeSet::from([
            (psid.clone(), token.clone(), stop.clone()),
            // Nothing else names this one.
            ("-".to_owned(), hidden.clone(), stop),
            (psid, token, "RESUME NOTIFICATIONS".to_owned()),
        ]);
        assert_eq!(events.iter().map(told).collect::<BTreeSet<_>>(), wanted);
    }
}
