//! Metrics as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the process ends.
    Counter,
    Gauge,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// Names and values.
pub type Labels<'l> = Vec<(&'static str, &'l str)>;

/// Families of metrics, as text.
#[derive(Debug, Default)]
pub struct Metrics(String);

impl Metrics {
    /// Adds a family, unless it has no value.
    pub fn add<'l>(
        &mut self,
        kind: Kind,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l>, String)>,
    ) {
        let lines: String =
            values.into_iter().map(|(labels, value)| format!("{name}{} {value}\n", of_all(&labels))).collect();
        if !lines.is_empty() {
            // A String takes everything.
            let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {}\n{lines}", kind.name());
        }
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

fn of_all(labels: &Labels<'_>) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let label = |(name, value): &(&str, &str)| {
        format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    };
    format!("{{{}}}", labels.iter().map(label).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_without_values_are_left_out_and_labels_are_escaped() {
        let mut metrics = Metrics::default();
        metrics.add(Kind::Gauge, "a", "Nothing.", Vec::new());
        metrics.add(Kind::Counter, "b_total", "All.", [(vec![("x", "1\n\"2\\"), ("y", "")], "5".to_owned())]);
        metrics.add(Kind::Gauge, "c", "One.", [(vec![], "0".to_owned())]);
        assert_eq!(
            metrics.into_text(),
            "# HELP b_total All.\n# TYPE b_total counter\nb_total{x=\"1\\n\\\"2\\\\\",y=\"\"} 5\n\
             # HELP c One.\n# TYPE c gauge\nc 0\n"
        );
    }
}
