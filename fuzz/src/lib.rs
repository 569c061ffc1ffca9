//! The rooms that read what others wrote, and what is asserted of them.

#[allow(dead_code, reason = "its other users are not here")]
#[path = "../../src/dsl/mod.rs"]
pub mod dsl;
#[path = "../../src/expr/mod.rs"]
pub mod expr;
#[allow(dead_code, reason = "its other users are not here")]
#[path = "../../src/plan/mod.rs"]
pub mod plan;
pub mod targets;
