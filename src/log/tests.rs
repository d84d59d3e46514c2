use std::fs;

use serde_json::{Value as Json, json};

use super::*;
use crate::secret::Secret;

const TOKEN: &str = "12348141984909088";

/// Compiles only while these types may not stand in the log: for one that may, `is` would have two meanings.
mod not_shown {
    use crate::log::Shown;
    use crate::secret::Secret;

    trait Unless<Which> {
        fn is() {}
    }
    impl<T: ?Sized> Unless<()> for T {}
    impl<T: ?Sized + Shown> Unless<u8> for T {}

    #[test]
    fn a_text_that_nobody_masked_does_not_compile() {
        <String as Unless<_>>::is();
        <str as Unless<_>>::is();
        <&String as Unless<_>>::is();
        <std::borrow::Cow<'static, str> as Unless<_>>::is();
        <Box<str> as Unless<_>>::is();
        <Option<String> as Unless<_>>::is();
        <std::path::PathBuf as Unless<_>>::is();
        <Secret as Unless<_>>::is();
        <serde_json::Value as Unless<_>>::is();
    }
}

fn redactor() -> Redactor {
    Redactor::new([Secret::new("EAABknownSecret")])
}

/// A log in this file, at the level of so many `-v`.
fn log_in(path: &Path, verbosity: u8) -> (Log, tracing::subscriber::DefaultGuard) {
    // Without `-v`, so that it does not become the log of the process.
    let mut log = Log::new(0, Box::new(|_, _| {}), redactor(), Clock::system());
    log.level = if verbosity > 1 { Level::DEBUG } else { Level::INFO };
    log.listens.store(true, Ordering::Relaxed);
    log.write_to(LogFile::open(path, Clock::system()).unwrap(), None);
    let guard = tracing::subscriber::set_default(log.subscriber());
    (log, guard)
}

fn lines_of(path: &Path) -> Vec<Json> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn people_read_the_event_and_its_fields() {
    let (heard, _guard) = testing::listen(redactor());
    note!(
        INFO,
        "request",
        edge = Name("/v26.0/act_1/ads"),
        status = 200_u16,
        code = None::<i64>,
        took = Duration::from_micros(1900),
        until = UnixMillis(0),
        why = Said("it said \"no\""),
        empty = "",
    );
    note!(WARN, "warning", why = Said("printed elsewhere"));
    assert_eq!(
        heard.lines(),
        [r#"request edge=/v26.0/act_1/ads status=200 took=1 until=1970-01-01T00:00:00Z why="it said \"no\"" empty="""#]
    );
}

#[test]
fn what_is_masked_stays_so() {
    let (heard, _guard) = testing::listen(redactor());
    let long = "x".repeat(2 * LONGEST);
    note!(
        DEBUG,
        "send",
        person = Person(TOKEN),
        why = Said("token 12348141984909088 of EAABknownSecret: Connection refused (os error 111)"),
        profile = Name("EAABsbCS1234567890abcd"),
        file = Name("EAABknownSecret.toml"),
        trace = Trace(&long),
        name = Name(&long),
    );
    let line = heard.lines().remove(0);
    assert!(
        line.starts_with(r#"send person=1234…88 why="token … of [hidden]: Connection refused (os error 111)" "#),
        "{line}"
    );
    assert!(line.contains(" profile=[hidden] file=[hidden].toml trace=x"), "{line}");
    assert!(line.chars().filter(|c| *c == 'x').count() == LONGEST + LONGEST_TRACE, "{line}");
}

#[test]
fn events_have_the_fields_of_what_they_are_part_of() {
    let (heard, _guard) = testing::listen(Redactor::default());
    let outer = within!(profile = Name("shop"), run = 1_i64);
    outer.in_scope(|| {
        within!(run = 2_i64, broadcast = 3_i64).in_scope(|| note!(INFO, "inner", broadcast = 4_i64));
        note!(INFO, "outer");
    });
    note!(INFO, "outside");
    assert_eq!(heard.lines(), ["inner profile=shop run=2 broadcast=4", "outer profile=shop run=1", "outside"]);
}

#[test]
fn a_line_of_a_file_is_one_object_with_its_time_and_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let (log, guard) = log_in(&path, 1);
    within!(run = 7_i64).in_scope(|| note!(INFO, "wait", why = Said("a\u{1b}[31m\nb EAABknownSecret"), ms = 5_u64));
    note!(DEBUG, "send", person = Person(TOKEN));
    note!(ERROR, "error");
    drop(guard);
    assert_eq!(log.close(), []);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""why":"a\u001b[31m\nb [hidden]""#), "{text}");
    let lines = lines_of(&path);
    assert_eq!(lines.len(), 2, "each send needs -vv: {text}");
    let pid = std::process::id();
    let mut first = lines[0].clone();
    let time = first.as_object_mut().unwrap().remove("time").unwrap();
    assert_eq!(
        first,
        json!({"level": "info", "event": "wait", "run": 7, "why": "a\u{1b}[31m\nb [hidden]", "ms": 5, "pid": pid})
    );
    let time = time.as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    assert_eq!(lines[1]["level"], "error");
}

#[test]
fn a_profile_s_events_go_to_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (log, guard) = log_in(&at("all"), 2);
    log.write_to(LogFile::open(&at("one"), Clock::system()).unwrap(), Some("one"));
    assert!(log.shares(&at("one"), Some("two")) && log.shares(&at("all"), None) && !log.shares(&at("new"), None));
    for profile in ["one", "two", "three"] {
        within!(profile = Name(profile)).in_scope(|| note!(DEBUG, "send"));
    }
    note!(INFO, "no profile");
    drop(guard);
    assert_eq!(log.close(), []);
    let profiles = |name: &str| lines_of(&at(name)).iter().map(|line| line["profile"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (profiles("one"), profiles("all")),
        (vec![json!("one"), json!("two")], vec![json!("three"), Json::Null])
    );
}

#[test]
fn other_crates_are_not_heard() {
    let (heard, _guard) = testing::listen(Redactor::default());
    tracing::event!(target: "hyper", Level::INFO, authorization = "Bearer EAAB");
    tracing::event!(target: "mmsg::other", Level::INFO, authorization = "Bearer EAAB");
    assert_eq!(heard.lines(), [""; 0]);
    assert!(is_detailed());
}

#[test]
fn a_listener_hears_what_another_thread_logged_first() {
    let logs = || note!(INFO, "request");
    let (heard, _guard) = testing::listen(Redactor::default());
    std::thread::scope(|scope| scope.spawn(logs).join()).unwrap();
    logs();
    assert_eq!(heard.lines().len(), 1);
}
