//! `mmsg message build --interactive`: a form on the terminal. Every answer is kept in the draft file at once, so that Ctrl-C, a closed
//! window or a mistake loses nothing; any answer can be changed until the message is done.

mod forms;

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::commands::output;
use crate::commands::shell::quoted;
use crate::error::{Error, Exit, Result};
use crate::message::draw;
use crate::message::model::{Draft, TemplateKind};
use crate::ui::Ui;
use crate::ui::prompt::MenuError;
use forms::{Ask, form};

/// Asks until the message is within every limit and the person says that it is done.
///
/// # Errors
/// Not confirmed (exit 9) without a terminal; interrupted (exit 130 or 143) by a signal, with the command that goes on.
pub fn ask(ui: &Ui, from: Option<Draft>, file: &Path) -> Result<Draft> {
    if !ui.can_ask() {
        return Err(Error::new(Exit::NotConfirmed, "nobody to ask: --interactive needs a terminal")
            .hint("build from flags, or from a file: mmsg message build --example generic"));
    }
    let mut form = Form::begin(ui, from, file)?;
    form.fill().map_err(|error| match error {
        MenuError::Stopped(exit) if file.exists() => {
            Error::new(exit, "interrupted: the draft is kept").hint(format!("{} continues", command_with(file)))
        }
        error => error.into(),
    })?;
    form.draft()
}

/// What to type to go on with a draft.
fn command_with(file: &Path) -> String {
    let file = file.to_string_lossy();
    format!("mmsg message build --interactive --from {0} --draft {0}", quoted(&file))
}

/// A draft that is not the one to go on with is somebody's work.
///
/// # Errors
/// Exit 2 when there is one.
pub fn refuse_other_draft(file: &Path) -> Result<()> {
    if !file.exists() {
        return Ok(());
    }
    Err(Error::usage(format!("there is a draft already: {}", file.display()))
        .hint(format!("continue with {}, or remove the file", command_with(file))))
}

/// Takes the draft away once its message is printed.
pub fn forget(ui: &Ui, file: &Path) {
    if file.exists() && std::fs::remove_file(file).is_err() {
        ui.warn(&format!("can't remove the draft {}", file.display()));
    }
}

struct Form<'u> {
    ui: &'u Ui,
    file: &'u Path,
    kind: TemplateKind,
    fields: Map<String, Value>,
    /// Whether some rule is still broken.
    is_broken: bool,
}

impl<'u> Form<'u> {
    fn begin(ui: &'u Ui, from: Option<Draft>, file: &'u Path) -> Result<Self> {
        let (kind, fields) = match from {
            Some(draft) => (draft.kind(), draft.fields()?),
            None => (choose_kind(ui)?, Map::new()),
        };
        Ok(Self { ui, file, kind, fields, is_broken: true })
    }

    fn fill(&mut self) -> Result<(), MenuError> {
        if self.fields.is_empty() {
            let mut fields = std::mem::take(&mut self.fields);
            let done = self.first_answers(&mut fields);
            self.fields = fields;
            self.keep()?;
            done?;
        }
        loop {
            let mut fields = self.fields.clone();
            self.menu(form(self.kind), &mut fields, &mut Vec::new(), "Done: print the message")?;
            self.fields = fields;
            self.keep()?;
            if !self.is_broken {
                return Ok(());
            }
            self.ui.warn("the message is not within the limits yet: see above");
        }
    }

