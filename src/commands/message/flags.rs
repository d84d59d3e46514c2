//! Flags as fields of a template: cards by the order of their flags, and `--set`.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};
use serde_json::{Map, Value, json};

use super::typed::Typed;
use crate::error::{Error, Result};
use crate::message::model::TemplateKind;

/// What one flag says of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Title,
    Subtitle,
    ImageUrl,
    Image,
    Hero,
    VideoId,
    Url,
    Button,
    Postback,
    App,
}

const PARTS: [(Part, &str, &str, &str); 10] = [
    (Part::Title, "title", "TEXT", "Title of a card; repeat it for a carousel. Of a coupon: its title"),
    (Part::Subtitle, "subtitle", "TEXT", "Subtitle of the card or coupon"),
    (Part::ImageUrl, "image-url", "URL", "Image of the card or coupon"),
    (Part::Image, "image", "URL", "Image of the card's grid; repeat for up to six"),
    (Part::Hero, "hero", "URL", "The large image of the card's grid"),
    (Part::VideoId, "video-id", "ID", "Video of the card"),
    (Part::Url, "url", "URL", "Opened by a tap on the card (default_action)"),
    (Part::Button, "button", "TITLE=URL", "A button that opens a page; cut at the first ="),
    (Part::Postback, "postback", "TITLE=PAYLOAD", "A button that sends PAYLOAD to the webhook; cut at the first ="),
    (Part::App, "app", "ANDROID[,IOS]", "A button that opens an app: deep links, either may be empty"),
];

impl Part {
    fn flag(self) -> &'static str {
        PARTS.iter().find(|(part, ..)| *part == self).map_or("", |(_, flag, ..)| flag)
    }
}

/// The flags of cards and buttons, in the order of the command line.
#[derive(Debug, Default)]
pub struct CardFlags(Vec<(Part, String)>);

