//! Commands that change Meta and then the ledger, cut off in between. The next command finishes them.

use mmsg_sandbox::Faults;

use crate::common::Run;
use crate::common::shop::{Shop, people};

const ABORTED: i32 = 134;

/// Every commit and request of `campaign delete`: before and after each one.
const POINTS: [&str; 4] = ["write.before", "write.after", "request.before", "request.after"];

/// A shop with rows that are pending.
fn with_pending_rows() -> Shop {
    let shop = Shop::open();
    let _ = shop.totals(&people(5), &["--max-sends", "2"], 6);
    shop
}

/// `campaign delete`, cut off there; `None` if it does not come by so often.
fn cut(shop: &Shop, point: &str, pass: u32) -> Option<Run> {
    let mut command = shop.env.command(["campaign", "delete", &shop.campaign, "--yes"]);
    command.env("MMSG_FAILPOINT", format!("{point}:abort@{pass}"));
    let run = shop.env.start_command("", command).ends();
    match run.code {
        0 => None,
        code => {
            assert_eq!(code, ABORTED, "{point} {pass}: {run:#?}");
            Some(run)
        }
    }
}

fn pending(shop: &Shop) -> i64 {
    let broadcasts = shop.env.mmsg(["broadcast", "list", "-o", "json"]).exits(0).json();
    broadcasts[0]["pending"].as_i64().unwrap()
}

fn intents(shop: &Shop) -> Vec<String> {
    shop.asks_ledger("select campaign from deletions")
}

/// Cuts the command off at each of its points, each time in a new shop, and hands over the shop, and whether Meta deleted the
/// campaign.
fn at_every_point(mut then: impl FnMut(&Shop, bool, &str)) {
    for point in POINTS {
        let mut cuts = 0;
        loop {
            let shop = with_pending_rows();
            if cut(&shop, point, cuts + 1).is_none() {
                break;
            }
            cuts += 1;
            let deleted = shop.sandbox.count("deleted") == 1;
            then(&shop, deleted, &format!("{point} {cuts}"));
            assert_eq!(shop.sandbox.requests().len(), 2, "{point} {cuts}");
        }
        assert!(cuts > 0, "{point} is not passed");
    }
}

#[test]
fn a_deletion_cut_off_anywhere_is_finished_or_reported_by_the_next_send() {
    let (mut finished, mut reported) = (0, 0);
    at_every_point(|shop, deleted, case| {
        let had = intents(shop);
        let words: &[&str] = if deleted { &["send", "--resume"] } else { &["send", "--resume", "--max-sends", "0"] };
        let run = shop.env.mmsg(words);
        if deleted {
            assert_eq!((run.code, pending(shop)), (0, 0), "{case}: {run:#?}");
            finished += 1;
        } else {
            assert_eq!((run.code, pending(shop)), (6, 3), "{case}: {run:#?}");
            let told = run.stderr.contains("before Meta deleted campaign");
            assert_eq!(told, !had.is_empty(), "{case}: {run:#?}");
            reported += u32::from(told);
        }
        assert!(intents(shop).is_empty(), "{case}");
        // From then on it is quiet.
        let again = shop.env.mmsg(words);
        assert_eq!(again.code, run.code, "{case}: {again:#?}");
        assert!(!again.stderr.contains("cut off"), "{case}: {again:#?}");
    });
    assert!(finished >= 5 && reported >= 2, "{finished} {reported}");
}

#[test]
fn a_deletion_cut_off_anywhere_is_finished_by_deleting_again() {
    at_every_point(|shop, _, case| {
        let had = intents(shop);
        let closed = pending(shop) == 0 && had.is_empty();
        let run = shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]);
        // Where the last commit was done nothing is left to do.
        assert_eq!(run.code, if closed { 5 } else { 0 }, "{case}: {run:#?}");
        assert_eq!((shop.sandbox.count("deleted"), pending(shop)), (1, 0), "{case}: {run:#?}");
        assert!(intents(shop).is_empty(), "{case}");
        assert_eq!(shop.asks_ledger("select count(*) from audit"), ["1"], "{case}");
        shop.env.mmsg(["send", "--resume"]).exits(0).says("nothing to resume");
    });
}

#[test]
fn a_deletion_whose_answer_is_lost_is_finished_by_the_next_send() {
    for (fault, deleted) in [("drop", false), ("accepted-drop", true)] {
        let shop = with_pending_rows();
        let faults = Faults::parse(&format!("{fault}=100%")).unwrap();
        shop.sandbox.turn(|dials| dials.write_errors = faults);
        shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).fails(11, "not sure whether");
        assert_eq!(intents(&shop), std::slice::from_ref(&shop.campaign), "{fault}");
        let run = shop.env.mmsg(["send", "--resume", "--max-sends", "0"]);
        assert_eq!((run.code, pending(&shop)), if deleted { (0, 0) } else { (6, 3) }, "{fault}: {run:#?}");
    }
}

#[test]
fn a_campaign_deleted_elsewhere_lets_its_rows_be_canceled() {
    let shop = with_pending_rows();
    let elsewhere = ["campaign", "delete", &shop.campaign, "--yes", "--ledger", "elsewhere.db"];
    shop.env.mmsg(elsewhere).exits(0);
    shop.env.mmsg(["send", "--resume"]).exits(5);
    shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).exits(0).says("canceled 3 pending rows");
    shop.env.mmsg(["campaign", "delete", &shop.campaign, "--yes"]).fails(5, "already deleted");
    shop.env.mmsg(["send", "--resume"]).exits(0);
}

#[test]
fn a_broadcast_closed_by_half_is_closed_by_the_next_send() {
    let shop = Shop::open();
    let list = people(5);
    let _ = shop.totals(&list, &["--max-sends", "2"], 6);
    // The first commit of a close, without those that follow.
    let mut command = shop.env.command(["broadcast", "close", "1", "--yes"]);
    command.env("MMSG_FAILPOINT", "write.after:abort@1");
    assert_eq!(shop.env.start_command("", command).ends().code, ABORTED);
    assert_eq!(pending(&shop), 3);
    shop.env.mmsg(["send", "--resume"]).exits(0);
    assert_eq!((pending(&shop), shop.sandbox.requests().len()), (0, 2));
    // Listed again they go out.
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
}
