/**
 * Random interleavings of append, poll, settle and crash against a model: no record is lost or settled twice, outputs
 * appear once and all together, and progress never passes an unsettled record.
 */
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { ConsumedRecord, Consumer, Log, LogRecord, Settlement } from '../../src/log/log.ts';
import type { LogUnderTest, Reopening } from './log-conformance.ts';
import { consumeGroup, lagOf, pollCount, readAll, recordOf, settlementOf } from './log-records.ts';

type Step =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'poll'; readonly max: number }
  | { readonly kind: 'settle'; readonly picks: readonly number[]; readonly outputs: number; readonly crash: boolean }
  | { readonly kind: 'reopen'; readonly how: Reopening };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('poll' as const), max: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      picks: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 5 }),
      outputs: fc.integer({ min: 0, max: 2 }),
      crash: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reopen' as const),
      how: fc.constantFrom<Reopening>('close', 'crash'),
    }),
  },
);

/** Long from the first draw on: with few runs, short ones would hardly ever have something settled above a slow record. */
export const interleavings = fc.array(step, { minLength: 16, maxLength: 28, size: 'max' });

const group = 'interleavings';
/** Some sessions of the brokers of the tests. */
const partitionsMs = 20_000;

export async function playInterleaving(under: LogUnderTest, steps: readonly Step[], quietMs: number): Promise<void> {
  const world = new World(under, quietMs);
  await world.begin(under.log);
  await world.play({ kind: 'append', count: 6 }, false);
  await world.play({ kind: 'poll', max: 5 }, false);
  // A crash in the middle of settling is dear where it means a process; some of the draws are enough.
  for (const [place, each] of steps.entries()) await world.play(each, place % 4 === 0);
  await world.finish();
}

class World {
  readonly #under: LogUnderTest;
  readonly #quietMs: number;
  #log: Log;
  #consumer: Consumer | null = null;
  #appended = 0;
  /** Handed out in this session and not settled. */
  #inFlight: ConsumedRecord[] = [];
  readonly #settled = new Set<string>();
  readonly #expectedOutputs: string[] = [];

  constructor(under: LogUnderTest, quietMs: number) {
    this.#under = under;
    this.#quietMs = quietMs;
    this.#log = under.log;
  }

  async begin(log: Log): Promise<void> {
    this.#log = log;
    this.#inFlight = [];
    this.#consumer = await consumeGroup(log, group);
  }

  async play(each: Step, mayCrash: boolean): Promise<void> {
    if (each.kind === 'append') await this.#append(each.count);
    else if (each.kind === 'poll') await this.#poll(each.max);
    else if (each.kind === 'settle') await this.#settle(each, each.crash && mayCrash);
    else await this.begin(await this.#under.reopen(each.how));
    await this.#checkProgress();
  }

  /** After a last crash everything unsettled comes, once; then the outputs are compared. */
  async finish(): Promise<void> {
    await this.begin(await this.#under.reopen('crash'));
    const owed = this.#appended - this.#settled.size;
    const rest = await pollCount(this.#open(), owed);
    const keys = rest.map((record) => record.key);
    expect(new Set(keys).size).toBe(owed);
    expect(keys.filter((key) => this.#settled.has(key))).toEqual([]);
    expect(await this.#open().poll(1, AbortSignal.timeout(this.#quietMs))).toEqual([]);
    expect(await this.#outputs()).toEqual(this.#expectedOutputs);
    await this.#open().settle(rest.map((record) => settlementOf(record)));
    expect((await lagOf(this.#open())).records).toBe(0);
  }

  async #append(count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, place) =>
      recordOf('uploads', `upload-${this.#appended + place}`),
    );
    await this.#log.append(records);
    this.#appended += count;
  }

  async #poll(max: number): Promise<void> {
    if (this.#appended === this.#settled.size + this.#inFlight.length) return;
    const records = await this.#open().poll(max, AbortSignal.timeout(5_000));
    expect(records.length).toBeGreaterThan(0);
    expect(records.length).toBeLessThanOrEqual(max);
    const known = new Set([...this.#settled, ...this.#inFlight.map((record) => record.key)]);
    expect(records.filter((record) => known.has(record.key))).toEqual([]);
    this.#inFlight.push(...records);
  }

  async #settle(each: Step & { kind: 'settle' }, crash: boolean): Promise<void> {
    const picked = [...new Set(each.picks.map((pick) => this.#inFlight[pick % this.#inFlight.length]))];
    const records = picked.filter((record) => record !== undefined);
    if (records.length === 0) return;
    const batch = records.map((record) => settlementOf(record, ...outputsOf(record, each.outputs)));
    const keys = batch.flatMap((settlement) => settlement.outputs.map((output) => output.key));
    if (crash && each.outputs > 0) {
      if (!(await this.#settleAndCrash(batch, keys))) return;
    } else await this.#open().settle(batch);
    for (const record of records) this.#settled.add(record.key);
    this.#expectedOutputs.push(...keys);
    this.#inFlight = this.#inFlight.filter((record) => !records.includes(record));
  }

  /** True when the settlement is found to have happened. */
  async #settleAndCrash(batch: readonly Settlement[], keys: readonly string[]): Promise<boolean> {
    const settling = this.#open()
      .settle(batch)
      .then(
        () => true,
        () => false,
      );
    await this.begin(await this.#under.reopen('crash'));
    const acknowledged = await settling;
    const present = (await this.#outputs()).slice(this.#expectedOutputs.length);
    expect(present.length === 0 ? [] : keys).toEqual(present);
    if (acknowledged) expect(present.length).toBeGreaterThan(0);
    return present.length > 0;
  }

  async #outputs(): Promise<string[]> {
    return (await readAll(this.#log, 'decisions')).map((record) => record.key);
  }

  async #checkProgress(): Promise<void> {
    // A group gets the partitions of a member that crashed when that one's session has ended; until then nothing is known.
    await vi.waitFor(async () => expect(await this.#open().lag()).not.toEqual([]), {
      timeout: partitionsMs,
      interval: 50,
    });
    const { records } = await lagOf(this.#open());
    expect(records).toBeGreaterThanOrEqual(this.#appended - this.#settled.size);
  }

  #open(): Consumer {
    if (this.#consumer === null) throw new Error('no consumer is open');
    return this.#consumer;
  }
}

function outputsOf(record: LogRecord, count: number) {
  return Array.from({ length: count }, (_, place) => recordOf('decisions', `${record.key}/${place}`));
}
