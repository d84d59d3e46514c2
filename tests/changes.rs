//! Campaigns that are found instead of made twice, paused, resumed and edited. The judge is what the sandbox has afterwards, and what it was
//! asked.

use std::collections::BTreeSet;
use std::time::Duration;

use mmsg_sandbox::{Faults, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::engine::on_both;
use crate::common::sandbox::{Sandbox, lines_of};
use crate::common::shop::{Shop, people};
use crate::common::started::Started;
use crate::common::{Env, now};

fn get(env: &Env, id: &str) -> Value {
    env.mmsg(["campaign", "get", id, "-o", "json"]).exits(0).json()
}

/// A shop whose sandbox writes down every call.
struct Watched {
    shop: Shop,
    calls: TempDir,
}

impl Watched {
    fn open() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Options)) -> Self {
        let calls = tempfile::tempdir().unwrap();
        let file = calls.path().join("calls.ndjson");
        let shop = Shop::with(|options| {
            options.calls = Some(file);
            change(options);
        });
        Self { shop, calls }
    }

    /// The objects that were changed, in order.
    fn written(&self) -> Vec<String> {
        let paths = lines_of(&self.calls.path().join("calls.ndjson")).into_iter();
        let paths = paths.filter(|call| call["method"] == "POST").map(|call| call["path"].as_str().unwrap().to_owned());
        let objects = paths.filter(|path| !path.contains("/act_"));
        objects.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect()
    }
}

fn create_if_absent_makes_one_campaign_of_a_name_and_page() {
    let sandbox = Sandbox::with(|options| options.pages.push("777".to_owned()));
    let env = sandbox.environment();
    let create = |more: &[&str]| {
        let words = ["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring", "--if-absent"];
        env.mmsg(words.iter().chain(more))
    };
    let first = create(&["-o", "json"]).exits(0).json()["id"].clone();
    let again = create(&["-o", "json"]).exits(0).says("is there already; nothing was created");
    assert_eq!((again.json()["id"].clone(), sandbox.count("created")), (first.clone(), 1));
    // Paused is live.
    sandbox.switch(first.as_str().unwrap(), "PAUSED");
    assert_eq!(create(&["-o", "json"]).exits(0).json()["id"], first);
    let words = ["campaign", "create", "--daily-budget", "500", "--name", "Spring", "--if-absent"];
    env.mmsg(words).exits(0).says("its budget is 30.00 USD in total, not the 5.00 USD per day asked for");
    assert_eq!(sandbox.count("created"), 1);
    // Another Page's is another campaign.
    assert_ne!(create(&["--page", "777", "-o", "json"]).exits(0).json()["id"], first);
    // A deleted one is gone.
    env.mmsg(["campaign", "delete", first.as_str().unwrap(), "--yes"]).exits(0);
    assert_ne!(create(&["-o", "json"]).exits(0).json()["id"], first);
    assert_eq!(sandbox.count("created"), 3);
    // Nobody knows which of two is meant.
    env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring"]).exits(0);
    create(&[]).fails(5, "2 campaigns of Page 104857600123457").says("are named \"Spring\"");
    assert_eq!(sandbox.count("created"), 4);
}

/// Meta's list may lag behind: the second one waits until it has what the first has created.
fn create_if_absent_twice_at_once_makes_one_also_where_the_list_lags() {
    let sandbox = Sandbox::with(|options| options.list_lag = Duration::from_secs(3));
    let env = sandbox.environment();
    let words = ["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring", "--if-absent", "-o", "json"];
    let runs = [(); 3].map(|()| env.start("", &words)).map(Started::ends);
    let ids: BTreeSet<String> = runs.iter().map(|run| run.json()["id"].to_string()).collect();
    assert_eq!((ids.len(), sandbox.count("created")), (1, 1), "{runs:#?}");
    assert!(runs.iter().all(|run| run.code == 0), "{runs:#?}");
}

