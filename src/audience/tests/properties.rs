//! What holds for any bytes.

use proptest::prelude::*;

use super::*;

/// Text made of what readers stumble over.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            &b"token"[..], b",", b";", b"\t", b"|", b"\"", b"\"\"", b"\n", b"\r\n", b"\r", b" ", b"{", b"}", b"[", b"]", b":",
            b"{\"data\":[", b"{\"token\":\"1\"}", b"\"token\":", b"],\"paging\":{}}", b"\\", b"1.23E+16", b"12,348,141", b"\xff",
            b"\xef\xbb\xbf", b"\xff\xfe", b"111", b"null", b"\n111\n", b"\ntoken,a\n1,2\n", b"\0", b"sep=;\n", b"\xc3\xa4",
            b"\n-----\n", b"\n+-----+\n", b"| token |\n", b"\n(1 row)\n", b"[\"111\",\"a\"]\n", b"\"next\":\"x\"", b"<", b"\"111,a\"\n", b"=\"",
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn any_options() -> impl Strategy<Value = (ReadOptions, Columns)> {
    let column = prop::option::of(prop::sample::select(vec!["token", "a", "2", "data.token", "1"]));
    let delimiter = prop::option::of(prop::sample::select(vec![b',', b';', b'x']));
    let wanted = prop::sample::select(vec![
        Columns::All,
        Columns::None,
        Columns::Named(BTreeSet::from(["a".to_owned(), "data.x".to_owned()])),
    ]);
    (column, delimiter, wanted, any::<[bool; 3]>()).prop_map(
        |(column, delimiter, wanted, [no_header, allow_bad_rows, allow_odd_tokens])| {
            let token_column = column.map(str::to_owned);
            (ReadOptions { token_column, delimiter, no_header, allow_bad_rows, allow_odd_tokens }, wanted)
        },
    )
}

/// What must hold for a list however damaged its bytes are.
fn check_list(list: &List) -> Result<(), TestCaseError> {
    let mut lines: Vec<u64> = list.rows.iter().map(|row| row.0).chain(list.bad.iter().map(|bad| bad.line)).collect();
    lines.sort_unstable();
    prop_assert!(lines.first().is_none_or(|line| *line >= 1));
    prop_assert!(list.rows.is_sorted_by_key(|row| row.0) && list.bad.is_sorted_by_key(|bad| bad.line));
    for (_, token, values) in &list.rows {
        prop_assert_eq!(token_fault(token.as_bytes()), None);
        if !values.is_empty() {
            let parsed: std::collections::BTreeMap<String, String> = serde_json::from_str(values).unwrap();
            prop_assert!(!parsed.is_empty());
        }
    }
    Ok(())
}

/// A token without the apostrophe that our own CSV puts before what a spreadsheet would run.
fn is_plain(token: &str) -> bool {
    token_fault(token.as_bytes()).is_none() && !token.starts_with('\'')
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_however_they_arrive(bytes in pieces(), (options, wanted) in any_options(), step in 1_usize..=7) {
        let whole = outcome(&bytes, usize::MAX, &options, &wanted);
        if let Ok(list) = &whole {
            check_list(list)?;
        }
        prop_assert_eq!(outcome(&bytes, step, &options, &wanted), whole);
    }

    #[test]
    fn damaged_compression_never_panics(bytes in pieces(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)) {
        for mut packed in [gzip(&bytes), zstd(&bytes)] {
            for (index, byte) in &hits {
                let at = index.index(packed.len());
                packed[at] = *byte;
            }
            let _ = outcome(&packed, 7, &ReadOptions::default(), &Columns::All);
        }
    }

    #[test]
    fn csv_that_the_csv_crate_wrote_is_read_back(
        rows in prop::collection::vec(("[!-~]{1,40}", "[^\\x00]*", "[^\\x00]*"), 1..20),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        crlf: bool,
    ) {
        let rows: Vec<_> = rows.into_iter().filter(|(token, ..)| is_plain(token)).collect();
        prop_assume!(!rows.is_empty());
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).from_writer(Vec::new());
        writer.write_record(["first", "token", "last"]).unwrap();
        for (token, first, last) in &rows {
            writer.write_record([first, token, last]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let list = lenient(&bytes);
        prop_assert_eq!(list.tally.bad, 0, "{:?}", list.bad);
        prop_assert_eq!(list.rows.len(), rows.len());
        for ((_, token, values), (expected, first, last)) in list.rows.iter().zip(&rows) {
            prop_assert_eq!(token, expected);
            let parsed: serde_json::Value = serde_json::from_str(values).unwrap();
            prop_assert_eq!(&parsed, &serde_json::json!({ "first": first, "last": last }));
        }
    }

    #[test]
    fn json_that_serde_wrote_is_read_back(
        rows in prop::collection::vec(("[!-~]{1,40}", any::<String>()), 1..20),
        form in 0..4,
    ) {
        let rows: Vec<_> = rows.into_iter().filter(|(token, _)| is_plain(token)).collect();
        prop_assume!(!rows.is_empty());
        let objects: Vec<_> = rows.iter().map(|(token, name)| serde_json::json!({ "name": name, "token": token })).collect();
        let text = match form {
            0 => objects.iter().map(|object| format!("{object}\n")).collect::<String>(),
            1 => serde_json::to_string(&objects).unwrap(),
            2 => objects.iter().map(|object| format!("{object:#}\n")).collect(),
            _ => serde_json::json!({ "data": objects, "paging": { "previous": "]}\"" } }).to_string(),
        };
        let options = ReadOptions { allow_odd_tokens: true, ..ReadOptions::default() };
        let list = drip(&[text.as_bytes()], 7, &options, Columns::All).unwrap();
        prop_assert_eq!(list.tally.bad, 0, "{:?}", list.bad);
        prop_assert_eq!(list.rows.len(), rows.len());
        for ((_, token, values), (expected, name)) in list.rows.iter().zip(&rows) {
            prop_assert_eq!(token, expected);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(values).unwrap(), serde_json::json!({ "name": name }));
        }
    }
}
