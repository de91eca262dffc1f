import { describe, expect, it } from 'vitest';
import { partitionOfKey } from '../../../../src/log/kafka/partitioner.ts';

/** Of Kafka's own UtilsTest.testMurmur2: keys and what Java's murmur2 makes of them. */
const answers: readonly [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

describe('the partition of a key', () => {
  // Goal: producers in other languages put records of one key where ours look for them.
  it.each(answers)('is that of Java for %s', (key, murmur2) => {
    for (const partitions of [1, 2, 3, 12, 50]) {
      expect(partitionOfKey(key, partitions)).toBe((murmur2 & 0x7fffffff) % partitions);
    }
  });

  it('stays within the partitions, and uses all of them', () => {
    const found = new Set(Array.from({ length: 500 }, (_, place) => partitionOfKey(`upload-${place}`, 7)));
    expect([...found].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
