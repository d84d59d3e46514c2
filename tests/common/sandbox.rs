//! `mmsg sandbox` as a process of its own, on a free port.
#![expect(dead_code, reason = "for the commands that talk to Graph")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::Env;

/// A running sandbox; it ends with this value.
pub struct Sandbox {
    child: Child,
    /// What it says must be set to use it: `MMSG_GRAPH_URL` and others.
    pub variables: Vec<(String, String)>,
}

impl Sandbox {
    /// Starts `mmsg sandbox --port 0` with these arguments besides, and reads the `NAME=value` lines that it prints first.
    pub fn start(env: &Env, args: &[&str]) -> Self {
        let mut command = env.command(["sandbox", "--port", "0"]);
        let mut child = command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The reader may be gone; the pipe is emptied all the same.
                let _ = sender.send(line);
            }
        });
        let mut variables = Vec::new();
        let mut patience = Duration::from_secs(20);
        while let Ok(line) = lines.recv_timeout(patience) {
            let line = line.trim().trim_start_matches("export ");
            if let Some((name, value)) = line.split_once('=')
                && name.starts_with("MMSG_")
            {
                variables.push((name.to_owned(), value.trim_matches(['\'', '"']).to_owned()));
                // The rest comes at once.
                patience = Duration::from_millis(200);
            }
        }
        assert!(variables.iter().any(|(name, _)| name == "MMSG_GRAPH_URL"), "the sandbox told no address");
        Self { child, variables }
    }

    pub fn graph_url(&self) -> &str {
        let url = self.variables.iter().find(|(name, _)| name == "MMSG_GRAPH_URL");
        &url.unwrap().1
    }

    /// An environment that uses this sandbox and nothing else.
    pub fn environment(&self) -> Env {
        self.variables.iter().fold(Env::new(), |env, (name, value)| env.set(name, value.clone()))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
