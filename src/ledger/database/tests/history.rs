//! One history on each engine: whatever is asked has the same answer, and both ledgers hold the same afterwards.

mod dump;
mod ops;

use fastrand::Rng;
use proptest::prelude::*;

use super::engine::{Engine, on};
use super::*;
use dump::dump;
use ops::{What, any_op};

use crate::clock::Clock;
use crate::ledger::broadcasts::{Broadcast, BroadcastKey, Which};
use crate::ledger::events::{Event, Facts, Kind, OptIn, Stage};
use crate::ledger::gate::PlanTerms;
use crate::ledger::pace::{Meter, PaceRow};
use crate::ledger::people::suppression::Suppression;
use crate::ledger::plan::CheckValues;
use crate::ledger::runs::Run;
use crate::ledger::spool::{Listing, Spool};
use crate::ledger::state::Skip;
use crate::ledger::suppress::SuppressOrder;
use crate::ledger::unknown::Resolution;
use crate::ledger::writer::{Claim, Finish, Order, Outcome, Scope, Seat, step};

const COOL_DOWN: Duration = Duration::from_hours(12);
const PEOPLE: u64 = 14;
const PAGE: &str = "104";
const AUDIENCES: [&str; 2] = ["all", "some"];
/// Runs at once, at most.
const AT_WORK: usize = 3;
const BEGIN: UnixMillis = UnixMillis(1_764_000_000_000);

/// Allows everything.
struct Open;

impl Meter for Open {
    fn allow(&mut self, _: &mut Option<PaceRow>, _: UnixMillis, want: usize) -> (usize, Option<UnixMillis>) {
        (want, None)
    }

