//! People who leave: unsubscribed at Meta, opted out by a refusal or an event, suppressed, erased; and who may take that back. The judge is
//! what the sandbox was asked and what it holds of people.

use std::collections::BTreeSet;

use mmsg_sandbox::Faults;
use serde_json::{Value, json};

use crate::common::engine::on_both;
use crate::common::shop::Shop;

fn shop() -> Shop {
    Shop::with(|options| options.subscribers = 60)
}

/// Tokens and PSIDs of Meta's list.
fn subscribers(shop: &Shop) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let rows = shop.sandbox.subscribers();
    rows.iter().map(|row| (text(row, "notification_messages_token"), text(row, "recipient_id"))).collect()
}

fn suppressed(shop: &Shop) -> BTreeSet<(String, String)> {
    let rows = shop.env.mmsg(["tokens", "list", "--suppressed", "-o", "json"]).exits(0).json();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    rows.as_array().unwrap().iter().map(|row| (text(row, "token"), text(row, "suppressed"))).collect()
}

fn people_are_unsubscribed_at_meta_by_whatever_names_them_and_get_nothing() {
    let shop = shop();
    let people = subscribers(&shop);
    let ((by_token, _), (by_psid, psid)) = (&people[0], &people[1]);
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let named = ["tokens", "unsubscribe", "--token", by_token, "--psid", psid, "-o", "json"];
    shop.env.mmsg(&named[..6]).fails(9, "can't ask for confirmation before unsubscribing 2 people");
    shop.env.mmsg(["tokens", "unsubscribe", "--yes"]).fails(2, "nobody is named");
    let done = shop.env.mmsg(named.iter().chain(&["--yes"])).exits(0).json();
    assert_eq!(done, json!({ "rows": 2, "invalid": 0, "opted_out": 2 }));
    // By number and address, of whom only Meta knows who they are.
    let contacts =
        ["tokens", "unsubscribe", "--phone", "+1 555 000 0002", "--email", "subscriber-3@example.com", "-o", "json"];
    let done = shop.env.mmsg(contacts.iter().chain(&["--yes"])).exits(0).json();
    assert_eq!(done, json!({ "rows": 1, "invalid": 0, "opted_out": 0 }));
    let nobody = ["tokens", "unsubscribe", "--psid", "1", "--yes", "-o", "json"];
    let run = shop.env.mmsg(nobody).exits(8).says("Meta could not use 1 of 1 row, and does not say which");
    assert_eq!(run.json()["invalid"], 1);

    let _ = shop.env.mmsg(shop.words(&["--audience", "subscribers"])).exits(0);
    let asked: BTreeSet<String> = shop.sandbox.requested().into_iter().collect();
    let accepted: BTreeSet<String> = shop.sandbox.accepted().into_iter().collect();
    assert!(accepted.len() > 40 && !asked.contains(by_token) && !asked.contains(by_psid));
    // Those whom Meta alone knew were refused, and are opted out since.
    let out: BTreeSet<String> = suppressed(&shop).into_iter().map(|(token, _)| token).collect();
    let learned: Vec<_> = asked.difference(&accepted).collect();
    assert_eq!(learned.len(), 2, "{learned:?}");
    assert!(learned.into_iter().all(|token| out.contains(token)));
    // Subscribed again.
    shop.choice(by_token, "RESUME NOTIFICATIONS");
    assert!(suppressed(&shop).iter().all(|(token, _)| token != by_token));
}

fn a_lost_answer_is_admitted_and_a_refusal_keeps_nobody_out() {
    let shop = shop();
    let people = subscribers(&shop);
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let unsubscribe = |n: usize| shop.env.mmsg(["tokens", "unsubscribe", "--token", &people[n].0, "--yes"]);
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("200=100%").unwrap());
    unsubscribe(0).fails(4, "can't unsubscribe 1 person from Page");
    assert!(suppressed(&shop).is_empty());
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("accepted-drop=100%").unwrap());
    unsubscribe(1).fails(11, "not sure whether 1 person was unsubscribed from Page").says("1 token is opted out");
    shop.sandbox.turn(|dials| dials.write_errors = Faults::default());
    assert_eq!(suppressed(&shop), [(people[1].0.clone(), "opted_out".to_owned())].into());
    unsubscribe(1).exits(0);
}

