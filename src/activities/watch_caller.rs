//! Activity `WatchCaller`: parks itself in the process's wheel and stays pending. Rows 8, 9 and 16.
//!
//! Completed by the wheel with a verdict, as text. Its own heartbeat timeout moves it to another worker when this one dies.

use temporalio_common::data_converters::RawValue;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::{WatchActivities, failure, payload};
use crate::handshake::CallbackFields;

pub(super) fn run(activities: &WatchActivities, ctx: &ActivityContext, raw: &RawValue) -> Result<RawValue, ActivityError> {
    let info = ctx.info();
    let data = payload::first(raw).map_err(|e| failure::bad_input(&e))?;
    let fields: CallbackFields = serde_json::from_value(data.to_json()).map_err(|e| failure::bad_input(&e.to_string()))?;
    let callback = fields.read(&info.namespace).map_err(|e| failure::bad_input(&e.to_string()))?;
    let callback = callback.ok_or_else(|| failure::bad_input("there is no callback to watch"))?;
    activities.wheel.park(info, &callback).map_err(|e| failure::bad_input(&e.to_string()))?;
    Err(ActivityError::WillCompleteAsync)
}