fn create_if_absent_goes_on_after_a_lost_answer() {
    let sandbox = Sandbox::start();
    let env = sandbox.environment();
    let words = ["campaign", "create", "--lifetime-budget", "3000", "--name", "Spring", "--if-absent", "-o", "json"];
    // The campaign is made, but the answer is lost: it is looked up by its name.
    sandbox.turn(|dials| dials.write_errors = Faults::parse("accepted-drop=100%").unwrap());
    let lost = env.mmsg(words);
    assert_eq!((lost.code, sandbox.count("created")), (0, 1), "{lost:#?}");
    sandbox.turn(|dials| dials.write_errors = Faults::default());
    let again = env.mmsg(words).exits(0).says("nothing was created");
    assert_eq!((again.json()["id"].clone(), sandbox.count("created")), (lost.json()["id"].clone(), 1));
}

fn a_paused_campaign_sends_nothing_until_it_is_resumed() {
    let watched = Watched::open();
    let shop = &watched.shop;
    let before = get(&shop.env, &shop.campaign);
    shop.env.mmsg(["campaign", "pause", &shop.campaign]).fails(9, "--yes");
    assert_eq!(get(&shop.env, &shop.campaign)["status"], "ACTIVE");
    let run = shop.env.mmsg(["campaign", "pause", &shop.campaign, "--yes"]).exits(0);
    assert!(run.stderr.contains("status from ACTIVE to PAUSED") && run.stdout.contains("CAMPAIGN_PAUSED"), "{run:#?}");
    shop.env.mmsg(["campaign", "pause", &shop.campaign]).exits(0).says("is paused already");
    let turned_on = format!("mmsg campaign resume {}, then run again", shop.campaign);
    let _ = shop.send(&people(3), &[]).fails(5, "is paused").says(&turned_on);
    assert!(shop.sandbox.requests().is_empty());
    // Somebody else paused the two others as well.
    for key in ["id", "adset_id"] {
        shop.sandbox.switch(before[key].as_str().unwrap(), "PAUSED");
    }
    let run = shop.env.mmsg(["campaign", "resume", &shop.campaign, "--yes", "-o", "json"]).exits(0);
    let all = "status of its message (ad) and its message set (ad set) and its campaign from PAUSED to ACTIVE";
    assert!(run.stderr.contains(all), "{run:#?}");
    let after = get(&shop.env, &shop.campaign);
    for key in ["status", "message_status", "adset_status", "campaign_status"] {
        assert_eq!(after[key], "ACTIVE", "{key}: {after:#}");
        assert_eq!(run.json()[0][key], "ACTIVE");
    }
    shop.env.mmsg(["campaign", "resume", &shop.campaign]).exits(0).says("is not paused: its status is ACTIVE");
    let list = people(3);
    let _ = shop.totals(&list, &[], 0);
    shop.assert_each_once(&list);
    let id = |key: &str| before[key].as_str().unwrap().to_owned();
    let (ad, set, campaign) = (id("id"), id("adset_id"), id("campaign_id"));
    assert_eq!(watched.written()[..6], [&campaign, &ad, &set, &ad, &set, &campaign].map(String::clone));
    assert_eq!(shop.asks_ledger("select count(*) from audit where command = 'campaign edit'"), ["4"]);
}

