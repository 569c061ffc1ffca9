//! Names in an expression: the platform's paths that stand for a secret, a variable, a loop item or a caught error become variables.
//!
//! For the platform, `.` is null wherever a task's fields are evaluated: such a path can mean nothing else there. Behind a `|` and inside
//! the arguments of a function `.` is another value: nothing is changed.

use super::context::{Context, Local};

/// What `.` is where an expression begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dot {
    /// The task's input: the paths above may begin with it.
    Input,
    /// A value: a task's output.
    Value,
}

/// Words before a parenthesis that make no function call of it.
const KEYWORDS: [&str; 9] = ["if", "then", "elif", "else", "and", "or", "as", "reduce", "foreach"];

/// The expression with its paths replaced; its strings are in double quotes.
pub(super) fn names(expression: &str, dot: Dot, context: &mut Context) -> String {
    let mut rewriter = Rewriter { rest: expression, out: String::with_capacity(expression.len()), context };
    rewriter.run(dot == Dot::Input);
    rewriter.out
}

struct Rewriter<'e, 'c, 'a> {
    rest: &'e str,
    out: String,
    context: &'c mut Context<'a>,
}

/// An open bracket. A stack of these, not recursion: an expression may be nested as deep as its author likes.
struct Frame {
    /// Whether `.` was the input outside.
    outside: bool,
    /// The bracket is a `\(` inside a string, which goes on behind it.
    in_string: bool,
}

impl Rewriter<'_, '_, '_> {
    fn run(&mut self, mut is_input: bool) {
        let mut frames: Vec<Frame> = Vec::new();
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => {
                    self.copy(1);
                    if self.string() {
                        frames.push(Frame { outside: is_input, in_string: true });
                    }
                }
                '#' => self.copy(self.rest.find('\n').unwrap_or(self.rest.len())),
                '(' | '[' | '{' => {
                    frames.push(Frame { outside: is_input, in_string: false });
                    is_input &= c != '(' || !self.follows_function();
                    self.copy(1);
                }
                ')' | ']' | '}' => {
                    self.copy(1);
                    let Some(frame) = frames.pop() else { continue };
                    is_input = frame.outside;
                    if frame.in_string && self.string() {
                        frames.push(Frame { outside: is_input, in_string: true });
                    }
                }
                '|' => {
                    is_input = false;
                    self.copy(1);
                }
                '.' if is_input && self.begins_path() => self.path(),
                '$' => self.variable(is_input),
                c if is_name_start(c) => self.copy(name_length(self.rest)),
                c => self.copy(c.len_utf8()),
            }
        }
    }

    fn copy(&mut self, length: usize) {
        let (copied, rest) = self.rest.split_at(length);
        self.out.push_str(copied);
        self.rest = rest;
    }

    /// Copies the rest of a string; true when it stopped behind a `\(`.
    fn string(&mut self) -> bool {
        while let Some(at) = self.rest.find(['"', '\\']) {
            let stop = self.rest.as_bytes()[at];
            let escaped = self.rest[at + 1..].chars().next();
            self.copy(at + 1);
            if stop == b'"' {
                return false;
            }
            self.copy(escaped.map_or(0, char::len_utf8));
            if escaped == Some('(') {
                return true;
            }
        }
        self.copy(self.rest.len());
        false
    }

    /// `map(`, and `$x (` as in `reduce … as $x (`.
    fn follows_function(&self) -> bool {
        let word = trailing_name(&self.out);
        let variable = trailing_name(self.out.trim_end());
        let is_variable = !variable.is_empty() && self.out.trim_end()[..self.out.trim_end().len() - variable.len()].ends_with('$');
        is_variable || (!word.is_empty() && !KEYWORDS.contains(&word))
    }

    /// A `.name` that continues no other value.
    fn begins_path(&self) -> bool {
        let continues = |c: char| c.is_alphanumeric() || "_)]}\"?.".contains(c);
        self.rest[1..].starts_with(is_name_start) && !self.out.ends_with(continues)
    }

    fn path(&mut self) {
        let name = name_at(&self.rest[1..]);
        let behind = &self.rest[1 + name.len()..];
        let member = behind.strip_prefix('.').map(name_at).filter(|member| !member.is_empty());
        let (replacement, behind) = match (name, member, self.context.local(name)) {
            ("secrets", Some(member), _) => (self.context.secret(member), &behind[1 + member.len()..]),
            ("env_vars", Some(member), _) => (self.context.variable(member), &behind[1 + member.len()..]),
            // An error of the DSL has no message: what it says stands in its detail.
            (name, Some("message"), Some(Local::Error)) => (format!("(${name} | .detail // .title)"), &behind[".message".len()..]),
            (name, _, Some(_)) => (format!("${name}"), behind),
            _ => return self.copy(1 + name.len()),
        };
        self.out.push_str(&replacement);
        self.rest = behind;
    }

    fn variable(&mut self, is_input: bool) {
        let name = name_at(&self.rest[1..]);
        let behind = &self.rest[1 + name.len()..];
        match name {
            "secrets" => {
                let member = behind.strip_prefix('.').map(name_at).filter(|member| !member.is_empty());
                let quoted = behind.strip_prefix("[\"").and_then(|text| text.split_once('"')).map(|(member, _)| member);
                if let Some(member) = member.or(quoted) {
                    self.context.uses_secret(member);
                }
                self.copy(1 + name.len());
            }
            // The output of the task before is what the next one gets as its input.
            "output" if is_input => {
                if !behind.starts_with('.') {
                    self.out.push('.');
                }
                self.rest = behind;
            }
            _ => self.copy(1 + name.len()),
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn name_length(text: &str) -> usize {
    text.find(|c| !is_name_part(c)).unwrap_or(text.len())
}

/// The name that a text begins with, possibly empty.
fn name_at(text: &str) -> &str {
    if text.starts_with(is_name_start) { &text[..name_length(text)] } else { "" }
}

fn trailing_name(text: &str) -> &str {
    let start = text.rfind(|c| !is_name_part(c)).map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}

#[cfg(test)]
mod tests;
