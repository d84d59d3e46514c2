//! What a broadcast sends: one message to everybody, or one to each arm of a split.

use crate::message::Template;

#[derive(Clone, Debug)]
pub struct Messages {
    /// In the order of the arms; `None`: nothing. One message that everybody gets is alone.
    templates: Vec<Option<Template>>,
    is_split: bool,
}

impl Messages {
    pub fn one(template: Template) -> Self {
        Self { templates: vec![Some(template)], is_split: false }
    }

    pub fn of_arms(templates: Vec<Option<Template>>) -> Self {
        Self { templates, is_split: true }
    }

    /// The message of an arm; `None`: its people get nothing, or there is no such arm.
    pub fn of(&self, arm: Option<i64>) -> Option<&Template> {
        let place = if self.is_split { usize::try_from(arm?).ok()? } else { 0 };
        self.templates.get(place)?.as_ref()
    }

    /// Whether any of them differs from recipient to recipient.
    pub fn uses_values(&self) -> bool {
        self.all().any(|template| !template.is_constant())
    }

    /// Those that there are.
    pub fn all(&self) -> impl Iterator<Item = &Template> {
        self.templates.iter().flatten()
    }

    /// The columns that they use.
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = self.all().flat_map(|template| template.columns().iter().cloned()).collect();
        columns.sort();
        columns.dedup();
        columns
    }
}
