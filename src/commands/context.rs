//! What commands that send need beside the plain accessors.

use std::time::Duration;

use jiff::ToSpan;
use jiff::tz::TimeZone;

use super::Context;
use crate::clock::UnixMillis;
use crate::config::Origin;
use crate::error::{Error, Result};
use crate::graph::Sender;
use crate::ledger::{Ledger, Opened};

impl Context {
    /// The send path of the profile's ad account.
    ///
    /// # Errors
    /// Exit 3 or 4 when the settings don't allow one.
    pub fn sender(&self, timeout: Duration, concurrency: usize) -> Result<Sender> {
        Ok(Sender::new(&self.access()?, &self.ad_account()?, timeout, concurrency)?)
    }

    /// The ledger of the settings. One that is new is announced: a path with a slip in it makes one too, where nobody's cool-down
    /// is known.
    ///
    /// # Errors
    /// Exit 10 when it can't be used.
    pub fn open_ledger(&self) -> Result<Ledger> {
        let place = &self.settings.ledger;
        let (ledger, opened) = Ledger::open(&place.value)?;
        if opened == Opened::Made {
            let origin = match &place.origin {
                Origin::Default => String::new(),
                named => format!(" ({named})"),
            };
            let path = place.value.display();
            self.ui.status(&format!("made a new ledger, which knows nobody's cool-down: {path}{origin}"));
        }
        Ok(ledger)
    }

    /// The ledger to look into: none is made. At its default place a missing one is an empty one; a place that somebody named
    /// and that holds none is a mistake, and an empty list would hide it.
    ///
    /// # Errors
    /// Exit 10 when it can't be used, or is not there.
    pub fn existing_ledger(&self) -> Result<Ledger> {
        let place = &self.settings.ledger;
        if place.value.try_exists().unwrap_or(true) {
            return self.open_ledger();
        }
        if place.origin == Origin::Default {
            return Ledger::temporary();
        }
        Err(Error::ledger(format!("there is no ledger at {} ({})", place.value.display(), place.origin))
            .hint("mmsg config show tells which one is used; mmsg send makes a new one"))
    }

    /// When the ad account's next day begins; UTC's where its time zone is not known.
    pub async fn next_day(&self, now: UnixMillis) -> UnixMillis {
        let zone = match (self.graph(), self.ad_account()) {
            (Ok(graph), Ok(account)) => graph.time_zone(&account).await.ok().flatten(),
            _ => None,
        };
        let zone = zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
        let tomorrow = now.timestamp().to_zoned_datetime(zone).checked_add(1.day()).and_then(|day| day.start_of_day());
        tomorrow.map_or(now.plus(Duration::from_secs(24 * 3600)), |day| day.timestamp().into())
    }

    /// Who is at work, for the audit table.
    pub fn operator(&self) -> String {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        format!("uid {} on {host}", rustix::process::getuid().as_raw())
    }

    /// The global flags that a command to type next needs as well.
    pub fn push_globals(&self, command: &mut String) {
        if let Some(profile) =
            self.settings.profile.as_ref().filter(|profile| matches!(profile.origin, Origin::Flag(_)))
        {
            command.push_str(&format!(" --profile {}", quoted(&profile.value)));
        }
        if matches!(self.settings.ledger.origin, Origin::Flag(_)) {
            command.push_str(&format!(" --ledger {}", quoted(&self.settings.ledger.value.display().to_string())));
        }
    }
}

/// As a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
