//! Plain lists and CSV: headers, delimiters, quotes, columns.

use super::*;

#[test]
fn a_plain_list_has_a_token_a_line() {
    let list = all("12348141984909088\n\r\n  98765432109876543 \r\n\n12348141984909099");
    assert_eq!(list.tokens(), ["12348141984909088", "98765432109876543", "12348141984909099"]);
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
fn an_unknown_first_cell_of_one_column_is_a_header_when_it_looks_like_one() {
    for name in ["Tokens", "Subscriber token", "token_id2", "\u{feff}\u{feff}my_token", "Tokenö", "=\"my_token\""] {
        let list = all(format!("{name}\n12348141984909001\n12348141984909008\n"));
        assert_eq!(list.tokens(), ["12348141984909001", "12348141984909008"], "{name}");
        assert!(list.tally.notes[0].contains("--no-header"), "{:?}", list.tally.notes);
    }
    // Under the name of something else it is not sure.
    for name in ["psid", "Subscriber ID", "phone", "id2", "abc"] {
        let text = format!("{name}\n12348141984909001\n12348141984909008\n");
        let (exit, message) = refused(&text);
        assert!(exit == Exit::Usage && message.contains(&format!("--token-column '{name}'")), "{message}");
        assert_eq!(with(&text, name).unwrap().tokens().len(), 2);
        assert_eq!(with(&text, "1").unwrap().tokens().len(), 2, "{name}");
    }
    // Data by its looks, or since it is said.
    assert_eq!(all("a1\na2\n").tokens(), ["a1", "a2"]);
    let options = ReadOptions { no_header: true, allow_odd_tokens: true, ..ReadOptions::default() };
    let list = drip(&[b"abc\n111\n"], 9, &options, Columns::All).unwrap();
    assert_eq!(list.tokens(), ["abc", "111"]);
    let options = ReadOptions { no_header: true, ..ReadOptions::default() };
    assert_eq!(drip(&[b"psid\n12348141984909001\n"], 9, &options, Columns::All).unwrap_err().exit(), Exit::Refused);
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
    let options = ReadOptions { delimiter: Some(b':'), allow_odd_tokens: true, ..ReadOptions::default() };
    let list = drip(&[b"token:name\n111:Anna,b;c|d\n"], 9, &options, Columns::All).unwrap();
    assert_eq!((list.tokens(), list.values()), (vec!["111"], vec![r#"{"name":"Anna,b;c|d"}"#]));
    assert_eq!(drip(&[b"{x}\n[y\n"], 9, &options, Columns::All).unwrap().tokens(), ["{x}", "[y"]);
    for delimiter in [b'"', b'\n', b'\r', 0, 0xe9] {
        let options = ReadOptions { delimiter: Some(delimiter), ..ReadOptions::default() };
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
    assert_eq!(refused("token,x\n\"a\"\"b\",1\n").0, Exit::Refused, "no token has a quote in it");
    let list = all("\"111\"\n\"222\"\n\"a,b\"\n");
    assert_eq!((list.tokens(), list.tally.bad), (vec!["111", "222"], 1), "nor a delimiter");
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
