//! Questions, only on a terminal.
//!
//! A prompt leaves the terminal as it was, whatever ends it: Ctrl-C exits with 130, SIGTERM and SIGHUP with 143, and end of input does not
//! count as yes.

use std::io::{self, IsTerminal};

use dialoguer::console::Term;
use dialoguer::{Input, Password, Select};
use unicode_width::UnicodeWidthStr;

use super::Ui;
use super::stops::Unanswered;
use crate::error::{Error, Exit, Result};

/// Why a form ended before it was filled in.
pub enum MenuError {
    /// Ctrl-C, SIGTERM or SIGHUP.
    Stopped(Exit),
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
            MenuError::Stopped(exit) => Self::new(exit, "interrupted"),
            MenuError::Failed(error) => error,
        }
    }
}

impl From<Unanswered> for Error {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Stopped(exit) => Self::new(exit, "interrupted: nothing was changed"),
            Unanswered::No(error) | Unanswered::Failed(error) => error,
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
    /// Exit 9 if the answer is not yes, 130 and 143 on a signal.
    pub fn confirm(&self, question: &str, doing: &str) -> Result<(), Unanswered> {
        if self.options.yes {
            return Ok(());
        }
        if !self.can_ask() {
            let error = Error::new(Exit::NotConfirmed, format!("can't ask for confirmation before {doing}"));
            return Err(Unanswered::No(error.hint("pass --yes to confirm")));
        }
        let prompt = format!("{} [y/N]", self.clean(question));
        let asked = Asked::new(&prompt, "");
        let ask = move || Input::<String>::new().with_prompt(prompt).allow_empty(true).report(false).interact();
        match self.line(&asked, ask)?.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Unanswered::No(Error::new(Exit::NotConfirmed, "not confirmed: nothing was changed"))),
        }
    }

    /// As [`Ui::confirm`], after lines that say what will happen. They are shown before a question even with `--quiet`.
    ///
    /// # Errors
    /// As [`Ui::confirm`].
    pub fn confirm_shown(&self, lines: &[String], question: &str, doing: &str) -> Result<(), Unanswered> {
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
    /// Exit 9 if questions can't be asked, 130 and 143 on a signal.
    pub fn ask(
        &self,
        question: &str,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        self.must_ask(question)?;
        loop {
            let (prompt, default) = (self.clean(question).into_owned(), default.map(str::to_owned));
            let asked = Asked::new(&prompt, &default.as_ref().map_or_else(String::new, |text| format!(" [{text}]")));
            let ask = move || {
                let input = Input::<String>::new().with_prompt(prompt).report(false);
                match default {
                    Some(default) => input.default(default).interact(),
                    None => input.allow_empty(true).interact(),
                }
            };
            let answer = self.line(&asked, ask)?;
            // Editing keys such as arrows arrive as control characters.
            let judged = if answer.contains(char::is_control) {
                Err("control characters are not allowed".to_owned())
            } else {
                check(answer.trim())
            };
            match judged {
                Ok(()) => return Ok(answer.trim().to_owned()),
                Err(wrong) => self.question_line(&format!("error: {wrong}")),
            }
        }
    }

    /// Asks for a secret without echoing it.
    ///
    /// # Errors
    /// Exit 9 if questions can't be asked, 130 and 143 on a signal.
    pub fn ask_secret(&self, question: &str) -> Result<String> {
        self.must_ask(question)?;
        // Accept an empty answer: at end of input there would be no other.
        let prompt = self.clean(question).into_owned();
        let asked = Asked { is_secret: true, ..Asked::new(&prompt, "") };
        let ask = move || Password::new().with_prompt(prompt).allow_empty_password(true).report(false).interact();
        Ok(self.line(&asked, ask)?.trim().to_owned())
    }

    /// Asks for one of several answers, by number; the first is the default. Returns its index.
    ///
    /// # Errors
    /// Exit 9 if questions can't be asked, 130 and 143 on a signal.
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

    /// Asks for one of these values, each with how it is shown, by number, or for another that `check` accepts. A number that is in the
    /// list is not a value.
    ///
    /// # Errors
    /// Exit 9 if questions can't be asked, 130 and 143 on a signal.
    pub fn choose_or_type(
        &self,
        question: &str,
        known: &[(String, String)],
        default: Option<&str>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        self.must_ask(question)?;
        for (index, (_, shown)) in known.iter().enumerate() {
            self.question_line(&format!("  {}  {shown}", index + 1));
        }
        let meant = |text: &str| {
            let place = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            place.and_then(|place| known.get(place)).map_or_else(|| text.to_owned(), |(value, _)| value.clone())
        };
        let answer = self.ask(question, default, |text| check(&meant(text)))?;
        Ok(meant(&answer))
    }

    /// Asks for one line of text, which may be empty; `initial` can be edited. Only call it if [`Ui::can_ask`].
    ///
    /// # Errors
    /// [`MenuError::Stopped`] on a signal.
    pub fn ask_text(&self, question: &str, initial: &str) -> Result<String, MenuError> {
        let (prompt, initial) = (self.clean(question).into_owned(), initial.to_owned());
        let asked = Asked::new(&prompt, "");
        let ask = move || {
            let input = Input::new().with_prompt(prompt).with_initial_text(initial).allow_empty(true).report(false);
            input.interact_text_on(&Term::stderr())
        };
        self.line(&asked, ask).map_err(menu_failed)
    }

    /// Shows a menu; `None` on Esc. Only call it if [`Ui::can_ask`].
    ///
    /// # Errors
    /// [`MenuError::Stopped`] on a signal.
    pub fn menu(&self, question: &str, items: &[String], default: usize) -> Result<Option<usize>, MenuError> {
        // An item wider than the terminal would break the menu.
        let room = usize::from(Term::stderr().size().1).saturating_sub(4).max(10);
        let shown: Vec<String> = items
            .iter()
            .map(|item| dialoguer::console::truncate_str(&self.clean(item), room, "…").into_owned())
            .collect();
        let prompt = self.clean(question).into_owned();
        let ask = move || {
            let select = Select::new().with_prompt(prompt).items(&shown).default(default).report(false);
            select.interact_on_opt(&Term::stderr())
        };
        self.answer(ask).map_err(menu_failed)
    }

    /// Asks for a line, and leaves question and answer on the screen once: dialoguer takes away only the last of the rows that they took.
    fn line(
        &self,
        asked: &Asked,
        ask: impl FnOnce() -> dialoguer::Result<String> + Send + 'static,
    ) -> Result<String, Unanswered> {
        self.live.suspended(|| {
            let answer = self.stops.asked(ask)?;
            let term = Term::stderr();
            let above = asked.rows(&answer, usize::from(term.size().1)) - 1;
            // A terminal that is gone shows nothing.
            let _ = term.clear_last_lines(above).and_then(|()| term.write_line(&self.clean(&asked.left(&answer))));
            Ok(answer)
        })
    }

    fn answer<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> dialoguer::Result<T> + Send + 'static,
    ) -> Result<T, Unanswered> {
        self.live.suspended(|| self.stops.asked(ask))
    }

    fn must_ask(&self, question: &str) -> Result<()> {
        if self.can_ask() {
            return Ok(());
        }
        Err(Error::new(Exit::NotConfirmed, format!("can't ask: {question}?"))
            .hint("run it on a terminal and without --no-input, or pass the answers as flags"))
    }
}

