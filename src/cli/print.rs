//! Writing to stdout.

use std::io::{self, ErrorKind, Write as _};

use super::Exit;

/// Writes `text` to stdout and gives `exit`. A reader that has seen enough (`… | head`) is no failure; a full disk is one.
#[must_use]
pub fn data(text: &str, exit: Exit) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: cannot write to stdout: {error}");
            Exit::Faulted
        }
        _ => exit,
    }
}

/// Text of others on one line of a terminal: what would be a command to it, or a line end, becomes a blank.
#[must_use]
pub fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The same on as many lines as it has.
#[must_use]
pub fn lines(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// `1 error`, `3 errors`.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
