//! The README is true: its tour runs, and its tables have every command and every exit code.

use std::process::{Command, Stdio};

use crate::common::Env;

const README: &str = include_str!("../README.md");

#[test]
fn every_command_is_in_the_table() {
    let help = Env::new().mmsg(["--help"]).exits(0).stdout;
    let commands =
        help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 10, "{help}");
    for name in &names {
        assert!(README.contains(&format!("| `mmsg {name}` |")), "{name} is missing");
    }
    let table = README.lines().filter(|line| line.starts_with("| `mmsg "));
    for line in table {
        let name = line.trim_start_matches("| `mmsg ").split('`').next().unwrap();
        assert!(names.contains(&name), "{name} is no command");
    }
}

#[test]
fn every_exit_code_is_in_the_table() {
    for code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "130, 143"] {
        assert!(README.contains(&format!("\n| {code} | ")), "{code} is missing");
    }
}

#[test]
fn the_tour_runs_as_it_stands() {
    let tour = README.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    // Any free port will do.
    let tour = tour.replace("--port 8123", "--port 0");
    let env = Env::new();
    let script = format!("set -e\n{tour}\nkill %1 2>/dev/null || kill $!\n");
    let mmsg = env.command(["--version"]).get_program().to_owned();
    let folder = std::path::Path::new(&mmsg).parent().unwrap().to_owned();
    let mut command = Command::new("bash");
    command.arg("-c").arg(script).current_dir(env.path("")).stdin(Stdio::null()).env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    for (name, value) in env.command(["--version"]).get_envs() {
        if let Some(value) = value.filter(|_| name != "PATH") {
            command.env(name, value);
        }
    }
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.matches("\"state\":\"accepted\"").count(), 2, "{out}\n{err}");
    assert!(out.contains("requests of this run  0"), "{out}\n{err}");
    assert_eq!(std::fs::read_to_string(env.path("truth.ndjson")).unwrap().lines().count(), 2);
}
