//! How Meta's SDKs and other clients call: tokens, bodies, batches, and what Graph has removed.

use super::*;

/// A call as a client writes it, with what it needs beside a method and a path.
struct Raw<'r> {
    method: &'r str,
    path: String,
    headers: Vec<(&'r str, String)>,
    body: String,
}

fn raw(method: &str, path: impl Into<String>) -> Raw<'_> {
    Raw { method, path: path.into(), headers: Vec::new(), body: String::new() }
}

impl<'r> Raw<'r> {
    fn header(mut self, name: &'r str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn body(mut self, content_type: &str, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data; boundary=b";

fn parts(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body + "--b--\r\n"
}

impl Desk {
    /// With no token but the one that the call has itself.
    async fn raw(&self, raw: Raw<'_>) -> (u16, Value) {
        let method = Method::from_bytes(raw.method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}/v26.0/{}", self.sandbox.url(), raw.path));
        for (name, value) in raw.headers {
            request = request.header(name, value);
        }
        read(request.body(raw.body).send().await.unwrap()).await
    }
}

#[tokio::test]
async fn a_token_comes_in_the_header_the_query_or_the_body() {
    let desk = Desk::open(|_| {}).await;
    let token = desk.sandbox.credentials().token.clone();
    let page_token = desk.sandbox.credentials().page_token.clone();
    let page = desk.page();
    let campaign = format!("{}/message_campaign", desk.account());
    let fields = format!("name=n&page_id={page}&daily_budget=100");
    let subscribe = |token: &str| format!("{page}/subscribed_apps?access_token={token}");
    for (call, wanted) in [
        (raw("GET", "me").header("authorization", format!("Bearer {token}")), (200, 0)),
        (raw("GET", "me").header("authorization", format!("OAuth {token}")), (200, 0)),
        (raw("GET", "me").header("authorization", format!("Basic {token}")), (401, 190)),
        (raw("GET", "me"), (401, 190)),
        (raw("GET", format!("me?access_token={token}")), (200, 0)),
        (raw("GET", "me?access_token=wrong"), (401, 190)),
        (raw("POST", &campaign).body(FORM, format!("{fields}&access_token={token}")), (200, 0)),
        (raw("POST", format!("{campaign}?access_token={token}")).body(FORM, &fields), (200, 0)),
        (
            raw("POST", &campaign).body(
                PARTS,
                parts(&[("name", "n & n"), ("page_id", &page), ("daily_budget", "100"), ("access_token", &token)]),
            ),
            (200, 0),
        ),
        (
            raw("POST", &campaign).body(PARTS, parts(&[("source\"; filename=\"a.png", "x"), ("access_token", &token)])),
            (400, 100),
        ),
        (raw("POST", &campaign).body(FORM, &fields), (401, 190)),
        // SDKs write lists as the text of JSON.
        (
            raw("POST", subscribe(&page_token)).body(FORM, "subscribed_fields=%5B%22messages%22%2C%22feed%22%5D"),
            (200, 0),
        ),
        (raw("POST", subscribe(&page_token)).body(FORM, "subscribed_fields=%5B%22nonsense%22%5D"), (400, 100)),
        (raw("GET", format!("{page}?fields=about,fan_count,website&access_token={page_token}")), (200, 0)),
        (raw("GET", format!("{page}?fields=nonsense&access_token={page_token}")), (400, 100)),
    ] {
        let what = format!("{} {} {:?} {}", call.method, call.path, call.headers, call.body);
        let (status, body) = desk.raw(call).await;
        assert_eq!((status, code(&body).0), wanted, "{what} -> {body}");
    }
    let (_, apps) = desk.raw(raw("GET", format!("{page}/subscribed_apps?access_token={page_token}"))).await;
    assert_eq!(apps["data"][0]["subscribed_fields"], json!(["feed", "messages"]));
}

#[tokio::test]
async fn a_send_takes_the_token_anywhere_and_a_number_for_a_person() {
    let desk = Desk::open(|_| {}).await;
    let ad = desk.campaign().await;
    let token = desk.sandbox.credentials().token.clone();
    let messages = format!("{}/messages", desk.account());
    let json_body = |person: &str| {
        format!(
            r#"{{"message_id":{ad},"messenger_delivery_data":{{"subscription_token":{person}}},"message":{{"text":"hi"}}}}"#
        )
    };
    let fields = [
        ("message_id", ad.as_str()),
        ("messenger_delivery_data", r#"{"subscription_token":7104857600123456783}"#),
        ("message", r#"{"text":"hi"}"#),
    ];
    let number = "7104857600123456781";
    let in_query = format!("{messages}?access_token={token}");
    for (call, wanted) in [
        (raw("POST", &in_query).body("application/json", json_body(number)), (200, 0)),
        // The same person, as text.
        (raw("POST", &in_query).body("application/json", json_body(&format!("\"{number}\""))), (400, 2_300_035)),
        (raw("POST", &in_query).body("application/json", json_body("7.1e18")), (400, 100)),
        (raw("POST", &in_query).body(PARTS, parts(&fields)), (200, 0)),
        (
            raw("POST", &messages).body(
                "application/json",
                json_body("\"b\"").replacen('{', &format!("{{\"access_token\":\"{token}\","), 1),
            ),
            (200, 0),
        ),
        (raw("POST", &messages).body("application/json", json_body("\"c\"")), (401, 190)),
        (raw("POST", format!("{in_query}&method=get")).body("application/json", json_body("\"d\"")), (400, 12)),
    ] {
        let what = format!("{} {} {}", call.method, call.path, call.body);
        let (status, body) = desk.raw(call).await;
        assert_eq!((status, code(&body).0), wanted, "{what} -> {body}");
    }
    let sent: Vec<String> = desk.sandbox.accepted().iter().map(|send| send.token.to_string()).collect();
    assert_eq!(sent, [number, "7104857600123456783", "b"]);
}

#[tokio::test]
async fn what_graph_has_removed_is_refused() {
    let desk = Desk::open(|_| {}).await;
    let ad = desk.campaign().await;
    let bearer = format!("Bearer {}", desk.sandbox.credentials().token);
    let account = desk.account();
    for call in [
        raw("POST", format!("{account}/ads?method=get")),
        raw("POST", format!("{account}/ads")).body(FORM, "method=GET"),
        raw("POST", &ad).body("application/json", r#"{"method":"delete"}"#),
        raw("POST", &ad).header("x-http-method-override", "DELETE"),
        raw("GET", format!("?ids={ad}")),
        raw("GET", format!("{ad}?fields=name.as(title)")),
        raw("GET", format!("{ad}?fields=adset{{name.as(title)}}")),
        raw("GET", format!("{ad}?date_format=U")),
        raw("GET", format!("{ad}?fields=created_time.date_format(U)")),
        raw("GET", format!("{ad}?pretty=1")),
        raw("GET", format!("{ad}?debug=all")),
        raw("GET", format!("{ad}?callback=show")),
        raw("GET", &ad).header("if-none-match", "\"abc\""),
        raw("POST", format!("{account}/async_batch_requests")).body(FORM, "name=x&adbatch=[]"),
        raw("POST", format!("{account}/asyncadrequestsets")),
    ] {
        let what = format!("{} {} {:?} {}", call.method, call.path, call.headers, call.body);
        let (status, body) = desk.raw(call.header("authorization", &bearer)).await;
        assert_eq!((status, code(&body).0), (400, 12), "{what} -> {body}");
    }
    let (_, node) = desk.get(&format!("{ad}?fields=effective_status")).await;
    assert_eq!(node["effective_status"], "ACTIVE", "a refused call changes nothing");
}

#[tokio::test]
async fn a_batch_answers_each_call_in_order() {
    let desk = Desk::open(|options| options.require_proof = true).await;
    let known = desk.sandbox.credentials();
    let (token, page_token) = (known.token.clone(), known.page_token.clone());
    let proof = auth::hmac_hex(&known.app_secret, token.as_bytes());
    let page_proof = auth::hmac_hex(&known.app_secret, page_token.as_bytes());
    let (account, page) = (desk.account(), desk.page());
    let batch = json!([
        {"method": "GET", "relative_url": "me?fields=id"},
        {"method": "POST", "relative_url": format!("{account}/message_campaign"), "name": "Spring", "attachedFiles": "",
         "body": format!("name=Spring&page_id={page}&lifetime_budget=3000")},
        {"method": "GET", "relative_url": format!("v26.0/{page}/subscribed_apps?access_token={page_token}&appsecret_proof={page_proof}")},
        {"method": "GET", "relative_url": "12"},
        {"method": "GET", "relative_url": "me?method=delete"},
        {"method": "GET", "relative_url": "{result=Spring:$.id}"},
        {"method": "POST", "relative_url": "v26.0/", "body": "batch=[]"},
        {"method": "GET", "relative_url": "me", "omit_response_on_success": true},
    ]);
    let ask = |batch: &Value| {
        raw("POST", format!("?access_token={token}&appsecret_proof={proof}"))
            .body("application/json", json!({"batch": batch, "include_headers": false}).to_string())
    };
    let before = desk.sandbox.stats()["requests"].as_u64().unwrap();
    let (status, answers) = desk.raw(ask(&batch)).await;
    assert_eq!(status, 200, "{answers}");
    let seen: Vec<(i64, i64)> = answers
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| {
            let body = answer["body"].as_str().map(|body| serde_json::from_str(body).unwrap()).unwrap_or(Value::Null);
            (answer["code"].as_i64().unwrap_or(0), code(&body).0)
        })
        .collect();
    assert_eq!(
        seen,
        [(200, 0), (200, 0), (200, 0), (400, 100), (400, 12), (400, 100), (400, 100), (0, 0)],
        "{answers}"
    );
    assert!(answers[0].get("headers").is_none());
    assert_eq!(desk.sandbox.stats()["created"], 1);
    // Each call counts; two of them never became one.
    assert_eq!(desk.sandbox.stats()["requests"].as_u64().unwrap() - before, 7);

    let call = json!({"method": "GET", "relative_url": "me"});
    for (batch, wanted) in [
        (json!([]), (400, 100)),
        (json!("nonsense"), (400, 100)),
        (json!(vec![call.clone(); 51]), (400, 100)),
        (json!(vec![call.clone(); 50]), (200, 0)),
    ] {
        let (status, body) = desk.raw(ask(&batch)).await;
        assert_eq!((status, code(&body).0), wanted, "{body}");
    }
    // A batch needs a token of its own.
    let alone = raw("POST", "").body(FORM, "batch=[]");
    assert_eq!(desk.raw(alone).await.0, 401);
}

#[tokio::test]
async fn a_lost_call_of_a_batch_is_null_and_took_effect() {
    let desk = Desk::open(|_| {}).await;
    let ad = desk.campaign().await;
    desk.sandbox.turn(|dials| dials.errors = Faults::parse("accepted-drop=100%*1").unwrap());
    let send = |person: &str| {
        json!({"method": "POST", "relative_url": format!("{}/messages", desk.account()), "body":
            format!("message_id={ad}&messenger_delivery_data={{\"subscription_token\":\"{person}\"}}&message={{\"text\":\"hi\"}}")})
    };
    let batch = json!([send("a"), send("b")]).to_string();
    let (_, answers) = read(desk.call(Method::POST, "").json(&json!({"batch": batch})).send().await.unwrap()).await;
    assert_eq!((&answers[0], &answers[1]["code"]), (&Value::Null, &json!(200)), "{answers}");
    assert_eq!(desk.sandbox.accepted_count(), 2);
}

#[tokio::test]
async fn the_record_of_calls_hides_every_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls.ndjson");
    let desk = Desk::open(|options| options.calls = Some(file.clone())).await;
    let known = desk.sandbox.credentials();
    let token = known.token.clone();
    desk.get("me?fields=id").await;
    desk.raw(raw("GET", format!("me?access_token={token}&fields=name"))).await;
    desk.raw(raw("GET", format!("debug_token?input_token={token}&access_token={}|{}", known.app_id, known.app_secret)))
        .await;
    desk.get_as_page("v26.0/notification_messages_71048?fields=next_eligible_time").await;
    desk.send("nothing", "71049").await;
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> =
        lines.iter().map(|line| (line["token"].as_str().unwrap(), line["status"].as_u64().unwrap())).collect();
    assert_eq!(seen, [("header", 200), ("query", 200), ("query", 200), ("header", 200), ("header", 400)]);
    for secret in [token.as_str(), &known.page_token, &known.app_secret, "71048", "71049", "hello"] {
        assert!(!text.contains(secret), "{text}");
    }
}
