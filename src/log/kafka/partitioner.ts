/** A key's partition, by the rule of Kafka's own clients: murmur2. */
import { Partitioners } from './internals.ts';

const partitionOf = Partitioners.DefaultPartitioner();

/** `partitions` is their number. The same key gets the same partition as long as that number stays. */
export function partitionOfKey(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId, leader: 0 }));
  const message = { key, value: null };
  return partitionOf({ topic: '', partitionMetadata: partitionMetadata as never, message });
}
