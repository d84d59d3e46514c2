//! `mmsg webhook status`.

use serde::Serialize;

use super::fields::FIELDS;
use crate::campaign::PageId;
use crate::clock::UnixMillis;
use crate::commands::context::{Context, Invocation};
use crate::commands::pages::{Named, OnAPage, PageNames};
use crate::commands::several;
use crate::error::{Exit, Result};
use crate::graph::{Graph, SubscribedApp};
use crate::ledger::Ledger;
use crate::ledger::events::Policy;
use crate::ledger::silence::Silence;
use crate::text;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Check that Meta is still delivering webhook events: the app's fields, and the last event received.
///
/// Exits 0 if the app gets all fields and events arrive; 5 if fields are missing, or no event arrived for sends accepted hours ago.
/// Meta unsubscribes an app whose address has not answered 200 for an hour.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// How an app of the Page is served.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    pub page_id: PageId,
    app_id: Option<String>,
    app_name: Option<String>,
    pub healthy: bool,
    fields: Vec<String>,
    missing: Vec<String>,
    /// The last event of any Page in this ledger.
    pub last_event_at: Option<UnixMillis>,
    /// Sends accepted since `silent_since` without any event.
    unheard: u64,
    silent_since: Option<UnixMillis>,
    /// When Meta last did something about the Page because of its policies, and what.
    policy_at: Option<UnixMillis>,
    policy: Option<String>,
}

impl OnAPage for Status {
    fn page(&self) -> Option<&str> {
        Some(self.page_id.as_str())
    }
}

impl Record for Status {
    const PLURAL: &'static str = "subscriptions";
    const COLUMNS: &'static [&'static str] =
        &["Page", "app", "healthy", "fields", "missing", "last event", "silent since", "policy notice"];
    const EXPENDABLE: &'static [&'static str] = &["fields", "policy notice", "app", "silent since", "missing", "Page"];
    const KEYS: &'static [&'static str] = &[
        "page_id",
        "app_id",
        "app_name",
        "healthy",
        "fields",
        "missing",
        "last_event_at",
        "unheard",
        "silent_since",
        "policy_at",
        "policy",
    ];

    fn cells(&self) -> Vec<String> {
        let app = match (&self.app_id, &self.app_name) {
            (Some(id), Some(name)) => format!("{id} ({name})"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "none".to_owned(),
        };
        let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let time = |at: Option<UnixMillis>| at.map_or_else(|| "none".to_owned(), |at| at.to_string());
        vec![
            self.page_id.to_string(),
            app,
            if self.healthy { "yes" } else { "no" }.to_owned(),
            names(&self.fields),
            names(&self.missing),
            time(self.last_event_at),
            time(self.silent_since),
            time(self.policy_at),
        ]
    }
}

pub async fn run(context: &Context) -> Result<Exit> {
    let status = ask(context).await?;
    context.ui.object(&status)?;
    Ok(conclude(context, &status))
}

pub async fn run_for_several(frame: &Invocation<'_>, _: &Args) -> Result<Exit> {
    several::list(frame, &Shape::default(), async |context| {
        let status = ask(context).await?;
        let exit = conclude(context, &status);
        Ok((vec![status], exit))
    })
    .await
}

async fn ask(context: &Context) -> Result<Named<Status>> {
    let page = context.page()?;
    let graph = context.page_graph(&page).await?;
    let apps = graph.subscribed_apps(&page).await?;
    let ledger = context.ledger_if_any()?;
    let status = told(context, page, apps, ledger.as_ref())?;
    let names = match &ledger {
        Some(ledger) => PageNames::of(context, ledger)?,
        None => PageNames::at_hand(context),
    };
    Ok(names.row(status))
}

/// With a client that has the Page's token, and a ledger, if there is one that can be read.
///
/// # Errors
/// Those of the call and the ledger.
pub async fn ask_with(context: &Context, graph: &Graph, page: PageId, ledger: Option<&Ledger>) -> Result<Status> {
    let apps = graph.subscribed_apps(&page).await?;
    told(context, page, apps, ledger)
}

fn told(context: &Context, page: PageId, apps: Vec<SubscribedApp>, ledger: Option<&Ledger>) -> Result<Status> {
    let heard = match ledger {
        Some(ledger) => Heard {
            silence: ledger.silence(page.as_str(), context.now_of(ledger)?)?,
            last_event_at: ledger.last_event_at()?,
            policy: ledger.last_policy(page.as_str())?,
        },
        None => Heard::default(),
    };
    Ok(judge(page, best(apps), heard))
}

