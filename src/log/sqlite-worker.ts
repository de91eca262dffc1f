/** The thread that owns the log's database: answers calls one after the other, and keeps retention and room in view. */
import { parentPort, workerData } from 'node:worker_threads';
import { FloodgateError } from '../errors.ts';
import type { Refusal } from './commit.ts';
import type { Call, CallName, Calls, FromWorker, WorkerSettings } from './sqlite-protocol.ts';
import { retain } from './sqlite-retention.ts';
import { freeBytesAt } from './sqlite-room.ts';
import { SqliteStore } from './sqlite-store.ts';

const port = parentPort;
const settings = workerData as WorkerSettings;

function post(message: FromWorker): void {
  port?.postMessage(message);
}

type Handlers = { [N in CallName]: (args: Calls[N]['args']) => Calls[N]['answer'] | Promise<Calls[N]['answer']> };

function handlersOf(store: SqliteStore, stop: () => void): Handlers {
  return {
    commit({ requests }) {
      const results = store.commit(requests);
      return { results, ends: store.ends(), unwritable: store.unwritable() };
    },
    read: ({ topic, fromOffset, max }) => store.read(topic, fromOffset, max),
    end: ({ topic }) => store.end(topic),
    openGroup: ({ topic, group }) => store.openGroup(topic, group),
    lag: ({ topic, group }) => store.lag(topic, group),
    async retain({ nowMs }) {
      await retainInSteps(store, nowMs);
      return null;
    },
    close() {
      stop();
      store.close();
      return null;
    },
  };
}

/** Lets waiting commits pass between two steps. */
async function retainInSteps(store: SqliteStore, nowMs: number): Promise<void> {
  for (const _ of retain(store, settings.retention, nowMs)) await new Promise((next) => setImmediate(next));
}

async function answer(handlers: Handlers, call: Call): Promise<void> {
  try {
    const handler = handlers[call.name] as (args: Call['args']) => unknown;
    const result = (await handler(call.args)) as Calls[CallName]['answer'];
    post({ kind: 'answer', id: call.id, answer: result });
  } catch (thrown) {
    post({ kind: 'failure', id: call.id, refusal: refusalOf(thrown) });
  }
}

function refusalOf(thrown: unknown): Refusal {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof FloodgateError && thrown.code === 'log_full') return { code: 'log_full', message };
  return { code: 'log_failed', message };
}

/** Retention is due every interval, and at every look while there is no room: it may be what makes some. */
function watch(store: SqliteStore): () => void {
  let told = store.unwritable();
  let retaining = false;
  let retainedMs = Date.now();
  const look = async () => {
    const unwritable = store.unwritable();
    if (unwritable !== told) post({ kind: 'room', unwritable });
    told = unwritable;
    const due = unwritable !== null || Date.now() - retainedMs >= settings.retentionIntervalMs;
    if (!due || retaining) return;
    retaining = true;
    retainedMs = Date.now();
    // What cannot be removed now, because the disk is full or failing, is tried again when it is due.
    await retainInSteps(store, retainedMs).catch((thrown: unknown) => {
      post({ kind: 'retention-failed', refusal: refusalOf(thrown) });
    });
    retaining = false;
  };
  const timer = setInterval(() => void look(), settings.roomCheckMs);
  return () => clearInterval(timer);
}

function run(): void {
  try {
    const store = new SqliteStore({ ...settings, freeBytes: () => freeBytesAt(settings.path), nowMs: Date.now });
    const handlers = handlersOf(store, watch(store));
    port?.on('message', (call: Call) => void answer(handlers, call));
    post({ kind: 'opened', logId: store.id, ends: store.ends(), unwritable: store.unwritable() });
  } catch (thrown) {
    post({ kind: 'refused', refusal: refusalOf(thrown) });
  }
}

run();
