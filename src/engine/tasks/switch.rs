//! `switch`: the first case that holds decides where the flow goes; without one the task's own `then` does.

use crate::engine::fault::Fault;
use crate::engine::flow::Done;
use crate::engine::view::View;
use crate::plan::Case;

/// The case without a condition is the default wherever it stands, so it is asked last.
pub(super) fn run(view: &View<'_>, cases: &[Case]) -> Result<Done, Fault> {
    for case in cases {
        if let Some(when) = &case.when
            && view.condition(when, &view.input)?
        {
            return Ok(Done { output: view.input.clone(), then: Some(case.then) });
        }
    }
    let default = cases.iter().find(|case| case.when.is_none());
    Ok(Done { output: view.input.clone(), then: default.map(|case| case.then) })
}
