//! Inputs that people really have and that are not a plain list: each is read right, or refused, and nothing but a token of it becomes
//! a person.

use super::*;

const A: &str = "12348141984909001";
const B: &str = "12348141984909008";
const C: &str = "12348141984909015";
const D: &str = "12348141984909022";
const E: &str = "12348141984909029";

/// What must come of an input.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// So many of the tokens above, in this order from the first, and so many bad rows.
    Read(usize, u64),
    Refused,
    Usage,
}
use Want::{Read, Refused, Usage};

#[track_caller]
fn check(cases: &[(&str, Want)], options: &ReadOptions) -> usize {
    for (text, want) in cases {
        let text = [("{A}", A), ("{B}", B), ("{C}", C), ("{D}", D), ("{E}", E)]
            .into_iter()
            .fold((*text).to_owned(), |text, (name, token)| text.replace(name, token));
        let read = drip(&[text.as_bytes()], 64, options, Columns::All);
        match (read, want) {
            (Ok(list), Read(good, bad)) => {
                assert_eq!(list.tokens(), &[A, B, C, D, E][..*good], "{text}\n{:?}", list.faults());
                assert_eq!(list.tally.bad, *bad, "{text}\n{:?}", list.faults());
            }
            (Err(error), Refused) => assert_eq!(error.exit(), Exit::Refused, "{text}\n{error}"),
            (Err(error), Usage) => assert_eq!(error.exit(), Exit::Usage, "{text}\n{error}"),
            (Ok(list), want) => panic!("{want:?} of\n{text}\nbut read {:?}, bad {:?}", list.tokens(), list.faults()),
            (Err(error), want) => panic!("{want:?} of\n{text}\nbut {error}; {:?}", error.hint_text()),
        }
    }
    cases.len()
}

fn column(name: &str) -> ReadOptions {
    ReadOptions { token_column: Some(name.to_owned()), ..ReadOptions::default() }
}

