use super::*;
use crate::message::examples::Example;
use crate::message::model::Draft;

/// As much of JSON Schema as [`document`] uses; an unknown keyword is a failure.
fn is_valid(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let Value::Object(keywords) = schema else { return Ok(()) };
    for (keyword, argument) in keywords {
        let list = || argument.as_array().unwrap();
        let ok = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" | "then" => true,
            "type" => {
                let names = argument.as_array().map_or_else(|| vec![argument.clone()], Clone::clone);
                names.iter().any(|name| match name.as_str().unwrap() {
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    other => panic!("type {other}"),
                })
            }
            "enum" => list().contains(value),
            "const" => argument == value,
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= 1),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= argument.as_u64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| !items.is_empty()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= argument.as_u64().unwrap()),
            "minProperties" => value.as_object().is_none_or(|fields| !fields.is_empty()),
            "pattern" => value
                .as_str()
                .is_none_or(|text| regex_lite::Regex::new(argument.as_str().unwrap()).unwrap().is_match(text)),
            "required" => value
                .as_object()
                .is_none_or(|fields| list().iter().all(|name| fields.contains_key(name.as_str().unwrap()))),
            "anyOf" => list().iter().any(|schema| is_valid(document, schema, value).is_ok()),
            "not" => is_valid(document, argument, value).is_err(),
            "if" => {
                if is_valid(document, argument, value).is_ok() {
                    is_valid(document, &schema["then"], value)?;
                }
                true
            }
            "allOf" => {
                list().iter().try_for_each(|schema| is_valid(document, schema, value))?;
                true
            }
            "$ref" => {
                let target = document.pointer(argument.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                is_valid(document, target, value)?;
                true
            }
            "properties" => {
                for (name, schema) in argument.as_object().unwrap() {
                    if let Some(field) = value.get(name) {
                        is_valid(document, schema, field)?;
                    }
                }
                true
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| is_valid(document, argument, item))?;
                true
            }
            other => panic!("keyword {other}"),
        };
        if !ok {
            return Err(format!("{keyword} {argument}: {value}"));
        }
    }
    Ok(())
}

fn errors(message: &Value) -> Result<(), String> {
    let document = document();
    is_valid(&document, &document, message)
}

#[test]
fn every_example_meets_the_schema() {
    for example in Example::ALL {
        let message = Draft::from_toml(example.toml().as_bytes()).unwrap().to_message().unwrap();
        assert_eq!(errors(message.value()), Ok(()), "{example:?}");
    }
}

#[test]
fn what_breaks_a_rule_of_one_field_breaks_the_schema() {
    let card = |card: Value| json!({"attachment": {"type": "template", "payload": {"template_type": "generic", "elements": [card]}}});
    for bad in [
        json!({}),
        json!({"text": "a".repeat(641)}),
        json!({"text": "a", "attachment": {}}),
        json!({"text": "a", "quick_replies": [{"content_type": "text", "title": "a".repeat(21), "payload": "p"}]}),
        json!({"text": "a", "quick_replies": [{"content_type": "text", "title": "a"}]}),
        json!({"attachment": {"type": "image", "payload": {"template_type": "generic", "elements": []}}}),
        json!({"attachment": {"type": "template", "payload": {"template_type": "generics"}}}),
        card(json!({})),
        card(json!({"title": 5})),
        card(json!({"title": "a", "image_url": "b"})),
        card(json!({"title": "a", "image_url": "https://a/", "image_urls": []})),
        card(json!({"title": "a", "buttons": [{"type": "web_url", "title": "b"}]})),
        card(json!({"title": "a", "buttons": [{"type": "app", "title": "b"}]})),
        card(json!({"title": "a", "buttons": vec![json!({"type": "postback", "title": "b", "payload": "c"}); 4]})),
        card(json!({"title": "a", "media_type": "video"})),
        json!({"attachment": {"type": "template", "payload": {"template_type": "coupon", "title": "a", "coupon_url": "https://a/"}}}),
    ] {
        assert!(errors(&bad).is_err(), "{bad}");
    }
    // A field that we don't know passes, here as in the table.
    assert_eq!(errors(&card(json!({"title": "a", "subtitle": "${b}", "image_url": "${c}", "news": 1}))), Ok(()));
}

#[test]
fn a_template_has_its_own_fields_only() {
    let document = document();
    assert!(document.pointer("/$defs/button/properties/elements").is_none());
    assert!(document.pointer("/$defs/generic/properties/buttons").is_none());
    assert!(document.pointer("/$defs/generic/properties/elements/items/properties/buttons/items").is_some());
}
