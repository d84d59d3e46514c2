//! What the access token may do, and what is told of it, of the account and of the Page.

use super::*;

#[tokio::test]
async fn a_token_says_how_long_it_lives_and_what_it_may() {
    let desk = Desk::open(|_| {}).await;
    let token = desk.sandbox.credentials().token.clone();
    let debug = format!("debug_token?input_token={token}");
    let (_, told) = desk.get(&debug).await;
    assert_eq!((&told["data"]["expires_at"], &told["data"]["is_valid"]), (&json!(0), &json!(true)));
    let day = Duration::from_hours(24);
    desk.sandbox.turn(|dials| {
        dials.token_expires_in = Some(day);
        dials.without_permissions = "pages_messaging, ads_management".to_owned();
    });
    let (_, told) = desk.get(&debug).await;
    let left = told["data"]["expires_at"].as_i64().unwrap() - told["data"]["issued_at"].as_i64().unwrap();
    assert_eq!(left, 2 * 86_400, "issued a day ago: {told}");
    let scopes = told["data"]["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("ads_read")) && !scopes.contains(&json!("pages_messaging")), "{told}");
    let (status, refused) = desk.get(&desk.account()).await;
    assert_eq!((status, code(&refused).0), (403, 200), "{refused}");
    let (_, permissions) = desk.get("me/permissions").await;
    let declined = permissions["data"].as_array().unwrap().iter().filter(|row| row["status"] == "declined").count();
    assert_eq!(declined, 2, "{permissions}");
}

#[tokio::test]
async fn a_revoked_token_may_be_asked_about_and_nothing_else() {
    let desk = Desk::open(|options| options.dials.token_revoked = true).await;
    let token = desk.sandbox.credentials().token.clone();
    let (status, told) = desk.get(&format!("debug_token?input_token={token}")).await;
    assert_eq!(
        (status, &told["data"]["is_valid"], &told["data"]["error"]["subcode"]),
        (200, &json!(false), &json!(460))
    );
    for path in ["me", &desk.account(), &desk.page()] {
        let (status, refused) = desk.get(path).await;
        assert_eq!((status, code(&refused)), (401, (190, Some(460))), "{path}: {refused}");
    }
    let (status, _) = desk.get_as_page(&format!("v26.0/{}/subscribed_apps", desk.page())).await;
    assert_eq!(status, 200, "the Page's own token is another one");
    let (status, refused) = desk.send("1", "71048").await;
    assert_eq!((status, code(&refused)), (401, (190, Some(460))), "{refused}");
}

#[tokio::test]
async fn account_and_page_say_where_their_business_is() {
    let desk = Desk::open(|options| {
        options.country = "DE".to_owned();
        options.account_status = 2;
        options.unpublished = true;
    })
    .await;
    let (_, account) = desk.get(&format!("{}?fields=business_country_code,disable_reason", desk.account())).await;
    assert_eq!((&account["business_country_code"], &account["disable_reason"]), (&json!("DE"), &json!(1)));
    let (_, page) = desk.get(&format!("{}?fields=is_published,location{{country_code}}", desk.page())).await;
    assert_eq!((&page["is_published"], &page["location"]), (&json!(false), &json!({ "country_code": "DE" })));
}