fn an_edit_reaches_the_objects_that_own_it() {
    let watched = Watched::open();
    let shop = &watched.shop;
    let before = get(&shop.env, &shop.campaign);
    let end = "2027-06-01T00:00:00Z";
    let edit = |more: &[&str]| {
        let words = ["campaign", "edit", &*shop.campaign];
        shop.env.mmsg(words.iter().chain(more))
    };
    let words = ["--lifetime-budget", "50000", "--end-time", end, "--name", "Summer"];
    edit(&words).fails(9, "--yes");
    assert_eq!(get(&shop.env, &shop.campaign), before);
    let run = edit(&[&words[..], &["--yes"]].concat()).exits(0);
    assert!(run.stderr.contains("budget from 30.00 USD in total to 500.00 USD in total"), "{run:#?}");
    assert!(run.stderr.contains(&format!("to {end}")) && run.stderr.contains("to \"Summer\""), "{run:#?}");
    let after = get(&shop.env, &shop.campaign);
    assert_eq!(
        (&after["lifetime_budget"], &after["end_time"], &after["name"]),
        (&50_000.into(), &end.into(), &"Summer".into())
    );
    let id = |key: &str| before[key].as_str().unwrap().to_owned();
    assert_eq!(watched.written(), [id("adset_id"), id("campaign_id")]);
    // All of it is there: nothing is asked or written.
    edit(&words).exits(0).says("has all of this already");
    // Too little for the days until the end; the days of a new end count as well.
    edit(&["--lifetime-budget", "5000", "--yes"]).fails(5, "too low");
    edit(&["--end-time", "2030-01-01T00:00:00Z", "--yes"]).fails(5, "too low");
    edit(&["--daily-budget", "500", "--yes"]).fails(2, "only together with the end");
    edit(&["--end-time", "2020-01-01T00:00:00Z", "--yes"]).fails(2, "in the past");
    edit(&["--name", "  ", "--yes"]).fails(2, "empty");
    edit(&["--yes"]).exits(2);
    assert_eq!((get(&shop.env, &shop.campaign), watched.written().len()), (after, 2));
    // With an end the kind changes too.
    edit(&["--daily-budget", "500", "--end-time", end, "--yes"]).exits(0);
    let daily = get(&shop.env, &shop.campaign);
    assert_eq!(
        (&daily["daily_budget"], &daily["lifetime_budget"], &daily["end_time"]),
        (&500.into(), &Value::Null, &end.into())
    );
}

fn the_fifth_change_of_a_budget_within_an_hour_is_not_asked_for() {
    let watched = Watched::open();
    let shop = &watched.shop;
    let edit = |budget: &str| shop.env.mmsg(["campaign", "edit", &shop.campaign, "--lifetime-budget", budget, "--yes"]);
    for budget in ["4000", "5000", "6000", "7000"] {
        edit(budget).exits(0);
    }
    let asked = watched.written().len();
    edit("8000").fails(6, "was changed 4 times within the last hour; nothing was changed").says("run again after 20");
    assert_eq!(watched.written().len(), asked);
    // The name is free.
    shop.env.mmsg(["campaign", "edit", &shop.campaign, "--name", "Summer", "--yes"]).exits(0);
    // What Meta counts and the ledger does not know ends the same way: in an hour one of them is forgotten.
    shop.changes_ledger("delete from edits");
    edit("8000").fails(6, "613/1487632").says("run again at: 20");
    let begun = now();
    let words = ["campaign", "edit", &*shop.campaign, "--lifetime-budget", "8000", "--yes", "-o", "json"];
    let error: Value = serde_json::from_str(shop.env.mmsg(words).exits(6).stderr.lines().last().unwrap()).unwrap();
    let next: jiff::Timestamp = error["next_run_at"].as_str().unwrap().parse().unwrap();
    let minutes = (next.as_millisecond() - begun) as f64 / 60_000.0;
    assert!((59.9..61.0).contains(&minutes), "{minutes}: {error:#}");
    assert_eq!(get(&shop.env, &shop.campaign)["lifetime_budget"], 7000);
    assert_eq!(shop.asks_ledger("select count(*) from edits"), ["0"], "a refused change is not under way");
}

/// Two at once with one change left: one makes it, and the other is not asked for.
fn a_budget_below_what_was_spent_is_not_asked_for() {
    let watched = Watched::with(|options| {
        options.cost = 2000.0;
        (options.webhooks.failed, options.webhooks.delivered) = (0.0, 1.0);
        (options.insights_lag, options.webhooks.delay) = Default::default();
    });
    let shop = &watched.shop;
    let _ = shop.totals(&people(10), &[], 0);
    let asked = watched.written();
    let edit = |budget: &str| shop.env.mmsg(["campaign", "edit", &shop.campaign, "--lifetime-budget", budget, "--yes"]);
    edit("19999")
        .fails(5, "has spent 200.00 USD already, so its budget can't be 199.99 USD; nothing was changed")
        .says("use --lifetime-budget 20000 or more");
    assert_eq!((watched.written(), get(&shop.env, &shop.campaign)["lifetime_budget"].as_u64()), (asked, Some(3000)));
    edit("20000").exits(0);
}

