//! What the document gives to a process or a script.

use super::super::EffectError;
use crate::expr::Data;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub arguments: Vec<String>,
    pub stdin: String,
    pub environment: Vec<(String, String)>,
}

impl Given {
    /// From `{"arguments"?: [text], "stdin"?: text, "environment"?: {name: text}}`; null counts as left out.
    ///
    /// # Errors
    /// `validation` 400, also for what no process can be given: a NUL, or a variable whose name is empty or has a `=`.
    pub fn parse(input: &Data) -> Result<Self, EffectError> {
        let mut given = Self { stdin: text(input, "stdin")?.unwrap_or_default(), ..Self::default() };
        if let Some(arguments) = member(input, "arguments") {
            let items = arguments.items().ok_or_else(|| EffectError::validation("`arguments` must be a list of texts"))?;
            for item in items {
                let argument = item.as_str().ok_or_else(|| EffectError::validation("`arguments` must be a list of texts"))?;
                given.arguments.push(without_nul("an argument", argument)?);
            }
        }
        if let Some(environment) = member(input, "environment") {
            let entries = environment.entries().ok_or_else(|| EffectError::validation("`environment` must be an object of texts"))?;
            for (name, value) in entries {
                let value = value.as_str().ok_or_else(|| EffectError::validation("`environment` must be an object of texts"))?;
                if name.is_empty() || name.contains('=') {
                    return Err(EffectError::validation(format!("`{name}` cannot be the name of an environment variable")));
                }
                given.environment.push((without_nul("a name in `environment`", &name)?, without_nul("a value in `environment`", value)?));
            }
        }
        Ok(given)
    }
}

/// A member that is text; none where it is missing or null.
pub fn text(input: &Data, name: &str) -> Result<Option<String>, EffectError> {
    match member(input, name) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(EffectError::validation(format!("`{name}` must be text"))),
        },
    }
}

fn member(input: &Data, name: &str) -> Option<Data> {
    input.get(name).filter(|value| !value.is_null())
}

/// The error does not show the text: it may hold the value of a secret.
fn without_nul(what: &str, text: &str) -> Result<String, EffectError> {
    if text.contains('\0') { Err(EffectError::validation(format!("{what} holds a NUL character"))) } else { Ok(text.to_owned()) }
}
