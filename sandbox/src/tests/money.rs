//! Prices, budgets, limits and estimates: what the sandbox bills is what it says.

use tempfile::TempDir;

use super::*;

impl Desk {
    async fn insight(&self, id: &str, name: &str) -> f64 {
        let (_, body) = self.get(&format!("{id}/insights?date_preset=maximum&fields={name}")).await;
        body["data"][0][name].as_str().and_then(|text| text.parse().ok()).unwrap_or(0.0)
    }

    async fn estimate(&self, more: &str) -> Value {
        let query = format!(
            "promoted_object={{\"page_id\":{}}}&is_direct_send_campaign=true&targeting_spec={{\"messenger_positions\":[\"marketing_messages\"]}}\
             &fields={ESTIMATED}{more}",
            self.page()
        );
        let (status, body) = self.get(&format!("{}/message_delivery_estimate?{query}", self.account())).await;
        assert_eq!(status, 200, "{body}");
        body["data"][0].clone()
    }

    /// Sends to everybody until a code about money comes; that code, or 0.
    async fn broadcast(&self, campaign: &str) -> i64 {
        for token in self.sandbox.subscribers() {
            let code = self.send_code(campaign, &token).await;
            if matches!(code, 2_300_053..=2_300_063) {
                return code;
            }
        }
        0
    }

    fn spent(&self) -> f64 {
        self.sandbox.stats()["spent"].as_f64().unwrap()
    }
}

const ESTIMATED: &str =
    "estimate_delivery_lower_bound,estimate_delivery_upper_bound,estimate_cost_lower_bound,estimate_cost_upper_bound";

/// Fails unless the figure is within an estimate.
#[track_caller]
fn within(estimate: &Value, what: &str, figure: f64) {
    let bound = |side: &str| estimate[format!("estimate_{what}_{side}_bound")].as_f64().unwrap();
    assert!(bound("lower") <= figure && figure <= bound("upper"), "{figure} is not in {estimate}");
    assert!(bound("upper") - bound("lower") < 0.5 * bound("upper") + 10.0, "{estimate} says nothing");
}

fn priced(options: &mut Options) {
    options.cost = 20.0;
    options.money.cost_spread = 0.1;
    options.enforce_budget = true;
    options.insights_lag = Duration::ZERO;
    options.webhooks.delay = Duration::ZERO;
}

#[tokio::test]
async fn bills_are_what_was_estimated_and_what_insights_show() {
    let folder = TempDir::new().unwrap();
    let record = folder.path().join("record.ndjson");
    for (budget, wanted) in [(100_000, 0), (3000, 2_300_053)] {
        let desk = Desk::open(|options| {
            priced(options);
            options.record = Some(record.clone());
            options.crowd = Crowd { ineligible: 0.05, expired: 0.05, stopped: 0.05, ..options.crowd.clone() };
        })
        .await;
        let estimate = desk.estimate(&format!("&lifetime_budget={budget}&lifetime_in_days=30")).await;
        let (_, made) = desk.create(json!({"name": "n", "lifetime_budget": budget, "page_id": desk.page()})).await;
        let ad = made["id"].as_str().unwrap();
        let (_, node) = desk.get(&format!("{ad}?fields=adset_id")).await;
        let set = node["adset_id"].as_str().unwrap();
        let (_, own) = desk.get(&format!("{set}/message_delivery_estimate?fields={ESTIMATED}")).await;
        assert_eq!(own["data"][0], estimate, "the ad set estimates by its own budget");
        assert_eq!(desk.broadcast(ad).await, wanted);

        let spent = desk.spent();
        within(&estimate, "cost", spent);
        within(&estimate, "delivery", desk.insight(ad, "marketing_messages_delivered").await);
        assert!(spent <= f64::from(budget));
        let shown = desk.insight(ad, "marketing_messages_spend").await * 100.0;
        assert!((shown - spent).abs() <= 0.5, "{shown} is not {spent}");
        let (_, account) = desk.get(&format!("{}?fields=amount_spent", desk.account())).await;
        assert_eq!(account["amount_spent"], format!("{spent:.0}"));
        let (_, left) = desk.get(&format!("{set}?fields=budget_remaining")).await;
        assert_eq!(left["budget_remaining"], format!("{:.0}", (f64::from(budget) - spent).floor()));

        // The record has the price of each, nothing for what is not delivered.
        let text = std::fs::read_to_string(&record).unwrap();
        let prices: Vec<f64> =
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["price"].as_f64().unwrap()).collect();
        assert!((prices.iter().sum::<f64>() - spent).abs() < 0.001);
        assert!(prices.iter().all(|price| *price == 0.0 || (18.0..=22.0).contains(price)));
        assert!(prices.contains(&0.0) && prices.iter().any(|price| (*price - 20.0).abs() > 1.0));
        std::fs::remove_file(&record).unwrap();
    }
}

