/** Calls into the thread that owns the database: one promise a call, all of them rejected when the thread ends. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { builtFile } from '../config/paths.ts';
import { FloodgateError } from '../errors.ts';
import { toError } from './commit.ts';
import type { Topic } from './log.ts';
import type { CallName, Calls, FromWorker, WorkerSettings } from './sqlite-protocol.ts';

interface Pending {
  resolve(answer: unknown): void;
  reject(error: FloodgateError): void;
}

export interface Opened {
  readonly logId: string;
  readonly ends: Readonly<Record<Topic, number>>;
  readonly unwritable: string | null;
}

export interface WorkerEvents {
  onRoom(unwritable: string | null): void;
  onRetentionFailed(error: FloodgateError): void;
  /** The thread ended without having been asked to. */
  onDeath(error: FloodgateError): void;
}

export class WorkerClient {
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #ended: FloodgateError | null = null;
  #expected = false;
  #opening: Pending | null = null;

  constructor(settings: WorkerSettings, events: WorkerEvents) {
    const entry = builtFile('src/log/sqlite-worker.js');
    if (!existsSync(entry)) {
      throw new FloodgateError('internal', `${entry} is missing: run "npm run build:src" first`);
    }
    this.#events = events;
    // Flags of the parent, such as a test runner's loaders, are not for this thread.
    this.#worker = new Worker(entry, { workerData: settings, execArgv: [], name: 'floodgate-log' });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (cause) => this.#end(new FloodgateError('log_failed', cause.message, { cause })));
    this.#worker.on('exit', () => this.#end(new FloodgateError('log_failed', 'the thread of the log has ended')));
  }

  opened(): Promise<Opened> {
    return new Promise((resolve, reject) => {
      this.#opening = { resolve: (answer) => resolve(answer as Opened), reject };
      if (this.#ended !== null) reject(this.#ended);
    });
  }

  call<N extends CallName>(name: N, args: Calls[N]['args']): Promise<Calls[N]['answer']> {
    const ended = this.#ended;
    if (ended !== null) return Promise.reject(ended);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Calls[N]['answer']>((resolve, reject) => {
      this.#pending.set(id, { resolve: (answer) => resolve(answer as Calls[N]['answer']), reject });
      this.#worker.postMessage({ id, name, args });
    });
  }

  /** Ends the thread at once; calls that wait are rejected. */
  async terminate(): Promise<void> {
    this.#expected = true;
    await this.#worker.terminate();
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'opened') this.#opening?.resolve(message);
    else if (message.kind === 'refused') this.#opening?.reject(toError(message.refusal));
    else if (message.kind === 'room') this.#events.onRoom(message.unwritable);
    else if (message.kind === 'retention-failed') this.#events.onRetentionFailed(toError(message.refusal));
    else if (message.kind === 'answer') this.#take(message.id)?.resolve(message.answer);
    else this.#take(message.id)?.reject(toError(message.refusal));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #end(error: FloodgateError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#opening?.reject(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    if (!this.#expected) this.#events.onDeath(error);
  }
}
