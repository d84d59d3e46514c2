//! `mmsg --version` names the commit of a checkout.

use std::path::Path;
use std::process::Command;

use crate::common::{Env, repository};

/// What a program prints, without the settings of whoever runs the tests.
fn printed(command: &mut Command) -> String {
    let output = command.env_remove("GIT_DIR").env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    printed(Command::new("git").arg("-C").arg(folder).args(identity).args(arguments)).trim().to_owned()
}

/// The build script, compiled by itself and run for other folders.
struct BuildScript(tempfile::TempDir);

impl BuildScript {
    fn compile() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut compile = Command::new("rustc");
        compile.args(["--edition", "2024", "-A", "unknown_lints", "-A", "unfulfilled_lint_expectations"]);
        printed(compile.arg("-o").arg(folder.path().join("build")).arg(repository("build.rs")));
        Self(folder)
    }

    /// The version that a package in this folder gets, and the files whose change gives it another.
    fn run(&self, folder: &Path) -> (String, Vec<String>) {
        let mut build = Command::new(self.0.path().join("build"));
        let said = printed(build.env("CARGO_PKG_VERSION", "1.2.3").env("CARGO_MANIFEST_DIR", folder));
        let values = |key: &str| said.lines().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect();
        let versions: Vec<String> = values("cargo::rustc-env=VERSION_AND_COMMIT=");
        assert_eq!(versions.len(), 1, "{said}");
        (versions[0].clone(), values("cargo::rerun-if-changed="))
    }
}

#[test]
fn a_checkout_has_its_commit_and_a_package_has_none() {
    let script = BuildScript::compile();
    let folder = tempfile::tempdir().unwrap();
    let checkout = folder.path();
    assert_eq!(script.run(checkout), ("1.2.3".to_owned(), vec!["build.rs".to_owned()]));

    git(checkout, &["init", "--quiet"]);
    assert_eq!(script.run(checkout).0, "1.2.3", "no commit yet");
    git(checkout, &["commit", "--quiet", "--allow-empty", "-m", "One"]);
    let version = |commit: String| format!("1.2.3 ({commit})");
    assert_eq!(script.run(checkout).0, version(git(checkout, &["rev-parse", "--short=7", "HEAD"])));

    // Each watched file exists, or Cargo would run the script for every build; one of them shows the next commit.
    let (before, watched) = script.run(checkout);
    let contents = || watched[1..].iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>();
    let old = contents();
    git(checkout, &["pack-refs", "--all"]);
    git(checkout, &["commit", "--quiet", "--allow-empty", "-m", "Two"]);
    assert_ne!(contents(), old);
    assert_ne!(script.run(checkout).0, before);

    git(checkout, &["worktree", "add", "--quiet", "tree"]);
    assert_eq!(script.run(&checkout.join("tree")).0, version(git(checkout, &["rev-parse", "--short=7", "HEAD"])));

    let package = checkout.join("target/package/mmsg-1.2.3");
    std::fs::create_dir_all(&package).unwrap();
    assert_eq!(script.run(&package).0, "1.2.3", "a package inside another repository");
}

#[test]
fn the_version_names_a_commit_of_this_checkout() {
    let printed = Env::new().mmsg(["--version"]).exits(0).stdout;
    let version = printed.trim().strip_prefix("mmsg ").unwrap();
    match version.strip_prefix(env!("CARGO_PKG_VERSION")).unwrap().trim() {
        "" => assert!(!repository(".git").exists(), "{printed}"),
        commit => {
            let commit = commit.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap();
            let whole = git(&repository(""), &["rev-parse", &format!("{commit}^{{commit}}")]);
            assert!(commit.len() >= 7 && whole.starts_with(commit), "{printed}");
        }
    }
}
