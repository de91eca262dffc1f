/** Runs one job of the index in a thread of its own. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { builtFile } from '../config/paths.ts';
import { FloodgateError } from '../errors.ts';
import type { IndexJobName, IndexJobResult, IndexJobs } from './index-jobs.ts';

/** Resolves with the job's answer. Throws what the job threw, and kernel_failed when the thread ended without one. */
export async function runIndexJob<N extends IndexJobName>(
  name: N,
  order: IndexJobs[N]['order'],
  signal?: AbortSignal,
): Promise<IndexJobs[N]['answer']> {
  const entry = builtFile('src/kernel/index-worker.js');
  if (!existsSync(entry)) {
    throw new FloodgateError('internal', `${entry} is missing: run "npm run build:src" first`);
  }
  // Flags of the parent, such as a test runner's loaders, are not for this thread.
  const worker = new Worker(entry, { workerData: { name, order }, execArgv: [], name: `floodgate-index-${name}` });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const result = await resultOf(worker);
    if ('failure' in result) throw new FloodgateError(result.failure.code, result.failure.message);
    return result.answer as IndexJobs[N]['answer'];
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function resultOf(worker: Worker): Promise<IndexJobResult> {
  return new Promise((resolve, reject) => {
    const fail = (text: string, cause?: unknown) =>
      reject(new FloodgateError('kernel_failed', `the thread of the index ${text}`, { cause }));
    worker.once('message', resolve);
    worker.once('error', (cause) => fail(`failed: ${cause.message}`, cause));
    // After an answer this changes nothing.
    worker.once('exit', (code) => fail(`has ended with ${code}`));
  });
}
