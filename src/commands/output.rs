//! Where a command may write: the one owner of output files.
//!
//! An output never overwrites what `mmsg` keeps or reads (ledger, its folder `runs`, list, message, config file, secrets), nor another
//! output, whatever name, link or hard link leads there. A file that `mmsg` did not make is left alone unless `--force` is given. Devices and pipes are
//! written to, never replaced.

mod kind;
mod place;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

use crate::commands::context::Context;
use crate::config::Settings;
use crate::config::environment::Environment;
use crate::config::file::{ProfileFile, folder_of};
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::address::Address;
use crate::ui::Ui;
pub use kind::{Kind, RESULTS_HEADER, RESULTS_OF_SEVERAL_HEADER, RESULTS_OF_SPLIT_HEADER};
use place::{Found, Place, What};

/// Read and written by their owner only.
const PRIVATE: u32 = 0o600;

/// Written by its owner only.
const PUBLIC: u32 = 0o644;

/// What SQLite keeps beside a ledger.
const BESIDE_THE_LEDGER: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The output files of one command, and what none of them may be.
pub struct Outputs {
    ui: Ui,
    taken: Vec<Taken>,
    force: bool,
    /// What a refusal says of the command: `nothing was sent`.
    nothing: &'static str,
}

/// A file that no output may be.
struct Taken {
    /// Completes "would …": `overwrite the ledger x.db`.
    harm: String,
    file: TakenFile,
    /// The flag of an output, which does not stand in its own way.
    flag: Option<&'static str>,
}

enum TakenFile {
    /// Looked at anew each time: a ledger's `-wal` comes and goes.
    Path(PathBuf),
    /// All that is in it, and all that would come into it.
    Folder(PathBuf),
    Open(Found),
}

/// An output that is open to be written bit by bit.
#[derive(Debug)]
pub struct Opened {
    pub file: File,
    /// Whether nothing is in it yet.
    pub is_empty: bool,
}

impl Outputs {
    /// For a command with settings: its ledger, config file and files of secrets are safe. `nothing` completes a refusal: `nothing was
    /// sent`.
    pub fn of(context: &Context, force: bool, nothing: &'static str) -> Self {
        let mut outputs = Self::of_nothing(&context.ui, force, nothing);
        outputs.protect_ledger(&context.settings.ledger.value);
        outputs.protect_settings(&context.settings);
        outputs
    }

    /// The config file and files of secrets, of any profile; the log.
    pub fn protect_settings(&mut self, settings: &Settings) {
        self.protect_config(settings);
        if let Some(log) = &settings.log_file {
            self.protect("the log", &log.value);
        }
    }

    /// The same without the log.
    pub fn protect_config(&mut self, settings: &Settings) {
        if let Some(file) = &settings.config_file {
            self.protect("the config file", file);
        }
        if let Some(folder) = &settings.profiles_folder {
            self.protect_profiles_in(folder);
        }
        for file in settings.secret_files() {
            self.protect("a secret's file", file);
        }
    }

    /// What any profile names, for a command without settings. A config file that can't be read is not a reason not to run it.
    pub fn protect_profiles(&mut self, environment: &Environment) {
        let Ok((path, _)) = environment.config_file() else { return };
        self.protect("the config file", &path);
        self.protect_profiles_in(&folder_of(&path));
        let Ok(Some(file)) = ProfileFile::read(&path, environment) else { return };
        for secret in file.secret_files() {
            self.protect("a secret's file", &secret);
        }
        for profile in file.profiles.values() {
            if let Some(ledger) = &profile.ledger {
                self.protect_ledger(&ledger.value);
            }
            if let Some(message) = &profile.send.message {
                self.protect("the message", &message.value);
            }
        }
    }

    /// For a command without settings.
    pub fn of_nothing(ui: &Ui, force: bool, nothing: &'static str) -> Self {
        let mut outputs = Self { ui: ui.clone(), taken: Vec::new(), force, nothing };
        outputs.protect_open("mix with standard output", &io::stdout());
        outputs.protect_open("mix with standard error", &io::stderr());
        outputs
    }

