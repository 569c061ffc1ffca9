//! The platform's wire contract: its protobuf messages and gRPC services, their JSON mapping, the forms in which they travel as Temporal
//! payloads, the client, and the conversion of a `WorkflowSpec` into a document of the DSL.
//!
//! No type of the Temporal SDK appears here; payloads are plain parts (encoding, message type, bytes).

pub mod client;
pub mod convert;
pub mod express;
pub mod json;
pub mod payload;
#[cfg(test)]
pub(crate) mod random_spec;
mod redacted;
pub mod structs;

/// The generated tree: one module per segment of a package name, e.g. `proto::ai::stigmer::agentic::workflow::v1`.
#[allow(clippy::all, clippy::pedantic, missing_docs, non_camel_case_types)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/proto.rs"));
}

// The packages by short name.
pub use proto::ai::stigmer::agentic::agent::v1 as ag;
pub use proto::ai::stigmer::agentic::agentexecution::v1 as agx;
pub use proto::ai::stigmer::agentic::environment::v1 as environment;
pub use proto::ai::stigmer::agentic::executioncontext::v1 as exc;
pub use proto::ai::stigmer::agentic::workflow::v1 as wf;
pub use proto::ai::stigmer::agentic::workflow::v1::serverless as sls;
pub use proto::ai::stigmer::agentic::workflow::v1::tasks;
pub use proto::ai::stigmer::agentic::workflowexecution::v1 as wfx;
pub use proto::ai::stigmer::agentic::workflowinstance::v1 as wfi;
pub use proto::ai::stigmer::agentic::workflowrunner::v1 as wfr;
pub use proto::ai::stigmer::commons::apiresource as ar;
pub use proto::ai::stigmer::commons::apiresource::apiresourcekind as arkind;
pub use proto::ai::stigmer::commons::rpc;

pub use client::{Certificates, Settings, SettingsError, Stigmer, StigmerError};
pub use json::{JsonError, from_json, from_json_strict, to_json};

/// The encoded `FileDescriptorSet` of `proto/` with its imports; also what server reflection serves.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
