//! A measured figure and its target.

#[derive(Clone, Copy)]
pub enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// No target: not measured, or shown for information.
    None,
}

/// A row of the table.
pub struct Row {
    what: String,
    measured: f64,
    unit: &'static str,
    bar: Bar,
    /// The numbers behind it.
    note: String,
}

impl Row {
    pub fn new(what: impl Into<String>, measured: f64, unit: &'static str, bar: Bar) -> Self {
        Self { what: what.into(), measured, unit, bar, note: String::new() }
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    pub fn is_kept(&self) -> bool {
        match self.bar {
            Bar::AtLeast(bar) => self.measured >= bar,
            Bar::AtMost(bar) => self.measured <= bar,
            Bar::None => true,
        }
    }

    fn cells(&self) -> [String; 5] {
        let unit = self.unit;
        let bar = match self.bar {
            Bar::AtLeast(bar) => format!("≥ {bar}{unit}"),
            Bar::AtMost(bar) => format!("≤ {bar}{unit}"),
            Bar::None => "-".to_owned(),
        };
        let measured =
            if self.measured.is_nan() { "not measured".to_owned() } else { format!("{:.2}{unit}", self.measured) };
        let missed = if self.is_kept() { "" } else { "MISSED" };
        [self.what.clone(), measured, bar, missed.to_owned(), self.note.clone()]
    }
}

pub fn print(rows: &[Row]) {
    let head = ["figure", "measured", "bar", "", "behind it"].map(str::to_owned);
    let lines: Vec<[String; 5]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    println!();
    for [what, measured, bar, missed, note] in &lines {
        let [a, b, c, d] = widths;
        println!("{}", format!("{what:<a$}  {measured:>b$}  {bar:>c$}  {missed:<d$}  {note}").trim_end());
    }
    println!();
}

/// The middle value, or the mean of the two middle values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 }
}
