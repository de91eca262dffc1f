/**
 * Makes the media of the demo and the copies of the bench, in child processes: films and stills drawn by our own code,
 * and edited copies of any file. The input files are trusted; hostile bytes are the fingerprinter's business.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { limits } from '../config/limits.ts';
import { builtFile } from '../config/paths.ts';
import { FloodgateError } from '../errors.ts';
import type {
  EditImageRequest,
  FilmRequest,
  JobMessage,
  JobReply,
  MadeImage,
  MadeVideo,
  MediaJob,
  StillRequest,
  TranscodeRequest,
} from './media-job.ts';

export interface MediaMaker {
  /** True when video can be made here; images can be made in any case. */
  videoAvailable(): Promise<boolean>;
  renderFilm(request: FilmRequest): Promise<MadeVideo>;
  renderStill(request: StillRequest): Promise<MadeImage>;
  transcode(request: TranscodeRequest): Promise<MadeVideo>;
  editImage(request: EditImageRequest): Promise<MadeImage>;
  /** Ends the children; what is under way or queued is rejected. */
  close(): Promise<void>;
}

export interface MediaMakerOptions {
  /** Children that work at the same time; started when first needed. */
  readonly processes: number;
}

interface QueuedJob {
  readonly job: MediaJob;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: FloodgateError) => void;
}

/** Jobs reject with `internal` and the last words of the child, or with `overloaded` when the queue is full. */
export function createMediaMaker(options: MediaMakerOptions): MediaMaker {
  const queue: QueuedJob[] = [];
  const workers = Array.from({ length: Math.max(1, options.processes) }, () => createWorker(dispatch));
  let closed = false;

  function dispatch(): void {
    for (const worker of workers) {
      const next = worker.busy() ? undefined : queue.shift();
      if (next !== undefined) worker.run(next);
    }
  }
  function enqueue(job: MediaJob): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new FloodgateError('internal', 'The media maker is closed.'));
      if (queue.length >= limits.mediaJobsQueuedMax) {
        return reject(new FloodgateError('overloaded', `Over ${limits.mediaJobsQueuedMax} media jobs are waiting.`));
      }
      queue.push({ job, resolve, reject });
      dispatch();
    });
  }
  return {
    videoAvailable: async () => (await enqueue({ kind: 'probe' })) === true,
    renderFilm: async (request) => (await enqueue({ kind: 'film', ...request })) as MadeVideo,
    renderStill: async (request) => (await enqueue({ kind: 'still', ...request })) as MadeImage,
    transcode: async (request) => (await enqueue({ kind: 'transcode', ...request })) as MadeVideo,
    editImage: async (request) => (await enqueue({ kind: 'edit-image', ...request })) as MadeImage,
    async close() {
      closed = true;
      for (const waiting of queue.splice(0)) {
        waiting.reject(new FloodgateError('internal', 'The media maker was closed before this job began.'));
      }
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

interface Worker {
  busy(): boolean;
  run(queued: QueuedJob): void;
  close(): Promise<void>;
}

/** One child at a time, started by the first job and again by the first job after a death. */
function createWorker(onIdle: () => void): Worker {
  let child: ChildProcess | null = null;
  let current: { readonly id: number; readonly queued: QueuedJob; readonly timer: NodeJS.Timeout } | null = null;
  let lastWords = '';
  let nextId = 1;

  function settle(act: (queued: QueuedJob) => void): void {
    if (current === null) return;
    const { queued, timer } = current;
    clearTimeout(timer);
    current = null;
    act(queued);
    onIdle();
  }
  function fail(queued: QueuedJob, reason: string): void {
    const words = lastWords.trim();
    const message = `Making media failed (${nameJob(queued.job)}): ${reason}${words === '' ? '' : `\n${words}`}`;
    queued.reject(new FloodgateError('internal', message));
  }
  function onReply(reply: JobReply): void {
    if (current?.id !== reply.id) return;
    settle((queued) => (reply.ok ? queued.resolve(reply.value) : fail(queued, reply.message)));
  }
  function start(): ChildProcess {
    const started = fork(builtFile('src/demo/child/media-maker.js'), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const onEnd = (reason: string): void => {
      if (child !== started) return;
      child = null;
      settle((queued) => fail(queued, reason));
    };
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-limits.mediaStderrCharsMax);
    });
    started.on('message', (reply) => onReply(reply as JobReply));
    started.on('error', (error) => onEnd(error.message));
    // 'close' rather than 'exit': by then the last words have been read.
    started.on('close', (code, signal) => onEnd(`the child ended with ${signal ?? `code ${code}`}`));
    return started;
  }
  return {
    busy: () => current !== null,
    run(queued) {
      child ??= start();
      lastWords = '';
      const id = nextId++;
      const running = child;
      const timer = setTimeout(() => running.kill('SIGKILL'), limits.mediaJobTimeoutMs);
      current = { id, queued, timer };
      running.send({ id, job: queued.job } satisfies JobMessage, (error) => {
        if (error !== null && current?.id === id) settle((failed) => fail(failed, error.message));
      });
    },
    async close() {
      const ending = child;
      if (ending === null) return;
      const closed = new Promise<void>((resolve) => ending.once('close', () => resolve()));
      ending.kill('SIGKILL');
      await closed;
    },
  };
}

function nameJob(job: MediaJob): string {
  return 'output' in job ? `${job.kind} ${job.output}` : job.kind;
}
