//! The token handshake on a real Temporal server: a file for each row of what must hold.

#[path = "handshake/happy_path.rs"]
mod happy_path;
#[path = "handshake/row_08_cancelled_caller.rs"]
mod row_08_cancelled_caller;
#[path = "handshake/row_09_caller_gone.rs"]
mod row_09_caller_gone;
#[path = "handshake/row_11_too_large.rs"]
mod row_11_too_large;
#[path = "handshake/row_12_no_token.rs"]
mod row_12_no_token;
#[path = "handshake/row_13_garbage_token.rs"]
mod row_13_garbage_token;
#[path = "handshake/row_16_dead_child.rs"]
mod row_16_dead_child;
#[path = "handshake/row_18_child_cancelled.rs"]
mod row_18_child_cancelled;
mod support;
