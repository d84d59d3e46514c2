//! A copy of the ledger's file, whoever is at work meanwhile.

use std::path::Path;

use super::address::Address;
use super::database::Ledger;
use super::error::{Error, Result};

impl Ledger {
    /// Writes what is committed now to an empty file. Whoever sends is not held up: it is read as of one moment, and copied by one
    /// statement, which others' commits don't begin anew.
    ///
    /// # Errors
    /// A ledger on a server is backed up there.
    pub fn back_up(&self, to: &Path) -> Result<()> {
        match self.address() {
            Address::File(_) => self.read(|conn| conn.copy_to(to)),
            Address::Server(_) => Err(Error::BackedUpByServer { ledger: self.address().clone() }),
        }
    }
}
