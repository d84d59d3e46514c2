//! The Page's token list: who is on it, in which pages, and who gets a message.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const LIST: &str = "notification_message_tokens";
const FIELD: &str = "messenger_marketing_messages_page";
const ALL: &str = "fields=notification_messages_token,recipient_id,notification_messages_reoptin,creation_timestamp,token_expiry_timestamp,\
                   next_eligible_time,next_eligible_time_for_paid_messaging,user_token_status,notification_messages_timezone,\
                   custom_audience_ids";

impl Desk {
    /// Every row of the list, read forwards, and the number of pages.
    async fn fetched(&self, query: &str) -> (Vec<Value>, usize) {
        let (mut rows, mut pages, mut after) = (Vec::new(), 0, String::new());
        loop {
            let (status, page) = self.get_as_page(&format!("{}/{LIST}?{query}{after}", self.page())).await;
            assert_eq!(status, 200, "{page}");
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            pages += 1;
            let Some(next) = page["paging"]["next"].as_str() else { return (rows, pages) };
            assert!(next.contains(&self.sandbox.credentials().page_token));
            after = format!("&after={}", page["paging"]["cursors"]["after"].as_str().unwrap());
        }
    }

    async fn post_as_page(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/{path}", self.sandbox.url());
        let request = self.client.post(url).bearer_auth(&self.sandbox.credentials().page_token);
        read(request.json(&body).send().await.unwrap()).await
    }
}

fn text<'r>(row: &'r Value, name: &str) -> &'r str {
    row[name].as_str().unwrap_or_default()
}

fn token(row: &Value) -> &str {
    text(row, "notification_messages_token")
}

/// Whether a count is what so many draws of this chance give: within five standard deviations.
#[track_caller]
fn about(count: usize, draws: usize, chance: f64) {
    let (mean, off) = (draws as f64 * chance, 5.0 * (draws as f64 * chance * (1.0 - chance)).sqrt());
    assert!((count as f64 - mean).abs() <= off, "{count} of {draws} at {chance}");
}

#[tokio::test]
async fn a_crowd_has_the_shares_it_was_given() {
    let desk = Desk::open(|options| {
        options.subscribers = 20_000;
        options.custom_audience = 0.1;
        options.crowd = Crowd {
            zones: Zones::parse("Asia/Kolkata=30%,Asia/Manila").unwrap(),
            doubled: 0.05,
            expired: 0.04,
            expiring: 0.03,
            no_expiry: 0.02,
            ineligible: 0.06,
            stopped: 0.02,
            reoptin_disabled: 0.01,
            ..options.crowd.clone()
        };
    })
    .await;
    let (rows, pages) = desk.fetched(&format!("limit=1000&{ALL}")).await;
    assert_eq!(pages, 20);
    let all = 20_000;
    about(rows.len(), all, 0.98);
    let now = desk.sandbox.world.now();
    // A token that never expires has 0 there, or nothing.
    let time = |row: &Value, name: &str| row[name].as_i64().filter(|at| *at > 0).unwrap_or(i64::MAX);
    let (custom, known): (Vec<&Value>, Vec<&Value>) = rows.iter().partition(|row| row["recipient_id"].is_null());
    about(custom.len(), rows.len(), 0.1 * 0.95);
    for row in &custom {
        let names: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            Vec::from_iter(names),
            ["custom_audience_ids", "notification_messages_reoptin", "notification_messages_token"]
        );
    }
    let count = |holds: &dyn Fn(&Value) -> bool| known.iter().filter(|row| holds(row)).count();
    about(count(&|row| text(row, "notification_messages_timezone") == "Asia/Kolkata"), known.len(), 0.3);
    about(count(&|row| time(row, "token_expiry_timestamp") <= now), known.len(), 0.04);
    let soon = now + 7 * 86_400_000;
    about(count(&|row| (now..soon).contains(&time(row, "token_expiry_timestamp"))), known.len(), 0.03);
    about(count(&|row| row["notification_messages_reoptin"] == "DISABLED"), known.len(), 0.01);
    let (any, paid) = ("next_eligible_time", "next_eligible_time_for_paid_messaging");
    for (holds, share) in [((true, true), 0.02), ((true, false), 0.02), ((false, true), 0.02), ((false, false), 0.94)] {
        about(count(&|row| (time(row, any) > now, time(row, paid) > now) == holds), known.len(), share);
    }
    about(count(&|row| row["token_expiry_timestamp"] == 0), known.len(), 0.01);
    about(count(&|row| row["token_expiry_timestamp"].is_null()), known.len(), 0.01);
    assert!(known.iter().all(|row| time(row, "creation_timestamp") < time(row, "token_expiry_timestamp")));

    // Two tokens of one person are different, far apart, and tell the same of the person.
    let tokens: BTreeSet<&str> = rows.iter().map(token).collect();
    assert_eq!(tokens.len(), rows.len());
    let mut people: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    known.iter().for_each(|row| people.entry(text(row, "recipient_id")).or_default().push(row));
    about(known.len() - people.len(), rows.len(), 0.05);
    for several in people.values().filter(|rows| rows.len() > 1) {
        let zones: BTreeSet<&str> = several.iter().map(|row| text(row, "notification_messages_timezone")).collect();
        assert_eq!(zones.len(), 1);
    }
    assert!(rows.iter().all(|row| token(row).len() == 19));
}

