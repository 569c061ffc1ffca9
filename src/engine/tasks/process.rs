//! What `run: shell` and `run: script` have in common: what the program is given, and which part of its end is the task's output.
//!
//! Where the specification is silent: a program that ends with a code other than 0 is a `runtime` error, unless the task asks for the code
//! (`return: code` or `all`) and so decides by itself what it means. What it wrote is text as it stands, its last line end included. `stdin` that
//! is no text is given as JSON. With `await: false` the output is the task's input, and the end of the program is nobody's concern.

use std::time::Duration;

use super::{call, detach, text, texts};
use crate::engine::fault::{Fault, Standard};
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::{View, article};
use crate::expr::Data;
use crate::plan::{Process, Return, Task};

/// Of stderr, in characters: its end, where programs say what went wrong.
const EXCERPT_LENGTH_MAX: usize = 400;

/// `program` has what the effect's input needs beside the common members.
pub(super) async fn run(
    view: &View<'_>,
    task: &Task,
    process: &Process,
    effect: Effect,
    program: Data,
    limit: Option<Duration>,
) -> Result<Done, Stop> {
    let input = with_given(view, process, program)?;
    if !process.awaited {
        return detach(view, task, effect, input, limit).await;
    }
    let ended = call(view, task, effect, input, limit).await?.output;
    Ok(output(view, process.returns, &ended)?.into())
}

fn with_given(view: &View<'_>, process: &Process, mut program: Data) -> Result<Data, Fault> {
    let given = [
        ("arguments", arguments(view, process)?),
        ("stdin", view.optional(process.stdin.as_ref())?.filter(|stdin| !stdin.is_null()).map(stdin)),
        ("environment", texts(view, "environment variable", process.environment.as_ref())?),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            program = program.with(name, value);
        }
    }
    Ok(program)
}

/// No argument may be left out: that would move those behind it.
fn arguments(view: &View<'_>, process: &Process) -> Result<Option<Data>, Fault> {
    let Some(value) = view.optional(process.arguments.as_ref())?.filter(|value| !value.is_null()) else { return Ok(None) };
    let items = value.items().ok_or_else(|| view.refuse(format!("arguments must be a list, not {}", article(&value))))?;
    let mut arguments = Vec::new();
    for (index, item) in items.enumerate() {
        let what = format!("argument {}", index + 1);
        let argument = text(view, &what, &item)?.ok_or_else(|| view.refuse(format!("{what} must be text, not null")))?;
        arguments.push(Data::from(argument));
    }
    Ok(Some(Data::array(arguments)))
}

fn stdin(value: Data) -> Data {
    if value.as_str().is_some() { value } else { Data::from(value.to_string()) }
}

fn output(view: &View<'_>, returns: Return, ended: &Data) -> Result<Data, Fault> {
    let member = |name| ended.get(name).unwrap_or_default();
    let code = member("code");
    match returns {
        Return::Code => return Ok(code),
        Return::All => return Ok(ended.clone()),
        _ if code.as_i64() != Some(0) => {
            let detail = member("stderr").as_str().map(excerpt).filter(|text| !text.is_empty());
            return Err(view.run.fault(Standard::Runtime, &format!("ended with code {code}"), detail));
        }
        _ => {}
    }
    Ok(match returns {
        Return::Stdout => member("stdout"),
        Return::Stderr => member("stderr"),
        _ => Data::null(),
    })
}

fn excerpt(text: &str) -> String {
    let text = text.trim_end();
    match text.char_indices().rev().nth(EXCERPT_LENGTH_MAX) {
        None => text.to_owned(),
        Some((at, first)) => format!("…{}", &text[at + first.len_utf8()..]),
    }
}
