//! Messages for people: stderr.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::{Format, Ui};
use crate::clock::UnixMillis;
use crate::error::{Error, Exit};
use crate::json;
use crate::log::{Name, Said, Trace, note};
use crate::text;

/// Words of a panic are shorter; a token may be as long.
const LONGEST_WORD: usize = 15;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
const PLAIN: Style = Style::new();

impl Ui {
    /// Prints a status line; silent with `--quiet`.
    pub fn status(&self, text: &str) {
        if !self.options.quiet {
            self.stderr_line(PLAIN, "", text);
        }
    }

    /// Prints a warning, even with `--quiet`.
    pub fn warn(&self, text: &str) {
        note!(WARN, "warning", profile = self.name.as_deref().map(Name), said = Said(text));
        self.stderr_line(WARNING, "warning: ", text);
    }

    /// Prints a hint: what to type next.
    pub fn hint(&self, text: &str) {
        if !self.options.quiet {
            self.stderr_line(HINT, "hint: ", text);
        }
    }

    /// Prints a line of the log.
    pub fn logged(&self, at: UnixMillis, line: &str) {
        let time = at.timestamp().to_zoned_datetime(self.zone().clone()).strftime("%H:%M:%S%.3f");
        self.stderr_line(PLAIN, "", &format!("{time} {line}"));
    }

    /// Prints an error: a sentence, causes and a hint; with `-o json` or `ndjson` one JSON object.
    pub fn error(&self, error: &Error) {
        if error.is_silent() {
            return;
        }
        let facts = error.graph_facts();
        note!(
            ERROR,
            "error",
            exit = error.exit().name(),
            code = facts.code,
            subcode = facts.subcode,
            fbtrace_id = facts.fbtrace_id.as_deref().map(Trace),
            said = Said(&error.to_string()),
        );
        match self.options.format {
            Format::Json => {
                let mut object = error_object(error);
                if let (Some(totals), Value::Object(fields)) = (error.done_before(), &mut object) {
                    fields.insert("totals".to_owned(), totals.clone());
                }
                self.stderr_object(&object);
            }
            Format::Ndjson => {
                self.stderr_object(&error_object(error));
                if let Some(totals) = error.done_before() {
                    self.stderr_object(totals);
                }
            }
            Format::Table | Format::Csv => {
                self.stderr_line(ERROR, "error: ", error.message());
                for cause in error.causes() {
                    self.stderr_line(PLAIN, "  because: ", cause);
                }
                if let Some(id) = &error.graph_facts().fbtrace_id {
                    self.stderr_line(PLAIN, "  fbtrace_id: ", id);
                }
                if let Some(at) = untold_time(error) {
                    self.stderr_line(PLAIN, "  run again at: ", &at);
                }
                if let Some(hint) = error.hint_text() {
                    self.stderr_line(HINT, "hint: ", hint);
                }
                if let Some(totals) = error.done_before() {
                    self.stderr_line(PLAIN, "totals: ", &flat(totals));
                }
            }
        }
    }

    /// Prints one JSON object on stderr, on one line.
    pub fn stderr_object(&self, object: &Value) {
        let text = json::visible(self.redactor.clean(&object.to_string()).into_owned());
        self.stderr_raw(&format!("{text}\n"));
    }

