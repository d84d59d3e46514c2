//! Webhooks: signed, batched, late, duplicate and out-of-order events, retried until they are accepted.

mod event;
mod post;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::campaigns::Campaign;
use super::chance;
use super::fate::Fate;
use super::world::{Accepted, World};
use event::Event;
pub use event::FIELDS;

/// Something that causes events.
#[derive(Debug)]
pub enum Notice {
    Journey { accepted: Accepted, campaign: Arc<Campaign>, fate: Fate },
    OptIn { token: String, stop: bool },
}

/// One accepted send on its way through the stages.
#[derive(Debug)]
struct Journey {
    accepted: Accepted,
    campaign: Arc<Campaign>,
    fate: Fate,
}

#[derive(Debug)]
enum Work {
    /// The stage at this place of the journey is due.
    Stage(Arc<Journey>, usize),
    /// This event is due to be posted.
    Ready(Event),
}

#[derive(Debug)]
struct Due {
    at: i64,
    order: u64,
    work: Work,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// The app gets no more events of any Page until it subscribes again.
pub fn unsubscribe(world: &World) {
    world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Subscribes to all fields of every Page, as an operator does when setting up the app.
pub fn subscribe_all(world: &World) {
    let fields = || FIELDS.iter().map(|field| (*field).to_owned()).collect();
    let all = world.options.pages.iter().map(|page| (page.clone(), fields())).collect();
    *world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner) = all;
}

/// Makes and posts events until the sandbox stops.
pub async fn run(world: Arc<World>, url: String, mut notices: mpsc::UnboundedReceiver<Notice>) {
    let Some(poster) = post::Poster::new(Arc::clone(&world), url) else { return };
    poster.verify();
    let mut agenda = Agenda { heap: BinaryHeap::new(), order: 0, events: 0, world: Arc::clone(&world) };
    loop {
        let wait = agenda.next().map_or(Duration::from_mins(1), |at| {
            // A short wait lets events gather in one POST.
            world.clock.wait(at - world.now()).max(Duration::from_millis(5))
        });
        tokio::select! {
            () = world.cancel.cancelled() => return,
            notice = notices.recv() => match notice {
                Some(notice) => agenda.note(notice),
                None => return,
            },
            () = world.clock_set.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
        while let Ok(notice) = notices.try_recv() {
            agenda.note(notice);
        }
        if world.dials().hold_webhooks {
            // Nothing wakes this loop when the dial is turned.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        let mut ready = agenda.ready();
        while !ready.is_empty() {
            let rest = ready.split_off(ready.len().min(world.options.webhooks.batch.max(1)));
            poster.post(std::mem::replace(&mut ready, rest)).await;
        }
    }
}

struct Agenda {
    heap: BinaryHeap<Reverse<Due>>,
    order: u64,
    events: u64,
    world: Arc<World>,
}

impl Agenda {
    fn next(&self) -> Option<i64> {
        self.heap.peek().map(|Reverse(due)| due.at)
    }

    fn push(&mut self, at: i64, work: Work) {
        self.order += 1;
        self.world.stats.notices_waiting.fetch_add(1, Relaxed);
        self.heap.push(Reverse(Due { at, order: self.order, work }));
    }

    fn note(&mut self, notice: Notice) {
        match notice {
            Notice::Journey { accepted, campaign, fate } => {
                self.stage(Arc::new(Journey { accepted, campaign, fate }), 0);
            }
            Notice::OptIn { token, stop } => {
                let event = Event::opt_in(&self.world, &token, stop, self.world.now());
                self.emit(event);
            }
        }
        self.done();
    }

    /// What was waiting is over, or became something else that waits.
    fn done(&self) {
        self.world.stats.notices_waiting.fetch_sub(1, Relaxed);
    }

    /// Schedules the next stage that comes, at this place or later.
    fn stage(&mut self, journey: Arc<Journey>, from: usize) {
        let next =
            event::stages(&journey.fate).into_iter().enumerate().skip(from).find_map(|(place, at)| Some((place, at?)));
        if let Some((place, at)) = next {
            self.push(at, Work::Stage(journey, place));
        }
    }

    /// Handles everything that is due, in order.
    fn ready(&mut self) -> Vec<Event> {
        let now = self.world.now();
        let mut ready = Vec::new();
        while self.heap.peek().is_some_and(|Reverse(due)| due.at <= now) {
            let Some(Reverse(due)) = self.heap.pop() else { break };
            match due.work {
                Work::Stage(journey, place) => {
                    let event = Event::of_send(&self.world, &journey.accepted, &journey.campaign, place, due.at);
                    self.emit(event);
                    self.stage(journey, place + 1);
                    self.done();
                }
                Work::Ready(event) => ready.push(event),
            }
        }
        ready
    }

    /// Decides whether, when and how often an event is posted, and writes it to the truth file.
    fn emit(&mut self, mut event: Event) {
        let world = Arc::clone(&self.world);
        let is_subscribed = {
            let subscriptions = world.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
            subscriptions.get(event.page()).is_some_and(|fields| fields.contains(event.field))
        };
        if !is_subscribed {
            return;
        }
        self.events += 1;
        event.n = self.events;
        let dials = &world.options.webhooks;
        let strikes =
            |what: &str, ratio: f64| ratio > 0.0 && chance::share(world.options.seed, what, "", event.n) < ratio;
        let lost = strikes("lost notice", dials.lost);
        if let Some(truth) = &world.truth
            && truth.append(event.truth(lost).as_bytes()).is_err()
        {
            world.stats.unrecorded.fetch_add(1, Relaxed);
        }
        if lost {
            return;
        }
        world.stats.notices.fetch_add(1, Relaxed);
        let millis = |length: Duration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 4);
        let step = millis(dials.delay).max(20);
        let mut at = world.now();
        if strikes("late", dials.late) {
            at += millis(dials.late_by);
        } else if strikes("disorder", dials.disorder) {
            // Long enough for the next stages to overtake it.
            at += step * (1 + (chance::draw(world.options.seed, "disorder by", "", event.n) % 4) as i64) + 1;
        }
        if strikes("duplicate", dials.duplicates) {
            let later = (chance::draw(world.options.seed, "duplicate by", "", event.n) % 3) as i64;
            self.push(at + step * later, Work::Ready(event.clone()));
        }
        self.push(at, Work::Ready(event));
    }
}
