//! 1,000 nasty CSV files, row by row against what Python's csv module reads: `tests/fixtures/lists/python_csv.py`.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct File {
    text: String,
    closed: bool,
    /// Line, whether strict parsing accepts it, cells.
    rows: Vec<(u64, bool, Vec<String>)>,
}

/// The rows of a file that are recipients, and how many others there are.
fn expected(file: &File, until: u64) -> (Vec<(u64, String, String)>, u64) {
    let (mut good, mut bad) = (Vec::new(), 0);
    for (line, sound, cells) in file.rows.iter().skip(1).filter(|(line, ..)| *line < until) {
        let is_whole = *sound && cells.len() >= 3 && cells[3..].iter().all(|cell| cell.trim_ascii().is_empty());
        if !is_whole || token_fault(cells[0].trim_ascii().as_bytes()).is_some() {
            bad += 1;
            continue;
        }
        let values = serde_json::json!({ "name": cells[1], "note": cells[2] });
        good.push((*line, cells[0].trim_ascii().to_owned(), values.to_string()));
    }
    (good, bad)
}

#[test]
fn rows_are_those_that_python_reads() {
    let packed = include_bytes!("../../../tests/fixtures/lists/python_csv.json.gz");
    let files: Vec<File> = serde_json::from_reader(flate2::read::GzDecoder::new(packed.as_slice())).unwrap();
    let (mut rows, mut bad_rows, mut unclosed) = (0, 0, 0);
    for (index, file) in files.iter().enumerate() {
        // Python reads a quote that is never closed to the end of the file, we to the end of its line.
        let last = file.rows.last().unwrap();
        let until = if file.closed { u64::MAX } else { last.0 };
        unclosed += u64::from(!file.closed);
        let (good, bad) = expected(file, until);
        let options = ReadOptions { allow_bad_rows: true, allow_odd_tokens: true, ..ReadOptions::default() };
        let list = match drip(&[file.text.as_bytes()], usize::MAX, &options, Columns::All) {
            Ok(list) => list,
            Err(error) => {
                assert!(good.is_empty() && error.exit() == Exit::Refused, "file {index}: {error}\n{}", file.text);
                continue;
            }
        };
        let found: Vec<_> = list.rows.iter().filter(|row| row.0 < until).cloned().collect();
        assert_eq!(found, good, "file {index}: {:?}\n{}", list.faults(), file.text);
        let found_bad = list.bad.iter().filter(|row| row.line < until).count() as u64;
        assert_eq!(found_bad, bad, "file {index}: {:?}\n{}", list.faults(), file.text);
        rows += good.len();
        bad_rows += bad;
    }
    assert_eq!(files.len(), 1000);
    assert!(rows > 1000 && bad_rows > 1000 && unclosed < 300, "{rows} {bad_rows} {unclosed}");
}
