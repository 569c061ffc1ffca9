//! `run: script`.
//!
//! | file | what |
//! |---|---|
//! | `js` | JavaScript (ES2024), in an engine inside this process |
//! | `prelude.js` | what such a script sees beside the language itself |
//! | `python` | Python, by the configured command |
//!
//! Both see their arguments where their language has them (`process.argv` from index 2 on, `sys.argv` from 1 on), the declared environment, and
//! their standard input.

mod js;
mod python;
#[cfg(test)]
mod tests;

use super::EffectError;
use super::process::{Given, Processes};
use crate::config::RunKind;
use crate::expr::Data;

/// Runs scripts within the settings. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    processes: Processes,
}

impl Scripts {
    #[must_use]
    pub fn new(processes: &Processes) -> Self {
        Self { processes: processes.clone() }
    }

    /// Runs `{"language": "js" | "python", "code"?: text, "source"?: {"uri", "authentication"?}, "arguments"?: [text], "stdin"?: text,
    /// "environment"?: {name: text}}` to its end, and gives `{"code", "stdout", "stderr"}`. Of `code` and `source` one is given; the text of a
    /// source comes from `fetch`. A script that throws is an outcome, with code 1 and the error on its stderr. Dropping the future ends it.
    ///
    /// Errors: `authorization` 403 where `run.enable` does not name the language; `validation` 400 for an input that no script can be given;
    /// `timeout` 408 after `run.timeout`; `runtime` 500 when it writes more than `run.output_limit_bytes` or needs more than
    /// `run.js_memory_bytes`; those of `fetch`.
    pub async fn call<F>(&self, input: &Data, fetch: impl FnOnce(Data) -> F) -> Result<Data, EffectError>
    where
        F: Future<Output = Result<String, EffectError>>,
    {
        let language = language(input)?;
        self.processes.allow(language)?;
        let given = Given::parse(input)?;
        let code = match (input.get("code"), input.get("source")) {
            (Some(code), None) => code.as_str().map(str::to_owned).ok_or_else(|| EffectError::validation("`code` must be text"))?,
            (None, Some(source)) => fetch(source).await?,
            _ => return Err(EffectError::validation("one of `code` and `source` is needed")),
        };
        let ended = match language {
            RunKind::Python => python::run(&self.processes, &code, &given).await?,
            _ => js::run(self.processes.settings(), code, given).await?,
        };
        ended.output(self.processes.settings())
    }
}

fn language(input: &Data) -> Result<RunKind, EffectError> {
    let name = input.get("language").unwrap_or_default();
    match name.as_str() {
        Some("js") => Ok(RunKind::Js),
        Some("python") => Ok(RunKind::Python),
        _ => Err(EffectError::validation(format!("scripts in {name} cannot be run; `js` and `python` can"))),
    }
}
