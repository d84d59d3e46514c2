//! `mmsg init`: a profile, step by step on a terminal, or from flags in a script.

use std::path::{Path, PathBuf};

use crate::commands::context::Invocation;
use crate::commands::profile::values;
use crate::config::edit::{Place, ProfileEdit, file_for, write_profile};
use crate::config::environment::names;
use crate::config::file::{Profile, ProfileFile};
use crate::config::keyring;
use crate::config::source::SecretSource;
use crate::error::{Error, Exit, Result};
use crate::secret::Secret;
use crate::ui::Ui;

/// Write a profile, step by step: the ad account, the Page and where the secrets come from.
///
/// Asks for anything not given by a flag. In a script, pass --ad-account, --page and --token-env or --token-file, and nothing is
/// asked; those that the config file has in its defaults may be left out. The profile is named by --profile, or else MMSG_PROFILE, or
/// else "default". Other profiles and settings are kept. A new profile goes to the folder profiles.d beside the config file if there
/// is one, or else into the config file.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Ad account that pays: digits, optionally after act_.
    #[arg(long, value_name = "ID")]
    ad_account: Option<String>,
    /// Page that sends.
    #[arg(long, value_name = "ID")]
    page: Option<String>,
    /// Read the access token from this environment variable on every run.
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    token_env: Option<String>,
    /// Read the access token from this file on every run.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

pub fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let ui = frame.ui;
    let named = frame.global.one_profile()?;
    let (path, _) = frame.environment.config_file()?;
    // A broken file is fixed by hand, not overwritten.
    let file = ProfileFile::read(&path, frame.environment)?.unwrap_or_default();
    let flags = flags(args)?;
    let shared = &file.defaults;
    let complete = (flags.token.is_some() || shared.token.is_some())
        && (flags.ad_account.is_some() || shared.ad_account.is_some())
        && flags.page.is_some();
    if !complete && !ui.can_ask() {
        return Err(Error::usage("can't ask for the ad account, the Page and the access token: not on a terminal")
            .hint("pass --ad-account ID --page ID and --token-env NAME or --token-file FILE"));
    }

    let told = frame.environment.text(names::PROFILE)?;
    let name = match named {
        Some(name) => name,
        None if complete => told.unwrap_or_else(|| "default".to_owned()),
        None => {
            let default = match told {
                Some(told) => Some(told),
                // Who has others wants another one.
                None if file.is_empty() => Some("default".to_owned()),
                None => {
                    ui.status(&format!("there already: {}", file.shown_names()));
                    None
                }
            };
            ui.ask("Name of the profile", default.as_deref(), values::name)?
        }
    };
    if let Some(broken) = file.broken.get(&name) {
        return Err(broken.error());
    }
    let old = file.profiles.get(&name);
    if old.is_none() {
        values::name(&name).map_err(Error::usage)?;
    }
    let target = file_for(&path, &name, &file);
    if old.is_some() {
        ui.confirm(
            &format!("Profile {name} already exists. Change it?"),
            &format!("changing profile {name} in {}", target.display()),
        )?;
    }
    let withheld = file.secret_variables();
    let has_keyring = keyring::is_offered(frame.environment);
    let keeper = Keeper { frame, profile: &name, withheld: &withheld, has_keyring };
    let edit = if complete { flags } else { ask(&keeper, flags, old, shared)? };
    let place = if target == path { Place::Section(&path, &name) } else { Place::Own(&target) };
    write_profile(place, &edit)?;

    ui.status(&format!("wrote profile {name} to {}", target.display()));
    if file.names().into_iter().all(|other| other == name) || name == "default" {
        ui.hint("mmsg config show prints what mmsg will use");
    } else {
        ui.hint(&format!("use it with --profile {name} or {}={name}", names::PROFILE));
    }
    Ok(Exit::Done)
}

fn flags(args: Args) -> Result<ProfileEdit> {
    for check in [args.ad_account.as_deref().map(values::ad_account), args.page.as_deref().map(values::page)] {
        check.transpose().map_err(Error::config)?;
    }
    let token = match (args.token_env, args.token_file) {
        (Some(name), _) => {
            values::variable(&name).map_err(Error::usage)?;
            Some(SecretSource::Env(name))
        }
        (None, Some(path)) => Some(SecretSource::File(absolute(&path)?)),
        (None, None) => None,
    };
    Ok(ProfileEdit { token, ad_account: args.ad_account, page: args.page, ..ProfileEdit::default() })
}

/// Where a secret of this profile can be kept.
struct Keeper<'f> {
    frame: &'f Invocation<'f>,
    profile: &'f str,
    /// Variables with secrets of any profile.
    withheld: &'f [String],
    has_keyring: bool,
}

