/**
 * Entry of a child process. It gets jobs as lines on standard input, answers as lines on descriptor 3, and finds the
 * content of the job in the slot named by its only argument. It lives exactly as long as its standard input.
 */
import { Socket } from 'node:net';
import { createHasher } from '../../kernel/load-kernel.ts';
import { decodeFromParent, encodeMessage, type FromChild, lineSplitter, type ToChild } from '../protocol.ts';
import { toErrorText } from './error-text.ts';
import { ContentFailure } from './failure.ts';
import { prepareImageLoaders } from './image-source.ts';
import { ParentSink } from './parent-sink.ts';
import { type ChildTools, runJob } from './run-job.ts';
import { loadVideoBackend } from './video-backend.ts';

type Job = Extract<ToChild, { kind: 'job' }>;

// Ctrl-C reaches the whole group of processes. The parent drains, and ends the children when they are no longer needed.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});

// A socket writes at once, while the decoder keeps the event loop busy.
const replies = new Socket({ fd: 3, readable: false, writable: true });

function say(message: FromChild): void {
  replies.write(encodeMessage(message));
}

async function work(sink: ParentSink, { id, mode }: Job, slot: string, tools: ChildTools) {
  try {
    say({ kind: 'done', id, result: await runJob(slot, mode, tools, sink) });
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
  let current: { readonly id: number; readonly sink: ParentSink } | undefined;
  process.stdin.on('data', (chunk: Buffer) => {
    for (const line of split(chunk) ?? []) {
      const message = decodeFromParent(line);
      if (message.kind === 'job') {
        current = { id: message.id, sink: new ParentSink(message.id, say) };
        void work(current.sink, message, slot, tools);
      } else if (message.id === current?.id) current.sink.hear(message.kind);
    }
  });
  process.stdin.on('close', () => process.exit(0));
  say({ kind: 'ready', kernelVersion: hasher.kernelVersion, videoMissing: tools.video.missing });
}

await main();
