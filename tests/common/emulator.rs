//! What stands on a terminal after all that was written to it: rows of so many columns, which wrap and are painted over.

/// As xterm does it: a row that is full wraps when the next letter comes.
pub struct Emulator {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    is_full: bool,
}

impl Emulator {
    pub fn of(columns: usize, written: &str) -> Self {
        let mut screen = Self { columns, rows: vec![Vec::new()], row: 0, column: 0, is_full: false };
        let mut letters = written.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\u{1b}' => screen.escape(&mut letters),
                '\r' => screen.move_to(screen.row, 0),
                '\n' => screen.move_to(screen.row + 1, screen.column),
                '\u{8}' => screen.move_to(screen.row, screen.column.saturating_sub(1)),
                letter if letter.is_control() => {}
                letter => screen.put(letter),
            }
        }
        screen
    }

    /// The rows, without what is empty at their ends.
    pub fn lines(&self) -> Vec<String> {
        let lines: Vec<String> =
            self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect();
        let used = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        lines[..used].to_vec()
    }

    /// All of it as one line, so that a text that wraps is found.
    pub fn unwrapped(&self) -> String {
        self.rows.iter().flatten().collect()
    }

    fn move_to(&mut self, row: usize, column: usize) {
        (self.row, self.column, self.is_full) = (row, column.min(self.columns - 1), false);
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
    }

    fn put(&mut self, letter: char) {
        if self.is_full {
            self.move_to(self.row + 1, 0);
        }
        let row = &mut self.rows[self.row];
        if row.len() <= self.column {
            row.resize(self.column + 1, ' ');
        }
        row[self.column] = letter;
        self.is_full = self.column + 1 == self.columns;
        self.column += usize::from(!self.is_full);
    }

    fn escape(&mut self, letters: &mut std::str::Chars<'_>) {
        if letters.next() != Some('[') {
            return;
        }
        let mut numbers = String::new();
        let Some(end) = letters.find(|letter| {
            let is_end = letter.is_ascii_alphabetic();
            if !is_end {
                numbers.push(*letter);
            }
            is_end
        }) else {
            return;
        };
        let number = numbers.parse::<usize>().ok();
        let by = number.unwrap_or(1).max(1);
        match end {
            'A' => self.move_to(self.row.saturating_sub(by), self.column),
            'B' => self.move_to(self.row + by, self.column),
            'C' => self.move_to(self.row, self.column + by),
            'D' => self.move_to(self.row, self.column.saturating_sub(by)),
            'G' => self.move_to(self.row, by - 1),
            'J' if number.unwrap_or(0) == 0 => {
                self.rows.truncate(self.row + 1);
                self.rows[self.row].truncate(self.column);
            }
            'J' => {
                self.rows = vec![Vec::new()];
                self.move_to(0, 0);
            }
            'K' => match number.unwrap_or(0) {
                0 => self.rows[self.row].truncate(self.column),
                1 => {
                    let upto = (self.column + 1).min(self.rows[self.row].len());
                    self.rows[self.row][..upto].fill(' ');
                }
                _ => self.rows[self.row].clear(),
            },
            // Colours, and whether the cursor is seen.
            _ => {}
        }
    }
}