#[test]
fn drawn_tables_and_pages() {
    let n = check(
        &[
            // psql, with its margin, its rule, its count.
            (" token \n-------\n {A}\n {B}\n(2 rows)\n\n", Read(2, 0)),
            (" token | name \n-------+------\n {A} | Anna\n {B} | Bob\n(2 rows)\n", Read(2, 0)),
            (" psid \n------\n {A}\n {B}\n(2 rows)\n", Usage),
            (" name | psid \n------+------\n Anna | {A}\n(1 row)\n", Usage),
            (" token \n-------\n {A}\n {B}\n(3 rows)\n", Refused),
            (" token \n-------\n {A}\n\n {B}\n(3 rows)\n", Refused),
            (" token \n-------\n {A}+\n {B}\n(1 row)\n", Refused),
            (" token \n-------\n {A}\n(1 row)\n\n token \n-------\n {B}\n(1 row)\n", Refused),
            (" token \n-------\n {A}\n(1 row)\n {B}\n", Refused),
            (" token \n-------\n(0 rows)\n", Read(0, 0)),
            ("SET\n token \n-------\n {A}\n(1 row)\n", Refused),
            ("Timing is on.\n token \n-------\n {A}\n(1 row)\n\nTime: 0.4 ms\n", Refused),
            ("-[ RECORD 1 ]----\ntoken | {A}\n-[ RECORD 2 ]----\ntoken | {B}\n", Refused),
            ("{A}\n{B}\n(2 rows)\n", Refused),
            ("token|name\n{A}|Anna\n(1 row)\n", Refused),
            // mysql, mariadb, bq.
            ("+-------+\n| token |\n+-------+\n| {A} |\n| {B} |\n+-------+\n", Read(2, 0)),
            ("+-------+------+\n| token | name |\n+-------+------+\n| {A} | Anna |\n+-------+------+\n", Read(1, 0)),
            ("+-------+\n| token |\n+-------+\n| {A} |\n+-------+\n1 row in set (0.00 sec)\n\n", Read(1, 0)),
            ("+-------+\n| token |\n+-------+\n| {A} |\n+-------+\n2 rows in set (0.00 sec)\n", Refused),
            ("+-------+\n| {A} |\n| {B} |\n+-------+\n", Refused),
            (
                "+-------+\n| token |\n+-------+\n| {A} |\n+-------+\n+-------+\n| token |\n+-------+\n| {B} |\n+-------+\n",
                Refused,
            ),
            ("*************************** 1. row ***************************\ntoken: {A}\n", Refused),
            // A grid with a rule after each row.
            ("+-------+\n| token |\n+=======+\n| {A} |\n+-------+\n| {B} |\n+-------+\n", Refused),
            // Markdown.
            ("| token | name |\n|---|---|\n| {A} | Anna |\n| {B} | Bob |\n", Read(2, 0)),
            ("| token |\n|:-----:|\n| {A} |\n", Read(1, 0)),
            ("token | name\n--- | ---\n{A} | Anna\n", Read(1, 0)),
            ("# Subscribers\n\n| token |\n|---|\n| {A} |\n", Refused),
            // sqlcmd, sqlplus, sqlite3, cqlsh, Firebird.
            ("token                \n---------------------\n{A}    \n{B}    \n\n(2 rows affected)\n", Read(2, 0)),
            ("token,name\n-----,----\n{A},Anna\n\n(1 rows affected)\n", Read(1, 0)),
            ("\nTOKEN\n-----------------\n{A}\n{B}\n\n2 rows selected.\n", Read(2, 0)),
            ("TOKEN\n-----\n{A}\n\nTOKEN\n-----\n{B}\n", Refused),
            ("token              name\n-----------------  ----\n{A}  Anna\n", Refused),
            ("\nTOKEN\n================= \n{A} \n", Read(1, 0)),
            // Boxes.
            ("┌───────┐\n│ token │\n├───────┤\n│ {A} │\n└───────┘\n", Refused),
            ("┌─token─┐\n│ {A} │\n└───────┘\n", Refused),
            (" token \n───────\n {A}\n", Refused),
            ("token = {A}\n\ntoken = {B}\n", Refused),
            ("  token: {A}\n  token: {B}\n", Refused),
            ("- {A}\n- {B}\n", Refused),
            ("1) \"{A}\"\n2) \"{B}\"\n", Refused),
            ("INSERT INTO s VALUES('{A}','Anna');\nINSERT INTO s VALUES('{B}','Bob');\n", Refused),
            ("('{A}','Anna'),('{B}','Bob')\n", Usage),
            ("'{A}'\n'{B}'\n", Refused),
            ("token={A}\ttype=x\ntoken={B}\ttype=y\n", Usage),
            ("token={A}\ntoken={B}\n", Refused),
            // Access tokens, which are secrets and would end up in the ledger.
            ("EAAB{A}{B}{C}\nEAAB{B}{C}{D}\n", Refused),
            ("{A}\n{B}\n{C}\n{D}\nEAAB{A}{B}{C}\n", Read(4, 1)),
            ("token\nEAAB{A}{B}{C}\n", Refused),
            // Pages.
            ("<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>\n{A}\n</body>\n</html>\n", Refused),
            ("\u{feff}\n <?xml version=\"1.0\"?>\n<rows><row>{A}</row></rows>\n", Refused),
            ("Sign in\nPassword\nForgot?\n", Refused),
            ("404 page not found\n", Refused),
            ("upstream connect error or disconnect/reset before headers\n", Refused),
            ("ERROR\n", Refused),
            ("#!/bin/sh\nexec cat {A}\n", Refused),
        ],
        &ReadOptions::default(),
    );
    assert_eq!(n, 55);
}