#[tokio::test]
async fn an_account_stops_at_its_limit_or_balance() {
    for (prepaid, wanted) in [(false, 2_300_056), (true, 2_300_058)] {
        let desk = Desk::open(|options| {
            priced(options);
            options.enforce_budget = false;
            *(if prepaid { &mut options.money.prepaid } else { &mut options.money.spend_cap }) = Some(1000);
        })
        .await;
        let fields = "amount_spent,balance,spend_cap,is_prepay_account,funding_source_details{display_string}";
        let path = format!("{}?fields={fields}", desk.account());
        let (one, two) = (desk.campaign().await, desk.campaign().await);
        let codes: Vec<i64> = {
            let mut codes = Vec::new();
            for (n, token) in desk.sandbox.subscribers().iter().enumerate() {
                codes.push(desk.send_code(if n % 2 == 0 { &one } else { &two }, token).await);
            }
            codes
        };
        let spent = desk.spent();
        assert!((1000.0 - 22.0..=1000.0).contains(&spent), "{spent}");
        let accepted = codes.iter().filter(|code| **code == 0).count();
        assert!(codes.iter().all(|code| *code == 0 || *code == wanted), "{codes:?}");
        assert_eq!(codes[..45], [0; 45], "it is for both campaigns, and not before");
        assert_eq!(accepted, desk.sandbox.accepted_count());
        let (_, account) = desk.get(&path).await;
        assert_eq!(account["amount_spent"], format!("{spent:.0}"));
        assert_eq!(account["is_prepay_account"], prepaid);
        let words = account["funding_source_details"]["display_string"].as_str().unwrap();
        if prepaid {
            assert_eq!((&account["balance"], &account["spend_cap"]), (&json!("0"), &json!("0")));
            assert_eq!(words, format!("Available balance ({:.2} USD)", (1000.0 - spent).floor() / 100.0));
        } else {
            assert_eq!((&account["balance"], &account["spend_cap"]), (&account["amount_spent"], &json!("1000")));
        }
    }
}

#[tokio::test]
async fn many_at_once_never_spend_more_than_there_is() {
    let desk = Desk::open(priced).await;
    let (_, made) = desk.create(json!({"name": "n", "daily_budget": 1000, "page_id": desk.page()})).await;
    let ad = made["id"].as_str().unwrap();
    let tokens = desk.sandbox.subscribers();
    let codes = futures_util::future::join_all(tokens.iter().map(|token| desk.send_code(ad, token))).await;
    assert!(codes.iter().all(|code| *code == 0 || *code == 2_300_054), "{codes:?}");
    assert!((1000.0 - 22.0..=1000.0).contains(&desk.spent()), "{}", desk.spent());
}

#[tokio::test]
async fn a_daily_budget_is_there_again_the_next_day() {
    // A day of Meta's takes two seconds here.
    let desk = Desk::open(|options| {
        priced(options);
        options.time_scale = 43_200.0;
    })
    .await;
    let (_, made) = desk.create(json!({"name": "n", "daily_budget": 100, "page_id": desk.page()})).await;
    let ad = made["id"].as_str().unwrap();
    let tokens = desk.sandbox.subscribers();
    // Forty at once cost eight times the budget of a day.
    let codes = futures_util::future::join_all(tokens[..40].iter().map(|token| desk.send_code(ad, token))).await;
    let refused = codes.iter().position(|code| *code == 2_300_054).expect("the budget is not kept");
    let (_, body) = desk.send(ad, &tokens[refused]).await;
    if body["success"] != true {
        let data = &body["error"]["error_data"];
        let data: Value = data.as_str().map_or_else(|| data.clone(), |text| serde_json::from_str(text).unwrap());
        assert!((1..=2).contains(&data["remaining_seconds"].as_i64().unwrap()), "{body}");
        while desk.send_code(ad, &tokens[refused]).await != 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(desk.sandbox.accepted().iter().any(|send| *send.token == tokens[refused]));
}

#[tokio::test]
async fn a_variant_is_read_and_clicked_by_shares_of_its_own() {
    for own in [Some(0.6), None] {
        let desk = Desk::open(|options| {
            priced(options);
            options.enforce_budget = false;
            options.webhooks = Webhooks {
                failed: 0.0,
                delivered: 1.0,
                read: 0.3,
                clicked: 0.5,
                variant_mark: Some("[b]".to_owned()),
                variant_read: own,
                ..options.webhooks.clone()
            };
        })
        .await;
        let (plain, marked) = (desk.campaign().await, desk.campaign().await);
        let people = 250;
        for n in 0..people {
            for (campaign, text) in [(&plain, "hello"), (&marked, "hello [b]")] {
                let request = desk.call(Method::POST, &format!("{}/messages", desk.account())).json(&json!({
                    "message_id": campaign,
                    "messenger_delivery_data": {"subscription_token": format!("{text}{n}").replace(' ', "")},
                    "message": {"text": text},
                }));
                assert_eq!(request.send().await.unwrap().status(), 200);
            }
        }
        for (campaign, share) in [(&plain, 0.3), (&marked, own.unwrap_or(0.3))] {
            let read = desk.insight(campaign, "marketing_messages_read_rate").await / 100.0;
            let off = 5.0 * (share * (1.0 - share) / f64::from(people)).sqrt();
            assert!((read - share).abs() < off, "{read} is not {share}");
        }
    }
}
