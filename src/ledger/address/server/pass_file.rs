//! libpq's file of passwords: `host:port:database:user:password` a line, `*` for any, `\` before a colon or itself.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::secret::Secret;

/// The password of the first line that fits; none of a file that others can read, as libpq has it.
pub fn find(file: &Path, login: [&str; 4]) -> Option<Secret> {
    if !std::fs::metadata(file).ok()?.is_file() || is_open(file) {
        return None;
    }
    password(&std::fs::read_to_string(file).ok()?, login).map(Secret::new)
}

/// Whether others can read it.
pub fn is_open(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
}

fn password(text: &str, login: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (fields, password) = fields(line)?;
        let fits = fields.iter().zip(login).all(|(field, wanted)| field == "*" || field == wanted);
        fits.then_some(password)
    })
}

fn fields(line: &str) -> Option<([String; 4], String)> {
    let mut fields: [String; 4] = Default::default();
    let mut place = 0;
    let mut password = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => chars.next()?,
            ':' if place < fields.len() => {
                place += 1;
                continue;
            }
            c => c,
        };
        fields.get_mut(place).unwrap_or(&mut password).push(c);
    }
    (place == fields.len()).then_some((fields, password))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    const LOGIN: [&str; 4] = ["db.example", "5432", "shop", "anna"];

    #[test]
    fn the_first_line_that_fits_counts() {
        for (text, expected) in [
            ("db.example:5432:shop:anna:secret", Some("secret")),
            ("# db.example:5432:shop:anna:old\n*:*:*:anna:a:b\\\\c\n*:*:*:*:last", Some("a:b\\c")),
            ("other:*:*:*:no\n*:5433:*:*:no\n*:*:*:*:any", Some("any")),
            ("db.example:5432:shop:anna", None),
            ("", None),
        ] {
            assert_eq!(password(text, LOGIN).as_deref(), expected, "{text}");
        }
        assert_eq!(password("a\\:b:1:x:y:z", ["a:b", "1", "x", "y"]).as_deref(), Some("z"));
    }

    #[test]
    fn a_file_that_others_can_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        std::fs::write(&file, "*:*:*:*:secret\n").unwrap();
        for (mode, is_used) in [(0o600, true), (0o640, false), (0o604, false), (0o400, true)] {
            std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert_eq!((find(&file, LOGIN).is_some(), is_open(&file)), (is_used, !is_used), "{mode:o}");
        }
        assert!(find(&folder.path().join("none"), LOGIN).is_none());
    }
}
