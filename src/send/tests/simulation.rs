//! A deterministic simulation of the engine: paused clock, seeded faults, a fake Graph whose own record is the judge.
//!
//! A seed gives the list, the faults, the latencies, the crashes and the order of all events. `MMSG_SIM_SEEDS` asks for more
//! seeds than every run has, `MMSG_SIM_SEED` replays one.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use crate::campaign::{AdAccount, CampaignId};
use crate::clock::{Clock, UnixMillis};
use crate::graph::{Access, Answer, Body, GraphError, RequestFrame, Sender, Transport, Usage};
use crate::ledger::broadcasts::{BroadcastKey, Which};
use crate::ledger::plan::PlanTerms;
use crate::ledger::spool::Spool;
use crate::ledger::state::State;
use crate::ledger::writer::{Scope, Seat, Settled};
use crate::ledger::{Ledger, Watch};
use crate::message::{Message, Template};
use crate::rate::Rate;
use crate::send::bursts::Beginning;
use crate::send::engine;
use crate::send::job::{Deliver, Ending, Job, Limits, Sink, SinkFailure, Stats};
use crate::send::messages::Messages;
use crate::send::outcome::{CampaignTimes, WaitCause};
use crate::send::writer_thread::RunWriter;
use crate::times::{COOL_DOWN, REQUEST_TIMEOUT};

const BEGIN: UnixMillis = UnixMillis(1_800_000_000_000);

/// What the fake Graph does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Accept,
    /// Accepted, and the answer is lost.
    AcceptAndLose,
    /// Lost on the way in.
    Lose,
    NotSent,
    Code(i64),
    Hang,
}

/// The world: Graph's record, and the dice.
struct World {
    random: fastrand::Rng,
    clock: Clock,
    /// When each token was accepted, by campaign.
    accepted: HashMap<String, Vec<(UnixMillis, String)>>,
    requests: usize,
    /// In a thousand.
    odds: Vec<(Fate, u32)>,
    longest_latency: u64,
}

impl World {
    fn fate(&mut self) -> Fate {
        let mut roll = self.random.u32(..1000);
        for (fate, odds) in &self.odds {
            if roll < *odds {
                return *fate;
            }
            roll -= odds;
        }
        Fate::Accept
    }
}

#[derive(Clone)]
struct FakeGraph(Rc<RefCell<World>>);

impl Deliver for FakeGraph {
    fn deliver(&self, body: Bytes) -> impl Future<Output = Answer> + 'static {
        let world = Rc::clone(&self.0);
        async move {
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let token = value["messenger_delivery_data"]["subscription_token"].as_str().unwrap().to_owned();
            let campaign = value["message_id"].as_str().unwrap().to_owned();
            let (fate, there, back) = {
                let mut world = world.borrow_mut();
                world.requests += 1;
                let longest = world.longest_latency;
                (world.fate(), world.random.u64(0..=longest), world.random.u64(0..=longest))
            };
            tokio::time::sleep(Duration::from_millis(there)).await;
            if matches!(fate, Fate::Accept | Fate::AcceptAndLose) {
                let mut world = world.borrow_mut();
                let now = world.clock.now();
                world.accepted.entry(token).or_default().push((now, campaign));
            }
            tokio::time::sleep(Duration::from_millis(back)).await;
            let transport = match fate {
                Fate::Accept => Transport::Answered { status: 200, body: Body::Success { tracking_id: None } },
                Fate::AcceptAndLose | Fate::Lose => Transport::Lost { why: "reset".to_owned() },
                Fate::NotSent => Transport::NotSent { why: "refused".to_owned() },
                Fate::Code(code) => {
                    let error = GraphError { code: Some(code), message: "no".to_owned(), ..GraphError::default() };
                    Transport::Answered { status: 400, body: Body::Error(error) }
                }
                Fate::Hang => {
                    tokio::time::sleep(REQUEST_TIMEOUT).await;
                    Transport::Lost { why: "timeout".to_owned() }
                }
            };
            Answer { transport, usage: Usage::default(), fbtrace_id: None, date: None }
        }
    }
}

#[derive(Default)]
struct Seen {
    settled: BTreeMap<String, State>,
}

impl Sink for Seen {
    fn settled(&mut self, row: Settled) {
        self.settled.insert(row.token, row.state);
    }
    fn backlog(&self) -> usize {
        0
    }
    fn failure(&mut self) -> Option<SinkFailure> {
        None
    }
    fn progress(&mut self, _: &Stats) {}
    fn waiting(&mut self, _: UnixMillis, _: &WaitCause) {}
}

