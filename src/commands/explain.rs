//! `mmsg explain CODE[/SUBCODE]`: one error code.

use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use serde::Serialize;

use crate::commands::context::Invocation;
use crate::commands::failure::graph::exit_of;
use crate::error::{Error, Exit, Result};
use crate::graph::codes::{self, Class, CodeRow, Pause};
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Explain a Graph API error code: what it means, what mmsg does and what you can do. Without a code, list all.
///
/// If Meta's pages give the same code two meanings, both are shown; the text of the error decides.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Code, with its subcode if there is one: 2300035, 100/33.
    // One of Meta's codes is negative.
    #[arg(value_name = "CODE[/SUBCODE]", value_parser = parse_number, allow_hyphen_values = true)]
    number: Option<Number>,
    #[command(flatten)]
    shape: Shape,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    code: i64,
    subcode: Option<i64>,
}

pub fn run(frame: &Invocation<'_>, args: Args) -> Result<Exit> {
    let Some(Number { code, subcode }) = args.number else {
        let all: Vec<_> = codes::all().map(|row| Listed(Explained::of(row))).collect();
        frame.ui.list_as(&all, &args.shape)?;
        return Ok(Exit::Done);
    };
    let Some(row) = codes::lookup(code, subcode) else {
        return Err(Error::refused(format!(
            "{code} is not in mmsg's table: mmsg treats sends with this code as refused and does not retry them"
        ))
        .hint("search Meta's documentation for the code, and read the message of the error"));
    };
    frame.ui.object(&Explained::of(row))?;
    Ok(Exit::Done)
}

fn parse_number(text: &str) -> Result<Number, String> {
    let text = text.trim().trim_start_matches('#');
    let (code, subcode) = match text.split_once('/') {
        Some((code, subcode)) => (code, Some(subcode)),
        None => (text, None),
    };
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("{text:?} is not a number"));
    Ok(Number { code: number(code)?, subcode: subcode.map(number).transpose()? })
}

#[derive(Serialize)]
struct Explained {
    code: i64,
    subcode: Option<i64>,
    name: Option<&'static str>,
    meaning: &'static str,
    class: &'static str,
    what_mmsg_does: &'static str,
    what_you_can_do: &'static str,
    wait: Option<String>,
    exit_code: u8,
    rate: bool,
    suppresses: bool,
    /// The class once the campaign is a day old, where it differs.
    class_after_a_day: Option<&'static str>,
    other_meaning: Option<Box<Explained>>,
}

impl Explained {
    /// `100/33`.
    fn number(&self) -> String {
        match self.subcode {
            Some(subcode) => format!("{}/{subcode}", self.code),
            None => self.code.to_string(),
        }
    }

    fn of(row: &CodeRow) -> Self {
        Self {
            code: row.code,
            subcode: row.subcode,
            name: row.name,
            meaning: row.meaning,
            class: row.class.name(),
            what_mmsg_does: effect(row.class),
            what_you_can_do: row.hint,
            wait: row.wait.map(pause),
            exit_code: exit_of(row, row.class).code(),
            rate: row.is_rate,
            suppresses: row.suppresses,
            class_after_a_day: row.grown.map(Class::name),
            other_meaning: row.other.map(|other| Box::new(Self::of(other))),
        }
    }
}

/// What `mmsg send` does with an answer of this class.
fn effect(class: Class) -> &'static str {
    match class {
        Class::Stop => "the recipient stays pending and the run ends",
        Class::Campaign => "the recipient stays pending and the run ends for this campaign",
        Class::Message => "the recipient stays pending and the run ends; fix the cause first",
        Class::Drop => "the recipient is refused and the run continues",
        Class::Later => "the recipient stays pending until a later time and the run continues",
        Class::Wait => "the recipient stays pending; the run pauses, or ends with exit code 6 and a time",
        Class::Doubt => "the send is unknown and not retried automatically; the run continues",
    }
}

/// How long nobody can be sent to.
fn pause(pause: Pause) -> String {
    match pause {
        Pause::Told => "as long as Graph says".to_owned(),
        Pause::For(time) => {
            let words = SpanPrinter::new().designator(Designator::Verbose).spacing(Spacing::BetweenUnitsAndDesignators);
            words.unsigned_duration_to_string(&time)
        }
        Pause::NextDay => "until the next day".to_owned(),
        Pause::CampaignStart => "until the campaign starts".to_owned(),
    }
}

impl Record for Explained {
    const PLURAL: &'static str = "codes";
    const COLUMNS: &'static [&'static str] = &[
        "code",
        "name",
        "meaning",
        "class",
        "what mmsg does",
        "what you can do",
        "wait",
        "exit code",
        "after a day",
        "other meaning",
        "its class",
        "what you can do then",
    ];

    fn cells(&self) -> Vec<String> {
        // A field without a value is left out.
        let some = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let other = self.other_meaning.as_deref();
        vec![
            self.number(),
            some(self.name),
            self.meaning.to_owned(),
            format!("{}{}", self.class, if self.rate { " (rate)" } else { "" }),
            format!("{}{}", self.what_mmsg_does, if self.suppresses { "; never sent to again" } else { "" }),
            self.what_you_can_do.to_owned(),
            self.wait.clone().unwrap_or_default(),
            self.exit_code.to_string(),
            some(self.class_after_a_day),
            some(other.map(|other| other.meaning)),
            some(other.map(|other| other.class)),
            some(other.map(|other| other.what_you_can_do)),
        ]
    }
}

/// One of all: what fits on a line.
#[derive(Serialize)]
#[serde(transparent)]
struct Listed(Explained);

impl Record for Listed {
    const PLURAL: &'static str = "codes";
    const COLUMNS: &'static [&'static str] = &["code", "class", "meaning", "what you can do"];
    const KEYS: &'static [&'static str] = &[
        "code",
        "subcode",
        "name",
        "meaning",
        "class",
        "what_mmsg_does",
        "what_you_can_do",
        "wait",
        "exit_code",
        "rate",
        "suppresses",
        "class_after_a_day",
        "other_meaning",
    ];
    const EXPENDABLE: &'static [&'static str] = &["what you can do", "class"];

    fn cells(&self) -> Vec<String> {
        let row = &self.0;
        vec![row.number(), row.class.to_owned(), row.meaning.to_owned(), row.what_you_can_do.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_pause_is_told_as_long_as_it_is() {
        let told = |minutes| pause(Pause::For(Duration::from_secs(60 * minutes)));
        assert_eq!([30_u64, 45, 60, 90].map(told), ["30 minutes", "45 minutes", "1 hour", "1 hour 30 minutes"]);
    }
}