#[tokio::test]
async fn the_list_is_read_in_both_directions_and_needs_the_page() {
    let desk = Desk::open(|options| options.crowd.token_page_size = 100).await;
    let (rows, pages) = desk.fetched("limit=1000").await;
    assert_eq!((rows.len(), pages), (250, 3));
    let (_, last) = desk.get_as_page(&format!("{}/{LIST}?limit=60&after=QVFIT200", desk.page())).await;
    assert!(last["paging"].get("next").is_none());
    let before = last["paging"]["cursors"]["before"].as_str().unwrap();
    let (_, back) = desk.get_as_page(&format!("{}/{LIST}?limit=60&before={before}", desk.page())).await;
    assert_eq!(back["data"].as_array().unwrap()[..], rows[140..200]);
    let listed: Vec<&str> = rows.iter().map(token).collect();
    assert_eq!(listed, desk.sandbox.subscribers());
    for path in [format!("{}/{LIST}", desk.page()), format!("notification_messages_{}", listed[0])] {
        let (status, body) = desk.get(&path).await;
        assert_eq!((status, code(&body)), (400, (190, Some(2_069_032))), "{path}");
    }
    let (_, one) = desk.get_as_page(&format!("notification_messages_{}", listed[0])).await;
    assert_eq!(one, rows[0]);
    assert_eq!(code(&desk.get_as_page(&format!("{}/{LIST}?after=nonsense", desk.page())).await.1).0, 100);
    assert_eq!(code(&desk.get_as_page(&format!("{}/{LIST}?since=0", desk.page())).await.1).0, 100);
}

#[tokio::test]
async fn the_list_is_filtered_by_time_and_source_where_that_is_served() {
    let desk = Desk::open(|options| {
        options.subscribers = 2000;
        options.custom_audience = 0.2;
        options.crowd.token_filters = true;
    })
    .await;
    let (all, _) = desk.fetched(&format!("limit=1000&{ALL}")).await;
    let half = desk.sandbox.world.now() - 45 * 86_400_000;
    let made = |row: &Value| row["creation_timestamp"].as_i64();
    let fetched = async |query: String| desk.fetched(&format!("limit=1000&{ALL}&{query}")).await.0;
    let late = fetched(format!("since={}", half / 1000)).await;
    let early = fetched(format!("until={}", half / 1000)).await;
    let known = all.iter().filter(|row| made(row).is_some()).count();
    assert_eq!(late.len() + early.len(), known);
    assert!(late.iter().all(|row| made(row) >= Some(half / 1000 * 1000)) && !early.is_empty() && !late.is_empty());
    let ads = fetched("opt_in_source=%5B%22CTM%22%5D".to_owned()).await;
    let others =
        fetched("opt_in_source=%5B%22SUBSCRIBER_LIST%22,%22COMMENT_AUTOMATION%22,%22REPLY_AUTOMATION%22%5D".to_owned())
            .await;
    assert_eq!(ads.len() + others.len(), all.len());
    about(ads.len(), known, 0.25);
    assert_eq!(code(&desk.get_as_page(&format!("{}/{LIST}?since=lately", desk.page())).await.1).0, 100);
}

