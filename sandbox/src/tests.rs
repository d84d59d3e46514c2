//! The sandbox as a client and a webhook receiver see it.

mod access;
mod calls;
mod edits;
mod hooks;
mod lists;
mod money;
mod people;
mod sends;
mod times;

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::*;

/// A sandbox and a client that talks to it.
struct Desk {
    sandbox: Running,
    client: Client,
}

impl Desk {
    async fn open(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options { seed: 7, ..Options::default() };
        change(&mut options);
        let client = Client::builder().no_proxy().timeout(Duration::from_mins(2)).build().unwrap();
        Self { sandbox: start(options).await.unwrap(), client }
    }

    fn account(&self) -> String {
        format!("act_{}", self.sandbox.options().ad_accounts[0])
    }

    fn page(&self) -> String {
        self.sandbox.options().pages[0].clone()
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let token = &self.sandbox.credentials().token;
        self.client.request(method, format!("{}/v26.0/{path}", self.sandbox.url())).bearer_auth(token)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.call(Method::GET, path).send().await.unwrap()).await
    }

    async fn get_as_page(&self, path: &str) -> (u16, Value) {
        let url = format!("{}/{path}", self.sandbox.url());
        read(self.client.get(url).bearer_auth(&self.sandbox.credentials().page_token).send().await.unwrap()).await
    }

    async fn post(&self, id: &str, body: Value) -> (u16, Value) {
        read(self.call(Method::POST, id).json(&body).send().await.unwrap()).await
    }

    async fn create(&self, body: Value) -> (u16, Value) {
        let path = format!("{}/message_campaign", self.account());
        read(self.call(Method::POST, &path).json(&body).send().await.unwrap()).await
    }

    /// A campaign that may send; its id.
    async fn campaign(&self) -> String {
        let (status, body) =
            self.create(json!({"name": "Spring", "lifetime_budget": 3000, "page_id": self.page()})).await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    fn message(&self, campaign: &str, token: &str) -> RequestBuilder {
        self.call(Method::POST, &format!("{}/messages", self.account())).json(&json!({
            "message_id": campaign,
            "messenger_delivery_data": {"subscription_token": token},
            "message": {"text": "hello"},
        }))
    }

    async fn send(&self, campaign: &str, token: &str) -> (u16, Value) {
        read(self.message(campaign, token).send().await.unwrap()).await
    }

    /// 0 for a success.
    async fn send_code(&self, campaign: &str, token: &str) -> i64 {
        let (_, body) = self.send(campaign, token).await;
        if body["success"] == true { 0 } else { body["error"]["code"].as_i64().unwrap_or(-1) }
    }
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn code(body: &Value) -> (i64, Option<i64>) {
    (body["error"]["code"].as_i64().unwrap_or(0), body["error"]["error_subcode"].as_i64())
}

#[tokio::test]
async fn one_campaign_is_three_objects() {
    let desk = Desk::open(|_| {}).await;
    let ad = desk.campaign().await;
    let fields = "id,name,effective_status,campaign{name},creative{actor_id},adset{lifetime_budget,daily_budget}";
    let (_, node) = desk.get(&format!("{ad}?fields={fields}")).await;
    assert_eq!(node["creative"]["actor_id"], desk.page());
    assert_eq!((&node["adset"]["lifetime_budget"], &node["adset"]["daily_budget"]), (&json!("3000"), &json!("0")));
    let (set, campaign) = (node["adset"]["id"].as_str().unwrap(), node["campaign"]["id"].as_str().unwrap());
    assert!(ad != set && set != campaign && ad != campaign);
    // An id of another kind gives that kind, which has no creative.
    let (_, node) = desk.get(&format!("{campaign}?fields=name,is_message_campaign")).await;
    assert_eq!(node["is_message_campaign"], true);
    for other in [set, campaign] {
        let (status, body) = desk.get(&format!("{other}?fields=creative{{actor_id}}")).await;
        assert_eq!((status, code(&body).0), (400, 100), "{body}");
    }
    // Only the ad id sends.
    assert_eq!(desk.send_code(campaign, "a").await, 2_300_001);
    let (status, body) = desk.get("120299999999999999").await;
    assert_eq!((status, code(&body)), (400, (100, Some(33))));
}

#[tokio::test]
async fn budgets_and_times_are_checked() {
    let desk = Desk::open(|_| {}).await;
    let base = |more: Value| {
        let mut body = json!({"name": "n", "page_id": desk.page()});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let now = desk.sandbox.world.now() / 1000;
    let day = 86_400;
    for (body, wanted) in [
        (base(json!({"daily_budget": 100})), 0),
        (base(json!({"daily_budget": "100"})), 0),
        (base(json!({"lifetime_budget": 3000})), 0),
        (base(json!({})), 0),
        (base(json!({"daily_budget": 100, "lifetime_budget": 3000})), 100),
        (base(json!({"daily_budget": 0})), 100),
        (base(json!({"daily_budget": -5})), 100),
        (base(json!({"daily_budget": 99})), 100),
        (base(json!({"lifetime_budget": 2999})), 100),
        // Three days need three times the minimum, not thirty.
        (base(json!({"lifetime_budget": 300, "end_time": now + 3 * day})), 0),
        (base(json!({"lifetime_budget": 299, "end_time": now + 3 * day})), 100),
        (base(json!({"daily_budget": 100, "start_time": now - day})), 100),
        (base(json!({"daily_budget": 100, "start_time": now + 31 * day})), 100),
        (base(json!({"daily_budget": 100, "start_time": now + day, "end_time": now + day})), 100),
        (base(json!({"daily_budget": 100, "start_time": "nonsense"})), 100),
        (json!({"name": "n", "daily_budget": 100}), 2_300_065),
        (json!({"page_id": desk.page(), "daily_budget": 100}), 100),
        (json!({"name": "n", "page_id": "1", "daily_budget": 100}), 2_300_039),
    ] {
        let (_, answer) = desk.create(body.clone()).await;
        assert_eq!(code(&answer).0, wanted, "{body} -> {answer}");
    }
}

#[tokio::test]
async fn pages_cover_all_and_leave_the_deleted_out() {
    let desk = Desk::open(|options| options.page_size = 3).await;
    let mut made = Vec::new();
    for _ in 0..9 {
        made.push(desk.campaign().await);
    }
    let gone = made.remove(4);
    let (_, answer) = read(desk.call(Method::DELETE, &gone).send().await.unwrap()).await;
    assert_eq!(answer, json!({"success": true}));
    let (mut seen, mut ordinary, mut sizes) = (Vec::new(), 0, Vec::new());
    let mut after = String::new();
    loop {
        let path = format!("{}/ads?fields=id,campaign{{is_message_campaign}}&limit=50{after}", desk.account());
        let (status, page) = desk.get(&path).await;
        assert_eq!(status, 200, "{page}");
        let rows = page["data"].as_array().unwrap();
        sizes.push(rows.len());
        for row in rows {
            match row["campaign"]["is_message_campaign"].as_bool().unwrap() {
                true => seen.push(row["id"].as_str().unwrap().to_owned()),
                false => ordinary += 1,
            }
        }
        let Some(next) = page["paging"]["next"].as_str() else { break };
        assert!(next.contains("access_token="));
        after = format!("&after={}", page["paging"]["cursors"]["after"].as_str().unwrap());
    }
    seen.reverse();
    assert_eq!(seen, made);
    assert_eq!(ordinary, 7);
    assert!(sizes.contains(&0), "an empty page before the end: {sizes:?}");
    let (_, deleted) = desk.get(&format!("{}/ads?effective_status=[\"DELETED\"]", desk.account())).await;
    assert_eq!(deleted["data"], json!([{"id": gone}]));
    let (_, node) = desk.get(&format!("{gone}?fields=effective_status")).await;
    assert_eq!(node["effective_status"], "DELETED");
    assert_eq!(desk.send_code(&gone, "x").await, 2_300_001);
}

#[tokio::test]
async fn tokens_are_checked_and_never_in_an_address() {
    let desk = Desk::open(|options| {
        options.dials.echo_secrets = true;
        options.dials.header_token_only = true;
    })
    .await;
    let url = format!("{}/{}", desk.sandbox.url(), desk.account());
    let (status, body) = read(desk.client.get(&url).send().await.unwrap()).await;
    assert_eq!((status, code(&body).0), (401, 190));
    let (status, body) = read(desk.client.get(&url).bearer_auth("wrong-token").send().await.unwrap()).await;
    assert_eq!((status, code(&body).0), (401, 190));
    assert!(body["error"]["message"].as_str().unwrap().contains("wrong-token"));
    let token = desk.sandbox.credentials().token.clone();
    let in_query = format!("{}/me?access_token={token}", desk.sandbox.url());
    let (status, body) = read(desk.client.get(&in_query).send().await.unwrap()).await;
    assert_eq!((status, code(&body).0), (400, 100));
    let in_body = desk.client.post(&url).json(&json!({"access_token": token}));
    assert_eq!(code(&read(in_body.send().await.unwrap()).await.1).0, 100);
    assert_eq!(desk.sandbox.stats()["leaks"], 2);
    // Each kind of token is for its own calls.
    let list = format!("{}/notification_message_tokens?limit=2", desk.page());
    assert_eq!(code(&desk.get(&list).await.1).0, 190);
    let (status, body) = desk.get_as_page(&list).await;
    assert_eq!((status, body["data"].as_array().unwrap().len()), (200, 2));
    assert_eq!(desk.get_as_page(&desk.account()).await.0, 403);
}

#[tokio::test]
async fn a_wrong_proof_is_refused_and_a_missing_one_on_demand() {
    let desk = Desk::open(|options| options.require_proof = true).await;
    let known = &desk.sandbox.credentials();
    let proof = auth::hmac_hex(&known.app_secret, known.token.as_bytes());
    assert_eq!(code(&desk.get("me").await.1).0, 100);
    assert_eq!(code(&desk.get("me?appsecret_proof=00").await.1).0, 100);
    assert_eq!(desk.get(&format!("me?appsecret_proof={proof}")).await.0, 200);
    let (status, body) =
        desk.create(json!({"name": "n", "page_id": desk.page(), "daily_budget": 100, "appsecret_proof": proof})).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn a_preview_opens_and_shows_the_card() {
    let desk = Desk::open(|_| {}).await;
    let message = json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
        {"title": "Sale <script>", "image_url": "https://example.com/a.png", "buttons": [{"type": "web_url", "title": "Shop now", "url": "https://example.com/?a=1&b=2"}]}
    ]}}});
    let creative = json!({"marketing_message_structured_spec": {}, "object_story_spec": {"page_id": desk.page(), "link_data": {}}});
    let request = desk.call(Method::GET, &format!("{}/generatepreviews", desk.account())).query(&[
        ("ad_format", "MESSENGER_MARKETING_MESSAGES_MEDIA".to_owned()),
        ("creative", creative.to_string()),
        ("message", message.to_string()),
    ]);
    let (status, body) = read(request.send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    let markup = body["data"][0]["body"].as_str().unwrap();
    let src = markup.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(src.contains("&amp;"), "{src}");
    let page = desk.client.get(src.replace("&amp;", "&")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("Sale &lt;script&gt;") && page.contains("Shop now") && !page.contains("<script"));
    assert_eq!(desk.client.get(src.replace("&amp;t=", "&t=0")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn minimum_budgets_and_account_and_page_are_read() {
    let desk = Desk::open(|options| options.currency = "SEK".to_owned()).await;
    let (_, rows) = desk.get(&format!("{}/minimum_budgets", desk.account())).await;
    let ours = rows["data"].as_array().unwrap().iter().find(|row| row["currency"] == "SEK").unwrap();
    assert_eq!(ours["min_daily_budget_imp"], 100);
    let (_, account) = desk.get(&format!("{}?fields=currency,timezone_name,account_status", desk.account())).await;
    assert_eq!(account["currency"], "SEK");
    let (_, page) = desk.get(&format!("{}?fields=name", desk.page())).await;
    assert_eq!(page, json!({"name": "Sandbox Page", "id": desk.page()}));
    let token = desk.sandbox.credentials().token.clone();
    let (_, debug) = desk.get(&format!("debug_token?input_token={token}")).await;
    assert_eq!(debug["data"]["type"], "SYSTEM_USER");
    assert_eq!(desk.get("debug_token?input_token=other").await.1["data"]["is_valid"], false);
    assert_eq!(desk.get("act_1/ads").await.1["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn reads_and_writes_fail_as_told_and_writes_may_take_effect() {
    let desk = Desk::open(|_| {}).await;
    desk.sandbox.turn(|dials| {
        dials.read_errors = Faults::parse("503-html=100%*1").unwrap();
        dials.write_errors = Faults::parse("accepted-drop=100%*1").unwrap();
    });
    assert_eq!(desk.get("me").await.0, 503);
    assert_eq!(desk.get("me").await.0, 200);
    let path = format!("{}/message_campaign", desk.account());
    let body = json!({"name": "n", "daily_budget": 100, "page_id": desk.page()});
    assert!(desk.call(Method::POST, &path).json(&body).send().await.is_err());
    assert_eq!(desk.sandbox.stats()["campaigns"], 1);
    // The same over HTTP.
    let control = format!("{}/sandbox/errors", desk.sandbox.url());
    let answer = desk.client.post(&control).json(&json!({"read_errors": "truncated=100%"})).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (status, half) = desk.get("me").await;
    assert_eq!(status, 200);
    assert!(half.is_string(), "no JSON: {half}");
    assert_eq!(desk.client.post(&control).json(&json!({"nonsense": 1})).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_date_is_skewed_on_request() {
    let desk = Desk::open(|options| options.date_skew = jiff::SignedDuration::from_hours(-1)).await;
    let response = desk.call(Method::GET, "me").send().await.unwrap();
    let date = response.headers()["date"].to_str().unwrap();
    let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp().as_millisecond();
    let off = desk.sandbox.world.now() - date;
    assert!((3_599_000..3_605_000).contains(&off), "{off}");
    assert_eq!(response.headers()["facebook-api-version"], "v26.0");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let start_with = |change: fn(&mut Options)| async move {
        let mut options = Options::default();
        change(&mut options);
        start(options).await.unwrap_err()
    };
    assert!(matches!(start_with(|options| options.time_scale = 0.0).await, Error::Value(_)));
    let lost = start_with(|options| options.time_zone = "Mars/Olympus".to_owned()).await;
    assert!(matches!(lost, Error::Value(_)), "{lost}");
    let unwritable = start_with(|options| options.record = Some("/nowhere/at/all".into())).await;
    assert!(matches!(unwritable, Error::Open { .. }), "{unwritable}");
    let taken = Desk::open(|_| {}).await;
    let port = taken.sandbox.addr().port();
    let error = start(Options { port, ..Options::default() }).await.unwrap_err();
    assert!(matches!(error, Error::Listen { port: busy, .. } if busy == port), "{error}");
    taken.sandbox.stop().await;
}
