//! `mmsg explain CODE[/SUBCODE]`: a row of the table of codes.

use serde::Serialize;

use crate::commands::Frame;
use crate::error::{Error, Exit, Result};
use crate::graph::codes::{self, Row};
use crate::ui::table::Record;

/// Say what an error code of Graph's means, what mmsg does about it and what you can do.
///
/// Where two of Meta's pages give the same number different meanings, both are shown; the text of the error decides.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The code, with its subcode if there is one: 2300035, 100/33.
    #[arg(value_name = "CODE[/SUBCODE]", value_parser = parse_number)]
    number: Number,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    code: i64,
    subcode: Option<i64>,
}

pub fn run(frame: &Frame<'_>, args: Args) -> Result<Exit> {
    let Number { code, subcode } = args.number;
    let Some(row) = codes::lookup(code, subcode) else {
        return Err(Error::refused(format!(
            "{code} is not in mmsg's table: a send so answered is refused and not repeated"
        ))
        .hint("search Meta's documentation for the code, and look at the error's own text"));
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
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("{text:?} is no number"));
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
    wait: Option<&'static str>,
    exit_code: u8,
    rate: bool,
    suppresses: bool,
    /// The class once the campaign is a day old, where it differs.
    class_after_a_day: Option<&'static str>,
    other_meaning: Option<Box<Explained>>,
}

impl Explained {
    fn of(row: &Row) -> Self {
        Self {
            code: row.code,
            subcode: row.subcode,
            name: row.name,
            meaning: row.meaning,
            class: row.class.name(),
            what_mmsg_does: row.class.effect(),
            what_you_can_do: row.hint,
            wait: row.wait.map(codes::Pause::text),
            exit_code: row.exit.code(),
            rate: row.is_rate,
            suppresses: row.suppresses,
            class_after_a_day: row.grown.map(codes::Class::name),
            other_meaning: row.other.map(|other| Box::new(Self::of(other))),
        }
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
        let code = match self.subcode {
            Some(subcode) => format!("{}/{subcode}", self.code),
            None => self.code.to_string(),
        };
        let other = self.other_meaning.as_deref();
        vec![
            code,
            some(self.name),
            self.meaning.to_owned(),
            format!("{}{}", self.class, if self.rate { " (rate)" } else { "" }),
            format!("{}{}", self.what_mmsg_does, if self.suppresses { "; never sent to again" } else { "" }),
            self.what_you_can_do.to_owned(),
            some(self.wait),
            self.exit_code.to_string(),
            some(self.class_after_a_day),
            some(other.map(|other| other.meaning)),
            some(other.map(|other| other.class)),
            some(other.map(|other| other.what_you_can_do)),
        ]
    }
}
