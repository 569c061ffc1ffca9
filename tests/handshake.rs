//! The token handshake on a real Temporal server: a file for each row of what must hold.

#![allow(clippy::pedantic)]

#[path = "handshake/foreign_encodings.rs"]
mod foreign_encodings;
#[path = "handshake/happy_path.rs"]
mod happy_path;
#[path = "handshake/many_at_once.rs"]
mod many_at_once;
#[path = "handshake/row_01_one_child.rs"]
mod row_01_one_child;
#[path = "handshake/row_02_newest_callback.rs"]
mod row_02_newest_callback;
#[path = "handshake/row_03_closed_child.rs"]
mod row_03_closed_child;
#[path = "handshake/row_04_repeated_delivery.rs"]
mod row_04_repeated_delivery;
#[path = "handshake/row_05_stale_token.rs"]
mod row_05_stale_token;
#[path = "handshake/row_06_delivery_budget.rs"]
mod row_06_delivery_budget;
#[path = "handshake/row_07_failure_stays.rs"]
mod row_07_failure_stays;
#[path = "handshake/row_08_cancelled_caller.rs"]
mod row_08_cancelled_caller;
#[path = "handshake/row_09_caller_gone.rs"]
mod row_09_caller_gone;
#[path = "handshake/row_10_continues_as_new.rs"]
mod row_10_continues_as_new;
#[path = "handshake/row_11_too_large.rs"]
mod row_11_too_large;
#[path = "handshake/row_12_no_token.rs"]
mod row_12_no_token;
#[path = "handshake/row_13_garbage_token.rs"]
mod row_13_garbage_token;
#[path = "handshake/row_14_silent_agent.rs"]
mod row_14_silent_agent;
#[path = "handshake/row_15_stale_result.rs"]
mod row_15_stale_result;
#[path = "handshake/row_16_dead_child.rs"]
mod row_16_dead_child;
#[path = "handshake/row_17_death_before_start.rs"]
mod row_17_death_before_start;
#[path = "handshake/row_18_child_cancelled.rs"]
mod row_18_child_cancelled;
#[path = "handshake/row_19_kill_at_any_instant.rs"]
mod row_19_kill_at_any_instant;
#[path = "handshake/row_19_server_restarts.rs"]
mod row_19_server_restarts;
mod support;
