//! Runtime expressions: jq, hardened. No clock, no environment, no process exit, no module loading; every evaluation has fuel.
//!
//! ```text
//! "${ .a + $b }" ── expression() ──> ".a + $b" ── compile() ──> Program ── eval(program, value, variables, fuel) ──> Data
//! ```
//!
//! | file | what |
//! |---|---|
//! | `data` | [`Data`]: immutable JSON, cheap to clone; expressions work on it without conversion |
//! | `text` | what is looked at before JSON text is read |
//! | `compile` | text → [`Program`], once per definition; errors with place and help |
//! | `library` | what of jq there is |
//! | `harden` | the rewrite of programs: where fuel is taken |
//! | `cost` | how much, and the natives that take it |
//! | `compare`, `copies`, `regex` | the same for comparisons, updates and regular expressions |
//! | `guard` | the natives that keep expressions from looking inside secrets |
//! | `secrecy` | programs that are certain to do so, found before they run |
//! | `stack` | a stack of known size for what may nest deep |
//! | `eval` | one evaluation: exactly one output, which is JSON |
//! | `template` | data with expressions in it |
//! | `marker` | stand-ins for the values of secrets |
#![deny(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros)]

mod compare;
mod compile;
mod copies;
mod cost;
mod data;
mod eval;
mod guard;
mod harden;
mod library;
pub mod marker;
mod regex;
mod secrecy;
mod stack;
mod template;
mod text;

pub use compile::{CompileError, Program, compile};
pub use data::{Data, ParseError};
pub use eval::{EvalError, Fuel, Variables, eval};
pub use secrecy::Look;
pub use template::Template;

/// The inside of a string that is an expression as a whole, `${ … }`, trimmed. Strict mode of the specification: text with an expression somewhere
/// in it is text.
#[must_use]
pub fn expression(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("${")?.strip_suffix('}')?.trim();
    (!inside.is_empty()).then_some(inside)
}

#[cfg(test)]
mod hardening_tests;
#[cfg(test)]
mod tests;
