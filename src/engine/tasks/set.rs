//! `set`: the output is what the template yields.

use crate::engine::fault::Fault;
use crate::engine::flow::Done;
use crate::engine::view::View;
use crate::expr::Template;

pub(super) fn run(view: &View<'_>, template: &Template) -> Result<Done, Fault> {
    Ok(view.definition(template)?.into())
}
