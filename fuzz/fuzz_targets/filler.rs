//! Fills any template with any values: no panic, always JSON, and no value adds or removes a key.
//!
//! The first line is the message; the rest is the value of every column. `cargo +nightly fuzz run filler -- -max_total_time=60`

#![no_main]

use libfuzzer_sys::fuzz_target;
use mmsg::fuzzing::{Message, Template};
use serde_json::Value;

fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, field)| {
            found.push(key.clone());
            keys(field, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => found.push("·".to_owned()),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (message, value) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(message) = Message::parse(message.as_bytes()) else { return };
    let Ok(template) = Template::compile(&message) else { return };
    let values: serde_json::Map<String, Value> =
        template.columns().iter().map(|column| (column.clone(), Value::from(value))).collect();
    let mut filled = String::new();
    if template.fill(Some(&Value::Object(values).to_string()), &mut filled).is_ok() {
        let filled: Value = serde_json::from_str(&filled).expect("a filled message is JSON");
        let (mut before, mut after) = (Vec::new(), Vec::new());
        keys(message.value(), &mut before);
        keys(&filled, &mut after);
        assert_eq!(before, after);
    } else {
        assert!(filled.is_empty(), "a failed fill leaves nothing behind");
    }
});
