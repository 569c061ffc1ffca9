//! `raise`: faults with the error that is given.

use crate::engine::fault::Fault;
use crate::engine::flow::Done;
use crate::engine::view::View;
use crate::expr::Template;
use crate::plan::{Raise, Task};

pub(super) fn run(view: &View<'_>, task: &Task, raise: &Raise) -> Result<Done, Fault> {
    let optional = |what: &str, template: Option<&Template>| match template {
        None => Ok(None),
        Some(template) => super::text(view, what, &view.definition(template)?),
    };
    let fault = Fault {
        type_: super::required_text(view, "error type", &raise.type_)?,
        status: status(view, &raise.status)?,
        title: optional("error title", raise.title.as_ref())?,
        detail: optional("error detail", raise.detail.as_ref())?,
        instance: optional("error instance", raise.instance.as_ref())?,
    };
    Err(fault.at(&task.reference))
}

fn status(view: &View<'_>, template: &Template) -> Result<u16, Fault> {
    let value = view.definition(template)?;
    let status = value.as_i64().and_then(|status| u16::try_from(status).ok());
    status.ok_or_else(|| view.refuse(format!("error status must be a whole number from 0 to 65535, not {value}")))
}
