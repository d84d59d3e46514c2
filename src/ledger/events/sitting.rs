//! One transaction's work on events: each stored once, judged, and merged into the send it belongs to.

use std::collections::HashMap;

use crate::ledger::db::{self, Conn, Optional};

use super::attribution::{Candidate, Judgement, attribute};
use super::counts::EventCounts;
use super::event::{Event, Facts, Kind};
use super::marks::{Marks, short_line};
use super::stage::{How, Stage};
use crate::clock::UnixMillis;
use crate::ledger::audiences;
use crate::ledger::error::Result;
use crate::ledger::people::choices;
use crate::ledger::people::{self, Arrivals};
use crate::ledger::sql::{digit, sql};
use crate::ledger::state::State;
use crate::ledger::tally::{Tally, What};
use crate::times::EVENT_AHEAD;

/// A send as the events of its person see it.
struct Row {
    broadcast: i64,
    state: State,
    candidate: Candidate,
    marks: Marks,
}

/// An event that waits for the outcome of a request.
pub struct Waiting {
    id: i64,
    kind: i64,
    pub recipient: i64,
    page: Option<String>,
    campaign: Option<String>,
    tracking_id: Option<String>,
    occurred_at: i64,
    failure: Option<String>,
}

impl Waiting {
    /// From the columns `id, kind, recipient, page, campaign, tracking_id, occurred_at, detail`.
    pub fn from_row(row: &db::Row<'_>) -> db::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            recipient: row.get(2)?,
            page: row.get(3)?,
            campaign: row.get(4)?,
            tracking_id: row.get(5)?,
            occurred_at: row.get(6)?,
            failure: row.get(7)?,
        })
    }
}

/// One transaction's work on events.
pub struct Sitting<'c> {
    conn: &'c Conn,
    now: UnixMillis,
    counts: EventCounts,
    /// Broadcasts of the campaigns met.
    broadcasts: HashMap<String, Vec<i64>>,
    tally: Tally,
    /// Whether choices of people without a token are kept, once that was asked.
    choices: Option<bool>,
}

impl<'c> Sitting<'c> {
    pub fn new(conn: &'c Conn, now: UnixMillis) -> Self {
        let (counts, tally) = (EventCounts::default(), Tally::default());
        Self { conn, now, counts, broadcasts: HashMap::new(), tally, choices: None }
    }

    pub fn store(&mut self, event: &Event, optins: &str) -> Result<()> {
        let facts = &event.facts;
        // Nothing happened in the future; its own words are kept as they came.
        let latest = self.now.plus(EVENT_AHEAD);
        let occurred_at = facts.occurred_at.filter(|at| *at <= latest).unwrap_or(self.now);
        let mut recipient = match &event.person {
            Some(key) => people::find_id(self.conn, key)?,
            None => None,
        };
        let (judgement, rows) = match event.kind {
            Kind::Stage(_) => {
                let about = About {
                    recipient,
                    campaign: facts.campaign.as_deref(),
                    page: facts.page.as_deref(),
                    tracking_id: facts.tracking_id.as_deref(),
                };
                let (judgement, rows) = self.judge(&about, occurred_at)?;
                (Some(judgement), rows)
            }
            _ => (None, Vec::new()),
        };
        if let (Kind::OptIn, None, Some(token), Some(key)) = (event.kind, recipient, &facts.token, &event.person) {
            // Somebody new who stopped is known as well, so that a later import does not bring them back.
            let page = facts.page.as_deref().unwrap_or_default();
            recipient = Some(Arrivals::new(self.conn)?.find_or_add(key, token, page)?.0);
        }
        let mut people: Vec<i64> = recipient.into_iter().collect();
        if let (Kind::OptIn, None, Some(whom)) = (event.kind, &facts.token, facts.whom()) {
            people = people::tokens_of(self.conn, whom)?;
            recipient = people.first().copied();
        }
        let send = judgement.and_then(Judgement::place).and_then(|place| rows.get(place)).map(|row| row.candidate.send);
        let stored = self
            .conn
            .prepare_cached(
                "insert into events (key, kind, page, recipient, campaign, tracking_id, mid, occurred_at, received_at, send, how, raw, detail)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict (key) do nothing",
            )?
            .execute((
                event.key,
                event.kind.number(),
                &facts.page,
                recipient,
                &facts.campaign,
                &facts.tracking_id,
                &facts.mid,
                occurred_at.0,
                self.now.0,
                send,
                judgement.map(Judgement::number),
                &facts.raw,
                facts.detail(),
            ))?;
        if stored == 0 {
            self.counts.duplicates += 1;
            return Ok(());
        }
        self.counts.new += 1;
        match (event.kind, judgement) {
            (Kind::Stage(stage), Some(judgement)) => {
                self.apply(stage, judgement, rows, occurred_at, facts.words.as_deref())?;
            }
            (Kind::OptIn, _) => {
                self.counts.opt_ins += 1;
                self.opt_in(facts, &people, occurred_at.min(self.now), optins)?;
            }
            (Kind::Policy, _) => self.counts.policy += 1,
            _ => {}
        }
        if let (Kind::Stage(_), Some(recipient), Some(whom)) = (event.kind, recipient, facts.whom())
            && self.keeps_choices()?
            && choices::newest(self.conn, whom)?.is_some()
        {
            people::meet(self.conn, recipient, whom)?;
        }
        Ok(())
    }

