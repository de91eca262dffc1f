/**
 * The pipeline over a log in memory, played step by step: uploads of all kinds arrive while it crashes, is abandoned,
 * meets faults and settles in vain. Afterwards the log is compared with what was sent.
 */

import fc from 'fast-check';
import { expect } from 'vitest';
import type { Bank } from '../../src/bank/bank.ts';
import type { Decision } from '../../src/contracts/decision.ts';
import type { UploadContent } from '../../src/contracts/upload.ts';
import { parsePolicy } from '../../src/decision/policy.ts';
import { FloodgateError } from '../../src/errors.ts';
import { ConsumeLoop } from '../../src/flow/consume-loop.ts';
import { createEffortLadder } from '../../src/flow/effort-ladder.ts';
import { RecentDecisions } from '../../src/flow/recent-decisions.ts';
import { Settler } from '../../src/flow/settler.ts';
import type { Consumer, NewRecord, Settlement } from '../../src/log/log.ts';
import { type PipelineParts, taskOf } from '../../src/pipeline.ts';
import { consumeGroup } from './log-records.ts';
import { MemoryDisk, MemoryLog } from './memory-log.ts';
import {
  decisionsIn,
  fakeFetcher,
  ledgerOf,
  playFrames,
  uploadEvent,
  uploadRecord,
  videoFrames,
} from './pipeline-rig.ts';
import { silentTelemetry } from './silent-telemetry.ts';
import { seededNumbers } from './synthetic-frames.ts';

/** refused: nothing is written. unknown: it is written, and the answer is lost. fault: a fault of ours. */
type SettleFailure = 'refused' | 'unknown' | 'fault';

export type Step =
  | { readonly kind: 'send'; readonly what: 'event' | 'redelivery' | 'invalid'; readonly upload: number }
  | { readonly kind: 'wait'; readonly turns: number }
  | { readonly kind: 'failSettle'; readonly how: SettleFailure }
  | { readonly kind: 'failDecoding' }
  | { readonly kind: 'crash' }
  | { readonly kind: 'abandon' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      what: fc.constantFrom('event' as const, 'event' as const, 'redelivery' as const, 'invalid' as const),
      upload: fc.nat({ max: 2 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 25 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('failSettle' as const),
      how: fc.constantFrom<SettleFailure>('refused', 'unknown', 'fault'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'failDecoding' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'abandon' as const }) },
);

export interface Play {
  readonly steps: readonly Step[];
  /** Of the pauses in fetching and decoding, and of how far the decision view trails. */
  readonly seed: number;
}

export const plays: fc.Arbitrary<Play> = fc.record({
  steps: fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
  seed: fc.nat({ max: 0xffff }),
});

interface Sent {
  readonly offset: number;
  readonly uploadId: string;
  readonly eventId: string;
  readonly isValid: boolean;
}

/** Plays the steps, lets the pipeline catch up undisturbed, and expects every record to have met its fate. */
export async function playPipeline({ steps, seed }: Play): Promise<void> {
  const world = new World(seed);
  await world.start();
  for (const each of steps) await world.play(each);
  await world.finish();
  world.check();
}

/** Far more turns than anything needs: beyond it the pipeline stands still. */
const turnsMax = 20_000;
const nothingKnown: Bank = {
  position: -1,
  deepContents: 0,
  deepHashes: 0,
  search: (_frame, radiusBits) => ({ matches: [], capped: false, radiusBits }),
  nameDeep: (_queries, radiusBits) => ({ named: [], capped: false, radiusBits }),
  deep: () => undefined,
  findBySha256: () => [],
  content: () => undefined,
};

class World {
  readonly #disk = new MemoryDisk();
  readonly #random: () => number;
  readonly #sent: Sent[] = [];
  readonly #sources: UploadContent[] = [{ uri: 'https://a.example/v' }, { inline: 'AAAA' }];
  readonly #policy = parsePolicy({});
  /** Ends of all pipelines so far, those of crashed ones included. */
  readonly #runs: Promise<void>[] = [];
  #log = new MemoryLog(this.#disk);
  #loop: ConsumeLoop | null = null;
  #isDown = true;
  #settleFailures: SettleFailure[] = [];
  #decodingFails = false;
  #isCalm = false;
  /** Decisions that the view of this session has seen. */
  #visible = 0;

  constructor(seed: number) {
    this.#random = seededNumbers(seed + 1);
  }