    pub fn protect_ledger(&mut self, ledger: &Address) {
        let path = match ledger {
            Address::File(path) => path,
            Address::Server(_) => return,
        };
        self.protect("the ledger", path);
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        for ending in BESIDE_THE_LEDGER {
            let mut beside = real.clone().into_os_string();
            beside.push(ending);
            self.protect("a file of the ledger", Path::new(&beside));
        }
        // Locks, witnesses and room for answers: without them runs are taken for dead, and old copies for new.
        let folder = Ledger::folder_of_runs(path);
        let harm = format!("write into the ledger's own folder {}", folder.display());
        self.taken.push(Taken { harm, file: TakenFile::Folder(folder), flag: None });
    }

    /// A file there would be a profile.
    fn protect_profiles_in(&mut self, folder: &Path) {
        let harm = format!("write into the folder of profiles {}", folder.display());
        self.taken.push(Taken { harm, file: TakenFile::Folder(folder.to_owned()), flag: None });
    }

    pub fn protect(&mut self, what: &str, path: &Path) {
        let harm = format!("overwrite {what} ({})", path.display());
        self.taken.push(Taken { harm, file: TakenFile::Path(path.to_owned()), flag: None });
    }

    /// What the command reads: files, or stdin for `-` and for none.
    pub fn protect_inputs<'p>(&mut self, what: &str, files: impl IntoIterator<Item = &'p Path>) {
        let mut some = false;
        for file in files {
            some = true;
            if file == Path::new("-") {
                self.protect_open(&format!("overwrite {what} on stdin"), &io::stdin());
            } else {
                self.protect(what, file);
            }
        }
        if !some {
            self.protect_open(&format!("overwrite {what} on stdin"), &io::stdin());
        }
    }

    fn protect_open(&mut self, harm: &str, stream: &impl AsFd) {
        if let Some(found) = Found::of_open(stream.as_fd()) {
            self.taken.push(Taken { harm: harm.to_owned(), file: TakenFile::Open(found), flag: None });
        }
    }

    /// Announces an output before the command does anything.
    ///
    /// # Errors
    /// Exit 2 if it can't or must not be written.
    pub fn expect(&mut self, flag: &'static str, path: &Path, kind: Kind) -> Result<()> {
        self.check(flag, path, kind)?;
        let harm = format!("overwrite {flag} {}", path.display());
        self.taken.push(Taken { harm, file: TakenFile::Path(path.to_owned()), flag: Some(flag) });
        Ok(())
    }

    /// Opens an output to append to it. A last line that a killed run left torn is ended first.
    ///
    /// # Errors
    /// Exit 2 if it can't or must not be written; exit 10 if the disk fails.
    pub fn append(&self, flag: &'static str, path: &Path, kind: Kind) -> Result<Opened> {
        let place = self.check(flag, path, kind)?;
        let mut file = self.open(flag, path, &place, OpenOptions::new().append(true).create(true))?;
        let length = place.found.map_or(0, |found| if found.what == What::File { found.length } else { 0 });
        if length > 0 && is_torn(path, length) {
            file.write_all(b"\n").map_err(|error| failed(flag, path, &error))?;
        }
        Ok(Opened { file, is_empty: length == 0 })
    }

    /// Opens an output to write it from the start.
    ///
    /// # Errors
    /// As [`Outputs::append`].
    pub fn start(&self, flag: &'static str, path: &Path, kind: Kind) -> Result<File> {
        let place = self.check(flag, path, kind)?;
        let file = self.open(flag, path, &place, OpenOptions::new().write(true).create(true).truncate(false))?;
        if place.found.is_none_or(|found| found.what == What::File) {
            file.set_len(0).map_err(|error| failed(flag, path, &error))?;
        }
        Ok(file)
    }

    /// Writes an output in one piece: a file is there whole, or as it was before.
    ///
    /// # Errors
    /// As [`Outputs::append`].
    pub fn write(&self, flag: &'static str, path: &Path, kind: Kind, bytes: &[u8]) -> Result<()> {
        self.write_for(PRIVATE, flag, path, kind, bytes)
    }

    /// The same for what everybody may read.
    ///
    /// # Errors
    /// As [`Outputs::append`].
    pub fn publish(&self, flag: &'static str, path: &Path, kind: Kind, bytes: &[u8]) -> Result<()> {
        self.write_for(PUBLIC, flag, path, kind, bytes)
    }

    fn write_for(&self, mode: u32, flag: &'static str, path: &Path, kind: Kind, bytes: &[u8]) -> Result<()> {
        let place = self.check(flag, path, kind)?;
        match place.found {
            Some(found) if found.what != What::File => {
                let mut file = self.open(flag, path, &place, OpenOptions::new().write(true))?;
                file.write_all(bytes).map_err(|error| failed(flag, path, &error))
            }
            _ => replace_with(&place.path, bytes, mode).map_err(|error| failed(flag, path, &error)),
        }
    }

    /// As [`Outputs::write`], for what `fill` writes to an empty file of another name beside it; how many bytes that were. Only a file is
    /// written like this.
    ///
    /// # Errors
    /// As [`Outputs::append`], and those of `fill`.
    pub fn whole(
        &self,
        flag: &'static str,
        path: &Path,
        kind: Kind,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<u64> {
        let place = self.check(flag, path, kind)?;
        if place.found.is_some_and(|found| found.what != What::File) {
            return Err(Error::usage(format!("{flag} {} is not a file: {}", path.display(), self.nothing))
                .hint(format!("choose a file with {flag}")));
        }
        let folder = place.path.parent().unwrap_or(Path::new("/"));
        let new = tempfile::Builder::new().suffix(".new").tempfile_in(folder);
        // Closed: whoever fills it opens it by its name.
        let new = new.map_err(|error| self.impossible(flag, path, &error))?.into_temp_path();
        fill(&new)?;
        let synced = File::open(&new).and_then(|file| {
            file.sync_all()?;
            Ok(file.metadata()?.len())
        });
        let bytes = synced.map_err(|error| failed(flag, path, &error))?;
        new.persist(&place.path).map_err(|error| failed(flag, path, &error.error))?;
        // Not every file system can.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(bytes)
    }

    /// Refuses what must not be written. Nothing is opened that could be the ledger: closing it would drop SQLite's locks.
    fn check(&self, flag: &'static str, path: &Path, kind: Kind) -> Result<Place> {
        let named = || format!("{flag} {}", path.display());
        let place = Place::of(path).map_err(|error| self.impossible(flag, path, &error))?;
        let other = |taken: &&Taken| {
            taken.flag != Some(flag)
                && match &taken.file {
                    TakenFile::Path(path) => Place::of(path).is_ok_and(|taken| taken.is(&place)),
                    TakenFile::Folder(folder) => place.is_in(folder),
                    TakenFile::Open(found) => place.found.is_some_and(|place| place.is(found)),
                }
        };
        if let Some(taken) = self.taken.iter().find(other) {
            return Err(Error::usage(format!("{} would {}: {}", named(), taken.harm, self.nothing))
                .hint(format!("choose another file with {flag}")));
        }
        match place.found.map(|found| (found.what, found.length)) {
            Some((What::Folder, _)) => Err(self.impossible(flag, path, &ErrorKind::IsADirectory.into())),
            Some((What::Socket, _)) => Err(Error::usage(format!(
                "{} is a socket, which can't be written like a file: {}",
                named(),
                self.nothing
            ))
            .hint(format!("choose a file or a pipe with {flag}"))),
            Some((What::Disk, _)) if !self.force => {
                Err(Error::usage(format!("{} is a disk: {}", named(), self.nothing))
                    .hint(format!("choose a file with {flag}")))
            }
            Some((What::File, 1..)) if !self.force => {
                let head = head(path).map_err(|error| self.impossible(flag, path, &error))?;
                if kind.recognizes(&head) {
                    return Ok(place);
                }
                let error =
                    Error::usage(format!("{} exists, and is not {}: {}", named(), kind.made_by_us(), self.nothing));
                Err(error.hint(if kind == Kind::Log {
                    format!("choose another file with {flag}")
                } else if kind.is_appended() {
                    format!("choose another file with {flag}, or append to this one with --force")
                } else {
                    format!("choose another file with {flag}, or replace this one with --force")
                }))
            }
            _ => Ok(place),
        }
    }

    fn open(&self, flag: &'static str, path: &Path, place: &Place, options: &mut OpenOptions) -> Result<File> {
        let is_pipe = place.found.is_some_and(|found| found.what == What::Pipe);
        if is_pipe {
            // Otherwise this would wait for a reader, who may never come.
            options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = options.mode(PRIVATE).open(path).map_err(|error| {
            if is_pipe && error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) {
                return Error::usage(format!("nothing reads the pipe {flag} {}: {}", path.display(), self.nothing))
                    .hint("start its reader first, then run the same command again");
            }
            self.impossible(flag, path, &error)
        })?;
        if is_pipe {
            let wait = fcntl_getfl(&file).and_then(|flags| fcntl_setfl(&file, flags - OFlags::NONBLOCK));
            wait.map_err(|error| failed(flag, path, &error.into()))?;
        }
        if let Some(found) = place.found.filter(|found| found.what == What::File && found.mode & 0o077 != 0) {
            file.set_permissions(Permissions::from_mode(found.mode & PRIVATE)).map_err(|error| {
                Error::usage(format!(
                    "other users can read or change {}, and its permissions can't be changed: {}",
                    path.display(),
                    self.nothing
                ))
                .because(&error)
                .hint(format!("choose a file of your own with {flag}"))
            })?;
            self.ui.warn(&format!("{} was open to other users; now only you can read it", path.display()));
        }
        Ok(file)
    }

    /// A mistyped path is a usage error, not a disk error.
    pub fn impossible(&self, flag: &'static str, path: &Path, error: &io::Error) -> Error {
        unwritable(flag, path, error, &format!("; {}", self.nothing))
    }
}

