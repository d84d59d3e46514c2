//! What may be spent. The judge is the sandbox's bill.

use mmsg_sandbox::Options;
use serde_json::{Value, json};

use crate::common::Run;
use crate::common::between::{Between, error};
use crate::common::shop::{Shop, people};
use crate::common::started::Started;

/// What a delivery costs, in cents, and how far a price may be from it.
const COST: f64 = 20.0;
const SPREAD: f64 = 0.1;

fn priced(options: &mut Options) {
    options.cost = COST;
    options.money.cost_spread = SPREAD;
    options.webhooks.failed = 0.0;
    options.dials.latency = std::time::Duration::from_millis(20);
}

fn shop(on_server: bool) -> Shop {
    let mut shop = Shop::with(priced);
    if on_server {
        shop.env = shop.env.on_server();
    }
    shop
}

fn bill(shop: &Shop) -> f64 {
    shop.sandbox.stats()["spent"].as_f64().unwrap()
}

/// Three processes of one account at once, each with a campaign and people of its own: together they spend what one may.
fn three_at_once_spend_what_one_may(on_server: bool) {
    const CEILING: f64 = 2000.0;
    let shop = shop(on_server);
    let list = people(300);
    let campaigns = [shop.campaign.clone(), shop.other_campaign(), shop.other_campaign()];
    let at_work: Vec<_> = campaigns
        .iter()
        .zip(list.chunks(100))
        .map(|(campaign, list)| {
            let args = ["--campaign", campaign, "--max-spend", "2000", "--concurrency", "8", "-o", "json"];
            shop.env.start(&(list.join("\n") + "\n"), &shop.words(&args))
        })
        .collect();
    let runs: Vec<_> = at_work.into_iter().map(Started::ends).collect();
    // Each claim was reserved at the upper estimate: not even what is on its way comes on top.
    let spent = bill(&shop);
    let dearest = COST * (1.0 + SPREAD);
    assert!(spent <= CEILING, "{spent} of {CEILING}: {runs:#?}");
    let accepted = shop.sandbox.accepted().len();
    assert_eq!(accepted as f64, (CEILING / dearest).floor(), "there was money for more, or less: {runs:#?}");
    for run in runs {
        let totals = run.exits(6).totals();
        assert_eq!(totals["this_run"]["refused"], 0, "{totals:#}");
        assert_eq!((&totals["spend"]["by"], &totals["spend"]["limit"]), (&"max_spend".into(), &20.0.into()));
        assert!(totals["reason"].as_str().unwrap().contains("--max-spend 20.00 USD is reached"), "{totals:#}");
        assert!(totals["next_run_at"].is_string(), "{totals:#}");
    }
    // The same again spends nothing, and more money goes on.
    let again = ["send", "--resume", "--rate", "unlimited", "-o", "json", "--max-spend"];
    let resume = |amount: &str| shop.env.mmsg([&again[..], &[amount]].concat());
    let totals = resume("2000")
        .exits(6)
        .says("--max-spend 2000 continues then; to go on now, use a --max-spend above 2000")
        .totals();
    assert_eq!(totals["this_run"]["requests"], 0);
    assert!(resume("2500").exits(6).totals()["this_run"]["accepted"].as_u64().unwrap() > 10);
    assert!(bill(&shop) <= 2500.0, "{}", bill(&shop));
    shop.sandbox.assert_nobody_twice();
}

#[test]
fn three_at_once_spend_what_one_may_in_a_file() {
    three_at_once_spend_what_one_may(false);
}

#[cfg(target_os = "linux")]
#[test]
fn three_at_once_spend_what_one_may_on_a_server() {
    three_at_once_spend_what_one_may(true);
}

/// Meta rounds what was spent: three deliveries at 1.4 cents are billed as 4 cents, or 1.33 each. At that there would seem to be money for
/// 75 of them.
#[test]
fn a_limit_reserves_the_price_itself_and_not_a_rounded_bill() {
    const COST: f64 = 1.4;
    const CEILING: f64 = 100.0;
    let shop = Shop::with(|options| {
        options.cost = COST;
        (options.webhooks.failed, options.webhooks.delivered) = (0.0, 1.0);
        (options.insights_lag, options.webhooks.delay) = Default::default();
    });
    let list = people(120);
    let _ = shop.totals(&list, &["--max-sends", "3"], 6);
    // They are known to be delivered, and for how much.
    let insights = shop.env.mmsg(["campaign", "insights", &shop.campaign, "-o", "ndjson"]).exits(0).rows();
    assert_eq!(
        (&insights[0]["marketing_messages_delivered"], &insights[0]["marketing_messages_spend"]),
        (&"3".into(), &"0.04".into())
    );
    let totals = shop.totals(&list, &["--max-spend", "100", "--concurrency", "4"], 6);
    assert_eq!(totals["accepted"], (CEILING / COST).floor(), "{totals:#}");
    assert_eq!(shop.sandbox.accepted().len() as f64, (CEILING / COST).floor());
    assert!(bill(&shop) <= CEILING, "{} of {CEILING}", bill(&shop));
    assert_eq!(totals["spend"]["cost_per_delivery"], 0.014, "{totals:#}");
}

