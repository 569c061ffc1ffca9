// The agents' side: answers agent executions by completing the activity that waits, by its token.
//
// On the platform its server does this. Here it is the smallest worker that can stand in for it: workflow `stigmer/agent-execution/invoke` with the
// AgentExecution, callback token included, as its argument. What it says is a stand-in too: a message that begins with `refuse` fails, one that begins
// with `wait` waits until it is cancelled.

import { Context } from '@temporalio/activity';
import { ActivityNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const AGENTS_QUEUE = 'agents-typescript';

export async function callBack(callbackToken: string, message: string): Promise<void> {
  const waiting = Context.current().client.activity;
  const token = Buffer.from(callbackToken, 'base64');
  try {
    if (message.startsWith('refuse')) {
      // Not retryable: another attempt would find this same execution, and nobody who calls back for it.
      await waiting.fail(token, ApplicationFailure.nonRetryable('the agent refuses', 'AgentFailed'));
    } else {
      await waiting.complete(token, { answer: `typescript heard: ${message}` });
    }
  } catch (error) {
    // Nobody waits any more: told before, timed out, cancelled or gone. Anything else is tried again by Temporal.
    if (!(error instanceof ActivityNotFoundError)) throw error;
    Context.current().log.warn('nobody waits for this answer');
  }
}

async function main(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN') });
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' }),
    taskQueue: AGENTS_QUEUE,
    workflowsPath: require.resolve('./workflows'),
    activities: { callBack },
    dataConverter: { payloadConverterPath: require.resolve('./payloads') },
  });
  console.error(`answering for the agents of task queue ${AGENTS_QUEUE}`);
  await worker.run(); // until Ctrl-C
}

if (require.main === module) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
}
