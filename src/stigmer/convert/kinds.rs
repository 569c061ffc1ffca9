//! The kinds of task. A kind that the DSL cannot express is refused, with what to do instead.

mod agent_call;
mod call_activity;
mod for_;
mod fork;
mod http_call;
mod listen;
mod raise;
mod run;
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
    fn check(&self, rules: &mut Rules<'_>);

    /// The task that it becomes, without what all kinds share.
    fn body(self, context: &mut Context) -> Map<String, Value>;
}

/// Why a `GRPC_CALL` is no task.
pub(super) const GRPC_CALL: &str = "this runner has no gRPC call yet, and a GRPC_CALL names neither host nor proto file; use HTTP_CALL, or an activity of your own by CALL_ACTIVITY";

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
