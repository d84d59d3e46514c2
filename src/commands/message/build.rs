//! `mmsg message build`: flags, a file or questions in; JSON out.

use std::path::PathBuf;

use super::file::{read, require_valid_typed};
use super::flags::{CardFlags, FlagFields};
use super::questions;
use super::typed::Typed;
use crate::commands::context::Context;
use crate::commands::output::{Kind, Outputs, is_same_file};
use crate::error::{Error, Exit, Result};
use crate::message::examples::Example;
use crate::message::model::{Draft, TemplateKind};
use crate::ui;

const AFTER: &str = "\
Cards: each --title begins a card; --subtitle, --image-url, --image, --hero, --video-id, --url, --button, --postback and --app that \
follow belong to it, and those before the first --title to the first. Two titles or more make a carousel.

Any other field: --set FIELD=VALUE, with Meta's name and the place in it: --set summary.total_cost=56.14, \
--set elements[1].sharable=true. With --template every template can be built this way.

Values: ${column} in any text is filled from the list of recipients, ${column:-text} has a text for those without a value, $${ is a \
literal ${, and $$${price} a dollar and the price.

Examples:
  mmsg message build --text 'Hello'
  mmsg message build --title 'Autumn sale' --image-url https://shop.example/a.jpg --button 'Shop now=https://shop.example/'
  mmsg message build --template coupon --title '20 % off' --coupon-code '${code}' --coupon-url https://shop.example/
  mmsg message build --example receipt > receipt.toml; mmsg message build --from receipt.toml";

const SAVE: &str = "--save";

/// Build a message from flags, a TOML file or questions, and print the JSON that the API takes.
#[derive(clap::Args, Debug)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Build from a TOML file; - for stdin. With --interactive, go on with it.
    #[arg(long, value_name = "FILE", conflicts_with = "fields")]
    from: Option<PathBuf>,
    /// Print a commented TOML example and exit.
    #[arg(long, value_name = "TEMPLATE", conflicts_with_all = ["from", "interactive", "fields"])]
    example: Option<Example>,
    /// Build by questions on the terminal; the draft is kept in --draft after every answer.
    #[arg(long, conflicts_with = "fields")]
    interactive: bool,
    /// Where --interactive keeps the draft until the message is done.
    #[arg(long, value_name = "FILE", default_value = "mmsg-draft.toml", requires = "interactive")]
    draft: PathBuf,
    /// Write the message to FILE, once it is complete, instead of printing it.
    #[arg(long, value_name = "FILE", conflicts_with = "example")]
    save: Option<PathBuf>,
    /// Replace FILE even if it exists.
    #[arg(long, requires = "save")]
    force: bool,
    #[command(flatten)]
    fields: FieldArgs,
}

/// The flags that are the message.
#[derive(clap::Args, Debug)]
#[group(id = "fields", multiple = true)]
pub struct FieldArgs {
    /// Template [default: inferred from the other flags].
    #[arg(long, group = "fields", value_name = "TEMPLATE")]
    template: Option<TemplateKind>,
    /// The text; with cards a greeting that goes before them, with a coupon the greeting before it.
    #[arg(long, group = "fields", value_name = "TEXT")]
    text: Option<String>,
    #[command(flatten)]
    cards: CardFlags,
    /// A quick reply: TITLE, TITLE=PAYLOAD, or @phone and @email for what people's profiles hold.
    #[arg(long, group = "fields", value_name = "TITLE[=PAYLOAD]")]
    quick_reply: Vec<String>,
    /// Media template: id of an uploaded attachment.
    #[arg(long, group = "fields", value_name = "ID")]
    attachment_id: Option<String>,
    /// Media template: address of a photo or video on facebook.com.
    #[arg(long, group = "fields", value_name = "URL", conflicts_with = "attachment_id")]
    media_url: Option<String>,
    /// Media template: what it is.
    #[arg(long, group = "fields", value_name = "TYPE", value_parser = ["image", "video"])]
    media_type: Option<String>,
    /// Product template: id of a product of the Page's catalogue; repeat for more.
    #[arg(long, group = "fields", value_name = "ID")]
    product: Vec<String>,
    /// Coupon template: the code to copy.
    #[arg(long, group = "fields", value_name = "CODE")]
    coupon_code: Option<String>,
    /// Coupon template: where the coupon is used.
    #[arg(long, group = "fields", value_name = "URL")]
    coupon_url: Option<String>,
    /// Coupon template: title of the button that opens --coupon-url.
    #[arg(long, group = "fields", value_name = "TITLE")]
    coupon_button: Option<String>,
    /// Coupon template: when it ends, with a timer: '2026-12-24 18:00:00'.
    #[arg(long, group = "fields", value_name = "TIME")]
    expire_time: Option<String>,
    /// Any field of the template, by Meta's name: summary.total_cost=56.14.
    #[arg(long, group = "fields", value_name = "FIELD=VALUE")]
    set: Vec<String>,
}

pub fn run(context: &Context, args: Args) -> Result<Exit> {
    if let Some(example) = args.example {
        context.ui.text(example.toml().trim_end())?;
        return Ok(Exit::Done);
    }
    let mut outputs = Outputs::of(context, args.force, "no message was built");
    if let Some(from) = &args.from {
        outputs.protect_inputs("the message", [from.as_path()]);
    }
    if args.interactive && args.from.as_ref().is_none_or(|from| !is_same_file(from, &args.draft)) {
        questions::refuse_other_draft(&args.draft)?;
        outputs.expect("--draft", &args.draft, Kind::Message)?;
    }
    if let Some(file) = &args.save {
        outputs.expect(SAVE, file, Kind::Message)?;
    }
    let from = args.from.as_deref().map(|file| read(file).and_then(|text| Draft::from_toml(&text))).transpose()?;
    let (draft, typed) = match (args.interactive, from) {
        (true, from) => (questions::ask(&context.ui, from, &args.draft)?, Typed::default()),
        (false, Some(draft)) => (draft, Typed::default()),
        (false, None) => args.fields.draft()?,
    };
    let message = draft.to_message()?;
    require_valid_typed(&context.ui, "the message", &message, &typed)?;
    match &args.save {
        Some(file) => {
            outputs.write(SAVE, file, Kind::Message, ui::pretty(message.value())?.as_bytes())?;
            context.ui.status(&format!("the message is in {}", file.display()));
        }
        None => context.ui.json(message.value())?,
    }
    if args.interactive {
        questions::forget(&context.ui, &args.draft);
    }
    Ok(Exit::Done)
}

impl FieldArgs {
    fn draft(&self) -> Result<(Draft, Typed)> {
        let kind = self.kind()?;
        let mut fields = FlagFields::default();
        let is_coupon = kind == TemplateKind::Coupon;
        fields.put_text("text", if is_coupon { "coupon_pre_message" } else { "text" }, self.text.as_deref())?;
        self.cards.add_to(kind, &mut fields)?;
        fields.put_text("media-type", "elements[0].media_type", self.media_type.as_deref())?;
        fields.put_text("attachment-id", "elements[0].attachment_id", self.attachment_id.as_deref())?;
        if let Some(url) = &self.media_url {
            fields.put_text("media-url", "elements[0].url", Some(url))?;
        }
        for (index, id) in self.product.iter().enumerate() {
            fields.put_text("product", &format!("elements[{index}].id"), Some(id))?;
        }
        fields.put_text("coupon-code", "coupon_code", self.coupon_code.as_deref())?;
        fields.put_text("coupon-url", "coupon_url", self.coupon_url.as_deref())?;
        fields.put_text("coupon-button", "coupon_url_button_title", self.coupon_button.as_deref())?;
        fields.put_text("expire-time", "expire_time", self.expire_time.as_deref())?;
        for (index, reply) in self.quick_reply.iter().enumerate() {
            fields.put_quick_reply(index, reply)?;
        }
        for assignment in &self.set {
            fields.set(assignment)?;
        }
        let (fields, typed) = fields.into_parts();
        let draft = Draft::from_fields(kind, fields).map_err(|what| {
            Error::usage(format!("these flags do not make a {} message: {what}", kind.name()))
                .hint(format!("mmsg message build --example {} shows its fields", kind.name()))
        })?;
        Ok((draft, typed))
    }

    /// The template that the flags are for.
    fn kind(&self) -> Result<TemplateKind> {
        if let Some(kind) = self.template {
            return Ok(kind);
        }
        let found = [
            (self.coupon_code.is_some() || self.coupon_url.is_some(), TemplateKind::Coupon),
            (!self.product.is_empty(), TemplateKind::Product),
            (self.attachment_id.is_some() || self.media_url.is_some(), TemplateKind::Media),
            (self.cards.has_cards(), TemplateKind::Generic),
            (self.cards.has_buttons(), TemplateKind::Button),
            (self.text.is_some(), TemplateKind::Text),
        ];
        found.into_iter().find_map(|(is_it, kind)| is_it.then_some(kind)).ok_or_else(|| {
            Error::usage("no message: neither flags, nor --from, nor --interactive")
                .hint("mmsg message build --title 'Autumn sale' --button 'Shop now=https://shop.example/'; see --help")
        })
    }
}

#[cfg(test)]
mod tests;
