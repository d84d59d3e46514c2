//! Where a ledger may be: on a local disk, in a folder that is mounted with it.

use std::path::{Path, PathBuf};

use super::error::{Error, Result};

/// The path of a ledger without symbolic links, also where the last one leads to nothing yet.
pub fn real(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        let folder = folder_of(&path);
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        match path.read_link() {
            Ok(target) => path = folder.join(target),
            Err(_) => return path.file_name().map_or_else(|| path.clone(), |name| folder.join(name)),
        }
    }
    path
}

/// The folder that a path names a file in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Refuses a file system shared by several machines, where SQLite's locks and shared memory don't work, and a file that was mounted
/// without its folder: its log would be in another folder than that of a process that uses the file by its other name.
pub fn refuse(real: &Path) -> Result<()> {
    let Ok(mounts) = std::fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    let folder = folder_of(real);
    match file_system(&mounts, folder) {
        Some(kind) if is_network(kind) => {
            Err(Error::NetworkFileSystem { folder: folder.to_owned(), kind: kind.to_owned() })
        }
        _ if is_mounted(&mounts, real) => Err(Error::MountedAlone { path: real.to_owned() }),
        _ => Ok(()),
    }
}

/// The file system that `folder` is on, from the text of `/proc/self/mountinfo` (see proc(5)).
fn file_system<'m>(mounts: &'m str, folder: &Path) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for (point, kind) in points(mounts) {
        // The last mount over a point is the one that is seen.
        if folder.starts_with(&point) && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// Whether `file` itself is a mount point, which no later mount over a folder above it hides.
fn is_mounted(mounts: &str, file: &Path) -> bool {
    points(mounts)
        .filter(|(point, _)| file.starts_with(point))
        .last()
        .is_some_and(|(point, _)| file == Path::new(&point))
}

/// Mount points and their file systems, oldest first.
fn points(mounts: &str) -> impl Iterator<Item = (String, &str)> {
    mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        Some((unescape(before.split(' ').nth(4)?), after.split(' ').next()?))
    })
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
    fn a_file_that_is_a_mount_point_is_found_unless_it_is_hidden() {
        let alone = "43 22 8:1 /a/ledger.db /data/my\\040ledger.db rw - ext4 /dev/sda1 rw\n";
        let over = "44 22 0:38 / /data rw - tmpfs tmpfs rw\n";
        let mounted = |later: &str, path: &str| is_mounted(&format!("{MOUNTS}{alone}{later}"), Path::new(path));
        assert!(mounted("", "/data/my ledger.db"));
        assert!(!mounted("", "/data/my ledger.db-wal") && !mounted("", "/data/other.db"));
        assert!(!mounted(over, "/data/my ledger.db"));
    }

    #[test]
    fn a_real_path_has_no_links_even_where_there_is_no_file_yet() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        let link = |target: &Path, name: &str| std::os::unix::fs::symlink(target, at(name)).unwrap();
        std::fs::create_dir(at("data")).unwrap();
        link(&at("data"), "folder");
        link(Path::new("folder/new.db"), "new");
        link(&at("new"), "twice");
        link(Path::new("circle"), "circle");
        for (name, real_name) in [
            ("data/new.db", "data/new.db"),
            ("folder/new.db", "data/new.db"),
            ("new", "data/new.db"),
            ("twice", "data/new.db"),
            ("circle", "circle"),
        ] {
            assert_eq!(real(&at(name)), at(real_name), "{name}");
        }
        assert_eq!(folder_of(Path::new("ledger.db")), Path::new("."));
        std::fs::write(at("data/new.db"), "").unwrap();
        assert_eq!(real(&at("folder/new.db")), at("data/new.db"));
    }

    #[test]
    fn network_file_systems_are_known_by_name() {
        assert!(is_network("nfs4") && is_network("cifs") && is_network("fuse.sshfs"));
        assert!(!is_network("ext4") && !is_network("fuse.ntfs-3g") && !is_network("overlay"));
    }
}
