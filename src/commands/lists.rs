//! The arguments of every command that takes a token list, and one way to read it: checks, reject report, `--strict`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::signals::Signals;
use crate::audience::{self, Bad, Columns, Input, Item, ListTally, ReadOptions, RejectReport, Row, Sample};
use crate::commands::context::Context;
use crate::commands::failure;
use crate::commands::output::{Kind, Outputs};
use crate::error::{Error, Result};
use crate::ledger::spool::{Listing, Spool};
use crate::text::{count, thousands};
use crate::ui::Ui;

/// How many bad rows are shown on stderr when there is no report.
const SHOWN: usize = 3;

const REJECT: &str = "--reject";

#[derive(clap::Args, Clone, Debug, Default)]
pub struct ListArgs {
    /// Token lists: CSV, NDJSON, plain text, or pages of Graph's token list; also gzip and zstd [default: stdin, also for -].
    #[arg(value_name = "TOKENS")]
    pub files: Vec<PathBuf>,
    /// Column with the tokens: a header name, a path into JSON (data.token), or a number for lists without a header.
    #[arg(long, value_name = "COLUMN")]
    pub token_column: Option<String>,
    /// Column delimiter (one character, or tab), if it is not detected correctly.
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// The first row is data, even if it looks like a header.
    #[arg(long)]
    pub no_header: bool,
    /// Write bad rows to this CSV file: line, column, reason, the masked row, file.
    #[arg(long, value_name = "FILE")]
    pub reject: Option<PathBuf>,
    /// Write to output files that exist and were not made by mmsg.
    #[arg(long)]
    pub force: bool,
    /// Refuse the whole list (exit code 5) if it has one bad row.
    #[arg(long, conflicts_with = "allow_bad_rows")]
    pub strict: bool,
    /// Use the good rows of a list even if more than half of its rows are bad.
    #[arg(long)]
    pub allow_bad_rows: bool,
    /// Accept tokens that look different from the others in the list, or do not look like tokens.
    #[arg(long)]
    pub allow_odd_tokens: bool,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(*byte),
            _ => Err("one ASCII character other than a quote, or tab".to_owned()),
        },
    }
}

/// A list that was read to its end.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    pub tally: ListTally,
    /// The first bad rows.
    pub samples: Vec<Bad>,
    pub report: Option<PathBuf>,
}

impl ListArgs {
    /// What to read.
    ///
    /// # Errors
    ///
    /// Exit 2 when nothing is named and stdin is a terminal.
    pub fn inputs(&self) -> Result<Vec<Input>> {
        self.inputs_with(io::stdin().is_terminal())
    }

    fn inputs_with(&self, stdin_is_terminal: bool) -> Result<Vec<Input>> {
        if self.files.is_empty() {
            if stdin_is_terminal {
                return Err(Error::usage("no token list: nothing is named, and stdin is a terminal")
                    .hint("name a file, or pipe a list in: psql … | mmsg …; - reads what you type"));
            }
            return Ok(vec![Input::Stdin]);
        }
        Ok(self.files.iter().cloned().map(Input::from_arg).collect())
    }

    /// What to read, and the command's outputs without any that would overwrite it.
    ///
    /// # Errors
    ///
    /// Those of [`ListArgs::inputs`]; exit 2 when the reject report must not be written.
    pub fn check(&self, outputs: &mut Outputs) -> Result<()> {
        self.inputs()?;
        outputs.protect_inputs("the list", self.files.iter().map(PathBuf::as_path));
        self.reject.as_deref().map_or(Ok(()), |path| outputs.expect(REJECT, path, Kind::Rejects))
    }

