//! The documentation holds what it says: every page of `docs/` but the guides is read, every example on it runs in this process, in virtual time, and comes to
//! exactly what stands beside it; and each task type has a page with an example of it.
//!
//! An example is a fenced `yaml` document and the fenced blocks behind it, told apart by the words behind the opening fence:
//!
//! | fence | is |
//! |---|---|
//! | `yaml` | a definition; what follows, up to the next one, belongs to it |
//! | `yaml file NAME` | a file in the definition's folder, which the pages call `file:///definitions/` |
//! | `yaml definition` | a definition that is registered, for `run: workflow` |
//! | `json secrets` | names and values |
//! | `json input` | the workflow's input; without it null |
//! | `<any> answer [STATUS] METHOD /path` | what `http://api.test` answers, once |
//! | `json agent NAME`, `json activity NAME` | what an agent or an activity answers, once |
//! | `json event [after DURATION]` | an event from outside |
//! | `json output [after DURATION]` | the output, and the time that it took |
//! | `json error` | members of the error that the workflow faults with |
//! | `yaml part` | a piece of a definition, which only must be YAML |
//! | `sh`, `console`, `text` | prose |
//!
//! `output` or `error` ends a run; an `input` behind it begins another one of the same definition.

#[path = "docs/commands.rs"]
mod commands;
#[path = "docs/fences.rs"]
mod fences;
#[path = "docs/runs.rs"]
mod runs;
#[path = "docs/site.rs"]
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use workflow_runner::engine::Settings;
use workflow_runner::engine::inbox;
use workflow_runner::engine::progress::Progress;
use workflow_runner::{dsl, plan};

use self::runs::{World, follow};

/// Each kind of task that a plan knows, and its page.
const PAGES: [(&str, &str); 18] = [
    ("Set", "set"),
    ("Do", "do"),
    ("For", "for"),
    ("Switch", "switch"),
    ("Fork", "fork"),
    ("Try", "try"),
    ("Raise", "raise"),
    ("Wait", "wait"),
    ("Http", "call-http"),
    ("Agent", "call-agent"),
    ("OpenApi", "call-openapi"),
    ("Activity", "call-activity"),
    ("Function", "call-function"),
    ("Shell", "run-shell"),
    ("Script", "run-script"),
    ("Workflow", "run-workflow"),
    ("Emit", "emit"),
    ("Listen", "listen"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, by its path below `docs/`.
fn pages() -> BTreeMap<String, String> {
    let (mut pages, mut folders) = (BTreeMap::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join("docs").join(&folder)).expect("a folder") {
            let path = folder.join(entry.expect("an entry").file_name());
            let file = root().join("docs").join(&path);
            if file.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = std::fs::read_to_string(&file).expect("a page");
                pages.insert(path.to_string_lossy().into_owned(), text);
            }
        }
    }
    pages
}

