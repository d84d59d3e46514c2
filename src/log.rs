//! The log: what was done, how long it took and what came of it, on stderr (`-v`, `-vv`) and as JSON lines in files (`--log-file`).
//!
//! [`note`] logs an event. Its fields are [`Shown`]: numbers, times, words of this program, IDs, and what was masked on its way into
//! [`Person`], [`Said`], [`Name`] or [`Trace`]. A `String` or `&str` is not, so that a token that nobody masked does not compile. Events
//! inside of [`within`] have its fields, too.
//!
//! Without a log an event costs a comparison of levels, and none of its fields is made.

mod file;
mod lines;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tracing::Level;
use tracing::field::{DisplayValue, Value, display};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::clock::{Clock, UnixMillis};
use crate::secret::{HIDDEN, Redactor, tokens_in};
use crate::text;
pub use file::{LogFile, Unwritten};
pub use lines::Show;
use lines::{Lines, Sinks};
pub use tracing::{Instrument, Span};

/// A text in the log has no more characters: a line with several of them is still written in one piece to a pipe.
const LONGEST: usize = 300;
/// A longer word of a text from outside may be a token.
const LONGEST_WORD: usize = 24;
/// Meta's are shorter.
const LONGEST_TRACE: usize = 64;

/// Logs an event: `note!(INFO, "request", status = 200)`. What happens once for each send is `DEBUG`.
macro_rules! note {
    ($level:ident, $event:literal $(, $field:ident = $value:expr)* $(,)?) => {
        tracing::event!(
            target: "mmsg",
            tracing::Level::$level,
            event = $event
            $(, $field = $crate::log::Shown::shown(&$value))*
        )
    };
}

/// What all events of some work have in common: `work.instrument(within!(run = 7))`.
macro_rules! within {
    ($($field:ident = $value:expr),+ $(,)?) => {
        tracing::span!(
            target: "mmsg",
            tracing::Level::INFO,
            "work"
            $(, $field = $crate::log::Shown::shown(&$value))+
        )
    };
}

pub(crate) use {note, within};

/// What may stand in the log.
pub trait Shown {
    type Value<'a>: Value
    where
        Self: 'a;

    fn shown(&self) -> Self::Value<'_>;
}

macro_rules! shown_as_they_are {
    ($($kind:ty)*) => { $(
        impl Shown for $kind {
            type Value<'a> = Self;

            fn shown(&self) -> Self {
                *self
            }
        }
    )* };
}

// A text of this program: nothing that was read at run time lives as long.
shown_as_they_are!(bool u8 u16 u32 u64 usize i64 &'static str);

/// In whole milliseconds.
impl Shown for Duration {
    type Value<'a> = u64;

    fn shown(&self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Shown for UnixMillis {
    type Value<'a> = DisplayValue<Self>;

    fn shown(&self) -> DisplayValue<Self> {
        display(*self)
    }
}

impl<T: Shown> Shown for Option<T> {
    type Value<'a>
        = Option<T::Value<'a>>
    where
        Self: 'a;

    fn shown(&self) -> Self::Value<'_> {
        self.as_ref().map(Shown::shown)
    }
}

/// A subscription token or PSID: its ends are shown.
pub struct Person<'t>(pub &'t str);

impl Shown for Person<'_> {
    type Value<'a>
        = String
    where
        Self: 'a;

    fn shown(&self) -> String {
        text::mask(self.0)
    }
}

/// A text from outside, or an error's: what may be a token in it is left out.
pub struct Said<'t>(pub &'t str);

impl Shown for Said<'_> {
    type Value<'a>
        = String
    where
        Self: 'a;

    fn shown(&self) -> String {
        bounded(&text::without_tokens(self.0, LONGEST_WORD), LONGEST)
    }
}

/// What the operator called something: a profile, a file, a command. An access token that stands there by mistake is hidden.
pub struct Name<'t>(pub &'t str);

