//! `mmsg demo`: the whole job on the sandbox, every command as an operator would type it, with its real output.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde::Serialize;

use crate::error::{Error, Exit, Result};
use crate::ledger::Ledger;
use crate::sandbox::{self, Dials, Options, Running};
use crate::ui::Ui;
use crate::ui::table::Record;

/// People on the list.
const PEOPLE: usize = 300;
/// Of them: tokens that are dead, people who opted out, people who can't be reached today.
const DEAD: usize = 6;
const OPTED_OUT: usize = 4;
const NOT_TODAY: usize = 5;
/// How many sends are accepted and their answer lost: the doubt that a network makes.
const LOST_REPLIES: f64 = 0.03;

/// Run the whole job on this machine: campaign, message, list, send, rerun, and the proof that nobody got it twice.
///
/// Starts a sandbox in this process and works in a temporary folder. Nothing leaves the machine, no account is needed.
#[derive(clap::Args, Debug)]
pub struct Args {}

pub async fn run(ui: &Ui, _args: Args) -> Result<Exit> {
    let folder = tempfile::Builder::new()
        .prefix("mmsg-demo-")
        .tempdir()
        .map_err(|error| Error::ledger("can't make a folder for the demo").because(&error))?;
    let tokens = write_list(folder.path())?;
    let sandbox = sandbox::start(options(&tokens)?).await?;
    let stage = Stage { ui, folder: folder.path(), sandbox: &sandbox };
    ui.text(
        "The whole job against a Graph host on this machine. Some answers get lost on purpose, some people are gone.",
    )?;

    let created =
        stage.step("A campaign with a budget of 30 dollars.", "campaign create --lifetime-budget 3000", &[0]).await?;
    let campaign = created
        .lines()
        .find_map(|line| line.strip_prefix("id"))
        .map(str::trim)
        .ok_or_else(|| Error::internal("campaign create printed no id"))?
        .to_owned();
    stage.step("It is there, and active.", "campaign list", &[0]).await?;
    let message = stage
        .step(
            "The message, as the API takes it.",
            "message build --title 'Summer sale' --subtitle 'All shoes at half price' --image-url https://example.com/shoe.png \
             --button 'Shop now=https://example.com/sale'",
            &[0],
        )
        .await?;
    write(&folder.path().join("promo.json"), &message)?;
    stage.step("Held against Meta's limits.", "message validate promo.json", &[0]).await?;
    stage.step("As people will see it.", "message preview --local promo.json", &[0]).await?;
    stage.step("Meta's own picture of it.", "message preview promo.json", &[0]).await?;
    stage.step("The list gets a name.", "tokens import tokens.csv --audience summer", &[0]).await?;
    let send = format!("send --campaign {campaign} --message promo.json --audience summer");
    stage.step("What would happen?", &format!("{send} --dry-run"), &[0]).await?;
    let note = "Send. Exit code 6: some people can't be reached today; cron would come again.";
    stage.step(note, &format!("{send} --rate 200"), &[6]).await?;
    stage.step("The same again: nobody gets it twice, no request leaves.", &send, &[6]).await?;
    stage.step("Answers that were lost are doubt, not retries.", "unknown list", &[0]).await?;
    stage.step("Where everything stands.", "broadcast list", &[0]).await?;
    stage.step("What a refusal means.", "explain 2300004", &[0]).await?;
    stage
        .step("The campaign goes; who still waited is called off.", &format!("campaign delete {campaign} --yes"), &[0])
        .await?;

    ui.text("\nThe sandbox's own record against the ledger:\n")?;
    let proof = Proof::of(&sandbox, &folder.path().join("data/mmsg/ledger.db"))?;
    ui.object(&proof)?;
    sandbox.stop().await;
    if proof.holds() {
        ui.text("\nEvery message that was accepted is accepted or unknown in the ledger, and nobody got two.")?;
        Ok(Exit::Done)
    } else {
        Err(Error::internal("the sandbox's record and the ledger differ"))
    }
}

fn options(tokens: &[String]) -> Result<Options> {
    let mut faults = String::new();
    let kinds = [(DEAD, "2300004"), (OPTED_OUT, "2300034"), (NOT_TODAY, "2300036")];
    // Spread over the list, so that dead tokens are no burst.
    let mut people = tokens.iter().skip(20).step_by(17);
    for (count, code) in kinds {
        for token in people.by_ref().take(count) {
            faults.push_str(&format!("{token},{code}\n"));
        }
    }
    let dials =
        Dials { error_tokens: Dials::parse_error_tokens(&faults)?, lost_replies: LOST_REPLIES, ..Dials::default() };
    Ok(Options { dials, ..Options::with_seed(26) })
}

