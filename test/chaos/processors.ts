/** Processors as an operator runs them, which die and are started again. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServedProcess, serveProcess } from '../support/served-process.ts';

export interface ProcessorsOptions {
  readonly count: number;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export class Processors {
  readonly #options: ProcessorsOptions;
  readonly #served = new Map<number, ServedProcess>();
  #stopping = false;
  /** Processes that ended although nobody had killed them. */
  endedByThemselves = 0;
  readonly #expected = new Set<number>();
  /** The last that is done to each: two processes on one data folder would be another test. */
  readonly #turns = new Map<number, Promise<void>>();

  constructor(options: ProcessorsOptions) {
    this.#options = options;
  }

  async startAll(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.count }, (_, index) => this.#start(index)));
  }

  /** SIGKILL, and a new start with the data it left or without any. Waits for a start that is under way. */
  kill(index: number, keepsData: boolean): Promise<void> {
    const turn = (this.#turns.get(index) ?? Promise.resolve()).then(() => this.#kill(index, keepsData));
    this.#turns.set(index, turn);
    return turn;
  }

  async #kill(index: number, keepsData: boolean): Promise<void> {
    this.#expected.add(index);
    await this.#served.get(index)?.stop('SIGKILL');
    if (!keepsData) await rm(this.#folderOf(index), { recursive: true, force: true });
    await this.#start(index);
  }

  /** SIGSTOP, and SIGCONT to the same process later. */
  async standStill(index: number, ms: number): Promise<void> {
    const stopped = this.#served.get(index)?.process;
    stopped?.kill('SIGSTOP');
    await sleep(ms);
    stopped?.kill('SIGCONT');
  }

  async stopAll(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#turns.values());
    await Promise.all([...this.#served.values()].map((served) => served.stop('SIGTERM')));
  }

  #folderOf(index: number): string {
    return join(this.#options.folder, `processor-${index}`);
  }

  async #start(index: number): Promise<void> {
    while (!this.#stopping) {
      try {
        const { environment } = this.#options;
        const dataFolder = this.#folderOf(index);
        const served = await serveProcess({ dataFolder, environment, startTimeoutMs: 90_000 });
        this.#expected.delete(index);
        this.#served.set(index, served);
        served.process.once('exit', () => this.#exited(index, served));
        return;
      } catch (error) {
        // A broker that is away ends a start; the supervisor tries again.
        process.stderr.write(`processor ${index} did not start: ${String(error).slice(0, 300)}\n`);
      }
    }
  }

  #exited(index: number, served: ServedProcess): void {
    if (this.#stopping || this.#expected.has(index) || this.#served.get(index) !== served) return;
    this.endedByThemselves += 1;
    process.stderr.write(`processor ${index} ended by itself: ${served.stderr().slice(-600)}\n`);
    this.#turns.set(
      index,
      (this.#turns.get(index) ?? Promise.resolve()).then(() => this.#start(index)),
    );
  }
}
