//! What every command is given.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use crate::campaign::{AdAccount, PageId};
use crate::cli::global::GlobalArgs;
use crate::clock::{Clock, UnixMillis};
use crate::commands::shell::quoted;
use crate::commands::waiting::attended;
use crate::config::environment::Environment;
use crate::config::{Origin, Settings};
use crate::endpoint::Family;
use crate::error::{Error, Result};
use crate::graph::{Access, Graph, Sender, Tls};
use crate::ledger::address::Address;
use crate::ledger::{self, Ledger, Opened};
use crate::log::{Log, Name, Span, note, within};
use crate::secret::Secret;
use crate::text;
use crate::times::CLOCK_SKEW;
use crate::times::day::Day;
use crate::times::hours::Zone;
use crate::ui::Ui;

/// What every command gets. Made once in `main`; lower layers get values from it, never the whole.
///
/// Making it reads no secret and opens nothing, so that a command fails only because of what it uses.
pub struct Context {
    pub settings: Settings,
    pub ui: Ui,
    pub clock: Clock,
    graph: OnceLock<Graph>,
    tls: Tls,
    /// Whether the end of the Marketing API of the version was told.
    told_end: OnceLock<()>,
    /// What Meta called the profile's Page.
    page_name: OnceLock<String>,
    /// Flags of a send that the command which continues it needs, too.
    repeated: OnceLock<String>,
}

impl Context {
    pub fn new(settings: Settings, ui: Ui, clock: Clock) -> Self {
        Self::sharing(Tls::default(), settings, ui, clock)
    }

    /// One of several, which need not each read the system's certificates.
    pub fn sharing(tls: Tls, settings: Settings, ui: Ui, clock: Clock) -> Self {
        let shop = settings.profile.as_ref().map(|profile| profile.value.as_str());
        // Whoever has one business has not named it.
        let ui = ui.of_shop(shop.filter(|name| *name != "default"));
        Self {
            settings,
            ui,
            clock,
            graph: OnceLock::new(),
            tls,
            told_end: OnceLock::new(),
            page_name: OnceLock::new(),
            repeated: OnceLock::new(),
        }
    }

    /// Whose the events of the command are.
    pub fn span(&self) -> Span {
        within!(profile = self.settings.profile.as_ref().map(|profile| Name(&profile.value)))
    }

    /// The client for reads and for writes other than sends; made at first use. An unusual host was warned about with the settings.
    ///
    /// # Errors
    /// Exit 3 or 4 when the settings don't allow one.
    pub fn graph(&self) -> Result<&Graph> {
        self.told_end.get_or_init(|| tell_end(&self.ui, &self.settings, Family::Marketing, self.clock));
        self.any_graph()
    }

    /// The same without a word of the version's end, for whoever shows that itself.
    ///
    /// # Errors
    /// As [`Context::graph`].
    pub fn any_graph(&self) -> Result<&Graph> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        let graph = self.graph_with(self.access()?)?;
        Ok(self.graph.get_or_init(|| graph))
    }

    /// How a host proves who it is.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// A client with this access.
    ///
    /// # Errors
    /// Exit 3 or 4 when the access is malformed.
    pub fn graph_with(&self, access: Access) -> Result<Graph> {
        Ok(Graph::new(access, self.clock)?)
    }

    /// # Errors
    /// Exit 4 when there is no token, or a secret can't be fetched.
    pub fn access(&self) -> Result<Access> {
        self.access_with(self.settings.token()?)
    }

    /// The same access with another token, such as a Page's.
    ///
    /// # Errors
    /// Exit 4 when a secret can't be fetched.
    pub fn access_with(&self, token: Secret) -> Result<Access> {
        let app_secret = self.settings.app_secrets()?.into_iter().next();
        Ok(Access {
            graph_url: self.settings.graph_url.value.clone(),
            api_version: self.settings.api_version.value.clone(),
            token,
            app_secret,
            redactor: self.settings.redactor(),
            tls: self.tls.clone(),
        })
    }

    /// # Errors
    /// Exit 3 when none is set.
    pub fn ad_account(&self) -> Result<AdAccount> {
        self.settings.required_ad_account().cloned()
    }

    /// # Errors
    /// Exit 3 when none is set.
    pub fn page(&self) -> Result<PageId> {
        self.settings.required_page().cloned()
    }
}