fn of_two_changes_at_once_the_fifth_is_not_asked_for() {
    let watched = Watched::open();
    let shop = &watched.shop;
    let words = |budget: &'static str| ["campaign", "edit", &*shop.campaign, "--lifetime-budget", budget, "--yes"];
    for budget in ["4000", "5000", "6000"] {
        shop.env.mmsg(words(budget)).exits(0);
    }
    let at_once = ["7000", "8000"].map(|budget| shop.env.start("", &words(budget)));
    let runs = at_once.map(Started::ends);
    let codes: BTreeSet<i32> = runs.iter().map(|run| run.code).collect();
    assert_eq!(codes, BTreeSet::from([0, 6]), "{runs:#?}");
    for run in runs.iter().filter(|run| run.code == 6) {
        assert!(run.stderr.contains("was changed 4 times within the last hour; nothing was changed"), "{run:#?}");
    }
    assert_eq!(watched.written().len(), 4);
}

fn a_success_that_changes_nothing_is_no_success() {
    let watched = Watched::open();
    let shop = &watched.shop;
    shop.sandbox.turn(|dials| dials.write_errors = Faults::parse("no-op=100%").unwrap());
    let words = ["campaign", "edit", &*shop.campaign, "--lifetime-budget", "4000", "--yes"];
    shop.env.mmsg(words).fails(11, "read back it is still lifetime_budget 3000");
    shop.sandbox.turn(|dials| dials.write_errors = Faults::default());
    // The next command says what became of it.
    let run = shop.env.mmsg(words).exits(0);
    assert!(run.stderr.contains("to lifetime_budget 4000: it has lifetime_budget 3000"), "{run:#?}");
    assert_eq!(get(&shop.env, &shop.campaign)["lifetime_budget"], 4000);
}

fn an_edit_cut_off_anywhere_is_told_by_the_next_one() {
    let (mut done, mut not_done) = (0, 0);
    for point in ["write.before", "write.after", "request.before", "request.after"] {
        let mut cuts = 0;
        loop {
            let shop = Shop::open();
            let words = ["campaign", "edit", &*shop.campaign, "--lifetime-budget", "4000", "--yes"];
            shop.env.mmsg(["campaign", "pause", &shop.campaign, "--yes"]).exits(0);
            let mut command = shop.env.command(words);
            command.env("MMSG_FAILPOINT", format!("{point}:abort@{}", cuts + 1));
            let run = shop.env.start_command("", command).ends();
            if run.code == 0 {
                break;
            }
            assert_eq!(run.code, 134, "{point} {cuts}: {run:#?}");
            cuts += 1;
            let has = get(&shop.env, &shop.campaign)["lifetime_budget"] == 4000;
            let open = shop.asks_ledger("select count(*) from edits where done = 0") == ["1"];
            let run = shop.env.mmsg(["campaign", "resume", &shop.campaign, "--yes"]).exits(0);
            let told = [
                run.stderr.contains("was changed to lifetime_budget 4000 at"),
                run.stderr.contains("to lifetime_budget 4000: it has lifetime_budget 3000"),
            ];
            assert_eq!(told, [open && has, open && !has], "{point} {cuts}: {run:#?}");
            assert_eq!(shop.asks_ledger("select count(*) from edits where done = 0"), ["0"], "{point} {cuts}");
            let kept = shop.asks_ledger("select count(*) from edits where changes_budget = 1");
            assert_eq!(kept, [u32::from(has).to_string()], "{point} {cuts}");
            done += u32::from(told[0]);
            not_done += u32::from(told[1]);
        }
        assert!(cuts > 0, "{point} is not passed");
    }
    assert!(done >= 2 && not_done >= 2, "{done} {not_done}");
}

on_both! {
    create_if_absent_makes_one_campaign_of_a_name_and_page
    create_if_absent_twice_at_once_makes_one_also_where_the_list_lags
    create_if_absent_goes_on_after_a_lost_answer
    a_paused_campaign_sends_nothing_until_it_is_resumed
    an_edit_reaches_the_objects_that_own_it
    the_fifth_change_of_a_budget_within_an_hour_is_not_asked_for
    a_budget_below_what_was_spent_is_not_asked_for
    of_two_changes_at_once_the_fifth_is_not_asked_for
    a_success_that_changes_nothing_is_no_success
    an_edit_cut_off_anywhere_is_told_by_the_next_one
}
