//! Gives `mmsg --version` the commit of the checkout that it is built from.
#![expect(clippy::disallowed_methods, reason = "Cargo passes values as variables")]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let version = match commit_of(&folder) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    };
    println!("cargo::rustc-env=VERSION_AND_COMMIT={version}");
}

/// The abbreviated commit, if this folder is the root of a checkout. A packaged crate inside another repository is not.
fn commit_of(folder: &str) -> Option<String> {
    if !Path::new(folder).join(".git").exists() {
        return None;
    }
    // HEAD changes with the branch; its log grows with each commit, also where the branch is in packed-refs.
    for file in ["HEAD", "logs/HEAD"] {
        let path = Path::new(folder).join(git(folder, &["rev-parse", "--git-path", file])?);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(folder, &["rev-parse", "--short=7", "HEAD"])
}

/// What git prints; `None` without git, or if it fails.
fn git(folder: &str, arguments: &[&str]) -> Option<String> {
    // A git hook that builds sets this for its own repository.
    let output = Command::new("git").args(arguments).current_dir(folder).env_remove("GIT_DIR").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
