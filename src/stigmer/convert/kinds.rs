//! The kinds of task. A kind that the DSL cannot express is refused, with what to do instead.

mod agent_call;
mod for_;
mod fork;
mod http_call;
mod raise;
mod set;
mod switch;
mod try_;
mod wait;

use prost::{Message, Name};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::rules::Rules;

/// The typed configuration of one kind of task.
pub(super) trait Kind: Message + Name + Default {
    /// The rules of its fields.
    fn check(&self, rules: &mut Rules);

    /// The task that it becomes, without what all kinds share.
    fn body(self, context: &mut Context) -> Map<String, Value>;
}

pub(super) const GRPC_CALL: &str = "a GRPC_CALL names neither host nor proto file, so there is nobody to call; use HTTP_CALL";
pub(super) const LISTEN: &str =
    "LISTEN is not supported; poll with HTTP_CALL in a FOR, or divide the workflow where it would wait for the signal";
pub(super) const RUN: &str = "RUN is not supported; put the tasks of the other workflow into this one, or start it with HTTP_CALL";
pub(super) const CALL_ACTIVITY: &str = "a CALL_ACTIVITY names no task queue, so there is no worker to call; use HTTP_CALL or AGENT_CALL";

/// A task of one key.
fn task(key: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(key.to_owned(), value)])
}

/// A call with its time limit; 0 is none.
fn call(function: &str, with: Map<String, Value>, limit_seconds: i32) -> Map<String, Value> {
    let mut task = task("call", function.into());
    task.insert("with".to_owned(), Value::Object(with));
    if limit_seconds > 0 {
        task.insert("timeout".to_owned(), json!({ "after": { "seconds": limit_seconds } }));
    }
    task
}
