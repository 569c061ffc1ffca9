"""The agents' side: answers agent executions by completing the activity that waits, by its token.

On the platform its server does this. Here it is the smallest worker that can stand in for it: workflow `stigmer/agent-execution/invoke` with the
AgentExecution, callback token included, as its argument. What it says is a stand-in too: a message that begins with `refuse` fails, one that begins with
`wait` waits until it is cancelled.
"""

import asyncio
import base64
import json
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

AGENTS_QUEUE = "agents-python"


@workflow.defn(name="stigmer/agent-execution/invoke")
class AgentExecution:
    @workflow.run
    async def run(self, execution: RawValue) -> None:
        # The argument is `json/protobuf`: JSON, whatever the message's class is.
        spec = json.loads(execution.payload.data)["spec"]
        if spec["message"].startswith("wait"):
            # A cancel of the step arrives as a cancel of this workflow. The one who cancelled waits for no answer.
            await workflow.wait_condition(lambda: False)
        await workflow.execute_activity(call_back, args=[spec["callbackToken"], spec["message"]], start_to_close_timeout=timedelta(minutes=1))


@activity.defn
async def call_back(callback_token: str, message: str) -> None:
    waiting = activity.client().get_async_activity_handle(task_token=base64.b64decode(callback_token))
    try:
        if message.startswith("refuse"):
            # Not retryable: another attempt would find this same execution, and nobody who calls back for it.
            await waiting.fail(ApplicationError("the agent refuses", type="AgentFailed", non_retryable=True))
        else:
            await waiting.complete({"answer": f"python heard: {message}"})
    except RPCError as error:
        # Nobody waits any more: told before, timed out, cancelled or gone. Anything else is tried again by Temporal.
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        activity.logger.warning("nobody waits for this answer")


async def main() -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    async with Worker(client, task_queue=AGENTS_QUEUE, workflows=[AgentExecution], activities=[call_back]):
        print(f"answering for the agents of task queue {AGENTS_QUEUE}", file=sys.stderr, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
