//! `mmsg init`: a profile, step by step on a terminal, or from flags in a script.

mod questions;
mod secrets;

use std::path::PathBuf;

use crate::commands::context::Invocation;
use crate::commands::doctor;
use crate::commands::profile::values;
use crate::config::Settings;
use crate::config::edit::{Place, ProfileEdit, file_for, write_profile};
use crate::config::environment::names;
use crate::config::file::ProfileFile;
use crate::config::source::SecretSource;
use crate::error::{Error, Exit, Result};
use questions::Questions;

/// Write a profile, step by step: where the secrets come from, the ad account and the Page.
///
/// Asks for anything not given by a flag, and offers the ad accounts and Pages that the access token sees. What was asked for is checked
/// once it is written, as mmsg doctor does, and the exit code is the same. In a script, pass --ad-account, --page and --token-env or
/// --token-file, and nothing is asked or checked; those that the config file has in its defaults may be left out. The profile is named by
/// --profile, or else MMSG_PROFILE, or else "default". Other profiles and settings are kept. A new profile goes to the folder profiles.d
/// beside the config file if there is one, or else into the config file.
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

pub async fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
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
    let questions = Questions { frame, file: &file, profile: &name };
    let edit = if complete { flags } else { questions.ask(flags).await? };
    let place = if target == path { Place::Section(&path, &name) } else { Place::Own(&target) };
    write_profile(place, &edit)?;

    ui.status(&format!("wrote profile {name} to {}", target.display()));
    if file.names().into_iter().all(|other| other == name) || name == "default" {
        ui.hint("mmsg config show prints what mmsg will use");
    } else {
        ui.hint(&format!("use it with --profile {name} or {}={name}", names::PROFILE));
    }
    if complete {
        ui.hint("mmsg doctor checks it");
        return Ok(Exit::Done);
    }
    let settings = Settings::load(&frame.global.overrides(Some(name)), frame.environment);
    doctor::check(frame, settings).await
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
        (None, Some(path)) => Some(SecretSource::File(secrets::absolute(&path)?)),
        (None, None) => None,
    };
    Ok(ProfileEdit { token, ad_account: args.ad_account, page: args.page, ..ProfileEdit::default() })
}
