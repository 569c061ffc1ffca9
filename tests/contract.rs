//! The cases that the original's own tests hold, and those that whoever takes its place has to: a row of a table each, by its number in the list of
//! them. Where this runner differs on purpose, the row says what it does instead, and why.

#![allow(clippy::pedantic)]

#[path = "contract/agents.rs"]
mod agents;
#[path = "contract/calls.rs"]
mod calls;
#[path = "contract/case.rs"]
mod case;
#[path = "contract/elsewhere.rs"]
mod elsewhere;
#[path = "contract/execute.rs"]
mod execute;
#[path = "contract/flow.rs"]
mod flow;
#[path = "contract/platform.rs"]
mod platform;
#[path = "contract/runs.rs"]
mod runs;
#[path = "contract/settings.rs"]
mod settings;
mod support;
