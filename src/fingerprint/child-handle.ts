/** One child process: started in its sandbox, talked to in lines, killed at the slightest doubt. */
import { type ChildProcess, spawn } from 'node:child_process';
import { execPath } from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { limits } from '../config/limits.ts';
import { builtFile } from '../config/paths.ts';
import { decodeFromChild, encodeMessage, type FromChild, lineSplitter, type ToChild } from './protocol.ts';
import type { Sandbox } from './sandbox.ts';
import { type LinkedSpool, openSlot, type Slot } from './slot.ts';

/** Generous for two sets of bindings, small beside what decoding takes outside of V8's heap. */
const heapMiBMax = 192;

/** What every child of a pool is started with. */
export interface ChildSetup {
  readonly sandbox: Sandbox;
  readonly spool: LinkedSpool | undefined;
}

export interface ChildEvents {
  onMessage(message: FromChild): void;
  /** Called once, when the process is gone. */
  onExit(why: string): void;
}

export class ChildHandle {
  readonly pid: number;
  readonly slot: Slot;
  readonly #process: ChildProcess;
  readonly #events: ChildEvents;
  #stderr = '';
  #violation: string | null = null;

  static async start({ sandbox, spool }: ChildSetup, events: ChildEvents): Promise<ChildHandle> {
    const slot = await openSlot({ isForOtherUser: sandbox.dropsUser, spool });
    const entry = builtFile('src/fingerprint/child/main.js');
    // Planes of frames die young, and make V8 mark a heap of 13 MB for every third video: a tenth of the child's time.
    const heap = [`--max-old-space-size=${heapMiBMax}`, `--heap-growing-percent=${limits.heapGrowingPercent}`];
    const own = [execPath, ...heap, entry, slot.nameInChild];
    const [command, ...args] = [...sandbox.prefix, ...own];
    const child = spawn(command ?? execPath, args, {
      cwd: '/',
      env: { MALLOC_ARENA_MAX: '2' },
      stdio: ['pipe', 'ignore', 'pipe', 'pipe', slot.fd],
    });
    return new ChildHandle(child, slot, events);
  }

  constructor(child: ChildProcess, slot: Slot, events: ChildEvents) {
    this.#process = child;
    this.#events = events;
    this.slot = slot;
    this.pid = child.pid ?? 0;
    let ended = false;
    const end = (why: string) => {
      if (ended) return;
      ended = true;
      void slot.close();
      events.onExit(why);
    };
    child.on('error', (error) => end(`it could not be started: ${error.message}`));
    child.on('close', (code, signal) => end(this.#describeEnd(code, signal)));
    this.#listen(child.stdio[2] as Readable, child.stdio[3] as Readable);
    // Writing to a child that has just died is not news; its end is.
    child.stdin?.on('error', () => {});
  }

  send(message: ToChild): void {
    (this.#process.stdin as Writable).write(encodeMessage(message));
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #listen(stderr: Readable, replies: Readable): void {
    stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('latin1')).slice(-limits.childStderrBytesMax);
    });
    const split = lineSplitter();
    replies.on('data', (chunk: Buffer) => {
      const lines = split(chunk);
      if (lines === null) this.#accuse('a message without an end');
      for (const line of lines ?? []) this.#hear(line);
    });
    replies.on('error', () => {});
  }

  #hear(line: string): void {
    if (this.#violation !== null) return;
    const message = decodeFromChild(line);
    if (message === null) this.#accuse('a message that no sound child sends');
    else this.#events.onMessage(message);
  }

  #accuse(what: string): void {
    this.#violation ??= what;
    this.kill();
  }

  #describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
    const said = this.#stderr.trim();
    return [this.#violation ?? end, ...(said === '' ? [] : [said])].join(': ');
  }
}
