//! The message drawn in a terminal: bubbles, cards side by side, buttons, quick replies. No line is wider than asked for.

mod lines;

use serde_json::Value;

use super::view::{Bubble, Picture, Reply, ShownButton, ShownCard, View};
use lines::{centre, left, middle, pad, split, width, wrap};

/// The narrowest drawing; a narrower terminal breaks the lines itself.
pub const MIN_WIDTH: usize = 20;

/// A bubble is no wider than on a phone.
const BUBBLE: usize = 46;
/// Cards are narrow, so that several fit side by side: 28 columns with the frame, and a square picture takes 13 lines.
const CARD: usize = 28;
const GAP: usize = 1;

/// Draws a message at most `columns` wide (at least [`MIN_WIDTH`]). Ends with a line feed.
pub fn draw(message: &Value, columns: usize) -> String {
    let columns = columns.max(MIN_WIDTH);
    let view = View::of(message);
    let mut out = Vec::new();
    for bubble in &view.bubbles {
        match bubble {
            Bubble::Text { text, buttons } => out.extend(text_bubble(text, buttons, columns)),
            Bubble::Cards(cards) => out.extend(card_rows(cards, columns)),
        }
    }
    out.extend(replies(&view.replies, columns));
    let mut text = String::new();
    for line in out {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn text_bubble(text: &str, buttons: &[ShownButton], columns: usize) -> Vec<String> {
    let lines = wrap(text, columns.min(BUBBLE) - 4);
    let titles: Vec<String> = buttons.iter().flat_map(|button| wrap(&button.title, columns.min(BUBBLE) - 4)).collect();
    // A short text has a small bubble.
    let inner = lines.iter().chain(&titles).map(|line| width(line)).max().unwrap_or(0).max(2);
    let mut rows: Vec<String> = lines.iter().map(|line| left(line, inner)).collect();
    let rules = button_rows(buttons, inner, &mut rows);
    frame(&rows, &rules, inner)
}

/// Adds a row for each line of a button's title; returns the rows above which a rule is drawn.
fn button_rows(buttons: &[ShownButton], inner: usize, rows: &mut Vec<String>) -> Vec<usize> {
    let mut rules = Vec::new();
    for button in buttons {
        rules.push(rows.len());
        let title = if button.title.trim().is_empty() { "(no title)" } else { &button.title };
        rows.extend(wrap(title, inner).iter().map(|line| centre(line, inner)));
    }
    rules
}

/// Draws a frame around rows that are all `inner` wide, with a rule above those named.
fn frame(rows: &[String], rules: &[usize], inner: usize) -> Vec<String> {
    let line = "─".repeat(inner + 2);
    let mut out = vec![format!("╭{line}╮")];
    for (index, row) in rows.iter().enumerate() {
        if rules.contains(&index) && index > 0 {
            out.push(format!("├{line}┤"));
        }
        out.push(format!("│ {row} │"));
    }
    out.push(format!("╰{line}╯"));
    out
}

fn card_rows(cards: &[ShownCard], columns: usize) -> Vec<String> {
    // A receipt has names and amounts: it is as wide as a bubble.
    let is_receipt = cards.iter().any(|card| card.rows.len() > 1);
    let outer = columns.min(if is_receipt { BUBBLE } else { CARD });
    let side_by_side = ((columns + GAP) / (outer + GAP)).max(1);
    let mut out = Vec::new();
    for row in cards.chunks(side_by_side) {
        let drawn: Vec<Vec<String>> = row.iter().map(|card| draw_card(card, outer - 4)).collect();
        let height = drawn.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..height {
            let parts: Vec<String> =
                drawn.iter().map(|card| pad(card.get(line).map_or("", String::as_str), outer)).collect();
            out.push(parts.join(&" ".repeat(GAP)));
        }
    }
    out
}

fn draw_card(card: &ShownCard, inner: usize) -> Vec<String> {
    let mut rows = Vec::new();
    if let Some((first, rest)) = card.pictures.split_first() {
        rows.extend(picture(first, inner));
        for tiles in rest.chunks(TILES) {
            rows.extend(tile_row(tiles, inner));
        }
    }
    rows.extend(card.title.iter().flat_map(|title| wrap(title, inner)).map(|line| left(&line, inner)));
    rows.extend(card.subtitle.iter().flat_map(|subtitle| wrap(subtitle, inner)).map(|line| left(&line, inner)));
    for (label, value) in &card.rows {
        rows.extend(split(label, value, inner));
    }
    if let Some(code) = &card.code {
        rows.extend(wrap(&format!("[ {code} ]"), inner).iter().map(|line| centre(line, inner)));
    }
    if rows.is_empty() {
        rows.push(left("(nothing to show)", inner));
    }
    let rules = button_rows(&card.buttons, inner, &mut rows);
    frame(&rows, &rules, inner)
}

/// Small pictures in a row below the large one.
const TILES: usize = 3;

/// A box of the picture's ratio; a cell of a terminal is about twice as high as wide.
fn picture(picture: &Picture, inner: usize) -> Vec<String> {
    let (wide, high) = (picture.ratio.0.max(1) as usize, picture.ratio.1.max(1) as usize);
    let height = (inner * high).div_ceil(wide * 2).clamp(3, 40);
    let name = picture.source.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or_default();
    boxed(&[picture.what.to_owned(), middle(name, inner.saturating_sub(4))], inner, height)
}

fn tile_row(tiles: &[Picture], inner: usize) -> Vec<String> {
    let each = (inner + GAP) / TILES - GAP;
    let drawn: Vec<Vec<String>> = (0..tiles.len()).map(|_| boxed(&[String::new()], each, (each / 2).max(3))).collect();
    let height = drawn.first().map_or(0, Vec::len);
    (0..height)
        .map(|line| {
            let row: Vec<&str> = drawn.iter().filter_map(|tile| tile.get(line)).map(String::as_str).collect();
            pad(&row.join(" "), inner)
        })
        .collect()
}

/// A dotted box, `outer` wide and `height` high, with lines in its middle.
fn boxed(lines: &[String], outer: usize, height: usize) -> Vec<String> {
    let inner = outer.saturating_sub(2);
    let edge = "┄".repeat(inner);
    let room = height.saturating_sub(2).max(1);
    let shown: Vec<&String> = lines.iter().take(room).collect();
    let above = (room - shown.len()) / 2;
    let mut out = vec![format!("┌{edge}┐")];
    for row in 0..room {
        let line = row.checked_sub(above).and_then(|row| shown.get(row)).map_or("", |line| line.as_str());
        out.push(format!("┊{}┊", centre(line, inner)));
    }
    out.push(format!("└{edge}┘"));
    out
}

/// Quick replies as `( Yes ) ( No )`, in as many lines as they need.
fn replies(replies: &[Reply], columns: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for reply in replies {
        let image = if reply.has_image { "▣ " } else { "" };
        let room = columns - 4 - width(image);
        // A title that does not fit is cut: it breaks a rule, which is reported elsewhere.
        let title = wrap(&reply.title, room).into_iter().next().unwrap_or_default();
        let chip = format!("( {image}{title} )");
        match out.last_mut() {
            Some(line) if width(line) + 1 + width(&chip) <= columns => {
                line.push(' ');
                line.push_str(&chip);
            }
            _ => out.push(chip),
        }
    }
    out
}

#[cfg(test)]
mod tests;
