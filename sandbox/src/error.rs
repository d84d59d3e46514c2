//! Why a sandbox can't start, or a dial can't be changed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Error)]
pub enum Error {
    /// An invalid value; the text says which one and how to write it.
    #[error("{0}")]
    Value(String),
    #[error("can't listen on 127.0.0.1:{port}")]
    Listen { port: u16, source: io::Error },
    #[error("can't open {}", path.display())]
    Open { path: PathBuf, source: io::Error },
}
