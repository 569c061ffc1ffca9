// Workflows run in a sandbox of their own: callers first, then the agents' side.

import { ActivityCancellationType, condition, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { callBack } from './agents';

interface Runner {
  ExecuteWorkflow(execution: unknown): Promise<{ output: unknown }>;
}

const { ExecuteWorkflow } = proxyActivities<Runner>({
  taskQueue: 'workflow_execution_runner',
  startToCloseTimeout: '24 hours',
  // Both guard the moments before the child exists: a worker that dies there is noticed, and the call is made again.
  // (A child that failed is run again too. What must not be stands in nonRetryableErrorTypes.)
  heartbeatTimeout: '30 seconds',
  retry: { maximumAttempts: 2 },
  // The child cancels its own work first, and says so.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Runs a workflow of the control plane as one step. */
export async function callsWorkflow(workflowId: string, message: string): Promise<unknown> {
  // A WorkflowExecution in the JSON mapping of protobuf. The id names the child: the same id never runs twice.
  const execution = { metadata: { id: workflowInfo().workflowId }, spec: { workflowId, triggerMessage: message } };
  return (await ExecuteWorkflow(execution)).output;
}

interface Agents {
  CallAgentActivity(call: { agent: string; message: string; org_id: string }): Promise<unknown>;
}

const { CallAgentActivity } = proxyActivities<Agents>({
  taskQueue: 'zigflow_execution',
  // Only the agent's callback ends this step: the timeout is what is left when none comes.
  scheduleToCloseTimeout: '24 hours',
  retry: { maximumAttempts: 5 },
});

/** Asks an agent as one step. */
export async function callsAgent(slug: string, message: string): Promise<unknown> {
  return await CallAgentActivity({ agent: slug, message, org_id: 'local' });
}

const answering = proxyActivities<{ callBack: typeof callBack }>({ startToCloseTimeout: '1 minute' });

interface AgentExecution {
  spec: { callbackToken: string; message: string };
}

/** The platform's workflow `stigmer/agent-execution/invoke`, whose argument holds the callback token. */
export async function agentExecution({ spec }: AgentExecution): Promise<void> {
  if (spec.message.startsWith('wait')) {
    // A cancel of the step arrives as a cancel of this workflow. The one who cancelled waits for no answer.
    await condition(() => false);
  }
  await answering.callBack(spec.callbackToken, spec.message);
}

export { agentExecution as 'stigmer/agent-execution/invoke' };
