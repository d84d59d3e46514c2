//! The fuzzing corpus, run as tests; the fuzz targets in `fuzz/` check the same properties.

use crate::message::{Message, Template, draw, page};

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    assert!(!files.is_empty());
    files
}

#[test]
fn the_validators_corpus_reads_checks_and_draws() {
    let mut messages = 0;
    for (file, bytes) in corpus("validator") {
        let Ok(message) = Message::parse(&bytes) else { continue };
        messages += 1;
        let again = Message::parse(message.to_json().as_bytes()).unwrap();
        assert_eq!(again.fingerprint(), message.fingerprint(), "{file}");
        assert_eq!(again.validate().len(), message.validate().len(), "{file}");
        for width in [20, 80, 200] {
            draw::draw(message.value(), width);
        }
        page::render(message.value(), None).unwrap();
    }
    assert!(messages >= 3);
}

#[test]
fn the_fillers_corpus_stays_json_and_keeps_its_keys() {
    let mut filled_messages = 0;
    for (file, bytes) in corpus("filler") {
        let text = String::from_utf8(bytes).unwrap();
        let (message, value) = text.split_once('\n').unwrap();
        let message = Message::parse(message.as_bytes()).unwrap();
        let template = Template::compile(&message).unwrap();
        let values: serde_json::Map<String, serde_json::Value> =
            template.columns().iter().map(|column| (column.clone(), value.into())).collect();
        let mut filled = String::new();
        if template.fill(Some(&serde_json::Value::Object(values).to_string()), &mut filled).is_ok() {
            filled_messages += 1;
            let filled: serde_json::Value = serde_json::from_str(&filled).unwrap();
            assert_eq!(keys(&filled), keys(message.value()), "{file}");
        }
    }
    assert!(filled_messages >= 2);
}

fn keys(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().flat_map(|(key, field)| [vec![key.clone()], keys(field)].concat()).collect()
        }
        serde_json::Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => vec!["·".to_owned()],
    }
}
