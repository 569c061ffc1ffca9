//! Problems as JSON, for programs.
//!
//! An array with one object per problem, each on a line of its own, in the order of the files and of their text:
//!
//! ```text
//! {"code": "E0201", "severity": "error", "message": text, "help"?: text, "file": text,
//!  "span": {"start": byte, "end": byte, "line": from 1, "column": in characters from 1},
//!  "labels"?: [{"span": {…}, "text": text}], "reference"?: JSON pointer of the task}
//! ```
//!
//! `severity` is `error`, `unsupported` (right, but this runner cannot run it yet) or `warning`.

use super::Checked;

pub(super) fn array(checked: &[Checked]) -> String {
    let diagnostics = checked.iter().flat_map(|checked| &checked.diagnostics);
    let lines: Vec<String> = diagnostics.filter_map(|diagnostic| serde_json::to_string(diagnostic).ok()).collect();
    if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) }
}
