//! The guides and the README do what they say: each is read as a session in a shell, its commands are run one after the other in an empty folder,
//! and what they print is held against what the page shows.
//!
//! | fence | is |
//! |---|---|
//! | `LANGUAGE file NAME` | a file in the session's folder |
//! | `LANGUAGE append NAME` | more of it |
//! | `console` | `$ command`, and below it what it prints; it ends well |
//! | `console exit=N` | the same; the last command ends with this code |
//! | `console until` | the last command serves until the page ends, or until `$ stop` stands where a command would; waits until it has printed what stands below it |
//! | `sh` | commands that need what a test has not: a cluster, a registry |
//! | `yaml part`, `text`, `json` | to be read |
//!
//! In what is printed, `…` alone on a line stands for any lines, and `…` within one for any text.
//!
//! The program, the `temporal` program and the folder `examples` are there as they would be in a checkout. A server of Temporal that a page starts
//! gets ports of its own, and every command knows its address.

#[path = "guides/matching.rs"]
mod matching;
#[path = "guides/page.rs"]
mod page;
#[path = "guides/session.rs"]
mod session;

use std::path::{Path, PathBuf};

use self::page::{Ending, Piece};
use self::session::Session;

/// Programs that a page may show without running them.
const ELSEWHERE: [&str; 10] = ["cargo", "curl", "docker", "git", "go", "grpcurl", "helm", "kubectl", "make", "npm"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn follow(page: &str) {
    let text = std::fs::read_to_string(root().join(page)).expect("a page");
    let pieces = page::read(&text).unwrap_or_else(|mistake| panic!("{page}:{mistake}"));
    let mut session = Session::start(root());
    for piece in pieces {
        let place = format!("{page}:{}", piece.line());
        match piece {
            Piece::File { name, text, append, .. } => session.file(&name, &text, append),
            Piece::Shown { commands, .. } => {
                for command in commands {
                    let program = command.split(' ').find(|word| !word.contains('=')).unwrap_or_default();
                    assert!(ELSEWHERE.contains(&program), "{place}: `{program}` can be run: make it a console");
                }
            }
            Piece::Run { commands, ending, .. } => {
                let last = commands.len() - 1;
                for (index, command) in commands.iter().enumerate() {
                    let ending = if index == last { ending } else { Ending::Code(0) };
                    if let Err(problem) = session.run(command, ending) {
                        panic!("{place}: `{}`: {problem}\n\nthe session so far:\n{}", command.line, session.transcript());
                    }
                }
            }
        }
    }
    if let Err(problem) = session.end() {
        panic!("{page}: at its end: {problem}\n\nthe session:\n{}", session.transcript());
    }
}

/// One test for each page, so that they run side by side and a failure has a name.
macro_rules! pages {
    ($($test:ident: $page:literal;)*) => {
        $(#[test] fn $test() { follow($page); })*

        const FOLLOWED: &[&str] = &[$($page),*];
    };
}

pages! {
    readme: "README.md";
    cut_over: "docs/guides/cut-over.md";
    deploy: "docs/guides/deploy.md";
    first_agent: "docs/guides/first-agent.md";
    first_workflow: "docs/guides/first-workflow.md";
    secrets: "docs/guides/secrets.md";
    testing: "docs/guides/testing.md";
}

#[test]
fn every_guide_is_followed() {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(root().join("docs/guides")).expect("the guides") {
        files.push(entry.expect("an entry").path());
    }
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let page = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        assert!(FOLLOWED.contains(&page.as_str()), "{page} has no test here");
    }
}
