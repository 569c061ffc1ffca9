//! What each room of `src/` may use, held against what its files say. The table is the design: a room that needs more than it has here needs
//! a second thought first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// `cli` and the two crate roots may use everything.
const UNBOUND: [&str; 3] = ["cli", "lib", "main"];

/// Room, and the rooms that it may use beside itself.
const ROOMS: [(&str, &[&str]); 15] = [
    ("activities", &["effects", "handshake", "stigmer", "plan", "expr", "config", "telemetry"]),
    ("admin", &["config", "telemetry"]),
    ("config", &[]),
    ("control_plane", &["stigmer", "effects"]),
    // A listener in front of both ways of running. Of `temporal` it needs what a run is made of and looks like, and nothing of the SDK.
    ("direct", &["activities", "handshake", "local", "temporal", "engine", "effects", "stigmer", "plan", "expr", "config"]),
    ("dsl", &[]),
    // `telemetry`: the span that a call runs in, for the callee and for its status.
    ("effects", &["expr", "config", "telemetry"]),
    ("engine", &["plan", "expr"]),
    ("expr", &[]),
    ("handshake", &[]),
    // What it gives to the engine and takes from it are plans and data.
    ("local", &["engine", "effects", "plan", "expr", "config"]),
    ("plan", &["dsl", "expr"]),
    ("stigmer", &["dsl"]),
    ("telemetry", &["config"]),
    ("temporal", &["engine", "handshake", "activities", "plan", "expr", "config", "telemetry", "admin"]),
];

/// Where these are allowed, nobody has to use them.
const COMMON: [&str; 2] = ["config", "telemetry"];

/// Rooms that may name Temporal's SDK.
const SDK: [&str; 5] = ["activities", "cli", "control_plane", "handshake", "temporal"];

/// Of these, `temporal` may only signal how its threads are.
const ADMIN_IN_TEMPORAL: [&str; 2] = ["Latch", "Liveness"];

const LONGEST_FILE: usize = 500;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![src.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of src") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&src).expect("within src");
                let room = below.components().next().expect("a name").as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = std::fs::read_to_string(&path).expect("source text");
                sources.push(Source { path, room, text });
            }
        }
    }
    assert!(sources.len() > 100, "src was not found");
    sources
}

/// Every path that begins with `crate::`, groups taken apart: `crate::{a::b, c::{d, e}}` is `a::b`, `c::d`, `c::e`.
fn crate_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        // `$crate::` and `workflow_crate::` would be something else.
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        spread("", &text[at + "crate::".len()..], &mut paths);
    }
    paths
}

/// Reads one path after `prefix`; gives what follows it.
fn spread<'t>(prefix: &str, text: &'t str, paths: &mut Vec<String>) -> &'t str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = spread(prefix, rest, paths).trim_start();
            match rest.strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                more => {
                    let end = more.unwrap_or(rest).trim_start();
                    return end.strip_prefix('}').unwrap_or(end);
                }
            }
        }
    }
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let path = if prefix.is_empty() { text[..end].to_owned() } else { format!("{prefix}::{}", &text[..end]) };
    let rest = &text[end..];
    match rest.strip_prefix("::") {
        Some(more) if more.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '{') => spread(&path, more, paths),
        _ => {
            paths.push(path);
            // `name::*` and `name as other`
            let rest = rest.strip_prefix("::*").unwrap_or(rest);
            rest.trim_start().strip_prefix("as ").map_or(rest, |other| other.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'))
        }
    }
}

#[test]
fn paths_are_read_as_rust_reads_them() {
    let text = "use crate::a::B;\nuse crate::{c::d, e::{F as G, self, h::*,},\n i};\nlet x = crate::j::k(crate::l::M::new());";
    let mut paths = crate_paths(text);
    paths.sort();
    assert_eq!(paths, ["a::B", "c::d", "e::F", "e::h", "e::self", "i", "j::k", "l::M::new"]);
}

#[test]
fn a_room_uses_only_what_the_table_allows() {
    let allowed: BTreeMap<_, BTreeSet<_>> = ROOMS.iter().map(|(room, uses)| (*room, uses.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !UNBOUND.contains(&source.room.as_str())) {
        let Some(allowed) = allowed.get(source.room.as_str()) else {
            wrong.push(format!("{}: room `{}` is not in the table", source.path.display(), source.room));
            continue;
        };
        for path in crate_paths(&source.text) {
            let (room, rest) = path.split_once("::").unwrap_or((&path, ""));
            let stranger = room != source.room && !allowed.contains(room);
            let admin = source.room == "temporal" && room == "admin";
            if stranger || (admin && !ADMIN_IN_TEMPORAL.iter().any(|name| rest.starts_with(name))) {
                wrong.push(format!("{}: crate::{path}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "not allowed by the table:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_allows_nothing_that_is_not_used() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let rooms = crate_paths(&source.text).into_iter().map(|path| path.split("::").next().unwrap_or_default().to_owned());
        used.entry(source.room).or_default().extend(rooms);
    }
    for (room, uses) in ROOMS {
        let used = used.get(room).unwrap_or_else(|| panic!("there is no room `{room}`"));
        let idle: Vec<_> = uses.iter().filter(|other| !used.contains(**other) && !COMMON.contains(other)).collect();
        assert!(idle.is_empty(), "`{room}` does not use {idle:?}: narrow the table");
    }
}

#[test]
fn no_room_uses_itself_by_way_of_another() {
    let table: BTreeMap<_, _> = ROOMS.into_iter().collect();
    for (room, uses) in ROOMS {
        let (mut next, mut seen) = (uses.to_vec(), BTreeSet::new());
        while let Some(other) = next.pop() {
            assert_ne!(other, room, "`{room}` is used by what it uses");
            if seen.insert(other) {
                next.extend(table[other]);
            }
        }
    }
}

#[test]
fn the_sdk_stays_in_its_rooms() {
    // What stands between quotes is text: the names of its log targets, say.
    let names_it = |text: &str| text.lines().any(|line| line.split('"').step_by(2).any(|code| code.contains("temporalio_")));
    let elsewhere = |source: &&Source| !SDK.contains(&source.room.as_str()) && names_it(&source.text);
    let wrong: Vec<_> = sources().iter().filter(elsewhere).map(|source| source.path.display().to_string()).collect();
    assert!(wrong.is_empty(), "these name Temporal's SDK: {wrong:?}");
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let lines = |source: &Source| source.text.lines().count();
    let long: Vec<_> =
        sources().iter().filter(|s| lines(s) > LONGEST_FILE).map(|s| format!("{} has {}", s.path.display(), lines(s))).collect();
    assert!(long.is_empty(), "split them: {long:?}");
}