    /// Records what an opt-in event says of these recipients: the one of its token or, without a token, all of its person.
    fn opt_in(&mut self, facts: &Facts, people: &[i64], at: UnixMillis, optins: &str) -> Result<()> {
        let Some(opt_in) = &facts.opt_in else { return Ok(()) };
        let whom = facts.whom();
        for recipient in people {
            if let Some(whom) = whom {
                people::meet(self.conn, *recipient, whom)?;
            }
            people::opt_in(self.conn, *recipient, opt_in, at)?;
            if let (false, Some(page)) = (opt_in.is_stop(), &facts.page) {
                audiences::join(self.conn, *recipient, page, optins, self.now)?;
            }
        }
        if let (Some(whom), Some(choice)) = (whom, opt_in.choice(at)) {
            // A resume by token ends what was kept; a stop by token is of that token alone.
            if facts.token.is_none() || (!choice.opted_out && choices::newest(self.conn, whom)?.is_some()) {
                choices::keep(self.conn, whom, choice)?;
                self.choices = Some(true);
            }
            if people.is_empty() {
                self.counts.choices_kept += 1;
            }
        }
        Ok(())
    }

    fn keeps_choices(&mut self) -> db::Result<bool> {
        match self.choices {
            Some(any) => Ok(any),
            None => Ok(*self.choices.insert(choices::any(self.conn)?)),
        }
    }

    pub fn judge_again(&mut self, event: &Waiting) -> Result<()> {
        let Some(stage) = Stage::of_number(event.kind) else { return Ok(()) };
        let occurred_at = UnixMillis(event.occurred_at);
        let about = About {
            recipient: Some(event.recipient),
            campaign: event.campaign.as_deref(),
            page: event.page.as_deref(),
            tracking_id: event.tracking_id.as_deref(),
        };
        let (judgement, rows) = self.judge(&about, occurred_at)?;
        if judgement == Judgement::Waiting {
            self.counts.waiting += 1;
            return Ok(());
        }
        let send = judgement.place().and_then(|place| rows.get(place)).map(|row| row.candidate.send);
        // Another process may have judged it since it was read.
        let changed = self
            .conn
            .prepare_cached(sql!(
                "update events set send = ?2, how = ?3 where id = ?1 and how = {waiting}",
                waiting = digit(Judgement::Waiting.number())
            ))?
            .execute((event.id, send, judgement.number()))?;
        if changed == 1 {
            let failure = event.failure.as_deref().and_then(short_line);
            self.apply(stage, judgement, rows, occurred_at, failure.as_deref())?;
        }
        Ok(())
    }

    /// Merges what an event says into the send it belongs to.
    fn apply(
        &mut self,
        stage: Stage,
        judgement: Judgement,
        mut rows: Vec<Row>,
        at: UnixMillis,
        failure: Option<&str>,
    ) -> Result<()> {
        let how = match judgement {
            Judgement::Of { how, .. } => how,
            Judgement::Waiting => {
                self.counts.waiting += 1;
                return Ok(());
            }
            Judgement::Foreign => {
                self.counts.foreign += 1;
                self.tally.add(0, at, What::Foreign, 1);
                return Ok(());
            }
        };
        match how {
            How::Exact => self.counts.exact += 1,
            How::Inferred => self.counts.inferred += 1,
            How::Ambiguous => self.counts.ambiguous += 1,
        }
        let Some(place) = judgement.place().filter(|place| *place < rows.len()) else { return Ok(()) };
        let row = rows.swap_remove(place);
        let merged = row.marks.clone().with(stage, at.0, how, failure);
        if merged != row.marks {
            let (broadcast, tally) = (row.broadcast, &mut self.tally);
            for (sign, marks) in [(-1, &row.marks), (1, &merged)] {
                marks.count(row.candidate.claimed_at, &mut |at, what| tally.add(broadcast, at, what, sign));
            }
            merged.write(self.conn, row.candidate.send)?;
        }
        if how != How::Ambiguous && row.state != State::Accepted {
            self.settle(&row)?;
        }
        Ok(())
    }

