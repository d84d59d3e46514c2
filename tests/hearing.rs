//! The story of what is heard: sends with lost replies, webhooks in every disorder, a receiver that is killed, and a report that
//! must say what the sandbox knows. `MMSG_RECEIVER_KILLS` asks for more kills, `MMSG_SEED` replays their instants.

use std::time::Duration;

use mmsg_sandbox::{Envelope, Options};
use serde_json::Value;

use crate::common::engine::on_both;
use crate::common::patience::Patience;
use crate::common::receiver::{LEDGER, Receiver, environment, heard_out, sends_told};
use crate::common::shop::{Shop, people};
use crate::common::{Env, number_of_this_process};

/// How long a run of these may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(900);

const STAGES: [&str; 5] = ["echoed", "delivered", "read", "clicked", "failed"];

/// A shop whose sandbox posts to this address and whose ledger is the receiver's.
fn shop(url: &str, ledger: &str, truth: &std::path::Path, change: impl FnOnce(&mut Options)) -> Shop {
    let mut shop = Shop::with(|options| {
        options.dials.lost_replies = 0.02;
        options.webhooks.url = Some(url.to_owned());
        options.webhooks.truth = Some(truth.to_owned());
        change(options);
    });
    let env = std::mem::replace(&mut shop.env, Env::new());
    shop.env = env.set("MMSG_LEDGER", ledger);
    shop
}

/// The report says of each stage what the truth says, and of all people that they were accepted.
#[track_caller]
fn assert_report_tells_the_truth(shop: &Shop, lines: &[Value], people: usize) {
    let report = shop.env.mmsg(["report", "--offline", "-o", "json"]).exits(0).json();
    let funnel = |what: &str| report["funnel"][what].as_u64().unwrap() as usize;
    for stage in STAGES {
        let told = sends_told(lines, stage);
        assert!(told > 0, "nobody was {stage}");
        assert_eq!(funnel(stage), told, "{stage}: {report:#}");
    }
    assert_eq!((funnel("accepted"), funnel("unknown")), (people, 0), "{report:#}");
    assert_eq!(shop.sandbox.accepted().len(), people);
    shop.sandbox.assert_nobody_twice();
}

fn twenty_thousand_messages_are_reported_as_they_were() {
    let machine = environment();
    let receiver = Receiver::start(&machine, &[]);
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    let shop = shop(&receiver.url, &machine.ledger_at(LEDGER), &truth, |options| {
        let hooks = &mut options.webhooks;
        hooks.delay = Duration::from_millis(100);
        hooks.duplicates = 0.2;
        hooks.late = 0.05;
        hooks.late_by = Duration::from_secs(2);
        hooks.disorder = 0.3;
        hooks.missing_ids = 0.3;
        hooks.envelope = Envelope::Mixed;
    });
    let list = people(20_000);
    // An early event may settle a doubt before the run ends.
    let sending = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--quiet"]));
    assert!(matches!(sending.ends_within(PATIENCE).code, 0 | 11));

    let lines = heard_out(&shop.sandbox, &truth, list.len(), PATIENCE);
    let made = lines.iter().filter(|line| line.get("event").is_some()).count();
    // What came while its request was on the wire is judged within a second or two.
    let mut patience = Patience::of(PATIENCE);
    while receiver.counts("select count(*) from events where how = 3") > 0 {
        assert!(patience.lasts(), "events wait although no request is on the wire");
    }
    assert_report_tells_the_truth(&shop, &lines, list.len());
    assert_eq!(receiver.events() as usize, made, "a repeated event is stored once");
    // By then the events have settled every doubt, and nobody needs to be asked.
    let settled = shop.env.mmsg(["unknown", "settle", "-o", "json"]).exits(0).json();
    assert_eq!((&settled["asked"], &settled["in_doubt"]), (&0.into(), &0.into()), "{settled:#}");
    let doubts = receiver.counts("select sum(n) from counters where what = 'settled'");
    assert!(doubts > 200, "2 % of the replies were lost, but only {doubts} doubts settled");
    println!("{} sends, {doubts} replies lost, {made} events: the report tells the truth", list.len());
}

fn a_receiver_that_is_killed_loses_nothing_that_it_acknowledged() {
    let (wanted, seed) =
        (number_of_this_process("MMSG_RECEIVER_KILLS").unwrap_or(25), number_of_this_process("MMSG_SEED").unwrap_or(7));
    let mut random = fastrand::Rng::with_seed(seed);
    let machine = environment();
    let mut receiver = Receiver::start(&machine, &[]);
    let port = receiver.port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth");
    // No event is told twice: one that was acknowledged and lost never comes again.
    let shop = shop(&receiver.url, &machine.ledger_at(LEDGER), &truth, |options| {
        options.webhooks.delay = Duration::from_millis(400);
        options.webhooks.disorder = 0.3;
        options.webhooks.batch = 20;
    });
    let list = people(4000);
    let sending = shop.env.start(&(list.join("\n") + "\n"), &shop.words(&["--rate", "600", "--quiet"]));
    let address = format!("127.0.0.1:{port}");
    for _ in 0..wanted {
        std::thread::sleep(Duration::from_millis(random.u64(20..400)));
        receiver.process.kill();
        receiver = Receiver::of(
            &machine,
            machine.start("", &["webhook", "serve", "--listen", &address, "--ledger", &machine.ledger_at(LEDGER)]),
        );
    }
    let run = sending.ends_within(PATIENCE);
    assert!(matches!(run.code, 0 | 11) && shop.sandbox.count("sends") == 4000, "{run:#?}");
    let lines = heard_out(&shop.sandbox, &truth, list.len(), PATIENCE);
    let made = lines.iter().filter(|line| line.get("event").is_some()).count();
    receiver.process.signal(rustix::process::Signal::TERM);
    receiver.process.ends().exits(0);
    assert_eq!(
        machine.asks(&machine.path(LEDGER), "select count(*) from events"),
        [made.to_string()],
        "an acknowledged event is gone"
    );
    assert_report_tells_the_truth(&shop, &lines, list.len());
    println!("{wanted} kills, {made} events: none lost, seed {seed}");
}

on_both! {
    twenty_thousand_messages_are_reported_as_they_were
    a_receiver_that_is_killed_loses_nothing_that_it_acknowledged
}