impl Context {
    /// A client with the Page's own token: that of the settings, else the one that the access token may read.
    ///
    /// # Errors
    /// Exit 4 when there is none, or a secret can't be fetched.
    pub async fn page_graph(&self, page: &PageId) -> Result<Graph> {
        tell_end(&self.ui, &self.settings, Family::Graph, self.clock);
        self.any_page_graph(page).await
    }

    /// The same without a word of the version's end.
    ///
    /// # Errors
    /// As [`Context::page_graph`].
    pub async fn any_page_graph(&self, page: &PageId) -> Result<Graph> {
        let token = match self.settings.page_token()? {
            Some(token) => token,
            None => {
                let (read, name) = self.any_graph()?.page_token(page).await?;
                if let Some(name) = name.filter(|_| self.page().is_ok_and(|ours| ours == *page)) {
                    // It is the same in every answer.
                    let _ = self.page_name.set(name);
                }
                let token = read.ok_or_else(|| {
                    Error::credentials(format!("no Page token, and the access token can't read that of Page {page}"))
                        .hint("set MMSG_PAGE_TOKEN, or page_token in the profile; or give the token's user the Page")
                })?;
                self.settings.redactor().learn(&token);
                token
            }
        };
        self.graph_with(self.access_with(token)?)
    }

    /// What Meta called the profile's Page, if an answer of this command said it.
    pub fn page_name(&self) -> Option<&str> {
        self.page_name.get().map(String::as_str)
    }

    /// The clock to plan and send by: this machine's, corrected by the `Date` of Graph's first answer, so that a clock that is off can't
    /// end a cool-down early. Something must have been read from Graph before.
    ///
    /// # Errors
    /// Exit 3 if the two are more than 10 minutes apart, or if Graph sent no `Date`.
    pub fn graph_clock(&self) -> Result<Clock> {
        let skew = self.graph()?.skew().ok_or_else(|| {
            Error::config("Graph's answer has no Date, so the clock can't be checked: nothing was planned or sent")
                .hint("is there a proxy in between that removes headers? check the Graph URL with mmsg config show")
        })?;
        let clock = self.clock.corrected(skew);
        if skew.size() > CLOCK_SKEW {
            let (now, date) = (self.clock.now(), clock.now());
            return Err(Error::config(format!(
                "this machine's clock says {now}, but Graph's says {date}: cool-downs would be wrong, so nothing was planned or sent"
            ))
            .hint("fix the clock (with an NTP service), then run the same command again"));
        }
        Ok(clock)
    }

    /// The time by Graph's clock, if it was told; else by this machine's. For what decides nothing about people.
    pub fn graph_time(&self) -> Result<UnixMillis> {
        Ok(self.graph()?.skew().map_or(self.clock, |skew| self.clock.corrected(skew)).now())
    }

    /// How long a recipient gets nothing after a message.
    pub fn cool_down(&self) -> Duration {
        self.settings.send.cool_down.value
    }

    /// The send path of the profile's ad account.
    ///
    /// # Errors
    /// Exit 3 or 4 when the settings don't allow one.
    pub fn sender(&self, timeout: Duration, concurrency: usize) -> Result<Sender> {
        Ok(Sender::new(&self.access()?, &self.ad_account()?, timeout, concurrency)?)
    }

    /// Where the ledger of the settings is. Whoever waits for its server is told so.
    ///
    /// # Errors
    /// Exit 4 when its password can't be fetched.
    pub fn ledger_address(&self) -> Result<Address> {
        Ok(attended(&self.ui, self.settings.ledger()?))
    }

    /// What time it is for a ledger: by its server's clock, if it has one.
    ///
    /// # Errors
    /// Exit 10 when it can't be asked.
    pub fn now_of(&self, ledger: &Ledger) -> Result<UnixMillis> {
        Ok(ledger.now(self.clock)?)
    }

