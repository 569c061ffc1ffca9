//! Activities as a history tells of them, and how many runs a workflow id has had.

use std::collections::HashMap;

use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::ListWorkflowExecutionsRequest;

use super::wait::until;

/// One scheduled activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub id: String,
    /// The attempt that the history names: the last one.
    pub attempt: i32,
    /// Type of the failure of the attempt before that.
    pub failure_before: Option<String>,
    pub end: Option<EventType>,
}

/// The activities of this type, in the order of their scheduling.
pub fn of_type(events: &[HistoryEvent], activity_type: &str) -> Vec<Step> {
    let mut steps: Vec<(i64, Step)> = Vec::new();
    for event in events {
        let at = match event.attributes.as_ref() {
            Some(Attributes::ActivityTaskScheduledEventAttributes(a)) => {
                if a.activity_type.as_ref().is_some_and(|t| t.name == activity_type) {
                    let step = Step { id: a.activity_id.clone(), attempt: 0, failure_before: None, end: None };
                    steps.push((event.event_id, step));
                }
                continue;
            }
            Some(Attributes::ActivityTaskStartedEventAttributes(a)) => {
                if let Some((_, step)) = steps.iter_mut().find(|(id, _)| *id == a.scheduled_event_id) {
                    step.attempt = a.attempt;
                    step.failure_before = a.last_failure.as_ref().map(|failure| match &failure.failure_info {
                        Some(FailureInfo::ApplicationFailureInfo(info)) => info.r#type.clone(),
                        Some(FailureInfo::TimeoutFailureInfo(info)) => info.timeout_type().as_str_name().to_owned(),
                        other => format!("{other:?}"),
                    });
                }
                continue;
            }
            Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::ActivityTaskFailedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => a.scheduled_event_id,
            _ => continue,
        };
        if let Some((_, step)) = steps.iter_mut().find(|(id, _)| *id == at) {
            assert_eq!(step.end, None, "{} has ended twice", step.id);
            step.end = Some(event.event_type());
        }
    }
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Results of the local activities of this type, as the text of their JSON.
pub fn local_results(events: &[HistoryEvent], activity_type: &str) -> Vec<String> {
    let text = |details: &HashMap<String, Payloads>, key: &str| {
        let payloads = details.get(key);
        payloads.and_then(|p| p.payloads.first()).map(|p| String::from_utf8_lossy(&p.data).into_owned()).unwrap_or_default()
    };
    let markers = events.iter().filter_map(|event| match event.attributes.as_ref() {
        Some(Attributes::MarkerRecordedEventAttributes(marker)) => Some(&marker.details),
        _ => None,
    });
    markers.filter(|details| text(details, "data").contains(activity_type)).map(|details| text(details, "result")).collect()
}

/// How many runs there are of this workflow id, open and closed. At least one: waits until visibility knows of it.
pub async fn runs(client: &Client, workflow_id: &str) -> usize {
    until(&format!("visibility to know {workflow_id}"), || async {
        let request = ListWorkflowExecutionsRequest {
            namespace: client.namespace(),
            page_size: 100,
            query: format!("WorkflowId = '{workflow_id}'"),
            ..Default::default()
        };
        let answer = WorkflowService::list_workflow_executions(&mut client.clone(), request.into_request()).await;
        let runs = answer.expect("the runs can be listed").into_inner().executions.len();
        (runs > 0).then_some(runs)
    })
    .await
}

/// The latest run of this workflow id.
pub async fn latest_run(client: &Client, workflow_id: &str) -> String {
    let info = super::history::describe(client, workflow_id).await.and_then(|described| described.workflow_execution_info);
    info.and_then(|info| info.execution).unwrap_or_else(|| panic!("there is no run of {workflow_id}")).run_id
}
