//! What a path leads to, and whether two paths lead to one file.

use std::fs::Metadata;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    File,
    Folder,
    Pipe,
    /// A terminal, /dev/null and the like.
    Device,
    /// A block device.
    Disk,
    Socket,
}

/// Something that is there.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    device: u64,
    number: u64,
    pub what: What,
    pub length: u64,
    /// Permission bits.
    pub mode: u32,
}

impl Found {
    fn of(data: &Metadata) -> Self {
        let kind = data.file_type();
        let what = if kind.is_dir() {
            What::Folder
        } else if kind.is_fifo() {
            What::Pipe
        } else if kind.is_socket() {
            What::Socket
        } else if kind.is_block_device() {
            What::Disk
        } else if kind.is_char_device() {
            What::Device
        } else {
            What::File
        };
        Self { device: data.dev(), number: data.ino(), what, length: data.len(), mode: data.mode() & 0o777 }
    }

    /// A file that one of our streams is redirected to; `None` for anything else.
    pub fn of_open(stream: BorrowedFd<'_>) -> Option<Self> {
        let file = std::fs::File::from(stream.try_clone_to_owned().ok()?);
        file.metadata().ok().map(|data| Self::of(&data)).filter(|found| found.what == What::File)
    }

    /// A device takes what anybody writes; a file or a pipe would mix it.
    pub fn is(&self, other: &Self) -> bool {
        (self.device, self.number) == (other.device, other.number) && matches!(self.what, What::File | What::Pipe)
    }
}

/// A path with its links followed.
#[derive(Clone, Debug)]
pub struct Place {
    pub path: PathBuf,
    pub found: Option<Found>,
}

impl Place {
    /// # Errors
    /// When nothing can be there: the folder is missing, or a link leads nowhere.
    pub fn of(path: &Path) -> io::Result<Self> {
        match std::fs::metadata(path) {
            // An unnamed pipe (/dev/fd/63) has no path but this one.
            Ok(data) => Ok(Self {
                path: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
                found: Some(Found::of(&data)),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let name = path.file_name().ok_or(error)?;
                Ok(Self { path: folder.canonicalize()?.join(name), found: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether both are, or would become, one file.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.found, &other.found) {
            (Some(one), Some(two)) => one.is(two),
            (None, None) => self.path == other.path,
            _ => false,
        }
    }

    /// Whether it is in this folder or below, or a hard link of a file right in it.
    pub fn is_in(&self, folder: &Path) -> bool {
        let Ok(folder) = folder.canonicalize() else { return false };
        let linked = |found: Found| {
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            files.filter_map(|file| file.metadata().ok()).any(|data| Found::of(&data).is(&found))
        };
        self.path.starts_with(&folder) || self.found.is_some_and(linked)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_file_has_many_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::write(at("same text"), "x").unwrap();
        fs::hard_link(at("file"), at("hard")).unwrap();
        std::os::unix::fs::symlink("hard", at("soft")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
        std::os::unix::fs::symlink(".", at("folder")).unwrap();
        let place = |name: &str| Place::of(&at(name)).unwrap();
        for name in ["file", "./file", "hard", "soft", "folder/file"] {
            assert!(place(name).is(&place("file")), "{name}");
        }
        for name in ["same text", "new"] {
            assert!(!place(name).is(&place("file")), "{name}");
        }
        assert!(place("new").is(&place("folder/new")));
        for name in ["dangling", "no folder/new", "file/new"] {
            assert!(Place::of(&at(name)).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_in_a_folder_is_so_by_every_name() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir_all(at("runs/below")).unwrap();
        for name in ["runs/lock", "runs/below/file", "other", "runs.csv"] {
            fs::write(at(name), "x").unwrap();
        }
        fs::hard_link(at("runs/lock"), at("hard")).unwrap();
        std::os::unix::fs::symlink("runs/lock", at("soft")).unwrap();
        std::os::unix::fs::symlink("runs", at("folder")).unwrap();
        let is_in = |name: &str, folder: &str| Place::of(&at(name)).unwrap().is_in(&at(folder));
        for name in ["runs/lock", "runs/new", "runs/below/file", "runs/below/new", "hard", "soft", "folder/new"] {
            assert!(is_in(name, "runs") && is_in(name, "folder"), "{name}");
        }
        for name in ["other", "runs.csv", "new", "runs/../new"] {
            assert!(!is_in(name, "runs"), "{name}");
        }
        assert!(!is_in("other", "no folder"));
    }

    #[test]
    fn a_device_is_nobodys_file() {
        let null = Place::of(Path::new("/dev/null")).unwrap();
        assert_eq!(null.found.unwrap().what, What::Device);
        assert!(!null.is(&null));
    }
}
