/**
 * Entry of a child process. It gets jobs as lines on standard input, answers as lines on descriptor 3, and finds the
 * content of the job in the slot named by its only argument. It lives exactly as long as its standard input.
 */
import { Socket } from 'node:net';
import { createHasher } from '../../kernel/load-kernel.ts';
import type { RegionBatch, SampledFrame } from '../fingerprinter.ts';
import { decodeFromParent, encodeMessage, type FromChild, lineSplitter, type ToChild } from '../protocol.ts';
import { toErrorText } from './error-text.ts';
import { ContentFailure } from './failure.ts';
import type { FrameSink } from './frame-sink.ts';
import { prepareImageLoaders } from './image-source.ts';
import { type ChildTools, runJob } from './run-job.ts';
import { loadVideoBackend } from './video-backend.ts';

const breathAfterMs = 10;

// Ctrl-C reaches the whole group of processes. The parent drains, and ends the children when they are no longer needed.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});

// A socket writes at once, while the decoder keeps the event loop busy.
const replies = new Socket({ fd: 3, readable: false, writable: true });
let stoppedId = -1;

function say(message: FromChild): void {
  replies.write(encodeMessage(message));
}

function sinkFor(id: number): FrameSink {
  let lastBreathMs = performance.now();
  let emitted = false;
  return {
    get stopped() {
      return stoppedId === id;
    },
    emit(frame: SampledFrame) {
      say({ kind: 'frame', id, ...frame });
      emitted = true;
    },
    emitRegions(batch: RegionBatch) {
      say({ kind: 'regions', id, ...batch });
      emitted = true;
    },
    // What parts there are is the business of the sink around this one.
    async lookCloser() {},
    async breathe() {
      if (!emitted && performance.now() - lastBreathMs < breathAfterMs) return;
      await new Promise((resolve) => setImmediate(resolve));
      emitted = false;
      lastBreathMs = performance.now();
    },
  };
}

async function work(id: number, slot: string, mode: Extract<ToChild, { kind: 'job' }>['mode'], tools: ChildTools) {
  try {
    say({ kind: 'done', id, result: await runJob(slot, mode, tools, sinkFor(id)) });
  } catch (error) {
    const code = error instanceof ContentFailure ? error.code : 'internal';
    say({ kind: 'failed', id, code, detail: toErrorText(error) });
  }
}

async function main(): Promise<void> {
  const slot = process.argv[2];
  if (slot === undefined) throw new Error('no slot given');
  prepareImageLoaders();
  const hasher = createHasher();
  const tools: ChildTools = { hasher, video: await loadVideoBackend() };
  const split = lineSplitter();
  process.stdin.on('data', (chunk: Buffer) => {
    for (const line of split(chunk) ?? []) {
      const message = decodeFromParent(line);
      if (message.kind === 'stop') stoppedId = message.id;
      else void work(message.id, slot, message.mode, tools);
    }
  });
  process.stdin.on('close', () => process.exit(0));
  say({ kind: 'ready', kernelVersion: hasher.kernelVersion, videoMissing: tools.video.missing });
}

await main();
