//! The folder `profiles.d` beside the config file: one file for each profile, named for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::reader::{Reader, Whose};
use super::{Broken, OwnFile, Profile, ProfileFile, read_private};
use crate::config::environment::Environment;
use crate::error::{Error, Result};

const FOLDER: &str = "profiles.d";
const ENDING: &str = "toml";

/// The folder beside this config file, which may not exist.
pub fn folder_of(config: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("/")).join(FOLDER)
}

/// The file that a profile of this name has there.
pub fn file_of(config: &Path, name: &str) -> PathBuf {
    folder_of(config).join(format!("{name}.{ENDING}"))
}

/// Adds the profiles of the folder beside the config file; whether there is any file of one.
pub fn read(config: &Path, environment: &Environment, all: &mut ProfileFile) -> Result<bool> {
    let folder = folder_of(config);
    let unreadable =
        |error: &io::Error| Error::config(format!("can't read the profiles in {}", folder.display())).because(error);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut found = false;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(&error))?.path();
        let Some(name) = name_of(&path) else { continue };
        let profile = match one(&path, environment) {
            Ok(Some(_)) if all.profiles.contains_key(&name) => {
                all.profiles.remove(&name);
                Err(Error::config(format!("profile \"{name}\" is in {} and in {}", config.display(), path.display()))
                    .hint("remove it from one of them: mmsg can't tell which one counts"))
            }
            Ok(Some(profile)) => Ok(profile),
            // Removed just now.
            Ok(None) => continue,
            Err(error) => Err(error),
        };
        found = true;
        match profile {
            Ok(profile) => drop(all.profiles.insert(name, profile)),
            Err(error) => drop(all.broken.insert(name, Broken::new(path, &error))),
        }
    }
    Ok(found)
}

/// Editors leave other files, and hidden ones.
fn name_of(path: &Path) -> Option<String> {
    let is_one = path.extension().is_some_and(|ending| ending == ENDING);
    let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| is_one && !name.starts_with('.'))?;
    Some(name.to_owned())
}

fn one(path: &Path, environment: &Environment) -> Result<Option<Profile>> {
    let read = read_private(path, environment)
        .map_err(|error| Error::config(format!("can't read the profile {}", path.display())).because(&error))?;
    let Some((text, open_to_others)) = read else { return Ok(None) };
    let reader = Reader { text: &text, path, environment };
    let root = reader.root()?;
    let profile = reader.profile(root.get_ref(), Whose::Its)?;
    Ok(Some(Profile { file: Some(OwnFile { path: path.to_owned(), open_to_others }), ..profile }))
}