#[test]
fn columns_that_are_not_sure() {
    let n = check(
        &[
            // Rows in one pair of quotes.
            ("\"token,first_name\"\n\"{A},Anna\"\n\"{B},Bob\"\n", Read(2, 0)),
            ("\"first_name;token\"\r\n\"Anna;{A}\"\r\n\"\"\"Bob; B\"\";{B}\"\r\n", Read(2, 0)),
            ("\"{A},Anna\"\n\"{B},Bob\"\n", Usage),
            ("token,first_name\n\"{A},Anna\"\n\"{B},Bob\"\n", Refused),
            ("\"token,first_name\"\n{A},Anna\n{B},Bob\n", Refused),
            // Another delimiter.
            ("token:first_name\n{A}:Anna\n{B}:Bob\n", Refused),
            ("token^name\n{A}^Anna\n{B}^Bob\n", Refused),
            ("token~name\n{A}~Anna\n{B}~Bob\n", Refused),
            ("token_name\n{A}_Anna\n{B}_Bob\n", Refused),
            ("token/name\n{A}/Anna\n{B}/Bob\n", Refused),
            ("token name\n{A} Anna\n{B} Bob\n", Refused),
            ("token\u{1f}name\n{A}\u{1f}Anna\n", Refused),
            ("token!name\n{A}!Anna\n", Refused),
            ("\"token\":\"name\"\n\"{A}\":\"Anna\"\n", Refused),
            // No name that is known.
            ("psid,name\n{A},Anna\n{B},Bob\n", Usage),
            ("{A},Anna\n{B},Bob\n", Usage),
            ("{A};1,50\n{B};2,50\n", Usage),
            ("Subscribers of November\ntoken,name\n{A},Anna\n{B},Bob\n", Usage),
            // One column of something else.
            ("Anna\nBob\nCarl\n", Refused),
            ("name\nAnna\nBob\n", Refused),
            ("anna@example.com\nbob@example.com\n", Refused),
            ("+491511234567\n+491511234568\n", Refused),
            ("2026-11-27\n2026-11-28\n", Refused),
            ("09:00\n10:00\n", Refused),
            ("https://example.com/1\nhttps://example.com/2\n", Refused),
            ("Anna,Bob,Carl\n", Usage),
            ("true\nfalse\n", Refused),
            ("3.14\n2.71\n", Refused),
            ("token\nAnna\nBob\n", Refused),
            ("token\nn/a\nNULL\n-\n", Refused),
            ("name,token\n{A},Anna\n{B},Bob\n", Refused),
            // Names that are known, however they are written.
            ("Token\n{A}\n{B}\n", Read(2, 0)),
            ("Subscription Token,name\n{A},Anna\n", Read(1, 0)),
            ("\u{feff}\u{feff}token,name\n{A},Anna\n", Read(1, 0)),
            ("token\u{a0},name\n{A},Anna\n", Read(1, 0)),
            ("\u{200b}token\u{200b};name\n{A};Anna\n", Read(1, 0)),
            ("=\"token\";=\"name\"\n{A};Anna\n", Read(1, 0)),
            ("\"sep=;\"\ntoken;name\n{A};Anna\n", Read(1, 0)),
            ("SEP=,\r\nname,token\r\nAnna,{A}\r\n", Read(1, 0)),
            ("sep=;;;\ntoken;name;x;\n{A};Anna;y;\n", Read(1, 0)),
            ("\"sep=\t\"\ntoken\tname\n{A}\tAnna\n", Read(1, 0)),
            // A header of one column.
            ("psid\n{A}\n{B}\n", Usage),
            ("phone\n491511234567\n491511234568\n", Usage),
            ("id\n1\n2\n", Usage),
            ("Tokens\n{A}\n", Read(1, 0)),
            ("subscriber token id\r\n{A}\r\n{B}\r\n", Read(2, 0)),
            ("\"tokens\"\n\"{A}\"\n\"{B}\"\n", Read(2, 0)),
            ("Empfänger\n{A}\n", Usage),
            ("psid\n", Refused),
            // Empty cells behind.
            ("token,name,\n{A},Anna,\n{B},Bob\n", Read(2, 0)),
            ("token,name\n{A},Anna,\n{B},Bob,,\n", Read(2, 0)),
            ("token,name,,\n{A},Anna\n{B},Bob,,,\n", Read(2, 0)),
            ("{A},\n{B},\n", Read(2, 0)),
            ("{A};;\n{B};;\n", Read(2, 0)),
            ("token,\n{A},\n{B},\n", Read(2, 0)),
            ("tokens,\n{A},\n{B},\n", Read(2, 0)),
            ("token\n{A},\n{B};\n", Read(2, 0)),
            ("{A},\n{B},Bob\n", Usage),
            ("token,name\n{A},Anna\n{B}\n", Read(1, 1)),
            ("token,name\n{A},Anna\n{B},Bob,x\n", Read(1, 1)),
        ],
        &ReadOptions::default(),
    );
    let mut n = n + check(
        &[
            ("{A};1,50\n{B};2,50\n", Read(2, 0)),
            ("{A}\t1,50;x\n{B}\t2,50;y\n", Read(2, 0)),
            ("{A}|a,b\n{B}|c,d\n", Read(2, 0)),
            ("psid,name\n{A},Anna\n{B},Bob\n", Read(2, 0)),
            ("psid\n{A}\n{B}\n", Read(2, 0)),
            ("Anna,{A}\nBob,{B}\n", Refused),
            ("{A}:Anna\n{B}:Bob\n", Refused),
            (" {A} | Anna\n {B} | Bob\n\n", Read(2, 0)),
        ],
        &column("1"),
    );
    n += check(
        &[
            ("Anna;{A};1,50\nBob;{B};2,50\n", Usage),
            ("Anna;{A}\nB, C;{B}\n", Read(2, 0)),
            ("1,50;{A}\n2,50;{B}\n", Read(2, 0)),
            ("id,psid\n1,{A}\n2,{B}\n", Read(2, 0)),
        ],
        &column("2"),
    );
    let no_header = ReadOptions { no_header: true, ..ReadOptions::default() };
    n += check(
        &[
            ("{A}\n{B}\n", Read(2, 0)),
            ("token\n{A}\n{B}\n{C}\n", Read(3, 1)),
            ("psid\n{A}\n{B}\n{C}\n", Read(3, 1)),
            ("psid\n{A}\n", Refused),
            ("token,name\n{A},Anna\n", Usage),
        ],
        &no_header,
    );
    n += check(
        &[("{A}:Anna\n{B}:Bob\n", Usage), ("token:name\n{A}:Anna\n", Read(1, 0))],
        &ReadOptions { delimiter: Some(b':'), ..ReadOptions::default() },
    );
    assert_eq!(n, 79);
}

