/** Where a group stands in partitions of a topic, as the brokers have it. */
import { SettledOffsets, writerOf } from './settled-offsets.ts';
import type { Wire } from './wire.ts';

interface ProgressOf {
  readonly wire: Wire;
  readonly group: string;
  /** Full name. */
  readonly topic: string;
  readonly signal: AbortSignal;
}

export interface PartitionProgress {
  readonly partition: number;
  readonly settled: SettledOffsets;
  /** The session that committed it, where it gave its name. */
  readonly writer: string | null;
}

/** Nothing is settled where nothing was committed. Throws log_failed. */
export async function readProgress(of: ProgressOf & { readonly partition: number }): Promise<PartitionProgress> {
  const { partition } = of;
  const [progress] = await readAllProgress({ ...of, partitions: [partition] });
  return progress ?? { partition, settled: new SettledOffsets(0), writer: null };
}

export async function readAllProgress({
  wire,
  group,
  topic,
  partitions,
  signal,
}: ProgressOf & { readonly partitions: readonly number[] }): Promise<PartitionProgress[]> {
  const asked = partitions.map((partition) => ({ partition }));
  const { responses } = await wire.persist(
    async () =>
      (await wire.coordinator('group', group)).offsetFetch({ groupId: group, topics: [{ topic, partitions: asked }] }),
    { what: `reading the progress of ${group}`, signal },
  );
  return responses
    .flatMap((response) => response.partitions)
    .map(({ partition, offset, metadata }) => ({
      partition,
      // -1 where nothing was committed.
      settled: SettledOffsets.parse(Math.max(0, Number(offset)), metadata),
      writer: writerOf(metadata),
    }));
}
