//! `do`: a nested list.

use crate::engine::flow::{Done, Stop};
use crate::engine::view::View;
use crate::plan::List;

/// Resumed, the list knows its value itself.
pub(super) async fn run(view: &View<'_>, list: &List) -> Result<Done, Stop> {
    Ok(view.run.list(list, view.strand, view.input.clone(), view.resume).await?.into())
}
