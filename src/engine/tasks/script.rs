//! `run: script`: a script, written in the document or standing elsewhere. One that stands elsewhere is read where it is run.

use std::time::Duration;

use super::{endpoint, process, required_text};
use crate::engine::flow::{Done, Stop};
use crate::engine::host::Effect;
use crate::engine::view::View;
use crate::expr::Data;
use crate::plan::{Language, Script, ScriptSource, Task};

pub(super) async fn run(view: &View<'_>, task: &Task, script: &Script, limit: Option<Duration>) -> Result<Done, Stop> {
    let language = match script.language {
        Language::JavaScript => "js",
        Language::Python => "python",
    };
    let text = match &script.source {
        ScriptSource::Code(code) => ("code", Data::from(required_text(view, "code", code)?)),
        ScriptSource::Resource(resource) => ("source", endpoint::resource(view, resource)?),
    };
    let program = Data::object([("language", Data::from(language)), text]);
    process::run(view, task, &script.process, Effect::Script, program, limit).await
}
