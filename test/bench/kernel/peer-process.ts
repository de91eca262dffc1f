/**
 * A peer: somebody else's code in a process of its own, asked by lines.
 *
 * A request is one line of words, the answer one line of JSON; `{"error": "..."}` says that a request failed. The process
 * lives through all rounds, so that ours and theirs can take turns, and takes the time around its own calls, so that
 * neither the pipe nor the formatting of answers counts. The first line, unasked, says versions.
 *
 *     pdq.cpp         load NAME WIDTH HEIGHT CHANNELS COUNT PATH | hash NAME | dihedral NAME | hashes NAME
 *     scan.c          codes COUNT PATH | queries COUNT PATH | run scan FIRST COUNT RADIUS
 *     faiss_peer.py   codes COUNT PATH | queries COUNT PATH | build INDEX | forget | run INDEX FIRST COUNT RADIUS STYLE
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Reply = Readonly<Record<string, unknown>>;

export interface Peer {
  /** What the process said about itself at its start. */
  readonly hello: Reply;
  /** Rejects with what the peer said when the request failed or the process is gone. */
  ask(request: string): Promise<Reply>;
  close(): Promise<void>;
}

/** A build of an index of ten million takes FAISS minutes. */
const answerTimeoutMs = 600_000;
const lastWordsChars = 2_000;

/** One thread everywhere: FAISS and numpy each have a setting of their own. */
const singleThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

export async function startPeer(command: string, args: readonly string[] = []): Promise<Peer> {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...singleThread } });
  let lastWords = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-lastWordsChars);
  });
  child.stdin.on('error', () => {}); // A dead peer is told by its end.
  const answers = answersOf(child, () => lastWords);
  const hello = await answers.next();
  return {
    hello,
    async ask(request) {
      child.stdin.write(`${request}\n`);
      const reply = await answers.next();
      if (typeof reply.error === 'string') throw new Error(reply.error);
      return reply;
    },
    async close() {
      const ended = new Promise<void>((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) resolve();
        else child.once('exit', () => resolve());
      });
      child.kill('SIGKILL');
      await ended;
    },
  };
}

interface Answers {
  next(): Promise<Reply>;
}

/** One request at a time: the bench never asks twice at once. */
function answersOf(child: ChildProcessWithoutNullStreams, lastWords: () => string): Answers {
  let waiting: { resolve(reply: Reply): void; reject(error: Error): void; timer: NodeJS.Timeout } | null = null;
  let early: Reply | null = null;
  let ended: Error | null = null;
  const end = (why: string): void => {
    ended ??= new Error(`the peer ended: ${why} ${lastWords().trim().split('\n').at(-1) ?? ''}`.trim());
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    waiting.reject(ended);
    waiting = null;
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const reply = JSON.parse(line) as Reply;
    if (waiting === null) {
      early = reply;
      return;
    }
    clearTimeout(waiting.timer);
    waiting.resolve(reply);
    waiting = null;
  });
  child.once('error', (error) => end(error.message));
  child.once('close', (code, signal) => end(signal ?? `code ${code}`));
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (early !== null) {
          resolve(early);
          early = null;
        } else if (ended !== null) reject(ended);
        else {
          const timer = setTimeout(() => child.kill('SIGKILL'), answerTimeoutMs);
          waiting = { resolve, reject, timer };
        }
      }),
  };
}