#[tokio::test]
async fn a_stuck_cursor_does_not_move_until_it_is_freed() {
    let desk = Desk::open(|options| options.dials.stuck_cursor = Some(200)).await;
    let page = |after: String| {
        let path = format!("{}/{LIST}?limit=100{after}", desk.page());
        let desk = &desk;
        async move { desk.get_as_page(&path).await.1 }
    };
    let cursor = |page: &Value| format!("&after={}", page["paging"]["cursors"]["after"].as_str().unwrap());
    let second = page(cursor(&page(String::new()).await)).await;
    let third = page(cursor(&second)).await;
    let fourth = page(cursor(&third)).await;
    assert_eq!((cursor(&third), &third["data"]), (cursor(&second), &fourth["data"]));
    assert!(fourth["paging"]["next"].is_string() && !fourth["data"].as_array().unwrap().is_empty());
    desk.sandbox.turn(|dials| dials.stuck_cursor = None);
    assert_eq!(desk.fetched("limit=100").await.0.len(), 250);
}

#[tokio::test]
async fn token_queries_are_limited_by_the_hour() {
    // An hour of Meta's takes two seconds here.
    let desk = Desk::open(|options| {
        options.crowd.token_queries = Some(10);
        options.time_scale = 1800.0;
    })
    .await;
    let path = format!("{}/{LIST}?limit=1", desk.page());
    let (mut taken, mut percent) = (0, 0);
    let refused = loop {
        let request = desk.client.get(format!("{}/{path}", desk.sandbox.url()));
        let response = request.bearer_auth(&desk.sandbox.credentials().page_token).send().await.unwrap();
        let usage: Value =
            serde_json::from_str(response.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
        let (status, body) = read(response).await;
        if status != 200 {
            break (status, code(&body).0, usage[desk.page()][0]["call_count"].clone());
        }
        let seen = usage[desk.page()][0]["call_count"].as_u64().unwrap();
        // A slow machine may begin another hour on the way.
        (taken, percent) = if seen > percent { (taken + 1, seen) } else { (1, seen) };
        assert!(taken <= 10);
    };
    assert_eq!((refused, taken), ((400, 2_300_080, json!(100)), 10));
    let one = format!("notification_messages_{}", desk.sandbox.subscribers()[0]);
    while desk.get_as_page(&one).await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn audiences_and_duplicates_are_filtered() {
    let desk = Desk::open(|options| {
        options.subscribers = 12_000;
        options.custom_audience = 0.05;
        options.crowd.audiences = 2;
        options.crowd.doubled = 0.1;
    })
    .await;
    let ids = [0, 1].map(|place| subscribers::audience(&desk.sandbox.world, place));
    let (both, _) = desk.fetched(&format!("limit=1000&custom_audience_ids=[\"{}\",\"{}\"]", ids[0], ids[1])).await;
    about(both.len(), 12_000, 0.05 * 0.9);
    let (one, pages) = desk.fetched(&format!("limit=1000&custom_audience_ids=[\"{}\"]", ids[0])).await;
    assert_eq!(pages, 12, "what is left out makes a page shorter");
    about(one.len(), both.len(), 0.5);
    assert!(one.iter().all(|row| row["custom_audience_ids"] == json!([ids[0]])));
    let (once, _) = desk.fetched("limit=1000&do_not_return_duplicates=true").await;
    let people: BTreeSet<&str> = once.iter().map(|row| text(row, "recipient_id")).filter(|id| !id.is_empty()).collect();
    let custom = once.iter().filter(|row| row["recipient_id"].is_null()).count();
    assert_eq!((people.len() + custom, once.len()), (10_000, 10_000));
    // Their Page can be asked for; an ordinary audience has none.
    let (_, audiences) = desk.get(&format!("{}/customaudiences?fields={FIELD}{{id}}", desk.account())).await;
    let pages: Vec<&Value> = audiences["data"].as_array().unwrap().iter().map(|row| &row[FIELD]["id"]).collect();
    assert_eq!(pages, [&json!(desk.page()), &json!(desk.page()), &Value::Null]);
    let (_, audience) = desk.get(&format!("{}?fields=name,{FIELD}", ids[1])).await;
    assert_eq!(audience, json!({"id": ids[1], "name": "Customers 2", FIELD: {"id": desk.page()}}));
    // Fewer than a hundred.
    assert_eq!(desk.fetched("custom_audience_ids=[\"120\"]").await.0, Vec::<Value>::new());
    assert_eq!(code(&desk.get_as_page(&format!("{}/{LIST}?custom_audience_ids=7", desk.page())).await.1).0, 100);
}

#[tokio::test]
async fn who_can_get_nothing_is_refused() {
    let desk = Desk::open(|options| {
        options.crowd = Crowd { expired: 0.2, ineligible: 0.2, stopped: 0.2, ..options.crowd.clone() };
    })
    .await;
    let campaign = desk.campaign().await;
    let now = desk.sandbox.world.now();
    let listed: BTreeMap<String, Value> = {
        let (rows, _) = desk.fetched(&format!("limit=1000&{ALL}")).await;
        rows.into_iter().map(|row| (token(&row).to_owned(), row)).collect()
    };
    let mut seen = BTreeMap::new();
    for token in desk.sandbox.subscribers() {
        let late = |row: &Value| {
            let times = ["next_eligible_time", "next_eligible_time_for_paid_messaging"];
            times.iter().any(|name| row[*name].as_i64().unwrap() > now)
        };
        let wanted = match listed.get(&token) {
            None => 2_300_034,
            Some(row) if row["token_expiry_timestamp"].as_i64().unwrap() <= now => 2_300_037,
            Some(row) if late(row) => 2_300_035,
            Some(_) => 0,
        };
        assert_eq!(desk.send_code(&campaign, &token).await, wanted, "{token}");
        *seen.entry(wanted).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
    assert_eq!(
        desk.sandbox.stats()["spent"],
        json!(desk.sandbox.accepted().iter().map(|send| send.price).sum::<u64>() as f64 / 1000.0)
    );
}

#[tokio::test]
async fn who_talks_is_left_alone_for_the_gap_asked_for() {
    let desk = Desk::open(|options| options.crowd.talking = 0.5).await;
    let campaign = desk.campaign().await;
    let tokens = desk.sandbox.subscribers();
    let send = |token: &str, gap: Value| {
        let body = json!({
            "message_id": campaign,
            "messenger_delivery_data": {"subscription_token": token},
            "message": {"text": "hello"},
            "min_conversation_gap_seconds": gap,
        });
        let request = desk.call(Method::POST, &format!("{}/messages", desk.account())).json(&body);
        async move { code(&read(request.send().await.unwrap()).await.1).0 }
    };
    let mut refused = Vec::new();
    for token in &tokens {
        // They talked in the last hour.
        match send(token, json!(7200)).await {
            2_300_052 => refused.push(token),
            wanted => assert_eq!(wanted, 0),
        }
    }
    about(refused.len(), tokens.len(), 0.5);
    // Half of them within half an hour, give or take what the test took.
    let (mut later, mut taken) = (0, 0);
    for token in &refused {
        match send(token, json!("1800")).await {
            0 => taken += 1,
            _ => later += 1,
        }
    }
    assert!(taken > 20 && later > 20, "{taken} {later}");
    assert_eq!(send("anna", json!(0)).await, 100);
    assert_eq!(send("anna", json!("x")).await, 100);
}

#[tokio::test]
async fn who_leaves_is_refused_with_every_token_until_they_resume() {
    let desk = Desk::open(|options| {
        options.subscribers = 400;
        options.crowd.doubled = 0.2;
    })
    .await;
    let campaign = desk.campaign().await;
    let all = desk.sandbox.subscribers();
    let double = (0..400).rev().find(|place| subscribers::owner(&desk.sandbox.world, *place).is_some()).unwrap();
    let first = subscribers::owner(&desk.sandbox.world, double).unwrap();
    let [first, second] = [first, double].map(|place| all[place as usize].clone());
    let psid = |token: &str| desk.sandbox.about(token)["psid"].clone();
    assert_eq!(psid(&first), psid(&second));
    // By each of their names, each another person.
    let others: Vec<usize> = (0..400)
        .filter(|place| subscribers::owner(&desk.sandbox.world, *place as u64).is_none() && all[*place] != first)
        .take(4)
        .collect();
    let [by_token, by_psid, by_phone, by_email] = [0, 1, 2, 3].map(|n| all[others[n]].clone());
    let leave = format!("{}/messaging_customer_base/unsubscribe", desk.page());
    let rows = json!({"data": [
        {"subscriber_token": by_token},
        {"psid": psid(&by_psid)},
        {"phone": subscribers::phone(others[2] as u64)},
        {"email": subscribers::email(others[3] as u64)},
        {"psid": psid(&second)},
        {"psid": "1"},
        {"phone": "0812345678"},
        {},
    ]});
    assert_eq!(desk.post_as_page(&leave, rows).await, (200, json!({"invalid_rows_count": 3})));
    for token in [&by_token, &by_psid, &by_phone, &by_email, &first, &second] {
        assert_eq!(desk.send_code(&campaign, token).await, 2_300_034, "{token}");
    }
    let left = 400 - all.iter().filter(|token| psid(token) == psid(&first)).count() - 4;
    let others_left = desk.fetched("limit=1000").await.0.len();
    assert!(others_left <= left, "{others_left} of {left}");
    let resume = json!({"token": second, "status": "resume"});
    assert_eq!(desk.post_as_page("sandbox/optin", resume).await.0, 200);
    assert_eq!(desk.send_code(&campaign, &first).await, 0);
    // The 12 hours are of a token: a second one of the same person takes a message.
    assert_eq!(desk.send_code(&campaign, &second).await, 0);
    assert_eq!(desk.send_code(&campaign, &first).await, 2_300_035);
    assert_eq!(code(&desk.post(&leave, json!({"data": []})).await.1).0, 190);
}

#[tokio::test]
async fn a_quarter_of_a_million_people_take_no_memory() {
    let desk = Desk::open(|options| {
        options.subscribers = 250_000;
        options.crowd =
            Crowd { doubled: 0.05, expired: 0.02, ineligible: 0.05, stopped: 0.01, ..options.crowd.clone() };
    })
    .await;
    let after = |place: u32| format!("{}/{LIST}?limit=1000&after=QVFIT{place}", desk.page());
    for place in [0, 125_000, 249_000] {
        let (status, page) = desk.get_as_page(&after(place)).await;
        assert_eq!(status, 200);
        assert!(page["data"].as_array().unwrap().len() > 900);
        assert_eq!(page["paging"]["next"].is_string(), place < 249_000);
    }
    // Nothing was noted of anybody who was only listed.
    assert_eq!(desk.sandbox.world.people.count(), 0);
}

#[tokio::test]
async fn each_page_has_its_own_people_and_subscriptions() {
    let desk = Desk::open(|options| {
        options.pages = vec!["104".to_owned(), "105".to_owned()];
        options.subscribers = 300;
        options.crowd.doubled = 0.2;
    })
    .await;
    let mut lists = Vec::new();
    for page in ["104", "105"] {
        let (status, list) = desk.get_as_page(&format!("{page}/{LIST}?limit=1000&{ALL}")).await;
        assert_eq!(status, 200, "{list}");
        let rows = list["data"].as_array().unwrap();
        let tokens: BTreeSet<String> = rows.iter().map(|row| token(row).to_owned()).collect();
        let people: BTreeSet<String> = rows.iter().map(|row| text(row, "recipient_id").to_owned()).collect();
        assert!(tokens.len() == 300 && people.len() < 270, "{} tokens of {} people", tokens.len(), people.len());
        lists.push((tokens, people));
    }
    assert!(lists[0].0.is_disjoint(&lists[1].0) && lists[0].1.is_disjoint(&lists[1].1));
    let fields = json!({ "subscribed_fields": ["messages"] });
    assert_eq!(desk.post_as_page("105/subscribed_apps", fields).await.0, 200);
    for (page, apps) in [("104", 0), ("105", 1)] {
        let (_, found) = desk.get_as_page(&format!("{page}/subscribed_apps")).await;
        assert_eq!(found["data"].as_array().unwrap().len(), apps, "{page}: {found}");
    }
}
