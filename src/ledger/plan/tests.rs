//! Any order of plans, cut-off plans, outcomes and changes of people, held against a simple model of what a plan does.

mod lists;
mod model;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;

use model::{Model, Person};

use super::again::LOOKED_AT;
use super::sets::PlanTarget;
use super::stage::Staging;
use super::{CheckValues, PlanTerms, Planned};
use crate::clock::UnixMillis;
use crate::ledger::broadcasts::{Broadcast, BroadcastKey, Which, is_closed};
use crate::ledger::database::tests::engine::{Engine, on, on_both};
use crate::ledger::gate::Gate;
use crate::ledger::judge::MAX_LATERS;
use crate::ledger::key::key;
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::state::{Skip, State};
use crate::ledger::tally::shift;
use crate::ledger::{Ledger, Watch};

const PEOPLE: u8 = 5;
const HOUR: Duration = Duration::from_secs(3600);
/// The value that the message can't be made with.
const UNUSABLE: u8 = 0;

/// A person and the value of the row.
type List = Vec<(u8, u8)>;

#[derive(Clone, Debug)]
enum Op {
    /// Plans a list for a broadcast; `cut` rows of it and then the process dies.
    Plan {
        broadcast: usize,
        list: usize,
        cut: Option<usize>,
        end: Option<u8>,
    },
    /// A request for somebody who may go out ended so.
    Settle {
        broadcast: usize,
        person: u8,
        state: State,
    },
    Refuse3TimesAsLater {
        broadcast: usize,
        person: u8,
    },
    Block {
        person: u8,
        hours: u8,
    },
    Suppress {
        person: u8,
        on: bool,
    },
    Expire {
        person: u8,
        hours: u8,
    },
    Pass {
        hours: u8,
    },
}

fn any_op() -> impl Strategy<Value = Op> {
    let (broadcast, person, hours) = (0..3_usize, 0..PEOPLE, 0..6_u8);
    let plan = (
        broadcast.clone(),
        0..3_usize,
        proptest::option::weighted(0.4, 0..6_usize),
        proptest::option::weighted(0.2, 0..6_u8),
    )
        .prop_map(|(broadcast, list, cut, end)| Op::Plan { broadcast, list, cut, end });
    let states = prop_oneof![Just(State::Accepted), Just(State::Refused), Just(State::Unknown), Just(State::Skipped)];
    prop_oneof![
        6 => plan,
        2 => (broadcast.clone(), person.clone(), states)
            .prop_map(|(broadcast, person, state)| Op::Settle { broadcast, person, state }),
        1 => (broadcast, person.clone()).prop_map(|(broadcast, person)| Op::Refuse3TimesAsLater { broadcast, person }),
        1 => (person.clone(), hours.clone()).prop_map(|(person, hours)| Op::Block { person, hours }),
        1 => (person.clone(), any::<bool>()).prop_map(|(person, on)| Op::Suppress { person, on }),
        1 => (person, hours.clone()).prop_map(|(person, hours)| Op::Expire { person, hours }),
        2 => hours.prop_map(|hours| Op::Pass { hours }),
    ]
}

fn any_list() -> impl Strategy<Value = List> {
    proptest::collection::vec((0..PEOPLE, 0..3_u8), 1..7)
}

struct World {
    ledger: Ledger,
    broadcasts: Vec<Broadcast>,
    lists: Vec<List>,
    /// Those that were planned.
    listings: HashSet<i64>,
    model: Model,
}

fn check() -> Box<CheckValues<'static>> {
    Box::new(|_, values| match values {
        Some(text) if text == value_text(UNUSABLE) => Err((Skip::MissingValue, Some("name".to_owned()))),
        _ => Ok(()),
    })
}

fn token(person: u8) -> String {
    format!("person{person}")
}

