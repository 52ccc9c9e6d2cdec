//! What a person or a script reads: results on standard output, everything else on standard error. A reader that went
//! away (`| head`) is no error.

use std::io::Write;

use anyhow::{Context, Result};
use serde::Serialize;

/// One line of a result.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A step that somebody may be waiting for.
pub fn progress(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The sentence with which a command ends.
pub fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr().lock(), "socialai: {sentence}");
}

/// The result as one JSON document.
pub fn say_json(value: &impl Serialize) -> Result<()> {
    say(&serde_json::to_string_pretty(value).context("the result cannot be written as JSON")?);
    Ok(())
}

/// Rows in columns, the first row being the heads.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    for row in rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        say(cells.join("  ").trim_end());
    }
}

/// The name that a value has in JSON.
pub fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
