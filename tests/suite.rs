//! All integration tests in one binary: a file for each part of `mmsg`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]
#![expect(
    clippy::print_stdout,
    reason = "a test says what it counted, from a function that runs on several engines too"
)]

mod common;

mod answers;
mod audited;
mod bad_input;
mod broadcasts;
mod campaign;
mod canary;
mod certificates;
mod changes;
mod circles;
// Small libraries loaded before mmsg, mounts, system calls: Linux has them.
#[cfg(target_os = "linux")]
mod clock;
mod completions;
mod config;
mod confirm;
mod crash;
mod crowd;
mod cut_off;
mod demo;
#[cfg(target_os = "linux")]
mod disk;
mod doctor;
mod documents;
mod endings;
#[cfg(target_os = "linux")]
mod engines;
#[cfg(target_os = "linux")]
mod erase;
mod error_texts;
mod exits;
#[cfg(target_os = "linux")]
mod failover;
mod failpoints;
mod faults;
mod fetch;
mod finish;
mod fleet;
mod fleet_lists;
mod forty;
#[cfg(target_os = "linux")]
mod grants;
mod graph;
mod harness;
mod hearing;
mod help;
#[cfg(target_os = "linux")]
mod identity;
mod init;
mod interrupted;
#[cfg(target_os = "linux")]
mod keyring;
mod layers;
mod leave;
mod lists;
mod logs;
mod message;
mod names;
mod odd_answers;
mod operator;
mod other_sender;
mod outputs;
#[cfg(target_os = "linux")]
mod packages;
mod pages;
mod people;
#[cfg(target_os = "linux")]
mod pictures;
#[cfg(target_os = "linux")]
mod poolers;
mod processes;
mod profile;
mod promises;
mod prompts;
mod proxies;
mod readme;
mod recipes;
mod removed;
mod repeats;
mod report;
mod restore;
mod retention;
mod schema;
mod secrets;
mod send;
#[cfg(target_os = "linux")]
mod server_away;
#[cfg(target_os = "linux")]
mod server_clock;
#[cfg(target_os = "linux")]
mod server_faults;
mod server_plans;
#[cfg(target_os = "linux")]
mod servers;
mod spending;
mod split;
mod story;
mod suite_is_whole;
mod sweep;
mod testers;
#[cfg(target_os = "linux")]
mod timing;
mod tokens;
mod unknown;
mod upkeep;
mod values;
mod version;
mod webhook;
mod webhook_commands;
mod webhook_limits;
mod webhook_loss;
mod webhook_strangers;