fn value_text(value: u8) -> String {
    format!(r#"{{"value":"{value}"}}"#)
}

fn key_of(broadcast: &Broadcast) -> BroadcastKey<'_> {
    BroadcastKey {
        split: None,
        page: &broadcast.page,
        ad_account: &broadcast.ad_account,
        campaign: &broadcast.campaign,
        fingerprint: broadcast.fingerprint,
        message: &broadcast.message,
    }
}

impl World {
    fn new(lists: Vec<List>, folder: &std::path::Path) -> Self {
        let mut ledger = Ledger::in_memory(folder);
        let now = UnixMillis(1_800_000_000_000);
        let broadcasts = [("77", 1), ("77", 2), ("78", 1)]
            .into_iter()
            .map(|(campaign, fingerprint)| {
                let key = BroadcastKey {
                    split: None,
                    page: "1",
                    ad_account: "act_1",
                    campaign,
                    fingerprint: [fingerprint; 32],
                    message: "{}",
                };
                ledger.open_broadcast(&key, Which::default(), "http://127.0.0.1:1", now).unwrap()
            })
            .collect();
        Self { ledger, broadcasts, lists, listings: HashSet::new(), model: Model { now, ..Model::default() } }
    }

    fn spool(&self, list: usize) -> Listing {
        let mut spool = Spool::new(&std::env::temp_dir()).unwrap();
        for (person, value) in &self.lists[list] {
            spool.add(&token(*person), Some(&value_text(*value))).unwrap();
        }
        spool.finish().unwrap()
    }

    fn hours(&self, hours: u8) -> UnixMillis {
        self.model.now.plus(HOUR * u32::from(hours))
    }

    fn apply(&mut self, op: &Op) {
        // No two plans share a moment.
        self.model.now = self.model.now.plus(Duration::from_millis(1));
        match *op {
            Op::Plan { broadcast, list, cut, end } => self.plan(broadcast, list, cut, end.map(|end| self.hours(end))),
            Op::Settle { broadcast, person, state } => self.settle(broadcast, person, state),
            Op::Refuse3TimesAsLater { broadcast, person } => {
                if let Some(row) = self.model.rows.get_mut(&(broadcast, person)) {
                    row.never = true;
                    let set = format!("laters = {MAX_LATERS}");
                    self.set_row(broadcast, person, &set);
                }
            }
            Op::Block { person, hours } => {
                let until = self.hours(hours);
                self.set_person(person, &format!("blocked_until = {}", until.0), |known| known.blocked_until = until);
            }
            Op::Suppress { person, on } => {
                let why = if on { "'suppressed'" } else { "null" };
                self.set_person(person, &format!("suppressed = {why}"), |known| known.suppressed = on);
            }
            Op::Expire { person, hours } => {
                let at = self.hours(hours);
                self.set_person(person, &format!("expires_at = {}", at.0), |known| known.expires_at = Some(at));
            }
            Op::Pass { hours } => self.model.now = self.hours(hours),
        }
    }

    /// A person whom the ledger has never seen can't be changed.
    fn set_person(&mut self, person: u8, set: &str, change: impl FnOnce(&mut Person)) {
        let sql = format!("update recipients set {set} where key = ?1");
        if self.ledger.write(|conn| Ok(conn.execute(&sql, [key(&token(person))])?)).unwrap() == 1 {
            change(self.model.people.entry(person).or_default());
        }
    }

    fn set_row(&mut self, broadcast: usize, person: u8, set: &str) {
        let sql = format!(
            "update sends set {set} where broadcast = ?1 and recipient = (select id from recipients where key = ?2)"
        );
        let id = self.broadcasts[broadcast].id;
        let changed = self.ledger.write(|conn| Ok(conn.execute(&sql, (id, key(&token(person))))?)).unwrap();
        assert_eq!(changed, 1);
    }