#[test]
fn rows_that_do_not_agree() {
    let n = check(
        &[
            // Lists joined.
            ("token,name\n{A},Anna\nname,token\nBob,{B}\n", Refused),
            ("token,name\n{A},Anna\ntoken,name\n{B},Bob\n", Read(2, 1)),
            ("name;token\nAnna;{A}\ntoken;name\n{B};Bob\n", Refused),
            ("token,zip\n{A},10115\nzip,token\n80331,{B}\n", Refused),
            ("{A}\n{B}\nname,token\nBob,{C}\n", Read(2, 2)),
            ("{A}\n{B}\ntoken\n{C}\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\npsid\n{D}\n{E}\n", Read(5, 1)),
            // Joined without a line end between.
            ("{A}\n{B}{C}\n{D}\n", Refused),
            ("{A}\n{B}\n{C}\n{D}{E}\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n{D}\n{E}{E}\n", Read(4, 1)),
            ("{A}\n{B}token\n{C}\n", Refused),
            // A stranger among like tokens.
            ("{A}\n{B}\n{C}\n{D}\n{E}\nBob\n", Read(5, 1)),
            ("{A}\n{B}\n{C}\n71001\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n491511234567\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n+491511234567\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n2026-11-27\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n1234814198490902a\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\nEOF\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n\\.\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n-----\n", Refused),
            ("{A}\n{B}\n{C}\nTime: 0.5 ms\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\nanna@example.com\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n<b>{D}</b>\n", Read(3, 1)),
            ("{A}\n{B}\n{C}\n`{D}`\n", Read(3, 1)),
            // Too many of them.
            ("{A}\nBob\n", Refused),
            ("{A}\nBob\nCarl\n", Refused),
            ("{A}\n10115\n{B}\n80331\n", Refused),
            ("{A}\n{B}\nAbCdEfGhIjKlMnOpQrStUvWxYz0123456789\n", Refused),
            ("token,name\n{A},Anna\nx y,Bob\nz,Carl,x\nNULL,D\n", Refused),
            ("token\n{A}\nNULL\n{B}\nNULL\n", Read(2, 2)),
            ("token\n{A}\nNULL\nNULL\n", Refused),
            // Lines inside quoted cells.
            ("token,note\n{E},\"x\n{E},Eve\ny\",z\n{A},b\n{B},c\n", Read(2, 1)),
            ("token,note\n{A},\"x\n{E},Eve\ny\"\n{B},b\n", Read(2, 0)),
            // Damage.
            ("token\n{A}\n{B}\n{C}\n=\"{D}\"\n", Read(3, 1)),
            ("token\n{A}\n{B}\n{C}\n{D}.0\n", Read(3, 1)),
            ("token\n{A}\n{B}\n{C}\n1.23481E+16\n", Read(3, 1)),
        ],
        &ReadOptions::default(),
    );
    assert_eq!(n, 36);
}

