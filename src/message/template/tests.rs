use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::message::Message;

fn template(value: &Value) -> Template {
    Template::compile(&Message::from_value(value.clone())).unwrap()
}

fn filled(value: &Value, values: &str) -> std::result::Result<Value, FillError> {
    let mut out = String::from("before");
    template(value).fill(Some(values), &mut out).inspect_err(|_| assert_eq!(out, "before"))?;
    Ok(serde_json::from_str(out.strip_prefix("before").unwrap()).unwrap())
}

fn card(title: &str, url: &str) -> Value {
    json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [
        {"title": title, "buttons": [{"type": "web_url", "title": "Go", "url": url}]}]}}})
}

#[test]
fn a_constant_message_is_the_same_bytes_for_everybody() {
    let value = json!({"text": "5 $${x} {{y} \"quoted\" \u{1}", "n": [1, 2.5, null, true]});
    let constant = template(&value);
    assert!(constant.is_constant());
    let json = constant.constant().unwrap();
    assert_eq!(json, r#"{"text":"5 ${x} {{y} \"quoted\" \u0001","n":[1,2.5,null,true]}"#);
    let mut out = String::new();
    constant.fill(None, &mut out).unwrap();
    assert_eq!(out, json);
    assert!(template(&json!({"text": "${a}"})).constant().is_none());
}

#[test]
fn values_are_filled_escaped_and_encoded_where_they_stand() {
    let value = card("Hi ${name:-you}, $$${price}", "https://shop.example/?q=${q}&r=${r:-a b}");
    let out = filled(&value, r#"{"name":"\"Ann\"","price":9.5,"q":"a/b&c=ü","x":{"y":[1]}}"#).unwrap();
    assert_eq!(out, card("Hi \"Ann\", $9.5", "https://shop.example/?q=a%2Fb%26c%3D%C3%BC&r=a%20b"));
    let out = filled(&card("a", "${link}"), r#"{"link":"https://shop.example/?a=b&c=d"}"#).unwrap();
    assert_eq!(out, card("a", "https://shop.example/?a=b&c=d"));
    // A value is text, never a placeholder or a key.
    let out = filled(&json!({"text": "${a}"}), r#"{"a":"${b}\",\"x\":\"y"}"#).unwrap();
    assert_eq!(out, json!({"text": "${b}\",\"x\":\"y"}));
}

#[test]
fn columns_match_in_any_case_and_blank_values_are_missing() {
    let value = json!({"text": "Hi ${first_name:-friend}"});
    for (values, name) in [
        (r#"{"first_name":"Anna"}"#, "Anna"),
        (r#"{"First_Name ":"Anna"}"#, "Anna"),
        (r#"{"FIRST_NAME":"other","first_name":"Anna"}"#, "Anna"),
        (r#"{"first_name":"Anna","FIRST_NAME":"other"}"#, "Anna"),
        (r#"{"first_name":"  Anna \u00a0"}"#, "Anna"),
        (r#"{"first_name":"Null"}"#, "Null"),
        (r#"{"first_name":"   "}"#, "friend"),
        (r#"{"first_name":"\u200b"}"#, "friend"),
        (r#"{"first_name":"NULL"}"#, "friend"),
        (r#"{"first_name":" \\N "}"#, "friend"),
        (r##"{"first_name":"#N/A"}"##, "friend"),
        (r#"{"first name":"Anna"}"#, "friend"),
    ] {
        assert_eq!(filled(&value, values).unwrap(), json!({"text": format!("Hi {name}")}), "{values}");
    }
    let value = json!({"text": "${Name} ${name}"});
    assert_eq!(filled(&value, r#"{"NAME":"A"}"#).unwrap(), json!({"text": "A A"}));
    assert_eq!(filled(&value, r#"{"name":"a","Name":"A"}"#).unwrap(), json!({"text": "A a"}));
}

#[test]
fn required_columns_and_words_for_missing_values_are_told() {
    let message = template(&json!({"text": "${a} ${b:-x} ${c:-y} ${c}"}));
    assert_eq!(message.required().collect::<Vec<_>>(), ["a", "c"]);
    for (values, has) in [
        (r#"{"a":"NULL"}"#, true),
        (r#"{"A":" \\N"}"#, true),
        (r##"{"b":"#N/A"}"##, true),
        (r#"{"d":"NULL"}"#, false),
        (r#"{"a":"NULLARBOR"}"#, false),
        (r#"{"a":"Anna"}"#, false),
    ] {
        assert_eq!(message.has_null_word(Some(values)), has, "{values}");
    }
    assert!(!message.has_null_word(None));
}

#[test]
fn a_value_with_a_control_character_is_not_sent() {
    let error = filled(&json!({"text": "Hi ${a}"}), r#"{"a":"x\u0000y"}"#).unwrap_err();
    assert!(matches!(error, FillError::Limit { rule: "text.visible", .. }), "{error}");
}

#[test]
fn a_row_that_does_not_fit_is_named_without_its_values() {
    let name = |error: FillError| error.to_string();
    let value = card("${t}", "https://shop.example/");
    let long = format!(r#"{{"t":"{}"}}"#, "secret ".repeat(20));
    let path = "$.attachment.payload.elements[0].title";
    assert_eq!(name(filled(&value, "{}").unwrap_err()), "no value for ${t}");
    assert_eq!(name(filled(&value, r#"{"t":""}"#).unwrap_err()), "no value for ${t}");
    assert_eq!(name(filled(&value, r#"{"t":null}"#).unwrap_err()), "no value for ${t}");
    assert_eq!(
        name(filled(&value, &long).unwrap_err()),
        format!("{path}: 139 characters, at most 80 (generic.title.length)")
    );
    for bad in ["", "[]", "{\"t\":", "{\"t\":[1]}", "{} x"] {
        assert_eq!(filled(&value, bad).unwrap_err(), FillError::Unreadable, "{bad}");
    }
    let url = filled(&card("a", "${u}"), r#"{"u":"secret.example"}"#).unwrap_err();
    assert!(matches!(&url, FillError::Limit { rule: "button.url", .. }), "{url}");
    let r#macro = filled(&value, r#"{"t":"{{secret}}"}"#).unwrap_err();
    assert!(matches!(&r#macro, FillError::Limit { rule: "macros", .. }), "{}", r#macro);
    for error in [url, r#macro] {
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn an_empty_default_and_a_value_that_decides_are_checked_with_the_whole_message() {
    let reply = json!({"text": "a", "quick_replies": [{"content_type": "text", "title": "${t:-}", "payload": "p"}]});
    assert!(matches!(filled(&reply, "{}"), Err(FillError::Limit { rule: "quick_reply.face", .. })));
    assert!(filled(&reply, r#"{"t":"Yes"}"#).is_ok());
    let mut button = card("a", "https://shop.example/");
    button["attachment"]["payload"]["elements"][0]["buttons"][0]["type"] = json!("${kind}");
    assert!(filled(&button, r#"{"kind":"web_url"}"#).is_ok());
    assert!(matches!(
        filled(&button, r#"{"kind":"postback"}"#),
        Err(FillError::Limit { rule: "button.payload.required", .. })
    ));
}

#[test]
fn a_message_that_a_value_makes_too_large_is_a_skipped_row() {
    let value = json!({"text": "a", "extra": "${x}"});
    let error = filled(&value, &json!({"x": "y".repeat(parse::MAX_BYTES)}).to_string()).unwrap_err();
    assert!(matches!(error, FillError::Limit { rule: "message.size", .. }));
}

proptest! {
    #[test]
    fn filling_never_breaks_the_json_nor_adds_a_key(
        literal in "[a-z{}\"\\\\]{0,8}(\\$\\$\\{)?[a-z}]{0,3}", a in any::<String>(), b in any::<String>()
    ) {
        let text = format!("{literal}${{a}}-${{b:-d}}");
        let value = json!({"text": text, "more": {"url": "https://shop.example/${a}", "list": ["${b:-x}", 1]}});
        let Ok(template) = Template::compile(&Message::from_value(value.clone())) else { return Ok(()) };
        let mut out = String::new();
        match template.fill(Some(&json!({"a": a, "b": b}).to_string()), &mut out) {
            Ok(()) => {
                let filled: Value = serde_json::from_str(&out).unwrap();
                let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
                prop_assert_eq!(keys(&filled), keys(&value));
                prop_assert_eq!(keys(&filled["more"]), keys(&value["more"]));
                let url = filled["more"]["url"].as_str().unwrap();
                let rest = url.strip_prefix("https://shop.example/").unwrap();
                let decoded = percent_encoding::percent_decode_str(rest).decode_utf8().unwrap();
                prop_assert_eq!(decoded, trimmed(&a));
                prop_assert!(!rest.contains(['/', '?', '#', '&', ' ']));
                let list = filled["more"]["list"][0].as_str().unwrap();
                prop_assert_eq!(list, given(&b).unwrap_or("x"));
            }
            Err(FillError::Missing { column }) => prop_assert!(column == "a" && given(&a).is_none()),
            Err(FillError::Limit { .. }) => {}
            Err(FillError::Unreadable) => prop_assert!(false, "values are readable"),
        }
    }
}
