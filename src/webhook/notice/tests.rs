use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn events(body: &Value) -> Vec<Event> {
    read(body.to_string().as_bytes()).unwrap().events
}

fn change(field: Option<&str>, value: &Value) -> Value {
    let mut change = json!({ "value": value });
    if let Some(field) = field {
        change["field"] = json!(field);
    }
    json!({ "object": "page", "entry": [{ "id": "104", "time": 1_764_000_009, "changes": [change] }] })
}

fn echo() -> Value {
    json!({
        "field": "marketing_message_echoes", "recipient_id": "772", "page_id": "104", "app_id": "9",
        "timestamp": 1_764_000_000, "mid": "m_1", "marketing_message_tracking_id": "t-1",
        "messenger_subscription_token": "12348141984909088", "message_id": "120263605329927637"
    })
}

#[test]
fn both_envelopes_give_the_same_event() {
    let inside = change(None, &echo());
    let outside = change(Some("marketing_message_echoes"), &echo());
    let messaging = json!({ "object": "page", "entry": [{ "id": "104", "messaging": [echo()] }] });
    for body in [inside, outside, messaging, echo()] {
        let events = events(&body);
        assert_eq!(events.len(), 1, "{body}");
        assert_eq!(events[0].kind(), Kind::Stage(Stage::Echoed));
        let facts = events[0].facts();
        assert_eq!(facts.token.as_deref(), Some("12348141984909088"));
        assert_eq!(facts.campaign.as_deref(), Some("120263605329927637"));
        assert_eq!((facts.tracking_id.as_deref(), facts.mid.as_deref()), (Some("t-1"), Some("m_1")));
        assert_eq!((facts.page.as_deref(), facts.occurred_at), (Some("104"), Some(UnixMillis(1_764_000_000_000))));
        assert_eq!(serde_json::from_str::<Value>(&facts.raw).unwrap(), echo());
    }
}

#[test]
fn every_field_is_its_kind() {
    let table = [
        ("marketing_message_delivery_failed", Kind::Stage(Stage::Failed)),
        ("marketing_message_echoes", Kind::Stage(Stage::Echoed)),
        ("marketing_message_deliveries", Kind::Stage(Stage::Delivered)),
        ("marketing_message_reads", Kind::Stage(Stage::Read)),
        ("marketing_message_clicks", Kind::Stage(Stage::Clicked)),
        ("marketing_messages_subscriber_upload_status", Kind::Upload),
        ("marketing_message_of_next_year", Kind::Other),
    ];
    for (field, kind) in table {
        let value = json!({ "messenger_subscription_token": "a", "message_id": "1", "timestamp": 1_764_000_000 });
        assert_eq!(events(&change(Some(field), &value))[0].kind(), kind, "{field}");
    }
    // The failure of the documentation's table has no field inside.
    let flat = json!({ "messenger_subscription_token": "a", "message_id": 1, "error_message": "Empf\u{e4}nger\nweg" });
    let events = events(&change(None, &flat));
    assert_eq!(events[0].kind(), Kind::Stage(Stage::Failed));
    assert_eq!(events[0].facts().words.as_deref(), Some("Empfänger weg"));
    assert_eq!(events[0].facts().occurred_at, Some(UnixMillis(1_764_000_009_000)), "the entry's time is used");
}

#[test]
fn ids_keep_every_digit_and_0_is_no_id() {
    let body = r#"{"entry":[{"id":0,"changes":[{"field":"marketing_message_reads","value":{
        "messenger_subscription_token":123456789012345678901234567890,"message_id":120263605329927637,"mid":null,
        "recipient_id":0,"page_id":104857600123457,"marketing_message_tracking_id":"","timestamp":"1764000000123"}}]}]}"#;
    let events = read(body.as_bytes()).unwrap().events;
    let facts = events[0].facts();
    assert_eq!(facts.token.as_deref(), Some("123456789012345678901234567890"));
    assert_eq!(facts.campaign.as_deref(), Some("120263605329927637"));
    assert_eq!((facts.mid.as_deref(), facts.tracking_id.as_deref()), (None, None));
    assert_eq!(facts.page.as_deref(), Some("104857600123457"));
    assert_eq!(facts.occurred_at, Some(UnixMillis(1_764_000_000_123)));
}

