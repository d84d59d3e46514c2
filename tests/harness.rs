//! The harness itself: its checks can fail.

use std::process::Command;

use crate::common::{APP_SECRET, Env, TOKEN};

fn shown(env: &Env, text: &str) -> std::thread::Result<i32> {
    let output = Command::new("echo").arg(text).output().unwrap();
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| env.judge(&output).code))
}

#[test]
fn a_secret_in_the_output_fails_the_test() {
    let env = Env::new().set("MMSG_PAGE_TOKEN", "EAABof-this-environment");
    for secret in [TOKEN, APP_SECRET, "EAABof-this-environment"] {
        assert!(shown(&env, &format!("it is {secret}.")).is_err());
    }
    assert_eq!(shown(&env, "nothing").unwrap(), 0);
}

#[test]
fn the_environment_is_the_one_of_the_test() {
    let env = Env::new();
    let run = env.mmsg(["config", "path"]).exits(0);
    assert!(run.stdout.trim().starts_with(env.path("").to_str().unwrap()), "{run:#?}");
}
