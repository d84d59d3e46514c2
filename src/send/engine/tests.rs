//! The engine before a Graph that answers by a script: how a run ends, how long it waits, what it leaves for the next.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::campaign::{AdAccount, CampaignId};
use crate::clock::UnixMillis;
use crate::graph::{Access, Body, GraphError, Sender, Transport, Usage};
use crate::ledger::broadcasts::{BroadcastKey, Which};
use crate::ledger::plan::PlanTerms;
use crate::ledger::spool::Spool;
use crate::ledger::writer::{Scope, Seat, Settled};
use crate::ledger::{Ledger, Watch};
use crate::message::{Message, Template};
use crate::rate::Rate;
use crate::send::bursts::{Beginning, Burst};
use crate::send::messages::Messages;
use crate::send::outcome::{CampaignTimes, WaitCause};
use crate::times::COOL_DOWN;

const BEGIN: UnixMillis = UnixMillis(1_800_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

/// The answer to each request and how long it takes; the last one again and again.
#[derive(Clone)]
struct Scripted {
    script: Rc<Vec<(Duration, Answer)>>,
    asked: Rc<RefCell<Vec<UnixMillis>>>,
    clock: Clock,
}

impl Deliver for Scripted {
    fn deliver(&self, _: Bytes) -> impl Future<Output = Answer> + 'static {
        let turn = self.asked.borrow().len().min(self.script.len() - 1);
        self.asked.borrow_mut().push(self.clock.now());
        let (latency, answer) = self.script[turn].clone();
        async move {
            tokio::time::sleep(latency).await;
            answer
        }
    }
}

/// Hears the waits; its reader may go away.
#[derive(Default)]
struct Heard {
    waits: Vec<UnixMillis>,
    gone_after: Option<usize>,
    gone_at: Option<Instant>,
    settled: usize,
}

impl Sink for Heard {
    fn settled(&mut self, _: Settled) {
        self.settled += 1;
        if self.gone_after == Some(self.settled) {
            self.gone_at = Some(Instant::now());
        }
    }
    fn backlog(&self) -> usize {
        usize::from(self.gone_at.is_some())
    }
    fn failure(&mut self) -> Option<SinkFailure> {
        // Rows are written by a thread of their own, a little later.
        self.gone_at.take_if(|at| at.elapsed() > Duration::from_millis(300))?;
        Some(SinkFailure::ReaderGone)
    }
    fn progress(&mut self, _: &Stats) {}
    fn waiting(&mut self, until: UnixMillis, _: &WaitCause) {
        self.waits.push(until);
    }
}

/// One broadcast to a hundred people.
struct Stage {
    clock: Clock,
    ledger: Option<Ledger>,
    broadcast: crate::ledger::broadcasts::Broadcast,
    job: Job,
    _folder: tempfile::TempDir,
}

struct Played {
    ending: Ending,
    stats: Stats,
    /// When each request left, from the beginning.
    asked: Vec<Duration>,
    waits: Vec<Duration>,
    took: Duration,
}

