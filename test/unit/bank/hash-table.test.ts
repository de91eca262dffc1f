import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHashTable } from '../../../src/bank/hash-table.ts';
import { hashNumber } from '../../support/hashes.ts';

describe('the table of hashes', () => {
  it('agrees with a map under any puts and removals', () => {
    const step = fc.record({ number: fc.nat(40), put: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = createHashTable();
        const map = new Map<number, number>();
        let slots = 0;
        for (const { number, put } of steps) {
          const hash = hashNumber(number);
          if (put && !map.has(number)) {
            map.set(number, slots);
            table.put(hash, slots++);
          } else if (!put && map.delete(number)) {
            table.remove(hash);
          }
        }
        for (let number = 0; number <= 40; number++) expect(table.find(hashNumber(number))).toBe(map.get(number));
      }),
    );
  });

  it('grows, keeps what it has, and stays the same size under turnover', () => {
    const table = createHashTable();
    for (let slot = 0; slot < 5000; slot++) table.put(hashNumber(slot), slot);
    for (let round = 0; round < 20_000; round++) {
      const number = round % 5000;
      table.remove(hashNumber(number));
      table.put(hashNumber(number), number);
    }
    for (let slot = 0; slot < 5000; slot += 7) {
      expect(table.find(hashNumber(slot))).toBe(slot);
      expect(table.hashOf(slot)).toEqual(hashNumber(slot));
    }
    expect(table.find(hashNumber(6000))).toBeUndefined();
  });
});
