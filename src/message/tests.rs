mod corpus;

use super::*;

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_fingerprint_ignores_space_and_order_and_nothing_else() {
    let one = message(r#"{"text":"a","x":{"b":1,"a":[1,2]}}"#);
    let same = message("{\n \"x\": {\"a\": [1, 2], \"b\": 1},\t\"text\": \"\\u0061\"}");
    assert_eq!(one.fingerprint(), same.fingerprint());
    for other in [
        r#"{"text":"a ","x":{"b":1,"a":[1,2]}}"#,
        r#"{"text":"a","x":{"b":1,"a":[2,1]}}"#,
        r#"{"text":"a","x":{"b":"1","a":[1,2]}}"#,
    ] {
        assert_ne!(one.fingerprint(), message(other).fingerprint(), "{other}");
    }
    assert_eq!(message(r#"{"text":"a"}"#).fingerprint().to_string().len(), 64);
    assert_eq!(one.to_json(), r#"{"text":"a","x":{"b":1,"a":[1,2]}}"#);
}

#[test]
fn columns_are_named_once_and_literals_are_none() {
    let message = message(r#"{"text":"${b} ${a:-x} $${c}","attachment":{"deep":["${b}","$$${d}"]}}"#);
    assert_eq!(message.columns().into_iter().collect::<Vec<_>>(), ["a", "b", "d"]);
}