#[test]
fn refused_people_cost_nothing_and_leave_their_money_to_the_others() {
    let shop = Shop::with(priced);
    let list = people(60);
    shop.sandbox.error_tokens(list[..30].iter().map(|token| (token.clone(), "2300034".to_owned())));
    // For ten deliveries, whoever is first in the list.
    let totals = shop.totals(&list, &["--max-spend", "200", "--cost-per-delivery", "20", "--concurrency", "4"], 6);
    assert_eq!((totals["accepted"].as_u64(), totals["refused"].as_u64()), (Some(10), Some(30)), "{totals:#}");
    // Enough for all who are left: the limit is not reached.
    let totals = shop.totals(&list, &["--max-spend", "10000", "--cost-per-delivery", "20"], 0);
    assert_eq!(totals["accepted"], 30, "{totals:#}");
    let totals = shop.totals(&list, &["--max-spend", "600", "--cost-per-delivery", "20"], 0);
    assert_eq!(totals["spend"]["left"], 0.0, "nobody waits for money: {totals:#}");
}

#[test]
fn a_limit_without_a_price_is_refused_before_anything_is_planned() {
    let shop = Shop::with(|options| {
        priced(options);
        options.cost = 0.0;
    });
    let list = people(5);
    let run = shop.send(&list, &["--max-spend", "1000"]).exits(5);
    assert!(run.stderr.contains("--cost-per-delivery"), "{}", run.stderr);
    assert!(!shop.ledger().exists(), "something was planned");
    let _ = shop.send(&list, &["--max-spend", "1000", "--cost-per-delivery", "1.5"]).exits(0);
    for bad in
        [["--max-spend", "0"], ["--max-spend", "1.5"], ["--cost-per-delivery", "-1"], ["--cost-per-delivery", "0"]]
    {
        let _ = shop.send(&list, &bad).exits(2);
    }
}

#[test]
fn the_daily_limit_of_a_profile_holds_for_every_run_of_the_account() {
    let shop = Shop::with(priced);
    let profile = |limit: &str| format!("[profiles.shop.send]\ndaily_spend_limit = {limit}\n");
    let mut shop = Shop { env: shop.env.profiles(&profile("1000")), ..shop };
    let list = people(100);
    let totals = shop.totals(&list, &[], 6);
    assert_eq!(totals["accepted"], 45, "a delivery is reserved at 22 cents: {totals:#}");
    assert_eq!(totals["spend"]["by"], "daily_spend_limit");
    // The lower of both counts, and the profile's is not lifted by the flag.
    let totals = shop.totals(&list, &["--max-spend", "9000"], 6);
    assert_eq!(totals["spend"]["by"], "daily_spend_limit");
    assert!(totals["accepted"].as_u64().unwrap() < 52, "{totals:#}");
    let dry: Value = shop.send(&list, &["--dry-run", "-o", "json"]).exits(0).json();
    assert_eq!(dry["spend"]["by"], "daily_spend_limit", "{dry:#}");
    shop.env = shop.env.profiles(&profile("0"));
    let run = shop.send(&list, &[]).exits(3);
    assert!(run.stderr.contains("daily_spend_limit"), "{}", run.stderr);
}

/// Meta's codes for money that is used up, by its reference: exit code and sentence.
const MONEY: [(i64, i32, &str); 15] = [
    (2_300_011, 5, "the ad account has no payment method"),
    (2_300_015, 5, "the campaign's budget is used up"),
    (2_300_017, 5, "the ad account's spending limit is reached"),
    (2_300_053, 5, "the lifetime budget is used up"),
    (2_300_054, 6, "the daily budget is used up"),
    (2_300_055, 6, "pacing limit"),
    (2_300_056, 5, "total spending limit is reached"),
    (2_300_057, 6, "a daily limit of the ad account is reached"),
    (2_300_058, 5, "the prepaid balance is empty"),
    (2_300_059, 5, "the stored balance is too low"),
    (2_300_060, 6, "a daily spending limit is reached"),
    (2_300_061, 6, "a billing limit is reached"),
    (2_300_062, 6, "a credit limit is reached"),
    (2_300_063, 6, "can't be processed right now"),
    (2_300_068, 6, "can't be processed right now"),
];