#[test]
fn times_have_any_unit() {
    let table = [
        ("1764000000", Some(1_764_000_000_000)),
        ("17640000001", Some(1_764_000_000_100)),
        ("1764000000123", Some(1_764_000_000_123)),
        ("1764000000123456", Some(1_764_000_000_123)),
        ("1764000000123456789", Some(1_764_000_000_123)),
        ("1764000000.5", Some(1_764_000_000_000)),
        ("0", None),
        ("-1764000000", None),
        ("12", None),
        ("9999999999999", None),
        ("99999999999999999999", None),
        ("null", None),
        ("true", None),
        ("[]", None),
    ];
    for (text, millis) in table {
        let body = format!(r#"{{"field":"marketing_message_reads","timestamp":{text}}}"#);
        let events = read(body.as_bytes()).unwrap().events;
        assert_eq!(events[0].facts().occurred_at, millis.map(UnixMillis), "{text}");
    }
}

#[test]
fn opt_ins_name_token_person_and_choice() {
    let optin = |status: &Value| {
        json!({ "object": "page", "entry": [{ "id": "104", "time": 1, "messaging": [{
            "sender": { "id": 772 }, "recipient": { "id": "104" }, "timestamp": 1_764_000_000_123_i64,
            "optin": { "type": "notification_messages", "notification_messages_token": "tok",
                "notification_messages_timezone": "Asia/Bangkok", "notification_messages_status": status,
                "token_expiry_timestamp": 1_795_000_000 } }] }] })
    };
    for (status, stop) in [
        (json!("STOP NOTIFICATIONS"), Some(true)),
        (json!("stop"), Some(true)),
        (json!("STOP_NOTIFICATIONS"), Some(true)),
        (json!("RESUME_NOTIFICATIONS"), Some(false)),
        (json!("RESUME NOTIFICATIONS"), Some(false)),
        (json!(null), None),
    ] {
        let events = events(&optin(&status));
        let facts = events[0].facts();
        assert_eq!(
            (events[0].kind(), facts.token.as_deref(), facts.page.as_deref()),
            (Kind::OptIn, Some("tok"), Some("104"))
        );
        let wanted = OptIn {
            stop,
            status: status.as_str().map(str::to_lowercase),
            time_zone: Some("Asia/Bangkok".to_owned()),
            expires_at: Some(UnixMillis(1_795_000_000_000)),
        };
        assert_eq!((facts.opt_in.as_ref(), facts.psid.as_deref()), (Some(&wanted), Some("772")));
    }
}

#[test]
fn invalid_parts_do_not_affect_the_others() {
    let body = json!({ "object": "page", "entry": [
        7,
        { "id": "1", "changes": "none" },
        { "id": "1", "changes": [{ "field": "marketing_message_reads" }, [], { "field": "marketing_message_reads", "value": 3 }] },
        { "id": "1", "messaging": [{ "message": { "text": "hello" }, "sender": { "id": "1" } }, { "field": "message_echoes" }] },
        { "id": "1", "changes": [{ "field": "marketing_message_echoes", "value": echo(), "new": [1] }] },
    ]});
    let notice = read(body.to_string().as_bytes()).unwrap();
    assert_eq!((notice.unreadable, notice.empty, notice.ignored), (5, 1, 2));
    // One was parsed; the others are stored unchanged.
    let kept: Vec<&str> = notice.events.iter().map(|event| event.facts().raw.as_str()).collect();
    let told = echo().to_string();
    let change = r#"{"field":"marketing_message_reads"}"#;
    assert_eq!(kept, ["7", r#"{"id":"1","changes":"none"}"#, change, "[]", "3", told.as_str()]);
    // A flat change.
    let body = json!({ "entry": [{ "changes": [echo()] }] });
    assert_eq!(events(&body).len(), 1);
}

#[test]
fn a_duplicate_key_loses_nothing() {
    let value = r#"{"field":"marketing_message_reads","new":1,"new":2,"message_id":"6","message_id":"7","messenger_subscription_token":"t"}"#;
    let body = format!(
        r#"{{"object":"page","object":"page","entry":[{{"id":"1","id":"2","changes":[{{"value":{value}}}]}}]}}"#
    );
    let notice = read(body.as_bytes()).unwrap();
    let facts = notice.events[0].facts();
    assert_eq!((notice.unreadable, facts.campaign.as_deref(), facts.page.as_deref()), (0, Some("7"), Some("2")));
}

#[test]
fn an_event_of_no_kind_is_kept() {
    let value = json!({ "messenger_subscription_token": "a", "message_id": "1" });
    let notice = read(change(None, &value).to_string().as_bytes()).unwrap();
    assert_eq!((notice.events[0].kind(), notice.unreadable), (Kind::Other, 1));
}

#[test]
fn a_repeated_notice_has_the_same_key_whenever_it_is_sent() {
    let mut value = echo();
    value.as_object_mut().unwrap().remove("timestamp");
    let mut later = change(None, &value);
    let first = events(&later).remove(0);
    later["entry"][0]["time"] = json!(1_764_000_999);
    let second = events(&later).remove(0);
    assert_ne!(first.facts().occurred_at, second.facts().occurred_at);
    assert!(first.is_same(&second));
}

#[test]
fn only_json_objects_are_read() {
    for wrong in ["", "x", "[]", "3", "{", "{}x", "\u{feff}", "\u{feff}\u{feff}{}", "\u{0}", "{\"entry\":[}"] {
        let error = read(wrong.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("not a JSON object"), "{error}");
    }
    let nothing = read(b"{}").unwrap();
    assert_eq!((nothing.events.len(), nothing.unreadable), (1, 1));
    let deep = format!("{{\"entry\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let _ = read(deep.as_bytes());
}

#[test]
fn stray_bytes_in_a_field_cost_that_field_alone() {
    let good = r#"{"field":"marketing_message_reads","value":{"messenger_subscription_token":"a","message_id":"1"}}"#;
    let body = |stray: &[u8]| {
        let head = r#"{"object":"page","entry":[{"id":"104","changes":["#.as_bytes();
        let strange = [
            br#"{"field":"marketing_message_reads","value":{"new":""#,
            stray,
            br#"","messenger_subscription_token":"b"#,
            stray,
            br#"","page_id":"7","message_id":"2"}},"#,
        ]
        .concat();
        [head, &strange, good.as_bytes(), b"]}]}"].concat()
    };
    for stray in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\x00", b"\x1b[0m", b"\n", b"\\u0000", b"\\ud800"] {
        for mark in [&b""[..], BOM] {
            let notice = read(&[mark, &body(stray)].concat()).unwrap();
            assert_eq!((notice.events.len(), notice.unreadable), (2, 0), "{stray:?}");
            let [strange, good] = [notice.events[0].facts(), notice.events[1].facts()];
            assert_eq!((strange.token.as_deref(), strange.page.as_deref()), (None, Some("7")), "{stray:?}");
            assert!(!strange.raw.contains('\0'), "a database may refuse it");
            assert_eq!((good.token.as_deref(), good.page.as_deref()), (Some("a"), Some("104")), "{stray:?}");
        }
    }
}

#[test]
fn a_person_may_be_named_by_page_and_psid_alone() {
    let entry = |part: &Value| {
        let messaging =
            [json!({ "sender": { "id": "772" }, "recipient": { "id": "104" }, "timestamp": 1_764_000_000 })];
        let mut body = json!({ "object": "page", "entry": [{ "id": "104", "messaging": messaging }] });
        body["entry"][0]["messaging"][0].as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        body
    };
    for (part, stop) in [
        (json!({ "optin": { "notification_messages_status": "RESUME_NOTIFICATIONS" } }), Some(false)),
        (json!({ "optin": { "notification_messages_status": "STOP NOTIFICATIONS" } }), Some(true)),
        (json!({ "optin": { "ref": "a button of the page" } }), None),
        (json!({ "optout": { "payload": "x" } }), Some(true)),
        (json!({ "optout": { "notification_messages_status": "resume" } }), Some(false)),
        (json!({ "field": "messaging_optouts" }), Some(true)),
    ] {
        let events = events(&entry(&part));
        let facts = events[0].facts();
        assert_eq!((events.len(), events[0].kind(), facts.token.as_deref()), (1, Kind::OptIn, None), "{part}");
        assert_eq!((facts.page.as_deref(), facts.psid.as_deref()), (Some("104"), Some("772")), "{part}");
        assert_eq!(facts.opt_in.as_ref().and_then(|opt_in| opt_in.stop), stop, "{part}");
    }
}

#[test]
fn what_meta_does_about_a_page_is_told_in_its_words() {
    let said = json!({ "action": "block", "reason": "Spam\nreported" });
    let messaging = |name: &str| {
        let told = json!({ "recipient": { "id": "104" }, "timestamp": 1_764_000_000, name: said });
        json!({ "object": "page", "entry": [{ "messaging": [told] }] })
    };
    for body in [
        messaging("policy_enforcement"),
        messaging("policy-enforcement"),
        messaging("integrity"),
        change(Some("messaging_policy_enforcement"), &said),
        change(Some("messaging_integrity"), &json!({ "integrity": said })),
    ] {
        let events = events(&body);
        let facts = events[0].facts();
        assert_eq!((events[0].kind(), facts.page.as_deref()), (Kind::Policy, Some("104")), "{body}");
        assert_eq!(facts.words.as_deref(), Some("block: Spam reported"), "{body}");
        let kept = enforcement(&facts.raw);
        assert_eq!((kept.action.as_deref(), kept.reason.as_deref()), (Some("block"), Some("Spam reported")), "{body}");
    }
    for (name, end) in [("expiration", json!(1_764_000_000)), ("end_time", json!("2026-12-01T00:00:00+0000"))] {
        let kept = enforcement(&json!({ "policy_enforcement": { "action": "block", name: end } }).to_string());
        assert_eq!(kept.until.as_deref(), Some(end.as_str().unwrap_or("1764000000")), "{name}");
    }
    assert_eq!(enforcement("deleted"), Enforcement::default());
    let unlike = events(&change(Some("messaging_integrity"), &json!({ "level": 3 }))).remove(0);
    assert_eq!((unlike.kind(), unlike.facts().words.as_deref()), (Kind::Policy, None));
}

#[test]
fn an_entry_of_an_ad_account_is_of_no_page() {
    let upload = |value: &Value| {
        let field = "marketing_messages_subscriber_upload_status";
        let changes = json!([{ "field": "in_process_ad_objects", "value": {} }, { "field": field, "value": value }]);
        json!({ "object": "ad_account", "entry": [{ "id": "123", "time": 1_764_000_009, "changes": changes }] })
    };
    for (value, page) in [(json!({ "num_rows": 5 }), None), (json!({ "page_id": "104" }), Some("104"))] {
        let notice = read(upload(&value).to_string().as_bytes()).unwrap();
        assert_eq!((notice.ignored, notice.unreadable, notice.events.len()), (1, 0, 1));
        assert_eq!((notice.events[0].kind(), notice.events[0].facts().page.as_deref()), (Kind::Upload, page));
    }
}

proptest! {
    #[test]
    fn no_body_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_value_breaks_it(token in "\\PC{0,20}", number in any::<i64>(), which in 0_usize..8) {
        let strange = [json!(token), json!(number), json!(null), json!([]), json!({}), json!(true), json!(1.5e300), json!("\u{0}")];
        let mut value = echo();
        for name in ["page_id", "timestamp", "messenger_subscription_token", "message_id", "mid", "optin", "sender"] {
            value[name] = strange[which].clone();
        }
        let read = events(&change(Some("marketing_message_reads"), &value));
        prop_assert_eq!(read.len(), 1);
    }
}
