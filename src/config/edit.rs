//! Writes profiles, each into the config file or into a file of its own, and keeps everything else there, including comments.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Key, Table, TableLike, Value};

use super::file::{ProfileFile, file_of, folder_of};
use super::source::SecretSource;
use crate::error::{Error, Result};

/// The values to write into a profile; `None` keeps the existing value.
#[derive(Clone, Debug, Default)]
pub struct ProfileEdit {
    pub page: Option<String>,
    pub ad_account: Option<String>,
    pub token: Option<SecretSource>,
    pub page_token: Option<SecretSource>,
    pub app_secret: Option<SecretSource>,
    pub ledger: Option<String>,
    pub campaign_name: Option<String>,
    pub time_zone: Option<String>,
    /// Of `[send]`.
    pub campaign: Option<String>,
    pub message: Option<String>,
}

/// Where a profile is written.
#[derive(Clone, Copy, Debug)]
pub enum Place<'p> {
    /// `[profiles.NAME]` of this file.
    Section(&'p Path, &'p str),
    /// This file is the profile.
    Own(&'p Path),
}

impl<'p> Place<'p> {
    fn file(self) -> &'p Path {
        match self {
            Self::Section(path, _) | Self::Own(path) => path,
        }
    }
}

/// Where a profile is, or where a new one goes: beside others in the folder if there is one, else into the config file.
pub fn file_for(config: &Path, name: &str, all: &ProfileFile) -> PathBuf {
    let own = all.profiles.get(name).and_then(|profile| profile.file.as_ref());
    match own {
        Some(own) => own.path.clone(),
        None if !all.has(name) && folder_of(config).is_dir() => file_of(config, name),
        None => config.to_owned(),
    }
}

/// Writes the profile atomically: a crash leaves the old file or the new one. Only the owner can read or write the file.
///
/// # Errors
/// Exit 3 if the file is not valid TOML or can't be written.
pub fn write_profile(place: Place<'_>, edit: &ProfileEdit) -> Result<()> {
    change(place.file(), |document| {
        let root = document.as_table_mut();
        let profile: &mut dyn TableLike = match place {
            Place::Section(_, name) => table_in(table_in(root, "profiles", true)?, name, false)?,
            Place::Own(_) => root,
        };
        fill(profile, edit)
    })
}

/// Makes the profile's own file, which must not exist.
///
/// # Errors
/// Exit 3 if it can't be written, or is there.
pub fn create_profile(path: &Path, edit: &ProfileEdit) -> Result<()> {
    let mut document = DocumentMut::new();
    fill(document.as_table_mut(), edit)?;
    let new = new_file(path, document.to_string().as_bytes()).map_err(|error| failed(path, &error))?;
    new.persist_noclobber(path).map_err(|error| failed(path, &error.error))?;
    sync_folder_of(path).map_err(|error| failed(path, &error))
}

/// Sets the profile that is used without `--profile`, or makes none of them that one.
///
/// # Errors
/// As [`write_profile`].
pub fn set_default(config: &Path, name: Option<&str>) -> Result<()> {
    change(config, |document| {
        match name {
            Some(name) => set(document.as_table_mut(), "default_profile", name.into()),
            None => drop(document.remove("default_profile")),
        }
        Ok(())
    })
}

/// Takes a profile away.
///
/// # Errors
/// As [`write_profile`].
pub fn remove_profile(place: Place<'_>) -> Result<()> {
    match place {
        Place::Own(path) => {
            fs::remove_file(path).and_then(|()| sync_folder_of(path)).map_err(|error| failed(path, &error))
        }
        Place::Section(path, name) => change(path, |document| {
            table_in(document.as_table_mut(), "profiles", true)?.remove(name);
            Ok(())
        }),
    }
}

/// Gives a profile another name, which is free.
///
/// # Errors
/// As [`write_profile`].
pub fn rename_profile(place: Place<'_>, new: &str) -> Result<()> {
    match place {
        Place::Own(path) => {
            let to = path.with_file_name(file_of(path, new).file_name().unwrap_or_default());
            fs::rename(path, &to).and_then(|()| sync_folder_of(&to)).map_err(|error| failed(&to, &error))
        }
        Place::Section(path, old) => change(path, |document| {
            let profiles = table_in(document.as_table_mut(), "profiles", true)?;
            let key = profiles.key(old).map(|key| Key::new(new).with_leaf_decor(key.leaf_decor().clone()));
            let entry = profiles.remove(old);
            if let (Some(key), Some(item)) = (key, entry) {
                profiles.entry_format(&key).or_insert(item);
            }
            Ok(())
        }),
    }
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::config(format!("can't write {}", path.display()))
        .because(error)
        .hint("set MMSG_CONFIG to use another config file")
}