/// The numbers of Meta's changelog, with its words: the reference gives them to something else.
const MONEY_BY_CHANGELOG: [(i64, &str, i32, &str); 11] = [
    (2_300_069, "Lifetime budget reached", 5, "the lifetime budget is used up"),
    (2_300_070, "Daily budget reached", 6, "the daily budget is used up"),
    (2_300_071, "Pacing limit reached", 6, "pacing limit"),
    (2_300_072, "Account spend cap reached", 5, "total spending limit is reached"),
    (2_300_073, "Account daily limit reached", 6, "a daily limit of the ad account is reached"),
    (2_300_074, "Prepay balance empty", 5, "the prepaid balance is empty"),
    (2_300_075, "Stored balance empty", 5, "the stored balance is too low"),
    (2_300_076, "Daily spending limit reached", 6, "a daily spending limit is reached"),
    (2_300_077, "Flex billing limit reached", 6, "a billing limit is reached"),
    (2_300_078, "Brand credit limit reached", 6, "credit limit is reached"),
    (2_300_079, "Daily spending limit reached", 6, "a daily spending limit is reached"),
];

/// It says why, everybody waits, and `asked` is what was in flight at most.
#[track_caller]
fn is_over_at_once(run: &Run, code: i64, (exit, sentence): (i32, &str), (asked, in_flight): (usize, usize)) {
    assert_eq!(run.code, exit, "{code}: {run:#?}");
    assert!(run.stderr.contains(sentence), "{code}: {}", run.stderr);
    assert!((1..=in_flight).contains(&asked), "{code}: {asked} requests with {in_flight} in flight");
    let totals = run.totals();
    assert_eq!((&totals["pending"], &totals["refused"]), (&12.into(), &0.into()), "{code}: {totals:#}");
    assert!(totals["next_run_at"].is_string(), "{code}: {totals:#}");
}

#[test]
fn every_code_about_money_ends_the_run_at_the_first_answer_and_costs_nobody_their_message() {
    let shop = Shop::open();
    let list = people(12);
    for (code, exit, sentence) in MONEY {
        shop.sandbox.errors(&format!("{code}=100%"));
        for in_flight in [1, 4] {
            let before = shop.sandbox.requests().len();
            let run = shop.send(&list, &["-o", "json", "--concurrency", &in_flight.to_string()]);
            let asked = shop.sandbox.requests().len() - before;
            is_over_at_once(&run, code, (exit, sentence), (asked, in_flight));
        }
    }
    shop.sandbox.errors("");
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}

#[test]
fn a_number_of_the_changelog_is_about_money_if_its_words_are() {
    let shop = Shop::open();
    let list = people(12).join("\n");
    let answers: Vec<_> = MONEY_BY_CHANGELOG
        .iter()
        .map(|(code, words, ..)| error("400 Bad Request", "", &json!({"code": code, "message": words}).to_string()))
        .collect();
    let between = Between::answers(&shop, answers);
    let env = between.environment(&shop);
    let words = shop.words(&["-o", "json", "--concurrency", "1"]);
    for (code, _, exit, sentence) in MONEY_BY_CHANGELOG {
        let before = between.asked();
        let run = env.mmsg_reading(&*list, &words);
        is_over_at_once(&run, code, (exit, sentence), (between.asked() - before, 1));
    }
}

#[test]
fn a_plan_tells_what_goes_out_when_for_how_much_and_where_the_money_ends() {
    let shop = Shop::with(|options| {
        priced(options);
        options.money.cost_spread = 0.0;
    });
    let list = people(300);
    let args = ["--dry-run", "--rate", "5", "--max-spend", "1000"];
    let run = shop.send(&list, &[&args[..], &["-o", "json"]].concat()).exits(0);
    let dry = run.json();
    assert_eq!((&dry["would_send"], &dry["takes_seconds"]), (&300.into(), &60.into()), "{dry:#}");
    assert_eq!((&dry["budget"], &dry["budget_kind"]), (&30.0.into(), &"lifetime".into()), "{dry:#}");
    assert_eq!((&dry["budget_left"], &dry["budget_pays_for"]), (&30.0.into(), &150.into()), "{dry:#}");
    assert_eq!((&dry["estimated_cost"], &dry["spend"]["left"]), (&60.0.into(), &10.0.into()), "{dry:#}");
    let _ = run
        .says("what is left of the lifetime budget pays for about 150 of 300 messages")
        .says("what is left under the spend limit pays for about 50 of 300 messages");
    // For a person: who waits for which hour.
    let mut waits = people(3);
    let _ = shop.totals(&waits, &[], 0);
    waits.extend(people(6).split_off(3));
    shop.message("other.json", &json!({"text": "Another one"}));
    let args = ["--dry-run", "--message", "other.json", "--new-message", "--rate", "5"];
    let table = shop.send(&waits, &args).exits(0).stdout;
    assert!(table.contains("would send      3") && table.contains("cooling_down 3"), "{table}");
    assert!(table.contains("about 1s at 5 sends per second"), "{table}");
}
