//! Reads any bytes as a message: no panic in parsing, checking, drawing or rendering, and a message stays the same when written
//! and parsed again.
//!
//! `cargo +nightly fuzz run validator -- -max_total_time=60`

#![no_main]

use libfuzzer_sys::fuzz_target;
use mmsg::fuzzing::{Message, draw, page};

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(bytes) else { return };
    let violations = message.validate();
    let again = Message::parse(message.to_json().as_bytes()).expect("what was read can be read again");
    assert_eq!(again.fingerprint(), message.fingerprint());
    assert_eq!(again.validate().len(), violations.len());
    for width in [20, 80, 200] {
        let _ = draw::draw(message.value(), width);
    }
    let _ = page::render(message.value(), None);
});
