//! The direct gRPC path on a real Temporal server, over TLS and with a token: executions begun, cancelled, paused and resumed; and the same without
//! Temporal.

mod support;

#[path = "direct/client.rs"]
mod client;
#[path = "direct/executions.rs"]
mod executions;
#[path = "direct/in_process.rs"]
mod in_process;
#[path = "direct/pausing.rs"]
mod pausing;
#[path = "direct/serving.rs"]
mod serving;
