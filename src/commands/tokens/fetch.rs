//! `mmsg tokens fetch`.

use serde::Serialize;

use super::replacing;
use crate::audience::token_fault;
use crate::campaign::PageId;
use crate::cli::values;
use crate::cli::when::{self, When};
use crate::clock::{Clock, UnixMillis};
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::{self, PageNames};
use crate::commands::several;
use crate::commands::signals::Signals;
use crate::error::{Error, Exit, Result};
use crate::graph::{self, Expiry, Graph, QUERY_WINDOW, Subscriber, Subscribers, Which};
use crate::ledger::Ledger;
use crate::ledger::audiences::fetch::{Fetch, FetchCounts, ListPage, Wanted};
use crate::ledger::people::listed::Listed;
use crate::text::{count, thousands};
use crate::ui::Ui;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Of Meta's limit of token queries, in percent. What is left is for the sends of this hour, which may ask about single tokens.
const STOPS_AT: f64 = 90.0;

const AUDIENCE: &str = "subscribers";

/// Fetch the Page's subscription tokens from Meta into an audience.
///
/// Needs the Page's token. Several tokens of one person are kept as one recipient. Time zone, expiry and the next eligible time are
/// stored in the ledger. After an interruption the same command continues where it stopped; the audience is replaced once the whole list
/// is there.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name of the audience [default: subscribers].
    #[arg(long, value_name = "NAME", value_parser = values::audience)]
    audience: Option<String>,
    /// Only people of this custom audience; repeat for several.
    #[arg(long = "custom-audience", value_name = "ID", value_parser = custom_audience, requires = "audience")]
    custom_audiences: Vec<String>,
    /// Only people who subscribed at TIME or later. Not documented by Meta: if Meta refuses it, the whole list is read, and people are
    /// chosen by when their token was made. TIME is 7d (7 days before this hour began), yesterday, a date or a time.
    #[arg(long, value_name = "TIME", value_parser = when::parse, requires = "audience")]
    opted_in_since: Option<When>,
    /// Only people who subscribed before TIME; as --opted-in-since.
    #[arg(long, value_name = "TIME", value_parser = when::parse, requires = "audience")]
    opted_in_until: Option<When>,
    /// Only people who subscribed there: ctm (an ad), subscriber-list, comment-automation or reply-automation. Not documented by Meta,
    /// which may refuse it.
    #[arg(long, value_name = "SOURCE,…", value_delimiter = ',', value_parser = source, requires = "audience")]
    source: Vec<String>,
    /// Start from the first page, even if an earlier fetch was interrupted.
    #[arg(long)]
    restart: bool,
    /// Replace the audience even if Meta's list has no rows.
    #[arg(long)]
    replace: bool,
}

fn custom_audience(text: &str) -> Result<String, String> {
    let is_id = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_id { Ok(text.to_owned()) } else { Err(format!("{text:?} is not an ID: use its digits")) }
}

/// In Meta's words.
fn source(text: &str) -> Result<String, String> {
    let word = text.trim().to_uppercase().replace('-', "_");
    if graph::SOURCES.contains(&&*word) {
        return Ok(word);
    }
    let all = graph::SOURCES.map(|source| source.to_lowercase().replace('_', "-"));
    Err(format!("{text:?} is not a source of subscribers: use {}", all.join(", ")))
}