/// A list as an export makes it: other columns, and somebody twice.
fn write_list(folder: &Path) -> Result<Vec<String>> {
    let mut random = fastrand::Rng::with_seed(26);
    let tokens: Vec<String> = (0..PEOPLE).map(|_| format!("{:019}", random.u64(1 << 60..1 << 62))).collect();
    let rows: String = tokens.iter().chain(tokens.first()).map(|token| format!("{token},en_US\r\n")).collect();
    write(&folder.join("tokens.csv"), &format!("subscription_token,locale\r\n{rows}"))?;
    Ok(tokens)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::ledger(format!("can't write {}", path.display())).because(&error))
}

struct Stage<'a> {
    ui: &'a Ui,
    folder: &'a Path,
    sandbox: &'a Running,
}

impl Stage<'_> {
    /// Shows a command, runs it as a process of its own, shows what it printed; what it printed on stdout comes back.
    async fn step(&self, note: &str, line: &str, expected: &[i32]) -> Result<String> {
        self.ui.text(&format!("\n# {note}\n$ mmsg {line}"))?;
        let output = self.process(line).await?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr);
        for part in [stdout.as_str(), &stderr] {
            if !part.trim().is_empty() {
                self.ui.text(part.trim_end())?;
            }
        }
        let code = output.status.code().unwrap_or(-1);
        if code != 0 {
            self.ui.text(&format!("(exit code {code})"))?;
        }
        if !expected.contains(&code) {
            return Err(Error::internal(format!("mmsg {line} ended with {code}, not {expected:?}")));
        }
        Ok(stdout)
    }

    /// A child with an environment of its own. The runtime serves the sandbox meanwhile.
    async fn process(&self, line: &str) -> Result<Output> {
        let failed = |error: std::io::Error| Error::internal("can't run mmsg itself").because(&error);
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command
            .args(words(line))
            .env_clear()
            .env("HOME", self.folder)
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("XDG_DATA_HOME", self.folder.join("data"))
            .envs(self.sandbox.environment())
            .current_dir(self.folder)
            .stdin(Stdio::null());
        let done = tokio::task::spawn_blocking(move || command.output()).await;
        done.map_err(|error| Error::internal("a worker thread failed").because(&error))?.map_err(failed)
    }
}

/// Splits a line as a shell does, as far as this demo's lines need it: white space, and single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The sandbox's record against the ledger.
#[derive(Serialize)]
struct Proof {
    recorded: u64,
    accepted: u64,
    unknown: u64,
    refused: u64,
    skipped: u64,
    people: u64,
    twice: u64,
}

impl Proof {
    fn of(sandbox: &Running, ledger: &Path) -> Result<Self> {
        let record = sandbox.accepted();
        let different: HashSet<&str> = record.iter().map(|send| &*send.token).collect();
        let (ledger, _) = Ledger::open(ledger)?;
        let standing = ledger.standing_of_broadcast(1)?;
        Ok(Self {
            recorded: record.len() as u64,
            accepted: standing.accepted,
            unknown: standing.unknown,
            refused: standing.refused,
            skipped: standing.skipped_in_all(),
            people: standing.in_all(),
            twice: (record.len() - different.len()) as u64,
        })
    }

    fn holds(&self) -> bool {
        self.recorded == self.accepted + self.unknown && self.twice == 0 && self.people == PEOPLE as u64
    }
}

impl Record for Proof {
    const PLURAL: &'static str = "proofs";
    const COLUMNS: &'static [&'static str] = &[
        "sends in the sandbox's record",
        "accepted in the ledger",
        "unknown in the ledger",
        "accepted + unknown",
        "refused",
        "skipped (called off, or opted out before)",
        "people on the list",
        "people with two messages",
    ];

    fn cells(&self) -> Vec<String> {
        [
            self.recorded,
            self.accepted,
            self.unknown,
            self.accepted + self.unknown,
            self.refused,
            self.skipped,
            self.people,
            self.twice,
        ]
        .iter()
        .map(u64::to_string)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_line_is_split_as_a_shell_splits_it() {
        assert_eq!(words("a 'b c'  --d 'e=f g' h"), ["a", "b c", "--d", "e=f g", "h"]);
    }
}
