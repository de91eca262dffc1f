/**
 * Goal: no sequence of calls and no arguments corrupt a searching instance: each call answers or fails with the text of an
 * assertion, writes nothing outside its layout, and the instance goes on.
 * Method: random calls with random arguments, in range and out of it, on both binaries; then the index is still exact.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FloodgateError } from '../../src/errors.ts';
import { buildSegment } from '../../src/kernel/build-segment.ts';
import { createIndexStore } from '../../src/kernel/index-store.ts';
import { callKernel, createSharedMemory, instantiateOn, type SearchExports } from '../../src/kernel/kernel-binary.ts';
import { hashNumber } from '../support/hashes.ts';

const anyNumber = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.integer({ min: 0, max: 70_000 }),
  fc.constantFrom(-1, 2 ** 24, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1),
);

/** What may be called with anything at all. Calls with a precondition on memory (adopt, seal) have tests of their own. */
const storeCalls = {
  insert: 0,
  remove: 1,
  search: 4,
  searchQuartets: 3,
  searchListedQuartets: 4,
  confirm: 1,
  indexSize: 0,
  freshSize: 0,
  deadSize: 0,
  slotsUsed: 0,
  indexBytes: 0,
  beginCapture: 2,
  capture: 0,
  markIndexed: 1,
  release: 1,
  endChange: 0,
} satisfies Partial<Record<keyof SearchExports, number>>;

const anyCall = fc
  .constantFrom(...(Object.keys(storeCalls) as (keyof typeof storeCalls)[]))
  .chain((name) => fc.tuple(fc.constant(name), fc.array(anyNumber, { minLength: 4, maxLength: 4 })));