/// However somebody came to get nothing, only those who may lift it do.
fn each_way_out_is_lifted_by_its_own_way_back_alone() {
    let shop = shop();
    let list: Vec<String> = subscribers(&shop).into_iter().map(|(token, _)| token).collect();
    let [stopped, refused, unsubscribed, by_operator, erased] = [0, 1, 2, 3, 4].map(|n| list[n].as_str());
    let ways = [stopped, refused, unsubscribed, by_operator, erased];
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    shop.choice(stopped, "STOP NOTIFICATIONS");
    shop.sandbox.error_tokens([(refused.to_owned(), "2300034".to_owned())]);
    let _ = shop.send(&[refused.to_owned()], &[]).exits(0);
    let _ = shop.env.mmsg(["tokens", "unsubscribe", "--token", unsubscribed, "--yes"]).exits(0);
    let _ = shop.env.mmsg(["tokens", "suppress", "--token", by_operator]).exits(0);
    let _ = shop.env.mmsg(["tokens", "erase", erased, "--yes"]).exits(0);

    let import = || shop.env.mmsg_reading(list.join("\n"), ["tokens", "import", "--audience", "all"]).exits(0);
    let fetch = || shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let each = |what: &dyn Fn(&str)| ways.iter().for_each(|token| what(token));
    // The way back, and whom it lets in: stopped, refused, unsubscribed, by the operator.
    type Back<'b> = (&'b str, &'b dyn Fn(), [bool; 4]);
    let backs: [Back<'_>; 5] = [
        ("import", &|| drop(import()), [false; 4]),
        ("fetch", &|| drop(fetch()), [false; 4]),
        (
            "suppress",
            &|| each(&|token| drop(shop.env.mmsg(["tokens", "suppress", "--token", token]).exits(0))),
            [false; 4],
        ),
        (
            "unsuppress",
            &|| each(&|token| drop(shop.env.mmsg(["tokens", "unsuppress", "--token", token]).exits(0))),
            [false, false, false, true],
        ),
        ("resume", &|| each(&|token| shop.choice(token, "RESUME NOTIFICATIONS")), [true; 4]),
    ];
    for (what, back, lets_in) in backs {
        back();
        let out: BTreeSet<String> = suppressed(&shop).into_iter().map(|(token, _)| token).collect();
        for (token, is_in) in ways.iter().zip(lets_in) {
            assert_eq!(!out.contains(*token), is_in, "{token} after {what}");
        }
    }
    // A resume is not the operator's word.
    let _ = shop.env.mmsg(["tokens", "suppress", "--token", by_operator]).exits(0);
    shop.choice(by_operator, "RESUME NOTIFICATIONS");
    shop.sandbox.error_tokens([]);
    import();
    let before = shop.sandbox.requested().len();
    let campaign = shop.other_campaign();
    let run = shop.env.mmsg(shop.words(&["--audience", "all", "--campaign", &campaign, "--allow-refusals"]));
    let asked: BTreeSet<String> = shop.sandbox.requested().split_off(before).into_iter().collect();
    assert!(asked.len() > 40, "{run:#?}");
    for (token, is_asked) in ways.iter().zip([true, true, true, false, false]) {
        assert_eq!(asked.contains(*token), is_asked, "{token}");
    }
}

fn audiences_are_listed_with_their_use_and_deleted_without_their_people() {
    let shop = shop();
    shop.env.mmsg(["tokens", "fetch"]).exits(0);
    let list: Vec<String> = subscribers(&shop).into_iter().map(|(token, _)| token).take(5).collect();
    let _ = shop.env.mmsg_reading(list.join("\n"), ["tokens", "import", "--audience", "spring"]).exits(0);
    let _ = shop.env.mmsg(shop.words(&["--audience", "spring"])).exits(0);
    let listed = || shop.env.mmsg(["audience", "list", "-o", "json"]).exits(0).json();
    let all = listed();
    let of = |name: &str| all.as_array().unwrap().iter().find(|row| row["audience"] == name).unwrap().clone();
    assert_eq!([&of("spring")["recipients"], &of("spring")["source"]], [&json!(5), &json!("-")]);
    assert!(of("spring")["last_used_at"].is_string() && of("subscribers")["last_used_at"].is_null(), "{all:#}");
    shop.env.mmsg(["audience", "delete", "spring"]).fails(9, "can't ask for confirmation before deleting 1 audience");
    shop.env.mmsg(["audience", "delete", "winter", "--yes"]).fails(2, "there is no audience \"winter\"");
    let _ = shop.env.mmsg(["audience", "delete", "spring", "--yes"]).exits(0);
    assert_eq!(listed().as_array().unwrap().len(), 1);
    assert_eq!(shop.env.mmsg(["tokens", "list", "--count"]).exits(0).stdout.trim(), "60");
    shop.env.mmsg(shop.words(&["--audience", "spring"])).fails(2, "there is no audience \"spring\"");
    let _ = shop.env.mmsg(["ledger", "check"]).exits(0);
}

on_both! {
    people_are_unsubscribed_at_meta_by_whatever_names_them_and_get_nothing
    a_lost_answer_is_admitted_and_a_refusal_keeps_nobody_out
    each_way_out_is_lifted_by_its_own_way_back_alone
    audiences_are_listed_with_their_use_and_deleted_without_their_people
}