fn frame() -> RequestFrame {
    let access = Access::of_nowhere();
    let account = AdAccount::parse("1").unwrap();
    Sender::new(&access, &account, REQUEST_TIMEOUT, 1).unwrap().frame(&CampaignId::parse("77").unwrap(), None)
}

struct Simulation {
    world: Rc<RefCell<World>>,
    clock: Clock,
    tokens: Vec<String>,
    concurrency: usize,
    crashes_left: u32,
    crashed: usize,
}

impl Simulation {
    fn new(seed: u64, clock: Clock) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let tokens = (0..random.usize(1..40)).map(|row| format!("token{row:04}")).collect();
        let kinds = [
            Fate::AcceptAndLose,
            Fate::Lose,
            Fate::NotSent,
            Fate::Hang,
            Fate::Code(2),
            Fate::Code(2_300_004),
            Fate::Code(2_300_034),
            Fate::Code(2_300_036),
            Fate::Code(2_300_035),
            Fate::Code(2_300_055),
            Fate::Code(80_004),
            Fate::Code(190),
            Fate::Code(2_300_026),
            Fate::Code(424_242),
        ];
        let mut odds = Vec::new();
        for fate in kinds {
            if random.u8(..3) == 0 {
                odds.push((fate, random.u32(1..120)));
            }
        }
        let longest_latency = [0, 5, 200, 3000][random.usize(..4)];
        let (concurrency, crashes_left) = (random.usize(1..9), random.u32(..4));
        let world = World { random, clock, accepted: HashMap::new(), requests: 0, odds, longest_latency };
        Self { world: Rc::new(RefCell::new(world)), clock, tokens, concurrency, crashes_left, crashed: 0 }
    }

    fn roll(&self, below: u64) -> u64 {
        self.world.borrow_mut().random.u64(..below)
    }

    /// Plans the list and sends until nothing is left, with crashes in between.
    async fn run(&mut self, mut ledger: Ledger, folder: &std::path::Path, frame: &RequestFrame) -> Ledger {
        let message = Message::parse(br#"{"text":"hello"}"#).unwrap();
        let json = message.to_json();
        let key = BroadcastKey {
            split: None,
            page: "1",
            ad_account: "act_1",
            campaign: "77",
            fingerprint: message.fingerprint().0,
            message: &json,
        };
        let broadcast = ledger.open_broadcast(&key, Which::default(), "http://127.0.0.1:1", self.clock.now()).unwrap();
        let mut spool = Spool::new(folder).unwrap();
        for token in &self.tokens {
            spool.add(token, None).unwrap();
        }
        let mut list = spool.finish().unwrap();
        let terms = PlanTerms { now: self.clock.now(), end: None, ..PlanTerms::default() };
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        ledger.plan(&broadcast, "list", &mut list, terms, &mut |_, _| Ok(()), &mut watch).unwrap();
        let job = Job {
            messages: Messages::one(Template::compile(&message).unwrap()),
            frame: frame.clone(),
            campaign: CampaignTimes { created_at: Some(UnixMillis(1)), ..CampaignTimes::default() },
        };
        for _ in 0..60 {
            ledger.bury_dead_runs(&self.clock, COOL_DOWN).unwrap();
            let standing = ledger.standing_of_broadcast(broadcast.id).unwrap();
            assert_eq!(standing.claimed, 0, "a dead run's rows are not claimed any more");
            if standing.pending == 0 {
                break;
            }
            let due = standing.next_at.unwrap();
            // cron comes again when something may be due, or a little later.
            tokio::time::sleep(due.since(self.clock.now()) + Duration::from_secs(self.roll(600))).await;
            let limits = Limits {
                rate: [Rate::Auto, Rate::Unlimited, Rate::PerSecond(50.0)][self.roll(3) as usize],
                concurrency: self.concurrency,
                max_sends: (self.roll(4) == 0).then(|| self.roll(10)),
                allow_refusals: self.roll(2) == 0,
                wait: Duration::from_secs(self.roll(2) * 3600),
                beginning: Beginning::default(),
            };
            let run = ledger.start_run(broadcast.id, self.clock.now(), 8).unwrap();
            let scope = Scope {
                broadcast: broadcast.clone(),
                run: run.id,
                listing: None,
                values: false,
                end: None,
                cool_down: COOL_DOWN,
                timeout: REQUEST_TIMEOUT,
                ceiling: None,
            };
            let mut writer = RunWriter::inline(ledger, Seat::new(self.clock, scope, None));
            let (stop, mut level) = watch::channel(0);
            let graph = FakeGraph(Rc::clone(&self.world));
            let mut seen = Seen::default();
            let crash = self.crashes_left > 0 && self.roll(2) == 0;
            let interrupt = !crash && self.roll(8) == 0;
            let longest = self.world.borrow().longest_latency.max(1);
            let moment = Duration::from_millis(self.roll(1 + 40 * longest));
            let work = engine::run(&job, &limits, self.clock, &mut writer, &graph, &mut seen, &mut level);
            let ended = tokio::select! {
                ended = work => Some(ended),
                () = async { tokio::time::sleep(moment).await; if !crash { std::future::pending::<()>().await } } => None,
                () = async {
                    tokio::time::sleep(moment).await;
                    if interrupt { stop.send(1).unwrap(); }
                    std::future::pending::<()>().await
                } => None,
            };
            ledger = writer.into_ledger();
            match ended {
                Some((ending, stats)) => {
                    assert!(!matches!(ending, Ending::Ledger(_) | Ending::Sink(_)), "{ending:?}");
                    assert_eq!(stats.in_flight, 0);
                    ledger.end_run(run, self.clock.now(), ending.name(), COOL_DOWN).unwrap();
                }
                None => {
                    self.crashes_left -= 1;
                    self.crashed += 1;
                    run.crash();
                }
            }
        }
        self.judge(&ledger, broadcast.id);
        ledger
    }

    /// Graph's record against the ledger.
    fn judge(&self, ledger: &Ledger, broadcast: i64) {
        let world = self.world.borrow();
        for (token, times) in &world.accepted {
            assert_eq!(times.len(), 1, "{token} got {} messages", times.len());
        }
        let standing = ledger.standing_of_broadcast(broadcast).unwrap();
        assert_eq!(standing.in_all(), self.tokens.len() as u64, "a row is lost: {standing:?}");
        let rows = ledger.sends_of(broadcast);
        let mut counted: BTreeMap<State, u64> = BTreeMap::new();
        for (token, state, blocked_until) in &rows {
            *counted.entry(*state).or_default() += 1;
            let accepted = world.accepted.get(token).map(|times| times[0].0);
            match (state, accepted) {
                (State::Accepted, None) => panic!("{token} is accepted in the ledger only"),
                (State::Accepted | State::Unknown, Some(at)) => {
                    assert!(*blocked_until >= at.plus(COOL_DOWN), "{token} is free before its cool-down ends");
                }
                (State::Unknown, None) | (_, None) => {}
                (state, Some(_)) => panic!("{token} was accepted, and the ledger says {state}"),
            }
        }
        let count = |state| counted.get(&state).copied().unwrap_or(0);
        assert_eq!(
            (standing.accepted, standing.refused, standing.unknown, standing.skipped_in_all(), standing.pending),
            (
                count(State::Accepted),
                count(State::Refused),
                count(State::Unknown),
                count(State::Skipped),
                count(State::Pending)
            ),
            "the counts kept differ from the rows"
        );
    }
}

fn simulate(seed: u64, folder: &std::path::Path, frame: &RequestFrame) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(BEGIN);
        let ledger = Ledger::in_memory(folder);
        Simulation::new(seed, clock).run(ledger, folder, frame).await;
    });
}

#[test]
fn no_seed_breaks_a_promise() {
    #[expect(clippy::disallowed_methods, reason = "what the test runner was given")]
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = asked("MMSG_SIM_SEED") {
        simulate(seed, tempfile::tempdir().unwrap().path(), &frame());
        return;
    }
    let seeds = asked("MMSG_SIM_SEEDS").unwrap_or(10_000);
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                // A client reads all root certificates: one is enough.
                let frame = frame();
                let folder = tempfile::tempdir().unwrap();
                for seed in (thread..seeds).step_by(threads as usize) {
                    let run = std::panic::catch_unwind(|| simulate(seed, folder.path(), &frame));
                    assert!(run.is_ok(), "seed {seed} breaks a promise: MMSG_SIM_SEED={seed} replays it");
                }
            });
        }
    });
}