#[test]
fn short_and_long_tokens_of_tests_and_of_meta() {
    let seq: String = (71_001..=71_010).map(|n| format!("{n}\n")).collect();
    assert_eq!(all(seq).tally.good, 10);
    for (n, good) in [(9, 9), (120, 120), (1500, 1500)] {
        let seq: String = (1..=n).map(|n| format!("{n}\n")).collect();
        let list = all(seq);
        assert_eq!((list.tally.good, list.tally.bad), (good, 0));
    }
    for token in
        ["71001", "1", A, "8183222379117308817", "a1", "test_nm_token_abc123", &"aB3-_".repeat(40), &"x".repeat(180)]
    {
        assert_eq!(all(format!("{token}\n")).tokens(), [token]);
    }
    // Ids of 15 to 19 digits are alike; base64 with and without its marks is.
    let ids = ["100012345678901", "1234567890123456", A, "123456789012345678", "8183222379117308817"];
    assert_eq!(all(ids.join("\n")).tokens(), ids);
    let base64 = ["aGVsbG8gd29ybGQhIDEyMzQ1Ng==", "aGVsbG8td29ybGQ_IDEyMzQ1Njc4", "MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG0"];
    assert_eq!(all(base64.join("\n")).tokens(), base64);
    // The order is kept, past the rows that are held back too.
    let many: Vec<String> = (0..10_000).map(|n| format!("123481419849{n:05}")).collect();
    let mut text = many.join("\n");
    text.push_str("\nBob\n");
    let list = all(text);
    assert_eq!((list.tokens(), list.lines()[9_999]), (many.iter().map(String::as_str).collect(), 10_000));
    assert_eq!(list.faults().len(), 1);
}

#[test]
fn an_operator_can_take_odd_tokens() {
    let options = ReadOptions { allow_odd_tokens: true, ..ReadOptions::default() };
    for text in ["Anna\nBob\n", "a:b\nc:d\n", "12348141984909001\nBob\n", "2026-11-27\n"] {
        let list = drip(&[text.as_bytes()], 9, &options, Columns::None).unwrap();
        assert_eq!(list.tokens(), text.lines().collect::<Vec<_>>());
    }
    // Never what can't be one.
    for text in ["a;b\n", "<a>\n", "-----\n", "'a'\n", "a b\n"] {
        assert!(drip(&[text.as_bytes()], 9, &options, Columns::None).is_err(), "{text}");
    }
}

#[test]
fn our_own_output_is_read_back() {
    let tokens = ["-aB3cD4", "=aB3cD5", "+aB3cD6", "aB3cD7x"];
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["token", "state", "reason"]).unwrap();
    for token in tokens {
        csv.write_record([&crate::text::spreadsheet_safe(token), "accepted", "=a, \"b\"\nc"]).unwrap();
    }
    assert_eq!(all(csv.into_inner().unwrap()).tokens(), tokens);
    // A reject report has no tokens.
    assert_eq!(refused("line,column,reason,row,file\n2,token,a token has no quotes,1234…88,list.csv\n").0, Exit::Usage);
}
