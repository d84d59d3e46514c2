//! `mmsg profile add`.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Profiles, table, values};
use crate::commands::context::Invocation;
use crate::config::edit::{ProfileEdit, create_profile};
use crate::config::file::{file_of, folder_of};
use crate::error::{Error, Exit, Result};
use crate::secret::{Secret, tokens_in};
use crate::text;

/// The largest table of profiles.
const MOST_BYTES: u64 = 64 << 20;

/// Add a profile, or many from a table; each becomes a file in the folder profiles.d beside the config file.
///
/// Nothing is asked. What a profile does not set comes from the defaults of the config file, or from the environment. A table is CSV with
/// a header: profile, page, and any of the flags' names (ad_account, token_env, …). One mistake in it, and no profile is added.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the new profile.
    #[arg(required_unless_present = "from")]
    name: Option<String>,
    /// Read the profiles from this CSV file; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "page", "ad_account", "token_env", "token_file", "page_token_env", "page_token_file", "app_secret_env", "app_secret_file", "campaign_name", "time_zone", "campaign", "message"])]
    from: Option<PathBuf>,
    /// Leave profiles alone that are there already.
    #[arg(long)]
    if_absent: bool,
    /// Page that sends.
    #[arg(long, value_name = "ID", required_unless_present = "from")]
    page: Option<String>,
    /// Ad account that pays: digits, optionally after act_.
    #[arg(long, value_name = "ID")]
    ad_account: Option<String>,
    /// Read the access token from this environment variable on every run.
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    token_env: Option<String>,
    /// Read the access token from this file on every run.
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// The same for the Page's token.
    #[arg(long, value_name = "NAME", conflicts_with = "page_token_file")]
    page_token_env: Option<String>,
    /// The same for the Page's token.
    #[arg(long, value_name = "FILE")]
    page_token_file: Option<String>,
    /// The same for the app secret.
    #[arg(long, value_name = "NAME", conflicts_with = "app_secret_file")]
    app_secret_env: Option<String>,
    /// The same for the app secret.
    #[arg(long, value_name = "FILE")]
    app_secret_file: Option<String>,
    /// Default for campaign create --name.
    #[arg(long, value_name = "NAME")]
    campaign_name: Option<String>,
    /// Time zone of the business, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Default for send --campaign.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// Default for send --message.
    #[arg(long, value_name = "FILE")]
    message: Option<String>,
}

pub fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let ui = frame.ui;
    let profiles = Profiles::read(frame)?;
    let if_absent = args.if_absent;
    let mut wanted = match &args.from {
        Some(path) => read_table(frame, path)?,
        None => one(frame, args)?,
    };
    let there: Vec<String> = wanted.keys().filter(|name| profiles.all.has(name)).cloned().collect();
    if let (Some(first), false) = (there.first(), if_absent) {
        let others = text::count(there.len() as u64, "profile is", "profiles are");
        return Err(Error::usage(format!("{others} there already, such as {first}: no profile was added"))
            .hint("--if-absent adds the others; mmsg init --profile NAME changes a profile"));
    }
    wanted.retain(|name, _| !there.contains(name));
    for (name, edit) in &wanted {
        create_profile(&file_of(&profiles.config, name), edit)?;
    }
    let left = match there.len() {
        0 => String::new(),
        n => format!("; {} there already", text::count(n as u64, "was", "were")),
    };
    let folder = folder_of(&profiles.config);
    let added = text::count(wanted.len() as u64, "profile", "profiles");
    ui.status(&format!("added {added} in {}{left}", folder.display()));
    Ok(Exit::Done)
}

fn one(frame: &Invocation<'_>, args: Args) -> Result<BTreeMap<String, ProfileEdit>> {
    let name = args.name.unwrap_or_default();
    values::name(&name).map_err(|wrong| Error::usage(wrong).hint("choose another name"))?;
    let mut edit = ProfileEdit::default();
    let ledger = frame.global.ledger.as_ref().map(|path| path.display().to_string());
    for (column, value) in [
        ("page", args.page),
        ("ad_account", args.ad_account),
        ("token_env", args.token_env),
        ("token_file", args.token_file),
        ("page_token_env", args.page_token_env),
        ("page_token_file", args.page_token_file),
        ("app_secret_env", args.app_secret_env),
        ("app_secret_file", args.app_secret_file),
        ("ledger", ledger),
        ("campaign_name", args.campaign_name),
        ("time_zone", args.time_zone),
        ("campaign", args.campaign),
        ("message", args.message),
    ] {
        if let Some(value) = value {
            values::set(&mut edit, frame.environment, column, &value).map_err(|wrong| {
                Error::usage(wrong).hint(format!("it is the value of --{}", column.replace('_', "-")))
            })?;
        }
    }
    Ok(BTreeMap::from([(name, edit)]))
}

fn read_table(frame: &Invocation<'_>, path: &Path) -> Result<BTreeMap<String, ProfileEdit>> {
    let mut bytes = Vec::new();
    let (source, read) = if path == Path::new("-") {
        ("stdin".to_owned(), std::io::stdin().lock().take(MOST_BYTES).read_to_end(&mut bytes))
    } else {
        let read = std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes));
        (path.display().to_string(), read)
    };
    read.map_err(|error| Error::usage(format!("can't read {source}")).because(&error))?;
    // One may stand in the wrong column, and errors quote cells.
    tokens_in(&String::from_utf8_lossy(&bytes))
        .for_each(|token| frame.environment.redactor().learn(&Secret::new(token)));
    table::read(&bytes, &source, frame.environment)
}