impl Shown for Name<'_> {
    type Value<'a>
        = String
    where
        Self: 'a;

    fn shown(&self) -> String {
        let name = tokens_in(self.0).fold(Cow::Borrowed(self.0), |name, token| name.replace(token, HIDDEN).into());
        bounded(&name, LONGEST)
    }
}

/// Meta's ID of a request.
pub struct Trace<'t>(pub &'t str);

impl Shown for Trace<'_> {
    type Value<'a>
        = String
    where
        Self: 'a;

    fn shown(&self) -> String {
        bounded(self.0, LONGEST_TRACE)
    }
}

fn bounded(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Whether each send is logged: for what must be measured or kept before it can be.
pub fn is_detailed() -> bool {
    LevelFilter::current() >= LevelFilter::DEBUG
}

/// Where the events of this process go. Clones lead to the same places.
#[derive(Clone)]
pub struct Log {
    sinks: Arc<Sinks>,
    level: Level,
    /// Whether events come here: not before somebody wants to see them.
    listens: Arc<AtomicBool>,
}

impl Log {
    /// `verbosity`: how often `-v` was given. `show` prints a line for people; known secrets are replaced there as in files.
    pub fn new(verbosity: u8, show: Show, redactor: Redactor, clock: Clock) -> Self {
        let level = if verbosity > 1 { Level::DEBUG } else { Level::INFO };
        let show = (verbosity > 0).then_some(show);
        let is_shown = show.is_some();
        let log = Self { sinks: Arc::new(Sinks::new(show, redactor, clock)), level, listens: Arc::default() };
        if is_shown {
            log.listen();
        }
        log
    }

    /// Adds a file: for this profile's events, or for all that no other file is for.
    pub fn write_to(&self, file: LogFile, profile: Option<&str>) {
        self.sinks.add(Arc::new(file), profile);
        self.listen();
    }

    /// Uses a file that is open for others, if this one is; whether it is.
    pub fn shares(&self, path: &Path, profile: Option<&str>) -> bool {
        self.sinks.share(path, profile)
    }

    /// From now on only files are written to.
    pub fn hush(&self) {
        self.sinks.hush();
    }

    /// Writes what is left, as far as that does not take long; the files that lack lines.
    pub fn close(&self) -> Vec<Unwritten> {
        self.sinks.close()
    }

    fn listen(&self) {
        if !self.listens.swap(true, Ordering::Relaxed) {
            // There is one log in a process.
            let _ = tracing::subscriber::set_global_default(self.subscriber());
        }
    }

    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        Registry::default().with(Lines::new(self.level, Arc::clone(&self.sinks)))
    }
}

#[cfg(test)]
pub mod testing {
    //! A log of one test.

    use std::sync::{Mutex, OnceLock};

    use tracing::dispatcher::Dispatch;
    use tracing::subscriber::NoSubscriber;

    use super::*;

    /// With one listener in the process, an event that is met for the first time asks whoever listens to its own thread: with nobody there
    /// it is off for all. With others it asks all.
    static OTHERS: OnceLock<[Dispatch; 2]> = OnceLock::new();

    /// What was logged.
    #[derive(Clone, Default)]
    pub struct Heard(Arc<Mutex<Vec<String>>>);

    impl Heard {
        pub fn lines(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    /// Hears all that this thread logs until the guard goes.
    pub fn listen(redactor: Redactor) -> (Heard, tracing::subscriber::DefaultGuard) {
        OTHERS.get_or_init(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::default())));
        let heard = Heard::default();
        let lines = Arc::clone(&heard.0);
        let show: Show = Box::new(move |_, line| lines.lock().unwrap().push(line.to_owned()));
        let sinks = Arc::new(Sinks::new(Some(show), redactor, Clock::system()));
        let subscriber = Registry::default().with(Lines::new(Level::DEBUG, sinks));
        (heard, tracing::subscriber::set_default(subscriber))
    }
}

#[cfg(test)]
mod tests;
