//! Writes to one object, and what they change.

use super::*;

/// The three IDs of a campaign.
struct Ids {
    ad: String,
    set: String,
    campaign: String,
}

impl Desk {
    async fn ids(&self, create: Value) -> Ids {
        let (status, body) = self.create(create).await;
        assert_eq!(status, 200, "{body}");
        let ad = body["id"].as_str().unwrap().to_owned();
        let (_, node) = self.get(&format!("{ad}?fields=adset_id,campaign_id")).await;
        let id = |name: &str| node[name].as_str().unwrap().to_owned();
        Ids { set: id("adset_id"), campaign: id("campaign_id"), ad }
    }

    /// Everything that an edit may change, as the ad shows it.
    async fn state(&self, ad: &str) -> Value {
        let fields =
            "name,status,effective_status,campaign{name,status},adset{name,status,daily_budget,lifetime_budget}";
        self.get(&format!("{ad}?fields={fields}")).await.1
    }
}

#[tokio::test]
async fn a_budget_sent_to_the_ad_is_a_success_that_changes_nothing() {
    let desk = Desk::open(|_| {}).await;
    let ids = desk.ids(json!({"name": "Spring", "lifetime_budget": 3000, "page_id": desk.page()})).await;
    let before = desk.state(&ids.ad).await;
    for body in
        [json!({"lifetime_budget": 9000}), json!({"daily_budget": 1}), json!({"end_time": "nonsense"}), json!({})]
    {
        assert_eq!(desk.post(&ids.ad, body.clone()).await, (200, json!({"success": true})), "{body}");
        assert_eq!(desk.state(&ids.ad).await, before, "{body}");
    }
    // The same to its ad set works.
    assert_eq!(desk.post(&ids.set, json!({"lifetime_budget": 9000})).await.0, 200);
    assert_eq!(desk.state(&ids.ad).await["adset"]["lifetime_budget"], "9000");
}

#[tokio::test]
async fn each_object_takes_its_own_and_refuses_what_is_wrong() {
    let desk = Desk::open(|_| {}).await;
    let ids = desk.ids(json!({"name": "Spring", "daily_budget": 100, "page_id": desk.page()})).await;
    let soon = desk.sandbox.world.now() / 1000 + 10 * 86_400;
    for (id, body, wanted) in [
        (&ids.ad, json!({"name": "Ad"}), (200, 0, None)),
        (&ids.set, json!({"name": "Set"}), (200, 0, None)),
        (&ids.campaign, json!({"name": "Campaign"}), (200, 0, None)),
        (&ids.set, json!({"daily_budget": 99}), (400, 100, Some(1_885_272))),
        (&ids.set, json!({"daily_budget": 200, "lifetime_budget": 9000}), (400, 100, None)),
        (&ids.set, json!({"daily_budget": "x"}), (400, 100, None)),
        // A lifetime budget must end.
        (&ids.set, json!({"lifetime_budget": 9000}), (400, 100, Some(1_487_094))),
        (&ids.set, json!({"end_time": "2020-01-01T00:00:00Z"}), (400, 100, None)),
        // All or nothing: the name is not taken either.
        (&ids.set, json!({"daily_budget": 1, "name": "Lost"}), (400, 100, Some(1_885_272))),
        (&ids.set, json!({"daily_budget": 0, "lifetime_budget": 9000, "end_time": soon}), (200, 0, None)),
        (&ids.campaign, json!({"daily_budget": 500}), (400, 100, Some(1_885_621))),
        (&ids.campaign, json!({"spend_cap": 500}), (400, 100, None)),
        (&ids.set, json!({"bid_amount": 5}), (400, 100, None)),
        (&ids.ad, json!({"creative": {"creative_id": "1"}}), (400, 100, None)),
        (&ids.ad, json!({"status": "ASLEEP"}), (400, 100, None)),
        (&ids.campaign, json!({"status": "PAUSED"}), (200, 0, None)),
    ] {
        let (status, answer) = desk.post(id, body.clone()).await;
        let (code, subcode) = code(&answer);
        assert_eq!((status, code, subcode), wanted, "{body} -> {answer}");
    }
    assert_eq!(
        desk.state(&ids.ad).await,
        json!({
            "id": ids.ad, "name": "Ad", "status": "ACTIVE", "effective_status": "CAMPAIGN_PAUSED",
            "campaign": {"id": ids.campaign, "name": "Campaign", "status": "PAUSED"},
            "adset": {"id": ids.set, "name": "Set", "status": "ACTIVE", "daily_budget": "0", "lifetime_budget": "9000"},
        })
    );
    assert_eq!(desk.send_code(&ids.ad, "a").await, 2_300_000);
}