    /// The questions that every message of the kind needs, one after the other.
    fn first_answers(&mut self, fields: &mut Map<String, Value>) -> Result<(), MenuError> {
        for ask in form(self.kind) {
            if let Ask::Text { name, label, needed: true } = *ask {
                let text = self.ui.ask_text(label, "")?;
                put(fields, name, Some(json!(text)));
                self.fields.clone_from(fields);
                self.keep()?;
            }
            if let Ask::List { name, one, form, needed: true, .. } = *ask {
                let mut item = Map::new();
                for ask in form {
                    if let Ask::Text { name: field, label, needed: true } = *ask {
                        let text = self.ui.ask_text(&format!("{one}: {label}"), "")?;
                        put(&mut item, field, Some(json!(text)));
                        put(fields, name, Some(json!([item])));
                        self.fields.clone_from(fields);
                        self.keep()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Shows an object's fields and changes those chosen, until Esc or the last item. `place` is where the object stands.
    fn menu(
        &mut self,
        asks: &'static [Ask],
        object: &mut Map<String, Value>,
        place: &mut Vec<Step>,
        last: &str,
    ) -> Result<(), MenuError> {
        let mut at = 0;
        loop {
            if place.is_empty() {
                self.show();
            }
            let mut items: Vec<String> = asks.iter().map(|ask| ask.shown(object)).collect();
            items.push(last.to_owned());
            let chosen = self.ui.menu("Change", &items, at.min(items.len() - 1))?;
            let Some(ask) = chosen.and_then(|index| asks.get(index)) else { return Ok(()) };
            at = chosen.unwrap_or(0) + 1;
            match *ask {
                Ask::Text { name, label, .. } => {
                    let text = self.ui.ask_text(label, &written(object.get(name)))?;
                    put(object, name, Some(json!(text)));
                }
                Ask::Number { name, label } => {
                    let text = self.ui.ask_text(label, &written(object.get(name)))?;
                    let number = serde_json::from_str::<serde_json::Number>(&text).map(Value::Number);
                    put(object, name, Some(number.unwrap_or_else(|_| json!(text))));
                }
                Ask::Choice { name, label, values } => {
                    let mut items: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
                    items.push("none".to_owned());
                    if let Some(index) = self.ui.menu(label, &items, 0)? {
                        put(object, name, values.get(index).map(|value| json!(value)));
                    }
                }
                Ask::Flag { name, .. } => {
                    let is_set = matches!(object.get(name), Some(Value::Bool(true)))
                        || object.get(name).and_then(Value::as_str) == Some("true");
                    put(object, name, (!is_set).then(|| json!(true)));
                }
                Ask::Group { name, form, .. } => {
                    let mut group = object.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
                    place.push(Step::Field(name));
                    self.menu(form, &mut group, place, "Back")?;
                    place.pop();
                    put(object, name, (!group.is_empty()).then_some(Value::Object(group)));
                }
                Ask::List { name, one, form, .. } => {
                    let mut list = object.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
                    place.push(Step::Field(name));
                    self.list(one, form, &mut list, place)?;
                    place.pop();
                    put(object, name, (!list.is_empty()).then_some(Value::Array(list)));
                }
            }
            self.keep_at(place, Value::Object(object.clone()))?;
        }
    }

    /// Shows a list's items: change one, add one, take one away.
    fn list(
        &mut self,
        one: &str,
        form: &'static [Ask],
        list: &mut Vec<Value>,
        place: &mut Vec<Step>,
    ) -> Result<(), MenuError> {
        loop {
            let mut items: Vec<String> = list.iter().map(|item| format!("{one}: {}", forms::summary(item))).collect();
            let article = if one.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            items.extend([format!("Add {article} {one}"), format!("Remove the last {one}"), "Back".to_owned()]);
            let chosen = self.ui.menu(&format!("{one}s"), &items, list.len())?;
            match chosen {
                Some(index) if index <= list.len() => {
                    if index == list.len() {
                        list.push(json!({}));
                    }
                    let mut item = list[index].as_object().cloned().unwrap_or_default();
                    place.push(Step::Item(index));
                    self.menu(form, &mut item, place, "Back")?;
                    place.pop();
                    list[index] = Value::Object(item);
                    list.retain(|item| item.as_object().is_none_or(|item| !item.is_empty()));
                }
                Some(index) if index == list.len() + 1 => {
                    list.pop();
                }
                Some(_) | None => return Ok(()),
            }
            self.keep_at(place, Value::Array(list.clone()))?;
        }
    }

    /// Puts a value at its place in the message and writes the draft.
    fn keep_at(&mut self, place: &[Step], value: Value) -> Result<(), MenuError> {
        let mut root = Value::Object(std::mem::take(&mut self.fields));
        let mut here = &mut root;
        for step in place {
            here = match *step {
                Step::Field(name) => &mut here[name],
                Step::Item(index) => {
                    if !here.is_array() {
                        *here = json!([]);
                    }
                    let missing = (index + 1).saturating_sub(here.as_array().map_or(0, Vec::len));
                    if let Value::Array(list) = here {
                        list.extend((0..missing).map(|_| json!({})));
                    }
                    &mut here[index]
                }
            };
        }
        *here = value;
        if let Value::Object(fields) = root {
            self.fields = fields;
        }
        Ok(self.keep()?)
    }

    fn draft(&self) -> Result<Draft> {
        Draft::from_fields(self.kind, self.fields.clone())
            .map_err(|what| Error::internal(format!("the answers do not make a message: {what}")))
    }

    /// Writes the draft, readable by its owner only: whole or not at all.
    fn keep(&self) -> Result<()> {
        let failed = |error: std::io::Error| {
            Error::ledger(format!("can't write the draft {}", self.file.display())).because(&error)
        };
        output::replace(self.file, self.draft()?.to_toml()?.as_bytes()).map_err(failed)
    }

    /// Draws the message as far as it is, with what is still wrong.
    fn show(&mut self) {
        let Ok(message) = self.draft().and_then(|draft| draft.to_message()) else { return };
        self.ui.status("");
        for line in draw::draw(message.sample().value(), self.ui.width()).lines() {
            self.ui.status(line);
        }
        let violations = message.validate();
        self.is_broken = violations.iter().any(|violation| violation.is_error());
        for violation in violations {
            self.ui.status(&format!("  {}: {}", violation.path, violation.message));
        }
    }
}

/// A step from the message to the object in hand.
#[derive(Clone, Copy)]
enum Step {
    Field(&'static str),
    Item(usize),
}

fn choose_kind(ui: &Ui) -> Result<TemplateKind, MenuError> {
    let items: Vec<String> = TemplateKind::ALL.iter().map(|kind| forms::kind_line(*kind)).collect();
    let chosen = ui.menu("Which message", &items, 2)?;
    chosen
        .and_then(|index| TemplateKind::ALL.get(index).copied())
        .ok_or_else(|| Error::new(Exit::NotConfirmed, "no template chosen: nothing was written").into())
}

/// Sets a field, or takes it away when the answer is empty.
fn put(object: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(Value::String(text)) if text.trim().is_empty() => {
            object.remove(name);
        }
        Some(value) => {
            object.insert(name.to_owned(), value);
        }
        None => {
            object.remove(name);
        }
    }
}

/// A value as it is edited.
fn written(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