    /// The ledger of the settings. A new one is announced: a mistyped path creates one too, with no record of earlier sends.
    ///
    /// # Errors
    /// Exit 10 when it can't be used.
    pub fn open_ledger(&self) -> Result<Ledger> {
        let place = &self.settings.ledger;
        let began = Instant::now();
        let (ledger, opened) = Ledger::open(self.ledger_address()?)?;
        self.log_opened(opened, began);
        if opened == Opened::Made {
            let origin = match &place.origin {
                Origin::Default => String::new(),
                named => format!(" ({named})"),
            };
            self.ui.status(&format!(
                "created a new, empty ledger (no record of earlier sends or cool-downs): {}{origin}",
                place.value
            ));
        }
        Ok(ledger)
    }

    /// The ledger for commands that only read. None is created, and a missing one is a mistake, which an empty list would hide.
    ///
    /// # Errors
    /// Exit 3 when there are several profiles and nothing says which is meant; exit 10 when the ledger can't be used or is missing.
    pub fn existing_ledger(&self) -> Result<Ledger> {
        let began = Instant::now();
        let ledger = self.found(Ledger::open_existing)?;
        self.log_opened(Opened::Found, began);
        Ok(ledger)
    }

    fn log_opened(&self, opened: Opened, began: Instant) {
        note!(
            INFO,
            "ledger opened",
            ledger = Name(&self.settings.ledger.value.to_string()),
            is_new = opened == Opened::Made,
            ms = began.elapsed(),
        );
    }

    /// The ledger that this opens, which must be there.
    fn found(&self, open: impl FnOnce(Address) -> ledger::error::Result<Option<Ledger>>) -> Result<Ledger> {
        self.refuse_unselected_ledger()?;
        let place = &self.settings.ledger;
        open(self.ledger_address()?)?.ok_or_else(|| {
            Error::ledger(format!("there is no ledger at {} ({})", place.value, place.origin)).hint(
                "name the right one with --ledger or --profile; mmsg config show shows which is used, mmsg send creates one",
            )
        })
    }

    fn refuse_unselected_ledger(&self) -> Result<()> {
        if self.settings.page.is_none() && matches!(self.settings.ledger.origin, Origin::Default | Origin::Defaults) {
            self.settings.refuse_unselected_profile()?;
        }
        Ok(())
    }

    /// The same for commands that may run before the first send: `None`, and a line that says so, if none is at the default path.
    ///
    /// # Errors
    /// As [`Context::existing_ledger`] otherwise.
    pub fn ledger_if_any(&self) -> Result<Option<Ledger>> {
        let place = &self.settings.ledger;
        if place.origin == Origin::Default && !self.has_ledger()? {
            self.ui.status(&format!("there is no ledger yet at {}", place.value));
            return Ok(None);
        }
        self.existing_ledger().map(Some)
    }

    /// Whether there is a ledger, or one that can't be seen. An empty file is none.
    ///
    /// # Errors
    /// Exit 10 when it was used, and is empty or gone.
    pub fn has_ledger(&self) -> Result<bool> {
        Ok(Ledger::is_at(&self.ledger_address()?)?)
    }

    /// The ledger for a command that shows it: what runs that died left claimed is made unknown first. If the ledger can't be written, a
    /// warning says how many these are.
    ///
    /// # Errors
    /// Exit 10 when it can't be used, or is not there.
    pub fn ledger_to_look(&self) -> Result<Ledger> {
        let mut ledger = self.found(Ledger::open_to_look)?;
        self.bury_before_look(&mut ledger)?;
        Ok(ledger)
    }

    /// The same; `None` if there is no ledger.
    ///
    /// # Errors
    /// Exit 10 when it can't be used.
    pub fn ledger_to_look_if_any(&self) -> Result<Option<Ledger>> {
        let Some(mut ledger) = Ledger::open_to_look(self.ledger_address()?)? else { return Ok(None) };
        self.refuse_unselected_ledger()?;
        self.bury_before_look(&mut ledger)?;
        Ok(Some(ledger))
    }

