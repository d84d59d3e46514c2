//! Reads any bytes as a token list: no panic, no row lost, every token valid.
//!
//! `cargo +nightly fuzz run list -- -max_total_time=60`

#![no_main]

use libfuzzer_sys::fuzz_target;
use mmsg::fuzzing::{Columns, Item, ReadOptions, read_from, token_fault};

fuzz_target!(|bytes: &[u8]| {
    let lenient = ReadOptions { allow_bad_rows: true, allow_odd_tokens: true, ..ReadOptions::default() };
    for (wanted, options) in [(Columns::All, lenient), (Columns::None, ReadOptions::default())] {
        let (mut good, mut bad) = (0, 0);
        let mut sink = |item: Item<'_>| {
            match item {
                Item::Row(row) => {
                    good += 1;
                    assert_eq!(token_fault(row.token.as_bytes()), None);
                }
                Item::Bad(_) => bad += 1,
            }
            Ok(())
        };
        let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
        let inputs = [("list".to_owned(), reader as Box<dyn std::io::Read>)];
        if let Ok(tally) = read_from(inputs, &options, wanted, &mut |_, _| (), &mut sink) {
            assert_eq!((tally.good, tally.bad, tally.rows), (good, bad, good + bad));
        }
    }
});
