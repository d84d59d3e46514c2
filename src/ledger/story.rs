//! Everything recorded about one person.

use serde::Serialize;

use super::attempts::{self, Attempt};
use super::audiences;
use super::database::Ledger;
use super::error::Result;
use super::events::{Kind, Stage};
use super::gate::NOBODY_BEFORE;
use super::key::key;
use super::people;
use super::people::suppression::Suppression;
use super::split::Split;
use super::sql::sql;
use super::state::State;
use crate::clock::UnixMillis;

/// Something that happened, or was decided, about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chapter {
    pub at: Option<UnixMillis>,
    pub broadcast: Option<i64>,
    pub campaign: Option<String>,
    /// The Page that it concerns, where it concerns one.
    pub page: Option<String>,
    /// `imported`, `planned`, `claimed`, a state of a send, `echoed`, `delivered`, `read`, `clicked`, `failed`, `suppressed`.
    pub what: String,
    pub detail: String,
    /// What the campaign was called when it was last sent with.
    pub campaign_name: Option<String>,
}

/// A person as the ledger holds them.
#[derive(Clone, Debug)]
pub struct Story {
    /// When the person may get the next message.
    pub free_at: UnixMillis,
    /// When the token expires, where that is known.
    pub expires_at: Option<UnixMillis>,
    pub suppressed: Option<Suppression>,
    /// Oldest first; what has no time yet comes last.
    pub chapters: Vec<Chapter>,
}

