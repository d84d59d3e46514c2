//! Questions, asked on the terminal only.

use std::io::{self, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Confirm, Input, Select};

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

    /// Asks for one line of text, which may be empty; `initial` can be edited. The caller has made sure that somebody can be asked.
    ///
    /// # Errors
    /// Interrupted (exit 130) on Ctrl-C.
    pub fn ask_text(&self, question: &str, initial: &str) -> Result<String> {
        Input::new()
            .with_prompt(self.clean(question))
            .with_initial_text(initial)
            .allow_empty(true)
            .interact_text_on(&Term::stderr())
            .map_err(asking_failed)
    }

    /// Lets choose one of several; `None` on Esc. The caller has made sure that somebody can be asked.
    ///
    /// # Errors
    /// Interrupted (exit 130) on Ctrl-C.
    pub fn choose(&self, question: &str, items: &[String], default: usize) -> Result<Option<usize>> {
        // An item longer than the terminal is wide would break the menu's lines.
        let room = usize::from(Term::stderr().size().1).saturating_sub(4).max(10);
        let shown: Vec<String> = items
            .iter()
            .map(|item| dialoguer::console::truncate_str(&self.clean(item), room, "…").into_owned())
            .collect();
        Select::new()
            .with_prompt(self.clean(question))
            .items(&shown)
            .default(default)
            .report(false)
            .interact_on_opt(&Term::stderr())
            .map_err(asking_failed)
    }
}

fn asking_failed(error: dialoguer::Error) -> Error {
    // A menu hides the cursor while it is up.
    let _ = Term::stderr().show_cursor();
    match error {
        dialoguer::Error::IO(error) if error.kind() == io::ErrorKind::Interrupted => {
            Error::new(Exit::Interrupted, "interrupted")
        }
        error => Error::new(Exit::NotConfirmed, "can't ask").because(&error),
    }
}
