//! Local activity `workflow_runner/fetch-resource`: a document elsewhere that a definition is made of. It is read once for each run and stands in the
//! history, so that every replay builds the same plan.
//!
//! Input: `{"uri": text, "run": whether its tasks will be run}`; result: its text.

use temporalio_sdk::activities::ActivityError;

use super::{Beat, ExecutionActivities, failure};
use crate::effects::EffectError;
use crate::effects::resources::Purpose;
use crate::expr::Data;

/// Results of local activities are written together, at the end of their workflow task, in one transaction of at most 4 MB.
const LIMIT_BYTES: usize = 256 * 1024;

pub(super) async fn run(activities: &ExecutionActivities, input: &Data, beat: Beat<'_>) -> Result<Data, ActivityError> {
    let purpose = if input.get("run").and_then(|run| run.as_bool()) == Some(true) { Purpose::Run } else { Purpose::Read };
    let resource = beat.until(activities.outside.fetch(input, purpose)).await?.map_err(|e| failure::of_effect(&e))?;
    if resource.text.len() > LIMIT_BYTES {
        let error = EffectError::configuration(format!("{} is too large to be a part of a definition", resource.uri));
        return Err(failure::of_effect(&error.with_detail(format!("{} bytes; the limit is {LIMIT_BYTES}", resource.text.len()))));
    }
    Ok(Data::from(resource.text))
}
