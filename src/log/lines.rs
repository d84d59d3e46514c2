//! Events as lines: for people, and as JSON.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::file::{LogFile, Unwritten};
use crate::clock::{Clock, UnixMillis};
use crate::json;
use crate::secret::Redactor;

/// Prints a line for people.
pub type Show = Box<dyn Fn(UnixMillis, &str) + Send + Sync>;

/// Of our own events: dependencies have theirs, and nobody knows what they show.
const TARGET: &str = "mmsg";

/// The field that tells whose an event is.
const PROFILE: &str = "profile";

/// Where lines go.
pub struct Sinks {
    show: Option<Show>,
    hushed: AtomicBool,
    files: RwLock<Vec<Target>>,
    redactor: Redactor,
    clock: Clock,
}

struct Target {
    /// `None`: for what no other is for.
    profile: Option<String>,
    file: Arc<LogFile>,
}

impl Sinks {
    pub fn new(show: Option<Show>, redactor: Redactor, clock: Clock) -> Self {
        Self { show, hushed: AtomicBool::new(false), files: RwLock::default(), redactor, clock }
    }

    pub fn add(&self, file: Arc<LogFile>, profile: Option<&str>) {
        let target = Target { profile: profile.map(str::to_owned), file };
        self.files.write().unwrap_or_else(PoisonError::into_inner).push(target);
    }

    pub fn share(&self, path: &Path, profile: Option<&str>) -> bool {
        let file = {
            let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
            if files.iter().any(|target| target.profile.as_deref() == profile && target.file.path() == path) {
                return true;
            }
            files.iter().find(|target| target.file.path() == path).map(|target| Arc::clone(&target.file))
        };
        file.map(|file| self.add(file, profile)).is_some()
    }

    pub fn hush(&self) {
        self.hushed.store(true, Ordering::Relaxed);
    }

    pub fn close(&self) -> Vec<Unwritten> {
        let targets = std::mem::take(&mut *self.files.write().unwrap_or_else(PoisonError::into_inner));
        // One that several share is closed once, and lacks nothing the second time.
        targets.iter().filter_map(|target| target.file.close()).collect()
    }

    fn take(&self, level: Level, fields: &Fields) {
        let at = self.clock.now();
        // What is a warning or an error is printed anyway.
        if let Some(show) = self.show.as_ref().filter(|_| level > Level::WARN && !self.hushed.load(Ordering::Relaxed)) {
            show(at, &self.redactor.clean(&fields.to_string()));
        }
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let profile = fields.get(PROFILE).and_then(Value::as_str);
        let of = |wanted: Option<&str>| files.iter().find(|target| target.profile.as_deref() == wanted);
        if let Some(target) = profile.and_then(|profile| of(Some(profile))).or_else(|| of(None)) {
            let line = json_line(at, level, fields);
            target.file.write(&json::visible(self.redactor.clean(&line).into_owned()));
        }
    }
}

/// The names and values of an event or of a span, in order.
#[derive(Clone, Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The later one counts.
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

/// For people: `request method=GET status=200`, the event first.
impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (name, value)) in self.0.iter().enumerate() {
            match value {
                Value::String(event) if n == 0 => f.write_str(event)?,
                Value::String(text) if text.is_empty() || text.contains([' ', '"', '=']) => {
                    write!(f, " {name}={}", Value::from(text.as_str()))?;
                }
                Value::String(text) => write!(f, " {name}={text}")?,
                other => write!(f, " {name}={other}")?,
            }
        }
        Ok(())
    }
}

/// With its line break.
fn json_line(at: UnixMillis, level: Level, fields: &Fields) -> String {
    let mut line = serde_json::Map::new();
    line.insert("time".to_owned(), time(at).into());
    line.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
    line.extend(fields.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    line.insert("pid".to_owned(), std::process::id().into());
    let mut line = Value::Object(line).to_string();
    line.push('\n');
    line
}

/// With its milliseconds: much happens in a second.
pub fn time(at: UnixMillis) -> String {
    at.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Takes our own events, down to a level.
pub struct Lines {
    level: Level,
    sinks: Arc<Sinks>,
}

impl Lines {
    pub const fn new(level: Level, sinks: Arc<Sinks>) -> Self {
        Self { level, sinks }
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && *metadata.level() <= self.level
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::from_level(self.level))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut own = Fields::default();
        event.record(&mut own);
        let mut own = own.0.into_iter();
        // The event's name comes first, then what it is part of.
        let mut fields = Fields(own.next().into_iter().collect());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(shared) = span.extensions().get::<Fields>() {
                shared.0.iter().for_each(|(name, value)| fields.set(name, value.clone()));
            }
        }
        own.for_each(|(name, value)| fields.set(name, value));
        self.sinks.take(*event.metadata().level(), &fields);
    }
}
