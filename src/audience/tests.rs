//! Whole lists, through every step: a table for each kind of input and damage, then properties that hold for any bytes.

use std::io::{self, Read, Write};

use proptest::prelude::*;

use super::*;
use crate::error::Exit;

/// Gives at most `step` bytes a read.
struct Drip {
    bytes: io::Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = self.step.min(buffer.len());
        self.bytes.read(&mut buffer[..step])
    }
}

#[derive(Debug, Default, PartialEq)]
struct List {
    rows: Vec<(u64, String, String)>,
    bad: Vec<Bad>,
    tally: Tally,
}

impl List {
    fn tokens(&self) -> Vec<&str> {
        self.rows.iter().map(|(_, token, _)| token.as_str()).collect()
    }

    fn lines(&self) -> Vec<u64> {
        self.rows.iter().map(|(line, ..)| *line).collect()
    }

    fn values(&self) -> Vec<&str> {
        self.rows.iter().map(|(.., values)| values.as_str()).collect()
    }

    /// Line and reason of each bad row.
    fn faults(&self) -> Vec<(u64, &str)> {
        self.bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect()
    }
}

/// Reads inputs that arrive in pieces of `step` bytes.
fn drip(inputs: &[&[u8]], step: usize, options: &ReadOptions, wanted: Columns) -> Result<List> {
    let mut list = List::default();
    let mut sink = |item: Item<'_>| {
        match item {
            Item::Row(row) => {
                list.rows.push((row.line, row.token.to_owned(), row.values.unwrap_or_default().to_owned()));
            }
            Item::Bad(bad) => list.bad.push(bad.clone()),
        }
        Ok(())
    };
    let mut last = (0, 0);
    let mut progress = |bytes, rows| {
        assert!((bytes, rows) >= last, "progress only rises");
        last = (bytes, rows);
    };
    let readers = inputs.iter().enumerate().map(|(index, bytes)| {
        let reader = Drip { bytes: io::Cursor::new(bytes.to_vec()), step };
        (format!("list{index}"), Box::new(reader) as Box<dyn Read>)
    });
    let tally = read_from(readers, options, wanted, &mut progress, &mut sink)?;
    list.tally = tally;
    assert_eq!(list.tally.rows, list.tally.good + list.tally.bad);
    assert_eq!(list.tally.good, list.rows.len() as u64);
    assert_eq!(list.tally.bad, list.bad.len() as u64);
    assert_eq!(list.tally.bytes, inputs.iter().map(|bytes| bytes.len() as u64).sum::<u64>());
    Ok(list)
}

fn all(text: impl AsRef<[u8]>) -> List {
    match drip(&[text.as_ref()], usize::MAX, &ReadOptions::default(), Columns::All) {
        Ok(list) => list,
        Err(error) => panic!("{error}: {:?}", error.hint_text()),
    }
}

fn with(text: impl AsRef<[u8]>, column: &str) -> Result<List> {
    let options = ReadOptions { token_column: Some(column.to_owned()), delimiter: None };
    drip(&[text.as_ref()], usize::MAX, &options, Columns::All)
}

