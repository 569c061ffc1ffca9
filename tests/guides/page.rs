//! A page as the pieces of a session.

/// What a fence asks for. Lines count from 1.
pub enum Piece {
    File {
        line: usize,
        name: String,
        text: String,
        append: bool,
    },
    Run {
        line: usize,
        commands: Vec<Command>,
        ending: Ending,
    },
    /// Commands that are shown but not run.
    Shown {
        line: usize,
        commands: Vec<String>,
    },
}

pub struct Command {
    /// Of several lines where the page has a backslash at a line's end.
    pub line: String,
    pub prints: Vec<String>,
}

/// How the last command of a block ends.
#[derive(Clone, Copy, PartialEq)]
pub enum Ending {
    Code(i32),
    /// Not by itself: it is left running.
    Serves,
}

impl Piece {
    pub fn line(&self) -> usize {
        match self {
            Self::File { line, .. } | Self::Run { line, .. } | Self::Shown { line, .. } => *line,
        }
    }
}

/// # Errors
/// Line and what is wrong with the fence there.
pub fn read(page: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        // A fence within a list is indented, and all of its lines are.
        let indent = line.len() - line.trim_start().len();
        let dedent = |line: &str| (line.len() - line.trim_start().len()).min(indent);
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").map(|line| &line[dedent(line)..]).collect();
        pieces.extend(piece(at + 1, info, &body).map_err(|mistake| format!("{}: {mistake}", at + 1))?);
    }
    Ok(pieces)
}

fn piece(line: usize, info: &str, body: &[&str]) -> Result<Option<Piece>, String> {
    let words: Vec<&str> = info.split_whitespace().collect();
    let text = || body.join("\n") + "\n";
    Ok(Some(match words.as_slice() {
        [_, "file", name] => Piece::File { line, name: (*name).to_owned(), text: text(), append: false },
        [_, "append", name] => Piece::File { line, name: (*name).to_owned(), text: text(), append: true },
        ["console"] => run(line, body, Ending::Code(0))?,
        ["console", "until"] => run(line, body, Ending::Serves)?,
        ["console", word] => {
            let code =
                word.strip_prefix("exit=").and_then(|code| code.parse().ok()).ok_or_else(|| format!("`{word}` is not known here"))?;
            run(line, body, Ending::Code(code))?
        }
        ["sh"] => Piece::Shown { line, commands: shown(body) },
        ["yaml", "part"] | ["text" | "json" | "mermaid" | "python" | "go" | "typescript"] => return Ok(None),
        _ => return Err(format!("`{info}` is no fence of a guide")),
    }))
}

fn run(line: usize, body: &[&str], ending: Ending) -> Result<Piece, String> {
    let mut commands: Vec<Command> = Vec::new();
    let mut continued = false;
    for text in body {
        match (text.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) if !continued => commands.push(Command { line: command.to_owned(), prints: Vec::new() }),
            (_, Some(command)) if continued => {
                command.line.push('\n');
                command.line.push_str(text);
            }
            (_, Some(command)) => command.prints.push((*text).to_owned()),
            (_, None) => return Err("a console begins with `$ `".to_owned()),
        }
        continued = text.ends_with('\\') && commands.last().is_some_and(|command| command.prints.is_empty());
    }
    if commands.is_empty() { Err("a console has a command".to_owned()) } else { Ok(Piece::Run { line, commands, ending }) }
}

/// The commands of a block, without comments and lines that go on.
fn shown(body: &[&str]) -> Vec<String> {
    let mut continued = false;
    let mut commands = Vec::new();
    for text in body {
        let text = text.trim();
        if !continued && !text.is_empty() && !text.starts_with('#') {
            commands.push(text.to_owned());
        }
        continued = text.ends_with('\\');
    }
    commands
}
