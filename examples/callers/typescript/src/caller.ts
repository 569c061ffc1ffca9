// Calls workflow-runner from a Temporal workflow.
//
//   node out/caller.js workflow WORKFLOW_ID [INPUT]   activity ExecuteWorkflow: a workflow of the control plane
//   node out/caller.js agent SLUG MESSAGE             activity CallAgentActivity: an agent
//   node out/caller.js document FILE [INPUT]          workflow type ExecuteServerlessWorkflow: a document, without a control plane
//
// Prints the result as JSON. Ctrl-C cancels the call and waits for its end.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Client, Connection, WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const CALLERS_QUEUE = 'callers-typescript';
const address = process.env.TEMPORAL_ADDRESS ?? 'localhost:7233';

async function start(client: Client, verb: string, what: string, text: string): Promise<WorkflowHandle> {
  const workflowId = `call-${randomUUID()}`;
  if (verb === 'document') {
    const run = { workflow_yaml: await readFile(what, 'utf8'), initial_data: JSON.parse(text || '{}') };
    return await client.workflow.start('ExecuteServerlessWorkflow', { args: [run], workflowId, taskQueue: 'zigflow_execution' });
  }
  const calls = verb === 'agent' ? 'callsAgent' : 'callsWorkflow';
  return await client.workflow.start(calls, { args: [what, text], workflowId, taskQueue: CALLERS_QUEUE });
}

async function result(call: WorkflowHandle): Promise<number> {
  process.on('SIGINT', () => void call.cancel());
  try {
    console.log(JSON.stringify(await call.result()));
    return 0;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    // The workflow failed because its activity did: what the child or the agent's side said is the cause of the cause.
    const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
    if (cause instanceof CancelledFailure) {
      console.error('cancelled');
      return 3;
    }
    console.error(`failed: ${cause instanceof ApplicationFailure ? cause.type : cause?.name}: ${cause?.message}`);
    return 1;
  }
}

async function main([verb, what, text = '']: string[]): Promise<number> {
  if (!['workflow', 'agent', 'document'].includes(verb) || what === undefined) {
    console.error('usage: caller.js workflow WORKFLOW_ID [INPUT] | agent SLUG MESSAGE | document FILE [INPUT]');
    return 64;
  }
  const client = new Client({ connection: await Connection.connect({ address }) });
  const calling = async () => {
    const call = await start(client, verb, what, text);
    console.error(call.workflowId);
    return await result(call);
  };
  if (verb === 'document') return await calling(); // no workflow of ours
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('WARN') }); // Ctrl-C is ours
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue: CALLERS_QUEUE,
    workflowsPath: require.resolve('./workflows'),
    dataConverter: { payloadConverterPath: require.resolve('./payloads') },
  });
  return await worker.runUntil(calling);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