#[test]
fn every_example_comes_to_what_its_page_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut problems, mut shown) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
    // The guides are sessions in a shell: `tests/guides.rs` follows them.
    for (page, text) in pages().into_iter().filter(|(page, _)| !page.starts_with("guides/")) {
        let (examples, mistakes) = fences::read(&text);
        problems.extend(mistakes.into_iter().map(|mistake| format!("docs/{page}:{mistake}")));
        for example in examples {
            let followed = tokio::task::LocalSet::new().block_on(&runtime, follow(&world, folder.path(), &example));
            match followed {
                Ok(kinds) => shown.entry(page.clone()).or_default().extend(kinds),
                Err(problem) => problems.push(format!("docs/{page}:{}: {problem}", example.line)),
            }
        }
    }
    for (kind, page) in PAGES {
        let file = format!("tasks/{page}.md");
        if !shown.get(&file).is_some_and(|kinds| kinds.contains(kind)) {
            problems.push(format!("docs/{file}: no example that runs has a task of this type"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_kind_of_task_has_its_page() {
    let source = std::fs::read_to_string(root().join("src/plan/mod.rs")).expect("the plan's source");
    let (_, rest) = source.split_once("\npub enum Kind {\n").expect("the kinds");
    let (body, _) = rest.split_once("\n}").expect("their end");
    let name = |line: &str| line.trim().split('(').next().map(str::to_owned);
    let kinds: BTreeSet<String> = body.lines().filter(|line| !line.trim().starts_with("//")).filter_map(name).collect();
    assert_eq!(kinds, PAGES.iter().map(|(kind, _)| (*kind).to_owned()).collect(), "the kinds, and those with a page");
    let pages = pages();
    for (_, page) in PAGES {
        assert!(pages["README.md"].contains(&format!("(tasks/{page}.md)")), "the index names tasks/{page}.md");
    }
}

/// The guides' commands are run (`tests/guides.rs`), those of the runbooks by `make deploy-fire`. Every other one at least has verbs and flags that
/// there are.
#[test]
fn every_command_that_is_shown_can_be_given() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let callers = std::fs::read_to_string(root().join("examples/callers/README.md")).expect("the callers' README");
    let docs = pages().into_iter().map(|(page, text)| (format!("docs/{page}"), text));
    let mut seen = 0;
    for (page, text) in docs.chain([("README.md".to_owned(), readme), ("examples/callers/README.md".to_owned(), callers)]) {
        for (line, arguments) in commands::of(&text) {
            seen += 1;
            let read = workflow_runner::cli::Cli::read(arguments.iter().map(std::ffi::OsString::from));
            let help = |error: &clap::Error| !error.use_stderr();
            assert!(read.as_ref().err().is_none_or(help), "{page}:{line}: {arguments:?}: {}", read.unwrap_err());
        }
    }
    assert!(seen > 60, "{seen} commands are few");
}

/// Links to places in this repository, of the documentation and of the README.
#[test]
fn no_link_leads_nowhere() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let docs = pages().into_iter().map(|(page, text)| (Path::new("docs").join(page), text));
    for (page, text) in docs.chain([(PathBuf::from("README.md"), readme)]) {
        let folder = root().join(page.parent().expect("a folder"));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_local = !file.is_empty() && !file.contains("://");
            assert!(!is_local || folder.join(file).exists(), "{}: {link}", page.display());
        }
    }
}

/// Numbers of the page of limits that the code has as public constants, and the settings that it names.
#[test]
fn the_limits_are_those_of_the_code() {
    let page = &pages()["limits.md"];
    let megabytes = |bytes: usize| format!("{} MiB", bytes / (1024 * 1024));
    let rows = [
        ("text of a definition", megabytes(dsl::MAX_BYTES)),
        ("keys and values, after aliases are expanded", number(dsl::MAX_NODES)),
        ("nesting of lists and mappings", number(dsl::MAX_DEPTH)),
        ("nesting of tasks, functions and extensions included", number(plan::MAX_NESTING)),
        ("different expressions", number(plan::MAX_EXPRESSIONS)),
        ("documents elsewhere that a definition is made of (functions, schemas)", number(plan::MAX_OUTSIDES)),
        ("diagnostics that are told", number(dsl::MAX_DIAGNOSTICS)),
        ("rows of the task list that people see", number(Progress::MOST_ROWS)),
        ("events that wait for a listener", number(inbox::EVENTS_MAX)),
        ("their size", megabytes(inbox::BYTES_MAX)),
        ("steps (tasks and iterations) between two waits", number(Settings::default().step_limit as usize)),
    ];
    for (name, value) in rows {
        assert!(page.contains(&format!("\n| {name} | {value} |")), "{name}: {value}");
    }
    let settings = std::fs::read_to_string(root().join("config/default.yaml")).expect("the settings");
    for setting in page.split('`').filter(|text| text.split_once('.').is_some_and(|(area, _)| settings.contains(&format!("\n{area}:\n")))) {
        let (area, key) = setting.split_once('.').expect("two parts");
        let section = settings.split(&format!("\n{area}:\n")).nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
        let is_there = |line: &str| line.trim_start_matches([' ', '#']).starts_with(&format!("{key}:"));
        assert!(key == "*" || section.lines().any(is_there), "there is no setting {setting}");
    }
}

/// `100,000`
fn number(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
