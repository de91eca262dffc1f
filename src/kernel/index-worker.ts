/** The thread of one job of the index. It ends with the job, so that all that it took is given back. */
import { parentPort, workerData } from 'node:worker_threads';
import { toFloodgateError } from '../errors.ts';
import {
  type IndexJobFailure,
  type IndexJobName,
  type IndexJobResult,
  type IndexJobs,
  indexJobs,
} from './index-jobs.ts';

function run<N extends IndexJobName>(name: N, order: IndexJobs[N]['order']): IndexJobResult {
  try {
    return { answer: indexJobs[name](order) };
  } catch (thrown) {
    return { failure: failureOf(thrown) };
  }
}

function failureOf(thrown: unknown): IndexJobFailure {
  const { code, message } = toFloodgateError(thrown);
  const known = code === 'snapshot_failed' || code === 'snapshot_damaged';
  return { code: known ? code : 'kernel_failed', message };
}

const { name, order } = workerData as { name: IndexJobName; order: IndexJobs[IndexJobName]['order'] };
parentPort?.postMessage(run(name, order));
