import { describe, expect, it } from 'vitest';
import { partitionOfKey } from '../../../../src/log/kafka/partitioner.ts';
import { destinationsOf } from '../../../../src/log/kafka/publishing.ts';
import type { NewRecord, Settlement, Topic } from '../../../../src/log/log.ts';
import { recordOf } from '../../../support/log-records.ts';

const partitions = new Map<Topic, number>([
  ['decisions', 8],
  ['dead-letters', 5],
]);
const settlement = (...outputs: NewRecord[]) => ({ outputs }) as unknown as Settlement;

describe('where outputs go', () => {
  // Goal: whoever takes a partition of the uploads over must find all decisions of it in one place.
  it('is the partition of the upload for decisions, whatever their keys, in the order given', () => {
    const batch = [settlement(recordOf('decisions', 'b')), settlement(), settlement(recordOf('decisions', 'a'))];
    const destinations = destinationsOf(batch, { prefix: 'p', partition: 6, partitions });
    expect(
      destinations.map(({ topic, partition, records }) => [topic, partition, records.map(({ key }) => key)]),
    ).toEqual([['p.decisions.v1', 6, ['b', 'a']]]);
  });

  it('is there for what is known of live streams, too, in a topic of its own each', () => {
    const batch = [
      settlement(recordOf('fingerprints', 's'), recordOf('stream-decisions', 's'), recordOf('decisions', 'u')),
    ];
    const destinations = destinationsOf(batch, { prefix: 'p', partition: 6, partitions });
    expect(destinations.map(({ topic, partition }) => `${topic} ${partition}`)).toEqual([
      'p.fingerprints.v1 6',
      'p.stream-decisions.v1 6',
      'p.decisions.v1 6',
    ]);
  });

  it('is by key for dead letters, one destination for each partition', () => {
    const keys = Array.from({ length: 40 }, (_, place) => `k${place}`);
    const batch = keys.map((key) => settlement(recordOf('dead-letters', key)));
    const destinations = destinationsOf(batch, { prefix: 'p', partition: 6, partitions });
    expect(destinations).toHaveLength(5);
    for (const { topic, partition, records } of destinations) {
      expect(topic).toBe('p.dead-letters.v1');
      expect(records.map(({ key }) => key)).toEqual(keys.filter((key) => partitionOfKey(key, 5) === partition));
    }
  });

  it('is nowhere when there are none', () => {
    expect(destinationsOf([settlement()], { prefix: 'p', partition: 0, partitions })).toEqual([]);
  });
});
