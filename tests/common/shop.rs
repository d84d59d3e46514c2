//! A shop: a sandbox, an environment that uses it, a campaign and a message.

use std::fs;

use mmsg_sandbox::Options;
use serde_json::{Value, json};

use super::sandbox::Sandbox;
use super::{Env, Run, SUBSCRIPTION_TOKEN, now};

pub struct Shop {
    pub sandbox: Sandbox,
    pub env: Env,
    pub campaign: String,
}

impl Shop {
    pub fn open() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let sandbox = Sandbox::with(change);
        let env = sandbox.environment();
        let campaign = sandbox.create_campaign();
        write_message(&env, "promo.json", &json!({"text": "Half price this week"}));
        Self { sandbox, env, campaign }
    }

    /// A stop or resume of this token, of now.
    pub fn choice(&self, token: &str, status: &str) {
        let page = self.env.variable("MMSG_PAGE");
        let body = json!({ "object": "page", "entry": [{ "id": page, "time": 1, "messaging": [{
            "recipient": { "id": page }, "timestamp": now(),
            "optin": { "type": "notification_messages", "notification_messages_token": token,
                "notification_messages_status": status } }] }] });
        let run = self.env.mmsg_reading(body.to_string(), ["webhook", "ingest", "-", "-o", "json"]).exits(0);
        assert_eq!(run.json()["opt_ins"], 1, "{run:#?}");
    }

    /// `mmsg send` of the shop's message in its campaign, as fast as it can, with this list on stdin and these arguments besides.
    #[must_use = "look at how it ended"]
    pub fn send(&self, list: &[String], args: &[&str]) -> Run {
        self.env.mmsg_reading(list.join("\n") + "\n", self.words(args))
    }

    /// The words of that command, for other ways to run it.
    pub fn words<'w>(&'w self, args: &[&'w str]) -> Vec<&'w str> {
        let mut words = vec!["send", "--campaign", &self.campaign, "--message", "promo.json", "--rate", "unlimited"];
        // A later flag would be a second one of its name.
        for (flag, at) in [("--campaign", 1), ("--message", 3), ("--rate", 5)].into_iter().rev() {
            if args.contains(&flag) {
                words.drain(at..at + 2);
            }
        }
        words.extend(args);
        words
    }

    /// The totals of that command, which must end with this code.
    #[track_caller]
    pub fn totals(&self, list: &[String], args: &[&str], code: i32) -> Value {
        let totals = self.send(list, &[args, &["-o", "json"]].concat()).exits(code).totals();
        let rows: u64 = ["rejected", "duplicates", "accepted", "refused", "skipped", "unknown", "claimed", "pending"]
            .iter()
            .map(|part| totals[part].as_u64().unwrap())
            .sum();
        assert_eq!(totals["rows"], rows, "the totals don't add up to the rows read: {totals:#}");
        assert_eq!(rows, list.len() as u64, "rows were lost: {totals:#}");
        totals
    }

    /// Another campaign of the same Page.
    pub fn other_campaign(&self) -> String {
        self.sandbox.create_campaign()
    }

    pub fn message(&self, file: &str, message: &Value) {
        write_message(&self.env, file, message);
    }

    pub fn ledger(&self) -> std::path::PathBuf {
        self.env.path(".local/share/mmsg/ledger.db")
    }

    /// What the ledger answers, as text; an integer is written in digits.
    #[track_caller]
    pub fn asks_ledger(&self, sql: &str) -> Vec<String> {
        self.env.asks(&self.ledger(), sql)
    }

    /// Changes the ledger behind mmsg's back.
    #[track_caller]
    pub fn changes_ledger(&self, sql: &str) {
        self.env.changes(&self.ledger(), sql);
    }

    /// Makes everything in the ledger older, as if so many hours had passed. When it was restored stays: that is compared with the ages of
    /// campaigns, which are Graph's.
    pub fn let_hours_pass(&self, hours: i64) {
        let ms = hours * 3_600_000;
        let less = |time: &str| format!("{time} = case when {time} < {ms} then 0 else {time} - {ms} end");
        let [blocked_until, not_before, nobody_before] = ["blocked_until", "not_before", "nobody_before"].map(less);
        self.changes_ledger(&format!(
            "update recipients set {blocked_until}, next_eligible_at = next_eligible_at - {ms};
             update sends set claimed_at = claimed_at - {ms}, finished_at = finished_at - {ms},
               {not_before}, first_later_at = first_later_at - {ms};
             update runs set started_at = started_at - {ms}, ended_at = ended_at - {ms};
             update listings set created_at = created_at - {ms}, planned_at = planned_at - {ms};
             update broadcasts set created_at = created_at - {ms}, finished_at = finished_at - {ms};
             update ledger set newest_at = newest_at - {ms}, {nobody_before};"
        ));
    }

    /// Fails unless each of these people got exactly one message, and nobody else any.
    #[track_caller]
    pub fn assert_each_once(&self, list: &[String]) {
        let mut got = self.sandbox.accepted();
        let mut want = list.to_vec();
        got.sort();
        want.sort();
        assert_eq!(got, want);
    }
}

pub fn new_campaign(env: &Env) -> String {
    let run = env.mmsg(["campaign", "create", "--lifetime-budget", "3000", "-o", "json"]).exits(0);
    run.json()["id"].as_str().unwrap().to_owned()
}

pub fn write_message(env: &Env, file: &str, message: &Value) {
    fs::write(env.path(file), message.to_string()).unwrap();
}

/// So many people. All tokens begin with the canary, so that one that leaks is found.
pub fn people(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("{SUBSCRIPTION_TOKEN}{n:06}")).collect()
}