/// Changes a file that may not exist yet.
fn change(path: &Path, edit: impl FnOnce(&mut DocumentMut) -> Result<()>) -> Result<()> {
    // A symbolic link, as in a dotfiles folder, stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = match fs::read_to_string(&target) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(path, &error)),
    };
    // The parser's message may quote a line that contains a secret.
    let mut document: DocumentMut =
        text.parse().map_err(|_| Error::config(format!("{} is not valid TOML", path.display())))?;
    edit(&mut document)?;
    replace(&target, document.to_string().as_bytes()).map_err(|error| failed(path, &error))
}

fn fill(profile: &mut dyn TableLike, edit: &ProfileEdit) -> Result<()> {
    let ProfileEdit {
        page,
        ad_account,
        token,
        page_token,
        app_secret,
        ledger,
        campaign_name,
        time_zone,
        campaign,
        message,
    } = edit;
    let secrets = [("token", token), ("page_token", page_token), ("app_secret", app_secret)].into_iter();
    let secrets = secrets.filter_map(|(key, source)| source.as_ref().map(|source| (key, secret_value(source))));
    let whose = texts(&[("page", page), ("ad_account", ad_account)]);
    let others = texts(&[("ledger", ledger), ("campaign_name", campaign_name), ("time_zone", time_zone)]);
    for (key, value) in whose.into_iter().chain(secrets).chain(others) {
        set(profile, key, value);
    }
    if campaign.is_some() || message.is_some() {
        let send = table_in(profile, "send", false)?;
        for (key, value) in texts(&[("campaign", campaign), ("message", message)]) {
            set(send, key, value);
        }
    }
    Ok(())
}

fn texts(values: &[(&'static str, &Option<String>)]) -> Vec<(&'static str, Value)> {
    values.iter().filter_map(|(key, value)| Some((*key, Value::from(value.as_deref()?)))).collect()
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
        SecretSource::Keyring(name) => table("keyring", name.as_str().into()),
        SecretSource::File(path) => table("file", path.to_string_lossy().as_ref().into()),
        SecretSource::Command(argv) => {
            table("command", Value::Array(argv.iter().map(String::as_str).collect::<Array>()))
        }
    }
}

fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    new_file(target, bytes)?.persist(target).map_err(|error| error.error)?;
    sync_folder_of(target)
}

/// A file beside the target, which takes its place once it is whole. Its mode is 0600, that of a new folder 0700.
fn new_file(target: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = folder_with(target);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let mut file = tempfile::NamedTempFile::new_in(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_with(path))?.sync_all()
}

