//! Measures and cuts text in terminal columns: wide characters take two, combining ones none, a joined emoji two.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::text::is_hidden;

/// The width in columns of a text without control characters.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cuts a text into lines of at most `columns` (at least 2): at its line feeds, between words, and inside words that are too long.
/// Control characters and bidirectional marks are escaped.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut out = Vec::new();
    for paragraph in text.replace("\r\n", "\n").split('\n') {
        let mut line = Line { columns, text: String::new(), width: 0 };
        for word in clean(paragraph).split_word_bounds() {
            if line.fits(word) {
                line.push(word);
                continue;
            }
            if word.chars().all(char::is_whitespace) {
                line.end(&mut out);
                continue;
            }
            if width(word) <= columns {
                line.end(&mut out);
                line.push(word);
                continue;
            }
            for grapheme in word.graphemes(true) {
                if width(grapheme) <= columns {
                    line.push_or_break(grapheme, &mut out);
                } else {
                    // Any number of jamo can join; a single character never takes more than two columns.
                    let mut buffer = [0; 4];
                    grapheme.chars().for_each(|c| line.push_or_break(c.encode_utf8(&mut buffer), &mut out));
                }
            }
        }
        line.end(&mut out);
    }
    out
}

struct Line {
    columns: usize,
    text: String,
    width: usize,
}

impl Line {
    fn fits(&self, piece: &str) -> bool {
        self.width + width(piece) <= self.columns
    }

    fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        self.width += width(piece);
        // A character that joins the one before it can make the pair wider than both alone.
        if piece.chars().next().is_some_and(|c| c.width() == Some(0)) {
            self.width = self.width.max(width(&self.text));
        }
    }

    fn push_or_break(&mut self, piece: &str, out: &mut Vec<String>) {
        if !self.fits(piece) {
            self.end(out);
        }
        self.push(piece);
    }

    fn end(&mut self, out: &mut Vec<String>) {
        out.push(self.text.trim_end().to_owned());
        self.text.clear();
        self.width = 0;
    }
}

/// A text of one line, made safe to draw.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if is_hidden(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Pads with spaces on the right, up to `columns`.
pub fn pad(line: &str, columns: usize) -> String {
    format!("{line}{}", " ".repeat(columns.saturating_sub(width(line))))
}

/// A line that fits, aligned left.
pub fn left(line: &str, columns: usize) -> String {
    pad(line, columns)
}

/// A line that fits, centred.
pub fn centre(line: &str, columns: usize) -> String {
    let before = columns.saturating_sub(width(line)) / 2;
    pad(&format!("{}{line}", " ".repeat(before)), columns)
}

/// The first line of a text, with an ellipsis if there is more.
pub fn middle(text: &str, columns: usize) -> String {
    let lines = wrap(text, columns);
    match lines.as_slice() {
        [] => String::new(),
        [line] => line.clone(),
        _ => {
            let cut = wrap(text, columns.saturating_sub(1)).into_iter().next().unwrap_or_default();
            format!("{cut}…")
        }
    }
}

/// A label on the left and a value on the right, on one line if they fit.
pub fn split(label: &str, value: &str, columns: usize) -> Vec<String> {
    let (labels, values) = (wrap(label, columns), wrap(value, columns));
    if let ([label], [value]) = (labels.as_slice(), values.as_slice())
        && width(label) + 1 + width(value) <= columns
    {
        return vec![format!("{}{value}", pad(label, columns - width(value)))];
    }
    let right = |line: &String| pad(&format!("{}{line}", " ".repeat(columns.saturating_sub(width(line)))), columns);
    let values = values.iter().filter(|line| !line.is_empty()).map(right);
    labels.iter().map(|line| left(line, columns)).chain(values).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_wide_characters_count_two() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a\n\nb", 7), ["a", "", "b"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("秋のセール", 6), ["秋の", "セール"]);
        assert_eq!(wrap("a\u{1b}[31mb\u{202e}", 40), ["a\\u{1b}[31mb\\u{202e}"]);
        assert_eq!(width("👩‍👩‍👧‍👦"), 2);
        assert_eq!(wrap("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 3), ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]);
        assert_eq!(pad("é", 3), "é  ");
        assert_eq!(pad("e\u{301}", 3), "e\u{301}  ");
        assert_eq!(centre("ab", 6), "  ab  ");
        assert_eq!(split("Tax", "6.19", 10), ["Tax   6.19"]);
        assert_eq!(split("Shipping", "4.95", 10), ["Shipping  ", "      4.95"]);
    }
}
