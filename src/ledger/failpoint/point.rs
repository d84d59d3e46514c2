//! `MMSG_FAILPOINT=step.after:abort@3` ends the process when it has committed its third step; `error` in place of `abort`
//! is an I/O error at that moment.
//!
//! Nothing else names the variable, and this file needs no other: `tests/run` compiles it alone, as a release has it, and looks for that name.

/// Every fail-point; `tests/failpoints.rs` passes through each of them.
pub const NAMES: [&str; 14] = [
    "migrate.before",
    "migrate.after",
    "write.before",
    "write.after",
    "plan.before",
    "plan.after",
    "step.before",
    "step.after",
    "import.before",
    "import.after",
    "spool.add",
    "spool.finish",
    "request.before",
    "request.after",
];

/// What comes next happens, unless a test says otherwise.
#[cfg(not(debug_assertions))]
#[inline]
pub fn hit(_name: &str) -> std::io::Result<()> {
    Ok(())
}

/// What comes next happens, unless a test says otherwise.
#[cfg(debug_assertions)]
pub fn hit(name: &str) -> std::io::Result<()> {
    debug_assert!(NAMES.contains(&name), "{name} is not a fail-point");
    armed::pass(name)
}

#[cfg(debug_assertions)]
mod armed {
    use std::io;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Armed {
        name: String,
        abort: bool,
        /// Passes that are left, this one included.
        passes: AtomicU64,
    }

    /// One for the whole process: the ledger's thread and the network's tasks share it.
    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "no setting: it does not exist in a release build")]
        let text = std::env::var("MMSG_FAILPOINT").ok()?;
        let (name, what) = text.split_once(':')?;
        let (kind, pass) = what.split_once('@').unwrap_or((what, "1"));
        let abort = kind == "abort";
        debug_assert!(abort || kind == "error", "{text}");
        Some(Armed { name: name.to_owned(), abort, passes: AtomicU64::new(pass.parse().ok()?) })
    });

    pub fn pass(name: &str) -> io::Result<()> {
        let Some(armed) = ARMED.as_ref().filter(|armed| armed.name == name) else { return Ok(()) };
        if armed.passes.fetch_sub(1, Ordering::Relaxed) != 1 {
            return Ok(());
        }
        if armed.abort {
            std::process::abort();
        }
        Err(io::Error::other(format!("fail-point {name}")))
    }
}
