use tempfile::TempDir;

use super::*;

fn lines(path: &std::path::Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn twelve_hours_pass_between_two_messages_whatever_the_campaign() {
    // Twelve hours in 1500 ms.
    let desk = Desk::open(|options| options.time_scale = 28_800.0).await;
    let (one, two) = (desk.campaign().await, desk.campaign().await);
    assert_eq!(desk.send_code(&one, "anna").await, 0);
    assert_eq!(desk.send_code(&one, "anna").await, 2_300_035);
    assert_eq!(desk.send_code(&two, "anna").await, 2_300_035);
    assert_eq!(desk.send_code(&two, "bert").await, 0);
    let eligible = |body: &Value| body["next_eligible_time"].as_i64().unwrap();
    let (_, person) = desk.get_as_page("notification_messages_anna?fields=next_eligible_time").await;
    let accepted_at = desk.sandbox.accepted()[0].at;
    assert_eq!(eligible(&person) - accepted_at, 1500);
    tokio::time::sleep(Duration::from_millis(1550)).await;
    assert_eq!(desk.send_code(&one, "anna").await, 0);
    let person = desk.sandbox.person("anna");
    assert_eq!((person.accepted, person.requests), (2, 4));
}

#[tokio::test]
async fn two_at_once_are_accepted_once() {
    let desk = Desk::open(|_| {}).await;
    let campaign = desk.campaign().await;
    let sends = (0..20).map(|_| desk.send_code(&campaign, "anna"));
    let codes = futures_util::future::join_all(sends).await;
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1);
    assert_eq!(desk.sandbox.accepted_count(), 1);
}

#[tokio::test]
async fn a_lost_reply_is_recorded_and_so_is_every_request() {
    let folder = TempDir::new().unwrap();
    let (record, requests) = (folder.path().join("truth.ndjson"), folder.path().join("requests.ndjson"));
    let desk = Desk::open(|options| {
        options.record = Some(record.clone());
        options.requests = Some(requests.clone());
        options.dials.lost_replies = 1.0;
    })
    .await;
    let campaign = desk.campaign().await;
    assert!(desk.message(&campaign, "anna").send().await.is_err());
    desk.sandbox.turn(|dials| dials.lost_replies = 0.0);
    assert_eq!(desk.send_code(&campaign, "anna").await, 2_300_035);
    assert_eq!(desk.send_code(&campaign, "bert").await, 0);
    let truth = lines(&record);
    assert_eq!(truth.iter().map(|line| &line["token"]).collect::<Vec<_>>(), ["anna", "bert"]);
    assert_eq!(truth[0]["message"], json!({"text": "hello"}));
    assert_eq!(truth[0]["message_id"], json!(campaign));
    let asked: Vec<_> = lines(&requests).iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(asked, ["accepted-drop", "2300035", "accepted"]);
    let stats = desk.sandbox.stats();
    assert_eq!((&stats["sends"], &stats["accepted"], &stats["refused"]), (&json!(3), &json!(2), &json!(1)));
}