impl Ledger {
    /// `None` for a token that was never seen.
    pub fn story(&self, token: &str) -> Result<Option<Story>> {
        self.read(|conn| {
            let Some((recipient, person)) = people::find(conn, &key(token))? else { return Ok(None) };
            let mut chapters = Vec::new();
            let (suppressed, _) = people::suppression_of(conn, recipient)?;
            if let Some(suppressed) = suppressed {
                let why = suppressed.why.name();
                let detail = people::operator::note(conn, recipient)?.map_or(why.to_owned(), |note| format!("{why}: {note}"));
                chapters.push(chapter(suppressed.since, None, None, None, "suppressed", &detail));
            }
            let mut imports = conn.prepare_cached(sql!(
                "select a.name, a.imported_at, a.page {audiences} and a.imported_at is not null",
                audiences = audiences::OF_RECIPIENT
            ))?;
            let mut rows = imports.query([recipient])?;
            while let Some(row) = rows.next()? {
                chapters.push(chapter(
                    row.get(1)?,
                    row.get(2)?,
                    None,
                    None,
                    "imported",
                    &format!("audience {}", row.get::<String>(0)?),
                ));
            }
            drop(rows);
            let mut sends = conn.prepare_cached(
                "select s.broadcast, b.campaign, l.source, l.planned_at, s.state, s.reason, s.claimed_at, s.finished_at,
                        s.tracking_id, s.code, s.fbtrace_id, s.attempts, s.not_before,
                        s.echoed_at, s.delivered_at, s.read_at, s.clicked_at, s.failed_at, s.failure, s.id, b.page, b.split, s.arm,
                        exists (select 1 from canaries c join listing_rows h on h.listing = c.listing
                          where c.broadcast = b.id and h.send = s.id),
                        b.campaign_name
                 from broadcasts b join sends s on s.broadcast = b.id join listings l on l.id = s.listing
                 where s.recipient = ?1",
            )?;
            let mut rows = sends.query([recipient])?;
            while let Some(row) = rows.next()? {
                let (broadcast, campaign, page): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(20)?);
                let campaign_name: Option<String> = row.get(24)?;
                let mut add = |at: Option<UnixMillis>, what: &str, detail: &str| {
                    let (page, campaign) = (Some(page.clone()), Some(campaign.clone()));
                    let chapter = chapter(at, page, Some(broadcast), campaign, what, detail);
                    chapters.push(Chapter { campaign_name: campaign_name.clone(), ..chapter });
                };
                let mut planned: String = row.get(2)?;
                let split: Option<Split> = row.get(21)?;
                if let Some(arm) = split.as_ref().and_then(|split| split.arm(row.get(22).ok()?)) {
                    planned.push_str(&format!(", arm {}", arm.name));
                }
                if row.get(23)? {
                    planned.push_str(", one of the canary");
                }
                add(row.get(3)?, "planned", &planned);
                let attempts = attempts::of_send(conn, row.get(19)?)?;
                for (number, attempt) in (1..).zip(&attempts) {
                    add(Some(attempt.claimed_at), "claimed", &format!("attempt {number}"));
                    let Attempt { reason, code, fbtrace_id, .. } = attempt;
                    add(
                        Some(attempt.finished_at),
                        &attempt.outcome,
                        &detail_of(reason.clone(), *code, fbtrace_id.clone()).join(", "),
                    );
                }
                let state: State = row.get(4)?;
                // A row that is pending again is as its last attempt left it.
                let again = state == State::Pending && !attempts.is_empty();
                // None was made that this ledger knows of where a row became unknown because the ledger is an old copy.
                let made: i64 = row.get(11)?;
                if let Some(claimed_at) = row.get(6)?
                    && !again
                    && made > 0
                {
                    add(Some(claimed_at), "claimed", &format!("attempt {made}"));
                }
                let mut detail = detail_of(row.get(5)?, row.get(9)?, row.get(10)?);
                detail.extend(row.get::<Option<String>>(8)?.map(|id| format!("tracking_id {id}")));
                if again {
                    // Already shown with the attempt.
                    detail.clear();
                }
                let not_before: UnixMillis = row.get(12)?;
                if state == State::Pending && not_before > UnixMillis(0) {
                    detail.push(format!("not before {not_before}"));
                }
                if state != State::Claimed {
                    // What is pending is still to come.
                    let at = if state == State::Pending { None } else { row.get(7)? };
                    add(at, state.name(), &detail.join(", "));
                }
                for (column, what) in [(13, "echoed"), (14, "delivered"), (15, "read"), (16, "clicked"), (17, "failed")]
                {
                    if let Some(at) = row.get(column)? {
                        let failure = if what == "failed" { row.get::<Option<String>>(18)? } else { None };
                        add(Some(at), what, &failure.unwrap_or_default());
                    }
                }
            }
            drop(rows);
            let mut events = conn.prepare_cached(
                "select occurred_at, kind, how, campaign, detail, page from events
                 where recipient = ?1 and send is null order by id",
            )?;
            let mut rows = events.query([recipient])?;
            while let Some(row) = rows.next()? {
                let campaign: Option<String> = row.get(3)?;
                let kind: i64 = row.get(1)?;
                let (what, detail) = match (Stage::of_number(kind), row.get::<Option<i64>>(2)?) {
                    (Some(stage), Some(3)) => {
                        (stage.name(), "event of a request whose outcome is not known yet".to_owned())
                    }
                    (Some(stage), _) => (stage.name(), "event of a send that is not in this ledger".to_owned()),
                    (None, _) if kind != Kind::OptIn.number() => {
                        ("event", "of a kind that mmsg does not process".to_owned())
                    }
                    (None, _) => ("opt-in", row.get::<Option<String>>(4)?.unwrap_or_default()),
                };
                chapters.push(chapter(row.get(0)?, row.get(5)?, None, campaign, what, &detail));
            }
            // A stable sort: what happened in the same moment stays in the order of a send's life.
            // What has no time yet is still to come.
            chapters.sort_by_key(|chapter| (chapter.at.is_none(), chapter.at));
            let nobody_before: UnixMillis = conn.query_row(&format!("select {NOBODY_BEFORE}"), (), |row| row.get(0))?;
            Ok(Some(Story {
                free_at: person.free_at().max(nobody_before),
                expires_at: person.expires_at,
                suppressed: suppressed.map(|suppressed| suppressed.why),
                chapters,
            }))
        })
    }
}

fn detail_of(reason: Option<String>, code: Option<i64>, fbtrace_id: Option<String>) -> Vec<String> {
    let code = code.map(|code| format!("code {code}"));
    let id = fbtrace_id.map(|id| format!("fbtrace_id {id}"));
    reason.into_iter().chain(code).chain(id).collect()
}

fn chapter(
    at: Option<UnixMillis>,
    page: Option<String>,
    broadcast: Option<i64>,
    campaign: Option<String>,
    what: &str,
    detail: &str,
) -> Chapter {
    Chapter { at, page, broadcast, campaign, what: what.to_owned(), detail: detail.to_owned(), campaign_name: None }
}
