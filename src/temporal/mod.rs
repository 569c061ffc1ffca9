//! The durable side: the one workflow type, its host, and the workers.
//!
//! The only room that knows the workflow SDK. `workflow` is what the SDK sees, `run` is one run, `host` answers the engine, `agent_step`, `watch` and
//! `delivery` are the child's ends of the handshake; `connect`, `tls`, `worker`, `renewal`, `tuning`, `search_attribute` and `metrics` put a process
//! together.

mod activity_error;
mod activity_id;
mod agent_step;
mod burst;
mod child;
mod child_pause;
pub mod connect;
mod continuation;
mod delivery;
pub mod events;
mod foreign_activity;
mod host;
pub mod metrics;
mod outside;
mod own_activity;
pub mod pending;
pub mod progress;
mod renewal;
pub mod replay;
pub mod run;
mod scope;
pub mod search_attribute;
mod spans;
pub mod tls;
mod tuning;
mod watch;
pub mod worker;
pub mod workflow;
