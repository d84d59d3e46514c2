//! JSON: objects a line, pages of Graph's token list, arrays, and damage in them.

use super::*;

#[test]
fn objects_a_line() {
    let list = all(concat!(
        "{\"name\":\"Ann\\u00e4\",\"token\":\"12348141984909001\",\"age\":7,\"tags\":[1, 2],\"at\":{\"city\":\"Rom\",\"zip\":null}}\r\n",
        "\n",
        "{\"token\":12348141984909088}\n",
        "  {\"x\":true,\"token\":\"12348141984909002\"}",
    ));
    assert_eq!(list.tokens(), ["12348141984909001", "12348141984909088", "12348141984909002"]);
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
    assert_eq!(all("{\"my_token\":\"111\"}\n").tokens(), ["111"], "one field needs no exact name");
    assert_eq!(refused("{\"psid\":\"111\"}\n").0, Exit::Usage, "but one that may be the token's");
    assert_eq!(with("{\"psid\":\"111\"}\n", "psid").unwrap().tokens(), ["111"]);
    let wanted = Columns::Named(BTreeSet::from(["data.n".to_owned()]));
    let options = ReadOptions { token_column: Some("z".to_owned()), ..ReadOptions::default() };
    let list = drip(&[text.as_bytes()], 3, &options, wanted).unwrap();
    assert_eq!((list.tokens(), list.values()), (vec!["2"], vec![r#"{"data.n":"1"}"#]));
}

#[test]
fn a_wanted_column_is_counted_wherever_it_first_appears() {
    let text = "{\"token\":\"111\",\"x\":1}\n{\"token\":\"222\",\"Name\":\"Anna\",\"y\":2}\n{\"token\":\"333\",\"at\":{\"city\":\"Rom\"}}\n";
    let wanted = Columns::Named(BTreeSet::from(["name".to_owned(), "at.city".to_owned(), "gone".to_owned()]));
    let list = drip(&[text.as_bytes()], 7, &ReadOptions::default(), wanted).unwrap();
    assert_eq!(list.tally.columns, ["x", "Name", "at.city"]);
}

const PAGE: &str = concat!(
    "{\"data\":[{\"notification_messages_token\":\"111\",\"recipient_id\":\"9\",\"user_token_status\":\"REFRESHED\"},",
    "{\"notification_messages_token\":\"222\",\"recipient_id\":\"8\"}],",
    "\"paging\":{\"cursors\":{\"before\":\"b\",\"after\":\"a\"},",
    "\"previous\":\"https:\\/\\/graph.facebook.com\\/v26.0\\/1\\/notification_message_tokens?access_token=EAABcanary\"}}",
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
fn a_page_cut_short_is_refused_and_shows_no_access_token() {
    // Cut at every byte, alone and before a whole page.
    for cut in 9..PAGE.len() - 1 {
        for text in [PAGE[..cut].to_owned(), format!("{}\n{PAGE}", &PAGE[..cut]), format!("{PAGE}{}", &PAGE[..cut])] {
            let (exit, message) = refused(&text);
            assert!(matches!(exit, Exit::Refused | Exit::Usage), "{cut}: {message}");
            assert!(!message.contains("EAAB") && !message.contains("222"), "{message}");
        }
    }
}

#[test]
fn an_error_from_graph_is_no_list_wherever_it_is() {
    let error = "{\"error\":{\"message\":\"EAABcanary\",\"type\":\"OAuthException\",\"code\":190}}";
    let row = "{\"token\":\"111\"}";
    for text in [
        error.to_owned(),
        format!("{PAGE}{error}"),
        format!("{PAGE}\n{error}\n{PAGE}"),
        format!("{row}\n{error}\n{row}\n"),
        format!("[{row},{error}]"),
        format!("{error}\n{row}\n"),
        "{\"data\":[{\"token\":\"111\"}],\"error\":{\"message\":\"EAABcanary\"}}".to_owned(),
    ] {
        let (exit, message) = refused(&text);
        assert_eq!(exit, Exit::Refused);
        assert!(message.contains("an error from Graph") && !message.contains("EAAB"), "{text}: {message}");
    }
    // A field of that name beside a token is a column.
    assert_eq!(all("{\"token\":\"111\",\"error\":{\"code\":1}}\n").tokens(), ["111"]);
}

#[test]
fn a_list_whose_last_page_names_a_next_one_is_not_whole() {
    let more = PAGE.replace("\"previous\"", "\"next\"");
    for text in [more.clone(), format!("{PAGE}{more}"), format!("{more}{more}"), format!("{more}\n{PAGE}\n{more}\n")] {
        let (exit, message) = refused(&text);
        assert_eq!(exit, Exit::Refused);
        assert!(message.contains("paging.next") && !message.contains("EAAB"), "{message}");
    }
    for text in
        [format!("{more}{PAGE}"), format!("{more}{more}\n{PAGE}"), more.replace("\"https", "null,\"x\":\"https")]
    {
        assert_eq!(all(&text).tally.bad, 0);
    }
    // The next page may be the next file.
    let read =
        |inputs: &[&[u8]]| drip(inputs, 99, &ReadOptions::default(), Columns::None).map(|list| list.tokens().len());
    assert_eq!(read(&[more.as_bytes(), PAGE.as_bytes()]).unwrap(), 4);
    assert_eq!(read(&[PAGE.as_bytes(), more.as_bytes()]).unwrap_err().exit(), Exit::Refused);
}

#[test]
fn rows_of_json_numbers_that_a_program_rounded_are_refused() {
    // 12348141984909001 + 7n through JavaScript: even numbers.
    let rows = |odd: u64| {
        (0..20).map(|n| format!("{{\"token\":{}}}\n", 12_348_141_984_909_000 + 8 * n + odd)).collect::<String>()
    };
    let (exit, message) = refused(rows(0));
    assert_eq!(exit, Exit::Refused);
    assert!(message.contains("floating-point"), "{message}");
    assert_eq!(all(rows(1)).tally.good, 20);
    let page = format!("{{\"data\":[{}]}}", rows(0).trim_end().replace('\n', ","));
    assert!(refused(page).1.contains("floating-point"));
}

#[test]
fn an_array_a_line_is_a_row_of_cells() {
    let text = "[\"12348141984909001\",\"Anna\",null]\n[\"12348141984909008\",\"B\\u00f6\",7]\n";
    for text in [text.to_owned(), format!("[{}]", text.trim_end().replace('\n', ","))] {
        let list = all(&text);
        assert_eq!(list.tokens(), ["12348141984909001", "12348141984909008"]);
        assert_eq!(list.values(), [r#"{"column_2":"Anna"}"#, r#"{"column_2":"Bö","column_3":"7"}"#]);
        assert!(list.tally.notes[0].starts_with("cell 1 of each row"), "{:?}", list.tally.notes);
        assert_eq!(with(&text, "1").unwrap().tokens(), list.tokens());
        assert_eq!(with(&text, "2").unwrap_err().exit(), Exit::Refused, "names");
        assert_eq!(with(&text, "psid").unwrap_err().exit(), Exit::Usage);
    }
    for text in [
        "[1,2]\n[3,4]\n",
        "[\"12348141984909001\",\"12348141984909008\"]\n[\"12348141984909015\",\"12348141984909022\"]\n",
    ] {
        assert_eq!(refused(text).0, Exit::Usage, "{text}");
    }
    let list = lenient("[\"12348141984909001\",\"Anna\"]\n[\"12348141984909008\"]\n{\"token\":\"1\"}\n");
    assert_eq!((list.tokens(), list.tally.bad), (vec!["12348141984909001"], 2));
    // One row alone could as well be two tokens.
    assert_eq!(refused("[\"12348141984909001\",\"Anna\"]\n").0, Exit::Refused);
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
    let list = lenient(concat!(
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
    assert_eq!(list.tokens(), ["1"]);
    let faults: Vec<&str> = list.bad.iter().map(|bad| bad.reason.as_str()).collect();
    let expected = [
        "not JSON: it ends inside a value",
        "not JSON at character",
        "a spreadsheet turned the token into 1.5e3",
        "no token: null is in its place",
        "no token: the object has no token",
        "no token: an array is in its place",
        "no token: an object is in its place",
        "the token is in the object twice",
        "not valid text: half a UTF-16 pair",
        "no token: the object has no token",
        "not JSON",
        "no token: -123…88 is not a whole number",
        "a token has only visible ASCII characters; character 2 is white space (U+0020)",
        "a plain value among rows of another kind",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault:?}, not {expected:?}");
    }
    assert_eq!(list.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), (2..=15).collect::<Vec<_>>());
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
fn a_damaged_document_is_refused() {
    for text in [
        "[\n{\"token\":\"1\"},\n{\"token\":\"2},\n{\"token\":\"3\"}\n]\n",
        "[\n{\"token\":\"1\"},\n?,\n{\"token\":\"4\"}\n]\n",
        "[\"1\" \"2\"]",
        "[\"1\",]",
        "[\"1\",\"2\"",
        "[\n  {\n    \"token\": \"1\"\n  {\n    \"token\": \"2\"\n  }\n]\n",
        "{\n\"token\": \"1\"\n}\n{\n\"token\": \"2\n}\n",
    ] {
        let (exit, message) = refused(text);
        assert_eq!(exit, Exit::Refused, "{text}");
        assert!(message.contains("not valid JSON"), "{text}: {message}");
    }
}

#[test]
fn values_without_an_end_cost_linear_time() {
    assert_eq!(refused(format!("{{\"token\":\"1\"}}{{\n{}", "{\n".repeat(1_000_000))).0, Exit::Refused);
    assert_eq!(refused(format!("{{\"token\":\"1\"}}{{\"a\":{}", "[".repeat(3_000_000))).0, Exit::Refused);
    let wide = format!("token{}\n1{}\n", ",x".repeat(200_000), ",".repeat(200_000));
    assert_eq!(all(wide).tally.columns.len(), 200_000);
}
