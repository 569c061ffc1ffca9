//! The contract with the platform, row by row: each case of the service that this one succeeds stands here with its id, and where this one
//! differs on purpose the row says so and why.

#![allow(clippy::pedantic)]

#[path = "contract/conversion.rs"]
mod conversion;
#[path = "contract/environments.rs"]
mod environments;
#[path = "contract/every_kind.rs"]
mod every_kind;
#[path = "contract/loading.rs"]
mod loading;
#[path = "contract/specs.rs"]
mod specs;
mod support;
#[path = "contract/validating.rs"]
mod validating;
#[path = "contract/validation.rs"]
mod validation;