#[tokio::test]
async fn a_budget_changes_four_times_per_hour() {
    // An hour of Meta's takes five seconds here.
    let desk = Desk::open(|options| options.time_scale = 720.0).await;
    let ids = desk.ids(json!({"name": "Spring", "daily_budget": 100, "page_id": desk.page()})).await;
    let mut change = 100;
    let mut refused = false;
    while !refused {
        change += 1;
        let (_, answer) = desk.post(&ids.set, json!({"daily_budget": change})).await;
        refused = code(&answer) == (613, Some(1_487_632));
        assert!(refused || code(&answer).0 == 0, "{answer}");
        assert!(change < 10_000, "never refused");
    }
    assert!(change > 104, "refused after {} changes", change - 101);
    assert_eq!(desk.post(&ids.set, json!({"name": "Spring set"})).await.0, 200, "a name is not a budget");
    while code(&desk.post(&ids.set, json!({"daily_budget": 500})).await.1).0 != 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(desk.state(&ids.ad).await["adset"]["daily_budget"], "500");
}

#[tokio::test]
async fn a_new_budget_is_what_sends_are_held_to() {
    let desk = Desk::open(|options| {
        options.enforce_budget = true;
        options.cost = 100.0;
        (options.webhooks.failed, options.webhooks.delivered) = (0.0, 1.0);
    })
    .await;
    let ids = desk.ids(json!({"name": "Spring", "daily_budget": 100, "page_id": desk.page()})).await;
    assert_eq!(desk.send_code(&ids.ad, "a").await, 0);
    assert_eq!(desk.send_code(&ids.ad, "b").await, 2_300_054);
    assert_eq!(desk.post(&ids.set, json!({"daily_budget": 200})).await.0, 200);
    assert_eq!(desk.send_code(&ids.ad, "b").await, 0);
    assert_eq!(desk.send_code(&ids.ad, "c").await, 2_300_054);
}

#[tokio::test]
async fn each_of_the_three_stops_sends_with_a_code_of_its_own_until_it_is_lifted() {
    let desk = Desk::open(|_| {}).await;
    let ids = desk.ids(json!({"name": "Spring", "lifetime_budget": 9000, "page_id": desk.page()})).await;
    let mut people = desk.sandbox.subscribers().into_iter();
    let levels = [
        (&ids.campaign, "CAMPAIGN_PAUSED", 2_300_000),
        (&ids.set, "ADSET_PAUSED", 2_300_002),
        (&ids.ad, "PAUSED", 2_300_003),
    ];
    for (id, effective, code) in levels {
        let token = people.next().unwrap();
        assert_eq!(desk.post(id, json!({"status": "PAUSED"})).await.0, 200);
        assert_eq!(desk.state(&ids.ad).await["effective_status"], effective);
        assert_eq!(desk.send_code(&ids.ad, &token).await, code, "{effective}");
        assert_eq!(desk.post(id, json!({"status": "ACTIVE"})).await.0, 200);
        assert_eq!(desk.send_code(&ids.ad, &token).await, 0, "{effective}");
    }
    // The highest one answers, and lifting only that one is not enough.
    for (id, _, _) in levels {
        desk.post(id, json!({"status": "PAUSED"})).await;
    }
    let token = people.next().unwrap();
    for (id, _, code) in levels {
        assert_eq!(desk.send_code(&ids.ad, &token).await, code);
        desk.post(id, json!({"status": "ACTIVE"})).await;
    }
    assert_eq!(desk.send_code(&ids.ad, &token).await, 0);
    // An ad set that is over sends nothing until its end is moved.
    let end = |at: i64| desk.post(&ids.set, json!({"end_time": at}));
    let now = desk.sandbox.world.now() / 1000;
    assert_eq!(end(now + 2).await.0, 200);
    let token = people.next().unwrap();
    while desk.sandbox.world.now() / 1000 <= now + 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(desk.send_code(&ids.ad, &token).await, 2_300_000);
    assert_eq!(end(now + 86_400).await.0, 200);
    assert_eq!(desk.send_code(&ids.ad, &token).await, 0);
    assert_eq!(desk.post(&ids.campaign, json!({"status": "DELETED"})).await.0, 200);
    assert_eq!(desk.send_code(&ids.ad, &people.next().unwrap()).await, 2_300_001);
}
