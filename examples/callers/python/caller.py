"""Calls workflow-runner from a Temporal workflow.

    python caller.py workflow WORKFLOW_ID [INPUT]   activity ExecuteWorkflow: a workflow of the control plane
    python caller.py agent SLUG MESSAGE             activity CallAgentActivity: an agent
    python caller.py document FILE [INPUT]          workflow type ExecuteServerlessWorkflow: a document, without a control plane

Prints the result as JSON. Ctrl-C cancels the call and waits for its end.
"""

import asyncio
import json
import os
import signal
import sys
import uuid
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.worker import Worker
from temporalio.workflow import ActivityCancellationType

CALLERS_QUEUE = "callers-python"


@workflow.defn
class CallsWorkflow:
    """Runs a workflow of the control plane as one step."""

    @workflow.run
    async def run(self, workflow_id: str, message: str) -> Any:
        # A WorkflowExecution in the JSON mapping of protobuf. The id names the child: the same id never runs twice.
        execution = {"metadata": {"id": workflow.info().workflow_id}, "spec": {"workflowId": workflow_id, "triggerMessage": message}}
        status = await workflow.execute_activity(
            "ExecuteWorkflow",
            execution,
            task_queue="workflow_execution_runner",
            # The answer is `json/protobuf`, which the converter reads only where the message's generated class is there.
            result_type=RawValue,
            start_to_close_timeout=timedelta(hours=24),
            # Both guard the moments before the child exists: a worker that dies there is noticed, and the call is made again.
            # (A child that failed is run again too. What must not be stands in non_retryable_error_types.)
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=2),
            # The child cancels its own work first, and says so.
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        return json.loads(status.payload.data)["output"]


@workflow.defn
class CallsAgent:
    """Asks an agent as one step."""

    @workflow.run
    async def run(self, slug: str, message: str) -> Any:
        return await workflow.execute_activity(
            "CallAgentActivity",
            {"agent": slug, "message": message, "org_id": "local"},
            task_queue="zigflow_execution",
            # Only the agent's callback ends this step: the timeout is what is left when none comes.
            schedule_to_close_timeout=timedelta(hours=24),
            retry_policy=RetryPolicy(maximum_attempts=5),
        )


async def start(client: Client, verb: str, what: str, text: str) -> WorkflowHandle[Any, Any]:
    id = f"call-{uuid.uuid4()}"
    if verb == "document":
        with open(what) as file:
            run = {"workflow_yaml": file.read(), "initial_data": json.loads(text or "{}")}
        return await client.start_workflow("ExecuteServerlessWorkflow", run, id=id, task_queue="zigflow_execution")
    calls = {"workflow": CallsWorkflow.run, "agent": CallsAgent.run}[verb]
    return await client.start_workflow(calls, args=[what, text], id=id, task_queue=CALLERS_QUEUE)


async def main() -> int:
    if len(sys.argv) < 3 or sys.argv[1] not in ("workflow", "agent", "document"):
        print(__doc__, file=sys.stderr)
        return 64
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    async with Worker(client, task_queue=CALLERS_QUEUE, workflows=[CallsWorkflow, CallsAgent]):
        call = await start(client, sys.argv[1], sys.argv[2], "".join(sys.argv[3:4]))
        print(call.id, file=sys.stderr)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: asyncio.ensure_future(call.cancel()))
        try:
            print(json.dumps(await call.result()))
            return 0
        except WorkflowFailureError as error:
            # The workflow failed because its activity did: what the child or the agent's side said is the cause of the cause.
            cause = error.cause.cause if isinstance(error.cause, ActivityError) else error.cause
            if isinstance(cause, CancelledError):
                print("cancelled", file=sys.stderr)
                return 3
            kind = cause.type if isinstance(cause, ApplicationError) else type(cause).__name__
            print(f"failed: {kind}: {getattr(cause, 'message', cause)}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    # Not sys.exit: threads of the SDK may call into an interpreter that is being taken down, and abort it.
    os._exit(code)
