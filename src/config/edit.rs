//! Writes a profile into the config file and keeps everything else in it, including comments.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::source::SecretSource;
use crate::error::{Error, Result};

/// The values to write into a profile; `None` keeps the existing value.
#[derive(Debug, Default)]
pub struct ProfileEdit {
    pub token: Option<SecretSource>,
    pub app_secret: Option<SecretSource>,
    pub ad_account: Option<String>,
    pub page: Option<String>,
}

/// Writes the profile into the file at `path` atomically: a crash leaves the old file or the new one. Only the owner can read or
/// write the file.
///
/// # Errors
/// Exit 3 if the file is not valid TOML or can't be written.
pub fn write_profile(path: &Path, name: &str, edit: &ProfileEdit) -> Result<()> {
    let failed = |error: &io::Error| {
        Error::config(format!("can't write the config file {}", path.display()))
            .because(error)
            .hint("set MMSG_CONFIG to use another path")
    };
    // A symbolic link, as in a dotfiles folder, stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = match fs::read_to_string(&target) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&error)),
    };
    let text = with_profile(&text, name, edit)?;
    replace(&target, text.as_bytes()).map_err(|error| failed(&error))
}

/// The file's text with the profile added or changed.
fn with_profile(text: &str, name: &str, edit: &ProfileEdit) -> Result<String> {
    // The parser's message may quote a line that contains a secret.
    let mut document: DocumentMut = text.parse().map_err(|_| Error::config("the config file is not valid TOML"))?;
    let profiles = table_in(document.as_table_mut(), "profiles", true)?;
    let profile = table_in(profiles, name, false)?;
    let plain = [("ad_account", &edit.ad_account), ("page", &edit.page)];
    for (key, source) in [("token", &edit.token), ("app_secret", &edit.app_secret)] {
        if let Some(source) = source {
            set(profile, key, secret_value(source));
        }
    }
    for (key, text) in plain {
        if let Some(text) = text {
            set(profile, key, text.as_str().into());
        }
    }
    Ok(document.to_string())
}

fn table_in<'t>(parent: &'t mut dyn TableLike, key: &str, implicit: bool) -> Result<&'t mut dyn TableLike> {
    let mut new = Table::new();
    new.set_implicit(implicit);
    let item = parent.entry(key).or_insert(Item::Table(new));
    item.as_table_like_mut().ok_or_else(|| Error::config(format!("{key} in the config file is not a table")))
}

/// Sets a value and keeps the comment after the old one.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

fn secret_value(source: &SecretSource) -> Value {
    let table = |key: &str, value: Value| {
        let mut table = InlineTable::new();
        table.insert(key, value);
        Value::InlineTable(table)
    };
    match source {
        SecretSource::Text(secret) => secret.expose().into(),
        SecretSource::Env(name) => table("env", name.as_str().into()),
        SecretSource::File(path) => table("file", path.to_string_lossy().as_ref().into()),
        SecretSource::Command(argv) => {
            table("command", Value::Array(argv.iter().map(String::as_str).collect::<Array>()))
        }
    }
}

fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or_else(|| PathBuf::from("."), Path::to_owned);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    // Created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    File::open(&folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::file::ProfileFile;
    use crate::secret::Secret;

    fn edit() -> ProfileEdit {
        ProfileEdit {
            token: Some(SecretSource::Env("SHOP_TOKEN".to_owned())),
            app_secret: Some(SecretSource::Command(vec!["pass".to_owned(), "show \"x\"".to_owned()])),
            ad_account: Some("act_1".to_owned()),
            page: Some("2".to_owned()),
        }
    }

    fn parsed(text: &str) -> ProfileFile {
        ProfileFile::parse(text, Path::new("/etc/config.toml"), &crate::config::environment::Environment::default())
            .unwrap()
    }

    #[test]
    fn a_new_file_is_what_the_reader_reads() {
        let text = with_profile("", "my shop", &edit()).unwrap();
        let profile = &parsed(&text).profiles["my shop"];
        assert_eq!(profile.page.as_ref().unwrap().value, "2");
        assert!(matches!(&profile.token, Some(SecretSource::Env(name)) if name == "SHOP_TOKEN"));
        assert!(matches!(&profile.app_secrets[0], SecretSource::Command(argv) if argv[1] == "show \"x\""));
        assert!(!text.contains("[profiles]"), "{text}");
    }

    #[test]
    fn comments_and_other_keys_stay() {
        let old = "# ours\ndefault_profile = 'shop' # chosen\n\n[profiles.shop] # the shop\n# the page\npage = '1' # old\n\
                   campaign_name = 'x'\n\n[profiles.shop.send]\nrate = 3\n\n[profiles.test]\npage = '9'\n";
        let text = with_profile(old, "shop", &edit()).unwrap();
        for kept in
            ["# ours\n", "# chosen", "# the shop", "# the page\npage = \"2\" # old", "campaign_name = 'x'", "rate = 3"]
        {
            assert!(text.contains(kept), "{kept} is gone:\n{text}");
        }
        let file = parsed(&text);
        assert_eq!(file.profiles["test"].page.as_ref().unwrap().value, "9");
        assert_eq!(file.profiles["shop"].ad_account.as_ref().unwrap().value, "act_1");
        let inline = with_profile("profiles = { shop = { page = '1' } }", "shop", &edit()).unwrap();
        assert_eq!(parsed(&inline).profiles["shop"].page.as_ref().unwrap().value, "2");
    }

    #[test]
    fn the_file_is_its_owners_alone_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/config.toml");
        write_profile(&path, "shop", &edit()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.path().join("a")).unwrap().permissions().mode() & 0o777, 0o700);
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let secret = SecretSource::Text(Secret::new("EAAB1"));
        write_profile(&link, "test", &ProfileEdit { token: Some(secret), ..ProfileEdit::default() }).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(parsed(&fs::read_to_string(&path).unwrap()).profiles.len(), 2);
    }
}
