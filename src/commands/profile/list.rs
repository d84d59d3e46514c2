//! `mmsg profile list`.

use serde::Serialize;

use super::Profiles;
use crate::commands::context::Invocation;
use crate::config::edit::Place;
use crate::config::{Overrides, Settings, several};
use crate::error::{Exit, Result};
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// List the profiles: those of the config file, and those of the folder profiles.d beside it.
///
/// Exits 3 if one of them can't be used; the others are listed all the same.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    shape: Shape,
}

#[derive(Serialize)]
struct Row {
    profile: String,
    /// Whether it is used without --profile.
    selected: bool,
    page: Option<String>,
    ad_account: Option<String>,
    ledger: Option<String>,
    file: String,
    /// Why it can't be used.
    error: Option<String>,
}

impl Record for Row {
    const PLURAL: &'static str = "profiles";
    const COLUMNS: &'static [&'static str] = &["profile", "selected", "Page", "ad account", "ledger", "file"];
    const EXPENDABLE: &'static [&'static str] = &["file", "ledger", "ad account", "selected", "Page"];
    const KEYS: &'static [&'static str] = &["profile", "selected", "page", "ad_account", "ledger", "file", "error"];

    fn cells(&self) -> Vec<String> {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let selected = if self.selected { "yes" } else { "-" };
        vec![
            self.profile.clone(),
            selected.to_owned(),
            dash(&self.page),
            dash(&self.ad_account),
            dash(&self.ledger),
            self.file.clone(),
        ]
    }
}

pub fn run(frame: &Invocation<'_>, args: &Args) -> Result<Exit> {
    let profiles = Profiles::read(frame)?;
    if profiles.all.is_empty() {
        frame.ui.list_as::<Row>(&[], &args.shape)?;
        frame.ui.hint("mmsg init creates one, and mmsg profile add --from FILE many");
        return Ok(Exit::Done);
    }
    let selected = Settings::load(&Overrides::default(), frame.environment).ok().and_then(|settings| settings.profile);
    let wanted = if frame.global.profile.is_empty() { vec!["*".to_owned()] } else { frame.global.profile.clone() };
    let mut exit = Exit::Done;
    let mut rows = Vec::new();
    for (name, settings) in several::load(&wanted, &Overrides::default(), frame.environment)? {
        let file = match profiles.place(&name)? {
            Place::Own(path) | Place::Section(path, _) => path.display().to_string(),
        };
        let selected = selected.as_ref().is_some_and(|profile| profile.value == name);
        rows.push(match settings {
            Ok(settings) => Row {
                selected,
                page: settings.page.map(|page| page.value.to_string()),
                ad_account: settings.ad_account.map(|account| account.value.to_string()),
                ledger: Some(settings.ledger.value.to_string()),
                file,
                error: None,
                profile: name,
            },
            Err(error) => {
                exit = Exit::Config;
                frame.ui.warn(&format!("{name}: {error}"));
                let error = Some(error.to_string());
                Row { profile: name, selected, page: None, ad_account: None, ledger: None, file, error }
            }
        });
    }
    frame.ui.list_as(&rows, &args.shape)?;
    Ok(exit)
}
