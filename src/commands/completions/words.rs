//! What can stand at the cursor besides commands and flags: profiles, campaigns, audiences, broadcasts, columns. It is read from the config file
//! and from a ledger in a file, never over a network; what can't be read completes nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Command;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::commands::schema;
use crate::config::environment::Environment;
use crate::config::file::ProfileFile;
use crate::config::{Overrides, Settings};
use crate::ledger::Ledger;
use crate::ledger::names::{Named, Names};
use crate::text;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Of the list that this command prints.
    Column(String),
    Profile,
    Campaign,
    CampaignName,
    Audience,
    Broadcast,
    Label,
}

/// What an argument of a command takes; `command` is its words.
fn kind_of(command: &str, argument: &str) -> Option<Kind> {
    let word = command.split(' ').next().unwrap_or_default();
    match (word, argument) {
        (_, "columns" | "sort") => Some(Kind::Column(command.to_owned())),
        ("profile", "name" | "names" | "old") | (_, "profile") => Some(Kind::Profile),
        ("campaign", "id" | "ids") | (_, "campaign") => Some(Kind::Campaign),
        ("broadcast", "id" | "ids") | (_, "broadcast") => Some(Kind::Broadcast),
        ("send" | "message", "campaign_name") => Some(Kind::CampaignName),
        (_, "audience") => Some(Kind::Audience),
        (_, "label") => Some(Kind::Label),
        _ => None,
    }
}

/// The command, whose arguments know their values; `words` are its own.
pub fn with_values(command: Command, words: &str, known: &Arc<Known>) -> Command {
    let command = command.mut_args(|argument| match kind_of(words, argument.get_id().as_str()) {
        Some(kind) => {
            let known = Arc::clone(known);
            argument.add(ArgValueCandidates::new(move || known.candidates(&kind)))
        }
        None => argument,
    });
    command.mut_subcommands(|below| {
        let words = format!("{words} {}", below.get_name()).trim_start().to_owned();
        // A new profile's name is nobody's yet.
        if words == "profile add" { below } else { with_values(below, &words, known) }
    })
}

/// Where values are found: by the words typed so far.
pub struct Known {
    environment: Environment,
    overrides: Overrides,
}

impl Known {
    pub fn new(environment: Environment, typed: &[OsString]) -> Self {
        let value = |flag: &str| {
            let mut words = typed.iter().filter_map(|word| word.to_str());
            let mut found = None;
            while let Some(word) = words.next() {
                match word.strip_prefix(flag) {
                    Some("") => found = words.next().map(str::to_owned),
                    Some(rest) => found = rest.strip_prefix('=').map(str::to_owned).or(found),
                    None => {}
                }
            }
            found.filter(|value| !value.is_empty())
        };
        let overrides = Overrides {
            profile: value("--profile"),
            ledger: value("--ledger").map(PathBuf::from),
            ..Overrides::default()
        };
        Self { environment, overrides }
    }

    fn candidates(&self, kind: &Kind) -> Vec<CompletionCandidate> {
        let plain = |name: String| CompletionCandidate::new(name);
        match kind {
            Kind::Column(command) => schema::keys_of(command).into_iter().map(plain).collect(),
            Kind::Profile => self.profiles().into_iter().map(plain).collect(),
            Kind::Audience => self.names().audiences.into_iter().map(plain).collect(),
            Kind::Campaign => {
                campaigns(self.names().broadcasts).into_iter().map(|(id, help)| named(id, help)).collect()
            }
            Kind::Broadcast => {
                let one = |broadcast: Named| {
                    let name = broadcast.label.or(broadcast.name);
                    named(broadcast.id.to_string(), name.unwrap_or_else(|| format!("campaign {}", broadcast.campaign)))
                };
                self.names().broadcasts.into_iter().map(one).collect()
            }
            Kind::CampaignName => once(self.names().broadcasts.into_iter().filter_map(|broadcast| broadcast.name)),
            Kind::Label => once(self.names().broadcasts.into_iter().filter_map(|broadcast| broadcast.label)),
        }
    }

    fn profiles(&self) -> Vec<String> {
        let Ok((path, _)) = self.environment.config_file() else { return Vec::new() };
        let file = ProfileFile::read(&path, &self.environment).ok().flatten().unwrap_or_default();
        file.names().into_iter().map(str::to_owned).collect()
    }

    fn names(&self) -> Names {
        let Ok(settings) = Settings::load(&self.overrides, &self.environment) else { return Names::default() };
        let address = &settings.ledger.value;
        if address.is_server() {
            return Names::default();
        }
        let page = settings.page.as_ref().map(|page| page.value.as_str());
        let ledger = Ledger::open_read_only(address.clone()).ok().flatten();
        ledger.and_then(|ledger| ledger.names(page).ok()).unwrap_or_default()
    }
}

/// Each of them once, in their order.
fn once(words: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    let mut found = Vec::new();
    words.for_each(|word| {
        if !found.contains(&word) {
            found.push(word);
        }
    });
    found.into_iter().map(CompletionCandidate::new).collect()
}

fn named(word: String, help: String) -> CompletionCandidate {
    CompletionCandidate::new(word).help(Some(help.into()))
}

/// Each campaign once, the newest first, with its name or how many broadcasts it has.
fn campaigns(broadcasts: Vec<Named>) -> Vec<(String, String)> {
    let mut found: Vec<(String, Option<String>, u64)> = Vec::new();
    for Named { campaign, name, .. } in broadcasts {
        match found.iter_mut().find(|(known, ..)| *known == campaign) {
            Some((_, _, n)) => *n += 1,
            None => found.push((campaign, name, 1)),
        }
    }
    let help = |name: Option<String>, n| name.unwrap_or_else(|| text::count(n, "broadcast", "broadcasts"));
    found.into_iter().map(|(campaign, name, n)| (campaign, help(name, n))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_typed_say_which_profile_and_ledger() {
        let known = |line: &str| {
            let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let Known { overrides, .. } = Known::new(Environment::default(), &typed);
            (overrides.profile, overrides.ledger.map(|path| path.display().to_string()))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(known("mmsg send --profile shop --ledger=x.db --campaign "), (some("shop"), some("x.db")));
        assert_eq!(known("mmsg --profile=a send --profile b"), (some("b"), None));
        assert_eq!(known("mmsg send --profile "), (None, None));
        assert_eq!(known("mmsg send --profiles x"), (None, None));
    }

    #[test]
    fn every_kind_is_of_some_argument() {
        let mut found = Vec::new();
        let mut commands = vec![(String::new(), crate::cli::command())];
        while let Some((word, command)) = commands.pop() {
            found.extend(command.get_arguments().filter_map(|argument| kind_of(&word, argument.get_id().as_str())));
            for below in command.get_subcommands() {
                commands.push((format!("{word} {}", below.get_name()).trim_start().to_owned(), below.clone()));
            }
        }
        let columns =
            found.iter().filter_map(|kind| if let Kind::Column(command) = kind { Some(command) } else { None });
        for command in columns.clone() {
            assert!(!schema::keys_of(command).is_empty(), "no columns of {command} are known");
        }
        assert!(columns.count() > 20);
        for (kind, least) in [
            (Kind::Profile, 4),
            (Kind::Campaign, 10),
            (Kind::Audience, 4),
            (Kind::CampaignName, 2),
            (Kind::Broadcast, 4),
            (Kind::Label, 2),
        ] {
            assert!(found.iter().filter(|other| **other == kind).count() >= least, "{kind:?}");
        }
    }
}