  async start(): Promise<void> {
    this.#log = new MemoryLog(this.#disk);
    this.#visible = this.#disk.of('decisions').length;
    const consumer = await consumeGroup(this.#log, 'pipeline');
    const parts = this.#partsOver(consumer, this.#log);
    const loop = new ConsumeLoop({
      consumer,
      taskOf: (record) => taskOf(record, parts),
      inflightMax: 4,
      onInflight: () => {},
    });
    this.#loop = loop;
    this.#isDown = false;
    const end = () => {
      if (this.#loop === loop) this.#isDown = true;
    };
    this.#runs.push(loop.run().then(end, end));
  }

  async play(each: Step): Promise<void> {
    if (each.kind === 'send') await this.#send(each.what, each.upload);
    else if (each.kind === 'wait') await this.#wait(each.turns);
    else if (each.kind === 'failSettle') this.#settleFailures.push(each.how);
    else if (each.kind === 'failDecoding') this.#decodingFails = true;
    else if (each.kind === 'crash') await this.#log.close();
    else this.#loop?.drain(0);
    if (each.kind === 'crash') await this.start();
    else if (this.#isDown) await this.#restart();
  }

  async finish(): Promise<void> {
    this.#isCalm = true;
    for (let turn = 0; !this.#isSettled(); turn += 1) {
      if (turn > turnsMax) throw new Error('the pipeline stands still');
      if (this.#isDown) await this.#restart();
      await turnOver();
    }
    this.#loop?.drain(0);
    await Promise.all(this.#runs);
    await this.#log.close();
  }

  check(): void {
    const decisions = decisionsIn(this.#log);
    expect(inOrder(decisions)).toEqual(expectedRevisions(this.#sent));
    expect(new Set(decisions.map(({ decisionId }) => decisionId)).size).toBe(decisions.length);
    const letters = this.#disk.of('dead-letters').map((letter) => Number(letter.headers['x-dlq-source-offset']));
    const invalid = this.#sent.filter(({ isValid }) => !isValid).map(({ offset }) => offset);
    expect(letters.sort((a, b) => a - b)).toEqual(invalid);
  }

  async #restart(): Promise<void> {
    await this.#log.close();
    await this.start();
  }

  async #send(what: 'event' | 'redelivery' | 'invalid', upload: number): Promise<void> {
    const uploadId = `upload-${upload}`;
    const earlier = this.#sent.filter((sent) => sent.uploadId === uploadId && sent.isValid);
    const again = what === 'redelivery' ? earlier[this.#random() % Math.max(1, earlier.length)] : undefined;
    const eventId = again?.eventId ?? `event-${this.#sent.length}`;
    const content = this.#sources[this.#random() % this.#sources.length] ?? { inline: 'AAAA' };
    const valid = uploadRecord(uploadEvent({ uploadId, content }), eventId);
    const record: NewRecord = what === 'invalid' ? { ...valid, value: Buffer.from('{}') } : valid;
    // Producers outlive the pipeline, so a crash of it does not lose what they send.
    const [position] = this.#disk.write([record], Date.now());
    await this.#log.append([]).catch(() => undefined);
    this.#sent.push({ offset: position?.offset ?? -1, uploadId, eventId, isValid: what !== 'invalid' });
  }

  #partsOver(consumer: Consumer, log: MemoryLog): PipelineParts {
    const pause = () => this.#wait(this.#isCalm ? 0 : this.#random() % 6);
    const settler = new Settler({
      consumer: { settle: (batch) => this.#settle(consumer, batch) },
      sleep: () => turnOver(),
      onSettled: () => {},
      onRetry: () => {},
      nowMs: () => 0,
    });
    return {
      fetcher: fakeFetcher(pause),
      fingerprinter: {
        fingerprint: async (job) => {
          await pause();
          this.#maybeFailDecoding();
          return playFrames(videoFrames(2))(job);
        },
        unready: () => null,
        close: async () => {},
      },
      bank: nothingKnown,
      policy: () => this.#policy,
      recent: new RecentDecisions({
        ledger: (uploadId, eventId) => ledgerOf(decisionsIn(log).slice(0, this.#moveView()), uploadId, eventId),
      }),
      settler,
      // None of its uploads is a segment.
      streams: { follow: async () => ({ outputs: [], decision: undefined }) },
      telemetry: silentTelemetry(),
      ladder: createEffortLadder({ elapsedMs: () => 0, onChange: () => {} }),
      version: '0.0.0',
      kernelVersion: '1-test',
      jobTimeoutMs: 1_000,
      nowMs: Date.now,
      elapsedMs: () => 0,
      sleep: () => turnOver(),
    };
  }

  async #settle(consumer: Consumer, batch: readonly Settlement[]): Promise<void> {
    const failure = this.#isCalm ? undefined : this.#settleFailures.shift();
    if (failure === 'refused') throw new FloodgateError('log_failed', 'nothing was written');
    if (failure === 'fault') throw new TypeError('a fault of ours');
    await consumer.settle(batch);
    if (failure === 'unknown') throw new FloodgateError('log_failed', 'the answer was lost');
  }

  #maybeFailDecoding(): void {
    if (!this.#decodingFails) return;
    this.#decodingFails = false;
    throw new TypeError('a fault of ours');
  }

  /** The view trails what was settled by some decisions, and never goes back. */
  #moveView(): number {
    const decided = this.#disk.of('decisions').length;
    this.#visible = Math.max(this.#visible, decided - (this.#random() % 4));
    return this.#visible;
  }

  async #wait(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await turnOver();
  }

  #isSettled(): boolean {
    return (this.#disk.settled.get('uploads pipeline')?.size ?? 0) === this.#sent.length;
  }
}

function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Event ids of each upload in the order of their decisions' revisions, which must be the order in the log. */
function inOrder(decisions: readonly Decision[]): Record<string, [number, string][]> {
  const byUpload: Record<string, [number, string][]> = {};
  for (const { uploadId, revision, eventId } of decisions) {
    byUpload[uploadId] = [...(byUpload[uploadId] ?? []), [revision, eventId]];
  }
  return byUpload;
}

/** Each event once, in the order in which it was first sent, counted from 1. */
function expectedRevisions(sent: readonly Sent[]): Record<string, [number, string][]> {
  const byUpload: Record<string, [number, string][]> = {};
  for (const { uploadId, eventId, isValid } of sent) {
    const revisions = byUpload[uploadId] ?? [];
    if (!isValid || revisions.some(([, known]) => known === eventId)) continue;
    byUpload[uploadId] = [...revisions, [revisions.length + 1, eventId]];
  }
  return byUpload;
}
