//! Text → program, once per definition.

use std::fmt;
use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser, span};
use jaq_core::{Compiler, Native};

use super::eval::Kind;
use super::harden::{self, Met};
use super::secrecy::{self, Look};
use super::{library, stack};

/// Longest expression, in bytes; deepest nesting of its brackets.
const LENGTH_MAX: usize = 64 * 1024;
const NESTING_MAX: usize = 100;
/// Most tokens: each may be one level of the syntax tree, which is walked on the stack, by the compiler and by the interpreter.
const TOKENS_MAX: usize = 1_800;
/// Up to so many signs, the stack of any thread is enough.
const SIGNS_SHALLOW: usize = 60;
/// Deepest syntax tree that is evaluated on the stack of any thread.
const DEPTH_FLAT: usize = 60;
const TOKENS_PER_ROUND_UNIT: usize = 64;
/// The name under which the rewritten expression stands beside jq's own definitions.
const MAIN: &str = "__main";

/// A compiled expression. Clones share it.
#[derive(Clone)]
pub struct Program(Arc<Inner>);

struct Inner {
    source: String,
    uses: Vec<usize>,
    reach: Reach,
    round: u64,
    look: Option<Look>,
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

    /// Where it is certain to look inside a secret, which fails whenever that is evaluated. None proves nothing: values have no types here.
    #[must_use]
    pub fn looks_inside_secrets(&self) -> Option<&Look> {
        self.0.look.as_ref()
    }

    pub(super) fn reach(&self) -> Reach {
        self.0.reach
    }

    /// Units of one round of a loop.
    pub(super) fn round(&self) -> u64 {
        self.0.round
    }

    pub(super) fn filter(&self) -> &jaq_core::compile::Filter<Native<Kind>> {
        &self.0.filter
    }
}

/// How much stack a program may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// What any thread has.
    Flat,
    /// That of its text is flat, but there are loops or recursion.
    Loops,
    /// Its text alone nests deep.
    Deep,
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
    if source.len() > LENGTH_MAX {
        return Err(CompileError::new(format!("the expression has {} bytes; {LENGTH_MAX} are allowed", source.len()), None));
    }
    // Whatever nests or chains is written with signs or blanks.
    let signs = source.bytes().filter(|byte| !byte.is_ascii_alphanumeric()).count();
    let compiled = if signs > SIGNS_SHALLOW {
        let source = source.to_owned();
        let variables: Vec<(String, usize)> = variables.iter().map(|(name, index)| ((*name).to_owned(), *index)).collect();
        let build = move |_| {
            let variables: Vec<(&str, usize)> = variables.iter().map(|(name, index)| (name.as_str(), *index)).collect();
            build(&source, &variables)
        };
        stack::deep(build, |_| true)
    } else {
        stack::shallow(|_| build(source, variables))
    };
    compiled.unwrap_or_else(|_| Err(CompileError::new("cannot be compiled", None)))
}

fn build(source: &str, variables: &[(&str, usize)]) -> Result<Program, CompileError> {
    let (term, tokens) = parse(source)?;
    let (mut named, mut loops, mut own) = (Vec::new(), false, None);
    harden::walk(&term, &mut |met| {
        let name = match met {
            Met::Variable(name) => {
                named.push(name);
                name.trim_start_matches('$')
            }
            Met::Call(name, _) => {
                loops |= library::loops(name);
                name
            }
            Met::Definition(def) => {
                loops = true;
                def.name
            }
            Met::Fold => {
                loops = true;
                return;
            }
            Met::Update => return,
        };
        // Ours: what takes the fuel, and what stands behind that.
        if name.starts_with("__") {
            own.get_or_insert(name);
        }
    });
    if let Some(name) = own {
        return Err(CompileError::new(format!("unknown name `{name}`"), offset_of(source, name)).help("names do not begin with `__`"));
    }
    if let Some(name) = harden::recursive(&term) {
        let error = CompileError::new(format!("`{name}` calls itself, which is not supported"), offset_of(source, name));
        return Err(error.help("use `recurse`, `until`, `while`, `reduce` or `foreach`"));
    }
    let dollars: Vec<String> = variables.iter().map(|(name, _)| format!("${name}")).collect();
    // The order of the names in scope, so that equal programs ask for equal values.
    let used: Vec<usize> = (0..dollars.len()).filter(|at| named.contains(&dollars[*at].as_str())).collect();
    let globals: Vec<&str> = used.iter().map(|at| dollars[*at].as_str()).collect();

    let reach = match harden::depth(&term) {
        depth if depth > DEPTH_FLAT => Reach::Deep,
        _ if loops => Reach::Loops,
        _ => Reach::Flat,
    };
    let look = secrecy::look(source, &term);
    let needed = library::needed(&term);
    let main = Def { name: MAIN, args: vec![], body: harden::term(term) };
    let prelude: Vec<Def<&str>> = needed.into_iter().chain([main]).collect();
    let arena = Arena::default();
    let modules =
        Loader::new(prelude).load(&arena, File { code: MAIN, path: () }).map_err(|_| CompileError::new("cannot be loaded", None))?;
    let filter = Compiler::default()
        .with_funs(library::natives())
        .with_global_vars(globals)
        .compile(modules)
        .map_err(|errors| undefined(source, variables, errors.iter().flat_map(|(_, errors)| errors)))?;
    let indices = used.into_iter().map(|at| variables[at].1).collect();
    let round = 1 + u64::try_from(tokens / TOKENS_PER_ROUND_UNIT).unwrap_or(u64::MAX);
    Ok(Program(Arc::new(Inner { source: source.to_owned(), uses: indices, reach, round, look, filter })))
}

