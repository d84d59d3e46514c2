//! `mmsg message rules`.

use serde::Serialize;

use crate::error::{Exit, Result};
use crate::message::rules::{self, Rule, page_url};
use crate::ui::Ui;
use crate::ui::shape::Shape;
use crate::ui::table::Record;

/// Print every limit: id, path, limit, the page it comes from, the code that Meta answers.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    shape: Shape,
}

pub fn run(ui: &Ui, args: &Args) -> Result<Exit> {
    ui.list_as(&rules::all().map(Limit::of).collect::<Vec<_>>(), &args.shape)?;
    Ok(Exit::Done)
}

/// A rule as it is printed.
#[derive(Serialize)]
struct Limit {
    id: &'static str,
    templates: Vec<&'static str>,
    paths: &'static [&'static str],
    when: Option<String>,
    rule: String,
    limit: Option<u32>,
    severity: &'static str,
    code: Option<u32>,
    basis: &'static str,
    page: &'static str,
    url: Option<String>,
}

impl Limit {
    fn of(rule: &'static Rule) -> Self {
        Self {
            id: rule.id,
            templates: rule.kinds.iter().map(|kind| kind.name()).collect(),
            paths: rule.paths,
            when: rule.when.map(|(field, value)| format!("{field} is {value}")),
            rule: rule.check.says(),
            limit: rule.check.limit(),
            severity: rule.severity.name(),
            code: rule.code,
            basis: rule.basis.name(),
            page: rule.page,
            url: page_url(rule.page),
        }
    }
}

impl Record for Limit {
    const PLURAL: &'static str = "rules";
    const COLUMNS: &'static [&'static str] = &["id", "path", "rule", "severity", "code", "source"];
    const KEYS: &'static [&'static str] =
        &["id", "templates", "paths", "when", "rule", "limit", "severity", "code", "basis", "page", "url"];
    const EXPENDABLE: &'static [&'static str] = &["source", "code", "severity"];

    fn cells(&self) -> Vec<String> {
        let rule = match &self.when {
            Some(when) => format!("{} (when {when})", self.rule),
            None => self.rule.clone(),
        };
        vec![
            self.id.to_owned(),
            self.paths.join(" "),
            rule,
            self.severity.to_owned(),
            self.code.map(|code| code.to_string()).unwrap_or_default(),
            format!("{} {}", self.basis, self.page),
        ]
    }
}
