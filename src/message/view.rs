//! What recipients see of a message, in order: bubbles, cards, buttons, quick replies. The terminal and the HTML page draw this. Any
//! JSON has a view: missing or invalid parts are left out, because a preview is also useful for an unfinished message.

use serde_json::Value;

use super::parse;
use super::rules::TemplateKind;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub bubbles: Vec<Bubble>,
    pub replies: Vec<Reply>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Bubble {
    Text { text: String, buttons: Vec<ShownButton> },
    Cards(Vec<ShownCard>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShownCard {
    /// The first is the large one.
    pub pictures: Vec<Picture>,
    pub title: Option<String>,
    pub subtitle: Option<String>,
    /// Label and amount, of a receipt.
    pub rows: Vec<(String, String)>,
    pub code: Option<String>,
    pub buttons: Vec<ShownButton>,
    /// The URL that a tap on the card opens.
    pub action: Option<String>,
}

/// A picture or video. It is not loaded, only its space is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// `image`, `video`, `product`.
    pub what: &'static str,
    /// Its URL or id.
    pub source: String,
    /// Width and height as Messenger shows it.
    pub ratio: (u32, u32),
}

#[derive(Clone, Debug, PartialEq)]
pub struct ShownButton {
    pub title: String,
    /// The URL, payload or app link that it opens.
    pub target: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub title: String,
    pub has_image: bool,
}

const SQUARE: (u32, u32) = (1, 1);
const WIDE: (u32, u32) = (191, 100);

impl View {
    pub fn of(message: &Value) -> Self {
        let mut bubbles = Vec::new();
        if let Some(text) = text(message, "text") {
            bubbles.push(Bubble::Text { text, buttons: Vec::new() });
        }
        if let Some(attachment) = message.get("attachment") {
            let payload = attachment.get("payload").unwrap_or(&Value::Null);
            add_payload(TemplateKind::of(message), payload, &mut bubbles);
        }
        Self { bubbles, replies: list(message, "quick_replies").iter().map(Reply::of).collect() }
    }

    /// Everything that a tap can open, with the title that is tapped.
    pub fn targets(&self) -> Vec<ShownButton> {
        let mut found = Vec::new();
        for bubble in &self.bubbles {
            match bubble {
                Bubble::Text { buttons, .. } => found.extend(buttons.iter().cloned()),
                Bubble::Cards(cards) => {
                    for card in cards {
                        let title = card.title.clone().unwrap_or_else(|| "card".to_owned());
                        found.extend(card.action.clone().map(|target| ShownButton { title, target }));
                        found.extend(card.buttons.iter().filter(|button| !button.target.is_empty()).cloned());
                    }
                }
            }
        }
        found
    }
}

fn add_payload(kind: Option<TemplateKind>, payload: &Value, bubbles: &mut Vec<Bubble>) {
    let greeting = |name| text(payload, name).map(|text| Bubble::Text { text, buttons: Vec::new() });
    let cards = |of: fn(&Value) -> ShownCard| Bubble::Cards(list(payload, "elements").iter().map(of).collect());
    match kind {
        Some(TemplateKind::Text | TemplateKind::Button) => {
            bubbles.push(Bubble::Text { text: text(payload, "text").unwrap_or_default(), buttons: buttons(payload) });
        }
        Some(TemplateKind::Generic) => {
            bubbles.extend(greeting("text"));
            bubbles.push(cards(ShownCard::generic));
        }
        Some(TemplateKind::Media) => bubbles.push(cards(ShownCard::media)),
        Some(TemplateKind::Product) => bubbles.push(cards(ShownCard::product)),
        Some(TemplateKind::Receipt) => bubbles.push(Bubble::Cards(vec![ShownCard::receipt(payload)])),
        Some(TemplateKind::Coupon) => {
            bubbles.extend(greeting("coupon_pre_message"));
            bubbles.push(Bubble::Cards(vec![ShownCard::coupon(payload)]));
        }
        None => {
            let name = text(payload, "template_type").unwrap_or_else(|| "without a name".to_owned());
            let title = Some(format!("template {name}"));
            bubbles.push(Bubble::Cards(vec![ShownCard { title, ..ShownCard::default() }]));
        }
    }
}

impl ShownCard {
    fn generic(element: &Value) -> Self {
        let video = text(element, "video_id").map(|id| Picture { what: "video", source: id, ratio: SQUARE });
        let image = |source| Picture { what: "image", source, ratio: SQUARE };
        let mut grid: Vec<&Value> = list(element, "image_urls").iter().collect();
        // The hero is shown first and large.
        grid.sort_by_key(|image| text(image, "is_hero_image").is_none_or(|hero| hero != "true"));
        let grid = grid.into_iter().filter_map(|image| text(image, "url"));
        Self {
            pictures: video.into_iter().chain(text(element, "image_url").into_iter().chain(grid).map(image)).collect(),
            title: text(element, "title"),
            subtitle: text(element, "subtitle"),
            buttons: buttons(element),
            action: element.get("default_action").and_then(|action| text(action, "url")),
            ..Self::default()
        }
    }

    fn media(element: &Value) -> Self {
        let is_video = text(element, "media_type").is_some_and(|kind| kind == "video");
        let source = text(element, "url").or_else(|| text(element, "attachment_id")).unwrap_or_default();
        let what = if is_video { "video" } else { "image" };
        Self { pictures: vec![Picture { what, source, ratio: WIDE }], buttons: buttons(element), ..Self::default() }
    }

    fn product(element: &Value) -> Self {
        let id = text(element, "id").unwrap_or_default();
        Self {
            title: Some(format!("Product {id}")),
            subtitle: Some("Name, price and picture come from the Page's catalogue".to_owned()),
            pictures: vec![Picture { what: "product", source: id, ratio: SQUARE }],
            ..Self::default()
        }
    }

    fn receipt(payload: &Value) -> Self {
        let currency = text(payload, "currency").unwrap_or_default();
        let money = |value: String| format!("{value} {currency}").trim_end().to_owned();
        let mut rows = Vec::new();
        for item in list(payload, "elements") {
            let count = text(item, "quantity").map(|n| format!("{n} × ")).unwrap_or_default();
            let label = format!("{count}{}", text(item, "title").unwrap_or_default());
            rows.push((label, text(item, "price").map(money).unwrap_or_default()));
            rows.extend(text(item, "subtitle").map(|subtitle| (format!("  {subtitle}"), String::new())));
        }
        for adjustment in list(payload, "adjustments") {
            let name = text(adjustment, "name").unwrap_or_default();
            rows.push((name, text(adjustment, "amount").map(|amount| money(format!("-{amount}"))).unwrap_or_default()));
        }
        let summary = payload.get("summary").unwrap_or(&Value::Null);
        for (name, label) in
            [("subtotal", "Subtotal"), ("shipping_cost", "Shipping"), ("total_tax", "Tax"), ("total_cost", "Total")]
        {
            rows.extend(text(summary, name).map(|value| (label.to_owned(), money(value))));
        }
        rows.extend(text(payload, "payment_method").map(|method| ("Paid with".to_owned(), method)));
        let address = payload.get("address").unwrap_or(&Value::Null);
        let place: Vec<String> = ["street_1", "street_2", "city", "postal_code", "state", "country"]
            .iter()
            .filter_map(|name| text(address, name))
            .collect();
        if !place.is_empty() {
            rows.push(("Ship to".to_owned(), place.join(", ")));
        }
        let number = text(payload, "order_number").map(|number| format!("Order {number}"));
        Self {
            title: number.or_else(|| Some("Receipt".to_owned())),
            subtitle: text(payload, "recipient_name"),
            rows,
            action: text(payload, "order_url"),
            ..Self::default()
        }
    }

    fn coupon(payload: &Value) -> Self {
        let image = text(payload, "image_url").map(|source| Picture { what: "image", source, ratio: WIDE });
        let until = text(payload, "expire_time").map(|time| ("Ends".to_owned(), time));
        let visit = text(payload, "coupon_url_button_title").unwrap_or_else(|| "Shop now".to_owned());
        let target = text(payload, "coupon_url").unwrap_or_default();
        Self {
            pictures: image.into_iter().collect(),
            title: text(payload, "title"),
            subtitle: text(payload, "subtitle"),
            rows: until.into_iter().collect(),
            code: text(payload, "coupon_code"),
            buttons: vec![
                ShownButton { title: "Copy code".to_owned(), target: String::new() },
                ShownButton { title: visit, target },
            ],
            action: None,
        }
    }
}

impl Reply {
    fn of(reply: &Value) -> Self {
        let title = match text(reply, "content_type").as_deref() {
            Some("user_phone_number") => "their phone number".to_owned(),
            Some("user_email") => "their email".to_owned(),
            _ => text(reply, "title").unwrap_or_default(),
        };
        Self { title, has_image: text(reply, "image_url").is_some() }
    }
}

fn buttons(owner: &Value) -> Vec<ShownButton> {
    let one = |button: &Value| {
        let target = ["url", "payload", "ios_url", "android_url"].into_iter().find_map(|name| text(button, name));
        let is_app = text(button, "type").is_some_and(|kind| kind == "app");
        let title = text(button, "title").or_else(|| is_app.then(|| "Open app".to_owned()));
        ShownButton { title: title.unwrap_or_default(), target: target.unwrap_or_default() }
    };
    list(owner, "buttons").iter().map(one).collect()
}

fn list<'v>(owner: &'v Value, name: &str) -> &'v [Value] {
    owner.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A field as text; `None` if it is absent or empty.
fn text(owner: &Value, name: &str) -> Option<String> {
    match owner.get(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        other @ (Value::Null | Value::Array(_) | Value::Object(_)) => {
            (!other.is_null()).then(|| format!("({})", parse::name(other)))
        }
    }
}