/// Asks for what the flags do not give; the profile's current value is the default, or the one that all share.
fn ask(keeper: &Keeper<'_>, flags: ProfileEdit, old: Option<&Profile>, shared: &Profile) -> Result<ProfileEdit> {
    let ui = keeper.frame.ui;
    let had = |value: Option<&crate::config::file::At<String>>| value.map(|at| at.value.clone());
    let ad_account = match flags.ad_account {
        Some(account) => account,
        None => {
            let default = had(old.and_then(|old| old.ad_account.as_ref()).or(shared.ad_account.as_ref()));
            ui.ask("Ad account that pays (digits)", default.as_deref(), values::ad_account)?
        }
    };
    let page = match flags.page {
        Some(page) => page,
        None => {
            let default = had(old.and_then(|old| old.page.as_ref()));
            ui.ask("Page that sends (its ID)", default.as_deref(), values::page)?
        }
    };
    let token = match flags.token {
        Some(token) => Some(token),
        None => {
            let kept = kept(old.is_some_and(|old| old.token.is_some()), shared.token.is_some());
            keeper.ask("access token", None, kept)?
        }
    };
    let kept = kept(old.is_some_and(|old| !old.app_secrets.is_empty()), !shared.app_secrets.is_empty());
    let kept = kept.or(Some("none (only needed if the app's settings require it)"));
    let app_secret = keeper.ask("app secret", Some("app-secret"), kept)?;
    Ok(ProfileEdit { token, app_secret, ad_account: Some(ad_account), page: Some(page), ..flags })
}

/// How a secret that is there is told.
fn kept(in_profile: bool, shared: bool) -> Option<&'static str> {
    match (in_profile, shared) {
        (true, _) => Some("keep the one in the profile"),
        (false, true) => Some("the one in [defaults]"),
        (false, false) => None,
    }
}

/// Where a secret may come from.
#[derive(Clone, Copy)]
enum Way {
    Keyring,
    Plain,
    Variable,
    File,
    Command,
}

impl Keeper<'_> {
    /// Asks where a secret comes from; `None` leaves it as it is, if `skip` says what that means. `key` tells the entries of one profile
    /// in the keyring apart.
    fn ask(&self, what: &str, key: Option<&str>, skip: Option<&str>) -> Result<Option<SecretSource>> {
        let ui = self.frame.ui;
        let ways = [
            (Way::Keyring, "enter it now, kept in the system's keyring"),
            (Way::Plain, "enter it now, kept as plain text in the config file"),
            (Way::Variable, "an environment variable, read on every run"),
            (Way::File, "a file, read on every run"),
            (Way::Command, "a command, run on every run"),
        ];
        let ways = &ways[usize::from(!self.has_keyring)..];
        let answers: Vec<&str> = skip.into_iter().chain(ways.iter().map(|(_, answer)| *answer)).collect();
        let chosen = ui.choose(&format!("Where does the {what} come from"), &answers)?;
        let index = if skip.is_some() { chosen.checked_sub(1) } else { Some(chosen) };
        let Some((way, _)) = index.and_then(|index| ways.get(index)) else { return Ok(None) };
        Ok(Some(match way {
            Way::Keyring => {
                let (name, secret) = (keyring::name_for(self.profile, key), entered(ui, what)?);
                keyring::store(&name, what, &secret, self.frame.environment.without_secrets(self.withheld))?;
                ui.status(&format!("stored the {what} in the keyring as {name}"));
                SecretSource::Keyring(name)
            }
            Way::Plain => {
                let secret = entered(ui, what)?;
                ui.status(&format!("the {what} is kept in plain text, in a file that only you can read"));
                SecretSource::Text(secret)
            }
            Way::Variable => SecretSource::Env(ui.ask("Name of the variable", None, values::variable)?),
            Way::File => SecretSource::File(absolute(Path::new(&ui.ask("Path of the file", None, not_empty)?))?),
            Way::Command => {
                let line = ui.ask("The command, as you would type it", None, not_empty)?;
                SecretSource::Command(vec!["/bin/sh".to_owned(), "-c".to_owned(), line])
            }
        }))
    }
}

fn entered(ui: &Ui, what: &str) -> Result<Secret> {
    let text = ui.ask_secret(&format!("The {what} (not shown)"))?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::credentials(format!("the {what} is empty or contains spaces or special characters"))
            .hint("copy it again, without quotes, spaces or line breaks"));
    }
    Ok(Secret::new(text))
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("it can't be empty".to_owned()) } else { Ok(()) }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    values::absolute(path).map_err(Error::usage)
}
