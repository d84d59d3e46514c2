//! Failures of the folder for temporary files, which is not the ledger's disk.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::Error;

/// `what` completes "can't …": `store the preview`.
pub fn failed(what: &str, folder: &Path, error: &io::Error) -> Error {
    let message = format!("can't {what} in the temporary folder {} ({})", folder.display(), error.kind());
    Error::ledger(message).hint(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free space there, or set TMPDIR to another folder",
        _ => "set TMPDIR to an existing folder that you can write to",
    })
}
