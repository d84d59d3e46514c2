//! Compression, several inputs, and files.

use super::*;

#[test]
fn gzip_and_zstd_are_known_by_content() {
    let text = b"token,n\n111,a\n222,b\n";
    for packed in [
        gzip(text),
        [gzip(&text[..10]), gzip(&text[10..])].concat(),
        zstd(text),
        [zstd(&text[..10]), zstd(&text[10..])].concat(),
        // A frame to be skipped stands first, as parallel zstd writes it.
        [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], zstd(text).as_slice()].concat(),
        gzip(&utf16("token,n\n111,a\n222,b\n", true)),
    ] {
        for step in [1, 7, usize::MAX] {
            let list = drip(&[&packed], step, &ReadOptions::default(), Columns::None).unwrap();
            assert_eq!(list.tokens(), ["111", "222"]);
        }
    }
}

#[test]
fn damaged_compression_refuses_the_list() {
    let rows: String = (0..5000).map(|n| format!("1234814198490{n:04}\n")).collect();
    for (packed, kind) in [(gzip(rows.as_bytes()), "gzip"), (zstd(rows.as_bytes()), "zstd")] {
        let cut = &packed[..packed.len() / 2];
        let (exit, message) = refused(cut);
        assert_eq!(exit, Exit::Refused);
        assert!(message.contains(&format!("damaged {kind}")), "{message}");
    }
    assert_eq!(refused(gzip(b"")).0, Exit::Refused);
    assert!(refused(gzip(&gzip(b"111\n"))).1.contains("gzip inside"));
}

#[test]
fn a_zstd_checksum_is_compared() {
    let rows: String = (0..500).map(|n| format!("1234814198490{n:04}\n")).collect();
    let whole = zstd(rows.as_bytes());
    assert_eq!(all(&whole).tally.good, 500);
    let last = whole.len() - 1;
    for at in [last, last - 3] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        let (exit, message) = refused(&damaged);
        assert_eq!(exit, Exit::Refused);
        assert!(message.contains("checksum does not match"), "{message}");
        // The frame before it does not help.
        assert!(refused([whole.clone(), damaged].concat()).1.contains("checksum does not match"));
    }
    assert_eq!(all([whole.clone(), whole].concat()).tally.good, 1000);
}

/// A zstd frame of one raw block, with a window of 2^`log` bytes.
fn frame_with_window(log: u8, text: &[u8]) -> Vec<u8> {
    let header = u32::try_from(text.len()).unwrap() << 3 | 1;
    [&[0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3], &header.to_le_bytes()[..3], text].concat()
}

#[test]
fn a_window_too_large_is_named() {
    assert_eq!(all(frame_with_window(25, b"111\n")).tokens(), ["111"]);
    let (exit, message) = refused(frame_with_window(27, b"111\n"));
    assert_eq!(exit, Exit::Refused);
    assert!(message.contains("can't unpack") && message.contains("zstd -dc --long=31 list0"), "{message}");
}

#[test]
fn zeros_behind_an_archive_are_padding() {
    for packed in [
        gzip(b"111\n222\n"),
        [gzip(b"111\n"), gzip(b"222\n")].concat(),
        zstd(b"111\n222\n"),
        frame_with_window(20, b"111\n222\n"),
    ] {
        for step in [1, 7, usize::MAX] {
            let padded = [packed.as_slice(), &[0; 100_000]].concat();
            assert_eq!(
                drip(&[&padded], step, &ReadOptions::default(), Columns::None).unwrap().tokens(),
                ["111", "222"]
            );
        }
        for rest in [&b"\0\0x"[..], b"x", b"\n"] {
            assert!(refused([&packed, rest].concat()).1.contains("damaged"), "{rest:?}");
        }
    }
}

#[test]
fn what_is_in_an_archive_is_named() {
    let mut tar = vec![0; 1024];
    tar[..8].copy_from_slice(b"list.csv");
    tar[257..262].copy_from_slice(b"ustar");
    assert!(refused(gzip(&tar)).1.contains("a tar archive"));
    assert!(refused(b"SQLite format 3\0\x10").1.contains("an SQLite database"));
    assert!(refused(b"PAR1\x15\x04").1.contains("Parquet"));
}

#[test]
fn several_inputs_are_one_list() {
    let inputs: [&[u8]; 4] =
        [b"token\n1\n", b"name;token\nAnna;2\n", b"{\"token\":\"3\",\"city\":\"Rom\"}\n", b"4\nx y\n"];
    let list = drip(&inputs, 4, &ReadOptions::default(), Columns::All).unwrap();
    assert_eq!(list.tokens(), ["1", "2", "3", "4"]);
    assert_eq!(list.lines(), [2, 2, 1, 1]);
    assert_eq!(list.tally.columns, ["name", "city"]);
    assert_eq!((list.bad[0].line, list.bad[0].file.as_str()), (2, "list3"));
    // A header alone is nothing new beside rows; nothing at all is a fault.
    let list = drip(&[b"token\n", b"1\n"], 4, &ReadOptions::default(), Columns::All).unwrap();
    assert!(!list.tally.empty_header_only && list.tally.rows == 1);
    let error = drip(&[b"1\n", b""], 4, &ReadOptions::default(), Columns::All).unwrap_err();
    assert!(error.to_string().contains("list1"), "{error}");
}

#[test]
fn files_are_opened_and_what_can_not_be_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.csv");
    std::fs::write(&path, "token\n111\n").unwrap();
    let read_file = |path: &std::path::Path| {
        let mut seen = Vec::new();
        let mut sink = |item: Item<'_>| {
            if let Item::Row(row) = item {
                seen.push(row.token.to_owned());
            }
            Ok(())
        };
        let inputs = [Input::from_arg(path.to_owned())];
        read(&inputs, &ReadOptions::default(), Columns::None, &mut |_, _| (), &mut sink).map(|tally| (tally, seen))
    };
    let (tally, seen) = read_file(&path).unwrap();
    assert_eq!((tally.bytes, seen), (10, vec!["111".to_owned()]));
    for bad in [folder.path().join("none.csv"), folder.path().to_owned()] {
        let error = read_file(&bad).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(error.causes().len(), 1, "{error}");
    }
    assert_eq!(Input::from_arg("-".into()), Input::Stdin);
    let twice = [Input::Stdin, Input::Stdin];
    let error = read(&twice, &ReadOptions::default(), Columns::None, &mut |_, _| (), &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
}

#[test]
fn an_error_of_the_sink_ends_the_reading() {
    let mut seen = 0;
    let mut sink = |_: Item<'_>| {
        seen += 1;
        if seen == 2 { Err(Error::ledger("full")) } else { Ok(()) }
    };
    let inputs = [("x".to_owned(), Box::new(&b"1\n2\n3\n"[..]) as Box<dyn Read>)];
    let error = read_from(inputs, &ReadOptions::default(), Columns::None, &mut |_, _| (), &mut sink).unwrap_err();
    assert_eq!(error.exit(), Exit::Ledger);
    assert_eq!(seen, 2);
}