    /// What the operator named, for the ledger and for people.
    pub fn source(&self) -> String {
        if self.files.is_empty() {
            return "-".to_owned();
        }
        self.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Reads the list. Good rows go to `sink`, bad ones to the report.
    ///
    /// Blocking. On `Err` the caller drops what `sink` was given.
    ///
    /// # Errors
    ///
    /// Those of [`audience::read`] and `sink`; exit 5 for a bad row with `--strict`, once all have been reported.
    pub fn read(
        &self,
        inputs: &[Input],
        wanted: Columns,
        mut report: Option<RejectReport>,
        progress: &mut dyn FnMut(u64, u64),
        sink: &mut dyn FnMut(Row<'_>) -> Result<()>,
    ) -> Result<Listed> {
        let options = ReadOptions {
            token_column: self.token_column.clone(),
            delimiter: self.delimiter,
            no_header: self.no_header,
            allow_bad_rows: self.allow_bad_rows,
            allow_odd_tokens: self.allow_odd_tokens,
        };
        let mut samples = Vec::new();
        let read = audience::read(inputs, &options, wanted, progress, &mut |item| match item {
            Item::Row(row) => sink(row),
            Item::Bad(bad) => {
                if samples.len() < SHOWN {
                    samples.push(bad.clone());
                }
                report.as_mut().map_or(Ok(()), |report| report.add(bad))
            }
        });
        // The report is on disk before anything refers to it, even if the list is refused.
        let flushed = report.as_mut().map_or(Ok(()), RejectReport::flush);
        let tally = read?;
        flushed?;
        if self.strict && tally.bad > 0 {
            let first = samples.first().map(|bad| format!("; the first: {}", line_of(bad))).unwrap_or_default();
            return Err(Error::refused(format!(
                "{} of {} {} bad, and --strict takes all or nothing{first}",
                thousands(tally.bad),
                count(tally.rows, "row", "rows"),
                if tally.bad == 1 { "is" } else { "are" },
            ))
            .hint(match &self.reject {
                Some(path) => format!("see {}", path.display()),
                None => "--reject FILE writes them all to a file".to_owned(),
            }));
        }
        Ok(Listed { tally, samples, report: self.reject.clone() })
    }
}

/// Reads the list into a spool in `folder`, with progress, until its end or until somebody asks to stop.
///
/// # Errors
///
/// Those of [`ListArgs::read`]; exit 10 when the spool's disk is full; exit 130 or 143 when asked to stop.
pub async fn spool(
    context: &Context,
    signals: &Signals,
    outputs: &Outputs,
    args: &ListArgs,
    wanted: Columns,
    folder: PathBuf,
) -> Result<(Listed, Listing)> {
    let inputs = args.inputs()?;
    let report = match &args.reject {
        Some(path) => Some(RejectReport::begin(path, outputs.start(REJECT, path, Kind::Rejects)?)?),
        None => None,
    };
    let progress = context.ui.progress(total_bytes(&inputs).filter(|bytes| *bytes > 0), "bytes");
    let args = args.clone();
    let (listed, listing) = signals
        .blocking_or_stopped(
            move || {
                let failed = |error| failure::ledger::of_spool(error, &folder);
                let mut spool = Spool::new(&folder).map_err(failed)?;
                let listed = args.read(&inputs, wanted, report, &mut |bytes, _| progress.set(bytes), &mut |row| {
                    spool.add(row.token, row.values).map_err(failed)
                })?;
                Ok((listed, spool.finish().map_err(failed)?))
            },
            "interrupted while the list was read: nothing was changed",
        )
        .await?;
    listed.tell(&context.ui);
    Ok((listed, listing))
}

impl Listed {
    /// Reports on stderr how the list was read, its bad rows, and whether it was empty.
    fn tell(&self, ui: &Ui) {
        self.tally.notes.iter().for_each(|note| ui.status(note));
        if self.tally.empty_header_only {
            ui.status("the list has a header but no rows; nothing to add");
        }
        if self.tally.bad == 0 {
            return;
        }
        let (bad, rows) = (self.tally.bad, count(self.tally.rows, "row", "rows"));
        let said = format!("{} of {rows} {} bad", thousands(bad), if bad == 1 { "is" } else { "are" });
        match &self.report {
            Some(path) => ui.warn(&format!("{said}; see {}", path.display())),
            None => {
                ui.warn(&said);
                self.samples.iter().for_each(|bad| ui.warn(&format!("  {}", line_of(bad))));
                ui.hint("--reject FILE writes them all to a file");
            }
        }
    }
}

/// Shows how the tokens of a list were read: the first, and the one that looks least like the others. Masked, since stderr is not data.
pub fn tell_tokens(tally: &ListTally, ui: &Ui) {
    let shown = |sample: &Sample| {
        let file = if sample.file == "-" { "stdin" } else { &sample.file };
        format!("{} ({}; {file} line {})", sample.masked, sample.looks, sample.line)
    };
    if let Some(first) = &tally.first {
        ui.status(&format!("first token: {}", shown(first)));
        match &tally.oddest {
            Some(oddest) => ui.status(&format!("oddest token: {}", shown(oddest))),
            None => ui.status(&format!("all tokens have {}", first.looks)),
        }
    }
}

fn line_of(bad: &Bad) -> String {
    let file = if bad.file == "-" { "stdin" } else { &bad.file };
    format!("{file} line {}: {}", bad.line, bad.reason)
}

/// Bytes of all inputs together, for a progress bar; `None` when one of them has no known size.
pub fn total_bytes(inputs: &[Input]) -> Option<u64> {
    inputs
        .iter()
        .map(|input| match input {
            Input::Stdin => None,
            Input::File(path) => {
                std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|found| found.len())
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::error::Exit;

    fn list(folder: &Path, text: &str) -> ListArgs {
        let path = folder.join("list.csv");
        std::fs::write(&path, text).unwrap();
        ListArgs { files: vec![path], ..ListArgs::default() }
    }

    fn read(args: &ListArgs) -> Result<(Listed, Vec<String>)> {
        let mut seen = Vec::new();
        let inputs = args.inputs_with(true)?;
        let report = args.reject.as_ref().map(|path| {
            let file = std::fs::File::create(path).unwrap();
            RejectReport::begin(path, file).unwrap()
        });
        let listed = args.read(&inputs, Columns::None, report, &mut |_, _| (), &mut |row| {
            seen.push(row.token.to_owned());
            Ok(())
        })?;
        Ok((listed, seen))
    }

    #[test]
    fn nothing_named_is_stdin_unless_it_is_a_terminal() {
        let args = ListArgs::default();
        assert_eq!(args.inputs_with(false).unwrap(), [Input::Stdin]);
        assert_eq!(args.inputs_with(true).unwrap_err().exit(), Exit::Usage);
        let typed = ListArgs { files: vec!["-".into()], ..ListArgs::default() };
        assert_eq!(typed.inputs_with(true).unwrap(), [Input::Stdin]);
    }

    #[test]
    fn bad_rows_go_to_the_report_and_strict_refuses_them() {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("rejects.csv");
        let mut args = list(folder.path(), "token\n111\n1.23E+16\n222\nx y\n");
        args.reject = Some(report.clone());
        let (listed, seen) = read(&args).unwrap();
        assert_eq!(seen, ["111", "222"]);
        assert_eq!((listed.tally.bad, listed.samples.len()), (2, 2));
        let text = std::fs::read_to_string(&report).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("\n3,token,\"a spreadsheet turned the token into 1.23E+16"), "{text}");
        args.strict = true;
        let error = read(&args).unwrap_err();
        assert_eq!(error.exit(), Exit::Refused);
        assert!(error.message().starts_with("2 of 4 rows are bad"), "{error}");
        assert_eq!(std::fs::read_to_string(&report).unwrap(), text, "reported in full all the same");
    }

    #[test]
    fn a_list_refused_whole_leaves_its_report() {
        let folder = tempfile::tempdir().unwrap();
        let mut args = list(folder.path(), "token\nx y\n");
        args.reject = Some(folder.path().join("rejects.csv"));
        assert_eq!(read(&args).unwrap_err().exit(), Exit::Refused);
        assert_eq!(std::fs::read_to_string(folder.path().join("rejects.csv")).unwrap().lines().count(), 2);
    }

    #[test]
    fn delimiters_on_the_command_line() {
        for (text, byte) in [(";", b';'), ("tab", b'\t'), ("\\t", b'\t'), ("\t", b'\t'), ("|", b'|')] {
            assert_eq!(delimiter(text), Ok(byte));
        }
        for text in ["", "\"", "\n", "ab", "é"] {
            assert!(delimiter(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn sizes_add_up_when_all_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let args = list(folder.path(), "token\n");
        let inputs = args.inputs_with(true).unwrap();
        assert_eq!(total_bytes(&inputs), Some(6));
        assert_eq!(total_bytes(&[inputs[0].clone(), Input::Stdin]), None);
    }
}
