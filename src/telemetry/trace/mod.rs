//! Traces: what a run did and how long each part took, as spans for an OpenTelemetry collector.
//!
//! ```text
//! ExecuteWorkflow                       the activity that the caller waits for
//! └─ ExecuteServerlessWorkflow          one run
//!    ├─ CallHTTPActivity                one attempt: method, host, status; the callee gets its `traceparent`
//!    ├─ agent                           from the call to the agent's answer
//!    │  └─ CallAgentActivity            the attempt that created the agent's execution
//!    └─ …/complete-external-activity    the delivery
//! ```
//!
//! Ids are made from those of Temporal, so that a replay, or another worker that goes on with the run, gives no span twice and needs no memory.
//! Attributes are ids, names and numbers: no payload, no header, no path or query of a URL, no text of an error.
//!
//! | file | what |
//! |---|---|
//! | `context` | trace and span ids, and `traceparent` |
//! | `attempt` | what an effect may add to the span it runs in |
//! | `export` | to the collector, in batches, beside the work |

mod attempt;
mod context;
mod export;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

pub use self::attempt::{Attempt, note, traceparent, within};
pub use self::context::Context;
use self::export::Outlet;
pub use opentelemetry::Value;

use crate::config::OtlpSettings;
use crate::config::otlp::{Root, Sampler};

/// Attributes under the names that Temporal's own interceptors use.
pub const WORKFLOW_ID: &str = "temporalWorkflowID";
pub const RUN_ID: &str = "temporalRunID";
pub const ACTIVITY_ID: &str = "temporalActivityID";

/// Takes spans that have ended. Cheap to clone.
#[derive(Clone)]
pub struct Tracer {
    outlet: Arc<Outlet>,
    sampler: Sampler,
    scope: InstrumentationScope,
}

/// Where in a service a span stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Work that somebody asked for.
    Server,
    /// A call to somebody else.
    Client,
    Internal,
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Span {
    pub context: Context,
    /// The span that it is a part of.
    pub parent: Option<Context>,
    pub name: String,
    pub kind: Kind,
    pub start: SystemTime,
    pub end: SystemTime,
    pub attributes: Vec<(&'static str, Value)>,
    /// A type, never a text.
    pub error: Option<String>,
}

impl Tracer {
    /// None where no collector is named. Connects when the first span has ended; to be called within the runtime.
    ///
    /// # Errors
    /// The endpoint cannot be used.
    pub fn start(settings: &OtlpSettings) -> Result<Option<Self>, String> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        let outlet = Arc::new(Outlet::start(endpoint, &settings.service_name)?);
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME")).with_version(env!("CARGO_PKG_VERSION")).build();
        tracing::info!(endpoint, service_name = settings.service_name, "traces are exported");
        Ok(Some(Self { outlet, sampler: settings.sampler, scope }))
    }

    /// The trace that these ids name, for work that nobody gave a trace to. The same on every worker.
    #[must_use]
    pub fn root(&self, ids: &[&str]) -> Context {
        let context = Context::root(ids);
        let sampled = match self.sampler {
            Sampler::All | Sampler::OfParent(Root::All) => true,
            Sampler::None | Sampler::OfParent(Root::None) => false,
            Sampler::Share(share) | Sampler::OfParent(Root::Share(share)) => context.is_within(share),
        };
        context.sampled(sampled)
    }

    /// A caller's trace, as far as it is recorded here.
    #[must_use]
    pub fn continued(&self, caller: Context) -> Context {
        match self.sampler {
            Sampler::All => caller.sampled(true),
            Sampler::None => caller.sampled(false),
            Sampler::Share(share) => caller.sampled(caller.is_within(share)),
            Sampler::OfParent(_) => caller,
        }
    }

    /// Hands it to the exporter, at once and without waiting; one too many is left out.
    pub fn emit(&self, span: Span) {
        if !span.context.is_sampled() {
            return;
        }
        self.outlet.put(SpanData {
            span_context: span.context.to_otel(),
            parent_span_id: span.parent.map_or(opentelemetry::trace::SpanId::INVALID, |parent| parent.to_otel().span_id()),
            parent_span_is_remote: false,
            span_kind: match span.kind {
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
                Kind::Internal => SpanKind::Internal,
            },
            name: span.name.into(),
            start_time: span.start,
            end_time: span.end.max(span.start),
            attributes: span.attributes.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.error.map_or(Status::Unset, Status::error),
            instrumentation_scope: self.scope.clone(),
        });
    }

    /// Waits until what has ended so far is exported, no longer than `limit`.
    pub async fn flush(&self, limit: Duration) {
        self.outlet.flush(limit).await;
    }
}
