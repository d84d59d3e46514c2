//! Commands that work for several businesses at once, by one mechanism: what goes wrong with one stops only that one, rows name their
//! profile, and the weightiest exit code is the command's.

use futures_util::stream::{self, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use super::context::{Context, Invocation};
use super::failure;
use crate::clock::UnixMillis;
use crate::config::several;
use crate::error::{Error, Exit, Result};
use crate::graph::Tls;
use crate::log::{Instrument, Name, within};
use crate::text;
use crate::ui::Ui;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// So many businesses are worked for at once; each may have several requests under way.
pub const AT_ONCE: usize = 8;

/// So many of those that failed are named in the error; a warning names each.
const NAMED: usize = 5;

/// One profile, if its settings could be read.
pub struct Business {
    pub name: String,
    pub context: Result<Context>,
}

/// The businesses that `--profile` and `--all-profiles` name, each with an output of its own.
///
/// # Errors
/// Exit 2 if both flags are given; exit 3 if a name is unknown, or there is none.
pub fn load(frame: &Invocation<'_>, ui_of: impl Fn(&str) -> Ui) -> Result<Vec<Business>> {
    load_wanted(frame, &frame.global.wanted()?, ui_of)
}

/// Every profile, if there is any.
///
/// # Errors
/// Exit 3 if the config file is wrong.
pub fn load_all(frame: &Invocation<'_>, ui_of: impl Fn(&str) -> Ui) -> Result<Vec<Business>> {
    if several::is_none(frame.environment)? { Ok(Vec::new()) } else { load_wanted(frame, &["*".to_owned()], ui_of) }
}

fn load_wanted(frame: &Invocation<'_>, wanted: &[String], ui_of: impl Fn(&str) -> Ui) -> Result<Vec<Business>> {
    let overrides = frame.global.overrides(None);
    let (mut told, tls) = (Vec::new(), Tls::default());
    let loaded = several::load(wanted, &overrides, frame.environment)?;
    let businesses = loaded.into_iter().map(|(name, settings)| {
        let context = settings.and_then(|settings| {
            frame.log_by_settings(&settings, Some(&name))?;
            for warning in &settings.warnings {
                if !told.contains(warning) {
                    frame.ui.warn(warning);
                    told.push(warning.clone());
                }
            }
            Ok(Context::sharing(tls.clone(), settings, ui_of(&name), frame.clock))
        });
        Business { name, context }
    });
    Ok(businesses.collect())
}

/// Each business has its lock file and its connections: as many files as the system lets this process have.
pub fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// A failure of something that several businesses share, for each of them.
#[derive(Clone)]
pub struct Failed {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failed {
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<&Error> for Failed {
    fn from(error: &Error) -> Self {
        Self { exit: error.exit(), message: error.to_string(), hint: error.hint_text().map(str::to_owned) }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        let error = Self::new(failed.exit, failed.message);
        match failed.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What the businesses came to.
pub struct Gathered<T> {
    /// By profile, in the order of their names.
    pub of: Vec<(String, T)>,
    exit: Exit,
    failed: Vec<String>,
    next_run_at: Option<UnixMillis>,
}

/// Does some work for each of them, several at once. What fails is told as it comes.
///
/// # Errors
/// Those of [`load`]: what goes wrong with one is told by [`Gathered::conclude`].
pub async fn gather<T>(
    frame: &Invocation<'_>,
    work: impl AsyncFn(&Context) -> Result<(T, Exit)>,
) -> Result<Gathered<T>> {
    gather_all(frame, async |context| work(&context?).await).await
}

/// The same for work that also has something to say of a business whose settings are wrong.
///
/// # Errors
/// As [`gather`].
pub async fn gather_all<T>(
    frame: &Invocation<'_>,
    work: impl AsyncFn(Result<Context>) -> Result<(T, Exit)>,
) -> Result<Gathered<T>> {
    let businesses = load(frame, |name| frame.ui.named(name))?;
    allow_many_files();
    let (stops, work) = (frame.ui.stops(), &work);
    let one = |Business { name, context }: Business| async move {
        let ended = match context {
            Ok(_) if stops.is_stopping() => Err(Error::new(stops.exit(), "interrupted before it began")),
            context => work(context).instrument(within!(profile = Name(&name))).await,
        };
        (name, ended)
    };
    let mut at_work = std::pin::pin!(stream::iter(businesses).map(one).buffered(AT_ONCE));
    let mut gathered = Gathered::none();
    while let Some((name, ended)) = at_work.next().await {
        gathered.take(Some(frame.ui), name, ended);
    }
    Ok(gathered)
}

impl<T> Gathered<T> {
    pub fn none() -> Self {
        Self { of: Vec::new(), exit: Exit::Done, failed: Vec::new(), next_run_at: None }
    }

    /// Takes in what one came to; a failure is told, if there is somebody to tell.
    pub fn take(&mut self, ui: Option<&Ui>, name: String, ended: Result<(T, Exit)>) {
        let exit = match ended {
            Ok((done, exit)) => {
                self.of.push((name, done));
                exit
            }
            Err(error) => {
                if let Some(ui) = ui {
                    tell(&ui.named(&name), &error);
                }
                self.failed.push(name);
                self.next_run_at = [self.next_run_at, error.next_run()].into_iter().flatten().min();
                error.exit()
            }
        };
        if failure::send::rank(exit) < failure::send::rank(self.exit) {
            self.exit = exit;
        }
    }

    /// The weightiest exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The same businesses, with something else of each.
    #[must_use]
    pub fn map<U>(self, change: impl Fn(T) -> U) -> Gathered<U> {
        let of = self.of.into_iter().map(|(name, done)| (name, change(done))).collect();
        Gathered { of, exit: self.exit, failed: self.failed, next_run_at: self.next_run_at }
    }

    /// How the command ends.
    ///
    /// # Errors
    /// With the weightiest exit code, if one of them failed.
    pub fn conclude(&self) -> Result<Exit> {
        if self.failed.is_empty() {
            return Ok(self.exit);
        }
        let (failed, all) = (self.failed.len(), self.failed.len() + self.of.len());
        let named: Vec<&str> = self.failed.iter().take(NAMED).map(String::as_str).collect();
        let more = if failed > NAMED { format!(" and {} more", failed - NAMED) } else { String::new() };
        let error = Error::new(
            self.exit,
            format!(
                "{failed} of {} failed: {}{more}",
                text::count(all as u64, "profile", "profiles"),
                named.join(", ")
            ),
        )
        .hint("the warnings say why, one for each; the others are not affected");
        Err(match self.next_run_at {
            Some(at) => error.next_run_at(at),
            None => error,
        })
    }
}

/// Says at once what went wrong with one of them.
pub fn tell(ui: &Ui, error: &Error) {
    // Who interrupted all of them knows.
    if matches!(error.exit(), Exit::Interrupted | Exit::PipeClosed | Exit::Terminated) {
        return;
    }
    ui.warn(&error.to_string());
    if let Some(hint) = error.hint_text() {
        ui.hint(hint);
    }
}

/// Lists the rows of all of them.
///
/// # Errors
/// Those of [`gather`] and [`Gathered::conclude`].
pub async fn list<R: Record>(
    frame: &Invocation<'_>,
    shape: &Shape,
    rows: impl AsyncFn(&Context) -> Result<(Vec<R>, Exit)>,
) -> Result<Exit> {
    let mut gathered = gather(frame, rows).await?;
    print(frame.ui, shape, &mut gathered)?;
    gathered.conclude()
}

/// Prints the rows, each with its profile.
pub fn print<R: Record>(ui: &Ui, shape: &Shape, gathered: &mut Gathered<Vec<R>>) -> Result<()> {
    let rows = gathered
        .of
        .iter_mut()
        .flat_map(|(profile, rows)| std::mem::take(rows).into_iter().map(|row| Of { profile: profile.clone(), row }));
    ui.list_as(&rows.collect::<Vec<_>>(), shape)
}

/// A row, and whose it is.
#[derive(Serialize)]
pub struct Of<R> {
    pub profile: String,
    #[serde(flatten)]
    pub row: R,
}

impl<R: Record> Record for Of<R> {
    const PLURAL: &'static str = R::PLURAL;
    const COLUMNS: &'static [&'static str] = R::COLUMNS;
    const EXPENDABLE: &'static [&'static str] = R::EXPENDABLE;

    fn columns() -> Vec<&'static str> {
        [vec!["profile"], R::columns()].concat()
    }

    fn keys() -> Vec<&'static str> {
        [vec!["profile"], R::keys()].concat()
    }

    fn cells(&self) -> Vec<String> {
        [vec![self.profile.clone()], self.row.cells()].concat()
    }
}
