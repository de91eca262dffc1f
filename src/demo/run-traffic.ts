/**
 * `floodgate traffic`: uploads for a running service, so that its dashboards move: copies of content that it banks first,
 * other works, hashes, and what cannot be judged. What it banked it removes again at its end.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiClient } from '../cli/client.ts';
import type { CommandContext } from '../cli/context.ts';
import type { Decision } from '../contracts/decision.ts';
import { makeTrafficMedia, type TrafficMedia } from './traffic-media.ts';
import { isExpected, TrafficPlan, type TrafficUpload } from './traffic-plan.ts';

export interface TrafficOptions {
  /** 0: until interrupted. */
  readonly seconds: number;
  /** Uploads a second. */
  readonly rate: number;
  readonly json?: boolean;
}

const waitSeconds = 20;
/** Above it an upload is left out and counted: a service that is behind is not piled up on. */
const openUploadsMax = 32;
const bankChangeMs = 2_000;
const reportMs = 10_000;
const freshContentsMax = 10;
/** An interrupt cleans up too, and nobody waits long for it. */
const cleanMsMax = 5_000;
const landmarkId = 'traffic/landmark';

/** True when copies were blocked as what they are copies of, and unrelated works were not. */
export async function runTraffic(
  options: TrafficOptions,
  connect: (signal: AbortSignal) => ApiClient,
  context: CommandContext,
): Promise<boolean> {
  const client = connect(context.signal);
  const folder = await mkdtemp(join(tmpdir(), 'floodgate-traffic-'));
  const say = (line: string) => context.terminal.note(line);
  try {
    say('drawing pictures and films ...');
    const media = await makeTrafficMedia(folder, context.signal);
    const plan = new TrafficPlan(media.files, Date.now());
    const traffic = new Traffic(plan, client, context.signal);
    try {
      const contents = await traffic.bank(media);
      say(`${contents} contents are banked; uploads begin, ${options.rate} a second`);
      await traffic.run(options, say);
      context.terminal.print(options.json === true ? JSON.stringify(traffic.sums()) : traffic.line());
    } finally {
      await traffic.clean(connect(AbortSignal.timeout(cleanMsMax)));
    }
    return traffic.sums().passed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Traffic {
  readonly #plan: TrafficPlan;
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  readonly #banked: string[] = [];
  readonly #fresh: string[] = [];
  readonly #run = randomUUID().slice(0, 8);
  readonly #counts = { sent: 0, block: 0, review: 0, allow: 0, unexpected: 0, undecided: 0, failed: 0, leftOut: 0 };
  readonly #open = new Set<Promise<void>>();
  readonly #startedMs = performance.now();

  constructor(plan: TrafficPlan, client: ApiClient, signal: AbortSignal) {
    this.#plan = plan;
    this.#client = client;
    this.#signal = signal;
  }

  /** Resolves with the number of contents that are banked. */
  async bank({ known }: TrafficMedia): Promise<number> {
    this.#banked.push(landmarkId);
    await this.#client.addToBank({ contentId: landmarkId, frames: [...this.#plan.landmark], labels: ['traffic'] });
    for (const { contentId, path } of known) {
      this.#banked.push(contentId);
      await this.#client.addFileToBank(path, { contentId, labels: ['traffic'] });
    }
    return this.#banked.length;
  }

  /** Sends at the rate until the time is over or the signal aborts, then waits for what is on its way. */
  async run({ seconds, rate }: TrafficOptions, say: (line: string) => void): Promise<void> {
    const timers = [
      setInterval(() => this.#send(), 1000 / rate),
      setInterval(() => this.#hold(this.#changeBank()), bankChangeMs),
      setInterval(() => say(this.line()), reportMs),
    ];
    await new Promise<void>((resolve) => {
      if (this.#signal.aborted) resolve();
      this.#signal.addEventListener('abort', () => resolve(), { once: true });
      if (seconds > 0) timers.push(setTimeout(resolve, seconds * 1000));
    });
    for (const timer of timers) clearInterval(timer);
    await Promise.all(this.#open);
  }

  /** Removes what was banked, as far as the service lets it. */
  async clean(client: ApiClient): Promise<void> {
    for (const contentId of [...this.#banked, ...this.#fresh]) {
      await client.removeFromBank(contentId).catch(() => undefined);
    }
  }

  sums() {
    const { unexpected, failed, undecided } = this.#counts;
    const seconds = Math.round((performance.now() - this.#startedMs) / 100) / 10;
    return { ...this.#counts, seconds, passed: unexpected + failed + undecided === 0 };
  }

  #send(): void {
    if (this.#open.size >= openUploadsMax) {
      this.#counts.leftOut += 1;
      return;
    }
    this.#counts.sent += 1;
    const upload = this.#plan.next();
    const uploadId = `traffic-${this.#run}-${this.#counts.sent}`;
    this.#hold(this.#submit(upload, uploadId).then((decision) => this.#count(upload, decision)));
  }

  #submit(upload: TrafficUpload, uploadId: string): Promise<Decision | undefined> {
    return upload.kind === 'file'
      ? this.#client.submitFile(upload.file.path, { uploadId }, waitSeconds)
      : this.#client.submitEvent({ uploadId, content: upload.content }, waitSeconds);
  }

  #count(upload: TrafficUpload, decision: Decision | undefined): void {
    if (decision === undefined) {
      this.#counts.undecided += 1;
      return;
    }
    this.#counts[decision.outcome] += 1;
    if (!isExpected(upload, decision)) this.#counts.unexpected += 1;
  }

  /** One content comes, and the oldest goes, so that the age and the version of every bank move. */
  async #changeBank(): Promise<void> {
    const contentId = `traffic/${this.#run}-${this.#counts.sent}`;
    await this.#client.addToBank({ contentId, frames: this.#plan.hashes(), labels: ['traffic'] });
    this.#fresh.push(contentId);
    const oldest = this.#fresh.length > freshContentsMax ? this.#fresh.shift() : undefined;
    if (oldest !== undefined) await this.#client.removeFromBank(oldest);
  }

  /** A service that refuses for a while, or restarts, is part of what dashboards show: it is counted and goes on. */
  #hold(work: Promise<void>): void {
    const held = work
      .catch(() => {
        // An interrupt gives up what is on its way.
        if (!this.#signal.aborted) this.#counts.failed += 1;
      })
      .finally(() => this.#open.delete(held));
    this.#open.add(held);
  }

  line(): string {
    const { sent, block, review, allow, unexpected, failed, undecided, leftOut } = this.#counts;
    const faults = `${unexpected} not as expected, ${failed} failed, ${undecided} undecided, ${leftOut} left out`;
    return `${sent} uploads: ${block} blocked, ${review} held for review, ${allow} let through; ${faults}`;
  }
}