/// Whether two paths lead to one file that is there.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((Place::of(one), Place::of(other)), (Ok(one), Ok(other)) if one.found.is_some() && one.is(&other))
}

/// Replaces a file, or makes a new one: whole or not at all, readable by its owner only.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, bytes, PRIVATE)
}

fn replace_with(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().set_permissions(Permissions::from_mode(mode))?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(kind::HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a file's last line is not ended: a run died while it wrote there.
fn is_torn(path: &Path, length: u64) -> bool {
    let mut last = [b'\n'];
    File::open(path).is_ok_and(|file| file.read_at(&mut last, length - 1).is_ok()) && last != [b'\n']
}

fn failed(flag: &str, path: &Path, error: &io::Error) -> Error {
    unwritable(flag, path, error, "")
}

fn unwritable(flag: &str, path: &Path, error: &io::Error, nothing: &str) -> Error {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
    // The error's own text may name a temporary file.
    let kind = error.kind().to_string();
    let why = match error.kind() {
        NotFound if path.is_symlink() => "it is a link to nothing",
        NotFound => "its folder does not exist",
        NotADirectory => "its folder is a file",
        IsADirectory => "it is a folder",
        _ => &kind,
    };
    let message = format!("can't write {flag} {}: {why}{nothing}", path.display());
    match error.kind() {
        NotFound | IsADirectory | NotADirectory | PermissionDenied | ReadOnlyFilesystem => {
            Error::usage(message).hint(format!("choose a file in an existing folder that you can write to with {flag}"))
        }
        _ => Error::ledger(message).hint("free disk space or fix the disk, then run the same command again"),
    }
}
