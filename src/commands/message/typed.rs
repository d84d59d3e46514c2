//! Which flag filled which place of a message, so that an error names what was typed.

use crate::text::shortened;

/// As much of a text as tells it apart.
const ROOM: usize = 40;

/// The flags that make a message.
#[derive(Debug, Default)]
pub struct Typed(Vec<Flag>);

#[derive(Debug)]
struct Flag {
    name: &'static str,
    text: String,
    /// In the template: `elements[0].title`.
    place: String,
}

impl Typed {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, name: &'static str, text: &str, place: &str) {
        self.0.push(Flag { name, text: text.to_owned(), place: place.to_owned() });
    }

    /// What to call a place of the message, such as `$.attachment.payload.elements[0].title`: the flag that filled it, with its text, or
    /// the flags that filled what is below it.
    pub fn name(&self, path: &str) -> Option<String> {
        let place = path.strip_prefix("$.attachment.payload.").or_else(|| path.strip_prefix("$."))?;
        // What a tap on a card opens is one flag.
        let place = place.replace("default_action.", "");
        let filled = self.0.iter().filter(|flag| is_within(&place, &flag.place)).max_by_key(|flag| flag.place.len());
        if let Some(Flag { name, text, .. }) = filled {
            return Some(format!("--{name} \"{}\"", shortened(text, ROOM)));
        }
        let mut below: Vec<&str> = Vec::new();
        for flag in self.0.iter().filter(|flag| is_within(&flag.place, &place)) {
            if !below.contains(&flag.name) {
                below.push(flag.name);
            }
        }
        (!below.is_empty()).then(|| format!("--{}", below.join(", --")))
    }
}

/// Whether one place is another one, or a part of it.
fn is_within(place: &str, whole: &str) -> bool {
    place.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_called_by_the_flag_that_filled_it_or_those_below_it() {
        let mut typed = Typed::default();
        for (flag, text, place) in [
            ("title", "A title", "elements[0].title"),
            ("url", "x", "elements[0].url"),
            ("button", "Go=y", "elements[0].buttons[0]"),
            ("button", "Stop=z", "elements[0].buttons[1]"),
            ("text", "t", "text"),
            ("quick-reply", &"q".repeat(60), "quick_replies[1]"),
        ] {
            typed.add(flag, text, place);
        }
        for (path, name) in [
            ("$.attachment.payload.elements[0].title", Some("--title \"A title\"")),
            ("$.attachment.payload.elements[0].default_action.url", Some("--url \"x\"")),
            ("$.attachment.payload.elements[0].buttons[1].url", Some("--button \"Stop=z\"")),
            ("$.attachment.payload.elements[0].buttons", Some("--button")),
            ("$.attachment.payload.elements[0]", Some("--title, --url, --button")),
            ("$.attachment.payload.elements[10].title", None),
            ("$.attachment.payload.text", Some("--text \"t\"")),
            ("$.text", Some("--text \"t\"")),
            ("$.textual", None),
            ("$", None),
        ] {
            assert_eq!(typed.name(path).as_deref(), name, "{path}");
        }
        let long = typed.name("$.quick_replies[1].title").unwrap();
        assert!(long.starts_with("--quick-reply \"qqq") && long.chars().count() < 60, "{long}");
    }
}
