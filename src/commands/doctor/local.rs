//! What this machine knows: settings and their sources, and who can read the files.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::finding::{Check, Finding, Findings};
use crate::commands::context::Context;
use crate::commands::shell::quoted;
use crate::config::{Origin, SecretPlace, Settings, open_to_others};
use crate::error::{Error, Exit};
use crate::ledger::address::Address;
use crate::text::count;

/// The settings, and whether the secrets can be fetched.
pub fn profile(context: &Context, findings: &mut Findings) {
    let settings = &context.settings;
    findings.add(match secrets(settings).and_then(|()| needed(settings)) {
        Err(error) => Finding::error(Check::Profile, &error),
        Ok(()) => {
            let open: Vec<String> = config_files(settings).map(open_to_others).collect();
            let warnings: Vec<&str> =
                settings.warnings.iter().filter(|warning| !open.contains(warning)).map(String::as_str).collect();
            let told = match warnings.as_slice() {
                [] => Finding::ok(Check::Profile, sources(settings)),
                some => Finding::warning(
                    Check::Profile,
                    some.join("; "),
                    "mmsg config show shows each value and its source",
                ),
            };
            let profile = settings.profile.as_ref().map(|profile| profile.value.clone());
            let file = settings.config_file.as_ref().map(|path| path.display().to_string());
            told.with("profile", profile)
                .with("config_file", file)
                .with("graph_url", settings.graph_url.value.to_string())
                .with("ad_account", settings.ad_account.as_ref().map(|account| account.value.to_string()))
                .with("page", settings.page.as_ref().map(|page| page.value.to_string()))
        }
    });
}

fn secrets(settings: &Settings) -> Result<(), Error> {
    settings.token()?;
    settings.page_token()?;
    settings.app_secrets()?;
    settings.verify_token()?;
    settings.ledger()?;
    Ok(())
}

fn needed(settings: &Settings) -> Result<(), Error> {
    settings.required_ad_account()?;
    settings.required_page()?;
    Ok(())
}

/// `profile shop in …/config.toml; token from …`.
fn sources(settings: &Settings) -> String {
    let file = settings.own_file.as_ref().or(settings.config_file.as_ref());
    let whose = match (&settings.profile, file) {
        (Some(profile), Some(file)) => format!("profile {} in {}", profile.value, file.display()),
        (Some(profile), None) => format!("profile {}", profile.value),
        (None, _) => "no profile; the environment sets everything".to_owned(),
    };
    let origin = |origin: &Origin| origin.to_string();
    let mut parts = vec![whose];
    let places = settings.secret_places();
    let secret =
        |place: &SecretPlace| Some(format!("{} from {}", place.name.replace('_', " "), place.source.as_ref()?));
    parts.extend(places.iter().filter_map(secret));
    parts.extend(settings.ad_account.as_ref().map(|account| format!("ad account from {}", origin(&account.origin))));
    parts.extend(settings.page.as_ref().map(|page| format!("Page from {}", origin(&page.origin))));
    parts.join("; ")
}

fn config_files(settings: &Settings) -> impl Iterator<Item = &Path> {
    [&settings.config_file, &settings.own_file].into_iter().flatten().map(PathBuf::as_path)
}

/// Files with secrets or people in them, which nobody else should be able to read or change.
pub fn files(context: &Context, findings: &mut Findings) {
    let settings = &context.settings;
    let mut files: Vec<PathBuf> = config_files(settings).chain(settings.secret_files()).map(Path::to_owned).collect();
    if let Address::File(ledger) = &settings.ledger.value {
        for end in ["", "-wal", "-shm"] {
            let mut path = ledger.as_os_str().to_owned();
            path.push(end);
            files.push(path.into());
        }
    }
    files.retain(|path| path.exists());
    files.sort();
    files.dedup();
    let open: Vec<&PathBuf> = files.iter().filter(|path| mode(path).is_some_and(is_open)).collect();
    findings.add(judge(files.len(), &open));
}

fn judge(files: usize, open: &[&PathBuf]) -> Finding {
    let finding = match open {
        [] if files == 0 => Finding::ok(Check::Files, "there are no files with secrets or people in them yet"),
        [] => Finding::ok(Check::Files, format!("only you can read {}", count(files as u64, "file", "files"))),
        some => {
            let shown: Vec<String> = some.iter().map(|path| path.display().to_string()).collect();
            let typed: Vec<String> = shown.iter().map(|path| quoted(path).into_owned()).collect();
            Finding::failed(
                Check::Files,
                Exit::Config,
                format!("other users can read or change {}", shown.join(", ")),
                format!("chmod 600 {}", typed.join(" ")),
            )
        }
    };
    finding.with("files", files).with("open", open.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}

fn mode(path: &Path) -> Option<u32> {
    std::fs::metadata(path).ok().map(|data| data.permissions().mode())
}

const fn is_open(mode: u32) -> bool {
    mode & 0o077 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::Verdict;

    #[test]
    fn a_file_that_others_can_read_is_named_with_the_command_that_closes_it() {
        assert_eq!(judge(2, &[]).verdict, Verdict::Ok);
        let path = PathBuf::from("/home/me/my shop.toml");
        let open = judge(2, &[&path]);
        assert_eq!(open.verdict, Verdict::Failed);
        assert_eq!(open.next.as_deref(), Some("chmod 600 '/home/me/my shop.toml'"));
        assert!(is_open(0o100_640) && is_open(0o100_602) && !is_open(0o100_600));
    }
}