    /// Prints the output of the argument parser: help and version on stdout, usage errors on stderr.
    pub fn usage(&self, said: &clap::Error) -> Exit {
        if !said.use_stderr() {
            let text = said.render();
            let text = if self.colors(self.stdout_is_terminal()) { text.ansi().to_string() } else { text.to_string() };
            let mut out = io::stdout().lock();
            return match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                Ok(()) => Exit::Done,
                Err(error) => super::stdout_failed(error).exit(),
            };
        }
        match self.options.format {
            Format::Json | Format::Ndjson => self.error(&usage_error(&said.to_string())),
            Format::Table | Format::Csv => {
                // The parser escapes the typed words itself.
                let text = said.render();
                let text =
                    if self.colors(self.stderr_is_terminal()) { text.ansi().to_string() } else { text.to_string() };
                self.stderr_raw(&self.redactor.clean(&text));
            }
        }
        Exit::Usage
    }

    /// Prints a bug in `mmsg`.
    pub fn bug(&self, panic: &PanicHookInfo<'_>) {
        let place = panic.location().map_or_else(|| "an unknown location".to_owned(), ToString::to_string);
        let payload = panic.payload();
        let message =
            payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(|s| &**s));
        let message = text::without_tokens(message.unwrap_or("no message"), LONGEST_WORD);
        self.error(
            &Error::internal(format!("a bug in mmsg, at {place}: {message}"))
                .hint("please report this line and the command; the ledger has everything done so far"),
        );
    }

    /// Prints part of a question, even with `--quiet`.
    pub(super) fn question_line(&self, text: &str) {
        self.stderr_line(PLAIN, "", text);
    }

    fn stderr_line(&self, style: Style, prefix: &str, text: &str) {
        let text = match &self.name {
            Some(name) => self.clean(&format!("{name}: {text}")).into_owned(),
            None => self.clean(text).into_owned(),
        };
        if self.colors(self.stderr_is_terminal()) && !prefix.is_empty() {
            self.stderr_raw(&format!("{style}{prefix}{style:#}{text}\n"));
        } else {
            self.stderr_raw(&format!("{prefix}{text}\n"));
        }
    }

    /// A closed stderr must not change the exit code.
    pub(super) fn stderr_raw(&self, text: &str) {
        let text = self.drawable(text, self.stderr_is_terminal());
        self.live.suspended(|| {
            let _ = io::stderr().lock().write_all(text.as_bytes());
        });
    }
}

/// The error as one JSON object: `kind, message, code, subcode, fbtrace_id, hint, next_run_at`.
pub fn error_object(error: &Error) -> Value {
    let facts = error.graph_facts();
    serde_json::json!({
        "kind": error.exit().name(),
        "message": error.to_string(),
        "code": facts.code,
        "subcode": facts.subcode,
        "fbtrace_id": facts.fbtrace_id,
        "hint": error.hint_text(),
        "next_run_at": error.next_run(),
    })
}

/// When to run again, if no other line of the error says it.
fn untold_time(error: &Error) -> Option<String> {
    let at = error.next_run()?.to_string();
    let says = |text: &str| text.contains(&at);
    let told = says(error.message())
        || error.causes().iter().any(|cause| says(cause))
        || error.hint_text().is_some_and(says)
        || error.done_before().is_some_and(|totals| says(&flat(totals)));
    (!told).then_some(at)
}

/// Numbers and texts of an object on one line: `rows 100, accepted 40`.
fn flat(object: &Value) -> String {
    let Value::Object(fields) = object else { return object.to_string() };
    let shown = fields.iter().filter_map(|(key, value)| match value {
        Value::Number(number) if number.as_u64() != Some(0) => Some(format!("{} {number}", key.replace('_', " "))),
        Value::String(text) if key != "reason" && key != "exit" => Some(format!("{} {text}", key.replace('_', " "))),
        _ => None,
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The parser's message as an error: its first sentence, with the tips after it as the hint.
fn usage_error(said: &str) -> Error {
    let mut parts = said.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let message = parts.next().unwrap_or_default();
    let hints: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    let error = Error::usage(message.trim_start_matches("error: "));
    if hints.is_empty() { error } else { error.hint(hints.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_run_again_is_told_once() {
        let at = UnixMillis(1_796_083_200_000);
        let error = |text: &str, hint: &str| Error::new(Exit::NotYet, text).hint(hint).next_run_at(at);
        assert_eq!(untold_time(&error("too much", "run again at the time shown")), Some(at.to_string()));
        assert_eq!(untold_time(&error("too much", &format!("run again after {at}"))), None);
        assert_eq!(untold_time(&error(&format!("not before {at}"), "wait")), None);
        assert_eq!(untold_time(&Error::new(Exit::NotYet, "a message is on its way")), None);
    }

    #[test]
    fn a_usage_error_is_one_sentence_and_its_tips() {
        let said = "error: unexpected argument '--x' found\n\n  tip: a similar one exists: '--y'\n\nUsage: mmsg send\n";
        let error = usage_error(said);
        assert_eq!(error.message(), "unexpected argument '--x' found");
        assert_eq!(error.hint_text(), Some("tip: a similar one exists: '--y'; Usage: mmsg send"));
    }
}