    fn has_news(&self) -> bool {
        false
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn unused(&mut self, _: &mut PaceRow, _: usize) {}
}

struct AtWork {
    scope: Scope,
    campaign: String,
    flying: Vec<Claim>,
}

struct World {
    folder: tempfile::TempDir,
    ledger: Ledger,
    clock: Clock,
    broadcasts: Vec<Broadcast>,
    at_work: Vec<(Run, AtWork)>,
    dead: Vec<AtWork>,
    /// Accepted: token, campaign and tracking ID.
    accepted: Vec<(String, String, Option<String>)>,
    log: Vec<String>,
}

fn token(person: u64) -> String {
    format!("person{person}")
}

fn kind(error: &Error) -> String {
    format!("{error:?}").split([' ', '{', '(']).next().unwrap().to_owned()
}

fn check() -> Box<CheckValues<'static>> {
    Box::new(|_, values| match values {
        Some("{}") => Err((Skip::MissingValue, Some("name".to_owned()))),
        _ => Ok(()),
    })
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        let broadcasts = [("77", 1), ("77", 2), ("78", 1)]
            .into_iter()
            .map(|(campaign, fingerprint)| {
                let fingerprint = [fingerprint; 32];
                let key =
                    BroadcastKey { page: PAGE, ad_account: "act_1", campaign, fingerprint, message: "{}", split: None };
                ledger.open_broadcast(&key, Which::default(), "http://127.0.0.1:1", BEGIN).unwrap()
            })
            .collect();
        let (at_work, dead, accepted, log) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { folder, ledger, clock: Clock::starting_at(BEGIN), broadcasts, at_work, dead, accepted, log }
    }

    fn list(&self, rng: &mut Rng) -> Listing {
        // Few lists, so that one is often listed again.
        let mut rng = Rng::with_seed(rng.u64(..6));
        let mut spool = Spool::new(self.folder.path()).unwrap();
        for _ in 0..rng.usize(1..20) {
            let values = [None, Some("{}"), Some(r#"{"a":"1"}"#), Some(r#"{"a":"2"}"#)][rng.usize(..4)];
            spool.add(&token(rng.u64(..PEOPLE)), values).unwrap();
        }
        spool.finish().unwrap()
    }

    async fn apply(&mut self, what: What, seed: u64) {
        // No two things happen in the same moment.
        tokio::time::advance(Duration::from_millis(1)).await;
        let mut rng = Rng::with_seed(seed);
        let (rng, now) = (&mut rng, self.clock.now());
        let mut none = |_| {};
        let mut watch = Watch { progress: &mut none, stop: &|| false };
        let answer = match what {
            What::Plan => {
                let list = self.list(rng);
                self.plan(list, rng)
            }
            What::Import => {
                let mut list = self.list(rng);
                let name = AUDIENCES[rng.usize(..2)];
                format!("{:?}", self.ledger.import_audience(PAGE, name, "list", &mut list, now, &mut watch).unwrap())
            }
            What::PlanAudience => {
                let mut spool = Spool::new(self.folder.path()).unwrap();
                match self.ledger.spool_audience(PAGE, AUDIENCES[rng.usize(..2)], true, &mut spool) {
                    Ok(()) => self.plan(spool.finish().unwrap(), rng),
                    Err(error) => kind(&error),
                }
            }
            What::Start if self.at_work.len() < AT_WORK => {
                let broadcast = self.broadcasts[rng.usize(..3)].clone();
                self.start(broadcast)
            }
            What::Resume if self.at_work.len() < AT_WORK => {
                let mut unfinished = self.ledger.unfinished_broadcasts(PAGE, None).unwrap();
                let campaigns: Vec<String> = unfinished.iter().map(|broadcast| broadcast.campaign.clone()).collect();
                if !unfinished.is_empty() {
                    self.start(unfinished.swap_remove(rng.usize(..campaigns.len())));
                }
                format!("{campaigns:?}")
            }
            What::Step if !self.at_work.is_empty() => {
                let place = rng.usize(..self.at_work.len());
                let want = rng.usize(..7);
                let (run, mut at_work) = self.at_work.swap_remove(place);
                let answer = self.step(&mut at_work, want, rng);
                self.at_work.push((run, at_work));
                answer
            }
            What::Die if !self.at_work.is_empty() => {
                let (run, at_work) = self.at_work.swap_remove(rng.usize(..self.at_work.len()));
                run.crash();
                self.dead.push(at_work);
                String::new()
            }
            What::Bury => format!("{:?}", self.ledger.bury_dead_runs(&self.clock, COOL_DOWN).unwrap()),
            What::End if !self.at_work.is_empty() => {
                let (run, at_work) = self.at_work.swap_remove(rng.usize(..self.at_work.len()));
                let lost = self.ledger.end_run(run, now, "done", COOL_DOWN).unwrap();
                self.dead.push(at_work);
                format!("{lost}")
            }
            What::AnswerLate if !self.dead.is_empty() => {
                let mut at_work = self.dead.swap_remove(rng.usize(..self.dead.len()));
                let answer = self.step(&mut at_work, 0, rng);
                self.dead.push(at_work);
                answer
            }
            What::Tell => {
                let events: Vec<Event> = (0..rng.usize(1..12)).map(|_| self.event(rng, now)).collect();
                let mut left = events.iter();
                let mut counts = crate::ledger::events::EventCounts::default();
                while {
                    let (part, more) = self.ledger.store_events(&mut || left.next(), "optins", now).unwrap();
                    counts.add(&part);
                    more
                } {}
                format!("{counts:?}")
            }
            What::JudgeWaiting => format!("{:?}", self.ledger.judge_waiting_events(now).unwrap()),
            What::Suppress => {
                let order = if rng.bool() {
                    SuppressOrder::Suppress(Some("note".to_owned()))
                } else {
                    SuppressOrder::Unsuppress
                };
                let mut spool = Spool::new(self.folder.path()).unwrap();
                (0..rng.usize(1..4)).for_each(|_| spool.add(&token(rng.u64(..PEOPLE)), None).unwrap());
                let mut list = spool.finish().unwrap();
                format!("{:?}", self.ledger.suppress(&order, PAGE, &mut list, "me", now, &mut watch).unwrap())
            }
            What::Erase => {
                // Hashes of each ledger have a key of its own; what is compared has to have the same.
                let key = "update ledger set erasure_key = ?1 where erasure_key is null";
                self.ledger.write(|conn| Ok(conn.execute(key, [[7; 32]])?)).unwrap();
                match self.ledger.erase(PAGE, &token(rng.u64(..PEOPLE + 2)), "me", now) {
                    Ok(removed) => format!("{removed:?}"),
                    Err(error) => kind(&error),
                }
            }
            What::Resolve => {
                let resolution = if rng.bool() { Resolution::Accepted } else { Resolution::NotSent };
                let unknown = "select s.id from sends s join recipients r on r.id = s.recipient where s.state = 5
                    order by r.token, s.broadcast";
                let ids: Vec<i64> = self
                    .ledger
                    .read(|conn| conn.prepare_cached(unknown)?.query_map((), |row| row.get(0))?.collect())
                    .unwrap();
                let ids: Vec<i64> = ids.into_iter().filter(|_| rng.bool()).collect();
                format!("{:?}", self.ledger.resolve_unknown(&ids, resolution, now).unwrap())
            }
            What::Close => {
                let broadcast = self.broadcasts[rng.usize(..3)].id;
                format!("{:?}", self.ledger.close_broadcast(broadcast, now).unwrap())
            }
            What::RetryRefused => {
                let broadcast = self.broadcasts[rng.usize(..3)].id;
                format!("{:?}", self.ledger.retry_refused(broadcast, &[551]).unwrap())
            }
            What::Pass => {
                tokio::time::advance(Duration::from_mins(rng.u64(1..900))).await;
                String::new()
            }
            What::Start | What::Resume | What::Step | What::Die | What::End | What::AnswerLate => return,
        };
        self.log.push(format!("{what:?} {seed}: {answer}"));
    }

    fn plan(&mut self, mut list: Listing, rng: &mut Rng) -> String {
        let now = self.clock.now();
        let end = rng.bool().then(|| now.plus(Duration::from_hours(rng.u64(..30))));
        let asked = PlanTerms { now, end, ..PlanTerms::default() };
        let broadcast = self.broadcasts[rng.usize(..3)].clone();
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        let planned = self.ledger.plan(&broadcast, "list", &mut list, asked, &mut *check(), &mut watch).unwrap();
        format!("{:?}", (planned.rows, planned.people, planned.changed_values, planned.skipped, planned.later))
    }

    fn start(&mut self, broadcast: Broadcast) -> String {
        let run = self.ledger.start_run(broadcast.id, self.clock.now(), 8).unwrap();
        let campaign = broadcast.campaign.clone();
        let scope = Scope {
            run: run.id,
            broadcast,
            listing: None,
            values: true,
            end: None,
            cool_down: COOL_DOWN,
            timeout: Duration::from_secs(30),
            ceiling: None,
        };
        self.at_work.push((run, AtWork { scope, campaign, flying: Vec::new() }));
        String::new()
    }

    /// Records some of what is in flight, and claims until there are as many as are wanted: one transaction may stop before.
    fn step(&mut self, at_work: &mut AtWork, want: usize, rng: &mut Rng) -> String {
        let now = self.clock.now();
        let (over, flying): (Vec<Claim>, Vec<Claim>) = at_work.flying.drain(..).partition(|_| rng.u8(..3) > 0);
        at_work.flying = flying;
        let mut finishes: Vec<Finish> = over.into_iter().map(|claim| finish(claim, now, rng)).collect();
        for Finish { claim, outcome, .. } in &finishes {
            if let Outcome::Accepted { tracking_id } = outcome {
                self.accepted.push((claim.token.clone(), at_work.campaign.clone(), tracking_id.clone()));
            }
        }
        // One transaction may stop before it has all: what counts is what all of them did.
        let (mut left, mut overtaken, mut claims, mut settled) = (want, 0, Vec::new(), Vec::new());
        // A seat goes on where it was, with what it read ahead in a file: rows that came back behind that have their turn later than on a
        // server. Each step looks from the first row on.
        let mut seat = Seat::new(self.clock, at_work.scope.clone(), None);
        loop {
            let order = &mut Order { seat: &mut seat, finishes: &finishes, want: left, meter: &mut Open };
            let stepped = match step(&mut self.ledger, order) {
                Ok(stepped) => stepped,
                // Its run was found dead.
                Err(error) => {
                    at_work.flying.extend(finishes.into_iter().map(|finish| finish.claim));
                    return format!("{claims:?} {}", kind(&error));
                }
            };
            finishes.clear();
            settled.extend(stepped.settled.iter().map(|row| {
                format!("{} {} {:?} {:?} {:?}", row.token, row.state, row.reason, row.not_before, row.tracking_id)
            }));
            claims
                .extend(stepped.claims.iter().map(|claim| format!("{}{:?}@{}", claim.token, claim.values, claim.at.0)));
            overtaken += stepped.overtaken;
            left -= stepped.claims.len();
            at_work.flying.extend(stepped.claims);
            if left == 0 || stepped.exhausted {
                settled.sort();
                return format!("{claims:?} {settled:?} {overtaken}");
            }
        }
    }

    fn event(&self, rng: &mut Rng, now: UnixMillis) -> Event {
        let (mut token, mut campaign, mut tracking_id) = (token(rng.u64(..PEOPLE + 2)), "77".to_owned(), None);
        if let Some(known) = rng.choice(&self.accepted).filter(|_| rng.u8(..4) > 0) {
            (token, campaign, tracking_id) = known.clone();
        }
        let number = rng.u64(..PEOPLE / 2);
        let stage = Stage::ALL[rng.usize(..5)];
        let mut facts = Facts {
            page: Some(PAGE.to_owned()),
            token: Some(token).filter(|_| rng.u8(..8) > 0),
            psid: Some(format!("psid{number}")).filter(|_| rng.u8(..3) == 0),
            campaign: Some(campaign).filter(|_| rng.u8(..5) > 0),
            tracking_id: tracking_id.filter(|_| rng.u8(..4) > 0),
            occurred_at: Some(now.minus(Duration::from_mins(rng.u64(..600)))),
            words: (stage == Stage::Failed).then(|| format!("gone {}", rng.u8(..3))),
            raw: format!(r#"{{"n":"{}"}}"#, rng.u16(..)),
            ..Facts::default()
        };
        let kind = match rng.u8(..10) {
            0 | 1 => {
                let stop = [None, Some(true), Some(false)][rng.usize(..3)];
                let expires_at = rng.bool().then(|| now.plus(Duration::from_hours(rng.u64(..48))));
                facts.opt_in = Some(OptIn { stop, expires_at, ..OptIn::default() });
                Kind::OptIn
            }
            2 => Kind::Other,
            3 => Kind::Policy,
            _ => Kind::Stage(stage),
        };
        Event::new(kind, facts)
    }
}

fn finish(claim: Claim, at: UnixMillis, rng: &mut Rng) -> Finish {
    let outcome = match rng.u8(..10) {
        0 => Outcome::Refused { suppress: None },
        1 => Outcome::Refused { suppress: Some(if rng.bool() { Suppression::OptedOut } else { Suppression::Expired }) },
        2 => Outcome::Later { until: at.plus(Duration::from_mins(rng.u64(1..300))) },
        3 => Outcome::Back,
        4 => Outcome::Unknown,
        _ => Outcome::Accepted { tracking_id: Some(format!("t{}", rng.u32(..))).filter(|_| rng.u8(..4) > 0) },
    };
    let refused = matches!(outcome, Outcome::Refused { .. });
    Finish {
        claim,
        at,
        reason: refused.then(|| "refused".to_owned()),
        http_status: Some(if refused { 400 } else { 200 }),
        code: refused.then_some(551),
        subcode: None,
        fbtrace_id: rng.bool().then(|| "trace".to_owned()),
        outcome,
    }
}

fn history(ops: &[(What, u64)]) -> (Vec<String>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new();
        for (what, seed) in ops {
            world.apply(*what, *seed).await;
        }
        let wrong = world.ledger.snapshot(crate::ledger::tally::compare).unwrap();
        assert_eq!(wrong, crate::ledger::tally::Wrong::default());
        let dump = dump(&world.ledger);
        (std::mem::take(&mut world.log), dump)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn one_history_leaves_the_same_ledger_on_each_engine(ops in proptest::collection::vec(any_op(), 30..90)) {
        let (answers, file) = on(Engine::Sqlite, || history(&ops));
        let (on_server, server) = on(Engine::Postgres, || history(&ops));
        for (answer, other) in answers.iter().zip(&on_server) {
            prop_assert_eq!(answer, other);
        }
        for (row, other) in file.iter().zip(&server) {
            prop_assert_eq!(row, other);
        }
        prop_assert_eq!(file.len(), server.len());
    }
}
