use std::path::PathBuf;
use std::sync::Mutex as Lock;

use rusqlite::Connection;

use super::*;
use crate::webhook::notice;

/// A test with its own ledger, and the status that it reported.
struct TestRecorder {
    recorder: Recorder,
    path: PathBuf,
    said: Arc<Lock<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl TestRecorder {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (ledger, _) = Ledger::open(&path).unwrap();
        let said = Arc::new(Lock::new(Vec::new()));
        let heard = Arc::clone(&said);
        let on_status: OnStatus = Arc::new(move |status| heard.lock().unwrap().push(format!("{status:?}")));
        let recorder = Recorder::open(ledger, "opt-ins".to_owned(), Duration::ZERO, Arc::default(), on_status).unwrap();
        Self { recorder, path, said, _folder: folder }
    }

    fn submit(&self, campaign: &str, people: std::ops::Range<usize>) -> oneshot::Receiver<()> {
        let events: Vec<_> = people.map(|n| event(campaign, n)).collect();
        self.recorder.inbox.submit(events, 100).unwrap()
    }

    /// Locks the ledger, so that what is submitted waits together.
    fn hold(&self) -> Connection {
        let other = Connection::open(&self.path).unwrap();
        other.execute_batch("begin immediate").unwrap();
        other
    }

    fn stored(&self, campaign: &str) -> i64 {
        let conn = Connection::open(&self.path).unwrap();
        conn.query_row("select count(*) from events where campaign = ?1", [campaign], |row| row.get(0)).unwrap()
    }
}

fn event(campaign: &str, n: usize) -> Event {
    let body = format!(
        r#"{{"entry":[{{"changes":[{{"field":"marketing_message_reads","value":
           {{"messenger_subscription_token":"token{n}","message_id":"{campaign}","timestamp":1764000000}}}}]}}]}}"#
    );
    notice::read(body.as_bytes()).unwrap().events.remove(0)
}

#[tokio::test]
async fn one_commit_answers_all_that_wait_and_each_only_when_it_is_whole() {
    let test = TestRecorder::open();
    let hold = test.hold();
    let waiting: Vec<_> = (0..50).map(|n| test.submit("a", n * 100..(n + 1) * 100)).collect();
    hold.execute_batch("commit").unwrap();
    for (n, answer) in waiting.into_iter().enumerate() {
        answer.await.unwrap();
        assert!(test.stored("a") >= (n as i64 + 1) * 100, "post {n} was answered before it was stored");
    }
    test.recorder.close().await.unwrap();
}

#[tokio::test]
async fn a_post_that_was_given_up_does_not_delay_others() {
    let test = TestRecorder::open();
    let hold = test.hold();
    // The thread has already taken the first; the others wait.
    let first = test.submit("first", 0..1);
    drop(test.submit("late", 0..500));
    let good = test.submit("good", 0..10);
    hold.execute_batch("commit").unwrap();
    first.await.unwrap();
    good.await.unwrap();
    test.recorder.close().await.unwrap();
    let conn = Connection::open(&test.path).unwrap();
    let late: i64 =
        conn.query_row("select count(*) from events where campaign = 'late'", (), |row| row.get(0)).unwrap();
    assert_eq!(late, 0);
}

#[tokio::test]
async fn a_post_that_can_t_be_stored_takes_no_other_with_it() {
    let test = TestRecorder::open();
    let conn = Connection::open(&test.path).unwrap();
    conn.execute_batch(
        "create trigger fault before insert on events when new.campaign = 'bad' begin select raise(abort, 'fault'); end",
    )
    .unwrap();
    let hold = test.hold();
    let before = test.submit("a", 0..30);
    let bad = test.submit("bad", 0..1);
    let after = test.submit("a", 30..60);
    hold.execute_batch("commit").unwrap();
    before.await.unwrap();
    after.await.unwrap();
    assert!(bad.await.is_err());
    assert_eq!((test.stored("a"), test.stored("bad")), (60, 0));
    assert!(test.recorder.inbox.is_well().await);
    let said = test.said.lock().unwrap().join("\n");
    assert!(said.contains("Unstorable") && !said.contains("LedgerDown"), "{said}");
}

#[tokio::test]
async fn it_ends_when_the_log_is_removed_and_keeps_what_it_confirmed() {
    let test = TestRecorder::open();
    test.submit("a", 0..30).await.unwrap();
    std::fs::remove_file(test.path.with_extension("db-wal")).unwrap();
    let ended = test.recorder.ended();
    assert!(test.submit("b", 0..1).await.is_err(), "confirmed, and nobody will find it");
    ended.cancelled().await;
    let (path, _folder) = (test.path, test._folder);
    assert!(matches!(test.recorder.close().await, Err(Error::LogReplaced { .. })));
    let conn = Connection::open(path).unwrap();
    let stored = "select count(*) filter (where campaign = 'a'), count(*) filter (where campaign = 'b') from events";
    assert_eq!(conn.query_row(stored, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap(), (30, 0));
}

#[tokio::test]
async fn too_many_that_wait_are_refused_and_what_waits_is_stored_at_the_end() {
    let test = TestRecorder::open();
    let hold = test.hold();
    let first = test.submit("a", 0..1);
    let inbox = test.recorder.inbox();
    let large = inbox.submit(vec![event("a", 1)], BYTES / 2 - 2000).unwrap();
    assert!(inbox.submit(vec![event("a", 2)], 2000).is_none());
    let mut small = Vec::new();
    // These take no memory.
    while let Some(answer) = inbox.submit(Vec::new(), 0) {
        small.push(answer);
        // The thread may have taken some as well.
        assert!(small.len() <= 2 * POSTS, "the queue has no end");
    }
    drop(inbox);
    hold.execute_batch("commit").unwrap();
    test.recorder.close().await.unwrap();
    first.await.unwrap();
    large.await.unwrap();
    for answer in small {
        answer.await.unwrap();
    }
}
