//! Local activity `workflow_runner/resolve-definition`: the text of a registered definition. `{"namespace", "name", "version"}` →
//! `{"yaml", "version"}`, where `latest` has become the version that it is now.
//!
//! What is not registered stays so for this attempt's caller: the error is final, and the document's `try` decides.

use temporalio_sdk::activities::ActivityError;

use super::{ExecutionActivities, failure};
use crate::expr::Data;

pub(super) async fn run(activities: &ExecutionActivities, wanted: &Data) -> Result<Data, ActivityError> {
    let found = activities.definitions.find(wanted).await.map_err(|e| failure::of_effect(&e))?;
    Ok(Data::object([("yaml", Data::from(found.yaml)), ("version", Data::from(found.version))]))
}
