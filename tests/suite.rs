//! All integration tests in one binary: a file for each part of `mmsg`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod common;

mod completions;
mod config;
mod demo;
mod exits;
mod harness;
mod init;
mod layers;
mod readme;
mod suite_is_whole;
