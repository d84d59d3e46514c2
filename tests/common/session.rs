//! What commands print, committed as a session.

use regex_lite::Regex;

use super::{Env, Run, assert_fresh};

/// A session as it is committed: what differs from run to run is made the same.
#[derive(Default)]
pub struct Session(pub String);

impl Session {
    /// Runs a command with nothing on stdin.
    pub fn run(&mut self, env: &Env, args: &[&str]) {
        self.run_reading(env, "", args);
    }

    pub fn run_reading(&mut self, env: &Env, stdin: &str, args: &[&str]) {
        let run = env.mmsg_reading(stdin, args);
        let quoted: Vec<String> = args.iter().map(|word| quoted(word)).collect();
        self.add(env, &format!("mmsg {}", quoted.join(" ")), &run);
    }

    pub fn add(&mut self, env: &Env, command: &str, run: &Run) {
        let end = if run.code == 0 { String::new() } else { format!("[exit {}]\n", run.code) };
        let text = format!("$ {command}\n{}{}{end}\n", run.stdout, run.stderr);
        self.0.push_str(&settled(&text, env));
    }

    pub fn is_committed_as(&self, name: &str) {
        assert_fresh(&format!("tests/snapshots/errors/{name}.txt"), &self.0);
    }
}

/// The word as a shell needs it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("'{word}'") }
}

/// Homes, ports, times and trace ids made the same.
fn settled(text: &str, env: &Env) -> String {
    let home = env.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let mut text = text.replace(&home, "/home/me");
    for (pattern, same) in [
        (r"Page (\d+) \d{4}-\d\d-\d\d", "Page $1 DATE"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"fbtrace_id:? \S+", "fbtrace_id TRACE"),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, same).into_owned();
    }
    text
}