/// A question whose answer is a line.
struct Asked {
    prompt: String,
    /// What stands before the answer while it is typed, in columns.
    width: usize,
    is_secret: bool,
}

impl Asked {
    fn new(prompt: &str, default: &str) -> Self {
        Self { prompt: prompt.to_owned(), width: prompt.width() + default.width() + ": ".len(), is_secret: false }
    }

    /// How many rows question and answer took.
    fn rows(&self, answer: &str, columns: usize) -> usize {
        let typed = if self.is_secret { 0 } else { answer.width() };
        (self.width + typed).div_ceil(columns.max(1)).max(1)
    }

    /// What stays on the screen.
    fn left(&self, answer: &str) -> String {
        format!("{}: {}", self.prompt, if self.is_secret { "[hidden]" } else { answer })
    }
}

fn menu_failed(why: Unanswered) -> MenuError {
    match why {
        Unanswered::Stopped(exit) => MenuError::Stopped(exit),
        Unanswered::No(error) | Unanswered::Failed(error) => MenuError::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_takes_the_rows_that_a_terminal_wraps_it_to() {
        let asked = Asked::new("Name of the profile", " [default]");
        for (answer, columns, rows) in
            [("", 80, 1), ("shop", 80, 1), ("shop", 35, 1), ("shops", 35, 2), ("", 8, 4), ("x", 0, 32)]
        {
            assert_eq!(asked.rows(answer, columns), rows, "{answer:?} at {columns}");
        }
        assert_eq!(asked.left("shop"), "Name of the profile: shop");
        let secret = Asked { is_secret: true, ..Asked::new("The access token (not shown)", "") };
        assert_eq!((secret.rows(&"x".repeat(500), 40), secret.rows("x", 20)), (1, 2));
        assert_eq!(secret.left("EAAB"), "The access token (not shown): [hidden]");
    }
}
