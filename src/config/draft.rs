//! The settings of a profile that is not written yet.

use super::edit::ProfileEdit;
use super::environment::Environment;
use super::file::{At, Profile, ProfileFile};
use super::resolve::{All, combine};
use super::{Origin, Overrides, Settings, Sourced};
use crate::error::Result;

/// Where a value of the draft stands.
const PLACE: &str = "the new profile";

pub fn settings(
    overrides: &Overrides,
    environment: &Environment,
    file: &ProfileFile,
    name: &str,
    edit: &ProfileEdit,
) -> Result<Settings> {
    let mut file = file.clone();
    change(file.profiles.entry(name.to_owned()).or_default(), edit);
    let path = environment.config_file().ok().map(|(path, _)| path);
    let all = All::of(path, file, environment);
    let overrides = Overrides { profile: Some(name.to_owned()), ..overrides.clone() };
    combine(&overrides, environment, &all, Some(Sourced { value: name.to_owned(), origin: Origin::Flag("--profile") }))
}

/// What says who asks, and whom: the rest of an edit does not matter before it is written.
fn change(profile: &mut Profile, edit: &ProfileEdit) {
    let at = |value: &String| At { value: value.clone(), place: PLACE.to_owned() };
    let ProfileEdit { token, page_token, app_secret, ad_account, page, .. } = edit;
    profile.token = token.clone().or(profile.token.take());
    profile.page_token = page_token.clone().or(profile.page_token.take());
    if let Some(secret) = app_secret {
        profile.app_secrets = vec![secret.clone()];
    }
    profile.ad_account = ad_account.as_ref().map(at).or(profile.ad_account.take());
    profile.page = page.as_ref().map(at).or(profile.page.take());
}
