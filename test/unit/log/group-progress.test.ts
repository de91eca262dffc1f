import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupProgress } from '../../../src/log/group-progress.ts';

/** Every offset below `endOffset` holds a record. */
const withoutGaps = (offset: number) => offset;

describe('progress of a group', () => {
  it('waits at the lowest unsettled offset and remembers what is settled above', () => {
    const progress = new GroupProgress(0, []);
    progress.mark([2, 3]);
    expect(progress.advance(withoutGaps)).toEqual({ committed: 0, add: [2, 3], dropBelow: null });
    progress.mark([0]);
    expect(progress.advance(withoutGaps)).toEqual({ committed: 1, add: [], dropBelow: null });
    progress.mark([1]);
    expect(progress.advance(withoutGaps)).toEqual({ committed: 4, add: [], dropBelow: 4 });
  });

  it('passes offsets that hold no record any more', () => {
    const progress = new GroupProgress(0, []);
    progress.mark([0, 5]);
    const kept = [5, 9];
    const next = (offset: number) => kept.find((each) => each >= offset) ?? 12;
    expect(progress.advance(next).committed).toBe(9);
  });

  it.each([
    ['was settled below', [1], 'offset 1 was settled before'],
    ['was settled above', [5], 'offset 5 was settled before'],
    ['comes twice', [4, 4], 'offset 4 is settled twice in one batch'],
    ['lies beyond the end', [10], 'offset 10 does not exist'],
    ['is no offset', [-1], 'offset -1 does not exist'],
    ['is no integer', [4.5], 'offset 4.5 does not exist'],
  ])('refuses an offset that %s', (_name, offsets, refusal) => {
    const progress = new GroupProgress(3, [5]);
    expect(progress.refusal(offsets, 10)).toBe(refusal);
    expect(progress.refusal([3, 4, 6], 10)).toBeNull();
  });

  it('never passes an unsettled offset, and what it stores brings it back', () => {
    const order = fc.uniqueArray(fc.nat({ max: 60 }), { minLength: 1, maxLength: 60 });
    const cuts = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
    fc.assert(
      fc.property(order, cuts, (offsets, sizes) => {
        let progress = new GroupProgress(0, []);
        const rows = new Set<number>();
        const done = new Set<number>();
        for (let from = 0, turn = 0; from < offsets.length; turn += 1) {
          const batch = offsets.slice(from, from + (sizes[turn % sizes.length] ?? 1));
          from += batch.length;
          expect(progress.refusal(batch, 61)).toBeNull();
          progress.mark(batch);
          for (const offset of batch) done.add(offset);
          const { committed, add, dropBelow } = progress.advance(withoutGaps);
          for (const offset of add) rows.add(offset);
          for (const offset of [...rows]) if (dropBelow !== null && offset < dropBelow) rows.delete(offset);
          let lowest = 0;
          while (done.has(lowest)) lowest += 1;
          expect(committed).toBe(lowest);
          expect([...rows].sort()).toEqual([...done].filter((offset) => offset > lowest).sort());
          if (turn % 3 === 2) progress = new GroupProgress(committed, [...rows]);
        }
      }),
    );
  });
});