#[tokio::test]
async fn a_message_keeps_its_bytes_in_the_record_on_one_line() {
    let folder = TempDir::new().unwrap();
    let record = folder.path().join("truth.ndjson");
    let desk = Desk::open(|options| options.record = Some(record.clone())).await;
    let campaign = desk.campaign().await;
    let body = format!(
        "{{\"message_id\": {campaign}, \"messenger_delivery_data\": {{\"subscription_token\": \"a\"}},\n \"message\": {{\r\n \"text\" : \"ü\\n\"\n}}}}"
    );
    let request =
        desk.call(Method::POST, &format!("{}/messages", desk.account())).header("content-type", "application/json");
    let (status, answer) = read(request.body(body).send().await.unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(lines(&record)[0]["message"], json!({"text": "ü\n"}));
}

#[tokio::test]
async fn each_fault_answers_as_it_is_called() {
    let desk = Desk::open(|options| {
        let tokens = "opted,2300034\nhtml,503-html\nok-html,200-html\ndropped,drop\nlost,accepted-drop\nboth,accepted-2\n\
                      bare,bare\nonly,success-only\ncut,accepted-cut\nhalf,accepted-truncated\nin200,200-190/463\n";
        options.dials.error_tokens = Dials::parse_error_tokens(tokens).unwrap();
    })
    .await;
    let campaign = desk.campaign().await;
    for (token, status, wanted, accepted) in [
        ("opted", 400, 2_300_034, 0),
        ("html", 503, 0, 0),
        ("ok-html", 200, 0, 0),
        ("both", 500, 2, 1),
        ("bare", 200, 0, 0),
        ("only", 200, 0, 1),
        ("half", 200, 0, 1),
        ("in200", 200, 190, 0),
    ] {
        let (got, body) = desk.send(&campaign, token).await;
        assert_eq!(
            (got, code(&body).0, desk.sandbox.person(token).accepted),
            (status, wanted, accepted),
            "{token}: {body}"
        );
    }
    assert!(desk.message(&campaign, "dropped").send().await.is_err());
    assert!(desk.message(&campaign, "lost").send().await.is_err());
    let cut = desk.message(&campaign, "cut").send().await.unwrap();
    assert!(cut.text().await.is_err());
    let counts = ["dropped", "lost", "cut"].map(|token| desk.sandbox.person(token).accepted);
    assert_eq!(counts, [0, 1, 1]);
}

#[tokio::test]
async fn kept_connections_are_cut_when_their_next_request_arrives() {
    let desk = Desk::open(|options| options.dials.close_idle = Some(Duration::from_millis(400))).await;
    let campaign = desk.campaign().await;
    assert_eq!(desk.send_code(&campaign, "a").await, 0);
    assert_eq!(desk.send_code(&campaign, "b").await, 0);
    tokio::time::sleep(Duration::from_millis(450)).await;
    // A raw socket, because a client may retry an idle connection by itself.
    let mut stream = tokio::net::TcpStream::connect(desk.sandbox.addr()).await.unwrap();
    let token = &desk.sandbox.credentials().token;
    let request = format!("GET /me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = [0; 4096];
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(stream.read(&mut buffer).await.unwrap() > 0);
    tokio::time::sleep(Duration::from_millis(450)).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(stream.read(&mut buffer).await.unwrap_or(0), 0);
    assert!(desk.sandbox.stats()["cut_idle"].as_u64().unwrap() >= 1);
}

#[tokio::test]
async fn a_young_campaign_refuses_and_a_future_one_says_when() {
    // The warm-up hour in 1200 ms.
    let desk = Desk::open(|options| {
        options.warm_up = Duration::from_hours(1);
        options.time_scale = 3000.0;
    })
    .await;
    let campaign = desk.campaign().await;
    let mut seen = Vec::new();
    for n in 0..200 {
        let code = desk.send_code(&campaign, &format!("p{n}")).await;
        if seen.last() != Some(&code) {
            seen.push(code);
        }
        if code == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    assert_eq!(seen, [2_300_003, 2_300_012, 2_300_028, 2_300_041, 0]);
    let start = desk.sandbox.world.now() / 1000 + 600;
    let (_, made) =
        desk.create(json!({"name": "n", "daily_budget": 100, "page_id": desk.page(), "start_time": start})).await;
    let (_, body) = desk.send(made["id"].as_str().unwrap(), "q").await;
    assert_eq!(code(&body).0, 2_300_033);
    let data = &body["error"]["error_data"];
    let data: Value = data.as_str().map_or_else(|| data.clone(), |text| serde_json::from_str(text).unwrap());
    assert!((590..=600).contains(&data["remaining_seconds"].as_i64().unwrap()), "{data}");
}

#[tokio::test]
async fn a_full_bucket_refuses_and_drains() {
    // Limited: 60 points, 20 per second at this scale, blocked for 3 s.
    let desk = Desk::open(|options| {
        options.tier = Some(Tier::Limited);
        options.time_scale = 100.0;
    })
    .await;
    let campaign = desk.campaign().await;
    let mut refused = None;
    for n in 0..60 {
        let response = desk.message(&campaign, &format!("p{n}")).send().await.unwrap();
        let usage = response.headers().get("x-ad-account-usage").map(|usage| usage.to_str().unwrap().to_owned());
        let business = response.headers().get("x-business-use-case-usage").cloned();
        let (status, body) = read(response).await;
        if body["success"] != true {
            let usage: Value = serde_json::from_str(&usage.unwrap()).unwrap();
            assert_eq!(usage["acc_id_util_pct"], 100.0);
            let business: Value = serde_json::from_str(business.unwrap().to_str().unwrap()).unwrap();
            let id = &desk.sandbox.options().ad_accounts[0];
            assert_eq!(business[id][0]["estimated_time_to_regain_access"], 1);
            refused = Some((status, code(&body)));
            break;
        }
    }
    assert_eq!(refused, Some((400, (17, Some(2_446_079)))));
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert_eq!(desk.send_code(&campaign, "later").await, 0);
}

#[tokio::test]
async fn a_used_up_budget_stops_the_campaign() {
    let desk = Desk::open(|options| {
        options.enforce_budget = true;
        options.cost = 1000.0;
        (options.webhooks.failed, options.webhooks.delivered) = (0.0, 1.0);
    })
    .await;
    let campaign = desk.campaign().await;
    let mut codes = Vec::new();
    for token in ["a", "b", "c", "d"] {
        codes.push(desk.send_code(&campaign, token).await);
    }
    assert_eq!(codes, [0, 0, 0, 2_300_053]);
}

#[tokio::test]
async fn the_older_form_is_read_too() {
    let desk = Desk::open(|_| {}).await;
    let campaign = desk.campaign().await;
    let form = [
        ("message_id", campaign.as_str()),
        ("messenger_delivery_data", r#"{"subscription_token":"anna"}"#),
        ("message", r#"{"text":"hi"}"#),
    ];
    let form: Vec<String> = form
        .iter()
        .map(|(name, value)| {
            format!("{name}={}", percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC))
        })
        .collect();
    let request = desk
        .call(Method::POST, &format!("{}/messages", desk.account()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.join("&"));
    let (status, body) = read(request.send().await.unwrap()).await;
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
}

#[tokio::test]
async fn the_same_seed_makes_the_same_world() {
    let (one, two) = (Desk::open(|_| {}).await, Desk::open(|_| {}).await);
    assert_eq!(one.campaign().await, two.campaign().await);
    assert_eq!(one.sandbox.subscribers(), two.sandbox.subscribers());
    assert_eq!(one.sandbox.environment()[1..], two.sandbox.environment()[1..]);
}
