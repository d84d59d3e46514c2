//! Questions, asked on the terminal only.
//!
//! Answers are whole lines, so that a prompt works on any terminal and leaves it as it was: Ctrl-C ends with 130, and an end of
//! the input is no yes.

use std::io::{self, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Input, Password, Select};

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
    ///
    /// # Errors
    /// Exit 9 when nobody said yes, 130 on Ctrl-C.
    pub fn confirm(&self, question: &str, doing: &str) -> Result<()> {
        if self.options.yes {
            return Ok(());
        }
        if !self.can_ask() {
            return Err(Error::new(Exit::NotConfirmed, format!("not confirmed: nobody to ask before {doing}"))
                .hint("pass --yes to go ahead without being asked"));
        }
        let prompt = format!("{} [y/N]", self.clean(question));
        let answer = self.live.suspended(|| Input::<String>::new().with_prompt(prompt).allow_empty(true).interact());
        match answer.map_err(unanswered)?.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Error::new(Exit::NotConfirmed, "not confirmed: nothing was changed")),
        }
    }

    /// As [`Ui::confirm`], with lines that say what will happen. Whoever is asked sees them even with `--quiet`; the question is
    /// short, since one longer than the terminal is wide is drawn twice.
    ///
    /// # Errors
    /// As [`Ui::confirm`].
    pub fn confirm_shown(&self, lines: &[String], question: &str, doing: &str) -> Result<()> {
        let asks = !self.options.yes && self.can_ask();
        for line in lines {
            if asks {
                self.question_line(line);
            } else {
                self.status(line);
            }
        }
        self.confirm(question, doing)
    }

    /// Asks for a line of text until `check` takes it.
    ///
    /// # Errors
    /// Exit 9 when nobody can be asked, 130 on Ctrl-C.
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
            // Keys that edit the line elsewhere arrive as characters here.
            if text.contains(char::is_control) {
                Err("it holds a control character".to_owned())
            } else {
                check(text.trim())
            }
        });
        let answer = self.live.suspended(|| input.interact()).map_err(unanswered)?;
        Ok(answer.trim().to_owned())
    }

    /// Asks for a secret, which the terminal does not show.
    ///
    /// # Errors
    /// Exit 9 when nobody can be asked, 130 on Ctrl-C.
    pub fn ask_secret(&self, question: &str) -> Result<String> {
        self.must_ask(question)?;
        // An empty answer is taken: at the end of the input there would be no other.
        let input = Password::new().with_prompt(self.clean(question)).allow_empty_password(true);
        Ok(self.live.suspended(|| input.interact()).map_err(unanswered)?.trim().to_owned())
    }

    /// Asks for one of several answers, by number; the first is the default. Answers its index.
    ///
    /// # Errors
    /// Exit 9 when nobody can be asked, 130 on Ctrl-C.
    pub fn choose(&self, question: &str, answers: &[&str]) -> Result<usize> {
        self.must_ask(question)?;
        for (index, answer) in answers.iter().enumerate() {
            self.question_line(&format!("  {}  {answer}", index + 1));
        }
        let last = answers.len();
        let number = |text: &str| text.parse::<usize>().ok().filter(|number| (1..=last).contains(number));
        let check = |text: &str| number(text).map(|_| ()).ok_or_else(|| format!("a number from 1 to {last}"));
        let answer = self.ask(question, Some("1"), check)?;
        Ok(number(&answer).unwrap_or(1) - 1)
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
            .map_err(menu_failed)
    }

    /// Lets choose one of several; `None` on Esc. The caller has made sure that somebody can be asked.
    ///
    /// # Errors
    /// Interrupted (exit 130) on Ctrl-C.
    pub fn menu(&self, question: &str, items: &[String], default: usize) -> Result<Option<usize>> {
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
            .map_err(menu_failed)
    }

    fn must_ask(&self, question: &str) -> Result<()> {
        if self.can_ask() {
            return Ok(());
        }
        Err(Error::new(Exit::NotConfirmed, format!("nobody to ask: {question}?"))
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

fn menu_failed(error: dialoguer::Error) -> Error {
    // A menu hides the cursor while it is up.
    let _ = Term::stderr().show_cursor();
    match error {
        dialoguer::Error::IO(error) if error.kind() == io::ErrorKind::Interrupted => {
            Error::new(Exit::Interrupted, "interrupted")
        }
        error => Error::new(Exit::NotConfirmed, "can't ask").because(&error),
    }
}
