//! Text → program, once per definition.

use std::fmt;
use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser, span};
use jaq_core::{Compiler, Native};

use super::eval::Kind;
use super::harden::{self, Met};

/// Longest expression, in bytes; deepest nesting of its brackets.
const LENGTH_MAX: usize = 64 * 1024;
const NESTING_MAX: usize = 100;
/// Most operators and keywords: each may be one level of the syntax tree, which is walked on the stack.
const LINKS_MAX: usize = 500;
const LINKING_WORDS: [&str; 11] = ["and", "as", "catch", "def", "elif", "foreach", "if", "label", "or", "reduce", "try"];
/// The name under which the rewritten expression stands beside jq's own definitions.
const MAIN: &str = "__main";

/// A compiled expression. Clones share it.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    source: String,
    uses: Vec<usize>,
    filter: jaq_core::compile::Filter<Native<Kind>>,
}

impl Program {
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Indices of the variables that it names, in the order in which their values are asked for.
    #[must_use]
    pub fn uses(&self) -> &[usize] {
        &self.0.uses
    }

    pub(super) fn filter(&self) -> &jaq_core::compile::Filter<Native<Kind>> {
        &self.0.filter
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.0.source)
    }
}

/// Why text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    pub message: String,
    /// Byte in the source where it went wrong, if one can be named.
    pub offset: Option<usize>,
    pub help: Option<String>,
}

impl CompileError {
    fn new(message: impl Into<String>, offset: Option<usize>) -> Self {
        Self { message: message.into(), offset, help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Compiles an expression that may name these variables: each without its `$`, with the index that [`super::Variables::get`] is asked for.
///
/// # Errors
/// The text does not parse, names something that is not there, or is too long or too deep.
pub fn compile(source: &str, variables: &[(&str, usize)]) -> Result<Program, CompileError> {
    within_limits(source)?;
    let term = parse(source)?;
    let mut met_names = Vec::new();
    harden::walk(&term, &mut |met| {
        if let Met::Variable(name) = met {
            met_names.push(name);
        }
    });
    if let Some(name) = harden::recursive(&term) {
        let error = CompileError::new(format!("`{name}` calls itself, which is not supported"), source.find(name));
        return Err(error.help("use `recurse`, `until`, `while`, `reduce` or `foreach`"));
    }
    let names: Vec<String> = variables.iter().map(|(name, _)| format!("${name}")).collect();
    // The order of the names in scope, so that equal programs ask for equal values.
    let used: Vec<usize> = (0..names.len()).filter(|at| met_names.contains(&names[*at].as_str())).collect();
    let globals: Vec<&str> = used.iter().map(|at| names[*at].as_str()).collect();

    let main = Def { name: MAIN, args: vec![], body: harden::term(term) };
    let prelude = prelude().chain([main]);
    let arena = Arena::default();
    let modules =
        Loader::new(prelude).load(&arena, File { code: MAIN, path: () }).map_err(|_| CompileError::new("cannot be loaded", None))?;
    let filter = Compiler::default()
        .with_funs(harden::natives())
        .with_global_vars(globals)
        .compile(modules)
        .map_err(|errors| undefined(source, variables, errors.iter().flat_map(|(_, errors)| errors)))?;
    let indices = used.into_iter().map(|at| variables[at].1).collect();
    Ok(Program(Arc::new(Inner { source: source.to_owned(), uses: indices, filter })))
}

/// jq's own definitions, living as briefly as the expression beside them.
#[allow(clippy::map_identity, reason = "it shortens the lifetime")]
fn prelude<'s>() -> impl Iterator<Item = Def<&'s str>> {
    harden::prelude().map(|def| def)
}

fn within_limits(source: &str) -> Result<(), CompileError> {
    if source.len() > LENGTH_MAX {
        return Err(CompileError::new(format!("the expression has {} bytes; {LENGTH_MAX} are allowed", source.len()), None));
    }
    let (mut depth, mut links) = (0_usize, 0_usize);
    for (offset, byte) in source.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b',' | b'=' | b'<' | b'>' | b'!' => links += 1,
            _ => {}
        }
        if depth > NESTING_MAX {
            return Err(CompileError::new(format!("the expression nests deeper than {NESTING_MAX}"), Some(offset)));
        }
    }
    links += source.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| LINKING_WORDS.contains(word)).count();
    if links > LINKS_MAX {
        let error = CompileError::new(format!("the expression has {links} operators and keywords; {LINKS_MAX} are allowed"), None);
        return Err(error.help("split it over several `set` tasks, or move data out of it"));
    }
    Ok(())
}

fn parse(source: &str) -> Result<Term<&str>, CompileError> {
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let found = errors.first();
        let offset = found.map(|(_, rest)| span(source, rest).start);
        let expected = found.map_or("something else", |(expected, _)| expected.as_str());
        quotes(CompileError::new(format!("expected {expected}"), offset), source)
    })?;
    Parser::new(&tokens).parse(Parser::term).map_err(|errors| {
        let Some((expected, found)) = errors.first() else { return CompileError::new("does not parse", None) };
        let at = jaq_core::load::lex::Token::opt_as_str(*found, source);
        let offset = span(source, at).start;
        let saw = if at.is_empty() { "the end".to_owned() } else { format!("`{at}`") };
        quotes(CompileError::new(format!("expected {}, found {saw}", expected.as_str()), Some(offset)), source)
    })
}

/// The usual reason why something does not parse.
fn quotes(error: CompileError, source: &str) -> CompileError {
    if source.contains('\'') { error.help("jq strings stand in double quotes") } else { error }
}

fn undefined<'a, 's: 'a>(
    source: &str,
    variables: &[(&str, usize)],
    mut errors: impl Iterator<Item = &'a (&'s str, Undefined)>,
) -> CompileError {
    let Some((name, what)) = errors.next() else { return CompileError::new("does not compile", None) };
    let offset = source.find(name);
    match what {
        Undefined::Var => {
            let known: Vec<String> = variables.iter().map(|(name, _)| format!("${name}")).collect();
            let help = if known.is_empty() { "there are no variables here".to_owned() } else { format!("here are: {}", known.join(", ")) };
            CompileError::new(format!("unknown variable `{name}`"), offset).help(help)
        }
        Undefined::Filter(arity) => match harden::DENIED.iter().find(|(denied, _)| denied == name) {
            Some((_, why)) => CompileError::new(format!("`{name}` is not available in workflows"), offset).help(*why),
            None => {
                let error = CompileError::new(format!("unknown function `{name}/{arity}`"), offset);
                match similar(name) {
                    Some(similar) => error.help(format!("did you mean `{similar}`?")),
                    None => error.help("text stands in double quotes; a path begins with a dot"),
                }
            }
        },
        other => CompileError::new(format!("unknown {} `{name}`", other.as_str()), offset),
    }
}

/// The known function whose name is nearest, if one is near.
fn similar(name: &str) -> Option<String> {
    let defs = harden::prelude().map(|d| d.name.to_owned());
    let natives = harden::natives().map(|(name, _, _)| name.to_owned());
    let known = defs.chain(natives).filter(|known| !known.starts_with('_') && !known.starts_with('!'));
    known.map(|known| (distance(name, &known), known)).filter(|(d, _)| *d <= 2 && *d < name.len()).min().map(|(_, known)| known)
}

/// Levenshtein's, on bytes: names of functions are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}
