//! Opens a page in the browser.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use crate::commands::context::Context;
use crate::error::{Error, Result};

/// The browser and whatever starts it get no secret: their environment outlives this process, and others may read it.
///
/// # Errors
/// Exit 2 if no browser can be started.
pub fn open(context: &Context, file: &Path) -> Result<()> {
    let mut last = None;
    for mut command in open::commands(file) {
        let started = command
            .env_clear()
            .envs(context.settings.child_environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is not meant for it.
            .process_group(0)
            .spawn();
        match started {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    let error = Error::usage("can't open a browser").hint(format!("open {} yourself", file.display()));
    Err(match last {
        Some(cause) => error.because(&cause),
        None => error,
    })
}
