//! One transaction's work on events, one by one: each stored once, judged, and merged into the send it belongs to.

use std::collections::HashMap;

use crate::ledger::db::{self, Conn, Optional};

use super::attribution::Judgement;
use super::counts::EventCounts;
use super::event::{Event, Facts, Kind};
use super::marks::short_line;
use super::sends::{About, COLUMNS, Of, Said, SeenSend, Told};
use super::stage::Stage;
use crate::clock::UnixMillis;
use crate::ledger::audiences;
use crate::ledger::erase::rows;
use crate::ledger::error::Result;
use crate::ledger::people::choices::{self, Whom};
use crate::ledger::people::met;
use crate::ledger::people::tombs::Tombs;
use crate::ledger::people::{self, Arrivals};
use crate::ledger::sql::{digit, sql};
use crate::ledger::state::State;

/// An event that waits for the outcome of a request.
pub struct Waiting {
    pub id: i64,
    kind: i64,
    pub recipient: i64,
    page: Option<String>,
    campaign: Option<String>,
    tracking_id: Option<String>,
    occurred_at: UnixMillis,
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
            failure: row.text(7)?.and_then(short_line),
        })
    }

    pub fn about(&self) -> About<'_> {
        About {
            recipient: Some(self.recipient),
            campaign: self.campaign.as_deref(),
            page: self.page.as_deref(),
            tracking_id: self.tracking_id.as_deref(),
        }
    }

    /// `None` for what is of no send.
    pub fn said(&self) -> Option<Said<'_>> {
        let stage = Stage::of_number(self.kind)?;
        Some(Said { stage, at: self.occurred_at, failure: self.failure.as_deref() })
    }
}

/// One transaction's work on events.
pub struct Sitting<'c> {
    conn: &'c Conn,
    now: UnixMillis,
    told: Told,
    /// Broadcasts of the campaigns met.
    broadcasts: HashMap<String, Vec<i64>>,
    /// Whether choices of people without a token are kept, once that was asked.
    choices: Option<bool>,
    /// Of the ledger's erased people, once they were asked for.
    tombs: Option<Tombs>,
}

impl<'c> Sitting<'c> {
    pub fn new(conn: &'c Conn, now: UnixMillis) -> Self {
        Self { conn, now, told: Told::default(), broadcasts: HashMap::new(), choices: None, tombs: None }
    }