    fn settle(&mut self, broadcast: usize, person: u8, state: State) {
        let planned = &self.model.planned;
        let Some(row) = self.model.rows.get_mut(&(broadcast, person)) else { return };
        if row.state != State::Pending || !planned.contains(&(broadcast, row.owner)) {
            return;
        }
        row.state = state;
        // Closed by a person, so that it is judged anew when it is listed again.
        row.skip = (state == State::Skipped).then_some(Skip::Closed);
        row.not_before = UnixMillis(0);
        let reason = row.skip.map_or("null".to_owned(), |skip| format!("'{}'", skip.name()));
        let set = format!(
            "state = {}, reason = {reason}, not_before = 0, finished_at = {}",
            state.number(),
            self.model.now.0
        );
        self.set_row(broadcast, person, &set);
        let id = self.broadcasts[broadcast].id;
        self.ledger.write(|conn| Ok(shift(conn, id, State::Pending, state, 1)?)).unwrap();
    }

    fn plan(&mut self, broadcast: usize, list: usize, cut: Option<usize>, end: Option<UnixMillis>) {
        let terms = PlanTerms { now: self.model.now, end, ..PlanTerms::default() };
        let mut spool = self.spool(list);
        // Lists with the same rows are one.
        let at = self.lists.iter().position(|other| *other == self.lists[list]).unwrap();
        match cut {
            Some(cut) => self.plan_and_die(broadcast, &mut spool, cut, terms),
            None => {
                let named = &self.broadcasts[broadcast];
                let rivals = self.ledger.rivals_of(Some(named), &key_of(named), false).unwrap();
                let dry = self
                    .ledger
                    .dry_plan(Some(named), (&rivals, None), &mut self.spool(list), terms, &mut *check())
                    .unwrap();
                let named = named.clone();
                let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
                let planned = self.ledger.plan(&named, "list", &mut spool, terms, &mut *check(), &mut watch).unwrap();
                let before = self.model.planned.contains(&(broadcast, at));
                self.judge_plan(list, before, &planned);
                let parts =
                    [dry.duplicates, dry.now, dry.later, dry.skipped.values().sum(), dry.settled.values().sum()];
                assert_eq!(parts.iter().sum::<u64>(), self.lists[list].len() as u64, "{dry:?}");
                let list = self.lists[list].clone();
                self.model.plan(broadcast, at, &list, None, end);
                self.judge_dry_run(broadcast, &list, &dry);
                return;
            }
        }
        let list = self.lists[list].clone();
        self.model.plan(broadcast, at, &list, cut, end);
    }

    /// Some rows are staged and committed, and the process is gone.
    fn plan_and_die(&mut self, broadcast: usize, spool: &mut Listing, cut: usize, asked: PlanTerms) {
        let terms = Gate::default().terms_of_plan(&asked);
        let broadcast = self.broadcasts[broadcast].clone();
        let (listing, planned) = self.ledger.open_listing(&broadcast, "list", spool, terms.now).unwrap();
        if planned {
            return;
        }
        let transaction = self.ledger.conn.begin().unwrap();
        if transaction.is_server() {
            let part = PlanTarget { conn: &transaction, broadcast: &broadcast, listing };
            part.add(spool.next_rows(cut).unwrap(), terms, &mut *check()).unwrap();
            return transaction.commit().unwrap();
        }
        let mut stage = Staging::new(&transaction, &broadcast, listing).unwrap();
        for _ in 0..cut {
            let Some(row) = spool.next_row().unwrap() else { break };
            stage.add(row, terms, &mut *check()).unwrap();
        }
        stage.finish().unwrap();
        transaction.commit().unwrap();
    }

    fn judge_plan(&mut self, list: usize, before: bool, planned: &Planned) {
        let people: BTreeSet<u8> = self.lists[list].iter().map(|(person, _)| *person).collect();
        assert_eq!((planned.rows, planned.people), (self.lists[list].len() as u64, people.len() as u64));
        // A list that was planned before is the same listing.
        assert_eq!(!self.listings.insert(planned.listing), before);
    }