impl Stage {
    fn set() -> Self {
        let clock = Clock::starting_at(BEGIN);
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::in_memory(folder.path());
        let message = Message::parse(br#"{"text":"hello"}"#).unwrap();
        let key = BroadcastKey {
            split: None,
            page: "1",
            ad_account: "act_1",
            campaign: "77",
            fingerprint: message.fingerprint().0,
            message: &message.to_json(),
        };
        let broadcast = ledger.open_broadcast(&key, Which::default(), "http://127.0.0.1:1", clock.now()).unwrap();
        let mut spool = Spool::new(folder.path()).unwrap();
        for row in 0..100 {
            spool.add(&format!("token{row}"), None).unwrap();
        }
        let mut list = spool.finish().unwrap();
        let terms = PlanTerms { now: clock.now(), end: None, ..PlanTerms::default() };
        let mut watch = Watch { progress: &mut |_| {}, stop: &|| false };
        ledger.plan(&broadcast, "list", &mut list, terms, &mut |_, _| Ok(()), &mut watch).unwrap();
        let sender = Sender::new(&Access::of_nowhere(), &AdAccount::parse("1").unwrap(), MINUTE, 1).unwrap();
        let job = Job {
            messages: Messages::one(Template::compile(&message).unwrap()),
            frame: sender.frame(&CampaignId::parse("77").unwrap(), None),
            campaign: CampaignTimes { created_at: Some(UnixMillis(1)), ..CampaignTimes::default() },
        };
        Self { clock, ledger: Some(ledger), broadcast, job, _folder: folder }
    }

    async fn plays(&mut self, limits: Limits, script: Vec<(u64, Answer)>) -> Played {
        self.plays_to(Heard::default(), limits, script, None).await
    }

    /// `stop` is how long after the beginning somebody asks to stop.
    async fn plays_to(
        &mut self,
        mut heard: Heard,
        limits: Limits,
        script: Vec<(u64, Answer)>,
        stop: Option<Duration>,
    ) -> Played {
        let begin = self.clock.now();
        let mut ledger = self.ledger.take().unwrap();
        let run = ledger.start_run(self.broadcast.id, begin, 8).unwrap();
        let scope = Scope {
            broadcast: self.broadcast.clone(),
            run: run.id,
            listing: None,
            values: false,
            end: None,
            cool_down: COOL_DOWN,
            timeout: MINUTE,
            ceiling: None,
        };
        let mut writer = RunWriter::inline(ledger, Seat::new(self.clock, scope, None));
        let script = script.into_iter().map(|(millis, answer)| (Duration::from_millis(millis), answer)).collect();
        let graph = Scripted { script: Rc::new(script), asked: Rc::default(), clock: self.clock };
        let (say, mut level) = watch::channel(0);
        let interrupt = async {
            match stop {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            say.send(1).unwrap();
            std::future::pending::<()>().await;
        };
        let (ending, stats) = tokio::select! {
            ended = super::run(&self.job, &limits, self.clock, &mut writer, &graph, &mut heard, &mut level) => ended,
            () = interrupt => unreachable!(),
        };
        let mut ledger = writer.into_ledger();
        ledger.end_run(run, self.clock.now(), ending.name(), COOL_DOWN).unwrap();
        self.ledger = Some(ledger);
        let asked = graph.asked.borrow().iter().map(|at| at.since(begin)).collect();
        let waits = heard.waits.iter().map(|until| until.since(begin)).collect();
        Played { ending, stats, asked, waits, took: self.clock.now().since(begin) }
    }
}

fn limits(concurrency: usize) -> Limits {
    Limits {
        rate: Rate::Unlimited,
        concurrency,
        max_sends: None,
        allow_refusals: false,
        wait: Duration::ZERO,
        beginning: Beginning::default(),
    }
}

fn waits(concurrency: usize, wait: Duration) -> Limits {
    Limits { wait, ..limits(concurrency) }
}

fn answer(body: Body) -> Answer {
    let transport = Transport::Answered { status: 400, body };
    Answer { transport, usage: Usage::default(), fbtrace_id: None, date: None }
}

fn yes() -> Answer {
    answer(Body::Success { tracking_id: None })
}

fn code(code: i64) -> Answer {
    told(code, None)
}

fn told(code: i64, remaining_seconds: Option<u64>) -> Answer {
    answer(Body::Error(GraphError { code: Some(code), remaining_seconds, ..GraphError::default() }))
}

fn lost() -> Answer {
    Answer::without_one(Transport::Lost { why: "reset".to_owned() })
}

/// The code that ended the run, and what ended it: `None` for an ending without an answer.
fn code_of(ending: &Ending) -> Option<i64> {
    match ending {
        Ending::Stopped(halt) => Some(halt.row.code),
        _ => None,
    }
}

fn is_not_yet(ending: &Ending) -> bool {
    matches!(ending, Ending::NotYet(_))
}

#[tokio::test(start_paused = true)]
async fn the_last_request_that_max_sends_allows_may_still_say_stop() {
    for (max_sends, script) in [(1, vec![(50, code(190))]), (5, vec![(50, yes()), (50, yes()), (50, code(190))])] {
        let played = Stage::set().plays(Limits { max_sends: Some(max_sends), ..limits(8) }, script).await;
        assert_eq!(code_of(&played.ending), Some(190), "{:?}", played.ending);
        assert_eq!(played.stats.requests, max_sends);
    }
    // A rate refusal of it is told, and not waited for: there is nothing more to send.
    let script = vec![(50, told(80_004, Some(100)))];
    let played = Stage::set().plays(Limits { max_sends: Some(1), ..limits(8) }, script).await;
    let Ending::NotYet(Wait { until, .. }) = played.ending else { panic!("{:?}", played.ending) };
    assert_eq!((until.unwrap().since(BEGIN).as_secs(), played.waits.len()), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_in_flight_adds_counts_by_weight_and_not_by_turn() {
    // The first of these comes first, the second comes later, and the third is how the run ends.
    for (first, second, ends) in
        [(2_300_054, 190, 190), (190, 2_300_054, 190), (2_300_026, 190, 190), (2_300_055, 2_300_058, 2_300_058)]
    {
        let script = vec![(5, yes()), (50, code(first)), (90, code(second)), (70, yes())];
        let played = Stage::set().plays(limits(8), script).await;
        assert_eq!(code_of(&played.ending), Some(ends), "{:?}", played.ending);
    }
    // A token that died while an interrupt let the last requests finish.
    let script = vec![(5, yes()), (2000, code(190))];
    let played = Stage::set().plays_to(Heard::default(), limits(2), script, Some(MINUTE / 60)).await;
    assert_eq!(code_of(&played.ending), Some(190), "{:?}", played.ending);
    // Twenty doubts, and an interrupt among them.
    let script = vec![(5, yes()), (2000, lost())];
    let played = Stage::set().plays_to(Heard::default(), limits(30), script, Some(MINUTE / 60)).await;
    assert!(matches!(played.ending, Ending::Burst(Burst::Doubt { .. }, _)), "{:?}", played.ending);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_gone_is_not_waited_for_longer_than_an_interrupt() {
    let heard = Heard { gone_after: Some(1), ..Heard::default() };
    let script = vec![(5, yes()), (100, yes()), (30_000, lost())];
    let played = Stage::set().plays_to(heard, limits(8), script, None).await;
    assert!(matches!(played.ending, Ending::Sink(SinkFailure::ReaderGone)), "{:?}", played.ending);
    assert!(played.took <= Duration::from_secs(5), "{:?}", played.took);
}

#[tokio::test(start_paused = true)]
async fn one_wait_that_many_requests_were_told_of_is_waited_for_once() {
    // Eight in flight hear of the same half hour, a little later each; --wait allows for one.
    let mut script = vec![(5, yes())];
    script.extend((0..8).map(|n| (50 + n, told(2_300_055, Some(1800)))));
    script.push((5, yes()));
    let played = Stage::set().plays(waits(8, 35 * MINUTE), script).await;
    assert!(matches!(played.ending, Ending::Exhausted), "{:?}", played.ending);
    assert_eq!((played.stats.accepted, played.waits.len()), (100, 1), "{:?}", played.waits);
    // The same half hour is within a --wait of half an hour, and no time more.
    for (allowed, ends) in [(1_800_000, true), (1_799_999, false)] {
        let script = vec![(5, yes()), (5, told(2_300_055, Some(1800))), (5, yes())];
        let played = Stage::set().plays(waits(1, Duration::from_millis(allowed)), script).await;
        assert_eq!(matches!(played.ending, Ending::Exhausted), ends, "{:?}", played.ending);
    }
    // Two of them one after the other are more than it allows.
    let script = vec![(5, yes()), (5, told(2_300_055, Some(1800))), (5, told(2_300_055, Some(1800)))];
    let played = Stage::set().plays(waits(1, 35 * MINUTE), script).await;
    assert!(is_not_yet(&played.ending), "{:?}", played.ending);
}

#[tokio::test(start_paused = true)]
async fn a_rate_refusal_pauses_for_the_time_told_and_nothing_leaves_meanwhile() {
    let script = vec![(5, yes()), (5, told(80_004, Some(100))), (5, yes())];
    let played = Stage::set().plays(limits(1), script).await;
    assert_eq!((played.stats.accepted, played.stats.requests), (100, 101));
    let pause = played.asked[2] - played.asked[1];
    assert!((100..=101).contains(&pause.as_secs()), "{pause:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_refusal_longer_than_a_pause_is_known_to_the_next_run() {
    for told_seconds in [15 * 60 + 1, 3600] {
        let mut stage = Stage::set();
        let played = stage.plays(limits(1), vec![(5, yes()), (5, told(80_004, Some(told_seconds)))]).await;
        assert_eq!((is_not_yet(&played.ending), played.asked.len()), (true, 2));
        // cron comes too early: calling would make the block longer.
        let played = stage.plays(limits(1), vec![(5, yes())]).await;
        assert_eq!((is_not_yet(&played.ending), played.asked.len()), (true, 0), "{:?}", played.ending);
        // Who is ready to wait for it waits once, and that is counted.
        if told_seconds == 3600 {
            let played = stage.plays(Limits { max_sends: Some(1), ..waits(1, 70 * MINUTE) }, vec![(5, yes())]).await;
            assert!(matches!(played.ending, Ending::MaxSends), "{:?}", played.ending);
            assert_eq!(played.stats.waited.as_secs().div_ceil(60), 60);
        }
        tokio::time::sleep(Duration::from_secs(told_seconds)).await;
        let played = stage.plays(limits(1), vec![(5, yes())]).await;
        assert!(matches!(played.ending, Ending::Exhausted), "{:?}", played.ending);
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_comes_back_when_nothing_else_was_left_goes_out_again() {
    let script = vec![(5, yes()), (2000, told(80_004, Some(10))), (5, yes())];
    let played = Stage::set().plays(limits(200), script).await;
    assert!(matches!(played.ending, Ending::Exhausted), "{:?}", played.ending);
    assert_eq!((played.stats.accepted, played.stats.requests), (100, 101));
}

#[tokio::test(start_paused = true)]
async fn the_first_request_goes_alone_and_doubt_holds_the_others_back() {
    let played = Stage::set().plays(limits(64), vec![(1000, code(190))]).await;
    assert_eq!(played.asked.len(), 1);
    // One doubt, then answers that take their time: at most eight are out at once.
    let played = Stage::set().plays(limits(64), vec![(5, lost()), (1000, yes())]).await;
    let second = played.asked.iter().filter(|at| at.as_millis() < 1000).count();
    assert_eq!((second, played.stats.accepted), (9, 99));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_rate_refusal_that_names_none_grows_from_a_minute_to_a_quarter_of_an_hour() {
    let mut script = vec![(5, yes())];
    script.extend((0..7).map(|_| (5, code(2_300_078))));
    script.push((5, yes()));
    let played = Stage::set().plays(limits(1), script).await;
    assert!(matches!(played.ending, Ending::Exhausted), "{:?}", played.ending);
    let pauses: Vec<_> = (1..8).map(|n| (played.asked[n + 1] - played.asked[n]).as_secs()).collect();
    for (pause, (least, most)) in
        pauses.iter().zip([(60, 60), (60, 120), (120, 240), (240, 480), (450, 900), (450, 900), (450, 900)])
    {
        assert!((least..=most + 1).contains(pause), "{pauses:?}");
    }
    assert_eq!((played.stats.accepted, played.stats.refused_in_all()), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn a_quarter_of_an_hour_is_the_longest_pause_of_its_own() {
    let script = vec![(5, yes()), (5, told(80_004, Some(15 * 60))), (5, yes())];
    let played = Stage::set().plays(limits(1), script).await;
    assert!(matches!(played.ending, Ending::Exhausted), "{:?}", played.ending);
}

#[tokio::test(start_paused = true)]
async fn no_time_left_is_no_time_told() {
    // A wait of no length would be asked for again at once, without end.
    let played = Stage::set().plays(limits(1), vec![(5, yes()), (5, told(2_300_055, Some(0)))]).await;
    assert_eq!((is_not_yet(&played.ending), played.asked.len()), (true, 2), "{:?}", played.ending);
    let script = vec![(5, yes()), (5, told(80_004, Some(0))), (5, yes())];
    let played = Stage::set().plays(limits(1), script).await;
    assert!(played.asked[2] - played.asked[1] >= MINUTE, "{:?}", &played.asked[..3]);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_late_for_the_wire_is_given_back() {
    let stage = Stage::set();
    let limits = limits(8);
    let script = Rc::new(vec![(Duration::ZERO, yes())]);
    let graph = Scripted { script, asked: Rc::default(), clock: stage.clock };
    let mut heard = Heard::default();
    let mut engine = Engine::new(&stage.job, &limits, stage.clock, &graph, &mut heard);
    let claim = Claim { send: 1, recipient: 1, token: "t".to_owned(), values: None, arm: None, at: BEGIN };
    for (after, ready, back) in [(5000, 1, 0), (1, 0, 1)] {
        tokio::time::advance(Duration::from_millis(after)).await;
        engine.permits_out = 1;
        let done = Stepped {
            claims: vec![claim.clone()],
            committed: BEGIN,
            settled: Vec::new(),
            exhausted: false,
            permit_at: None,
            overtaken: 0,
            closed: None,
            spent_up: None,
        };
        engine.stepped(Ok(done));
        assert_eq!((std::mem::take(&mut engine.ready).len(), engine.finishes.len()), (ready, back), "{after} ms");
    }
    assert_eq!(engine.finishes[0].outcome, Outcome::Back);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_came_back_after_the_search_found_nothing_is_not_forgotten() {
    let stage = Stage::set();
    let limits = limits(8);
    let graph = Scripted { script: Rc::new(Vec::new()), asked: Rc::default(), clock: stage.clock };
    let mut heard = Heard::default();
    let mut engine = Engine::new(&stage.job, &limits, stage.clock, &graph, &mut heard);
    let claim = Claim { send: 1, recipient: 1, token: "t".to_owned(), values: None, arm: None, at: BEGIN };
    let nothing = || Stepped {
        claims: Vec::new(),
        committed: BEGIN,
        settled: Vec::new(),
        exhausted: true,
        permit_at: None,
        overtaken: 0,
        closed: None,
        spent_up: None,
    };
    for (comes_back, is_exhausted) in [(true, false), (false, true)] {
        engine.permits_out = 1;
        engine.came_back = false;
        if comes_back {
            engine.give_back(claim.clone());
        }
        engine.stepped(Ok(nothing()));
        assert_eq!(engine.exhausted, is_exhausted);
    }
}