/// What is asked, as the ledger and people name it; empty: the whole list.
fn name_of(which: &Which) -> String {
    let Which { audiences, since, until, sources } = which;
    let list = |all: &[String]| Some(all.join(",")).filter(|list| !list.is_empty());
    let parts = [
        list(audiences),
        since.map(|at| format!("since {at}")),
        until.map(|at| format!("until {at}")),
        list(sources).map(|sources| format!("by {}", sources.to_lowercase())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a fetch did. `rows` = `recipients` + `duplicates` + `other_tokens` + `erased` + `bad`.
#[derive(Clone, Debug, Serialize)]
struct FetchRow {
    audience: String,
    rows: u64,
    recipients: u64,
    /// Entries that came twice, since the list changed while it was read.
    duplicates: u64,
    /// Further tokens of people who are recipients.
    other_tokens: u64,
    /// Tokens of people who were erased: left out.
    erased: u64,
    bad: u64,
    /// Tokens that the ledger had never seen.
    new: u64,
}

impl FetchRow {
    fn new(audience: String, counts: FetchCounts, recipients: u64) -> Self {
        let FetchCounts { pages: _, rows, unreadable, folded, new, erased } = counts;
        let duplicates = rows.saturating_sub(recipients + folded + erased + unreadable);
        Self { audience, rows, recipients, duplicates, other_tokens: folded, erased, bad: unreadable, new }
    }
}

impl Record for FetchRow {
    const PLURAL: &'static str = "audiences";
    const COLUMNS: &'static [&'static str] =
        &["audience", "rows", "recipients", "duplicates", "other tokens", "erased", "bad", "new"];
    const EXPENDABLE: &'static [&'static str] = &["other tokens", "duplicates", "erased", "bad", "rows"];

    fn cells(&self) -> Vec<String> {
        let Self { audience: _, rows, recipients, duplicates, other_tokens, erased, bad, new } = self;
        let numbers = [rows, recipients, duplicates, other_tokens, erased, bad, new].map(|n| thousands(*n));
        std::iter::once(self.audience.clone()).chain(numbers).collect()
    }
}

pub async fn run(context: &Context, args: Args) -> Result<Exit> {
    context.ui.object(&fetch(context, &args).await?)?;
    Ok(Exit::Done)
}

pub async fn run_for_several(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    several::list(frame, &Shape::default(), async |context| Ok((vec![fetch(context, &args).await?], Exit::Done))).await
}

async fn fetch(context: &Context, args: &Args) -> Result<FetchRow> {
    let page = context.page()?;
    let signals = Signals::listen(&context.ui)?;
    // By the hour, so that the same command goes on with a fetch that was cut off.
    let (now, zone) = (UnixMillis::of_hour(context.clock.now().hour()), context.ui.zone());
    let since = args.opted_in_since.as_ref().map(|when| when.begins(now, zone));
    let until = args.opted_in_until.as_ref().map(|when| when.begins(now, zone));
    if since.zip(until).is_some_and(|(since, until)| since >= until) {
        return Err(Error::usage("--opted-in-since is not before --opted-in-until; nothing was fetched")
            .hint("give --opted-in-until a later time"));
    }
    let which = Which {
        audiences: of_this_page(context, &page, &args.custom_audiences).await?,
        since,
        until,
        sources: args.source.clone(),
    };
    let graph = context.page_graph(&page).await?;
    let mut ledger = context.open_ledger()?;
    pages::keep(context, &mut ledger)?;
    let wanted = Wanted {
        page: page.as_str().to_owned(),
        name: args.audience.clone().unwrap_or_else(|| AUDIENCE.to_owned()),
        asked: name_of(&which),
        host: context.settings.graph_url.value.as_str().to_owned(),
    };
    let before = ledger.audience_size(page.as_str(), &wanted.name)?;
    let now = context.now_of(&ledger)?;
    let fetch = ledger.begin_fetch(&wanted, args.restart, now)?;
    if fetch.counts.pages > 0 {
        let so_far = count(fetch.counts.rows, "token", "tokens");
        context.ui.status(&format!("continuing the fetch of {}: {so_far} so far", fetch.begun_at));
    }
    let reader = Reader { context, signals: &signals, graph: &graph, page: &page, which: &which };
    let (mut ledger, fetch) = reader.read(ledger, &wanted, fetch).await?;
    if ledger.fetched(&fetch)? == 0
        && let Some(before) = before.filter(|before| *before > 0 && !args.replace)
        && let Err(error) = replacing::refuse_to_empty(context, "Meta's list", &wanted.name, before)
    {
        ledger.drop_fetch(&fetch)?;
        return Err(error);
    }
    let now = context.now_of(&ledger)?;
    let recipients = ledger.finish_fetch(&fetch, now)?;
    if let Some(before) = before {
        replacing::tell(context, &wanted.name, before, recipients);
    }
    if fetch.counts.rows == 0 {
        let why = if which.audiences.is_empty() {
            ""
        } else {
            "; it has none for a custom audience of fewer than 100 people"
        };
        context.ui.status(&format!("Meta's list has no rows{why}"));
    }
    Ok(FetchRow::new(wanted.name, fetch.counts, recipients))
}

/// The IDs in one order, each once: a fetch that was cut off is found by them.
async fn of_this_page(context: &Context, page: &PageId, ids: &[String]) -> Result<Vec<String>> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    for id in &ids {
        match context.graph()?.page_of_audience(id).await? {
            Some(theirs) if theirs == page.as_str() => {}
            Some(theirs) => {
                let names = PageNames::at_hand(context);
                let (theirs, ours) = (names.shown(&theirs), names.shown(page.as_str()));
                return Err(Error::refused(format!(
                    "custom audience {id} belongs to Page {theirs}, not to Page {ours}"
                ))
                .hint("choose that Page's profile with --profile, or another custom audience"));
            }
            None => {
                return Err(Error::refused(format!("custom audience {id} is not for marketing messages"))
                    .hint("it needs use_for_products MARKETING_MESSAGES and the Page as its channel"));
            }
        }
    }
    Ok(ids)
}

