/** Uploads as they come, whatever has become of those before, and their decisions as they are seen. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from '../../../src/contracts/decision.ts';
import { type DecisionFeed, followDecisions } from './decision-feed.ts';
import type { MediaServer } from './media-server.ts';
import type { PlannedUpload, UploadKind } from './schedule.ts';
import type { Offered } from './tally.ts';
import type { WaveFile, WaveMedia } from './wave-media.ts';

export interface LoadParts {
  /** Of the service. */
  readonly url: string;
  readonly server: MediaServer;
  readonly media: WaveMedia;
  readonly incidentId: string;
  readonly draw: Iterator<PlannedUpload>;
}

/** Decisions come in bursts when a child was replaced; no decision for so long means that none will come. */
const stallMs = 90_000;
const retryMs = 2_000;
const connectionsMax = 64;

export class Load {
  readonly #parts: LoadParts;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  readonly #open = new Map<string, Offered>();
  #feed: DecisionFeed | undefined;
  #lastDecisionMs = 0;
  #count = 0;
  #fault: Error | undefined;
  /** Events that the service refused for its backlog; each was sent again until it was taken. */
  refused = 0;
  /** Decisions of an upload that had one: there must be none. */
  decidedTwice = 0;

  constructor(parts: LoadParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#feed = await followDecisions(this.#parts.url, (decision) => this.#take(decision));
  }

  get undecided(): number {
    return this.#open.size;
  }

  get streamResumed(): number {
    return this.#feed?.resumed ?? 0;
  }

  /** Offers an upload at each moment, counted from now, until all are offered or `isOver` says so between two of them. */
  async offer(momentsMs: readonly number[], isOver: () => boolean = () => false): Promise<Offered[]> {
    const startMs = performance.now();
    const offered: Offered[] = [];
    for (const moment of momentsMs) {
      const waitMs = startMs + moment - performance.now();
      if (waitMs > 1) await sleep(waitMs);
      if (this.#fault !== undefined) throw this.#fault;
      if (isOver()) break;
      offered.push(this.#offerOne(startMs + moment));
    }
    return offered;
  }

  /** Resolves when every upload has its decision, or none has come for so long that the others are lost. */
  async drain(): Promise<void> {
    const startMs = performance.now();
    while (this.#open.size > 0 && performance.now() - Math.max(startMs, this.#lastDecisionMs) < stallMs) {
      if (this.#fault !== undefined) throw this.#fault;
      await sleep(50);
    }
    this.#open.clear();
  }

  /** The service has ended: nothing more can be measured. */
  fail(error: Error): void {
    this.#fault ??= error;
  }

  close(): void {
    this.#feed?.close();
    this.#agent.destroy();
  }

  #offerOne(dueMs: number): Offered {
    const planned = this.#parts.draw.next().value as PlannedUpload;
    const uploadId = `wave-${this.#count++}`;
    const upload: Offered = { uploadId, kind: planned.kind, about: this.#fileOf(planned).about, dueMs };
    this.#open.set(uploadId, upload);
    const uploadedAt = new Date(Date.now() - (performance.now() - dueMs)).toISOString();
    const event = { uploadId, uploadedAt, content: { uri: this.#parts.server.urlOf(planned, uploadId) } };
    this.#submit(uploadId, JSON.stringify(event)).catch((error: Error) => this.fail(error));
    return upload;
  }

  #fileOf({ kind, file }: PlannedUpload): WaveFile {
    const { incident, edited, unrelated } = this.#parts.media;
    const files: Record<UploadKind, readonly WaveFile[]> = { edited, unrelated, identical: [incident] };
    return files[kind][file] ?? incident;
  }

  /** As a producer does it: what is refused for the moment is sent again, under the same id. */
  async #submit(uploadId: string, body: string): Promise<void> {
    for (;;) {
      const status = await this.#post(uploadId, body);
      if (status === 202) return;
      if (status !== 503) throw new Error(`the service answered ${status} to an upload`);
      this.refused += 1;
      await sleep(retryMs);
    }
  }

  #post(uploadId: string, body: string): Promise<number> {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'idempotency-key': uploadId,
    };
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, headers };
      const sent = request(`${this.#parts.url}/v1/uploads`, options, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }

  #take({ uploadId, outcome, reason, degraded, matches }: Decision): void {
    const atMs = performance.now();
    const upload = this.#open.get(uploadId);
    if (upload === undefined) {
      this.decidedTwice += 1;
      return;
    }
    this.#lastDecisionMs = atMs;
    this.#open.delete(uploadId);
    upload.decided = { atMs, outcome, reason, degraded, isIncident: matches[0]?.contentId === this.#parts.incidentId };
  }
}
