//! A full screen that is redrawn in place.

use std::io::{self, Write};

use super::sheet::Sheet;
use super::{Ui, stdout_failed};
use crate::error::Result;

// The terminal's alternate screen, without a cursor: the previous content comes back at the end.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// The whole terminal; restored when this is dropped.
pub struct Screen {
    ui: Ui,
}

impl Ui {
    /// Takes over the terminal on stdout.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn screen(&self) -> Result<Screen> {
        put(ENTER)?;
        Ok(Screen { ui: self.clone() })
    }
}

impl Screen {
    /// Draws the sheet in place of the last one, cut to the height of the terminal.
    ///
    /// # Errors
    /// As [`Ui::list`].
    pub fn show(&self, sheet: &Sheet) -> Result<()> {
        let height = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_row));
        let rows = if height == 0 { 24 } else { height };
        let text = self.ui.redactor.clean(sheet.text());
        let text = self.ui.drawable(&text, true);
        let mut picture = String::from("\x1b[H");
        for (row, line) in text.lines().take(rows).enumerate() {
            // A line break after the last row would scroll.
            if row > 0 {
                picture.push_str("\r\n");
            }
            picture.push_str(line);
            picture.push_str("\x1b[K");
        }
        picture.push_str("\x1b[J");
        put(&picture)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = put(LEAVE);
    }
}

fn put(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(stdout_failed)
}
