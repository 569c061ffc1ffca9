//! `explain CODE`: the page of a diagnostic's code; without a code, the list of all.

use clap::Args;

use super::Exit;
use super::print;
use crate::dsl::codes::{self, pages};
use crate::dsl::nearest;

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// Such as E0201; without one, all codes are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

#[must_use]
pub fn run(args: &ExplainArgs) -> Exit {
    let Some(code) = &args.code else { return print::data(&list(), Exit::Completed) };
    match pages::page(&code.to_ascii_uppercase()) {
        Some(page) => print::data(page, Exit::Completed),
        None => {
            eprintln!("error: {}", unknown(code));
            Exit::Usage
        }
    }
}

fn list() -> String {
    let lines: Vec<String> = codes::ALL.iter().map(|(code, meaning)| format!("{code}  {meaning}")).collect();
    lines.join("\n") + "\n"
}

fn unknown(code: &str) -> String {
    let near = nearest(code, codes::ALL.iter().map(|(code, _)| *code));
    let hint = near.map_or_else(|| "`workflow-runner explain` lists all".to_owned(), |near| format!("did you mean `{near}`?"));
    format!("there is no code `{code}`; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;

    /// What stands between the fences after `title`.
    fn example<'p>(page: &'p str, title: &str) -> &'p str {
        let (_, rest) = page.split_once(&format!("\n{title}:\n\n```yaml\n")).unwrap_or_else(|| panic!("no `{title}:` in\n{page}"));
        rest.split_once("```").unwrap().0
    }

    /// `…` stands for more than a page should show.
    fn grown(code: &str, example: &str) -> String {
        let more = match code {
            codes::TOO_LARGE => "x".repeat(crate::dsl::MAX_BYTES),
            codes::LONG_REFERENCE => "and on ".repeat(100),
            codes::TOO_MANY_EXPRESSIONS => (0..=plan::MAX_EXPRESSIONS).map(|n| format!("${{ {n} }}', '")).collect::<Vec<_>>().concat(),
            codes::DEEP_CALLS => {
                (1..200).map(|n| format!("f{n}: {{ call: f{} }}\n    ", n - 1)).collect::<Vec<_>>().concat() + "last: { call: f199 }"
            }
            _ => return example.to_owned(),
        };
        example.replace('…', &more)
    }

    /// An example as a whole document: most pages show only what matters.
    fn whole(example: &str) -> String {
        let header = "document: {dsl: '1.0.3', namespace: examples, name: page, version: '1.0.0'}\n";
        let has = |key: &str| example.lines().any(|line| line.starts_with(key));
        if has("do:") && !has("document:") { format!("{header}{example}") } else { example.to_owned() }
    }

    fn found(text: &str) -> Vec<&'static str> {
        plan::check(&whole(text), "page.yaml").into_iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn every_code_has_a_page_that_begins_with_its_meaning() {
        let codes = |table: &[(&'static str, &str)]| table.iter().map(|(code, _)| *code).collect::<Vec<_>>();
        assert_eq!(codes(codes::ALL), codes(pages::ALL));
        for ((code, meaning), (_, page)) in codes::ALL.iter().zip(pages::ALL) {
            assert!(page.starts_with(&format!("# {code}: {}\n", meaning.trim_end_matches('.'))), "{page}");
        }
    }

    #[test]
    fn wrong_examples_are_wrong_and_right_ones_are_right() {
        let mut wrong = Vec::new();
        for (code, page) in pages::ALL {
            let text = grown(code, example(page, "Wrong"));
            let mut codes = found(&text);
            // Whether a document elsewhere is there is asked when the definition is to run.
            let built = plan::build(&whole(&text), "page.yaml").map_or_else(|error| error.diagnostics, |plan| plan.warnings);
            codes.extend(built.into_iter().map(|diagnostic| diagnostic.code));
            if !codes.contains(code) {
                wrong.push(format!("{code}: the wrong example has {codes:?}"));
            }
            let codes = found(example(page, "Right"));
            if !codes.is_empty() {
                wrong.push(format!("{code}: the right example has {codes:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn codes_that_do_not_exist_are_named_with_one_that_does() {
        assert_eq!(unknown("E021"), "there is no code `E021`; did you mean `E0201`?");
        assert_eq!(unknown("walk"), "there is no code `walk`; `workflow-runner explain` lists all");
        assert_eq!(list().lines().count(), codes::ALL.len());
        assert!(list().contains("\nE0201  A key that does not belong here.\n"));
    }
}
