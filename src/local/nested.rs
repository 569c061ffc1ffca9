//! `run: workflow` in this process: a run of its own inside its parent's, on the same clock.
//!
//! Its id is the parent's with the call's behind it, its random numbers come from that id, and its progress is nobody's to see. Dropping the call
//! ends it.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use sha2::{Digest as _, Sha256};

use super::calls::Calls;
use super::clock::Clock;
use super::host::LocalHost;
use crate::effects::EffectError;
use crate::effects::definitions::Definitions;
use crate::effects::resources::{Purpose, Resources};
use crate::engine::fault::{Fault, Standard};
use crate::engine::{self, Outcome, Settings, Start};
use crate::expr::Data;
use crate::expr::marker::Markers;
use crate::plan::{self, BuildError, MAX_OUTSIDES, OutsideKind, Outsides, Plan};

/// Workflows in workflows: one that starts itself without end must come to one.
const DEPTH_MAX: u32 = 16;

/// What a nested run takes over from its parent.
pub struct Child<'c> {
    pub id: String,
    /// Of the child: 1 for one that a run of depth 0 starts.
    pub depth: u32,
    pub definitions: &'c Definitions,
    /// What definitions are made of beside their own text.
    pub resources: &'c Resources,
    pub markers: &'c Markers,
    pub settings: &'c Settings,
    pub calls: Rc<dyn Calls>,
}

/// `wanted`: `{"namespace", "name", "version", "input"}`. The same rules as for a child on Temporal.
pub async fn run(child: Child<'_>, wanted: &Data, clock: &Clock) -> Result<Data, EffectError> {
    if !child.markers.names_in(wanted).is_empty() {
        return Err(EffectError::authorization("A secret cannot be handed to another workflow")
            .with_detail("name the secret in the `use.secrets` of the other workflow instead"));
    }
    if child.depth > DEPTH_MAX {
        return Err(EffectError::runtime("workflows are nested too deeply").with_detail(format!("{DEPTH_MAX} levels are the most")));
    }
    let plan = plan(&child, wanted).await?;
    let mut start = Start::new(child.id, wanted.get("input").unwrap_or_default(), clock.now());
    if start.input.is_object() {
        start.data = start.input.clone();
    }
    start.secrets = child.markers.object(&plan.secrets);
    start.settings = child.settings.clone();
    let error_host = child.settings.error_host.clone();
    let host = LocalHost::new(clock.clone(), child.calls, seed(&start.workflow_id), error_host.clone(), Box::new(|_| ()));
    match to_its_end(&plan, &host, &start).await {
        Outcome::Completed(output) => Ok(output),
        Outcome::Faulted(fault) => Err(raised(fault, &error_host)),
        Outcome::Cancelled | Outcome::Suspended(_) => Err(EffectError::runtime("the workflow did not end by itself")),
    }
}

async fn plan(child: &Child<'_>, wanted: &Data) -> Result<Plan, EffectError> {
    let found = child.definitions.find(wanted).await?;
    let name = format!("{}.yaml", found.version);
    let purpose = |kind| if kind == OutsideKind::Function { Purpose::Run } else { Purpose::Read };
    let missing =
        |known: &Outsides| plan::missing(&found.yaml, &name, known).into_iter().map(|o| (o.uri.to_string(), purpose(o.kind))).collect();
    let mut unread = None;
    let outsides = child
        .resources
        .gather(MAX_OUTSIDES, missing, |_, error| {
            unread.get_or_insert(error);
        })
        .await;
    if let Some(error) = unread {
        return Err(error);
    }
    let invalid = |error: BuildError| EffectError::configuration("Invalid definition").with_detail(error.to_string());
    plan::build_with(&found.yaml, &name, &outsides).map_err(invalid)
}

/// The run, and then what it left without waiting for it.
async fn to_its_end(plan: &Plan, host: &LocalHost, start: &Start) -> Outcome {
    let mut run = pin!(engine::run(plan, host, start));
    let mut outcome = None;
    poll_fn(|cx| {
        if outcome.is_none()
            && let Poll::Ready(ended) = run.as_mut().poll(cx)
        {
            outcome = Some(ended);
        }
        match host.poll_detached(cx) {
            Poll::Ready(()) => outcome.take().map_or(Poll::Pending, Poll::Ready),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// The child's error is the parent's, with its type, so that the parent's document can catch what the child's raised.
fn raised(fault: Fault, error_host: &str) -> EffectError {
    let kind = Standard::from_uri(&fault.type_, error_host);
    EffectError {
        kind: kind.unwrap_or(Standard::Runtime).slug(),
        type_uri: kind.is_none().then_some(fault.type_),
        status: fault.status,
        title: fault.title.unwrap_or_default(),
        detail: fault.detail,
    }
}

fn seed(id: &str) -> u64 {
    Sha256::digest(id).iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}