    /// The ledger for a command that checks it: nothing is written.
    ///
    /// # Errors
    /// Exit 10 when it can't be read, or is not there.
    pub fn ledger_to_check(&self) -> Result<Ledger> {
        self.found(Ledger::open_to_check)
    }

    /// Makes unknown what runs that died left claimed; see [`Context::ledger_to_look`].
    ///
    /// # Errors
    /// Exit 10 when the ledger can't be read.
    pub fn bury_before_look(&self, ledger: &mut Ledger) -> Result<()> {
        let Err(error) = ledger.bury_dead_runs_unclocked(self.cool_down()) else { return Ok(()) };
        let left = ledger.left_by_dead_runs()?;
        if left > 0 {
            let error = Error::from(error);
            self.ui.warn(&format!(
                "{} left by a run that died: unknown, but shown as claimed because it can't be recorded: {error}",
                text::count(left, "send was", "sends were"),
            ));
        }
        Ok(())
    }

    /// When the ad account's next day begins; in UTC if its time zone is not known.
    pub async fn next_day(&self, now: UnixMillis) -> UnixMillis {
        Day::at(now, self.account_zone().await.unwrap_or_default()).ends
    }

    /// The ad account's time zone; none if it is not told.
    pub async fn account_zone(&self) -> Result<Zone> {
        let zone = self.graph()?.time_zone(&self.ad_account()?).await?;
        Ok(zone.map(|name| Zone::named(&name)).unwrap_or_default())
    }

    /// Who runs the command, for the audit table.
    pub fn operator(&self) -> String {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        format!("uid {} on {host}", rustix::process::getuid().as_raw())
    }

    /// The command that continues a send.
    pub fn resume_command(&self, campaign: Option<&str>) -> String {
        let mut command = "mmsg send --resume".to_owned();
        if let Some(campaign) = campaign {
            command.push_str(&format!(" --campaign {campaign}"));
        }
        command.push_str(self.repeated.get().map_or("", String::as_str));
        self.push_globals(&mut command);
        command
    }

    /// Has [`Context::resume_command`] repeat these flags: a limit must not be lost by going on.
    pub fn repeat_when_resumed(&self, words: String) {
        // A command is one send.
        let _ = self.repeated.set(words);
    }

    /// Adds the global flags that a suggested command needs.
    pub fn push_globals(&self, command: &mut String) {
        if let Some(profile) =
            self.settings.profile.as_ref().filter(|profile| matches!(profile.origin, Origin::Flag(_)))
        {
            command.push_str(&format!(" --profile {}", quoted(&profile.value)));
        }
        if matches!(self.settings.ledger.origin, Origin::Flag(_)) {
            command.push_str(&format!(" --ledger {}", quoted(&self.settings.ledger.value.to_string())));
        }
    }
}

/// What a command that needs no settings is given.
pub struct Invocation<'f> {
    pub ui: &'f Ui,
    pub log: &'f Log,
    pub environment: &'f Environment,
    pub global: &'f GlobalArgs,
    pub clock: Clock,
}

impl Invocation<'_> {
    /// The settings of this invocation; what an operator should know of them is said.
    ///
    /// # Errors
    /// Exit 3 when they are wrong.
    pub fn settings(&self) -> Result<Settings> {
        let settings = Settings::load(&self.global.overrides(self.global.one_profile()?), self.environment)?;
        self.log_by_settings(&settings, None)?;
        for warning in &settings.warnings {
            self.ui.warn(warning);
        }
        Ok(settings)
    }
}

/// Warns that this part of the API's version has ended, or ends soon.
pub fn tell_end(ui: &Ui, settings: &Settings, family: Family, clock: Clock) {
    let today = clock.now().timestamp().to_zoned_datetime(TimeZone::UTC).date();
    let version = &settings.api_version;
    if let Some(ending) = version.value.warning(family, today) {
        ui.warn(&format!("{ending} ({})", version.origin));
    }
}
