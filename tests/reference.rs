//! The pages of `docs/reference/` that are made of the program's own tables, and `llms.txt`: they are as the program is.
//!
//! `REFERENCE_UPDATE=1 cargo test --test reference` writes them.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use workflow_runner::cli::{Cli, Exit};
use workflow_runner::config;
use workflow_runner::dsl::codes;
use workflow_runner::telemetry::reference;

const MADE: &str = "<!-- Made by `REFERENCE_UPDATE=1 cargo test --test reference`. -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Holds a page against what it must be, or writes it.
fn hold(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("REFERENCE_UPDATE").is_some() {
        std::fs::write(&file, text).expect("written");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == text, "{path} is not what the program is: run `REFERENCE_UPDATE=1 cargo test --test reference` and commit it");
}

/// A cell of a table: `|` and line ends would leave it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn settings() {
    let mut text = format!(
        "{MADE}# Settings\n\n\
        A setting has one name. It stands in the file of `--config FILE` or `WORKFLOW_RUNNER_CONFIG` (`http: {{timeout: 5m}}`), or in the environment (`WORKFLOW_RUNNER_HTTP__TIMEOUT=5m`). \
        The later wins: defaults, the file, the environment, flags. An unknown name is an error, and all mistakes are told at once. \
        Durations are written `500ms`, `3s`, `10m` or `24h`.\n\n\
        `workflow-runner worker --dump-config` prints the settings in effect, and where each comes from. [`config/default.yaml`](../../config/default.yaml) is this page as a file.\n"
    );
    let mut area = "";
    for key in config::keys() {
        if key.area() != area {
            area = key.area();
            let _ = write!(text, "\n## {area}\n\n| setting | default | environment | |\n|---|---|---|---|\n");
        }
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", cell(key.default)) };
        let variables: Vec<String> = std::iter::once(key.variable()).chain(key.also.iter().map(|&name| name.to_owned())).collect();
        let variables: Vec<String> = variables.iter().map(|name| format!("`{name}`")).collect();
        let note = if key.secret { " Its value is never shown." } else { "" };
        let _ = writeln!(text, "| `{}` | {default} | {} | {}{note} |", key.path, variables.join(", "), cell(key.doc));
    }
    hold("docs/reference/settings.md", &text);
}

#[test]
fn commands() {
    let mut program = Cli::command().term_width(100);
    program.build();
    let mut text = format!("{MADE}# Commands\n\nData goes to stdout, everything else to stderr. `NO_COLOR` is honoured.\n");
    let _ = write!(text, "\n## workflow-runner\n\n```text\n{}\n```\n", program.render_long_help().to_string().trim_end());
    describe(&mut program, "workflow-runner", &mut text);
    hold("docs/reference/cli.md", &text);
}

/// The commands below `above`, each with its help.
fn describe(above: &mut clap::Command, name: &str, text: &mut String) {
    for command in above.get_subcommands_mut().filter(|command| !command.is_hide_set() && command.get_name() != "help") {
        let name = format!("{name} {}", command.get_name());
        let help = command.render_long_help().to_string();
        // A blank line of the help may have the indent of the lines around it.
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
        describe(command, &name, text);
    }
}

#[test]
fn metrics() {
    hold("docs/reference/metrics.md", &format!("{MADE}{}", reference::page()));
}

#[test]
fn exit_codes() {
    let mut text = format!("{MADE}# Exit codes\n\nThey stay as they are: scripts depend on them.\n\n| code | |\n|---|---|\n");
    for exit in Exit::ALL {
        let _ = writeln!(text, "| {} | {} |", exit.code(), exit.meaning());
    }
    hold("docs/reference/exit-codes.md", &text);
}

#[test]
fn error_codes() {
    let mut text = format!(
        "{MADE}# Codes of diagnostics\n\n\
        What `validate`, `run` and the worker say of a definition. `workflow-runner explain CODE` prints the page of a code: what it means, a wrong example, a right one, why. \
        Codes with `E` are errors (`E05xx`: valid, but this runner cannot run it), those with `W` warnings.\n\n| code | |\n|---|---|\n"
    );
    for (code, meaning) in codes::ALL {
        let _ = writeln!(text, "| [{code}](../../src/dsl/codes/pages/{code}.md) | {} |", cell(meaning));
    }
    hold("docs/reference/error-codes.md", &text);
}

/// What a program that reads documentation begins with: every page with its first sentence.
#[test]
fn llms_txt() {
    let mut text = "# workflow-runner\n\n\
        > A Temporal worker in one Rust binary. It runs Open Workflow (Serverless Workflow) documents, DSL 1.0, as durable Temporal workflows, and bridges activities \
        by asynchronous completion, so that agent and service workflows of minutes to days hold no slot. The same documents run in process without a server.\n\n\
        Check a definition with `workflow-runner validate FILE`, try it with `workflow-runner run FILE --input JSON`, test it with `workflow-runner test FILE`, and see the \
        meaning of a diagnostic with `workflow-runner explain CODE`. `workflow-runner schema` prints the JSON Schema of definitions.\n"
        .to_owned();
    for (title, folder) in [
        ("Guides", "docs/guides"),
        ("Concepts", "docs/concepts"),
        ("Pages", "docs"),
        ("Tasks", "docs/tasks"),
        ("Operating", "docs/operate"),
        ("Runbooks", "docs/operate/runbooks"),
        ("Reference", "docs/reference"),
    ] {
        let pages = pages(folder);
        if pages.is_empty() {
            continue;
        }
        let _ = write!(text, "\n## {title}\n\n");
        for page in pages {
            let page_text = std::fs::read_to_string(root().join(&page)).expect("a page");
            let (title, sentence) = summary(&page_text).unwrap_or_else(|| panic!("{page} has no title and first sentence"));
            let _ = writeln!(text, "- [{title}]({page}): {sentence}");
        }
    }
    hold("llms.txt", &text);
}

/// The pages that stand in a folder itself, by name.
fn pages(folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root().join(folder)) else { return Vec::new() };
    let files = entries.map(|entry| entry.expect("an entry").path());
    let pages = files.filter(|file| file.extension().is_some_and(|extension| extension == "md"));
    let names = pages.map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name != "README.md").map(|name| format!("{folder}/{name}")).collect();
    names.sort();
    names
}

/// Title, and the first sentence of the first paragraph, without its links.
fn summary(page: &str) -> Option<(&str, String)> {
    let mut lines = page.lines().skip_while(|line| !line.starts_with("# "));
    let title = lines.next()?.trim_start_matches("# ");
    let prose = |line: &&str| !line.is_empty() && !line.starts_with(['#', '|', '`', '<', '-', '>']);
    let paragraph: Vec<&str> = lines.skip_while(|line| !prose(line)).take_while(|line| !line.is_empty()).collect();
    let paragraph = plain(&paragraph.join(" "));
    let end =
        paragraph.match_indices(['.', ':']).map(|(at, _)| at).find(|&at| matches!(paragraph.as_bytes().get(at + 1), None | Some(b' ')));
    let sentence = end.map_or(paragraph.as_str(), |end| &paragraph[..end]);
    (!sentence.is_empty()).then(|| (title, format!("{sentence}.")))
}

/// `[text](target)` as `text`.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        match link.split_once("](").and_then(|(words, after)| Some((words, after.split_once(')')?.1))) {
            Some((words, after)) => {
                plain.push_str(words);
                rest = after;
            }
            None => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain + rest
}
