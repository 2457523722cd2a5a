// Files a complaint, answers for the department, hears the customer, reads the result: from docs/contract.md alone.
// Usage: npm start -- NUMBER complaint.json      (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE)
import { readFileSync } from 'node:fs';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';

type Share = { party: string; percent?: number };
type Verdict = { accepted: boolean; code: string; reason: string };
type View = { stage: string; waiting_for: string; due: string | null };
type Result = { number: string; exit: string; refunded: number; currency: string };

const [number, file] = process.argv.slice(2);
const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? 'localhost:7233' });
const client = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE ?? 'default' });

// The number is the key: whoever got no answer just starts again.
const handle = await client.workflow.start('Complaint', {
  taskQueue: 'redress',
  workflowId: `complaint.${number}`,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
  workflowIdConflictPolicy: 'USE_EXISTING',
  args: [JSON.parse(readFileSync(file, 'utf8'))],
});

async function until(stage: string): Promise<View> {
  for (;;) {
    const view = await handle.query<View | null>('view');
    if (view?.stage === stage) return view;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function send(name: string, message: { actor: string; command_id: string; [field: string]: unknown }) {
  return handle.executeUpdate<Verdict, [typeof message]>(name, { args: [message] });
}

const asked = await until('asked');
try {
  await send('confirm', { actor: 'nobody', liable: [{ party: 'merchant' }], reason: 'x', command_id: 'ts-0' });
} catch (error) {
  if (!(error instanceof WorkflowUpdateFailedError)) throw error;
  const cause = error.cause as { type?: string };
  console.log(JSON.stringify({ refused: cause.type, waiting_for: asked.waiting_for }));
}
const liable: Share[] = [{ party: 'merchant', percent: 100 }];
// As a signal: counted at the instant the server received it, whatever happens to the workers.
await handle.signal('confirm', { actor: '耿焰', liable, reason: 'Sealing ring missing', command_id: 'ts-1' });
await until('feedback');
const heard = await send('feedback', { actor: 'storefront', satisfied: true, command_id: 'ts-2' });
const result = (await handle.result()) as Result;
console.log(JSON.stringify({ heard: heard.code, result }));
await connection.close();
