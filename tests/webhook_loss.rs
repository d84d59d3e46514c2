//! What was answered 200 is in the ledger, once, whatever happens to the receiver and to the notices on their way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::common::patience::wait_until;
use crate::common::receiver::{Receiver, environment, heard_out, notice, number, post, sends_told};
use crate::common::shop::{Shop, people};
use crate::common::{APP_SECRET, Env};

#[test]
fn what_was_acknowledged_survives_sigkill() {
    let env = environment();
    let mut acknowledged = 0;
    for round in 0..8 {
        let receiver = Receiver::start(&env, &[]);
        let mut client = receiver.connect();
        for post_n in 0..=round {
            let first = round * 1000 + post_n * 10;
            client.send(&post(&notice(first..first + 10), APP_SECRET));
            assert_eq!(client.answer().unwrap().0, 200);
            acknowledged += 10;
        }
        receiver.process.kill();
    }
    assert_eq!(number(&env.path("ledger.db"), "select count(*) from events"), acknowledged);
}

#[test]
fn sigterm_under_load_loses_nothing_that_was_acknowledged() {
    let env = environment();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let receiver = Receiver::start(&env, &[]);
        let before = receiver.events();
        let (acknowledged, stopped, next) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    let mut client = receiver.connect();
                    while !stopped.load(Ordering::Relaxed) {
                        let first = next.fetch_add(20, Ordering::Relaxed) + 100_000 * signal.as_raw() as usize;
                        client.send(&post(&notice(first..first + 20), APP_SECRET));
                        match client.answer() {
                            Some((200, _)) => acknowledged.fetch_add(20, Ordering::Relaxed),
                            Some((status, _)) => panic!("{status}"),
                            None => return,
                        };
                    }
                });
            }
            wait_until("400 are acknowledged", || acknowledged.load(Ordering::Relaxed) >= 400);
            receiver.process.signal(signal);
        });
        let ledger = receiver.ledger();
        receiver.process.ends().exits(0).says("finishing open requests");
        let stored = number(&ledger, "select count(*) from events") - before;
        assert!(stored >= acknowledged.load(Ordering::Relaxed) as i64, "{stored} of {acknowledged:?}");
    }
}

#[test]
fn chaos_on_the_way_gives_the_truth_in_the_ledger() {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    let mut shop = Shop::with(|options| {
        options.dials.lost_replies = 0.03;
        let hooks = &mut options.webhooks;
        hooks.url = Some(receiver.url.clone());
        hooks.delay = Duration::from_millis(30);
        hooks.batch = 40;
        hooks.duplicates = 0.3;
        hooks.late = 0.1;
        hooks.late_by = Duration::from_millis(300);
        hooks.disorder = 0.3;
        hooks.missing_ids = 0.3;
        hooks.envelope = mmsg_sandbox::Envelope::Mixed;
        hooks.truth = Some(truth.clone());
    });
    let env = std::mem::replace(&mut shop.env, Env::new());
    shop.env = env.set("MMSG_LEDGER", receiver.ledger().to_str().unwrap());
    let list = people(600);
    // Replies are lost; an early event may settle a doubt before the run ends.
    assert!(matches!(shop.send(&list, &[]).code, 0 | 11));
    assert_eq!(shop.sandbox.stats()["webhook"]["verified"], true, "the receiver did not answer the check");

    let lines = heard_out(&shop.sandbox, &truth, list.len(), Duration::from_secs(40));
    receiver.process.signal(Signal::TERM);
    let ledger = receiver.ledger();
    receiver.process.ends().exits(0);
    let counts = |what: &str| number(&ledger, &format!("select count(*) from {what}")) as usize;

    for stage in ["echoed", "delivered", "read", "clicked", "failed"] {
        let told = sends_told(&lines, stage);
        assert!(told > 0, "{stage}");
        assert_eq!(counts(&format!("sends where {stage}_at is not null")), told, "{stage}");
    }
    assert_eq!(counts("sends where state = 2"), list.len());
    assert_eq!(shop.sandbox.accepted().len(), list.len());
    let made = lines.iter().filter(|line| line.get("event").is_some()).count();
    assert_eq!(counts("events"), made, "a repeated event is stored once");
    shop.env.mmsg(["unknown", "list"]).exits(0).says("no unknown sends");
}