/** True when the call was answered, false when an assertion refused it; anything else fails the test. */
function answered(call: () => unknown): boolean {
  try {
    callKernel(call);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(FloodgateError);
    expect(String(error)).toMatch(/the kernel refused the call: .* at assembly\//);
    return false;
  }
}

function callWith(calls: SearchExports, name: keyof SearchExports, args: readonly number[]): () => unknown {
  const call = calls[name] as (...numbers: readonly number[]) => unknown;
  return () => call(...args);
}

describe.each(['release', 'debug'] as const)('exports of the store, %s binary', (build) => {
  it('answer or refuse, whatever is asked of them', () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 40 }), fc.array(fc.nat(3), { maxLength: 30 }), (steps, hashes) => {
        const memory = createSharedMemory(65_536);
        const { calls } = instantiateOn(build, memory);
        callKernel(() => calls.startIndex(500));
        const constants = Buffer.from(new Uint8Array(memory.buffer, 0, 65_536));
        const hash = new Uint8Array(memory.buffer, calls.insertedHashAddress(), 32);
        for (const [at, number] of hashes.entries()) {
          hash.set(hashNumber(number * 100 + at));
          callKernel(() => calls.insert());
        }
        for (const [name, args] of steps) answered(callWith(calls, name, args.slice(0, storeCalls[name])));
        expect(constants.equals(new Uint8Array(memory.buffer, 0, 65_536))).toBe(true);
        const query = hashNumber(777_777);
        hash.set(query);
        const slot = callKernel(() => calls.insert());
        new Uint8Array(memory.buffer, calls.queriesAddress(), 32).set(query);
        expect(callKernel(() => calls.search(1, 0, 10, 0))).toBe(1);
        expect(new Uint32Array(memory.buffer, calls.hitSlotsAddress(), 1)[0]).toBe(slot);
      }),
      { numRuns: build === 'release' ? 400 : 100 },
    );
  });

  it.each([
    ['startIndex', [0]],
    ['startIndex', [20_000_001]],
    ['startSegment', []],
    ['startBuilder', [0]],
    ['startBuilder', [2 ** 24 + 1]],
    ['segmentBytes', [0]],
    ['segmentBytes', [2 ** 24 + 1]],
    ['insert', []],
    ['remove', [0]],
    ['search', [1, 31, 1, 0]],
    ['searchQuartets', [1, 31, 1]],
    ['searchListedQuartets', [1, 31, 1, 0]],
    ['confirm', [0]],
    ['adopt', [1]],
    ['searchSegment', [1, 31]],
    ['nextSegmentCandidates', []],
    ['takeStage', [1]],
    ['build', [0]],
  ] as const)('refuse %s(%s) of a fresh instance', (name, args) => {
    const { calls } = instantiateOn(build, createSharedMemory(65_536));
    expect(answered(callWith(calls, name, args))).toBe(false);
  });

  it('refuse what does not fit their lists', () => {
    const { calls } = instantiateOn(build, createSharedMemory(65_536));
    callKernel(() => calls.startIndex(500));
    const refused: readonly [keyof SearchExports, readonly number[]][] = [
      ['search', [0, 31, 1, 0]],
      ['search', [65, 31, 1, 0]],
      ['search', [1, 97, 1, 0]],
      ['search', [1, 32, 1, 1]],
      ['search', [1, 31, 16_385, 0]],
      ['searchQuartets', [0, 31, 1]],
      ['searchQuartets', [17, 31, 1]],
      ['searchQuartets', [2 ** 30 + 1, 31, 1]],
      ['searchQuartets', [1, 97, 1]],
      ['searchQuartets', [1, 31, 16_385]],
      ['searchListedQuartets', [0, 31, 1, 0]],
      ['searchListedQuartets', [17, 31, 1, 0]],
      ['searchListedQuartets', [1, 97, 1, 0]],
      ['searchListedQuartets', [1, 31, 1, 1]],
      ['searchListedQuartets', [1, 31, 1, 65_537]],
      ['confirm', [65_537]],
      ['markIndexed', [65_537]],
      ['release', [65_537]],
      ['remove', [0]],
      ['adopt', [20_000]],
    ];
    for (const [name, args] of refused)
      expect({ name, args, answered: answered(callWith(calls, name, args)) }).toEqual({ name, args, answered: false });
  });

  it('keep the builder within what it was started for', () => {
    const { calls } = instantiateOn(build, createSharedMemory(65_536));
    callKernel(() => calls.startBuilder(10));
    expect(answered(() => calls.takeStage(11))).toBe(false);
    expect(answered(() => calls.takeStage(8193))).toBe(false);
    expect(answered(() => calls.build(16))).toBe(false);
    expect(answered(() => calls.takeStage(10))).toBe(true);
    expect(answered(() => calls.takeStage(1))).toBe(false);
    expect(answered(() => calls.build(15))).toBe(true);
  });

  const builderCalls = { startBuilder: 1, takeStage: 1, build: 1, segmentBytes: 1, nextSegmentCandidates: 0 };
  const segmentCalls = { startSegment: 0, searchSegment: 2, nextSegmentCandidates: 0, takeStage: 1 };

  it('of a builder answer or refuse, whatever is asked of them', () => {
    const names = fc.constantFrom(...(Object.keys(builderCalls) as (keyof typeof builderCalls)[]));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, anyNumber), { maxLength: 30 }), (steps) => {
        const { calls } = instantiateOn(build, createSharedMemory(65_536));
        callKernel(() => calls.startBuilder(100));
        for (const [name, number] of steps) {
          // A second, huge start may rightly take gigabytes; that is not what this is about.
          if (name !== 'startBuilder' || number <= 70_000) answered(callWith(calls, name, [number]));
        }
      }),
      { numRuns: build === 'release' ? 200 : 50 },
    );
  });

  it('of a segment answer or refuse, and candidates are slots that it names', () => {
    const store = createIndexStore(build, 400);
    for (let number = 0; number < 300; number++) store.insert(hashNumber(number));
    const blocks = { memory: store.memory, blocksAddress: store.calls.blocksAddress() };
    const order = { build, store: blocks, captured: store.capture(0, 512), replaced: [], firstSlot: 0 };
    const { segment } = buildSegment(order);
    if (segment === undefined) throw new Error('nothing was built');
    const names = fc.constantFrom(...(Object.keys(segmentCalls) as (keyof typeof segmentCalls)[]));
    const step = fc.tuple(names, fc.tuple(anyNumber, anyNumber));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
        (steps, codes) => {
          const { calls } = instantiateOn(build, segment.memory);
          callKernel(() => calls.startSegment());
          new Uint8Array(segment.memory.buffer, calls.queryCodesAddress(), 2048).set(codes);
          for (const [name, args] of steps) answered(callWith(calls, name, args));
          callKernel(() => calls.searchSegment(64, 31));
          const count = callKernel(() => calls.nextSegmentCandidates());
          const slots = new Uint32Array(segment.memory.buffer, calls.slotListAddress(), count);
          expect(slots.every((slot) => slot < 300)).toBe(true);
        },
      ),
      { numRuns: build === 'release' ? 100 : 20 },
    );
  });

  it('find no segment in a memory that holds none', () => {
    const { calls } = instantiateOn(build, createSharedMemory(8 * 2 ** 20));
    expect(answered(() => calls.startSegment())).toBe(false);
  });
});
