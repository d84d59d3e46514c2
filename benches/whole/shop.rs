//! What the figures need: a folder, token lists, and commands with an ad account.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use crate::Plan;
use crate::floor::{Floor, PAGE};

pub struct Shop {
    pub plan: Plan,
    home: TempDir,
}

impl Shop {
    pub fn new(plan: Plan) -> Self {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let card = json!({
            "title": "Summer sale", "subtitle": "Everything must go", "image_url": "https://example.com/sale.png",
            "buttons": [{"type": "web_url", "url": "https://example.com", "title": "Shop now"}],
        });
        let payload = json!({"template_type": "generic", "elements": [card]});
        let message = json!({"attachment": {"type": "template", "payload": payload}});
        fs::write(home.path().join("message"), message.to_string()).unwrap();
        Self { plan, home }
    }

    /// A folder for one round, removed with its contents.
    pub fn round(&self) -> TempDir {
        tempfile::tempdir_in(self.home.path()).unwrap()
    }

    pub fn message(&self) -> PathBuf {
        self.home.path().join("message")
    }

    /// `mmsg` with an environment of its own; its output is discarded.
    pub fn mmsg(&self, ledger: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmsg"));
        command.env_clear().env("HOME", self.home.path()).env("MMSG_LEDGER", ledger.as_ref()).stdout(Stdio::null());
        command
    }

    /// `mmsg send` to the floor server, as fast as possible.
    pub fn send(&self, floor: &Floor, ledger: impl AsRef<OsStr>) -> Command {
        self.send_with(floor, ledger, self.plan.concurrency)
    }

    /// The same with so many requests in flight.
    pub fn send_with(&self, floor: &Floor, ledger: impl AsRef<OsStr>, concurrency: usize) -> Command {
        let mut command = self.send_as_it_is(floor, ledger);
        command.arg("--concurrency").arg(concurrency.to_string());
        command
    }

    /// The same with as many requests in flight as it has unless told otherwise.
    pub fn send_as_it_is(&self, floor: &Floor, ledger: impl AsRef<OsStr>) -> Command {
        let mut command = self.mmsg(ledger);
        command.env("MMSG_GRAPH_URL", floor.url()).env("MMSG_TOKEN", "floor");
        command.env("MMSG_AD_ACCOUNT", "act_77").env("MMSG_PAGE", PAGE);
        command.args(["send", "--rate", "unlimited", "-o", "ndjson"]);
        command
    }

    /// The same with a list.
    pub fn send_list(&self, floor: &Floor, ledger: impl AsRef<OsStr>, list: &Path) -> Command {
        let mut command = self.send(floor, ledger);
        command.args(["--campaign", "1", "--message"]).arg(self.message()).arg(list);
        command
    }
}

/// Writes `n` tokens, different for each `seed`, in random order.
pub fn write_list(path: &Path, n: usize, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut list = BufWriter::new(fs::File::create(path).unwrap());
    writeln!(list, "subscription_token").unwrap();
    for _ in 0..n {
        writeln!(list, "{:019}", random.u64(..1 << 62)).unwrap();
    }
    list.flush().unwrap();
}