fn refused(text: impl AsRef<[u8]>) -> (Exit, String) {
    match drip(&[text.as_ref()], usize::MAX, &ReadOptions::default(), Columns::All) {
        Ok(list) => panic!("accepted: {list:?}"),
        Err(error) => (error.exit(), format!("{error}; {}", error.hint_text().unwrap_or_default())),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

// ---- shapes ----------------------------------------------------------------------------------------------------------

#[test]
fn a_plain_list_has_a_token_a_line() {
    let list = all("12348141984909088\n\r\n  98765432109876543 \r\n\nlast");
    assert_eq!(list.tokens(), ["12348141984909088", "98765432109876543", "last"]);
    assert_eq!(list.lines(), [1, 3, 5]);
    assert_eq!(list.values(), ["", "", ""]);
    assert_eq!(list.tally.columns, [""; 0]);
}

#[test]
fn a_header_is_known_by_its_name_in_any_case() {
    for name in ["token", "Subscription_Token", "NOTIFICATION_MESSAGES_TOKEN", "messenger_subscription_token"] {
        assert_eq!(all(format!("{name}\n111\n")).tokens(), ["111"]);
        let list = all(format!("name,{name}\nAnna,111\n"));
        assert_eq!(list.tokens(), ["111"]);
        assert_eq!(list.values(), [r#"{"name":"Anna"}"#]);
        assert_eq!(list.tally.columns, ["name"]);
    }
}

#[test]
fn an_unknown_first_cell_of_one_column_is_data() {
    assert_eq!(all("abc\n111\n").tokens(), ["abc", "111"]);
}

#[test]
fn delimiters_are_found() {
    for delimiter in [",", ";", "\t", "|"] {
        let text = "name,token,city\nAnna,111,Rom\nBob,222,\n".replace(',', delimiter);
        let list = all(&text);
        assert_eq!(list.tokens(), ["111", "222"], "{delimiter:?}");
        assert_eq!(list.values(), [r#"{"name":"Anna","city":"Rom"}"#, r#"{"name":"Bob","city":""}"#]);
        // By position, with no name to help.
        let list = with("Anna,111,Rom\nBob,222,\n".replace(',', delimiter), "2").unwrap();
        assert_eq!(list.tokens(), ["111", "222"], "{delimiter:?}");
        assert_eq!(list.values()[0], r#"{"column_1":"Anna","column_3":"Rom"}"#);
    }
    // The name decides, not the number of commas.
    assert_eq!(all("a,b,c;token\n1,2,3;111\n").tokens(), ["111"]);
    // Equal in all rows beats more in the first.
    assert_eq!(with("1,5;2,5;111\n1;2;222\n", "3").unwrap().tokens(), ["111", "222"]);
    // A spreadsheet says it itself.
    assert_eq!(all("sep=;\r\nname;token\r\nAnna;111\r\n").lines(), [3]);
}

#[test]
fn a_delimiter_that_is_said_is_the_only_one() {
    let options = ReadOptions { token_column: None, delimiter: Some(b':') };
    let list = drip(&[b"token:name\na,b;c|d:Anna\n"], 9, &options, Columns::All).unwrap();
    assert_eq!(list.tokens(), ["a,b;c|d"]);
    assert_eq!(drip(&[b"{x}\n[y\n"], 9, &options, Columns::All).unwrap().tokens(), ["{x}", "[y"]);
    for delimiter in [b'"', b'\n', b'\r', 0, 0xe9] {
        let options = ReadOptions { token_column: None, delimiter: Some(delimiter) };
        assert_eq!(
            read(&[], &options, Columns::None, &mut |_, _| (), &mut |_| Ok(())).unwrap_err().exit(),
            Exit::Usage
        );
    }
}

#[test]
fn marks_and_line_ends_of_every_system() {
    for text in ["\u{feff}token,n\n111,ü\n222,b\n", "token,n\r\n111,ü\r\n222,b", "token,n\r111,ü\r222,b\r"] {
        let list = all(text);
        assert_eq!(list.tokens(), ["111", "222"], "{text:?}");
        assert_eq!(list.lines(), [2, 3], "{text:?}");
        assert_eq!(list.values()[0], r#"{"n":"ü"}"#);
    }
    for big in [false, true] {
        let list = all(utf16("token;n\r\n111;ü😀\r\n222;b\r\n", big));
        assert_eq!(list.tokens(), ["111", "222"]);
        assert_eq!(list.values()[0], r#"{"n":"ü😀"}"#);
    }
}

#[test]
fn quotes_hold_delimiters_line_ends_and_quotes() {
    let list = all("token,note\n\"111\",\"a, \"\"b\"\"\r\nc\"\n222,\"\"\n333,5\" pipe\n");
    assert_eq!(list.tokens(), ["111", "222", "333"]);
    assert_eq!(list.lines(), [2, 4, 5]);
    assert_eq!(list.values(), [r#"{"note":"a, \"b\"\r\nc"}"#, r#"{"note":""}"#, r#"{"note":"5\" pipe"}"#]);
    assert_eq!(all("token,x\n\"a\"\"b\",1\n").tokens(), ["a\"b"]);
    assert_eq!(all("\"111\"\n\"a,b\"\n").tokens(), ["111", "a,b"]);
}

#[test]
fn the_token_column_can_be_named_or_counted() {
    let text = "id,Token2,TOKEN2\n1,111,222\n";
    assert_eq!(with(text, "Token2").unwrap().tokens(), ["111"]);
    assert_eq!(with(text, "TOKEN2").unwrap().tokens(), ["222"]);
    assert_eq!(with(text, "ID").unwrap().tokens(), ["1"]);
    assert_eq!(with("x,7\n111,222\n", "7").unwrap().tokens(), ["222"], "a name first");
    assert_eq!(with("token,name\n111,222\n", "2").unwrap().tokens(), ["222"], "a header by its known name");
    assert_eq!(with("111\n222\n", "1").unwrap().tokens(), ["111", "222"]);
    for (text, column) in [(text, "tokens"), (text, "4"), (text, "0"), (text, "token2"), ("a,a\n1,2\n", "a")] {
        let error = with(text, column).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage, "{column}");
        assert!(error.hint_text().is_some_and(|hint| hint.contains("--token-column")));
    }
    // Without a header, what would be listed as names is data.
    let error = with("12348141984909088,Anna\n", "psid").unwrap_err().to_string();
    assert!(error.contains("1234…88, Anna") && !error.contains("12348141984909088"), "{error}");
}

#[test]
fn several_columns_and_no_name_are_a_usage_error() {
    for text in ["a,b\n1,2\n", "111;Anna\n", "id\tname\n", "token,subscription_token\n1,2\n"] {
        let (exit, message) = refused(text);
        assert_eq!(exit, Exit::Usage, "{text}");
        assert!(message.contains("--token-column"), "{message}");
    }
}

#[test]
fn columns_without_a_name_of_their_own_get_one() {
    let list = all("token,,a,a,a_2,\n1,2,3,4,5,6\n");
    assert_eq!(list.tally.columns, ["column_2", "a", "a_2", "a_2_2", "column_6"]);
    assert_eq!(list.values(), [r#"{"column_2":"2","a":"3","a_2":"4","a_2_2":"5","column_6":"6"}"#]);
}

#[test]
fn only_wanted_columns_are_collected_and_checked() {
    let text = b"token,name,note\n111,Anna,M\xfcnchen\n";
    let named = |name: &str| Columns::Named(BTreeSet::from([name.to_owned()]));
    let read = |wanted| drip(&[text], 5, &ReadOptions::default(), wanted);
    assert_eq!(read(named("name")).unwrap().values(), [r#"{"name":"Anna"}"#]);
    assert_eq!(read(named("other")).unwrap().values(), [""]);
    assert_eq!(read(Columns::None).unwrap().values(), [""]);
    // The only row is spoiled, so the list is refused.
    for wanted in [named("note"), Columns::All] {
        let error = read(wanted).unwrap_err();
        assert_eq!(error.exit(), Exit::Refused);
        assert!(error.hint_text().is_some_and(|hint| hint.contains("line 2: not valid UTF-8 at byte 2")), "{error:?}");
    }
}

// ---- JSON ------------------------------------------------------------------------------------------------------------

#[test]
fn objects_a_line() {
    let list = all(concat!(
        "{\"name\":\"Ann\\u00e4\",\"token\":\"111\",\"age\":7,\"tags\":[1, 2],\"at\":{\"city\":\"Rom\",\"zip\":null}}\r\n",
        "\n",
        "{\"token\":12348141984909088}\n",
        "  {\"x\":true,\"token\":\"222\"}",
    ));
    assert_eq!(list.tokens(), ["111", "12348141984909088", "222"]);
    assert_eq!(list.lines(), [1, 3, 4]);
    assert_eq!(list.values(), [r#"{"name":"Annä","age":"7","tags":"[1, 2]","at.city":"Rom"}"#, "", r#"{"x":"true"}"#]);
    assert_eq!(list.tally.columns, ["name", "age", "tags", "at.city", "at.zip"]);
}

#[test]
fn a_path_reaches_into_objects() {
    let text = "{\"data\":{\"Token\":\"111\",\"n\":1},\"z\":2}\n";
    for path in ["data.Token", "DATA.token"] {
        let list = with(text, path).unwrap();
        assert_eq!(list.tokens(), ["111"]);
        assert_eq!(list.values(), [r#"{"data.n":"1","z":"2"}"#]);
    }
    assert_eq!(with("{\"data.token\":\"111\"}\n", "data.token").unwrap().tokens(), ["111"]);
    assert_eq!(with(text, "data.tokens").unwrap_err().exit(), Exit::Usage);
    assert_eq!(refused("{\"a\":1,\"b\":2}\n").0, Exit::Usage);
    assert_eq!(refused("{\"token\":\"1\",\"subscription_token\":\"2\"}\n").0, Exit::Usage);
    assert_eq!(all("{\"t\":\"111\"}\n").tokens(), ["111"], "one field needs no name");
    let wanted = Columns::Named(BTreeSet::from(["data.n".to_owned()]));
    let options = ReadOptions { token_column: Some("z".to_owned()), delimiter: None };
    let list = drip(&[text.as_bytes()], 3, &options, wanted).unwrap();
    assert_eq!((list.tokens(), list.values()), (vec!["2"], vec![r#"{"data.n":"1"}"#]));
}

const PAGE: &str = concat!(
    "{\"data\":[{\"notification_messages_token\":\"111\",\"recipient_id\":\"9\",\"user_token_status\":\"REFRESHED\"},",
    "{\"notification_messages_token\":\"222\",\"recipient_id\":\"8\"}],",
    "\"paging\":{\"cursors\":{\"before\":\"b\",\"after\":\"a\"},",
    "\"next\":\"https:\\/\\/graph.facebook.com\\/v26.0\\/1\\/notification_message_tokens?access_token=EAABcanary\"}}",
);

#[test]
fn pages_of_graphs_token_list() {
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(PAGE).unwrap()).unwrap();
    let empty = "{\"data\":[],\"paging\":{}}";
    for (text, tokens) in [
        (PAGE.to_owned(), 2),
        (format!("{PAGE}{PAGE}"), 4),
        (format!("{PAGE}\n{empty}\n{pretty}\n{PAGE}"), 6),
        (format!("\u{feff}{pretty}{empty}"), 2),
    ] {
        let list = all(&text);
        assert_eq!(list.tokens(), ["111", "222"].repeat(tokens / 2), "{text}");
        assert_eq!(list.tally.bad, 0);
        assert_eq!(list.tally.columns, ["recipient_id", "user_token_status"]);
        assert_eq!(list.values()[1], r#"{"recipient_id":"8"}"#);
    }
    let list = all(empty);
    assert!(list.tally.empty_header_only && list.tally.rows == 0);
}

#[test]
fn a_page_cut_short_is_said_and_shows_no_access_token() {
    for (cut, good, reason) in [
        (PAGE.len() - 1, 2, "inside a page"),
        (PAGE.find("canary").unwrap(), 2, "inside a page"),
        (PAGE.find("],").unwrap(), 2, "inside a list"),
        (PAGE.find("\"222").unwrap(), 1, "inside a value"),
    ] {
        let list = all(&PAGE[..cut]);
        assert_eq!((list.tally.good, list.tally.bad), (good, 1 + u64::from(reason == "inside a value")), "{cut}");
        assert!(list.bad[0].reason.contains(reason), "{cut}: {:?}", list.bad);
        assert!(!format!("{list:?}").contains("EAAB"), "{list:?}");
    }
    let (exit, message) = refused("{\"error\":{\"message\":\"EAABcanary\",\"code\":190}}");
    assert_eq!(exit, Exit::Refused);
    assert!(message.contains("error answer") && !message.contains("EAAB"), "{message}");
}

#[test]
fn arrays_and_objects_over_several_lines() {
    assert_eq!(all("[\"111\", 222,\n \"333\"]\n").tokens(), ["111", "222", "333"]);
    assert_eq!(all("[{\"token\":\"111\"},\n{\"token\":\"222\"}]").lines(), [1, 2]);
    let list = all("{\n  \"token\": \"111\"\n}\n{\n  \"token\": \"222\"\n}\n");
    assert_eq!((list.tokens(), list.lines()), (vec!["111", "222"], vec![1, 4]));
    assert_eq!(all("{\"token\":\"111\"}{\"token\":\"222\"}").tokens(), ["111", "222"]);
    assert!(all("[]").tally.empty_header_only);
}

#[test]
fn damage_in_json_lines_costs_its_line() {
    let list = all(concat!(
        "{\"token\":\"1\"}\n",
        "{\"token\":\"12348141984909088\n",
        "{\"token\":\"2\"} {}\n",
        "{\"token\":1.5e3}\n",
        "{\"token\":null}\n",
        "{\"other\":\"x\"}\n",
        "{\"token\":[\"5\"]}\n",
        "{\"token\":{\"a\":1}}\n",
        "{\"token\":\"6\",\"token\":\"7\"}\n",
        "{\"token\":\"8\",\"n\":\"\\ud800\"}\n",
        "{}\n",
        "nonsense\n",
        "-12348141984909088\n",
        "{\"token\":\"a b\"}\n",
        "\"9\"\n",
    ));
    assert_eq!(list.tokens(), ["1", "9"]);
    let faults: Vec<&str> = list.bad.iter().map(|bad| bad.reason.as_str()).collect();
    let expected = [
        "not JSON: it ends inside a value",
        "not JSON at character",
        "a spreadsheet turned the token into 1.5e3",
        "no token: null stands in its place",
        "no token: the object has no token",
        "no token: an array stands in its place",
        "no token: an object stands in its place",
        "the token stands twice in the object",
        "not valid text: half a UTF-16 pair",
        "no token: the object has no token",
        "not JSON",
        "no token: -123…88 is a number, but not a whole one",
        "a token has only visible ASCII characters; character 2 is white space (U+0020)",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault:?}, not {expected:?}");
    }
    assert_eq!(list.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), (2..=14).collect::<Vec<_>>());
    assert!(!format!("{:?}", list.bad).contains("12348141984909088"));
}

#[test]
fn bytes_that_are_no_text_spoil_json_rows_where_they_are_used() {
    let text = b"{\"token\":\"111\",\"name\":\"M\xfcller\"}\n{\"token\":\"222\",\"name\":\"Anna\"}\n";
    let read = |wanted| drip(&[text], 3, &ReadOptions::default(), wanted).unwrap();
    assert_eq!(read(Columns::None).tokens(), ["111", "222"]);
    let list = read(Columns::All);
    assert_eq!(list.tokens(), ["222"]);
    assert_eq!(list.faults(), [(1, "not valid UTF-8 at byte 25 of the row")]);
}

#[test]
fn damage_in_json_values_costs_its_line() {
    let list = all("[\n{\"token\":\"1\"},\n{\"token\":\"2},\n{\"token\":\"3\"},\n?,\n{\"token\":\"4\"}\n]\n");
    assert_eq!(list.tokens(), ["1", "3", "4"]);
    assert_eq!(list.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [3, 5]);
    // A page that follows a broken one is read.
    let list = all(format!("{}\n{PAGE}", &PAGE[..PAGE.find("222").unwrap()]));
    assert_eq!(list.tokens(), ["111", "111", "222"]);
    assert_eq!(list.tally.bad, 1);
}

#[test]
fn a_page_cut_short_does_not_swallow_the_next() {
    // On one line, cut at every byte of its rows; pretty, cut after a line.
    for cut in 9..PAGE.find("],").unwrap() {
        let list = all(format!("{}{PAGE}{PAGE}", &PAGE[..cut]));
        assert!(
            list.tokens().ends_with(&["111", "222", "111", "222"]),
            "{cut}: {:?} {:?}",
            list.tokens(),
            list.faults()
        );
        assert!(list.tally.rows <= 8, "{cut}: {:?}", list.faults());
    }
    let pretty = "[\n  {\n    \"token\": \"1\"\n  {\n    \"token\": \"2\"\n  },\n  {\n    \"token\": \"3\"\n  }\n]\n";
    let list = all(pretty);
    assert!(list.tokens().ends_with(&["3"]) && list.tally.bad > 0, "{list:?}");
}

#[test]
fn values_without_an_end_cost_linear_time() {
    let list = all(format!("{{\"token\":\"1\"}}{{\n{}", "{\n".repeat(1_000_000)));
    assert_eq!(list.tokens(), ["1"]);
    assert!(list.tally.bad < 100, "{}", list.tally.bad);
    let wide = format!("token{}\n1{}\n", ",x".repeat(200_000), ",".repeat(200_000));
    assert_eq!(all(wide).tally.columns.len(), 200_000);
}

// ---- compression and several inputs ------------------------------------------------------------------------------------

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

// ---- refusals of a whole list ------------------------------------------------------------------------------------------

#[test]
fn lists_that_are_none_are_refused() {
    let nul_late = [b"1\n".repeat(40_000).as_slice(), b"\0\n"].concat();
    assert_eq!(all(nul_late).tally.bad, 1, "a NUL after the first 64 KiB is one bad row");
    for (text, reason) in [
        (b"".as_slice(), "zero bytes"),
        (b"\xef\xbb\xbf", "zero bytes"),
        (b"\xff\xfe", "zero bytes"),
        (b"\n\r\n  \n", "no header and no rows"),
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

// ---- one row of each kind of damage ------------------------------------------------------------------------------------

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
        (b"12348\"141984909088,inside".to_vec(), Some("a lone quote in the token")),
        (b"token,note".to_vec(), Some("header among the rows")),
        (b"\xef\xbb\xbftoken,note".to_vec(), Some("outside ASCII (U+FEFF)")),
        (b"NULL,nothing".to_vec(), Some("word for nothing")),
        ([b"12348141984909088,".as_slice(), &b"y".repeat(MAX_ROW)].concat(), Some("longer than 1 MiB")),
        (b"12348141984909004,ok".to_vec(), None),
        // Never closed: to the end of the list.
        (b"\"12348141984909088,open".to_vec(), Some("a quote is opened and never closed")),
        (b"12348141984909005,ok".to_vec(), None),
    ];
    // The NUL must stand past the first 64 KiB, or the list is no text.
    let filler = 9_000;
    let mut text = b"token,note\n".to_vec();
    (0..filler).for_each(|n| text.extend_from_slice(format!("filler{n},\n").as_bytes()));
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
fn a_lone_quote_never_swallows_its_neighbours() {
    for (text, tokens, bad) in [
        // Closed by the next lone quote: a token with a line end in it.
        ("1\n\"2\n3\n4\"\n5\n", vec!["1", "3", "5"], vec![2, 4]),
        // Closed by a sound quote further on: text follows it.
        ("token,n\n1,\"Anna\n2,Bob\n3,\"Carl\"\n", vec!["2", "3"], vec![2]),
        // Closed with too many cells.
        ("token,n\n1,\"Anna\n2,Bob\n3,Carl\",x\n4,D\n", vec!["2", "4"], vec![2, 4]),
        // Never closed.
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
            let list = all(format!("[{}]", json.replace('\n', ",")));
            assert_eq!((list.tokens().len(), list.bad.len()), if extra == 0 { (2, 0) } else { (1, 1) });
        }
    }
}

#[test]
fn ragged_rows_of_one_column() {
    let list = all("token\n111,Anna\n222;x\n12,348,141\n333\n\"4\",5\n");
    assert_eq!(list.tokens(), ["333"]);
    let reasons: Vec<&str> = list.bad.iter().map(|bad| bad.reason.as_str()).collect();
    assert_eq!(reasons[0], "more than one cell in a list of one column");
    assert_eq!(reasons[1], "more than one cell in a list of one column");
    assert!(reasons[2].contains("12,348,141"), "{reasons:?}");
    assert_eq!(reasons[3], "2 cells, but the header has 1");
    // A plain list whose first line is such a number still has one column.
    assert_eq!(all("12,348,141\n1,23E+16\n555\n").tally.bad, 2);
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
    assert_eq!(all(&bytes).tokens(), ["1"], "half of the last line end is left");
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

// ---- properties --------------------------------------------------------------------------------------------------------

/// Text made of what readers stumble over.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            &b"token"[..], b",", b";", b"\t", b"|", b"\"", b"\"\"", b"\n", b"\r\n", b"\r", b" ", b"{", b"}", b"[", b"]", b":",
            b"{\"data\":[", b"{\"token\":\"1\"}", b"\"token\":", b"],\"paging\":{}}", b"\\", b"1.23E+16", b"12,348,141", b"\xff",
            b"\xef\xbb\xbf", b"\xff\xfe", b"111", b"null", b"\n111\n", b"\ntoken,a\n1,2\n", b"\0", b"sep=;\n", b"\xc3\xa4",
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
    (column, delimiter, wanted).prop_map(|(column, delimiter, wanted)| {
        (ReadOptions { token_column: column.map(str::to_owned), delimiter }, wanted)
    })
}

fn outcome(bytes: &[u8], step: usize, options: &ReadOptions, wanted: &Columns) -> Result<List, (Exit, String)> {
    drip(&[bytes], step, options, wanted.clone()).map_err(|error| (error.exit(), error.to_string()))
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
        let rows: Vec<_> = rows.into_iter().filter(|(token, ..)| token_fault(token.as_bytes()).is_none()).collect();
        prop_assume!(!rows.is_empty());
        let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).terminator(terminator).from_writer(Vec::new());
        writer.write_record(["first", "token", "last"]).unwrap();
        for (token, first, last) in &rows {
            writer.write_record([first, token, last]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let list = all(&bytes);
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
        let rows: Vec<_> = rows.into_iter().filter(|(token, _)| token_fault(token.as_bytes()).is_none()).collect();
        prop_assume!(!rows.is_empty());
        let objects: Vec<_> = rows.iter().map(|(token, name)| serde_json::json!({ "name": name, "token": token })).collect();
        let text = match form {
            0 => objects.iter().map(|object| format!("{object}\n")).collect::<String>(),
            1 => serde_json::to_string(&objects).unwrap(),
            2 => objects.iter().map(|object| format!("{object:#}\n")).collect(),
            _ => serde_json::json!({ "data": objects, "paging": { "next": "]}\"" } }).to_string(),
        };
        let list = drip(&[text.as_bytes()], 7, &ReadOptions::default(), Columns::All).unwrap();
        prop_assert_eq!(list.tally.bad, 0, "{:?}", list.bad);
        prop_assert_eq!(list.rows.len(), rows.len());
        for ((_, token, values), (expected, name)) in list.rows.iter().zip(&rows) {
            prop_assert_eq!(token, expected);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(values).unwrap(), serde_json::json!({ "name": name }));
        }
    }
}
