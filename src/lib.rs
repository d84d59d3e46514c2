//! `mmsg`: paid marketing messages on Messenger, from the command line.
//!
//! The map. Imports run one way, top to bottom; `tests/layers.rs` reads the `use crate::` lines and checks it.
//! The sandbox is a crate of its own, `mmsg-sandbox`: it shares no code with this one.
//!
//! | Module | What it is for | What it must never do |
//! |---|---|---|
//! | [`cli`] | the command tree and the global flags | hold logic |
//! | [`commands`] | one file per command: arguments, help, one short function per subcommand | build URLs, write SQL, print past `ui` |
//! | [`send`] | plan, pace, outcome (pure) and the engine | read flags, prompt, print |
//! | [`webhook`], [`report`] | what Meta reports afterwards; totals and pages | call Graph |
//! | [`graph`] | one thin client; endpoints, wire types, errors, the table of codes | know commands, ledger or pacing |
//! | [`ledger`] | the only source of truth: what may be recorded and asked; the writer; schema | know HTTP |
//! | [`campaign`], [`message`], [`audience`] | values and rules that need no network and no database | open sockets or databases |
//! | [`ui`] | everything printed or asked | know the domain |
//! | [`config`] | profiles, sources, where secrets come from | know more of the domain than its values, and where a ledger is |
//! | [`error`], [`clock`] | how a command ends; what time it is | know any layer |
//! | [`secret`], [`text`], [`json`], [`times`], [`endpoint`], [`rate`], [`statistics`], [`log`] | the ground floor: what every layer may import | import anything of ours |

mod audience;
mod campaign;
mod cli;
mod clock;
mod commands;
mod config;
mod endpoint;
mod error;
mod graph;
mod json;
mod ledger;
mod log;
mod message;
mod rate;
mod report;
mod secret;
mod send;
mod statistics;
mod text;
mod times;
mod ui;
mod webhook;

// All that `main.rs` and the integration tests need.
pub use cli::command;
pub use commands::main;
pub use error::Exit;
pub use ledger::failpoint::NAMES as FAIL_POINTS;

/// Every Graph error code that `mmsg explain` knows, with its subcode.
pub fn graph_codes() -> impl Iterator<Item = (i64, Option<i64>)> {
    graph::codes::all().map(|row| (row.code, row.subcode))
}

/// What is said of each way in which a ledger's server can fail: its name, the exit code, the sentence and the hint.
pub fn server_failures() -> impl Iterator<Item = (String, u8, String, String)> {
    commands::server_failures().map(|(name, error)| {
        let hint = error.hint_text().unwrap_or_default().to_owned();
        (name, error.exit().code(), error.message().to_owned(), hint)
    })
}

/// What the fuzz targets call.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use crate::audience::{Columns, Item, ReadOptions, read_from, token_fault};
    pub use crate::message::{Message, Template, draw, page};
}
