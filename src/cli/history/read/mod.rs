//! Histories as they are saved: by the `temporal` program, by Temporal's web page, by the SDK, as protobuf.
//!
//! | begins with | is |
//! |---|---|
//! | `{` or `[` | JSON: an object with `events` (or `history.events`), or a list of events; their members in camel case (protobuf's JSON) or in snake case (the SDK's) |
//! | anything else | protobuf, `temporal.api.history.v1.History` |

mod json;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use prost::Message as _;
use temporalio_common::protos::temporal::api::history::v1::History;

/// Temporal ends a run at 50 MB; as JSON that is about twice as much, and there may be white space.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// How stdin is written on the command line.
const STDIN: &str = "-";
/// Endings of the files of a folder that are histories.
const ENDINGS: [&str; 4] = ["json", "binpb", "bin", "pb"];

/// A history, and where it comes from.
#[derive(Debug)]
pub struct Saved {
    pub name: String,
    pub history: History,
    /// Its payloads were written for people and have been made again from what they show.
    pub remade: bool,
}

/// The files that a path means: a folder's histories in the order of their names, or the path itself.
///
/// # Errors
/// A folder that cannot be read, or has none.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.as_os_str() == STDIN || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error: io::Error| format!("cannot read {}: {error}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let wanted = |ending: &std::ffi::OsStr| ENDINGS.iter().any(|known| ending == *known);
        if file.is_file() && file.extension().is_some_and(wanted) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(format!("{} has no histories: files that end in .{}", path.display(), ENDINGS.join(", .")));
    }
    Ok(files)
}

/// Reads one file; `-` is stdin.
///
/// # Errors
/// In words, with the name.
pub fn read(path: &Path) -> Result<Saved, String> {
    let (name, bytes) = if path.as_os_str() == STDIN {
        ("stdin".to_owned(), bytes(io::stdin().lock()))
    } else {
        (path.display().to_string(), File::open(path).and_then(bytes))
    };
    let bytes = bytes.map_err(|error| format!("cannot read {name}: {error}"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("{name} is larger than a history can be: {} MiB", MOST_BYTES >> 20));
    }
    let (history, remade) = parse(&bytes).map_err(|error| format!("{name} is no history: {error}"))?;
    Ok(Saved { name, history, remade })
}

fn bytes(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The history, and whether its payloads had to be made again.
fn parse(bytes: &[u8]) -> Result<(History, bool), String> {
    // Editors of some systems begin a text with a mark of its byte order.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    match text.first() {
        None => Err("it is empty".to_owned()),
        Some(b'{' | b'[') => json::parse(text),
        // Protobuf's first byte here is that of the field `events`.
        Some(_) if bytes.first() == Some(&0x0a) => {
            let history = History::decode(bytes).map_err(|error| format!("it is neither JSON nor whole protobuf ({error})"))?;
            if history.events.first().is_none_or(|event| event.event_id == 0) {
                return Err("it is neither JSON nor the protobuf of a history".to_owned());
            }
            Ok((history, false))
        }
        Some(_) => Err("it is neither JSON nor protobuf".to_owned()),
    }
}

#[cfg(test)]
mod tests;
