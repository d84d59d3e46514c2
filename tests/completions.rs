//! Completions are committed, so that packages need no build to have them; they are what the binary prints.

use std::fs;

use crate::common::{Env, assert_fresh};

#[test]
fn the_committed_completions_are_fresh() {
    for (shell, file) in [
        ("bash", "completions/mmsg.bash"),
        ("zsh", "completions/_mmsg"),
        ("fish", "completions/mmsg.fish"),
        ("elvish", "completions/mmsg.elv"),
    ] {
        let run = Env::new().mmsg(["completions", shell]).exits(0);
        assert!(run.stdout.contains("no-input"), "{shell}");
        assert_fresh(file, &run.stdout);
    }
}

#[test]
fn other_shells_are_refused() {
    Env::new().mmsg(["completions", "powershell"]).exits(2).prints_nothing().says("bash, zsh, fish, elvish");
}

#[test]
fn bash_takes_the_script() {
    let env = Env::new();
    // As an argument it would be too long.
    fs::write(env.path("mmsg.bash"), env.mmsg(["completions", "bash"]).exits(0).stdout).unwrap();
    let line = ". ./mmsg.bash; COMP_WORDS=(mmsg conf); COMP_CWORD=1; _mmsg mmsg conf mmsg; echo \"${COMPREPLY[*]}\"";
    let output = std::process::Command::new("bash").args(["-c", line]).current_dir(env.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "config");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let env = Env::new();
    let page = env.mmsg(["man"]).exits(0);
    assert!(page.stdout.contains(".TH mmsg 1"), "{page:#?}");
    env.mmsg(["man", "--dir", "pages"]).exits(0).prints_nothing();
    assert!(env.path("pages/mmsg.1").exists() && env.path("pages/mmsg-config-show.1").exists());
}
