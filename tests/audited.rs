//! `mmsg audit` has every change that was made at Meta: also the first one that a ledger hears of, and one that was cut off. The judge is the
//! sandbox's record of calls.

use serde_json::Value;
use tempfile::TempDir;

use crate::common::engine::on_both;
use crate::common::sandbox::lines_of;
use crate::common::shop::Shop;
use crate::common::{Run, repository};

/// A shop whose sandbox writes down every call, and that has no ledger yet.
struct Watched {
    shop: Shop,
    calls: TempDir,
}

impl Watched {
    fn open() -> Self {
        let calls = tempfile::tempdir().unwrap();
        let file = calls.path().join("calls.ndjson");
        let shop = Shop::with(|options| options.calls = Some(file));
        Self { shop, calls }
    }

    fn command(&self, words: &str) -> Run {
        self.shop.env.mmsg(self.words(words))
    }

    fn words(&self, words: &str) -> Vec<String> {
        words.replace("CAMPAIGN", &self.shop.campaign).split(' ').map(str::to_owned).collect()
    }

    /// How often Meta was asked to change something besides the shop's own campaign, which somebody else made.
    fn writes(&self) -> usize {
        let calls = lines_of(&self.calls.path().join("calls.ndjson"));
        calls.iter().filter(|call| call["method"] != "GET").count() - 1
    }

    /// Command and text of each change.
    fn audit(&self) -> Vec<(String, String)> {
        let rows = self.shop.env.mmsg(["audit", "-o", "json"]).exits(0).json();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.as_array().unwrap().iter().map(|row| (text(row, "command"), text(row, "what"))).collect()
    }
}

/// Every command that changes Meta (those that send are told by `broadcast list`), how often it asks for that, and how the audit tells it.
const CHANGES: [(&str, usize, &str, &str); 7] = [
    (
        "campaign create --name Spring --lifetime-budget 3000",
        1,
        "campaign create",
        "\"Spring\" of Page PAGE: 30.00 USD in total",
    ),
    ("campaign edit CAMPAIGN --lifetime-budget 5000 --yes", 1, "campaign edit", "campaign CAMPAIGN: "),
    ("campaign pause CAMPAIGN --yes", 1, "campaign edit", "campaign CAMPAIGN: "),
    ("campaign resume CAMPAIGN --yes", 1, "campaign edit", "campaign CAMPAIGN: "),
    ("campaign delete CAMPAIGN --yes", 1, "campaign delete", "campaign CAMPAIGN"),
    ("webhook subscribe --fields marketing_message_reads", 1, "webhook subscribe", "added marketing_message_reads"),
    (
        "tokens unsubscribe --psid 1 --yes",
        1,
        "tokens unsubscribe",
        "1 person of Page PAGE, 1 not used by Meta; 0 tokens",
    ),
];

const UNKNOWN: &str = "asked for, answer unknown: ";

fn a_change_that_is_the_first_that_a_ledger_hears_of_is_in_the_audit() {
    for (words, writes, command, what) in CHANGES {
        let watched = Watched::open();
        let shop = &watched.shop;
        if words.contains("resume") {
            let get = shop.env.mmsg(["campaign", "get", &shop.campaign, "-o", "json"]).exits(0).json();
            shop.sandbox.switch(get["campaign_id"].as_str().unwrap(), "PAUSED");
        }
        let before = watched.writes();
        let run = watched.command(words);
        assert!(matches!(run.code, 0 | 8), "{words}: {run:#?}");
        assert_eq!(watched.writes() - before, writes, "{words}");
        let audit = watched.audit();
        assert_eq!(audit.len(), writes, "{words}: {audit:#?}");
        let what = what.replace("PAGE", &shop.env.variable("MMSG_PAGE")).replace("CAMPAIGN", &shop.campaign);
        assert!(audit.iter().all(|(by, text)| by == command && text.contains(&what)), "{words}: {audit:#?}");
        assert!(audit.iter().all(|(_, text)| !text.contains(UNKNOWN)), "{words}: {audit:#?}");
    }
}

/// Those that no later command settles say what is not known of them.
fn a_change_that_was_cut_off_is_in_the_audit_and_one_that_meta_refused_is_not() {
    for (words, _, command, _) in
        CHANGES.iter().filter(|(_, _, command, _)| !matches!(*command, "campaign edit" | "campaign delete"))
    {
        for (point, asked) in [("request.before", 0), ("request.after", 1)] {
            let watched = Watched::open();
            let mut cut = watched.shop.env.command(watched.words(words));
            cut.env("MMSG_FAILPOINT", format!("{point}:abort"));
            watched.shop.env.start_command("", cut).ends().exits(134);
            assert_eq!(watched.writes(), asked, "{words} {point}");
            let audit = watched.audit();
            assert!(
                matches!(&audit[..], [(by, what)] if by == command && what.starts_with(UNKNOWN)),
                "{words}: {audit:#?}"
            );
        }
    }
    let watched = Watched::open();
    for words in ["webhook subscribe --fields no_such_field", "campaign create --page 999 --lifetime-budget 3000"] {
        let before = watched.writes();
        assert!(matches!(watched.command(words).code, 4 | 5), "{words}");
        assert_eq!((watched.writes() - before, watched.audit()), (1, Vec::new()), "{words}");
    }
}

#[test]
fn no_other_call_changes_meta() {
    // `edits` and `deletions` of the ledger are its own proof; a new one belongs in CHANGES.
    let mut writes = Vec::new();
    for entry in std::fs::read_dir(repository("src/graph")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let asks = text.lines().filter(|line| line.contains("Method::POST") || line.contains("Method::DELETE"));
        writes.extend(asks.map(|_| path.file_stem().unwrap().to_str().unwrap().to_owned()));
    }
    writes.sort();
    assert_eq!(writes, ["campaigns", "campaigns", "edits", "sender", "subscriptions", "tokens"]);
}

on_both! {
    a_change_that_is_the_first_that_a_ledger_hears_of_is_in_the_audit
    a_change_that_was_cut_off_is_in_the_audit_and_one_that_meta_refused_is_not
}
