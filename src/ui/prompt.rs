//! Questions, only on a terminal.
//!
//! Answers are whole lines, so that a prompt works on any terminal and leaves it unchanged: Ctrl-C exits with 130, and end of input
//! does not count as yes.

use std::io::{self, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Input, Password, Select};

use super::Ui;
use crate::error::{Error, Exit, Result};

/// Why a form ended before it was filled in.
pub enum MenuError {
    /// Ctrl-C.
    Interrupted,
    Failed(Error),
}

impl From<Error> for MenuError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<MenuError> for Error {
    fn from(error: MenuError) -> Self {
        match error {
            MenuError::Interrupted => Self::new(Exit::Interrupted, "interrupted"),
            MenuError::Failed(error) => error,
        }
    }
}

impl Ui {
    /// Whether questions can be asked: stdin and stderr are terminals, and `--no-input` is not set.
    pub fn can_ask(&self) -> bool {
        !self.options.no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether a confirmation is asked for on the terminal.
    pub fn will_ask(&self) -> bool {
        !self.options.yes && self.can_ask()
    }

    /// Asks for confirmation, unless `--yes` is set. Without a terminal and without `--yes` it fails with exit 9.
    ///
    /// `doing` completes "can't ask for confirmation before …": `deleting 2 campaigns`.
    ///
    /// # Errors
    /// Exit 9 if the answer is not yes, 130 on Ctrl-C.
    pub fn confirm(&self, question: &str, doing: &str) -> Result<()> {
        if self.options.yes {
            return Ok(());
        }
        if !self.can_ask() {
            return Err(Error::new(Exit::NotConfirmed, format!("can't ask for confirmation before {doing}"))
                .hint("pass --yes to confirm"));
        }
        let prompt = format!("{} [y/N]", self.clean(question));
        let answer = self.live.suspended(|| Input::<String>::new().with_prompt(prompt).allow_empty(true).interact());
        match answer.map_err(unanswered)?.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Error::new(Exit::NotConfirmed, "not confirmed: nothing was changed")),
        }
    }

    /// As [`Ui::confirm`], after lines that say what will happen. They are shown before a question even with `--quiet`. Keep the
    /// question short: one wider than the terminal is drawn twice.
    ///
    /// # Errors
    /// As [`Ui::confirm`].
    pub fn confirm_shown(&self, lines: &[String], question: &str, doing: &str) -> Result<()> {
        let asks = self.will_ask();
        for line in lines {
            if asks {
                self.question_line(line);
            } else {
                self.status(line);
            }
        }
        self.confirm(question, doing)
    }

    /// Asks for a line of text until `check` accepts it.
    ///
    /// # Errors
    /// Exit 9 if questions can't be asked, 130 on Ctrl-C.
    pub fn ask(
        &self,
        question: &str,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        self.must_ask(question)?;
        let mut input = Input::<String>::new().with_prompt(self.clean(question));
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        input = input.allow_empty(default.is_none()).validate_with(|text: &String| {
            // Editing keys such as arrows arrive as control characters.
            if text.contains(char::is_control) {
                Err("control characters are not allowed".to_owned())
            } else {
                check(text.trim())
            }
        });
        let answer = self.live.suspended(|| input.interact()).map_err(unanswered)?;
        Ok(answer.trim().to_owned())
    }

    /// Asks for a secret without echoing it.
    ///
    /// # Errors
    /// Exit 9 if questions can't be asked, 130 on Ctrl-C.
    pub fn ask_secret(&self, question: &str) -> Result<String> {
        self.must_ask(question)?;
        // Accept an empty answer: at end of input there would be no other.
        let input = Password::new().with_prompt(self.clean(question)).allow_empty_password(true);
        Ok(self.live.suspended(|| input.interact()).map_err(unanswered)?.trim().to_owned())
    }

    /// Asks for one of several answers, by number; the first is the default. Returns its index.
    ///
    /// # Errors
    /// Exit 9 if questions can't be asked, 130 on Ctrl-C.
    pub fn choose(&self, question: &str, answers: &[&str]) -> Result<usize> {
        self.must_ask(question)?;
        for (index, answer) in answers.iter().enumerate() {
            self.question_line(&format!("  {}  {answer}", index + 1));
        }
        let last = answers.len();
        let number = |text: &str| text.parse::<usize>().ok().filter(|number| (1..=last).contains(number));
        let check = |text: &str| number(text).map(|_| ()).ok_or_else(|| format!("enter a number from 1 to {last}"));
        let answer = self.ask(question, Some("1"), check)?;
        Ok(number(&answer).unwrap_or(1) - 1)
    }

    /// Asks for one line of text, which may be empty; `initial` can be edited. Only call it if [`Ui::can_ask`].
    ///
    /// # Errors
    /// [`MenuError::Interrupted`] on Ctrl-C.
    pub fn ask_text(&self, question: &str, initial: &str) -> Result<String, MenuError> {
        Input::new()
            .with_prompt(self.clean(question))
            .with_initial_text(initial)
            .allow_empty(true)
            .interact_text_on(&Term::stderr())
            .map_err(menu_failed)
    }

    /// Shows a menu; `None` on Esc. Only call it if [`Ui::can_ask`].
    ///
    /// # Errors
    /// [`MenuError::Interrupted`] on Ctrl-C.
    pub fn menu(&self, question: &str, items: &[String], default: usize) -> Result<Option<usize>, MenuError> {
        // An item wider than the terminal would break the menu.
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
            .map_err(menu_failed)
    }

    fn must_ask(&self, question: &str) -> Result<()> {
        if self.can_ask() {
            return Ok(());
        }
        Err(Error::new(Exit::NotConfirmed, format!("can't ask: {question}?"))
            .hint("run it on a terminal and without --no-input, or pass the answers as flags"))
    }
}

fn unanswered(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    if error.kind() == io::ErrorKind::Interrupted {
        Error::new(Exit::Interrupted, "interrupted: nothing was changed")
    } else {
        Error::new(Exit::NotConfirmed, "not confirmed: no answer").because(&error)
    }
}

fn menu_failed(error: dialoguer::Error) -> MenuError {
    // A menu hides the cursor while it is up.
    let _ = Term::stderr().show_cursor();
    match error {
        dialoguer::Error::IO(error) if error.kind() == io::ErrorKind::Interrupted => MenuError::Interrupted,
        error => Error::new(Exit::NotConfirmed, "can't ask").because(&error).into(),
    }
}