impl clap::Args for CardFlags {
    fn augment_args(command: Command) -> Command {
        let args: Vec<Arg> = PARTS
            .iter()
            .map(|(_, name, value, help)| {
                Arg::new(*name).long(*name).value_name(*value).help(*help).action(ArgAction::Append).group("fields")
            })
            .collect();
        command.args(args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for CardFlags {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> std::result::Result<(), clap::Error> {
        let mut placed: Vec<(usize, Part, String)> = Vec::new();
        for (part, name, _, _) in PARTS {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            placed.extend(places.zip(values).map(|(place, value)| (place, part, value.clone())));
        }
        placed.sort_by_key(|(place, _, _)| *place);
        self.0 = placed.into_iter().map(|(_, part, value)| (part, value)).collect();
        Ok(())
    }
}

impl CardFlags {
    pub fn has_cards(&self) -> bool {
        self.0.iter().any(|(part, _)| !matches!(part, Part::Button | Part::Postback | Part::App))
    }

    pub fn has_buttons(&self) -> bool {
        self.0.iter().any(|(part, _)| matches!(part, Part::Button | Part::Postback | Part::App))
    }

    /// Adds the fields of the cards; for templates without cards, those of the template itself.
    pub fn add_to(&self, kind: TemplateKind, fields: &mut FlagFields) -> Result<()> {
        let mut card = 0;
        let (mut titles, mut images, mut buttons) = (0, 0, 0);
        for (part, value) in &self.0 {
            if *part == Part::Title && kind == TemplateKind::Generic {
                titles += 1;
                if titles > 1 {
                    card += 1;
                    (images, buttons) = (0, 0);
                }
            }
            let base = if kind.has_elements() { format!("elements[{card}].") } else { String::new() };
            let typed = (part.flag(), value.as_str());
            let put = |fields: &mut FlagFields, name: &str, to: Value| fields.put(typed, &format!("{base}{name}"), to);
            match part {
                Part::Title => put(fields, "title", json!(value))?,
                Part::Subtitle => put(fields, "subtitle", json!(value))?,
                Part::ImageUrl => put(fields, "image_url", json!(value))?,
                Part::VideoId => put(fields, "video_id", json!(value))?,
                Part::Url => put(fields, "url", json!(value))?,
                Part::Image | Part::Hero => {
                    let image = match part {
                        Part::Hero => json!({"url": value, "is_hero_image": true}),
                        _ => json!({"url": value}),
                    };
                    put(fields, &format!("image_urls[{images}]"), image)?;
                    images += 1;
                }
                Part::Button | Part::Postback | Part::App => {
                    put(fields, &format!("buttons[{buttons}]"), button(*part, value)?)?;
                    buttons += 1;
                }
            }
        }
        Ok(())
    }
}

fn button(part: Part, value: &str) -> Result<Value> {
    if part == Part::App {
        let (android, ios) = value.split_once(',').unwrap_or((value, ""));
        let mut button = Map::new();
        button.insert("type".to_owned(), json!("app"));
        for (name, url) in [("android_url", android.trim()), ("ios_url", ios.trim())] {
            if !url.is_empty() {
                button.insert(name.to_owned(), json!(url));
            }
        }
        return Ok(Value::Object(button));
    }
    let (flag, field, kind) = match part {
        Part::Postback => ("--postback 'Title=PAYLOAD'", "payload", "postback"),
        _ => ("--button 'Title=https://…'", "url", "web_url"),
    };
    let (title, value) = value
        .split_once('=')
        .ok_or_else(|| Error::usage(format!("the button {value:?} has no =")).hint(format!("write {flag}")))?;
    Ok(json!({"type": kind, "title": title.trim(), field: value.trim()}))
}

/// The fields of a template while flags are read.
#[derive(Debug, Default)]
pub struct FlagFields {
    fields: Map<String, Value>,
    typed: Typed,
}

impl FlagFields {
    pub fn into_parts(self) -> (Map<String, Value>, Typed) {
        (self.fields, self.typed)
    }

    pub fn put_text(&mut self, flag: &'static str, place: &str, text: Option<&str>) -> Result<()> {
        text.map_or(Ok(()), |text| self.put((flag, text), place, json!(text)))
    }

    pub fn put_quick_reply(&mut self, index: usize, text: &str) -> Result<()> {
        let reply = match text {
            "@phone" => json!({"content_type": "user_phone_number"}),
            "@email" => json!({"content_type": "user_email"}),
            _ => match text.split_once('=') {
                Some((title, payload)) => json!({"title": title.trim(), "payload": payload.trim()}),
                None => json!({"title": text}),
            },
        };
        self.put(("quick-reply", text), &format!("quick_replies[{index}]"), reply)
    }

    /// `--set summary.total_cost=56.14`: a number or a truth where it reads as one, else text.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let (place, text) = assignment
            .split_once('=')
            .ok_or_else(|| Error::usage(format!("--set {assignment:?} has no =")).hint("write --set FIELD=VALUE"))?;
        let value = match serde_json::from_str::<Value>(text) {
            // A code such as 0012 is no JSON number and stays text; so does anything that would be written differently.
            Ok(value @ Value::Bool(_)) => value,
            Ok(Value::Number(number)) if text == number.to_string().as_str() => Value::Number(number),
            _ => json!(text),
        };
        self.put(("set", assignment), place.trim(), value)
    }

    /// Puts the value of a flag, typed like this, at a place like `elements[1].buttons[0].title`, making what is missing on the way.
    pub fn put(&mut self, (flag, typed): (&'static str, &str), place: &str, value: Value) -> Result<()> {
        let wrong = || {
            Error::usage(format!("{place:?} is not a field of a message"))
                .hint("write it like summary.total_cost or elements[1].title")
        };
        let mut root = Value::Object(std::mem::take(&mut self.fields));
        let done = put_at(&mut root, place, value);
        if let Value::Object(fields) = root {
            self.fields = fields;
        }
        self.typed.add(flag, typed, place);
        done.ok_or_else(wrong)
    }
}

/// No list of a message is longer: a mistyped index must not make a list of a million nothings.
const MAX_INDEX: usize = 100;

fn put_at(root: &mut Value, place: &str, value: Value) -> Option<()> {
    let mut here = root;
    for step in place.split('.') {
        let (name, indices) = step.split_at(step.find('[').unwrap_or(step.len()));
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        here = as_object(here)?.entry(name).or_insert(Value::Null);
        for index in indices.split_terminator(']') {
            let index: usize = index.strip_prefix('[')?.parse().ok()?;
            if index >= MAX_INDEX {
                return None;
            }
            if here.is_null() {
                *here = json!([]);
            }
            let list = here.as_array_mut()?;
            while list.len() <= index {
                list.push(json!({}));
            }
            here = list.get_mut(index)?;
        }
    }
    *here = value;
    Some(())
}

fn as_object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_made_on_the_way() {
        let mut fields = FlagFields::default();
        for assignment in ["summary.total_cost=56.14", "elements[1].title=a=b", "order_number=0012", "sharable=true"] {
            fields.set(assignment).unwrap();
        }
        assert_eq!(
            Value::Object(fields.into_parts().0),
            json!({"summary": {"total_cost": 56.14}, "elements": [{}, {"title": "a=b"}], "order_number": "0012",
                "sharable": true})
        );
        for bad in ["x", "=1", "a..b=1", "a[=1", "a[x]=1", "a[100]=1", "a]=1[", "[0]=1"] {
            assert!(FlagFields::default().set(bad).is_err(), "{bad}");
        }
    }
}
