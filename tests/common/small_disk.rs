//! A disk of its own: a tmpfs in a mount namespace of its own, which ends with this value.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::Env;

pub struct SmallDisk<'e> {
    env: &'e Env,
    /// Holds the namespace, until its stdin is closed.
    holder: Child,
    enter: Vec<String>,
}

impl<'e> SmallDisk<'e> {
    /// A disk of so many KiB at `disk` in the home of `env`; `None` where nobody may mount one, which is said.
    #[expect(clippy::print_stderr, reason = "a test that did not test says so")]
    pub fn mount(env: &'e Env, kib: u64) -> Option<Self> {
        let own_user = !rustix::process::geteuid().is_root();
        let mut command = Command::new("unshare");
        command.arg("--mount").args(own_user.then_some(["--user", "--map-root-user"]).into_iter().flatten());
        let script = "mkdir -p disk && mount -t tmpfs -o size=$0k,mode=700 none disk && echo mounted && exec cat";
        command.args(["sh", "-c", script, &kib.to_string()]).current_dir(env.path(""));
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said != "mounted\n" {
            holder.wait().unwrap();
            // The same with a library in the file system's place is tested wherever this runs.
            eprintln!("not tested here: nobody may mount a tmpfs, with or without a user namespace");
            return None;
        }
        let mut enter = vec!["--mount".to_owned(), format!("--target={}", holder.id())];
        if own_user {
            enter.extend(["--user", "--preserve-credentials"].map(str::to_owned));
        }
        Some(Self { env, holder, enter })
    }

    /// `mmsg` with these words, where the disk is.
    pub fn mmsg(&self, words: &[&str]) -> Command {
        let mmsg = self.env.command(words);
        let mut command = self.sh("exec \"$@\"");
        command.arg(mmsg.get_program()).args(mmsg.get_args()).env_clear();
        command.envs(mmsg.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// What a shell prints at the disk's home; `$@` are further arguments.
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        let output = self.sh(script).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Another program fills the disk.
    pub fn fill(&self) {
        self.shell("cat /dev/zero > disk/filler 2> /dev/null || true");
    }

    /// Copies the disk to a folder outside it.
    pub fn copy_to(&self, folder: &str) -> PathBuf {
        self.shell(&format!("rm -rf {folder} && cp -r disk {folder}"));
        self.env.path(folder)
    }

    fn sh(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(&self.enter).args(["sh", "-c", &format!("cd \"$0\" && {{ {script}; }}")]).arg(self.env.path(""));
        command
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