    pub fn store(&mut self, event: &Event, optins: &str) -> Result<()> {
        let facts = &event.facts;
        let occurred_at = event.occurred_at(self.now);
        let gone = self.of_erased(event)?;
        let mut recipient = match (&event.person, &gone) {
            (_, Some(Gone { recipient: Some(recipient), .. })) => Some(*recipient),
            (Some(key), _) => people::find_id(self.conn, key)?,
            (None, _) => None,
        };
        // Somebody who was erased is named by nothing that is kept.
        let hidden = gone.as_ref().and_then(|gone| gone.psid.as_deref());
        let whom = facts.whom().map(|whom| Whom { psid: hidden.unwrap_or(whom.psid), ..whom });
        let named = gone.is_none();
        let (judgement, mut rows) = match event.kind {
            Kind::Stage(_) => {
                let (judgement, rows) = self.judge(&event.about(recipient), occurred_at)?;
                (Some(judgement), rows)
            }
            _ => (None, Vec::new()),
        };
        if let (Kind::OptIn, None, Some(token), Some(key)) = (event.kind, recipient, &facts.token, &event.person) {
            // Somebody new who stopped is known as well, so that a later import does not bring them back.
            let page = facts.page.as_deref().unwrap_or_default();
            recipient = Some(Arrivals::new(self.conn)?.find_or_add(key, token, page)?.id);
        }
        let mut people: Vec<i64> = recipient.into_iter().collect();
        if let (Kind::OptIn, None, Some(whom)) = (event.kind, &facts.token, whom) {
            people = people::tokens_of(self.conn, whom)?;
            recipient = people.first().copied();
        }
        let place = judgement.and_then(Judgement::place);
        let row = place.and_then(|place| rows.get_mut(place));
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
                facts.tracking_id.as_deref().filter(|_| named),
                facts.mid.as_deref().filter(|_| named),
                occurred_at.0,
                self.now.0,
                row.as_ref().map(|row| row.candidate.send),
                judgement.map(Judgement::number),
                if named { &*facts.raw } else { "{}" },
                facts.detail(),
            ))?;
        if stored == 0 {
            self.told.counts.duplicates += 1;
            return Ok(());
        }
        self.told.counts.new += 1;
        match (event.kind, judgement) {
            (Kind::Stage(stage), Some(judgement)) => {
                self.merge(Said { stage, at: occurred_at, failure: facts.words.as_deref() }, judgement, row)?;
            }
            (Kind::OptIn, _) => {
                self.told.counts.opt_ins += 1;
                let joins = Some(optins).filter(|_| named);
                self.opt_in(facts, whom, &people, occurred_at.min(self.now), joins)?;
            }
            (Kind::Policy, _) => self.told.counts.policy += 1,
            _ => {}
        }
        if let (Kind::Stage(_), Some(recipient), Some(whom)) = (event.kind, recipient, whom)
            && self.keeps_choices()?
            && choices::newest(self.conn, whom)?.is_some()
        {
            met::meet(self.conn, recipient, whom)?;
        }
        Ok(())
    }

    /// Whether an event is about somebody who was erased.
    fn of_erased(&mut self, event: &Event) -> Result<Option<Gone>> {
        let tombs = match self.tombs.take() {
            Some(tombs) => tombs,
            None => Tombs::of(self.conn)?,
        };
        let facts = &event.facts;
        let page = facts.page.as_deref().unwrap_or_default();
        // Whose token it is, is learned of opt-ins alone.
        let psid = facts.psid.as_deref().filter(|_| event.kind == Kind::OptIn);
        let recipient = match &event.person {
            Some(key) => rows::of_erased(self.conn, &tombs, key, (page, psid), self.now)?,
            None => None,
        };
        let psid = match facts.whom() {
            Some(whom) if recipient.is_some() => tombs.hidden(whom),
            Some(whom) => tombs.psid(self.conn, whom)?,
            None => None,
        };
        self.tombs = Some(tombs);
        Ok((recipient.is_some() || psid.is_some()).then_some(Gone { recipient, psid }))
    }

    /// Records what an opt-in event says of these recipients: the one of its token or, without a token, all of its person. `joins`: the
    /// audience of those who opt in.
    fn opt_in(
        &mut self,
        facts: &Facts,
        whom: Option<Whom<'_>>,
        people: &[i64],
        at: UnixMillis,
        joins: Option<&str>,
    ) -> Result<()> {
        let Some(opt_in) = &facts.opt_in else { return Ok(()) };
        for recipient in people {
            if let Some(whom) = whom {
                met::meet(self.conn, *recipient, whom)?;
            }
            people::opt_in(self.conn, *recipient, opt_in, at)?;
            if let (false, Some(page), Some(joins)) = (opt_in.is_stop(), &facts.page, joins) {
                audiences::join(self.conn, *recipient, page, joins, self.now)?;
            }
        }
        if let (Some(whom), Some(choice)) = (whom, opt_in.choice(at)) {
            // A resume by token ends what was kept; a stop by token is of that token alone.
            if facts.token.is_none() || (!choice.opted_out && choices::newest(self.conn, whom)?.is_some()) {
                choices::keep(self.conn, whom, choice)?;
                self.choices = Some(true);
            }
            if people.is_empty() {
                self.told.counts.choices_kept += 1;
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
        let Some(said) = event.said() else { return Ok(()) };
        let (judgement, mut rows) = self.judge(&event.about(), said.at)?;
        if judgement == Judgement::Waiting {
            self.told.counts.waiting += 1;
            return Ok(());
        }
        let row = judgement.place().and_then(|place| rows.get_mut(place));
        // Another process may have judged it since it was read.
        let changed = self
            .conn
            .prepare_cached(sql!(
                "update events set send = ?2, how = ?3 where id = ?1 and how = {waiting}",
                waiting = digit(Judgement::Waiting.number())
            ))?
            .execute((event.id, row.as_ref().map(|row| row.candidate.send), judgement.number()))?;
        if changed == 1 {
            self.merge(said, judgement, row)?;
        }
        Ok(())
    }

    /// Merges what an event says into the send it belongs to.
    fn merge(&mut self, said: Said<'_>, judgement: Judgement, row: Option<&mut SeenSend>) -> Result<()> {
        let Some(row) = row else {
            self.told.add(said, judgement, None);
            return Ok(());
        };
        let changed = self.told.add(said, judgement, Some(row));
        if changed.marks {
            row.marks.write(self.conn, row.candidate.send)?;
        }
        if let Some(before) = changed.settled {
            settle(self.conn, row.candidate.send, before)?;
        }
        Ok(())
    }

    /// What an event is about, and the sends it was judged against.
    fn judge(&mut self, about: &About<'_>, at: UnixMillis) -> db::Result<(Judgement, Vec<SeenSend>)> {
        let rows = match about.among() {
            Some((recipient, of)) => self.sends_of(recipient, of)?,
            None => Vec::new(),
        };
        let candidates: Vec<_> = rows.iter().map(|row| &row.candidate).collect();
        Ok((about.judge(&candidates, at), rows))
    }

    /// The sends to a person that an event can be about.
    fn sends_of(&mut self, recipient: i64, of: Of<'_>) -> db::Result<Vec<SeenSend>> {
        let (Of::Campaign(name) | Of::Page(name)) = of;
        if !self.broadcasts.contains_key(name) {
            self.broadcasts.insert(name.to_owned(), of.broadcasts(self.conn)?);
        }
        let mut rows = Vec::new();
        for broadcast in self.broadcasts.get(name).into_iter().flatten() {
            let found = self
                .conn
                .prepare_cached(sql!(
                    "select {columns} from sends s where s.broadcast = ?1 and s.recipient = ?2 and s.claimed_at is not null",
                    columns = COLUMNS
                ))?
                .query_row((broadcast, recipient), |row| SeenSend::read(*broadcast, row, 0))
                .optional()?;
            rows.extend(found.flatten());
        }
        Ok(rows)
    }

    pub fn finish(self) -> Result<EventCounts> {
        self.told.tally.write(self.conn)?;
        Ok(self.told.counts)
    }
}

fn settle(conn: &Conn, send: i64, before: State) -> db::Result<()> {
    let settled = conn
        .prepare_cached(sql!(
            "update sends set state = {accepted}, reason = 'evidence', not_before = 0,
               finished_at = coalesce(finished_at, claimed_at)
             where id = ?1 and state = ?2"
        ))?
        .execute((send, before))?;
    if settled == 1 { Ok(()) } else { Err(db::Error::Changed) }
}

/// Somebody who was erased, as far as an event names them.
struct Gone {
    recipient: Option<i64>,
    /// What stands in the place of their PSID.
    psid: Option<String>,
}