/// Says what is wrong.
fn conclude(context: &Context, status: &Named<Status>) -> Exit {
    for trouble in troubles(&status.row, status.shown_page()) {
        context.ui.warn(&trouble);
    }
    if status.row.healthy {
        return Exit::Done;
    }
    context
        .ui
        .hint("mmsg webhook subscribe subscribes the app again; then check that its address answers: GET /healthz");
    Exit::Refused
}

/// Graph does not say which app the token belongs to: this takes the one that gets most of what is needed.
fn best(apps: Vec<SubscribedApp>) -> Option<SubscribedApp> {
    apps.into_iter().max_by_key(|app| missing(&app.fields).len().abs_diff(FIELDS.len()))
}

fn missing(fields: &[String]) -> Vec<String> {
    FIELDS.iter().filter(|needed| !fields.iter().any(|field| field == *needed)).map(|&field| field.to_owned()).collect()
}

/// What the ledger knows.
#[derive(Default)]
struct Heard {
    last_event_at: Option<UnixMillis>,
    silence: Option<Silence>,
    policy: Option<Policy>,
}

fn judge(page_id: PageId, app: Option<SubscribedApp>, heard: Heard) -> Status {
    let Heard { last_event_at, silence, policy } = heard;
    let app = app.unwrap_or_default();
    let missing = missing(&app.fields);
    Status {
        page_id,
        app_id: app.id,
        app_name: app.name,
        healthy: missing.is_empty() && silence.is_none(),
        fields: app.fields,
        missing,
        last_event_at,
        unheard: silence.map_or(0, |silence| silence.accepted),
        silent_since: silence.map(|silence| silence.since),
        policy_at: policy.as_ref().map(|policy| policy.at),
        policy: policy.and_then(|policy| policy.words),
    }
}

/// What is wrong, in sentences; `page` is how the Page is shown.
pub fn troubles(status: &Status, page: &str) -> Vec<String> {
    let mut troubles = Vec::new();
    if status.fields.is_empty() {
        troubles.push(format!(
            "no app is subscribed to webhooks of Page {page}: Meta unsubscribes one that does not answer for an hour"
        ));
    } else if !status.missing.is_empty() {
        let n = text::count(status.missing.len() as u64, "field", "fields");
        troubles.push(format!("the app does not get {n} that reports need: {}", status.missing.join(", ")));
    }
    if let Some(since) = status.silent_since {
        troubles.push(format!(
            "{} accepted since {since}, but no event arrived for Page {page}",
            text::count(status.unheard, "send was", "sends were")
        ));
    }
    if let Some(at) = status.policy_at {
        let what = status.policy.as_deref().unwrap_or("no details");
        troubles.push(format!("Meta sent a policy notice about Page {page} at {at}: {what}"));
    }
    troubles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PageId {
        PageId::parse("1").unwrap()
    }

    fn app(id: &str, fields: &[&str]) -> SubscribedApp {
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        SubscribedApp { id: Some(id.to_owned()), name: None, fields }
    }

    #[test]
    fn the_app_that_gets_most_is_ours() {
        let found = best(vec![app("1", &["messages", "feed"]), app("2", &FIELDS), app("3", &[])]).unwrap();
        assert_eq!(found.id.as_deref(), Some("2"));
        assert!(judge(page(), Some(found), Heard::default()).healthy);
        assert_eq!(best(Vec::new()), None);
    }

    #[test]
    fn missing_fields_and_silence_are_troubles() {
        let none = judge(page(), None, Heard::default());
        assert!(!none.healthy && none.missing == FIELDS);
        assert_eq!(troubles(&none, "1 (Lotus)").len(), 1);
        let silence = Some(Silence { accepted: 2, since: UnixMillis(0) });
        let silent = judge(page(), Some(app("1", &FIELDS)), Heard { silence, ..Heard::default() });
        assert!(!silent.healthy);
        assert_eq!(
            troubles(&silent, "1 (Lotus)"),
            ["2 sends were accepted since 1970-01-01T00:00:00Z, but no event arrived for Page 1 (Lotus)"]
        );
        let last_event_at = Some(UnixMillis(5));
        let some = judge(page(), Some(app("1", &["messages"])), Heard { last_event_at, ..Heard::default() });
        assert!(troubles(&some, "1 (Lotus)")[0].contains("9 fields"), "{:?}", troubles(&some, "1 (Lotus)"));
    }

    #[test]
    fn what_meta_did_about_the_page_is_told_and_is_no_fault_of_the_subscription() {
        let policy = Some(Policy { words: Some("block: spam".to_owned()), ..Policy::default() });
        let told = judge(page(), Some(app("1", &FIELDS)), Heard { policy, ..Heard::default() });
        assert!(told.healthy);
        assert_eq!(
            troubles(&told, "1 (Lotus)"),
            ["Meta sent a policy notice about Page 1 (Lotus) at 1970-01-01T00:00:00Z: block: spam"]
        );
    }
}
