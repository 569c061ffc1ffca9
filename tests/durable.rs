//! The engine on a real Temporal server: what it costs in history events, and how it behaves when something is in its way.

#[path = "durable/bounds.rs"]
mod bounds;
#[path = "durable/branches.rs"]
mod branches;
#[path = "durable/cancellation.rs"]
mod cancellation;
#[path = "durable/http.rs"]
mod http;
#[path = "durable/input.rs"]
mod input;
#[path = "durable/long_runs.rs"]
mod long_runs;
#[path = "durable/programs.rs"]
mod programs;
mod support;
#[path = "durable/take_over.rs"]
mod take_over;
