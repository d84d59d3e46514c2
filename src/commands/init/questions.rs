//! What `mmsg init` asks for on a terminal: the secrets first, since they show which ad accounts and Pages there are.

use std::time::Duration;

use super::secrets::Keeper;
use crate::campaign::{AdAccount, PageId};
use crate::commands::context::{Context, Invocation};
use crate::commands::profile::values;
use crate::config::Settings;
use crate::config::edit::ProfileEdit;
use crate::config::file::{At, Profile, ProfileFile};
use crate::config::source::SecretSource;
use crate::error::{Error, Result};
use crate::graph::{self, Assets};
use crate::text;

/// Who waits for a list can type an ID instead.
const PATIENCE: Duration = Duration::from_secs(15);
/// As many fit on a screen.
const MOST_SHOWN: usize = 15;

/// The profile that is asked for.
pub struct Questions<'f> {
    pub frame: &'f Invocation<'f>,
    pub file: &'f ProfileFile,
    pub profile: &'f str,
}

/// What the access token sees.
#[derive(Default)]
struct Seen {
    ad_accounts: Assets<AdAccount>,
    pages: Assets<PageId>,
}

/// What can be chosen.
struct Offer {
    /// IDs, and how each is shown.
    rows: Vec<(String, String)>,
    /// Whether there are others.
    more: bool,
}

impl Offer {
    fn of<I>(seen: &Assets<I>, id: fn(&I) -> &str, note: impl Fn(&str) -> String) -> Self {
        let shown = |(asset, name): &(I, Option<String>)| {
            let id = id(asset);
            (id.to_owned(), format!("{}{}", text::with_name(id, name.as_deref()), note(id)))
        };
        let rows = seen.rows.iter().take(MOST_SHOWN).map(shown).collect();
        Self { rows, more: seen.more || seen.rows.len() > MOST_SHOWN }
    }
}

/// Why nothing can be offered.
enum Unseen {
    /// Meta does not take the token.
    DeadToken(Error),
    Other(Error),
}

impl Questions<'_> {
    /// Asks for what the flags do not give; the profile's current value is the default, or the one that all share.
    pub async fn ask(&self, flags: ProfileEdit) -> Result<ProfileEdit> {
        let keeper = Keeper::new(self.frame, self.profile, self.file.secret_variables());
        let (mut edit, seen) = self.secrets(&keeper, flags).await?;
        let (old, shared) = (self.old(), &self.file.defaults);
        let had = |value: Option<&At<String>>| value.map(|at| at.value.clone());
        if edit.ad_account.is_none() {
            let default = had(old.and_then(|old| old.ad_account.as_ref()).or(shared.ad_account.as_ref()));
            let offer = Offer::of(&seen.ad_accounts, AdAccount::as_str, |_| String::new());
            edit.ad_account = Some(self.pick("Ad account that pays", "digits", &offer, default, values::ad_account)?);
        }
        if edit.page.is_none() {
            let default = had(old.and_then(|old| old.page.as_ref()));
            let offer = Offer::of(&seen.pages, PageId::as_str, |page| self.profile_of(page));
            edit.page = Some(self.pick("Page that sends", "its ID", &offer, default, values::page)?);
        }
        let kept = kept(old.is_some_and(|old| old.page_token.is_some()), shared.page_token.is_some());
        let kept = kept.unwrap_or("Meta, by the access token (its user must have the Page)");
        edit.page_token = keeper.ask("Page token", Some("page-token"), Some(kept))?;
        Ok(edit)
    }

    /// The access token and the app secret; a token that was typed is asked for again if Meta does not take it.
    async fn secrets(&self, keeper: &Keeper<'_>, flags: ProfileEdit) -> Result<(ProfileEdit, Seen)> {
        let (old, shared) = (self.old(), &self.file.defaults);
        let in_flags = flags.token.is_some();
        let mut edit = flags;
        loop {
            if !in_flags {
                let kept = kept(old.is_some_and(|old| old.token.is_some()), shared.token.is_some());
                edit.token = keeper.ask("access token", None, kept)?;
            }
            let kept = kept(old.is_some_and(|old| !old.app_secrets.is_empty()), !shared.app_secrets.is_empty());
            let kept = kept.or(Some("none (only needed if the app's settings require it)"));
            edit.app_secret = keeper.ask("app secret", Some("app-secret"), kept)?;
            if edit.ad_account.is_some() && edit.page.is_some() {
                return Ok((edit, Seen::default()));
            }
            let was_typed = matches!(edit.token, Some(SecretSource::Text(_) | SecretSource::Keyring(_)));
            match self.look(&edit).await {
                Ok(seen) => return Ok((edit, seen)),
                Err(Unseen::DeadToken(error)) if was_typed => {
                    self.frame.ui.warn(&format!("Meta does not accept this token: {error}"));
                }
                Err(Unseen::DeadToken(error) | Unseen::Other(error)) => {
                    self.frame.ui.warn(&format!("the ad account and the Page can't be offered: {error}"));
                    return Ok((edit, Seen::default()));
                }
            }
        }
    }

    /// Asks Meta what the access token sees.
    async fn look(&self, edit: &ProfileEdit) -> Result<Seen, Unseen> {
        let frame = self.frame;
        let overrides = frame.global.overrides(None);
        let settings =
            Settings::draft(&overrides, frame.environment, self.file, self.profile, edit).map_err(Unseen::Other)?;
        let context = Context::new(settings, frame.ui.clone(), frame.clock);
        let graph = context.any_graph().map_err(Unseen::Other)?;
        let unseen = |error: graph::Error| match error.facts().code {
            Some(190) => Unseen::DeadToken(error.into()),
            _ => Unseen::Other(error.into()),
        };
        let lists = async { tokio::try_join!(graph.ad_accounts_seen(), graph.pages_seen()) };
        let (ad_accounts, pages) = tokio::time::timeout(PATIENCE, lists)
            .await
            .map_err(|_| Unseen::Other(Error::network(format!("no answer within {}", text::span(PATIENCE)))))?
            .map_err(unseen)?;
        Ok(Seen { ad_accounts, pages })
    }

    fn pick(
        &self,
        question: &str,
        typed: &str,
        offer: &Offer,
        default: Option<String>,
        check: fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        let ui = self.frame.ui;
        if offer.rows.is_empty() {
            return ui.ask(&format!("{question} ({typed})"), default.as_deref(), check);
        }
        if offer.more {
            ui.status("the token sees more than these: type the ID of another");
        }
        let only = (offer.rows.len() == 1 && !offer.more).then(|| "1".to_owned());
        let question = format!("{question} (number or ID)");
        ui.choose_or_type(&question, &offer.rows, default.or(only).as_deref(), check)
    }

    /// Says which profile has the Page already.
    fn profile_of(&self, page: &str) -> String {
        let has = |profile: &Profile| profile.page.as_ref().is_some_and(|at| at.value == page);
        let profile = self.file.profiles.iter().find(|(_, profile)| has(profile));
        profile.map_or_else(String::new, |(name, _)| format!(", in profile {name}"))
    }

    fn old(&self) -> Option<&Profile> {
        self.file.profiles.get(self.profile)
    }
}

/// How a secret that is there is told.
fn kept(in_profile: bool, shared: bool) -> Option<&'static str> {
    match (in_profile, shared) {
        (true, _) => Some("keep the one in the profile"),
        (false, true) => Some("the one in [defaults]"),
        (false, false) => None,
    }
}
