//! Where the log goes besides stderr: to the files that `--log-file` and profiles name.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::context::Invocation;
use super::output::{Kind, Outputs};
use crate::cli;
use crate::clock::Clock;
use crate::config::{Origin, Settings, Sourced};
use crate::error::{Error, Result};
use crate::log::{Log, LogFile};
use crate::secret::Redactor;
use crate::text::count;
use crate::ui::Ui;

const FLAG: &str = "--log-file";
const KEY: &str = "log_file";

/// What a refusal says of the command.
const NOTHING: &str = "nothing was done";

/// The log of this process, without a file.
pub fn begin(ui: &Ui, verbosity: u8, redactor: Redactor, clock: Clock) -> Log {
    let ui = ui.clone();
    Log::new(verbosity, Box::new(move |at, line| ui.logged(at, line)), redactor, clock)
}

impl Invocation<'_> {
    /// Opens the file that the flag names, for a command that may have no settings.
    ///
    /// # Errors
    /// Exit 2 if it can't or must not be written.
    pub fn log_by_flag(&self) -> Result<()> {
        let Some(path) = &self.global.log_file else { return Ok(()) };
        let path = std::path::absolute(path)
            .map_err(|error| Error::usage(format!("{FLAG} {} is not a valid path", path.display())).because(&error))?;
        let mut outputs = Outputs::of_nothing(self.ui, false, NOTHING);
        outputs.protect_profiles(self.environment);
        self.open_log(&mut outputs, FLAG, &path, None)
    }

    /// Opens the file that the settings name, unless it is open.
    ///
    /// # Errors
    /// Exit 2 or 3 if it can't or must not be written.
    pub fn log_by_settings(&self, settings: &Settings, profile: Option<&str>) -> Result<()> {
        let Some(Sourced { value: path, origin }) = &settings.log_file else { return Ok(()) };
        let mut outputs = Outputs::of_nothing(self.ui, false, NOTHING);
        outputs.protect_ledger(&settings.ledger.value);
        outputs.protect_config(settings);
        if *origin == Origin::Flag(FLAG) {
            return self.open_log(&mut outputs, FLAG, path, None);
        }
        self.open_log(&mut outputs, KEY, path, profile).map_err(Error::by_config)
    }

    fn open_log(&self, outputs: &mut Outputs, flag: &'static str, path: &Path, profile: Option<&str>) -> Result<()> {
        if is_stdout(path) {
            return Err(Error::usage(format!("{flag} {} would mix with standard output: {NOTHING}", path.display()))
                .hint(format!("choose a file with {flag}; -v writes the log to standard error")));
        }
        outputs.expect(flag, path, Kind::Log)?;
        if self.log.shares(path, profile) {
            return Ok(());
        }
        let file = LogFile::open(path, self.clock).map_err(|error| outputs.impossible(flag, path, &error))?;
        self.log.write_to(file, profile);
        Ok(())
    }
}

/// Whether it is where data goes, which is a terminal, a pipe or a file.
fn is_stdout(path: &Path) -> bool {
    let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned().and_then(|fd| std::fs::File::from(fd).metadata()) else {
        return false;
    };
    std::fs::metadata(path).is_ok_and(|data| (data.dev(), data.ino()) == (stdout.dev(), stdout.ino()))
        && path != Path::new("/dev/null")
}

/// Writes what is left of the log, and says what it lacks.
pub fn end(ui: &Ui, log: &Log) {
    for unwritten in log.close() {
        let lines = count(unwritten.lines, "line", "lines");
        ui.warn(&format!("{lines} of the log not written to {}: {}", unwritten.path.display(), unwritten.why));
    }
}

/// The command's own words: `campaign list`.
pub fn words(arguments: &[OsString]) -> String {
    let tree = cli::command();
    let (mut here, mut words) = (&tree, Vec::new());
    for argument in arguments.iter().skip(1) {
        if let Some(below) = here.get_subcommands().find(|below| argument.to_str() == Some(below.get_name())) {
            words.push(below.get_name().to_owned());
            here = below;
        }
    }
    words.join(" ")
}
