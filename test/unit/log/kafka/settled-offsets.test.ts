import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../../src/config/limits.ts';
import { SettledOffsets, writerOf } from '../../../../src/log/kafka/settled-offsets.ts';

/** The obvious twin: a set of numbers, and the lowest that is not in it. */
class SettledTwin {
  readonly #settled: Set<number>;
  readonly #from: number;

  constructor(from: number) {
    this.#from = from;
    this.#settled = new Set();
  }

  addRun(from: number, until: number): void {
    for (let offset = from; offset < until; offset += 1) this.#settled.add(offset);
  }

  has(offset: number): boolean {
    return offset < this.#from || this.#settled.has(offset);
  }

  get committed(): number {
    let lowest = this.#from;
    while (this.#settled.has(lowest)) lowest += 1;
    return lowest;
  }
}

const from = fc.integer({ min: 0, max: 40 });
const run = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 12 }));
const runs = fc.array(run, { maxLength: 30 });

function filled(start: number, pairs: readonly (readonly [number, number])[]) {
  const settled = new SettledOffsets(start);
  const twin = new SettledTwin(start);
  for (const [low, length] of pairs) {
    settled.addRun(low, low + length);
    twin.addRun(low, low + length);
  }
  return { settled, twin };
}

const offsets = Array.from({ length: 130 }, (_, offset) => offset);

describe('settled offsets', () => {
  it('are those that were added, whatever the order, and the committed one is the lowest that was not', () => {
    fc.assert(
      fc.property(from, runs, (start, pairs) => {
        const { settled, twin } = filled(start, pairs);
        expect(settled.committed).toBe(twin.committed);
        expect(offsets.filter((offset) => settled.has(offset))).toEqual(offsets.filter((offset) => twin.has(offset)));
      }),
      { numRuns: 500 },
    );
  });

  it('lie in runs with gaps between them, none of which begins at the committed one', () => {
    fc.assert(
      fc.property(from, runs, (start, pairs) => {
        const { settled } = filled(start, pairs);
        let end = settled.committed;
        for (const each of settled.runs) {
          expect(each.from).toBeGreaterThan(end);
          expect(each.until).toBeGreaterThan(each.from);
          end = each.until;
        }
      }),
    );
  });

  it('survive the way into the metadata and out of it, with and without the name of a writer', () => {
    fc.assert(
      fc.property(
        from,
        runs,
        fc.option(fc.constantFrom('0badcafe', 'a1'), { nil: undefined }),
        (start, pairs, writer) => {
          const { settled } = filled(start, pairs);
          const metadata = settled.metadata(writer);
          const read = SettledOffsets.parse(settled.committed, metadata);
          expect(read.equals(settled)).toBe(true);
          expect(read.runs).toEqual(settled.runs);
          expect(writerOf(metadata)).toBe(writer ?? null);
        },
      ),
    );
  });

  it('hold large offsets and long runs', () => {
    const far = 2 ** 52;
    const settled = new SettledOffsets(far);
    settled.addRun(far + 1, far + 2 ** 33);
    settled.add(far + 2 ** 34);
    expect(SettledOffsets.parse(far, settled.metadata()).runs).toEqual([
      { from: far + 1, until: far + 2 ** 33 },
      { from: far + 2 ** 34, until: far + 2 ** 34 + 1 },
    ]);
  });

  it('know what is within what', () => {
    fc.assert(
      fc.property(from, runs, from, runs, (startA, pairsA, startB, pairsB) => {
        const [a, b] = [filled(startA, pairsA), filled(startB, pairsB)];
        const isWithin = offsets.every((offset) => !a.twin.has(offset) || b.twin.has(offset));
        expect(a.settled.isWithin(b.settled)).toBe(isWithin);
        expect(a.settled.equals(b.settled)).toBe(isWithin && b.settled.isWithin(a.settled));
      }),
      { numRuns: 500 },
    );
  });

  it('are copied, so that what was written down stays as it was', () => {
    const settled = new SettledOffsets(5);
    settled.add(8);
    const after = settled.with([5, 6]);
    settled.add(9);
    expect([after.committed, after.runs]).toEqual([7, [{ from: 8, until: 9 }]]);
    expect(settled.committed).toBe(5);
  });

  // Goal: a group that was moved by hand, or by another program, must not have records skipped.
  it.each(['', 'done by hand', 'fg2:AQE', '{"a":1}', null])(
    'above the committed one are none by foreign text: %j',
    (text) => {
      const settled = SettledOffsets.parse(7, text);
      expect([settled.committed, settled.runs]).toEqual([7, []]);
      expect(writerOf(text)).toBeNull();
    },
  );

  // Goal: metadata over the limit is refused by the broker, and the partition would stand still.
  it('fit the metadata with as many unsettled ones among them as may be at work', () => {
    const workingMax = Math.floor((limits.kafkaOffsetMetadataBytesMax * 3) / 4 / 8) - 2;
    const settled = new SettledOffsets(0);
    for (let at = 0, hole = 0; hole < workingMax; hole += 1) {
      settled.addRun(at + 2 ** 21, at + 2 ** 21 + 2 ** 27);
      at += 2 ** 21 + 2 ** 27;
    }
    expect(settled.runs).toHaveLength(workingMax);
    expect(Buffer.byteLength(settled.metadata('0badcafe'))).toBeLessThanOrEqual(limits.kafkaOffsetMetadataBytesMax);
  });
});
