//! Lists that are refused whole, and damage that costs its row and no other.

use super::*;

#[test]
fn lists_that_are_none_are_refused() {
    let nul_late = [b"1\n".repeat(40_000).as_slice(), b"\0\n"].concat();
    assert_eq!(all(nul_late).tally.bad, 1, "a NUL after the first 64 KiB is one bad row");
    for (text, reason) in [
        (b"".as_slice(), "zero bytes"),
        (b"\xef\xbb\xbf", "zero bytes"),
        (b"\xff\xfe", "zero bytes"),
        (b"\n\r\n  \n", "no header and no rows"),
        (b"\n\n", "no header and no rows"),
        (b"token\n\0\n", "NUL"),
        (b"t\0o\0k\0e\0n\0", "NUL"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ".xls"),
        (b"BZh91AY&SY", "bzip2"),
        (b"token\na b\n\xff\n", "none of the 2 rows"),
        (b"token\na b\n", "the only row"),
        (b"{\"token\":null}\n", "the only row"),
    ] {
        let (exit, message) = refused(text);
        assert_eq!(exit, Exit::Refused, "{message}");
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn a_header_without_rows_is_fine() {
    for text in ["token\n", "TOKEN", "token,name\r\n\r\n", "\u{feff}token", "sep=;\nname;token\n"] {
        let list = all(text);
        assert!(list.tally.empty_header_only, "{text:?}");
        assert_eq!(list.tally.rows, 0);
    }
    assert!(with("psid,name\n", "psid").unwrap().tally.empty_header_only);
    assert!(!all("token\n1\n").tally.empty_header_only);
}

#[test]
fn a_list_that_a_spreadsheet_rounded_is_refused() {
    let rows: String = (10..20).map(|n| format!("12348141984{n}0900\n")).collect();
    assert_eq!(all(format!("{rows}12348141984909088\n")).tally.good, 11);
    let (exit, message) = refused(&rows);
    assert_eq!(exit, Exit::Refused);
    assert!(message.contains("all 10 numbers") && message.contains("as text"), "{message}");
}

#[test]
fn each_damage_costs_its_row_and_no_other() {
    let long_token = "x".repeat(513);
    let rows: Vec<(Vec<u8>, Option<&str>)> = vec![
        (b"12348141984909001,ok".to_vec(), None),
        (b"1.23E+16,scientific".to_vec(), Some("into 1.23E+16 and")),
        (b"\"1,23E+16\",decimal comma".to_vec(), Some("into 1,23E+16 and")),
        (b"\"12,348,141\",thousands".to_vec(), Some("separators into the token: 12,348,141;")),
        (b"12 348 141,thousands".to_vec(), Some("separators into the token: 12 348 141;")),
        (b"12348141984909002,\"two\nlines\"".to_vec(), None),
        (b",no token".to_vec(), Some("the cell is empty")),
        (b"12348141984909088".to_vec(), Some("1 cell, but the header has 2")),
        (b"12348141984909088,a,b".to_vec(), Some("3 cells, but the header has 2")),
        (b"12348\x0014198,control".to_vec(), Some("control character (U+0000)")),
        ("1234814é,accent".as_bytes().to_vec(), Some("outside ASCII (U+00E9)")),
        (b"1234\xff8141,bytes".to_vec(), Some("not valid UTF-8 at byte 5")),
        (b"12348141984909088,M\xfcnchen".to_vec(), Some("not valid UTF-8 at byte 2 of the cell")),
        (long_token.into_bytes().into_iter().chain(*b",long").collect(), Some("at most 512")),
        (b"12348141984909003,\"ok\"".to_vec(), None),
        (b"\"12348141984909088\"x,text after".to_vec(), Some("a lone quote: text follows")),
        (b"12348\"141984909088,inside".to_vec(), Some("a token has no quotes")),
        (b"\"12348141984909088\nx\",in the token".to_vec(), Some("white space (U+000A) (one row from line")),
        (
            b"12348141984909088,\"a\n12348141984909089,b\",c".to_vec(),
            Some("3 cells, but the header has 2 (one row from line"),
        ),
        (b"12348141984909088,\"a\n12348141984909089,\"b\"".to_vec(), Some("a lone quote: text follows")),
        (
            b"Anna,outlier".to_vec(),
            Some("not like the other tokens: 4 letters without a digit, the others have 17 digits"),
        ),
        (b"71001,outlier".to_vec(), Some("not like the other tokens: 5 digits")),
        (b"1234814198490908812348141984909088,outlier".to_vec(), Some("not like the other tokens: 34 digits")),
        (b"2026-11-27,outlier".to_vec(), Some("not like the other tokens: 10 digits and punctuation")),
        (b"anna@example.com,outlier".to_vec(), Some("not like the other tokens: 16 characters with @ among")),
        (b"12348141984909088:Anna,outlier".to_vec(), Some("with : among")),
        (b"12348141984909088_Anna,outlier".to_vec(), Some("a number and a word joined by _")),
        (b"12348141984909007,".to_vec(), None),
        (b"12348141984909006,x,,".to_vec(), None),
        (b"token,note".to_vec(), Some("header among the rows")),
        (b"\xef\xbb\xbftoken,note".to_vec(), Some("outside ASCII (U+FEFF)")),
        (b"NULL,nothing".to_vec(), Some("word for nothing")),
        ([b"12348141984909088,".as_slice(), &b"y".repeat(MAX_ROW)].concat(), Some("longer than 1 MiB")),
        (b"12348141984909004,ok".to_vec(), None),
        // Never closed: to the end of the list.
        (b"\"12348141984909088,open".to_vec(), Some("a quote is opened and never closed")),
        (b"12348141984909005,ok".to_vec(), None),
    ];
    // The NUL must stand past the first 64 KiB, or the list is not text.
    let filler = 9_000;
    let mut text = b"token,note\n".to_vec();
    (0..filler).for_each(|n| text.extend_from_slice(format!("987654321098{n:05},\n").as_bytes()));
    let mut line = 2 + filler;
    let mut expected = Vec::new();
    let mut good = Vec::new();
    for (row, reason) in &rows {
        text.extend_from_slice(row);
        text.push(b'\n');
        match reason {
            Some(reason) => expected.push((line, *reason)),
            None => good.push(line),
        }
        line += 1 + row.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    assert!(text.len() > 64 * 1024 + MAX_ROW);
    let list = all(&text);
    assert_eq!(list.lines()[filler as usize..], good);
    assert_eq!(list.bad.len(), expected.len(), "{:#?}", list.faults());
    for ((line, reason), (at, part)) in list.faults().into_iter().zip(expected) {
        assert_eq!(line, at, "{reason}");
        assert!(reason.contains(part), "{part}: {reason}");
    }
    let shown = format!("{:?}", list.bad);
    assert!(!shown.contains("12348141984909088"), "{shown}");
    assert!(!shown.contains("München") && !shown.contains("scientific"), "{shown}");
}

#[test]
fn a_line_inside_a_quoted_cell_is_never_a_row() {
    for (text, tokens, bad) in [
        // Closed by the next lone quote: a token with line ends in it.
        ("1\n\"2\n3\n4\"\n5\n6\n", vec!["1", "5", "6"], vec![2]),
        // Closed by a sound quote further on: text follows it, to the end of that row.
        ("token,n\n1,\"Anna\n2,Bob\n3,\"Carl\"\n4,Dora\n", vec!["4"], vec![2]),
        // Closed with too many cells.
        ("token,n\n1,\"Anna\n2,Bob\n3,Carl\",x\n4,D\n", vec!["4"], vec![2]),
        // Too few.
        ("token,n,m\n1,\"Anna\n2,Bob,x\n3,Carl\"\n4,D,x\n", vec!["4"], vec![2]),
    ] {
        let list = all(text);
        assert_eq!(list.tokens(), tokens, "{text:?}: {:?}", list.faults());
        assert_eq!(list.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), bad, "{text:?}");
        assert!(list.bad[0].reason.contains("one row from line 2 to 4"), "{:?}", list.bad);
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_its_line() {
    for (text, tokens, bad) in [
        ("token,n\n1,\"Anna\n2,Bob\n", vec!["2"], vec![2]),
        ("1\n\"\n2", vec!["1", "2"], vec![2]),
        ("1\n\"", vec!["1"], vec![2]),
    ] {
        let list = all(text);
        assert_eq!(list.tokens(), tokens, "{text:?}: {:?}", list.faults());
        assert_eq!(list.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), bad, "{text:?}");
    }
    // Closed, but later than 1 MiB on.
    let text = format!("token,n\n0,\"x\n{}9,\"\n", "1,y\n".repeat(300_000));
    let list = all(&text);
    assert_eq!((list.tally.good, list.tally.bad), (300_000, 2));
    assert_eq!(list.lines()[0], 3);
}

#[test]
fn a_row_is_a_mebibyte_at_most() {
    for (extra, good) in [(0, 3), (1, 2)] {
        for end in ["\n", ""] {
            let note = "y".repeat(MAX_ROW - 2 + extra);
            let quoted = "z\n".repeat(MAX_ROW / 2 - 2);
            let text = format!("token,n\n1,{note}\n2,\"{quoted}\"\n3,x{end}");
            let list = all(&text);
            if extra == 0 {
                assert_eq!((list.tally.good, list.tally.bad), (good, 0));
            } else {
                assert_eq!(list.bad[0].reason, "the row is longer than 1 MiB");
                assert_eq!(list.tokens(), ["2", "3"], "{} bad", list.bad.len());
            }
            let json =
                format!("{{\"token\":\"1\",\"n\":\"{}\"}}\n{{\"token\":\"2\"}}{end}", "y".repeat(MAX_ROW - 20 + extra));
            let list = all(&json);
            assert_eq!((list.tokens().len(), list.bad.len()), if extra == 0 { (2, 0) } else { (1, 1) });
            let document = format!("[{}]", json.replace("}\n{", "},{"));
            if extra == 0 {
                assert_eq!(all(document).tokens(), ["1", "2"]);
            } else {
                assert!(refused(document).1.contains("longer than 1 MiB"), "a document is whole or refused");
            }
        }
    }
}

#[test]
fn ragged_rows_of_one_column() {
    let list = lenient("token\n111,Anna\n222;x\n12,348,141\n333\n\"4\",5\n");
    assert_eq!(list.tokens(), ["333"]);
    let reasons: Vec<&str> = list.bad.iter().map(|bad| bad.reason.as_str()).collect();
    assert_eq!(reasons[0], "more than one cell in a list of one column");
    assert_eq!(reasons[1], "more than one cell in a list of one column");
    assert!(reasons[2].contains("12,348,141"), "{reasons:?}");
    assert_eq!(reasons[3], "2 cells, but the header has 1");
    // A plain list whose first line is such a number still has one column.
    assert_eq!(lenient("12,348,141\n1,23E+16\n555\n").tally.bad, 2);
}

#[test]
fn half_a_utf16_character_spoils_its_row() {
    let mut bytes = utf16("token,n\n1,a\n2,X\n3,c\n", false);
    let at = bytes.windows(2).position(|pair| pair == [b'X', 0]).unwrap();
    bytes[at..at + 2].copy_from_slice(&[0x00, 0xd8]);
    let list = all(&bytes);
    assert_eq!(list.tokens(), ["1", "3"]);
    assert!(list.bad[0].reason.contains("UTF-8"), "{:?}", list.bad);
    bytes.truncate(bytes.len() - 1);
    assert_eq!(lenient(&bytes).tokens(), ["1"], "half of the last line end is left");
}

/// What fuzzing found, and where it begins: `fuzz/corpus/list`.
#[test]
fn the_fuzz_corpus_is_read_alike_in_any_pieces() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/list");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let read = |step| outcome(&bytes, step, &ReadOptions::default(), &Columns::All);
        assert_eq!(read(1), read(usize::MAX));
        files += 1;
    }
    assert!(files >= 9, "{files}");
}