/// The program, and of how many tokens it is.
fn parse(source: &str) -> Result<(Term<&str>, usize), CompileError> {
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let brackets = |signs: &[u8]| source.bytes().filter(|byte| signs.contains(byte)).count();
        if brackets(b"([{").saturating_sub(brackets(b")]}")) > NESTING_MAX {
            return CompileError::new(format!("the expression nests deeper than {NESTING_MAX}"), None);
        }
        let found = errors.first();
        let offset = found.map(|(_, rest)| span(source, rest).start);
        let expected = found.map_or("something else", |(expected, _)| expected.as_str());
        quotes(CompileError::new(format!("expected {expected}"), offset), source)
    })?;
    let mut count = 0;
    within_limits(source, &tokens, 0, &mut count)?;
    let term = Parser::new(&tokens).parse(Parser::term).map_err(|errors| {
        let Some((expected, found)) = errors.first() else { return CompileError::new("does not parse", None) };
        let at = Token::opt_as_str(*found, source);
        let offset = span(source, at).start;
        let saw = if at.is_empty() { "the end".to_owned() } else { format!("`{at}`") };
        quotes(CompileError::new(format!("expected {}, found {saw}", expected.as_str()), Some(offset)), source)
    })?;
    Ok((term, count))
}

/// On tokens, not on bytes: text between quotes may hold any signs.
fn within_limits(source: &str, tokens: &[Token<&str>], depth: usize, count: &mut usize) -> Result<(), CompileError> {
    for token in tokens {
        let offset = offset_of(source, token.0);
        *count += 1;
        if depth > NESTING_MAX {
            return Err(CompileError::new(format!("the expression nests deeper than {NESTING_MAX}"), offset));
        }
        if *count > TOKENS_MAX {
            let error = CompileError::new(format!("the expression has more than {TOKENS_MAX} operators, names and brackets"), offset);
            return Err(error.help("split it over several `set` tasks, or move data out of it"));
        }
        match &token.1 {
            Tok::Block(inner) => within_limits(source, inner, depth + 1, count)?,
            Tok::Str(parts) => {
                for part in parts {
                    *count += 1;
                    if let StrPart::Term(token) = part {
                        within_limits(source, std::slice::from_ref(token), depth, count)?;
                    }
                }
            }
            Tok::Word | Tok::Var | Tok::Fmt | Tok::Num | Tok::Sym => {}
        }
    }
    Ok(())
}

/// Where a part of the source stands; none for text that is not part of it.
pub(super) fn offset_of(source: &str, part: &str) -> Option<usize> {
    let offset = part.as_ptr().addr().checked_sub(source.as_ptr().addr())?;
    (offset + part.len() <= source.len()).then_some(offset)
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
    let offset = offset_of(source, name).or_else(|| source.find(name));
    match what {
        Undefined::Var => {
            let known: Vec<String> = variables.iter().map(|(name, _)| format!("${name}")).collect();
            let help = if known.is_empty() { "there are no variables here".to_owned() } else { format!("here are: {}", known.join(", ")) };
            CompileError::new(format!("unknown variable `{name}`"), offset).help(help)
        }
        Undefined::Filter(arity) => match library::denied(name) {
            Some(why) => CompileError::new(format!("`{name}` is not available in workflows"), offset).help(why),
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
fn similar(name: &str) -> Option<&'static str> {
    library::names().map(|known| (distance(name, known), known)).filter(|(d, _)| *d <= 2 && *d < name.len()).min().map(|(_, known)| known)
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