fn folder_with(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::secret::Secret;

    fn edit() -> ProfileEdit {
        ProfileEdit {
            token: Some(SecretSource::Env("SHOP_TOKEN".to_owned())),
            app_secret: Some(SecretSource::Command(vec!["pass".to_owned(), "show \"x\"".to_owned()])),
            ad_account: Some("act_1".to_owned()),
            page: Some("2".to_owned()),
            ..ProfileEdit::default()
        }
    }

    /// What a file with this text has after a change.
    fn changed(text: &str, edit: impl FnOnce(&Path) -> Result<()>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, text).unwrap();
        edit(&path).unwrap();
        fs::read_to_string(&path).unwrap()
    }

    fn with_profile(text: &str, name: &str) -> String {
        changed(text, |path| write_profile(Place::Section(path, name), &edit()))
    }

    fn parsed(text: &str) -> ProfileFile {
        ProfileFile::parse(text, Path::new("/etc/config.toml"), &crate::config::environment::Environment::default())
            .unwrap()
    }

    #[test]
    fn a_new_file_is_what_the_reader_reads() {
        let text = with_profile("", "my shop");
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
        let text = with_profile(old, "shop");
        for kept in
            ["# ours\n", "# chosen", "# the shop", "# the page\npage = \"2\" # old", "campaign_name = 'x'", "rate = 3"]
        {
            assert!(text.contains(kept), "{kept} is gone:\n{text}");
        }
        let file = parsed(&text);
        assert_eq!(file.profiles["test"].page.as_ref().unwrap().value, "9");
        assert_eq!(file.profiles["shop"].ad_account.as_ref().unwrap().value, "act_1");
        let inline = with_profile("profiles = { shop = { page = '1' } }", "shop");
        assert_eq!(parsed(&inline).profiles["shop"].page.as_ref().unwrap().value, "2");
    }

    const THREE: &str = "# ours\ndefault_profile = 'b' # chosen\n\n# the first\n[profiles.a]\npage = '1'\n\n\
                         # the second\n[profiles.b] # b\npage = '2' # two\n\n[profiles.b.send]\nrate = 3 # slow\n\n\
                         # the third\n[profiles.c]\npage = '3'\n";

    #[test]
    fn a_profile_goes_with_what_is_its_own_and_nothing_else() {
        let left = changed(THREE, |path| remove_profile(Place::Section(path, "b")));
        for gone in ["page = '2'", "rate = 3", "[profiles.b"] {
            assert!(!left.contains(gone), "{gone} is there:\n{left}");
        }
        for kept in ["# ours\n", "# the first\n[profiles.a]\n", "# the third\n[profiles.c]\npage = '3'\n"] {
            assert!(left.contains(kept), "{kept} is gone:\n{left}");
        }
        assert_eq!(parsed(&left).names().into_iter().collect::<Vec<_>>(), ["a", "c"]);
        let inline = changed("profiles = { a = { page = '1' }, b = { page = '2' } }", |path| {
            remove_profile(Place::Section(path, "a"))
        });
        assert_eq!(parsed(&inline).names().into_iter().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn another_name_keeps_values_comments_and_places() {
        let new = changed(THREE, |path| rename_profile(Place::Section(path, "b"), "my shop"));
        assert_eq!(new, THREE.replace("[profiles.b", "[profiles.\"my shop\""), "{new}");
        for form in ["profiles = { a = { page = '1' } }", "profiles.a.page = '1'", "[profiles]\na.page = '1'"] {
            let new = changed(form, |path| rename_profile(Place::Section(path, "a"), "z"));
            assert_eq!(parsed(&new).profiles["z"].page.as_ref().unwrap().value, "1", "{form}: {new}");
            assert!(!parsed(&new).has("a"), "{form}: {new}");
        }
    }

    #[test]
    fn the_default_is_set_changed_and_taken_away() {
        let set = |text: &str, name| changed(text, |path| set_default(path, name));
        assert_eq!(set(THREE, Some("c")), THREE.replace("'b' # chosen", "\"c\" # chosen"));
        assert!(parsed(&set("# ours\n[profiles.a]\n", Some("a"))).default_profile.is_some());
        assert!(parsed(&set(THREE, None)).default_profile.is_none());
    }

    #[test]
    fn a_file_of_its_own_is_made_once_and_read_as_that_profile() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        let own = file_of(&config, "shop");
        let all = ProfileEdit { campaign: Some("7".to_owned()), ledger: Some("/l.db".to_owned()), ..edit() };
        create_profile(&own, &all).unwrap();
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder_of(&config)).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(create_profile(&own, &edit()).is_err(), "written over");
        let read = |config: &Path| ProfileFile::read(config, &Default::default()).unwrap().unwrap();
        let found = read(&config);
        assert_eq!(found.profiles["shop"].send.campaign.as_ref().unwrap().value, "7");
        assert_eq!(file_for(&config, "shop", &found), own);
        assert_eq!(file_for(&config, "new", &found), file_of(&config, "new"));
        rename_profile(Place::Own(&own), "store").unwrap();
        assert_eq!(read(&config).names().into_iter().collect::<Vec<_>>(), ["store"]);
        remove_profile(Place::Own(&file_of(&config, "store"))).unwrap();
        assert!(ProfileFile::read(&config, &Default::default()).unwrap().is_none());
    }

    #[test]
    fn the_file_is_its_owners_alone_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/config.toml");
        write_profile(Place::Section(&path, "shop"), &edit()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(folder.path().join("a")).unwrap().permissions().mode() & 0o777, 0o700);
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let secret = SecretSource::Text(Secret::new("EAAB1"));
        write_profile(Place::Section(&link, "test"), &ProfileEdit { token: Some(secret), ..ProfileEdit::default() })
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(parsed(&fs::read_to_string(&path).unwrap()).profiles.len(), 2);
    }
}
