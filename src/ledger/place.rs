//! Where a ledger may be: on a local disk, and in the same file from open to close.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};

/// What distinguishes a file from another one at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    /// Asks by path: opening and closing the file a second time would drop SQLite's locks on it.
    pub fn of(path: &Path) -> Result<Self> {
        let data = std::fs::metadata(path).map_err(|source| Error::Gone { path: path.to_owned(), source })?;
        Ok(Self { device: data.dev(), number: data.ino() })
    }

    pub fn refuse_replaced(self, path: &Path) -> Result<()> {
        if Self::of(path)? == self { Ok(()) } else { Err(Error::Replaced { path: path.to_owned() }) }
    }
}

/// The file of an open ledger.
#[derive(Clone)]
pub struct OpenFile {
    pub path: PathBuf,
    /// `None`: in memory, without a name, or only read.
    pub inode: Option<Inode>,
}

impl OpenFile {
    /// Refuses a path that no longer names the file that is open: nobody would read the claims recorded there.
    pub fn refuse_replaced(&self) -> Result<()> {
        match self.inode {
            Some(inode) => inode.refuse_replaced(&self.path),
            None => Ok(()),
        }
    }
}

/// The folder that a ledger is in, whatever link names it.
pub fn folder_of(path: &Path) -> PathBuf {
    let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    file.parent().unwrap_or_else(|| Path::new(".")).to_owned()
}

/// SQLite's locks and shared memory don't work across machines.
pub fn refuse_network(folder: &Path) -> Result<()> {
    let Ok(folder) = folder.canonicalize() else { return Ok(()) };
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    match file_system(&mounts, &folder) {
        Some(kind) if is_network(kind) => Err(Error::NetworkFileSystem { folder, kind: kind.to_owned() }),
        _ => Ok(()),
    }
}

/// The file system that `folder` is on, from the text of `/proc/self/mountinfo` (see proc(5)).
fn file_system<'m>(mounts: &'m str, folder: &Path) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let point = unescape(point);
        // The last mount over a point is the one that is seen.
        if folder.starts_with(&point) && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// Spaces and the like are written in octal (`\040`).
fn unescape(point: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(point.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn is_network(kind: &str) -> bool {
    const NAMES: [&str; 16] = [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "coda",
        "ceph",
        "glusterfs",
        "lustre",
        "gpfs",
        "9p",
        "beegfs",
        "orangefs",
        "ocfs2",
    ];
    const FUSE: [&str; 8] = ["sshfs", "s3fs", "gcsfuse", "glusterfs", "ceph", "rclone", "davfs", "goofys"];
    NAMES.contains(&kind) || kind.strip_prefix("fuse.").is_some_and(|name| FUSE.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/team\\040share rw - nfs4 host:/x rw
41 22 0:36 / /mnt/far rw - fuse.sshfs me@host: rw
42 22 0:37 / /mnt/far/near rw - tmpfs tmpfs rw
";

    #[test]
    fn the_longest_mount_point_decides() {
        let kind = |path: &str| file_system(MOUNTS, Path::new(path));
        assert_eq!(kind("/home/me"), Some("ext4"));
        assert_eq!(kind("/mnt/team share/ledger"), Some("nfs4"));
        assert_eq!(kind("/mnt/far/x"), Some("fuse.sshfs"));
        assert_eq!(kind("/mnt/far/near"), Some("tmpfs"));
        assert_eq!(kind("/mnt/farther"), Some("ext4"));
    }

    #[test]
    fn network_file_systems_are_known_by_name() {
        assert!(is_network("nfs4") && is_network("cifs") && is_network("fuse.sshfs"));
        assert!(!is_network("ext4") && !is_network("fuse.ntfs-3g") && !is_network("overlay"));
    }

    #[test]
    fn a_file_that_took_the_path_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        std::fs::write(&path, "a").unwrap();
        let inode = Inode::of(&path).unwrap();
        inode.refuse_replaced(&path).unwrap();
        std::fs::write(folder.path().join("other"), "b").unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(matches!(inode.refuse_replaced(&path), Err(Error::Replaced { .. })));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(inode.refuse_replaced(&path), Err(Error::Gone { .. })));
    }
}
