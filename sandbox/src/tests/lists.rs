//! Lists and insights: edges, filters, cursors in both directions, increments.

use super::*;

impl Desk {
    async fn rows(&self, path: &str) -> Vec<Value> {
        let (status, page) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page["data"].as_array().unwrap().clone()
    }
}

fn encoded(value: &Value) -> String {
    percent_encoding::utf8_percent_encode(&value.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn ads_ad_sets_and_campaigns_are_listed_from_above() {
    let desk = Desk::open(|options| options.ordinary_ads = 0).await;
    let (first, second) = (desk.campaign().await, desk.campaign().await);
    let (_, node) = desk.get(&format!("{second}?fields=adset_id,campaign_id")).await;
    let (set, campaign) = (node["adset_id"].as_str().unwrap(), node["campaign_id"].as_str().unwrap());
    let account = desk.account();
    let ids = |rows: Vec<Value>| rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(desk.rows(&format!("{account}/ads")).await), [second.clone(), first.clone()]);
    assert_eq!(desk.rows(&format!("{account}/adsets")).await.len(), 2);
    assert_eq!(ids(desk.rows(&format!("{account}/campaigns")).await)[0], campaign);
    assert_eq!(ids(desk.rows(&format!("{campaign}/ads")).await), [&*second]);
    assert_eq!(ids(desk.rows(&format!("{campaign}/adsets")).await), [set]);
    assert_eq!(ids(desk.rows(&format!("{set}/ads")).await), [&*second]);
    let (_, counted) = desk.get(&format!("{account}/adsets?summary=true&limit=1")).await;
    assert_eq!(counted["summary"]["total_count"], 2);
    for (path, wanted) in [
        (format!("{set}/adsets"), 100),
        (format!("{second}/ads"), 100),
        (format!("{campaign}/campaigns"), 100),
        (format!("{account}/adcreatives"), 2500),
        (format!("{account}/ads?date_preset=today"), 100),
        (format!("{account}/ads?is_completed=true"), 100),
        (format!("{account}/ads?effective_status=ACTIVE"), 100),
        (format!("{account}/ads?fields=nonsense"), 100),
        (format!("{account}/campaigns?fields=creative"), 100),
        ("120299999999999999/ads".to_owned(), 100),
    ] {
        let (status, body) = desk.get(&path).await;
        assert_eq!((status, code(&body).0), (400, wanted), "{path} -> {body}");
    }
}

#[tokio::test]
async fn filtering_keeps_what_it_names_and_refuses_the_rest() {
    let desk = Desk::open(|options| options.ordinary_ads = 3).await;
    let ad = desk.campaign().await;
    let other = desk.campaign().await;
    let (_, node) = desk.get(&format!("{ad}?fields=campaign_id")).await;
    let gone = desk.campaign().await;
    assert_eq!(desk.call(Method::DELETE, &gone).send().await.unwrap().status(), 200);
    let filter =
        |field: &str, operator: &str, value: Value| json!([{"field": field, "operator": operator, "value": value}]);
    for (edge, filtering, wanted) in [
        ("ads", filter("ad.id", "IN", json!([ad, other])), Some(2)),
        ("ads", filter("campaign.id", "EQUAL", node["campaign_id"].clone()), Some(1)),
        ("ads", filter("name", "CONTAIN", json!("ordinary")), Some(3)),
        ("ads", filter("effective_status", "IN", json!(["DELETED"])), Some(1)),
        ("ads", filter("ad.effective_status", "NOT_IN", json!(["ACTIVE"])), Some(1)),
        ("ads", filter("created_time", "LESS_THAN", json!(0)), Some(0)),
        ("adsets", filter("campaign.name", "EQUAL", json!("Spring")), Some(3)),
        ("campaigns", filter("campaign.name", "EQUAL", json!("Spring")), Some(3)),
        ("ads", filter("nonsense", "EQUAL", json!("x")), None),
        ("ads", filter("name", "RESEMBLES", json!("x")), None),
        ("campaigns", filter("adset.name", "EQUAL", json!("x")), None),
    ] {
        let path = format!("{}/{edge}?limit=50&filtering={}", desk.account(), encoded(&filtering));
        let (status, page) = desk.get(&path).await;
        match wanted {
            Some(rows) => assert_eq!(page["data"].as_array().map(Vec::len), Some(rows), "{filtering}: {page}"),
            None => assert_eq!((status, code(&page).0), (400, 100), "{filtering}: {page}"),
        }
    }
}

#[tokio::test]
async fn a_before_cursor_leads_back_to_the_start() {
    let desk = Desk::open(|_| {}).await;
    for _ in 0..6 {
        desk.campaign().await;
    }
    let (account, page) = (desk.account(), desk.page());
    for (edge, as_page) in [(format!("{account}/ads"), false), (format!("{page}/notification_message_tokens"), true)] {
        let ask = async |cursor: &str| {
            let path = format!("{edge}?limit=2{cursor}");
            if as_page { desk.get_as_page(&path).await.1 } else { desk.get(&path).await.1 }
        };
        let mut forward: Vec<Value> = Vec::new();
        let mut answer = ask("").await;
        assert!(answer["paging"].get("previous").is_none(), "{answer}");
        for _ in 0..4 {
            forward.extend(answer["data"].as_array().unwrap().clone());
            answer = ask(&format!("&after={}", answer["paging"]["cursors"]["after"].as_str().unwrap())).await;
        }
        let mut back: Vec<Value> = Vec::new();
        while answer["paging"].get("previous").is_some() {
            answer = ask(&format!("&before={}", answer["paging"]["cursors"]["before"].as_str().unwrap())).await;
            back.splice(0..0, answer["data"].as_array().unwrap().clone());
        }
        assert!(forward.len() >= 5, "{edge}: {forward:?}");
        assert_eq!(back, forward, "{edge}");
        for wrong in ["&before=nonsense", "&before=QVFIU1Z0&after=QVFIU1Z0"] {
            assert_eq!(code(&ask(wrong).await).0, 100, "{edge}{wrong}");
        }
    }
}

#[tokio::test]
async fn minimum_budgets_and_apps_have_fields() {
    let desk = Desk::open(|_| {}).await;
    let rows = desk.rows(&format!("{}/minimum_budgets?fields=currency", desk.account())).await;
    assert!(rows.contains(&json!({"currency": "USD"})), "{rows:?}");
    let (status, body) = desk.get(&format!("{}/minimum_budgets?fields=nonsense", desk.account())).await;
    assert_eq!((status, code(&body).0), (400, 100));
}

#[tokio::test]
async fn insights_are_cut_into_days_months_and_levels() {
    let desk = Desk::open(|options| {
        options.insights_lag = Duration::ZERO;
        options.webhooks.delay = Duration::ZERO;
    })
    .await;
    let ad = desk.campaign().await;
    let other = desk.campaign().await;
    for n in 0..20 {
        assert_eq!(desk.send_code(if n < 15 { &ad } else { &other }, &format!("p{n}")).await, 0);
    }
    let fields = "fields=marketing_messages_delivered,ad_id";
    let account = desk.account();
    let whole = format!("{ad}/insights?{fields}&date_preset=maximum");
    // Deliveries come a moment after the sends.
    let mut delivered = 0;
    while delivered < 12 {
        let rows = desk.rows(&whole).await;
        delivered =
            rows.first().map_or(0, |row| row["marketing_messages_delivered"].as_str().unwrap().parse().unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for increment in ["1", "7", "90", "monthly", "all_days"] {
        let rows = desk.rows(&format!("{whole}&time_increment={increment}")).await;
        let sum: u64 =
            rows.iter().map(|row| row["marketing_messages_delivered"].as_str().unwrap().parse::<u64>().unwrap()).sum();
        assert!(sum >= delivered, "{increment}: {rows:?}");
        let days = |row: &Value, name: &str| row[name].as_str().unwrap().parse::<jiff::civil::Date>().unwrap();
        let length = (days(&rows[0], "date_stop") - days(&rows[0], "date_start")).get_days();
        match increment {
            "1" => assert_eq!(length, 0),
            "7" => assert!(length <= 6),
            "monthly" => assert!(length <= 30),
            _ => {}
        }
    }
    let by_ad = desk.rows(&format!("{account}/insights?{fields}&date_preset=maximum&level=ad")).await;
    assert_eq!(by_ad.len(), 2, "{by_ad:?}");
    let filtering = encoded(&json!([{"field": "ad.id", "operator": "EQUAL", "value": other}]));
    let one =
        desk.rows(&format!("{account}/insights?{fields}&date_preset=maximum&level=ad&filtering={filtering}")).await;
    assert_eq!(one.iter().map(|row| &row["ad_id"]).collect::<Vec<_>>(), [&json!(other)]);
    for wrong in [
        "time_increment=0",
        "time_increment=91",
        "time_increment=weekly",
        "level=page",
        "breakdowns=age",
        "time_ranges=[]",
        "sort=spend",
        "action_breakdowns=action_device",
        "filtering=[{\"field\":\"nonsense\",\"operator\":\"EQUAL\",\"value\":1}]",
    ] {
        let (status, body) = desk.get(&format!("{ad}/insights?{fields}&{wrong}")).await;
        assert_eq!((status, code(&body).0), (400, 100), "{wrong} -> {body}");
    }
}