    /// A dry run tells what the plan then did.
    fn judge_dry_run(&self, broadcast: usize, list: &List, dry: &super::DryPlan) {
        let people: BTreeSet<u8> = list.iter().map(|(person, _)| *person).collect();
        let rows = people.iter().map(|person| &self.model.rows[&(broadcast, *person)]);
        let settled = rows.clone().filter(|row| !matches!(row.state, State::Pending | State::Skipped)).count();
        assert_eq!(dry.settled.values().sum::<u64>(), settled as u64, "{dry:?}");
        let unusable = rows.filter(|row| row.skip == Some(Skip::MissingValue)).count();
        assert_eq!(dry.skipped.get("missing_value").copied().unwrap_or(0), unusable as u64, "{dry:?}");
    }

    /// The ledger holds what the model holds.
    fn judge(&self, what: &Op) {
        let mut found = BTreeMap::new();
        let mut counts: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        type Found = (i64, String, State, i64, Option<String>, String, bool, bool);
        let rows: Vec<Found> = self
            .ledger
            .read(|conn| {
                conn.prepare_cached(
                    "select s.broadcast, r.token, s.state, s.not_before, s.reason, s.row_values, l.planned_at is not null,
                            exists (select 1 from listing_rows h where h.listing = s.listing and h.send = s.id)
                     from sends s join recipients r on r.id = s.recipient join listings l on l.id = s.listing",
                )?
                .query_map((), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?))
                })?
                .collect()
            })
            .unwrap();
        for (broadcast, token, state, not_before, reason, values, planned, held) in rows {
            assert!(held, "{what:?}: {token} belongs to a list that does not hold it");
            *counts.entry((broadcast, state.number())).or_default() += 1;
            let broadcast = self.broadcasts.iter().position(|known| known.id == broadcast).unwrap();
            let person: u8 = token.trim_start_matches("person").parse().unwrap();
            let reason = reason.map(|reason| reason.split(':').next().unwrap().to_owned());
            found.insert((broadcast, person), (state, not_before, reason, values, planned));
        }
        let expected: BTreeMap<_, _> = self
            .model
            .rows
            .iter()
            .map(|(at, row)| {
                let planned = self.model.planned.contains(&(at.0, row.owner));
                let reason = row.skip.map(|skip| skip.name().to_owned());
                (*at, (row.state, row.not_before.0, reason, value_text(row.value), planned))
            })
            .collect();
        assert_eq!(found, expected, "after {what:?}");
        let kept: BTreeMap<(i64, i64), i64> = self
            .ledger
            .read(|conn| {
                conn.prepare_cached("select broadcast, state, n from states where n <> 0")?
                    .query_map((), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
                    .collect()
            })
            .unwrap();
        assert_eq!(kept, counts, "after {what:?}: the counts kept differ from the rows");
    }

    /// Whoever waits on a list that was just planned can go out when their time comes.
    fn judge_nobody_is_stuck(&self, broadcast: usize, list: usize) {
        for (person, _) in &self.lists[list] {
            let row = &self.model.rows[&(broadcast, *person)];
            let planned = self.model.planned.contains(&(broadcast, row.owner));
            assert!(row.state != State::Pending || planned, "person {person} waits for a list that was cut off");
        }
    }
}

fn leaves_what_the_model_says(lists: Vec<List>, ops: &[Op]) {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(lists, folder.path());
    for op in ops {
        world.apply(op);
        world.judge(op);
        if let Op::Plan { broadcast, list, cut: None, .. } = op {
            world.judge_nobody_is_stuck(*broadcast, *list);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_plans_and_outcomes_leaves_what_the_model_says(
        lists in proptest::collection::vec(any_list(), 3),
        ops in proptest::collection::vec(any_op(), 1..24),
    ) {
        leaves_what_the_model_says(lists, &ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn and_so_it_does_on_a_server(
        lists in proptest::collection::vec(any_list(), 3),
        ops in proptest::collection::vec(any_op(), 1..24),
    ) {
        on(Engine::Postgres, || leaves_what_the_model_says(lists, &ops));
    }
}