/// Reads Meta's list to its end.
struct Reader<'r> {
    context: &'r Context,
    signals: &'r Signals,
    graph: &'r Graph,
    page: &'r PageId,
    which: &'r Which,
}

/// How a list is asked for, and which entries are left out here.
struct Question {
    which: Which,
    /// By when the token was made: from the first time on, and before the second.
    made: Option<(UnixMillis, UnixMillis)>,
    left_out: u64,
    /// Of these, those without a time.
    unknown: u64,
}

impl Question {
    /// As it was put to `mmsg`.
    fn new(which: &Which) -> Self {
        Self { which: which.clone(), made: None, left_out: 0, unknown: 0 }
    }

    /// After Meta refused it: without what is not documented, as far as that can be seen here. `false`: there is nothing to leave out.
    fn simplify(&mut self) -> bool {
        let Which { since, until, .. } = self.which;
        if since.is_none() && until.is_none() {
            return false;
        }
        self.made = Some((since.unwrap_or_default(), until.unwrap_or(UnixMillis(i64::MAX))));
        (self.which.since, self.which.until) = (None, None);
        true
    }

    fn choose(&mut self, rows: Vec<Subscriber>) -> Vec<Subscriber> {
        let Some((since, until)) = self.made else { return rows };
        let all = rows.len();
        let unknown = rows.iter().filter(|row| row.created_at.is_none()).count();
        let chosen: Vec<Subscriber> =
            rows.into_iter().filter(|row| row.created_at.is_some_and(|at| since <= at && at < until)).collect();
        self.left_out += (all - chosen.len()) as u64;
        self.unknown += unknown as u64;
        chosen
    }
}

