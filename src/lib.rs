//! workflow-runner: a Temporal worker that runs Open Workflow (Serverless Workflow) documents durably, and bridges activities by asynchronous
//! completion (the token handshake).
//!
//! One room per module; what each may use is held by `tests/rooms.rs`.
//!
//! ```text
//! dsl ─> plan ─> engine ─┬─> local      (in process)
//!         expr ──────────┘─> temporal   (durable) ─> activities ─> handshake, effects, stigmer
//! ```

#![forbid(unsafe_code)]

pub mod activities;
pub mod admin;
pub mod cli;
pub mod config;
pub mod control_plane;
pub mod direct;
pub mod dsl;
pub mod effects;
pub mod engine;
pub mod expr;
pub mod handshake;
pub mod local;
pub mod plan;
pub mod stigmer;
pub mod telemetry;
pub mod temporal;
