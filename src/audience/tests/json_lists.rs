//! JSON: objects a line, pages of Graph's token list, arrays, and damage in them.

use super::*;

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
