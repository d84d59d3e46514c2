//! `mmsg`: paid marketing messages on Messenger, from the command line.
//!
//! The map. Imports run one way, top to bottom; `tests/layers.rs` reads the `use crate::` lines and checks it.
//! The sandbox is a crate of its own, `mmsg-sandbox`: it shares no code with this one.
//!
//! | Module | What it is for | What it must never do |
//! |---|---|---|
//! | [`cli`] | the command tree and the global flags | hold logic |
//! | [`commands`] | one file a top-level word: arguments, help, one short function a verb | build URLs, write SQL, print past `ui` |
//! | [`send`] | plan, pace, outcome (pure) and the engine | read flags, prompt, print |
//! | [`webhook`], [`report`] | what Meta told us afterwards; totals and pages | call Graph |
//! | [`graph`] | one thin client; endpoints, wire types, errors, the table of codes | know commands, ledger or pacing |
//! | [`ledger`] | the one truth: what may be recorded and asked; the writer; schema | know HTTP |
//! | [`campaign`], [`message`], [`audience`] | values and rules that need no network and no database | open sockets or databases |
//! | [`ui`] | everything printed or asked | know the domain |
//! | [`config`] | profiles, sources, where secrets come from | know more of the domain than its values |
//! | [`error`], [`clock`] | how a command ends; what time it is | know any layer |
//! | [`secret`], [`text`], [`json`], [`times`], [`endpoint`], [`rate`] | the ground floor: what every layer may import | import anything of ours |

pub mod audience;
pub mod campaign;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod endpoint;
pub mod error;
pub mod graph;
pub mod json;
pub mod ledger;
pub mod message;
pub mod rate;
pub mod report;
pub mod secret;
pub mod send;
pub mod text;
pub mod times;
pub mod ui;
pub mod webhook;
