//! How a command ends: one exit code for each kind, a sentence, its causes, and what to type next.

use std::error::Error as StdError;
use std::fmt;

use crate::clock::UnixMillis;

/// Every way `mmsg` can end. Scripts rely on the numbers: they never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// 0: continue.
    Done,
    /// 1: a bug in `mmsg`.
    Internal,
    /// 2: fix the command.
    Usage,
    /// 3: fix the profile, the environment or the clock.
    Config,
    /// 4: renew the token or its permissions.
    Credentials,
    /// 5: Graph, or our check before it, will refuse again.
    Refused,
    /// 6: run again at `next_run_at`.
    NotYet,
    /// 7: run again; nothing became unknown.
    Network,
    /// 8: some sends were refused; look at them.
    PartlyRefused,
    /// 9: pass `--yes`.
    NotConfirmed,
    /// 10: fix the disk or the database.
    Ledger,
    /// 11: something may or may not have happened at Meta.
    Doubt,
    /// 130: Ctrl-C.
    Interrupted,
    /// 141: the reader of stdout went away, as `head` does.
    PipeClosed,
    /// 143: SIGTERM or SIGHUP.
    Terminated,
}

impl Exit {
    /// The process exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Credentials => 4,
            Self::Refused => 5,
            Self::NotYet => 6,
            Self::Network => 7,
            Self::PartlyRefused => 8,
            Self::NotConfirmed => 9,
            Self::Ledger => 10,
            Self::Doubt => 11,
            Self::Interrupted => 130,
            Self::PipeClosed => 141,
            Self::Terminated => 143,
        }
    }

    /// The `kind` of the JSON error.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Config => "config",
            Self::Credentials => "credentials",
            Self::Refused => "refused",
            Self::NotYet => "not_yet",
            Self::Network => "network",
            Self::PartlyRefused => "partly_refused",
            Self::NotConfirmed => "not_confirmed",
            Self::Ledger => "ledger",
            Self::Doubt => "doubt",
            Self::Interrupted => "interrupted",
            Self::PipeClosed => "pipe_closed",
            Self::Terminated => "terminated",
        }
    }
}

/// Graph's codes, to look an error up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphFacts {
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub fbtrace_id: Option<String>,
}

/// A failure an operator can act on: what happened, why, and what to type next.
///
/// Messages are sentences without a final full stop; the hint names a flag, a file or a command.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    graph: GraphFacts,
    next_run_at: Option<UnixMillis>,
    totals: Option<serde_json::Value>,
    is_silent: bool,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            exit,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            graph: GraphFacts::default(),
            next_run_at: None,
            totals: None,
            is_silent: false,
        }))
    }

    /// A bug: something that should be impossible.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Exit::Config, message)
    }

    pub fn credentials(message: impl Into<String>) -> Self {
        Self::new(Exit::Credentials, message)
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    pub fn network(message: impl Into<String>) -> Self {
        Self::new(Exit::Network, message)
    }

    pub fn ledger(message: impl Into<String>) -> Self {
        Self::new(Exit::Ledger, message)
    }

    pub fn doubt(message: impl Into<String>) -> Self {
        Self::new(Exit::Doubt, message)
    }

    /// The one error that is not printed: whoever closed stdout has what they wanted (`mmsg … | head`).
    pub fn stdout_closed() -> Self {
        let mut error = Self::new(Exit::PipeClosed, "stdout was closed");
        error.0.is_silent = true;
        error
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a cause and everything that it names as its own source.
    #[must_use]
    pub fn because(mut self, cause: &(dyn StdError + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let text = error.to_string();
            // Many errors repeat their source in their own text.
            if self.0.causes.last().is_none_or(|last| !last.ends_with(&text)) {
                self.0.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    #[must_use]
    pub fn graph(mut self, facts: GraphFacts) -> Self {
        self.0.graph = facts;
        self
    }

    #[must_use]
    pub fn next_run_at(mut self, at: UnixMillis) -> Self {
        self.0.next_run_at = Some(at);
        self
    }

    /// Adds what had been done by then.
    #[must_use]
    pub fn totals(mut self, totals: serde_json::Value) -> Self {
        self.0.totals = Some(totals);
        self
    }

    /// What would be the command's fault is the config file's: it named what is wrong.
    #[must_use]
    pub fn by_config(self) -> Self {
        if self.exit() == Exit::Usage { self.with_exit(Exit::Config) } else { self }
    }

    /// The same failure under another exit code.
    #[must_use]
    pub fn with_exit(mut self, exit: Exit) -> Self {
        self.0.exit = exit;
        self
    }

    /// The same failure, told as part of something larger: its own sentence becomes the first cause.
    #[must_use]
    pub fn within(mut self, message: impl Into<String>) -> Self {
        let cause = std::mem::replace(&mut self.0.message, message.into());
        self.0.causes.insert(0, cause);
        self
    }

    pub fn is_silent(&self) -> bool {
        self.0.is_silent
    }

    pub fn done_before(&self) -> Option<&serde_json::Value> {
        self.0.totals.as_ref()
    }

    pub fn exit(&self) -> Exit {
        self.0.exit
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    pub fn graph_facts(&self) -> &GraphFacts {
        &self.0.graph
    }

    pub fn next_run(&self) -> Option<UnixMillis> {
        self.0.next_run_at
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for cause in &self.0.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl StdError for Error {}
