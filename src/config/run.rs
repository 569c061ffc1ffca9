//! `run.*`: processes and scripts that documents start.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Key;
use super::http::listed;
use super::reader::Reader;

/// What may be run, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSettings {
    /// Nothing else is started.
    pub enable: BTreeSet<RunKind>,
    /// `PATH` of every process whose document declares none.
    pub path: String,
    /// Of one process or script. The host gives the activity more than that, else an expiry would be reported as a lost worker's.
    pub timeout: Duration,
    /// Of what a process or script writes, both streams together, and of the task's output.
    pub output_limit_bytes: usize,
    /// Program that runs Python scripts: a name to look for on `path`, or a path.
    pub python: String,
    /// Memory of one script in JavaScript.
    pub js_memory_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunKind {
    Shell,
    Js,
    Python,
}

impl RunKind {
    pub const ALL: [Self; 3] = [Self::Shell, Self::Js, Self::Python];

    /// As it stands in `run.enable`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Js => "js",
            Self::Python => "python",
        }
    }
}

pub const KEYS: &[Key] = &[
    Key::new(
        "run.enable",
        "",
        "What `run` tasks may start: any of shell, js, python, with commas between; nothing by default. `run`, `dev` and `test` start all.",
    )
    .list(),
    Key::new("run.path", "/usr/local/bin:/usr/bin:/bin", "PATH of processes; nothing else of this process's environment reaches them."),
    Key::new("run.timeout", "10m", "Longest time of one process or script."),
    // As of an answer to an HTTP call.
    Key::new("run.output_limit_bytes", "2031616", "Most that a process or script may write; Temporal takes payloads of up to 2 MB."),
    Key::new("run.python", "python3", "Program that runs Python scripts."),
    Key::new("run.js_memory_bytes", "67108864", "Memory of one script in JavaScript."),
];

impl RunSettings {
    /// Where a person starts the run, on that person's machine.
    pub const ENABLED: (&'static str, &'static str) = ("run.enable", "shell, js, python");

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            enable: reader.parse("run.enable", |text| listed(text).map(kind).collect()),
            path: reader.text("run.path"),
            timeout: reader.duration("run.timeout", Duration::from_millis(1)..=Duration::from_hours(24)),
            output_limit_bytes: reader.number("run.output_limit_bytes", 1..=1 << 30),
            python: reader.text("run.python"),
            js_memory_bytes: reader.number("run.js_memory_bytes", 1 << 20..=1 << 32),
        }
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        super::defaults(Self::read)
    }
}

fn kind(word: &str) -> Result<RunKind, String> {
    let found = RunKind::ALL.into_iter().find(|kind| kind.word() == word);
    found.ok_or_else(|| format!("any of {} is needed, not `{word}`", RunKind::ALL.map(RunKind::word).join(", ")))
}
