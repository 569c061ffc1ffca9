//! The commands of this program that pages show, taken out of their fences.

/// Arguments of each `workflow-runner …` of a page, with its line.
pub fn of(page: &str) -> Vec<(usize, Vec<String>)> {
    let mut commands = Vec::new();
    let mut fence = None;
    for (at, line) in page.lines().enumerate() {
        let line = line.trim();
        match (line.strip_prefix("```"), fence) {
            (Some(info), None) => fence = Some(info.split(' ').next().unwrap_or_default()),
            (Some(_), Some(_)) => fence = None,
            (None, Some("sh" | "console")) => commands.extend(command(line).map(|arguments| (at + 1, arguments))),
            _ => {}
        }
    }
    commands
}

/// The program's part of a line: behind `$`, variables and what else stands before it, up to a pipe, a redirection or a comment.
fn command(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let program = |word: &String| word == "workflow-runner" || (word.starts_with("target/") && word.ends_with("/workflow-runner"));
    let begin = words.iter().position(program)?;
    let before = &words[..begin];
    // What a command prints names the program in the middle of a sentence.
    let leads = |word: &String| word == "$" || word.contains('=') || ["sudo", "exec", "--", "&&", "|"].contains(&word.as_str());
    let is_shell = before.iter().all(leads) || before.first().is_some_and(|word| word == "$" || word == "kubectl");
    let ends = |word: &String| ["|", ">", ">>", "<", "&&", "&", ";", "2>&1"].contains(&word.as_str()) || word.starts_with('#');
    is_shell.then(|| words[begin..].iter().take_while(|word| !ends(word)).cloned().collect())
}

/// Words as a shell divides them; quotes keep theirs together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[test]
fn commands_are_found_in_their_lines() {
    let page = "```sh\n$ A=1 workflow-runner run 'a b.yaml' --input '{\"x\": 1}' | jq .\n```\nworkflow-runner lies\n```text\nworkflow-runner no\n```\n```console\nsee workflow-runner explain\n```";
    let found = of(page);
    assert_eq!(found, [(2, ["workflow-runner", "run", "a b.yaml", "--input", "{\"x\": 1}"].map(str::to_owned).to_vec())]);
}
