//! What happens with the totals when a send has ended, besides printing them: metrics in a file, and a command that is told.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::clock::UnixMillis;
use crate::commands::context::Context;
use crate::commands::output::{Kind, Outputs};
use crate::config::Settings;
use crate::error::Result;
use crate::text::prometheus::{self, Labels, Metrics};
use crate::ui::Ui;

const METRICS: &str = "--metrics";

/// How long a command may take that is told.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(clap::Args, Clone, Debug, Default)]
pub struct FinishArgs {
    /// When the run ends, write its totals to FILE as Prometheus metrics, for the textfile collector of node_exporter. Everybody can read
    /// it: it holds counts only.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    metrics: Option<PathBuf>,
    /// When the run ends, run COMMAND with sh, the totals as one JSON object on its stdin; it gets no secrets, and 60 seconds. What it does
    /// never changes the exit code.
    #[arg(long, value_name = "COMMAND", conflicts_with = "dry_run")]
    on_finish: Option<String>,
}

/// The totals of one business.
pub struct Told {
    pub profile: Option<String>,
    pub page: Option<String>,
    pub totals: Value,
}

impl FinishArgs {
    /// # Errors
    /// Exit 2 if the file must not be written.
    pub fn expect(&self, outputs: &mut Outputs) -> Result<()> {
        self.metrics.as_deref().map_or(Ok(()), |path| outputs.expect(METRICS, path, Kind::Metrics))
    }
}

/// What was asked for, and what it needs.
pub struct Finish<'a> {
    pub args: &'a FinishArgs,
    pub outputs: &'a Outputs,
    /// Of the command that is told.
    pub environment: Vec<(OsString, OsString)>,
}

impl<'a> Finish<'a> {
    pub fn of(args: &'a FinishArgs, outputs: &'a Outputs, settings: &Settings) -> Self {
        Self { args, outputs, environment: environment(settings) }
    }

    /// Of a send for one business.
    pub fn tell_one(&self, context: &Context, now: UnixMillis, totals: &Value) {
        if self.args.metrics.is_none() && self.args.on_finish.is_none() {
            return;
        }
        let told = Told {
            profile: context.settings.profile.as_ref().map(|profile| profile.value.clone()),
            page: context.settings.page.as_ref().map(|page| page.value.to_string()),
            totals: totals.clone(),
        };
        self.tell(&context.ui, now, &[told], totals);
    }

    /// `whole` is what the command is told. What fails is a warning: the sends are done.
    pub fn tell(&self, ui: &Ui, now: UnixMillis, businesses: &[Told], whole: &Value) {
        if let Some(path) = &self.args.metrics
            && let Err(error) = self.outputs.publish(METRICS, path, Kind::Metrics, metrics(businesses, now).as_bytes())
        {
            ui.warn(&error.to_string());
        }
        if let Some(command) = &self.args.on_finish {
            match run(command, &self.environment, &whole.to_string(), PATIENCE) {
                Ok(Some(status)) if status.success() => {}
                Ok(Some(status)) => ui.warn(&format!("--on-finish: the command failed ({status})")),
                Ok(None) => ui.warn(&format!("--on-finish: the command was stopped after {} s", PATIENCE.as_secs())),
                Err(error) => ui.warn(&format!("--on-finish: can't run the command: {error}")),
            }
        }
    }
}

/// All variables but those with secrets.
pub fn environment(settings: &Settings) -> Vec<(OsString, OsString)> {
    settings.child_environment().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Runs it with this text on stdin; its stdout goes to stderr, since ours is data. `None`: it took too long.
fn run(
    command: &str,
    environment: &[(OsString, OsString)],
    text: &str,
    patience: Duration,
) -> io::Result<Option<ExitStatus>> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(io::stderr().as_fd().try_clone_to_owned()?)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let text = format!("{text}\n");
        // It may not read: then nobody must wait for it here.
        thread::spawn(move || stdin.write_all(text.as_bytes()));
    }
    wait(&mut child, Instant::now() + patience)
}

fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Name, help, and where the number is in the totals.
const GAUGES: [(&str, &str, &str); 8] = [
    ("mmsg_send_requests", "Requests of the last run.", "/this_run/requests"),
    ("mmsg_send_accepted", "Messages that Meta accepted in the last run.", "/this_run/accepted"),
    ("mmsg_send_refused", "Recipients that Meta refused in the last run.", "/this_run/refused"),
    ("mmsg_send_unknown", "Sends of the last run whose result is not known.", "/this_run/unknown"),
    ("mmsg_send_pending", "Rows that wait after the last run.", "/pending"),
    ("mmsg_send_skipped", "Rows of the last run that were skipped.", "/skipped"),
    ("mmsg_ledger_unknown", "All unknown sends in the ledger.", "/unknown_in_ledger"),
    ("mmsg_send_exit_code", "How the last run ended.", "/exit_code"),
];

/// The totals, for Prometheus.
fn metrics(businesses: &[Told], now: UnixMillis) -> String {
    let mut metrics = Metrics::default();
    let mut add = |name: &str, help: &str, value: &dyn Fn(&Told) -> Option<String>| {
        let values = businesses.iter().filter_map(|told| Some((labels(told), value(told)?)));
        metrics.add(prometheus::Kind::Gauge, name, help, values);
    };
    for (name, help, place) in GAUGES {
        add(name, help, &|told| Some(told.totals.pointer(place)?.as_u64()?.to_string()));
    }
    let seconds = now.0.div_euclid(1000).to_string();
    add("mmsg_send_ended_timestamp_seconds", "When the last run ended.", &|_| Some(seconds.clone()));
    add("mmsg_send_next_run_timestamp_seconds", "When the rows that wait may go out.", &|told| {
        let at: jiff::Timestamp = told.totals.pointer("/next_run_at")?.as_str()?.parse().ok()?;
        Some(at.as_second().to_string())
    });
    metrics.into_text()
}

fn labels(told: &Told) -> Labels<'_> {
    [("profile", &told.profile), ("page", &told.page)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metrics_are_counts_by_profile_and_page() {
        let told = |profile: &str, accepted: u64, next: Value| Told {
            profile: Some(profile.to_owned()),
            page: Some("61".to_owned()),
            totals: json!({ "this_run": { "accepted": accepted }, "exit_code": 6, "next_run_at": next }),
        };
        let text =
            metrics(&[told("a", 5, Value::Null), told("b \"x\"", 7, json!("2026-12-01T00:00:00Z"))], UnixMillis(9999));
        assert_eq!(
            text,
            "# HELP mmsg_send_accepted Messages that Meta accepted in the last run.\n# TYPE mmsg_send_accepted gauge\n\
             mmsg_send_accepted{profile=\"a\",page=\"61\"} 5\nmmsg_send_accepted{profile=\"b \\\"x\\\"\",page=\"61\"} 7\n\
             # HELP mmsg_send_exit_code How the last run ended.\n# TYPE mmsg_send_exit_code gauge\n\
             mmsg_send_exit_code{profile=\"a\",page=\"61\"} 6\nmmsg_send_exit_code{profile=\"b \\\"x\\\"\",page=\"61\"} 6\n\
             # HELP mmsg_send_ended_timestamp_seconds When the last run ended.\n# TYPE mmsg_send_ended_timestamp_seconds gauge\n\
             mmsg_send_ended_timestamp_seconds{profile=\"a\",page=\"61\"} 9\n\
             mmsg_send_ended_timestamp_seconds{profile=\"b \\\"x\\\"\",page=\"61\"} 9\n\
             # HELP mmsg_send_next_run_timestamp_seconds When the rows that wait may go out.\n\
             # TYPE mmsg_send_next_run_timestamp_seconds gauge\n\
             mmsg_send_next_run_timestamp_seconds{profile=\"b \\\"x\\\"\",page=\"61\"} 1796083200\n"
        );
    }

    #[test]
    fn a_command_that_hangs_or_does_not_read_is_not_waited_for() {
        let path = (OsString::from("PATH"), OsString::from("/usr/bin:/bin"));
        let ended = |command: &str, patience| {
            run(command, std::slice::from_ref(&path), &"x".repeat(1 << 20), patience).unwrap()
        };
        let long = Duration::from_secs(60);
        assert_eq!(ended("exit 3", long).unwrap().code(), Some(3));
        assert!(ended("cat > /dev/null", long).unwrap().success());
        assert!(ended("exec sleep 600", Duration::from_millis(50)).is_none());
    }
}