impl Reader<'_> {
    async fn read(&self, mut ledger: Ledger, wanted: &Wanted, mut fetch: Fetch) -> Result<(Ledger, Fetch)> {
        if fetch.counts.pages > 0 && fetch.cursor.is_none() {
            // The whole list is there; only its end was cut off.
            return Ok((ledger, fetch));
        }
        let ui = &self.context.ui;
        let mut question = Question::new(self.which);
        let mut list = self.list(&question, &fetch);
        let mut next = list.next().await;
        if next.as_ref().is_err_and(graph::Error::is_bad_parameter) && question.simplify() {
            ui.warn("Meta refuses --opted-in-since and --opted-in-until: reading the whole list, and choosing by when tokens were made");
            list = self.list(&question, &fetch);
            next = list.next().await;
        }
        if next.as_ref().is_err_and(graph::Error::is_bad_parameter) && !self.which.sources.is_empty() {
            if fetch.counts.pages == 0 {
                ledger.drop_fetch(&fetch)?;
            }
            let refused = next.err().map(Error::from).unwrap_or_else(|| Error::refused("Meta refuses --source"));
            return Err(refused.hint("Meta may not know --source here: fetch without it"));
        }
        if fetch.cursor.is_some() && next.as_ref().is_err_and(graph::Error::is_bad_parameter) {
            ui.warn("Meta does not know the page any more where the fetch stopped: starting again");
            let now = self.context.now_of(&ledger)?;
            fetch = ledger.begin_fetch(wanted, true, now)?;
            list = self.list(&question, &fetch);
            next = list.next().await;
        }
        let progress = self.context.ui.progress(None, "tokens fetched");
        let mut unreadable = 0;
        loop {
            let rows = match next {
                Ok(Some(rows)) => question.choose(rows),
                Ok(None) => {
                    tell_left_out(ui, &question);
                    return Ok((ledger, fetch));
                }
                Err(error) => {
                    self.tell_kept(&fetch);
                    return Err(error.into());
                }
            };
            let page = list_page(rows, list.unreadable() - unreadable, list.cursor());
            unreadable = list.unreadable();
            // Whoever goes on needs a query, of which Meta gives so many an hour.
            let is_full =
                page.next.is_some() && self.graph.usage().percent().is_some_and(|percent| percent >= STOPS_AT);
            let now = ledger.now(self.clock())?;
            let store = self.signals.blocking(move || {
                let stored = ledger.keep_page(&mut fetch, &page, now);
                (ledger, fetch, stored)
            });
            let stored;
            (next, stored) = match is_full {
                true => (Ok(None), store.await),
                false => tokio::join!(list.next(), store),
            };
            let kept;
            (ledger, fetch, kept) = stored?;
            kept?;
            progress.set(fetch.counts.rows);
            if is_full {
                return Err(self.later(&fetch, now));
            }
            if self.signals.is_stopping() && fetch.cursor.is_some() {
                return Err(Error::new(self.signals.exit(), format!("interrupted: {}", kept_so_far(&fetch)))
                    .hint("run the same command again: it continues from there"));
            }
        }
    }

    fn list(&self, question: &Question, fetch: &Fetch) -> Subscribers<'_> {
        self.graph.subscribers(self.page, &question.which, fetch.cursor.clone())
    }

    /// By Graph's time, by which tokens expire; the ledger's server may have another.
    fn clock(&self) -> Clock {
        self.graph.skew().map_or(self.context.clock, |skew| self.context.clock.corrected(skew))
    }

    fn tell_kept(&self, fetch: &Fetch) {
        if fetch.counts.pages > 0 {
            self.context.ui.status(&format!("{}; the same command continues from there", kept_so_far(fetch)));
        }
    }

    fn later(&self, fetch: &Fetch, now: UnixMillis) -> Error {
        let wait = self.graph.usage().wait().unwrap_or(QUERY_WINDOW);
        let kept = kept_so_far(fetch);
        Error::new(Exit::NotYet, format!("stopped short of Meta's limit of token queries: {kept}"))
            .hint("run the same command again at the time shown: it continues from there")
            .next_run_at(now.plus(wait))
    }
}

fn tell_left_out(ui: &Ui, question: &Question) {
    if question.left_out > 0 {
        let tokens = count(question.left_out, "token was", "tokens were");
        ui.status(&format!("{tokens} left out; {} of them without a time", thousands(question.unknown)));
    }
}

fn kept_so_far(fetch: &Fetch) -> String {
    format!("{} of {} kept", count(fetch.counts.rows, "token", "tokens"), count(fetch.counts.pages, "page", "pages"))
}

fn list_page(rows: Vec<Subscriber>, unreadable: u64, next: Option<&str>) -> ListPage {
    let all = rows.len();
    let rows: Vec<Listed> = rows.into_iter().filter_map(listed).collect();
    ListPage { unreadable: unreadable + (all - rows.len()) as u64, rows, next: next.map(str::to_owned) }
}

/// `None`: no token, or none that a list could have.
fn listed(read: Subscriber) -> Option<Listed> {
    let token = read.token.filter(|token| token_fault(token.as_bytes()).is_none())?;
    Some(Listed {
        token,
        psid: read.psid,
        reoptin: read.reoptin.map(|word| word.to_lowercase()),
        time_zone: read.time_zone,
        expires_at: match read.expiry {
            Expiry::Unknown => None,
            Expiry::Never => Some(None),
            Expiry::At(at) => Some(Some(at)),
        },
        next_eligible_at: read.next_eligible_at,
    })
}