    /// What can only come from this send proves that it was accepted. The person's cool-down stays: it was set when the send
    /// became unknown.
    fn settle(&mut self, row: &Row) -> Result<()> {
        let settled = self
            .conn
            .prepare_cached(sql!(
                "update sends set state = {accepted}, reason = 'evidence', not_before = 0,
                   finished_at = coalesce(finished_at, claimed_at)
                 where id = ?1 and state = ?2"
            ))?
            .execute((row.candidate.send, row.state))?;
        if settled == 1 {
            let at = row.candidate.claimed_at;
            self.tally.moved(row.broadcast, at, row.state, State::Accepted);
            self.tally.add(row.broadcast, at, What::Settled, 1);
            self.counts.settled += 1;
        }
        Ok(())
    }

    /// What an event is about, and the sends it was judged against.
    fn judge(&mut self, about: &About<'_>, at: UnixMillis) -> db::Result<(Judgement, Vec<Row>)> {
        let Some(recipient) = about.recipient else { return Ok((Judgement::Foreign, Vec::new())) };
        let rows = match (about.campaign, about.page, about.tracking_id) {
            (Some(campaign), ..) => self.sends_of(recipient, Of::Campaign(campaign))?,
            // Without its campaign only the tracking id can name it.
            (None, Some(page), Some(_)) => self.sends_of(recipient, Of::Page(page))?,
            (None, ..) => Vec::new(),
        };
        let candidates: Vec<&Candidate> = rows.iter().map(|row| &row.candidate).collect();
        let judgement = match attribute(&candidates, about.tracking_id, at) {
            Judgement::Of { how, .. } if about.campaign.is_none() && how != How::Exact => Judgement::Foreign,
            judgement => judgement,
        };
        Ok((judgement, rows))
    }

    /// The sends to a person that an event can be about.
    fn sends_of(&mut self, recipient: i64, of: Of<'_>) -> db::Result<Vec<Row>> {
        let (sql, name) = match of {
            Of::Campaign(campaign) => ("select id from broadcasts where campaign = ?1", campaign),
            Of::Page(page) => ("select id from broadcasts where page = ?1", page),
        };
        // Both are ids of Graph's, which gives each object its own.
        if !self.broadcasts.contains_key(name) {
            let ids = self.conn.prepare_cached(sql)?.query_map([name], |row| row.get(0))?.collect::<db::Result<_>>()?;
            self.broadcasts.insert(name.to_owned(), ids);
        }
        let mut rows = Vec::new();
        for broadcast in self.broadcasts.get(name).into_iter().flatten() {
            let found = self
                .conn
                .prepare_cached(sql!(
                    "select id, state, claimed_at, tracking_id, echoed_at, delivered_at, read_at, clicked_at, failed_at, failure,
                            attribution,
                            state in ({pending}, {skipped}) and (reason is not distinct from 'resolved' or exists
                              (select 1 from attempts a where a.send = sends.id and a.outcome = 'unknown'))
                     from sends where broadcast = ?1 and recipient = ?2 and claimed_at is not null"
                ))?
                .query_row((broadcast, recipient), |row| {
                    let state: State = row.get(1)?;
                    // A person said it was not sent, whatever the row waits for since, or was skipped for; what is heard of it knows better.
                    let resolved: bool = row.get(11)?;
                    let counts = resolved || matches!(state, State::Claimed | State::Accepted | State::Unknown);
                    Ok(counts.then_some(Row {
                        broadcast: *broadcast,
                        state,
                        candidate: Candidate {
                            send: row.get(0)?,
                            claimed: state == State::Claimed,
                            claimed_at: UnixMillis(row.get(2)?),
                            tracking_id: row.get(3)?,
                        },
                        marks: Marks::from_row(row, 4)?,
                    }))
                })
                .optional()?;
            rows.extend(found.flatten());
        }
        Ok(rows)
    }

    pub fn finish(self) -> Result<EventCounts> {
        self.tally.write(self.conn)?;
        Ok(self.counts)
    }
}

/// What names the send that an event is about.
struct About<'e> {
    recipient: Option<i64>,
    campaign: Option<&'e str>,
    page: Option<&'e str>,
    tracking_id: Option<&'e str>,
}

/// Among which sends of a person to look.
#[derive(Clone, Copy)]
enum Of<'e> {
    Campaign(&'e str),
    Page(&'e str),
}
