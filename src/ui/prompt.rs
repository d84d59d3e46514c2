//! Questions, asked on the terminal only.

use std::io::{self, IsTerminal};

use dialoguer::Confirm;

use super::Ui;
use crate::error::{Error, Exit, Result};

impl Ui {
    /// Whether somebody can be asked: a terminal on stdin and stderr, and no `--no-input`.
    pub fn can_ask(&self) -> bool {
        !self.options.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks before something that can't be undone. `--yes` answers; without a terminal and without `--yes` it is exit 9.
    ///
    /// `doing` completes "can't ask before …": `deleting 2 campaigns`.
    pub fn confirm(&self, question: &str, doing: &str) -> Result<()> {
        if self.options.yes {
            return Ok(());
        }
        if !self.can_ask() {
            return Err(Error::new(Exit::NotConfirmed, format!("not confirmed: nobody to ask before {doing}"))
                .hint("pass --yes to go ahead without being asked"));
        }
        let answer = Confirm::new().with_prompt(self.clean(question)).default(false).interact_opt();
        match answer {
            Ok(Some(true)) => Ok(()),
            Ok(Some(false) | None) => Err(Error::new(Exit::NotConfirmed, "not confirmed: nothing was changed")),
            Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
                Err(Error::new(Exit::Interrupted, "interrupted: nothing was changed"))
            }
            Err(error) => Err(Error::new(Exit::NotConfirmed, "not confirmed: can't ask").because(&error)),
        }
    }
}
